import { expect } from 'chai';
import { Decoder } from '../../../elmo/bson/decode.js';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { exactJs } from '../../../elmo/bson/value.js';
import { equalityFields } from '../../../elmo/query/equality.js';
import { normalizeFilter } from '../../../elmo/query/normalize.js';
import { parseFilter } from '../../../elmo/query/parse.js';
import { filterToBson } from '../../../elmo/query/to-bson.js';
import { context } from './filters.js';

const decoder = new Decoder();
const parse = (filter: object) => parseFilter(encodeDocument(filter), context);
const shown = (filter: object) => decoder.decode(filterToBson(normalizeFilter(parse(filter))));

describe('a normalized filter', () => {
  for (const [filter, expected] of [
    [{}, {}],
    [{ a: 1 }, { a: { $eq: 1 } }],
    [{ b: 2, a: 1 }, { $and: [{ a: { $eq: 1 } }, { b: { $eq: 2 } }] }],
    [{ a: { $gt: 1, $lt: 5 } }, { $and: [{ a: { $lt: 5 } }, { a: { $gt: 1 } }] }],
    [
      { $and: [{ a: 1 }, { $and: [{ b: 1 }, { a: 1 }] }, {}] },
      { $and: [{ a: { $eq: 1 } }, { b: { $eq: 1 } }] },
    ],
    [{ $or: [{ a: 1 }, { $or: [{ b: 1 }] }] }, { $or: [{ a: { $eq: 1 } }, { b: { $eq: 1 } }] }],
    [{ $or: [{ a: 2 }, { a: 1 }, { a: 2 }] }, { a: { $in: [1, 2] } }],
    [{ $or: [{ a: 2 }, { b: 1 }, { a: 1 }] }, { $or: [{ b: { $eq: 1 } }, { a: { $in: [1, 2] } }] }],
    [{ $or: [{ a: 1 }, { a: 1 }] }, { a: { $eq: 1 } }],
    [{ $or: [{}, { a: 1 }] }, {}],
    [{ $or: [{ $alwaysFalse: 1 }, { a: 1 }] }, { a: { $eq: 1 } }],
    [{ $and: [{ $alwaysFalse: 1 }, { a: 1 }] }, { $alwaysFalse: 1 }],
    [{ a: 1, $nor: [{ a: 1 }] }, { $alwaysFalse: 1 }],
    [{ $or: [{ a: 1 }, { a: { $ne: 1 } }] }, {}],
    [{ a: 1, $or: [{ a: 1 }, { b: 2 }] }, { a: { $eq: 1 } }],
    [{ $or: [{ a: 1, b: 2 }, { a: 1 }] }, { a: { $eq: 1 } }],
    [{ a: 1, $or: [{ a: { $ne: 1 }, b: 2 }, { c: 3 }] }, { $and: [{ a: { $eq: 1 } }, { c: { $eq: 3 } }] }],
    [
      {
        a: 1,
        $or: [
          { a: 1, b: 2 },
          { c: 3, d: 4 },
        ],
      },
      {
        $and: [
          { $or: [{ $and: [{ c: { $eq: 3 } }, { d: { $eq: 4 } }] }, { b: { $eq: 2 } }] },
          { a: { $eq: 1 } },
        ],
      },
    ],
    [
      { a: 1, $or: [{ b: 2, $or: [{ a: { $ne: 1 } }, { c: 3 }] }, { d: 4 }] },
      {
        $and: [
          { $or: [{ $and: [{ b: { $eq: 2 } }, { c: { $eq: 3 } }] }, { d: { $eq: 4 } }] },
          { a: { $eq: 1 } },
        ],
      },
    ],
    [
      { a: { $ne: 1 }, $or: [{ a: 1 }, { b: 2, $or: [{ a: 1 }, { c: 3 }] }] },
      { $and: [{ b: { $eq: 2 } }, { c: { $eq: 3 } }, { a: { $not: { $eq: 1 } } }] },
    ],
    [
      {
        a: 1,
        $or: [
          { a: { $ne: 1 }, b: 2 },
          { a: { $ne: 1 }, c: 3 },
        ],
      },
      { $alwaysFalse: 1 },
    ],
    [
      { $or: [{ a: 1 }, { a: { $ne: 1 }, b: 2 }] },
      { $or: [{ $and: [{ b: { $eq: 2 } }, { a: { $not: { $eq: 1 } } }] }, { a: { $eq: 1 } }] },
    ],
    [
      { $or: [{ $jsonSchema: { required: ['c'] } }, { a: 1, b: 2 }, { a: 1 }] },
      {
        $or: [
          { $and: [{ a: { $eq: 1 } }, { b: { $eq: 2 } }] },
          { a: { $eq: 1 } },
          { $jsonSchema: { required: ['c'] } },
        ],
      },
    ],
    [{ $nor: [{ a: 1 }] }, { a: { $not: { $eq: 1 } } }],
    [{ $nor: [{ a: 1 }, { b: 1 }] }, { $nor: [{ a: { $eq: 1 } }, { b: { $eq: 1 } }] }],
    [
      { $nor: [{ a: 1 }, { b: 1 }], c: 1 },
      { $and: [{ c: { $eq: 1 } }, { a: { $not: { $eq: 1 } } }, { b: { $not: { $eq: 1 } } }] },
    ],
    [{ $nor: [{ a: 1 }, { a: 1 }] }, { a: { $not: { $eq: 1 } } }],
    [
      { $nor: [{ a: 1 }, { a: 1, b: 2 }, { c: { $ne: 3 } }] },
      { $and: [{ c: { $eq: 3 } }, { a: { $not: { $eq: 1 } } }] },
    ],
    [
      { $nor: [{ $or: [{ a: 1 }, { b: 2 }] }, { c: 3 }] },
      { $and: [{ a: { $not: { $eq: 1 } } }, { b: { $not: { $eq: 2 } } }, { c: { $not: { $eq: 3 } } }] },
    ],
    [{ $nor: [{ a: 1 }, { a: { $ne: 1 } }] }, { $alwaysFalse: 1 }],
    [{ $nor: [{}] }, { $alwaysFalse: 1 }],
    [{ $nor: [{ $alwaysFalse: 1 }] }, {}],
    [{ a: { $in: [1] } }, { a: { $eq: 1 } }],
    [{ a: { $in: [] } }, { $alwaysFalse: 1 }],
    [{ a: { $nin: [] } }, {}],
    [{ a: { $in: [/x/i] } }, { a: { $regex: 'x', $options: 'i' } }],
    [{ a: { $in: [2, 1, 2, /x/] } }, { a: { $in: [1, 2, /x/] } }],
    [{ a: { $not: { $gt: 1, $lt: 5 } } }, { $nor: [{ $and: [{ a: { $lt: 5 } }, { a: { $gt: 1 } }] }] }],
    [{ a: { $not: { $not: { $eq: 1 } } } }, { $nor: [{ a: { $not: { $eq: 1 } } }] }],
    [{ a: { $exists: false } }, { a: { $not: { $exists: true } } }],
    [{ a: { $type: ['string', 'int', 'number'] } }, { a: { $type: ['number', 2] } }],
    [{ a: { $mod: [2.5, 1] } }, { a: { $mod: [2, 1] } }],
    [{ a: { $all: [{ $elemMatch: { b: 1 } }] } }, { a: { $elemMatch: { b: { $eq: 1 } } } }],
    [{ a: { $elemMatch: { $gt: 1, $lt: 5 } } }, { a: { $elemMatch: { $lt: 5, $gt: 1 } } }],
    [{ a: { $bitsAllSet: 5 } }, { a: { $bitsAllSet: [0, 2] } }],
    [{ $expr: true, $comment: 'x' }, {}],
    [{ $sampleRate: 0 }, { $alwaysFalse: 1 }],
    [{ $expr: { $gt: ['$a', 1] } }, { $expr: { $gt: ['$a', 1] } }],
    [
      { h: { $size: 1 }, g: { $type: 2 }, f: 1, e: { $in: [1, 2] }, d: /x/, c: { $exists: true } },
      {
        $and: [
          { h: { $size: 1 } },
          { f: { $eq: 1 } },
          { d: { $regex: 'x' } },
          { c: { $exists: true } },
          { e: { $in: [1, 2] } },
          { g: { $type: [2] } },
        ],
      },
    ],
  ] as const)
    it(`of ${JSON.stringify(filter)}`, () => expect(shown(filter)).to.deep.equal(expected));
});

