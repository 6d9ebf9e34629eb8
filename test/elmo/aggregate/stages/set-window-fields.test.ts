/** `$setWindowFields`: what each row sees around it. Results as the reference engine gives them. */
import { expect } from 'chai';
import { ElmoError } from '../../../../elmo/errors.js';
import { run } from '../memory-collections.js';

const HOUR = 3_600_000;
const documents = [
  { _id: 1, g: 'a', t: 1, v: 10, d: new Date(0) },
  { _id: 2, g: 'a', t: 2, v: 20, d: new Date(HOUR) },
  { _id: 3, g: 'a', t: 3, v: null, d: new Date(2 * HOUR) },
  { _id: 4, g: 'b', t: 1, v: 5, d: new Date(0) },
  { _id: 5, g: 'b', t: 2, v: 7.5, d: new Date(24 * HOUR) },
  { _id: 6, g: 'a', t: 5, v: 1, d: new Date(25 * HOUR) },
];
const byT = { partitionBy: '$g', sortBy: { t: 1 } };
const byD = { partitionBy: '$g', sortBy: { d: 1 } };

function results(output: object, order: object = byT, settings = {}): unknown[] {
  const pipeline = [{ $setWindowFields: { ...order, output: { r: output } } }, { $sort: { _id: 1 } }];
  return run(pipeline, { t: documents }, 't', settings).map((row) => (row as { r: unknown }).r);
}

