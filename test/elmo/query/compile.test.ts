import { expect } from 'chai';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Decimal128,
  Double,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from '../../../elmo/bson/package.js';
import { parseCollation } from '../../../elmo/collation/parse.js';
import { matcherOf, matches } from './filters.js';

const decimal = (text: string): Decimal128 => Decimal128.fromString(text);
const large = Long.fromString('9007199254740993');
const id = new ObjectId('0123456789abcdef01234567');

/** Filter, documents it matches, documents it does not. */
const ROWS: readonly (readonly [object, readonly object[], readonly object[]])[] = [
  [{}, [{}, { a: 1 }], []],
  [
    { a: 1 },
    [{ a: 1 }, { a: new Double(1) }, { a: Long.ONE }, { a: decimal('1.0') }, { a: [3, 1] }],
    [{}, { a: '1' }],
  ],
  [{ a: 'x' }, [{ a: 'x' }, { a: new BSONSymbol('x') }, { a: ['x'] }], [{ a: 'xy' }, { a: '' }]],
  [{ a: null }, [{}, { a: null }, { a: [1, null] }], [{ a: 0 }, { a: [] }]],
  [{ 'a.b': null }, [{ a: 1 }, { a: [{}] }, { a: [] }, {}], [{ a: { b: 1 } }, { a: [{ b: 1 }] }]],
  [{ a: NaN }, [{ a: NaN }, { a: decimal('NaN') }], [{ a: 1 }]],
  [{ a: { $gte: NaN } }, [{ a: NaN }], [{ a: 1 }, { a: Infinity }]],
  [
    { a: { $lt: 5 } },
    [{ a: 4 }, { a: -Infinity }, { a: decimal('4.9') }],
    [{ a: NaN }, { a: decimal('NaN') }, { a: null }],
  ],
  [{ a: large }, [{ a: large }], [{ a: 2 ** 53 }]],
  [{ a: { $gt: 2 ** 53 } }, [{ a: large }], [{ a: Long.fromString('9007199254740992') }]],
  [{ a: { $gt: new MinKey() } }, [{}, { a: 1 }, { a: null }], [{ a: new MinKey() }]],
  [{ a: { $lte: new MaxKey() } }, [{}, { a: 1 }, { a: new MaxKey() }], []],
  [{ a: { $gte: null } }, [{}, { a: null }], [{ a: 1 }]],
  [{ a: { $gt: null } }, [], [{}, { a: null }, { a: 1 }]],
  [{ a: [1, 2] }, [{ a: [1, 2] }, { a: [[1, 2]] }], [{ a: [2, 1] }, { a: 1 }]],
  [{ a: { b: 1 } }, [{ a: { b: 1 } }, { a: [{ b: 1 }] }], [{ a: { b: 1, c: 1 } }]],
  [{ a: {} }, [{ a: {} }], [{}, { a: { b: 1 } }]],
  [{ a: { $gt: {} } }, [{ a: { b: 1 } }], [{ a: {} }, { a: 1 }]],
  [{ a: id }, [{ a: id }], [{ a: new ObjectId('0123456789abcdef01234568') }, { a: 'x' }]],
  [{ a: new Date(5) }, [{ a: new Date(5) }], [{ a: new Date(6) }, { a: 5 }, { a: new Timestamp(5n) }]],
  [{ a: { $in: [1, 'x', null] } }, [{ a: 1 }, { a: ['x'] }, {}], [{ a: 2 }, { a: 'y' }]],
  [{ a: { $in: [/^x/, 2] } }, [{ a: 'xy' }, { a: 2 }, { a: Long.fromNumber(2) }], [{ a: 'yx' }]],
  [{ a: { $in: [] } }, [], [{}, { a: 1 }]],
  [{ a: { $nin: [1, 2] } }, [{}, { a: 3 }], [{ a: 1 }, { a: [3, 2] }]],
  [{ a: { $ne: 1 } }, [{}, { a: 2 }], [{ a: 1 }, { a: [2, 1] }]],
  [{ a: { $not: { $gt: 1, $lt: 5 } } }, [{}, { a: 1 }], [{ a: 2 }]],
  [{ $or: [{ a: 1 }, { b: 1 }] }, [{ a: 1 }, { b: 1 }], [{}]],
  [{ $nor: [{ a: 1 }, { b: 1 }] }, [{}], [{ a: 1 }, { b: 1 }]],
  [{ a: { $exists: true } }, [{ a: null }, { a: [] }], [{}]],
  [{ 'a.b': { $exists: false } }, [{}, { a: [{}] }], [{ a: [{}, { b: 1 }] }]],
  [{ a: { $type: 'array' } }, [{ a: [] }], [{ a: 1 }]],
  [{ a: { $type: 'number' } }, [{ a: 1 }, { a: decimal('1') }, { a: ['x', 1] }], [{ a: 'x' }, {}]],
  [{ a: { $type: [-1, 'string'] } }, [{ a: new MinKey() }, { a: 'x' }], [{ a: 1 }]],
  [
    { a: { $mod: [2, 1] } },
    [{ a: 3 }, { a: 1.9 }, { a: large }, { a: [2, 5] }],
    [{ a: 2 }, { a: 'x' }, { a: NaN }],
  ],
  [{ a: { $mod: [-2, -1] } }, [{ a: -3 }], [{ a: 3 }]],
  [{ a: { $size: 2 } }, [{ a: [1, 2] }], [{ a: [1] }, { a: [[1, 2]] }, { a: 'xy' }]],
  [
    { a: { $regex: 'B', $options: 'i' } },
    [{ a: 'abc' }, { a: ['b'] }, { a: new BSONRegExp('B', 'i') }],
    [{ a: 1 }],
  ],
  [{ a: { $all: [1, 2] } }, [{ a: [2, 3, 1] }], [{ a: [1] }, { a: 1 }]],
  [{ a: { $all: [[1, 2]] } }, [{ a: [1, 2] }, { a: [[1, 2]] }], [{ a: [2, 1] }]],
  [{ a: { $all: [] } }, [], [{}, { a: [] }]],
  [{ a: { $elemMatch: { $gt: 1, $lt: 5 } } }, [{ a: [0, 3] }], [{ a: [1, 5] }, { a: 3 }]],
  [
    { a: { $elemMatch: { b: 1, c: 2 } } },
    [{ a: [{ b: 1, c: 2 }] }],
    [{ a: [{ b: 1 }, { c: 2 }] }, { a: { b: 1, c: 2 } }],
  ],
  [{ a: { $elemMatch: { 0: 1 } } }, [{ a: [[1]] }], [{ a: [1] }]],
  [{ a: { $elemMatch: {} } }, [{ a: [{}] }, { a: [[]] }], [{ a: [1] }, { a: {} }]],
  [{ a: { $elemMatch: { $not: { $gt: 1 } } } }, [{ a: [0] }, { a: ['x'] }], [{ a: [2] }, { a: [] }]],
  [{ 'a.1': 5 }, [{ a: [0, 5] }, { a: { 1: 5 } }], [{ a: [5] }]],
  [
    { a: { $bitsAllSet: 5 } },
    [{ a: 7 }, { a: -1 }, { a: new Binary(Buffer.from([5])) }],
    [{ a: 4 }, { a: 5.5 }, { a: 'x' }],
  ],
  [
    { a: { $bitsAllClear: [0, 200] } },
    [{ a: 2 }, { a: new Binary(Buffer.from([2])) }],
    [{ a: -2 }, { a: 1 }],
  ],
  [{ a: { $bitsAnySet: [200, 63] } }, [{ a: -1 }, { a: Long.MIN_VALUE }], [{ a: 1 }, { a: Long.MAX_VALUE }]],
  [{ a: { $bitsAnyClear: [] } }, [], [{ a: 1 }]],
  [{ $expr: { $gt: ['$a', '$b'] } }, [{ a: 2, b: 1 }], [{ a: 1, b: 2 }]],
  [{ $sampleRate: 0.5 }, [{}], []],
  [{ $sampleRate: 0.1 }, [], [{}]],
  [{ $alwaysFalse: 1 }, [], [{}]],
];

