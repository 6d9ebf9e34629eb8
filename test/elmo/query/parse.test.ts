import { expect } from 'chai';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { BSONRegExp, Code, Decimal128, Long } from '../../../elmo/bson/package.js';
import { UNDEFINED } from '../../../elmo/bson/types.js';
import { BsonWriter } from '../../../elmo/bson/writer.js';
import { ElmoError } from '../../../elmo/errors.js';
import { parseFilter } from '../../../elmo/query/parse.js';
import { context } from './filters.js';

const refusal = (filter: object): number => {
  try {
    parseFilter(encodeDocument(filter), context);
  } catch (error) {
    if (error instanceof ElmoError) return error.code;
    throw error;
  }
  return 0;
};

describe('parseFilter', () => {
  describe('refuses, with the code', () => {
    for (const [code, filters] of [
      [
        2,
        [
          { a: { $foo: 1 } },
          { $foo: 1 },
          { $not: { a: 1 } },
          { a: { $eq: 1, b: 1 } },
          { a: { $and: [{ b: 1 }] } },
          { a: { $comment: 1 } },
          { $and: 1 },
          { $and: [] },
          { $or: [1] },
          { $nor: {} },
          { a: { $ref: 'x' } },
          { a: { $id: 1, b: 2 } },
          { a: { $in: 1 } },
          { a: { $in: [{ $foo: 1 }] } },
          { a: { $nin: [{ $id: 1 }] } },
          { a: { $not: 1 } },
          { a: { $not: {} } },
          { a: { $ne: /x/ } },
          { a: { $gt: /x/ } },
          { a: { $type: 'foo' } },
          { a: { $type: 0 } },
          { a: { $type: 1.5 } },
          { a: { $type: 255 } },
          { a: { $type: 'missing' } },
          { a: { $mod: [1] } },
          { a: { $mod: [1, 2, 3] } },
          { a: { $mod: [0.5, 1] } },
          { a: { $mod: [NaN, 1] } },
          { a: { $mod: ['a', 1] } },
          { a: { $regex: 1 } },
          { a: { $options: 'i' } },
          { a: { $regex: 'a', $options: 1 } },
          { a: { $all: 1 } },
          { a: { $all: [{ $gt: 1 }] } },
          { a: { $all: [{ $elemMatch: {} }, 1] } },
          { a: { $all: [1, { $elemMatch: {} }] } },
          { a: { $elemMatch: [] } },
          { a: { $elemMatch: { $gt: 1, b: 1 } } },
          { a: { $elemMatch: { $and: [{ a: 1 }], $gt: 1 } } },
          { a: { $elemMatch: { $expr: true } } },
          { a: { $size: -1 } },
          { a: { $size: 1.5 } },
          { a: { $size: Long.fromString('1099511627776') } },
          { a: { $bitsAllSet: 'a' } },
          { a: { $bitsAllSet: [-1] } },
          { a: { $bitsAllSet: [1.5] } },
          { $where: 1 },
          { a: { $where: '1' } },
          { $sampleRate: 2 },
          { $sampleRate: NaN },
          { $text: 1 },
          { a: { $near: 1 } },
          { a: { $maxDistance: 1 } },
          { a: { $geoWithin: 1 } },
        ],
      ],
      [
        9,
        [
          { a: { $type: [] } },
          { a: { $bitsAllSet: -1 } },
          { a: { $bitsAllSet: 1.5 } },
          { a: { $bitsAllSet: Decimal128.fromString('5.5') } },
          { $alwaysTrue: 2 },
          { $alwaysFalse: 'a' },
          { $jsonSchema: { foo: 1 } },
        ],
      ],
      [14, [{ a: { $type: true } }, { a: { $type: [null] } }, { $jsonSchema: 1 }]],
      [
        51091,
        [{ a: { $regex: '(' } }, { a: { $in: [new BSONRegExp('(')] } }, { a: { $not: { $regex: '(' } } }],
      ],
      [51108, [{ a: { $regex: 'a', $options: 'z' } }]],
      [51075, [{ a: { $regex: /a/i, $options: 'i' } }]],
      [51074, [{ a: { $options: 'i', $regex: /a/m } }]],
      [6108304, [{ $where: 'true' }, { $or: [{ $where: new Code('1') }] }]],
      [168, [{ $expr: { $foo: 1 } }]],
      [17276, [{ $expr: '$$foo' }]],
    ] as const)
      for (const filter of filters)
        it(`${code}: ${JSON.stringify(filter)}`, () => expect(refusal(filter)).to.equal(code));

    it('2: a comparison with undefined', () => {
      const writer = new BsonWriter();
      const start = writer.beginDocument();
      writer.writeName(UNDEFINED, Buffer.from('a'));
      writer.endDocument(start);
      expect(() => parseFilter(writer.toBytes(), context)).to.throw(ElmoError, 'cannot compare to undefined');
    });

    it('15: filters that nest too deep', () => {
      let filter: object = { a: 1 };
      for (let i = 0; i < 201; i++) filter = { $nor: [filter] };
      expect(() => parseFilter(encodeDocument(filter), context))
        .to.throw()
        .with.property('code', 15);
    });

    it('224 and others: what the place does not allow', () => {
      const forbidden = new Set(['$expr', '$text', '$near']);
      for (const [filter, code] of [
        [{ $expr: true }, 224],
        [{ $text: { $search: 'a' } }, 2],
        [{ a: { $near: [1, 1] } }, 5626500],
      ] as const)
        expect(() => parseFilter(encodeDocument(filter), { ...context, forbidden }))
          .to.throw(ElmoError)
          .with.property('code', code);
      expect(() => parseFilter(encodeDocument({ $expr: true }), { collation: undefined }))
        .to.throw(ElmoError)
        .with.property('code', 224);
    });
  });

  describe('accepts', () => {
    for (const filter of [
      { a: { b: 1, $eq: 1 } },
      { a: { $ref: 'x', $id: 1, foo: 1 } },
      { a: { $id: 1, $ref: 'x' } },
      { $ref: 1, $id: 2, $db: 3 },
      { a: { $all: [{ $foo: 1 }] } },
      { a: { $in: [{ $ref: 'a', $id: 1 }] } },
      { a: { $elemMatch: { $ref: 'a' } } },
      { a: { $elemMatch: { $jsonSchema: {} } } },
      { a: { $exists: {} } },
      { a: { $eq: new BSONRegExp('(') } },
      { $comment: 1 },
      { a: { $mod: [1.5, -0.5] } },
      { a: { $near: [1, 1], $maxDistance: 3 } },
    ])
      it(JSON.stringify(filter), () => expect(refusal(filter)).to.equal(0));
  });
});