describe('$setWindowFields', () => {
  for (const [why, output, order, expected] of [
    ['the whole partition', { $sum: '$v' }, byT, [31, 31, 31, 12.5, 12.5, 31]],
    [
      'all up to the row',
      { $sum: '$v', window: { documents: ['unbounded', 'current'] } },
      byT,
      [10, 30, 30, 5, 12.5, 31],
    ],
    [
      'neighbours',
      { $push: '$v', window: { documents: [-1, 0] } },
      byT,
      [[10], [10, 20], [20, null], [5], [5, 7.5], [null, 1]],
    ],
    ['an empty frame', { $avg: '$v', window: { documents: [1, 2] } }, byT, [20, 1, 1, 7.5, null, null]],
    ['the rest', { $min: '$v', window: { documents: ['current', 'unbounded'] } }, byT, [1, 1, 1, 5, 7.5, 1]],
    [
      'a range',
      { $push: '$v', window: { range: [-1, 1] } },
      byT,
      [[10, 20], [10, 20, null], [20, null], [5, 7.5], [5, 7.5], [1]],
    ],
    [
      'a range of hours',
      { $push: '$_id', window: { range: [-1, 0], unit: 'hour' } },
      byD,
      [[1], [1, 2], [2, 3], [4], [5], [6]],
    ],
    [
      'a range of months',
      { $push: '$_id', window: { range: [-1, 0], unit: 'month' } },
      byD,
      [[1], [1, 2], [1, 2, 3], [4], [4, 5], [1, 2, 3, 6]],
    ],
    ['ranks of ties', { $rank: {} }, { sortBy: { t: 1 } }, [1, 3, 5, 1, 3, 6]],
    ['dense ranks, descending', { $denseRank: {} }, { sortBy: { t: -1 } }, [4, 3, 2, 4, 3, 1]],
    [
      'all of a partition needs no order',
      { $max: '$v', window: { documents: ['unbounded', 'unbounded'] } },
      { partitionBy: '$g' },
      [20, 20, 20, 7.5, 7.5, 20],
    ],
    ['numbers', { $documentNumber: {} }, byT, [1, 2, 3, 1, 2, 4]],
    ['the row after', { $shift: { output: '$v', by: 1 } }, byT, [20, null, 1, 7.5, null, null]],
    [
      'the row before, or a default',
      { $shift: { output: '$v', by: -1, default: 'z' } },
      byT,
      ['z', 10, 20, 'z', 5, null],
    ],
    ['the last that is not null', { $locf: '$v' }, byT, [10, 20, 20, 5, 7.5, 1]],
    ['a moving average', { $expMovingAvg: { input: '$v', alpha: 0.5 } }, byT, [10, 15, 15, 5, 6.25, 8]],
    [
      'a moving average of n',
      { $expMovingAvg: { input: '$v', N: 2 } },
      byT,
      [10, 50 / 3, 50 / 3, 5, 20 / 3, 56 / 9],
    ],
    ['scaled', { $minMaxScaler: { input: '$t' } }, byT, [0, 0.25, 0.5, 0, 1, 1]],
    [
      'scaled to bounds',
      { $minMaxScaler: { input: '$t', min: 10, max: 20 } },
      byT,
      [10, 12.5, 15, 10, 20, 20],
    ],
    [
      'scaled in a frame that moves',
      { $minMaxScaler: { input: '$t' }, window: { documents: [-1, 0] } },
      byT,
      [0, 1, 1, 0, 1, 1],
    ],
    [
      'covariance',
      { $covarianceSamp: ['$t', '$v'], window: { documents: ['unbounded', 'current'] } },
      byT,
      [null, 5, 5, null, 1.25, -13.833333333333336],
    ],
  ] as const)
    it(why, () => {
      expect(results(output, order)).to.deep.equal(expected);
      expect(results(output, order, { sliceMs: 0 }), 'with pauses').to.deep.equal(expected);
    });

  it('several outputs, into documents', () => {
    const output = { 'r.sum': { $sum: '$v' }, 'r.n': { $count: {} } };
    const rows = run([{ $setWindowFields: { output } }, { $limit: 1 }, { $project: { r: 1 } }], {
      t: documents,
    });
    expect(rows).to.deep.equal([{ _id: 1, r: { sum: 43.5, n: 6 } }]);
  });

  describe('of points on a curve', () => {
    const POINTS = [
      { _id: 1, t: 1, v: 2 },
      { _id: 2, t: 2, v: 5 },
      { _id: 3, t: 4, v: 6 },
      { _id: 4, t: 7, v: 7.5 },
      { _id: 5, t: 8, v: 1 },
    ];
    const around = { window: { documents: [-1, 0] } };
    const hours = POINTS.map((point) => ({ ...point, t: new Date(point.t * HOUR) }));
    const over = (points: readonly object[], output: object): unknown[] =>
      run([{ $setWindowFields: { sortBy: { t: 1 }, output: { r: output } } }], { t: points }).map(
        (row) => (row as { r: unknown }).r,
      );

    for (const [why, points, output, expected] of [
      ['slopes', POINTS, { $derivative: { input: '$v' }, ...around }, [null, 3, 0.5, 0.5, -6.5]],
      [
        'slopes in a unit of time',
        hours,
        { $derivative: { input: '$v', unit: 'day' }, ...around },
        [null, 72, 12, 12, -156],
      ],
      ['areas', POINTS, { $integral: { input: '$v' }, ...around }, [0, 3.5, 11, 20.25, 4.25]],
      [
        'areas up to the row',
        POINTS,
        { $integral: { input: '$v' }, window: { documents: ['unbounded', 0] } },
        [0, 3.5, 14.5, 34.75, 39],
      ],
      [
        'areas in a unit of time',
        hours,
        { $integral: { input: '$v', unit: 'minute' }, ...around },
        [0, 210, 660, 1215, 255],
      ],
      [
        'gaps filled on a line',
        [{ t: 1, v: null }, { t: 2, v: 2 }, { t: 3, v: null }, { t: 5 }, { t: 6, v: 10 }, { t: 7, v: null }],
        { $linearFill: '$v' },
        [null, 2, 4, 8, 10, null],
      ],
      [
        'covariance with an infinity that leaves the frame',
        [
          { t: 1, v: 2 },
          { t: 2, v: Infinity },
          { t: 3, v: 3 },
          { t: 4, v: 5 },
        ],
        { $covariancePop: ['$t', '$v'], window: { documents: [-2, 0] } },
        [0, 0, Infinity, Infinity],
      ],
    ] as const)
      it(why, () => expect(over(points, output)).to.deep.equal(expected));
  });

  for (const [output, order, code] of [
    [{ $derivative: { input: '$v' } }, byT, 9],
    [{ $derivative: { input: '$v', unit: 'month' }, window: { documents: [-1, 0] } }, byD, 5490710],
    [{ $derivative: { input: '$v' }, window: { documents: [-1, 0] } }, {}, 9],
    [{ $derivative: { input: '$v' }, window: { documents: [-1, 0] } }, byD, 5624901],
    [{ $derivative: { input: '$v', unit: 'hour' }, window: { documents: [-1, 0] } }, byT, 5624900],
    [{ $derivative: { input: '$v' }, window: { documents: [-1, 0] } }, { sortBy: { g: 1 } }, 5624902],
    [{ $derivative: { input: '$v' }, window: { documents: [-1, 0] } }, byT, 5624903],
    [{ $integral: { input: '$v' } }, byD, 5423902],
    [{ $integral: { input: '$v', unit: 'hour' } }, byT, 5423901],
    [{ $integral: { input: '$v' } }, byT, 5423900],
    [{ $linearFill: '$v' }, {}, 605001],
    [{ $linearFill: '$v', window: { documents: [-1, 0] } }, byT, 9],
    [{ $linearFill: '$g' }, byT, 14],
    [{ $linearFill: '$v' }, { sortBy: { t: 1 } }, 6050106],
    [1, byT, 9],
    [{}, byT, 9],
    [{ $foo: 1 }, byT, 9],
    [{ $sum: 1, $avg: 1 }, byT, 9],
    [{ $sum: 1, window: { documents: [1] } }, byT, 9],
    [{ $sum: 1, window: { documents: [1, 0] } }, byT, 5339900],
    [{ $sum: 1, window: { documents: [-1, 0] } }, {}, 5339901],
    [{ $sum: 1, window: { documents: ['unbounded', 0] } }, {}, 5339901],
    [{ $sum: 1, window: { range: [0, 1] } }, { sortBy: { t: 1, v: 1 } }, 5339902],
    [{ $sum: 1, window: { range: [0, 1] } }, { sortBy: { t: -1 } }, 8947401],
    [{ $sum: 1, window: { range: [0, 1] } }, { sortBy: { g: 1 } }, 5429414],
    [{ $sum: 1, window: { range: [0, 1] } }, { sortBy: { d: 1 } }, 5429413],
    [{ $sum: 1, window: { range: [0, 1], unit: 'day' } }, { sortBy: { t: 1 } }, 5429513],
    [{ $rank: {} }, {}, 5371602],
    [{ $count: ['$v'] }, byT, 9],
    [{ $sum: 1 }, { partitionBy: [1] }, 14],
    [{ $sum: 1 }, { sortBy: 1 }, 14],
  ] as const)
    it(`${JSON.stringify([output, order])} is refused`, () =>
      expect(() => results(output as object, order))
        .to.throw(ElmoError)
        .with.property('code', code));

  it('of several functions that fail, that of the earliest row is told', () => {
    const t = [{ _id: 0 }, { _id: 1, n: new Date(0) }, { _id: 2 }, { _id: 3, n: 1.5 }];
    const filled = { $linearFill: '$n' }; // 14, between rows 1 and 3
    const scaled = { $minMaxScaler: { input: '$n' } }; // 10487001, at row 0
    const windowed = (output: object) => () =>
      run([{ $setWindowFields: { sortBy: { _id: 1 }, output } }], { t });
    expect(windowed({ filled })).to.throw(ElmoError).with.property('code', 14);
    expect(windowed({ filled, scaled })).to.throw(ElmoError).with.property('code', 10487001);
    expect(windowed({ scaled, filled })).to.throw(ElmoError).with.property('code', 10487001);
  });

  it('a sum of longs from which numbers are taken away is an int where it fits', () => {
    const typeOf = (window: object, factor = 1): unknown[] =>
      run(
        [
          { $set: { n: { $toLong: { $multiply: ['$_id', factor] } } } },
          { $setWindowFields: { sortBy: { _id: 1 }, output: { r: { $sum: '$n', window } } } },
          { $limit: 1 },
          { $set: { r: { $type: '$r' } } },
        ],
        { t: documents },
        't',
      ).map((row) => (row as { r: unknown }).r);
    expect(typeOf({ documents: [-1, 0] })).to.deep.equal(['int']);
    expect(typeOf({ documents: [-1, 0] }, 4_000_000_000)).to.deep.equal(['long']);
    expect(typeOf({ documents: ['unbounded', 0] })).to.deep.equal(['long']);
  });

  it('such a sum is exact, and a decimal keeps its digits', () => {
    const sums = (n: object): unknown[] =>
      run(
        [
          { $set: { n } },
          {
            $setWindowFields: {
              sortBy: { _id: 1 },
              output: { r: { $sum: '$n', window: { documents: [-1, 0] } } },
            },
          },
          { $set: { r: { $toString: '$r' } } },
        ],
        { t: documents },
        't',
      ).map((row) => (row as { r: unknown }).r);
    const long = { $toLong: { $add: [{ $toLong: '4503599627370497000' }, '$_id'] } };
    expect(sums(long)[3]).to.equal('9007199254740994007');
    expect(sums({ $toDecimal: { $toString: { $divide: ['$_id', 4] } } })[1]).to.equal('0.75');
  });
});