describe('compileFilter', () => {
  for (const [filter, matching, others] of ROWS)
    it(JSON.stringify(filter), () => {
      for (const document of matching)
        expect(matches(filter, document), JSON.stringify(document)).to.equal(true);
      for (const document of others)
        expect(matches(filter, document), JSON.stringify(document)).to.equal(false);
    });

  it('reads the document at its place', () => {
    const document = encodeDocument({ a: { b: 7 } });
    const shifted = new Uint8Array(document.length + 3);
    shifted.set(document, 3);
    expect(matcherOf({ a: { b: 7 } }).matches(shifted, 3)).to.equal(true);
    expect(matcherOf({ 'a.b': 7 }).matches(shifted, 3)).to.equal(true);
  });

  it('compares strings by the collation, inside values too', () => {
    const collation = parseCollation(encodeDocument({ locale: 'en', strength: 2 }))!;
    const matchesWith = (filter: object, document: object): boolean =>
      matcherOf(filter, { collation }).matches(encodeDocument(document), 0);
    expect(matchesWith({ a: 'X' }, { a: 'x' })).to.equal(true);
    expect(matchesWith({ a: { $in: ['B', 'X'] } }, { a: 'x' })).to.equal(true);
    expect(matchesWith({ a: { b: ['X'] } }, { a: { b: ['x'] } })).to.equal(true);
    expect(matchesWith({ a: { $gt: 'X' } }, { a: 'x' })).to.equal(false);
    expect(matchesWith({ a: /X/ }, { a: 'x' })).to.equal(false);
  });

  describe('matchedIndex', () => {
    const document = { arr: [1, 2, { x: 5 }], b: { q: [3, 4, 5] }, objs: [{ l: [1] }, { l: [4, 5] }], s: 5 };
    for (const [filter, index] of [
      [{ arr: 2 }, 1],
      [{ 'arr.x': 5 }, 2],
      [{ arr: { $elemMatch: { x: 5 } } }, 2],
      [{ 'objs.l': 5 }, 1],
      [{ 'objs.l': { $elemMatch: { $gt: 4 } } }, 1],
      [{ 'b.q': 3, arr: 2 }, 0],
      [{ 'b.q': { $all: [3, 5] } }, 2],
      [{ 'b.q': { $exists: true } }, 0],
      [{ 'b.q.2': 5 }, -1],
      [{ 'b.q': [3, 4, 5] }, -1],
      [{ 'b.q': { $size: 3 } }, -1],
      [{ $or: [{ arr: 2 }, { 'b.q': 5 }] }, -1],
      [{ arr: { $ne: 99 } }, -1],
      [{ s: 5 }, -1],
    ] as const)
      it(JSON.stringify(filter), () => {
        const matcher = matcherOf(filter, { positional: true });
        expect(matcher.matches(encodeDocument(document), 0)).to.equal(true);
        expect(matcher.matchedIndex).to.equal(index);
      });
  });
});
