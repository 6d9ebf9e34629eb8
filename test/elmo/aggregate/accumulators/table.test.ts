/** What each accumulator makes of the values of one group. Results as the reference engine gives them, types included. */
import { expect } from 'chai';
import { Decimal128, Double, Int32, Long } from '../../../../elmo/bson/package.js';
import { documentValue, exactJs } from '../../../../elmo/bson/value.js';
import { accumulators } from '../../../../elmo/aggregate/accumulators/table.js';
import { ElmoError } from '../../../../elmo/errors.js';
import { runRaw } from '../memory-collections.js';

const int = (value: number): Int32 => new Int32(value);
const long = (text: string): Long => Long.fromString(text);
const double = (value: number): Double => new Double(value);
const decimal = (text: string): Decimal128 => Decimal128.fromString(text);
const NOTHING = Symbol('no field');
const MAX_LONG = '9223372036854775807';

function result(accumulator: object, values: readonly unknown[]): unknown {
  const documents = values.map((v, _id) => (v === NOTHING ? { _id } : { _id, v }));
  const [row] = runRaw([{ $group: { _id: null, r: accumulator } }], { t: documents });
  return row === undefined ? undefined : (exactJs(documentValue(row)) as { r: unknown }).r;
}

function codeOf(accumulator: object): number {
  try {
    result(accumulator, [int(1)]);
  } catch (error) {
    if (error instanceof ElmoError) return error.code;
    throw error;
  }
  return 0;
}

const V = '$v';
const approximate = 'approximate';