describe('equalityFields', () => {
  for (const [filter, expected] of [
    [
      { b: 2, a: 1 },
      [
        ['b', 2],
        ['a', 1],
      ],
    ],
    [{ a: { $in: [1] } }, [['a', 1]]],
    [{ a: { $in: [1, 2] } }, []],
    [
      { $or: [{ a: 1, b: 1 }] },
      [
        ['a', 1],
        ['b', 1],
      ],
    ],
    [{ $or: [{ a: 1 }, { b: 1 }] }, []],
    [
      { a: { $all: [1, 1] } },
      [
        ['a', 1],
        ['a', 1],
      ],
    ],
    [
      { a: 1, $and: [{ a: 2 }] },
      [
        ['a', 1],
        ['a', 2],
      ],
    ],
    [{ a: { $eq: 1, $gt: 0 } }, [['a', 1]]],
    [{ a: /x/ }, []],
    [{ a: { $not: { $ne: 1 } } }, []],
    [{ a: { $elemMatch: { b: 1 } } }, []],
    [{ 'a.0': null }, [['a.0', null]]],
  ] as const)
    it(JSON.stringify(filter), () => {
      const fields = equalityFields(parse(filter)).map(({ path, value }) => [path, plain(exactJs(value))]);
      expect(fields).to.deep.equal(expected);
    });
});

function plain(value: unknown): unknown {
  return value === null ? null : Number(value);
}
