import { expect } from 'chai';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { MinKey } from '../../../elmo/bson/package.js';
import { parseIndexDefinition } from '../../../elmo/index/index-definition.js';
import { codeOf, Documents } from '../../support/documents.js';

const COLLECTION = { collation: undefined, isClustered: false };
const a = { key: { a: 1 }, name: 'x' };
const wildcard = (key: object, rest: object = {}): object => ({ key, name: 'w', ...rest });

describe('an index definition', () => {
  for (const [definition, expected] of [
    [{}, 9],
    [{ key: { a: 1 } }, 9],
    [{ key: 1, name: 'x' }, 14],
    [{ key: {}, name: 'x' }, 67],
    [{ ...a, name: '' }, 67],
    [{ ...a, name: 1 }, 14],
    [{ ...a, name: '*' }, 2],
    [{ ...a, name: '_id_' }, 2],
    [{ ...a, v: 3 }, 67],
    [{ ...a, v: 1.5 }, 2],
    [{ key: { a: 0 }, name: 'x' }, 67],
    [{ key: { a: 0.5 }, name: 'x' }, 'ok'],
    [{ key: { a: true }, name: 'x' }, 67],
    [{ key: { a: new MinKey() }, name: 'x' }, 67],
    [{ key: { a: 'wildcard' }, name: 'x' }, 7246202],
    [{ key: { 'a..b': 1 }, name: 'x' }, 67],
    [{ key: { 'a.$b': 1 }, name: 'x' }, 67],
    [{ key: { 'a.$id': 1 }, name: 'x' }, 'ok'],
    [{ key: { _id: -1 }, name: 'x' }, 2],
    [{ key: { _id: 1 }, name: 'x', unique: true }, 197],
    [{ key: { _id: 1 }, name: 'x' }, 'ok'],
    [{ ...a, unheardOf: 1 }, 197],
    [{ ...a, unique: 'a' }, 14],
    [{ ...a, hidden: 1 }, 14],
    [{ ...a, sparse: true, partialFilterExpression: {} }, 67],
    [{ ...a, expireAfterSeconds: -1 }, 67],
    [{ ...a, expireAfterSeconds: 2 ** 31 }, 67],
    [{ ...a, expireAfterSeconds: 'a' }, 67],
    [{ key: { a: 1, b: 1 }, name: 'x', expireAfterSeconds: 1 }, 67],
    [{ key: { a: 'hashed' }, name: 'x', unique: true }, 16764],
    [{ key: { a: 'hashed', b: 'hashed' }, name: 'x' }, 31303],
    [{ ...a, partialFilterExpression: { a: { $exists: false } } }, 67],
    [{ ...a, partialFilterExpression: { a: { $ne: 1 } } }, 67],
    [{ ...a, partialFilterExpression: { $or: [{ a: 1 }, { b: { $in: [1] } }] } }, 'ok'],
    [{ ...a, partialFilterExpression: { $expr: true } }, 224],
    [{ ...a, collation: {} }, 2],
    [{ ...a, collation: { locale: 'xx' } }, 2],
    [{ ...a, v: 1, collation: { locale: 'fr' } }, 67],
    [{ ...a, unique: true, prepareUnique: true }, 67],
    [{ ...a, weights: { a: 1 } }, 67],
    [{ ...a, wildcardProjection: { b: 1 } }, 2],
    [wildcard({ '$**': 1 }, { unique: true }), 67],
    [wildcard({ '$**': 1, a: 1 }), 67],
    [wildcard({ a: 1, 'b.$**': 1 }), 'ok'],
    [wildcard({ a: 1, 'a.$**': 1 }), 7246204],
    [wildcard({ a: 1, '$**': 1 }, { wildcardProjection: { a: 0 } }), 'ok'],
    [wildcard({ a: 1, '$**': 1 }, { wildcardProjection: { a: 1 } }), 7246208],
    [wildcard({ '$**': 1, 'b.$**': 1 }), 7246201],
    [wildcard({ '$**': 1 }, { wildcardProjection: {} }), 9],
    [wildcard({ '$**': 1 }, { wildcardProjection: { a: 1, b: 0 } }), 31254],
    [wildcard({ '$**': 1 }, { wildcardProjection: { _id: 0, b: 1 } }), 'ok'],
    [wildcard({ '$**': 1 }, { wildcardProjection: { a: 'x' } }), 51271],
    [wildcard({ 'a.$**': 1 }, { wildcardProjection: { b: 1 } }), 9],
  ] as const)
    it(JSON.stringify(definition), async () =>
      expect(await codeOf(() => parseIndexDefinition(encodeDocument(definition), COLLECTION))).to.equal(
        expected,
      ),
    );
});

describe('an index beside another', () => {
  const one = { key: { a: 1 }, name: 'a_1' };
  for (const [first, second, expected] of [
    [one, one, 'all indexes already exist'],
    [one, { ...one, background: true }, 'all indexes already exist'],
    [one, { ...one, v: 1 }, 'all indexes already exist'],
    [one, { ...one, name: 'b' }, 85],
    [one, { ...one, name: 'b', unique: true }, undefined],
    [one, { ...one, name: 'b', collation: { locale: 'fr' } }, undefined],
    [one, { ...one, unique: true }, 86],
    [one, { ...one, hidden: true }, 85],
    [one, { ...one, expireAfterSeconds: 5 }, 85],
    [one, { key: { b: 1 }, name: 'a_1' }, 86],
    [one, { key: { a: 2 }, name: 'b' }, undefined],
    [
      { ...one, partialFilterExpression: { b: 1 } },
      { ...one, partialFilterExpression: { b: { $eq: 1 } } },
      'all indexes already exist',
    ],
    [
      { key: { '$**': 1 }, name: 'w', wildcardProjection: { a: 1 } },
      { key: { '$**': 1 }, name: 'w2', wildcardProjection: { a: true } },
      85,
    ],
  ] as const)
    it(`${JSON.stringify(first)}, ${JSON.stringify(second)}`, async () => {
      const store = new Documents();
      await store.index([first]);
      let outcome: unknown;
      const code = await codeOf(async () => (outcome = (await store.index([second])).note));
      expect(code === 'ok' ? outcome : code).to.equal(expected);
    });

  it('there are at most 64', async () => {
    const store = new Documents();
    const fields = (count: number, prefix: string): object[] =>
      Array.from({ length: count }, (_, i) => ({ key: { [`${prefix}${i}`]: 1 }, name: `${prefix}${i}` }));
    expect(await codeOf(() => store.index(fields(64, 'a')))).to.equal(67);
    await store.index(fields(63, 'b'));
    expect(await codeOf(() => store.index(fields(1, 'c')))).to.equal(67);
  });
});
