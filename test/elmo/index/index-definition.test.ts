import { expect } from 'chai';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { MinKey } from '../../../elmo/bson/package.js';
import { parseIndexDefinitions } from '../../../elmo/index/index-definition.js';
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
    [{ ...a, name: 'x\0y' }, 67],
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
      expect(await codeOf(() => parseIndexDefinitions([encodeDocument(definition)], COLLECTION))).to.equal(
        expected,
      ),
    );
});

describe('an index definition with two faults tells', () => {
  const unknown = { $nor: [{ a: 1 }] };
  for (const [what, definition, expected] of [
    ['a field there is not, before a key', { key: { a: 0 }, name: 'x', foo: 1 }, 197],
    ['a field that cannot be beside clustered', { ...a, clustered: 'x', hidden: 1 }, 197],
    ['the first of two fields', { key: { a: 0 }, name: 1 }, 67],
    ['the first of two fields, the other way round', { name: 1, key: { a: 0 } }, 14],
    [
      'a filter that is none where it stands',
      { ...a, partialFilterExpression: { a: { $foo: 1 } }, v: 'x' },
      2,
    ],
    [
      'a filter that an index cannot have after options',
      { ...a, partialFilterExpression: unknown, v: 'x' },
      14,
    ],
    ['a projection without a wildcard, whatever it is', { ...a, wildcardProjection: 1 }, 2],
    [
      'a projection where it stands',
      wildcard({ '$**': 1 }, { wildcardProjection: { a: {} }, v: 'x' }),
      51270,
    ],
    [
      'a projection of a path, whatever it is',
      wildcard({ 'a.$**': 1 }, { wildcardProjection: { $a: 1 } }),
      9,
    ],
    ['a wildcard among other fields where the key stands', wildcard({ '$**': 1, a: 1 }, { v: 'x' }), 67],
    ['the type of weights', { ...a, weights: 1 }, 14],
    ['a missing name before weights', { key: { a: 1 }, weights: {} }, 9],
    ['the type of bits', { key: { _id: -1 }, name: 'x', bits: 'x' }, 14],
    ['the type of a language', { ...a, name: '', default_language: 1 }, 14],
    ['that clustered is not false', { ...a, name: '*', clustered: false }, 6492800],
    ['clustered without unique, before a name', { ...a, name: '*', clustered: true }, 67],
    ['a stray field beside _id, before the key', { key: { _id: -1 }, name: 'x', unique: true }, 197],
    [
      'the key of the _id index, before its collation',
      { key: { _id: -1 }, name: 'x', collation: { locale: '?' } },
      2,
    ],
    ['an empty name after an expiry', { ...a, name: '', expireAfterSeconds: 'x' }, 67],
    ['an empty name before storage options', { ...a, name: '', storageEngine: { foo: {} } }, 67],
    [
      'storage options before what a hash cannot be',
      { key: { a: 'hashed' }, name: 'x', unique: true, storageEngine: { foo: {} } },
      72,
    ],
  ] as const)
    it(what, async () =>
      expect(await codeOf(() => parseIndexDefinitions([encodeDocument(definition)], COLLECTION))).to.equal(
        expected,
      ),
    );
});

describe('an _id index', () => {
  for (const [rest, expected] of [
    [{ name: '*' }, 'ok'],
    [{ name: '_id_' }, 'ok'],
    [{ name: '' }, 67],
    [{ name: 'x', _id: 1 }, 'ok'],
    [{ name: 'x', ns: 1 }, 'ok'],
    [{ name: 'x', collation: { locale: 'en' } }, 2],
    [{ name: 'x', expireAfterSeconds: 1 }, 197],
  ] as const)
    it(JSON.stringify(rest), async () =>
      expect(
        await codeOf(() => parseIndexDefinitions([encodeDocument({ key: { _id: 1 }, ...rest })], COLLECTION)),
      ).to.equal(expected),
    );
});

describe('a clustered index that is asked for', () => {
  const clustered = { key: { _id: 1 }, name: 'x', unique: true, clustered: true };
  const store = { collation: undefined, isClustered: true };
  for (const [collection, rest, expected] of [
    [store, {}, 'ok'],
    [store, { v: 1 }, 6100908],
    [store, { unique: false }, 67],
    [store, { key: { a: 1 } }, 6243700],
    [store, { key: { _id: -1 } }, 2],
    [COLLECTION, {}, 6243700],
    [COLLECTION, { name: '' }, 67],
    [undefined, {}, 6100900],
    [undefined, { name: '' }, 6100900],
    [undefined, { expireAfterSeconds: -1 }, 67],
  ] as const)
    it(`${JSON.stringify(collection)} ${JSON.stringify(rest)}`, async () =>
      expect(
        await codeOf(() => parseIndexDefinitions([encodeDocument({ ...clustered, ...rest })], collection)),
      ).to.equal(expected));
});

describe('several index definitions are refused', () => {
  const expire = { ...a, expireAfterSeconds: -1 };
  const collation = { ...a, collation: { locale: '?' } };
  const hashed = { key: { a: 'hashed' }, name: 'h', unique: true };
  for (const [what, definitions, expected] of [
    [
      'one after the other for their fields and names',
      [
        { ...a, name: '*' },
        { ...a, foo: 1 },
      ],
      2,
    ],
    ['for fields before an expiry', [expire, { ...a, foo: 1 }], 197],
    ['for an expiry before a collation', [collation, expire], 67],
    ['for a collation before an empty name', [{ ...a, name: '' }, collation], 2],
    ['for an empty name before what is built', [hashed, { ...a, name: '' }], 67],
  ] as const)
    it(what, async () =>
      expect(
        await codeOf(() =>
          parseIndexDefinitions(
            definitions.map((each) => encodeDocument(each)),
            COLLECTION,
          ),
        ),
      ).to.equal(expected),
    );
});

describe('the projection beside a wildcard and other fields', () => {
  for (const [key, wildcardProjection, expected] of [
    [{ '$**': 1, _id: 1 }, { b: 0 }, 7246209],
    [{ '$**': 1, _id: 1 }, { _id: 1, b: 0 }, 7246209],
    [{ '$**': 1, _id: 1 }, { _id: 0, b: 0 }, 'ok'],
    [{ '$**': 1, _id: 1 }, { _id: 1 }, 7246208],
    [{ '$**': 1, _id: 1 }, { b: 1 }, 'ok'],
    [{ '$**': 1, a: 1 }, { _id: 0 }, 7246210],
    [{ '$**': 1, a: 1 }, { _id: 1 }, 'ok'],
    [{ '$**': 1, a: 1 }, { _id: 1, b: 0 }, 7246209],
    [{ '$**': 1, a: 1 }, { a: 0, b: 1 }, 7246211],
    [{ '$**': 1, a: 1 }, { b: 'x' }, 51271],
    [{ '$**': 1, a: 1 }, { a: 'x' }, 7246208],
    [{ '$**': 1, a: 1 }, 1, 14],
  ] as const)
    it(`${JSON.stringify(key)} ${JSON.stringify(wildcardProjection)}`, async () =>
      expect(
        await codeOf(() =>
          parseIndexDefinitions([encodeDocument(wildcard(key, { wildcardProjection }))], COLLECTION),
        ),
      ).to.equal(expected));
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