describe('accumulators', () => {
  for (const [why, accumulator, values, expected] of [
    ['ints give an int', { $sum: V }, [int(1), int(2)], int(3)],
    ['an int that does not fit gives a long', { $sum: V }, [int(2147483647), int(1)], long('2147483648')],
    ['only the end counts', { $sum: V }, [int(2147483647), int(1), int(-5)], int(2147483643)],
    ['a long makes it long', { $sum: V }, [long('1'), int(2)], long('3')],
    ['a long that does not fit gives a double', { $sum: V }, [long(MAX_LONG), int(1)], double(2 ** 63)],
    ['longs are exact', { $sum: V }, [long(MAX_LONG), int(1), int(-5)], long('9223372036854775803')],
    ['a double makes it double', { $sum: V }, [double(2), int(2)], double(4)],
    ['what rounding lost is not lost', { $sum: V }, [0.1, 0.2, 0.3].map(double), double(0.6)],
    ['infinities', { $sum: V }, [double(1e308), double(1e308), double(-1e308)], double(Infinity)],
    ['a decimal makes it decimal', { $sum: V }, [decimal('1e3'), int(2)], decimal('1002')],
    ['other values do not count', { $sum: V }, ['a', null, true, NOTHING, [1]], int(0)],
    ['of ints a double', { $avg: V }, [int(1), int(3)], double(2)],
    ['of decimals a decimal', { $avg: V }, [decimal('1'), double(0.5)], decimal('0.75')],
    ['of nothing null', { $avg: V }, ['a', NOTHING], null],
    ['the first of equals stays', { $min: V }, [double(1), long('1')], double(1)],
    ['null does not count', { $min: V }, [null, int(5), NOTHING], int(5)],
    ['types have an order', { $max: V }, ['a', int(5), [int(1)]], [int(1)]],
    ['nothing but null', { $max: V }, [null, NOTHING], null],
    ['the first row', { $first: V }, [NOTHING, int(5)], null],
    ['the last row', { $last: V }, [int(5), null, 'x'], 'x'],
    ['what is missing is left out', { $push: V }, [int(5), NOTHING, null], [int(5), null]],
    ['equal numbers are one', { $addToSet: V }, [int(5), double(5), NOTHING, null, 'a'], [int(5), null, 'a']],
    ['rows', { $count: {} }, [1, 2, NOTHING], int(3)],
    [
      'later fields win',
      { $mergeObjects: V },
      [{ a: int(1), b: int(2) }, null, { b: int(3) }],
      { a: int(1), b: int(3) },
    ],
    ['no documents', { $mergeObjects: V }, [null, NOTHING], {}],
    ['the first two', { $firstN: { input: V, n: 2 } }, [NOTHING, int(1), int(2)], [null, int(1)]],
    ['the last two', { $lastN: { input: V, n: 2 } }, [int(0), int(1), NOTHING], [int(1), null]],
    ['the two least', { $minN: { input: V, n: 2 } }, [int(3), null, int(1), int(2)], [int(1), int(2)]],
    ['the two greatest', { $maxN: { input: V, n: 2 } }, [int(3), NOTHING, int(1), int(2)], [int(3), int(2)]],
    ['top of an order', { $top: { output: V, sortBy: { v: -1 } } }, [int(1), int(3), int(2)], int(3)],
    ['bottom of an order', { $bottom: { output: V, sortBy: { v: -1 } } }, [int(1), int(3), int(2)], int(1)],
    [
      'top two: equals as they came',
      { $topN: { output: '$_id', sortBy: { v: 1 }, n: 3 } },
      [2, 2, 1, 1].map(int),
      [2, 3, 0].map(int),
    ],
    [
      'bottom three: the earlier of equals stay',
      { $bottomN: { output: '$_id', sortBy: { v: 1 }, n: 3 } },
      [2, 2, 1, 1].map(int),
      [2, 0, 1].map(int),
    ],
    ['of a population', { $stdDevPop: V }, [1, 2, 3, 4].map(int), double(1.118033988749895)],
    ['of a sample', { $stdDevSamp: V }, [1, 2, 3, 4].map(int), double(1.2909944487358056)],
    ['of a sample of one', { $stdDevSamp: V }, [int(1)], null],
    ['the middle', { $median: { input: V, method: approximate } }, [1, 2, 3, 4].map(int), double(2)],
    [
      'NaN and text do not count',
      { $percentile: { input: V, p: [0.1, 0.5, 0.9], method: approximate } },
      [double(NaN), double(Infinity), int(1), decimal('3.5'), 'x'],
      [double(1), double(3.5), double(Infinity)],
    ],
    ['no numbers', { $percentile: { input: V, p: [0.5], method: approximate } }, ['x'], [null]],
    [
      'one array behind the other',
      { $concatArrays: V },
      [[int(1)], NOTHING, [int(1), int(2)]],
      [int(1), int(1), int(2)],
    ],
    [
      'each element once',
      { $setUnion: V },
      [
        [int(1), int(2)],
        [double(2), int(3)],
      ],
      [int(1), int(2), int(3)],
    ],
  ] as const)
    it(`${Object.keys(accumulator)[0]}: ${why}`, () =>
      expect(result(accumulator, values)).to.deep.equal(expected));

  for (const [accumulator, code] of [
    [{ $sum: [1, 2] }, 40237],
    [{ $count: [] }, 40237],
    [{ $firstN: [1] }, 40237],
    [{ $topN: ['$a', 1] }, 40237],
    [{ $median: [1, 2] }, 40237],
    [{ $foo: [] }, 40237],
    [{ $minN: {} }, 5787906],
    [{ $count: { a: 1 } }, 14],
    [{ $foo: 1 }, 15952],
    [{ $sum: 1, $avg: 1 }, 40238],
    [{}, 40234],
    [{ $mergeObjects: V }, 40400],
    [{ $concatArrays: V }, 14],
    [{ $setUnion: V }, 14],
    [{ $firstN: 1 }, 5787801],
    [{ $minN: 1 }, 5787900],
    [{ $firstN: { input: V } }, 5787906],
    [{ $firstN: { n: 1 } }, 5787907],
    [{ $firstN: { n: 1, input: V, x: 1 } }, 5787901],
    [{ $firstN: { n: 0, input: V } }, 7548606],
    [{ $firstN: { n: 'a', input: V } }, 7548606],
    [{ $firstN: { n: decimal('2.5'), input: V } }, 7548606],
    [{ $firstN: { n: 1e300, input: V } }, 7548606],
    [{ $top: 1 }, 5788001],
    [{ $topN: { output: 1, sortBy: { a: 1 } } }, 5788003],
    [{ $top: { sortBy: { a: 1 } } }, 5788004],
    [{ $top: { output: 1 } }, 5788005],
    [{ $top: { output: 1, sortBy: {} } }, 9657900],
    [{ $median: { input: V, method: 'other' } }, 2],
    [{ $median: { input: V } }, 40414],
    [{ $percentile: { input: V, p: [2], method: approximate } }, 7750303],
    [{ $percentile: { input: V, p: '$v', method: approximate } }, 7750300],
  ] as const)
    it(`${JSON.stringify(accumulator)} is refused`, () => expect(codeOf(accumulator)).to.equal(code));

  it('what was saved and restored in parts gives the same', () => {
    const documents = Array.from({ length: 1500 }, (_, i) => ({
      _id: i,
      g: `group ${i % 400}`,
      v: i % 3 === 0 ? i : i % 3 === 1 ? Long.fromNumber(i) : double(i / 8),
    }));
    const fields = Object.fromEntries(
      Object.keys(accumulators)
        .filter((name) => !name.startsWith('$stdDev')) // rounds otherwise when put together of parts
        .map((name) => [name.slice(1), { [name]: argumentFor(name) }]),
    );
    const pipeline = [{ $group: { _id: '$g', ...fields } }, { $sort: { _id: 1 } }];
    const [inMemory, onDisk] = [undefined, 60_000].map((maxStageBytes) =>
      runRaw(pipeline, { t: documents }, 't', maxStageBytes === undefined ? {} : { maxStageBytes }).map(
        (row) => exactJs(documentValue(row)),
      ),
    );
    expect(inMemory).to.have.length(400);
    expect(onDisk).to.deep.equal(inMemory);
  });

  it('too much memory without leave to use the disk is an error', () => {
    const documents = Array.from({ length: 1500 }, (_, i) => ({ _id: i }));
    const run = (): unknown =>
      runRaw([{ $group: { _id: '$_id' } }], { t: documents }, 't', {
        maxStageBytes: 50_000,
        allowDiskUse: false,
      });
    expect(run).to.throw(ElmoError).with.property('code', 292);
  });
});

function argumentFor(name: string): unknown {
  if (name === '$count') return {};
  if (name === '$mergeObjects') return { g: V };
  if (name === '$concatArrays' || name === '$setUnion') return { $slice: [[V, '$g'], 1] };
  if (name === '$median') return { input: V, method: approximate };
  if (name === '$percentile') return { input: V, p: [0.2, 0.8], method: approximate };
  if (/^\$(first|last|min|max)N$/.test(name)) return { input: V, n: 3 };
  if (/^\$(top|bottom)$/.test(name)) return { output: '$_id', sortBy: { v: 1 } };
  if (/^\$(top|bottom)N$/.test(name)) return { output: '$_id', sortBy: { v: 1, _id: -1 }, n: 3 };
  return V;
}
