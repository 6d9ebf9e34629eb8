import { expect } from 'chai';
import { encodeDocument } from '../../../../elmo/bson/encode.js';
import { Binary, BSONSymbol, Decimal128, Long } from '../../../../elmo/bson/package.js';
import { ElmoError } from '../../../../elmo/errors.js';
import { parseFilter } from '../../../../elmo/query/parse.js';
import { context, matches } from '../filters.js';

const a = (schema: object): object => ({ properties: { a: schema } });

describe('$jsonSchema', () => {
  describe('refuses, with the code', () => {
    for (const [code, schemas] of [
      [
        9,
        [
          { foo: 1 },
          { $ref: 'x' },
          { default: 1 },
          { type: 'integer' },
          { type: [] },
          { bsonType: ['int', 'int'] },
          { type: 'object', bsonType: 'object' },
          { required: [] },
          { required: ['a', 'a'] },
          { minItems: -1 },
          { minItems: 'a' },
          { exclusiveMinimum: true },
          { multipleOf: 0 },
          { enum: [] },
          { enum: [1, 1] },
          { dependencies: { a: [] } },
          { not: { foo: 1 } },
          { encrypt: {}, bsonType: 'x' },
          { encryptMetadata: {} },
        ],
      ],
      [
        14,
        [
          { title: 1 },
          { type: 1 },
          { type: ['string', 1] },
          { properties: 1 },
          { properties: { a: 1 } },
          { required: 'a' },
          { patternProperties: { a: 1 } },
          { additionalProperties: 1 },
          { items: 1 },
          { items: [1] },
          { additionalItems: 1 },
          { uniqueItems: 1 },
          { minimum: 'a' },
          { exclusiveMinimum: 1, minimum: 1 },
          { pattern: 1 },
          { dependencies: { a: 1 } },
          { enum: 1 },
          { allOf: [1] },
          { not: 1 },
        ],
      ],
      [
        2,
        [
          { type: 'foo' },
          { type: 'int' },
          { bsonType: 'boolean' },
          { allOf: [] },
          { patternProperties: { '(': {} } },
        ],
      ],
      [51091, [a({ pattern: '(' })]],
    ] as const)
      for (const schema of schemas)
        it(`${code}: ${JSON.stringify(schema)}`, () =>
          expect(() => parseFilter(encodeDocument({ $jsonSchema: schema }), context))
            .to.throw(ElmoError)
            .with.property('code', code));
  });

  describe('of several faults tells', () => {
    for (const [why, schema, code] of [
      ['a title before types', { bsonType: 'foo', title: 1 }, 14],
      ['two keywords for types before what they say', { type: 'foo', bsonType: 'foo', encrypt: 1 }, 9],
      ['a type beside encrypt before either', { bsonType: 1, encrypt: 1 }, 9],
      ['types before what is encrypted', { bsonType: 'foo', encryptMetadata: 1 }, 2],
      ['lengths before limits', { minimum: 'x', minLength: 'x' }, 9],
      ['what is encrypted before what is required', { required: [], encryptMetadata: 1 }, 14],
    ] as const)
      it(why, () =>
        expect(() => parseFilter(encodeDocument({ $jsonSchema: schema }), context))
          .to.throw(ElmoError)
          .with.property('code', code),
      );
  });

  for (const [schema, valid, invalid] of [
    [{}, [{}], []],
    [{ pattern: '(', minimum: 5 }, [{}], []],
    [{ bsonType: 'array' }, [], [{}]],
    [
      { required: ['a', 'b.c'] },
      [{ a: 1, b: { c: 1 } }],
      [{}, { a: 1 }, { a: 1, b: [{ c: 1 }] }, { a: 1, 'b.c': 1 }],
    ],
    [a({ bsonType: ['int', 'string'] }), [{}, { a: 1 }, { a: 'x' }], [{ a: 1.5 }, { a: ['x'] }]],
    [a({ type: 'number' }), [{ a: 1 }, { a: Decimal128.fromString('1') }], [{ a: 'x' }]],
    [
      a({ minimum: 1, exclusiveMinimum: true }),
      [{ a: 2 }, { a: 'x' }, { a: Long.fromNumber(2) }],
      [{ a: 1 }, { a: NaN }],
    ],
    [a({ maximum: 5 }), [{ a: 5 }], [{ a: 5.5 }]],
    [
      a({ multipleOf: 0.1 }),
      [{ a: 0.3 }, { a: 2 }, { a: Decimal128.fromString('0.7') }],
      [{ a: 0.35 }, { a: NaN }, { a: Infinity }],
    ],
    [a({ multipleOf: 3 }), [{ a: -9 }, { a: Long.fromNumber(9) }], [{ a: 10 }]],
    [
      a({ minLength: 2, maxLength: 3 }),
      [{ a: 'éé' }, { a: '😀😀' }, { a: new BSONSymbol('x') }],
      [{ a: '😀' }, { a: 'abcd' }],
    ],
    [a({ pattern: '^.b' }), [{ a: 'xb' }, { a: 1 }], [{ a: 'bx' }]],
    [
      a({ enum: [{ x: 1, y: 2 }, [1, 2], 1] }),
      [{ a: { y: 2, x: 1 } }, { a: [1, 2] }, { a: Long.ONE }],
      [{ a: [2, 1] }, { a: 2 }, { a: { x: 1 } }],
    ],
    [a({ items: { bsonType: 'int' } }), [{ a: [] }, { a: [1, 2] }, { a: 'x' }], [{ a: [1, 'x'] }]],
    [
      a({ items: [{ bsonType: 'int' }, { bsonType: 'string' }], additionalItems: false }),
      [{ a: [1] }, { a: [1, 'x'] }],
      [{ a: ['x'] }, { a: [1, 'x', 2] }],
    ],
    [a({ items: [{}], additionalItems: { bsonType: 'int' } }), [{ a: ['x', 1] }], [{ a: ['x', 'x'] }]],
    [a({ minItems: 1, maxItems: 2 }), [{ a: [1] }], [{ a: [] }, { a: [1, 2, 3] }]],
    [
      a({ uniqueItems: true }),
      [
        { a: [1, 2] },
        {
          a: [
            [1, 2],
            [2, 1],
          ],
        },
      ],
      [
        { a: [1, 1.0] },
        {
          a: [
            { x: 1, y: 2 },
            { y: 2, x: 1 },
          ],
        },
      ],
    ],
    [{ properties: { _id: {}, a: {} }, additionalProperties: false }, [{ a: 1 }], [{ b: 1 }]],
    [
      { patternProperties: { '^s': { bsonType: 'string' } }, additionalProperties: { bsonType: 'bool' } },
      [{ s1: 'x', z: true }],
      [{ s1: 1 }, { z: 1 }],
    ],
    [{ minProperties: 1, maxProperties: 2 }, [{ a: 1 }], [{}, { a: 1, b: 1, c: 1 }]],
    [
      { dependencies: { a: ['b'], c: { required: ['d'] } } },
      [{}, { a: 1, b: 1 }, { c: 1, d: 1 }],
      [{ a: 1 }, { c: 1 }],
    ],
    [{ allOf: [{ required: ['a'] }, { required: ['b'] }] }, [{ a: 1, b: 1 }], [{ a: 1 }]],
    [{ anyOf: [{ required: ['a'] }, { required: ['b'] }] }, [{ a: 1 }], [{}]],
    [{ oneOf: [{ required: ['a'] }, { required: ['b'] }] }, [{ a: 1 }], [{}, { a: 1, b: 1 }]],
    [{ not: { required: ['a'] } }, [{}], [{ a: 1 }]],
    [
      a({ properties: { b: { bsonType: 'int' } }, required: ['b'] }),
      [{ a: 5 }, { a: { b: 1 } }],
      [{ a: {} }, { a: { b: 'x' } }],
    ],
    [
      a({ encrypt: {} }),
      [{ a: new Binary(Buffer.from([1]), 6) }],
      [{ a: 1 }, { a: new Binary(Buffer.from([1])) }],
    ],
  ] as const)
    it(JSON.stringify(schema), () => {
      for (const document of valid)
        expect(matches({ $jsonSchema: schema }, document), JSON.stringify(document)).to.equal(true);
      for (const document of invalid)
        expect(matches({ $jsonSchema: schema }, document), JSON.stringify(document)).to.equal(false);
    });
});
