import { expect } from 'chai';
import { plainJs } from '../../../elmo/bson/value.js';
import { decodeEntry } from '../../../elmo/index/decode-entry.js';
import { keyspaceBounds } from '../../../elmo/keys/key-layout.js';
import { codeOf, Documents } from '../../support/documents.js';

/** The values a document has in an index, in the order of its entries. */
async function tuples(key: object, document: object, options: object = {}): Promise<unknown[][]> {
  const store = new Documents();
  await store.index([{ key, name: 'x', ...options }]);
  await store.insert({ _id: 1, ...document });
  const index = store.collection().indexes[1]!;
  const cursor = store.kv.scan(keyspaceBounds(index.spec.keyspace));
  const found: unknown[][] = [];
  while (cursor.next())
    found.push(
      decodeEntry(index.entries, cursor.key(), cursor.value()).map((value) => {
        const plain = plainJs(value);
        return plain === undefined ? 'undefined' : plain;
      }),
    );
  cursor.close();
  return found;
}

const U = 'undefined';

describe('the values of a document in an index', () => {
  for (const [key, document, expected] of [
    [{ a: 1 }, { a: 7 }, [[7]]],
    [{ a: 1 }, {}, [[null]]],
    [{ a: 1 }, { a: [2, 1, 2] }, [[1], [2]]],
    [{ a: -1 }, { a: [2, 1] }, [[2], [1]]],
    [{ a: 1 }, { a: [] }, [[U]]],
    [{ a: 1 }, { a: [[]] }, [[[]]]],
    [{ a: 1 }, { a: [[1, 2], 3] }, [[3], [[1, 2]]]],
    [{ 'a.b': 1 }, { a: [{ b: 1 }, {}, 3] }, [[null], [1]]],
    [{ 'a.b': 1 }, { a: [] }, [[null]]],
    [{ 'a.b': 1 }, { a: [[{ b: 1 }]] }, [[null]]],
    [{ 'a.b': 1 }, { a: [{ b: [] }] }, [[U]]],
    [{ 'a.0': 1 }, { a: [5, 6] }, [[5]]],
    [{ 'a.0': 1 }, { a: [[1, 2]] }, [[[1, 2]]]],
    [{ 'a.0': 1 }, { a: [[]] }, [[U]]],
    [{ 'a.0': 1 }, { a: { 0: [] } }, [[U]]],
    [{ 'a.0.b': 1 }, { a: [{ b: 1 }, { b: 2 }] }, [[1]]],
    [
      { 'a.0': 1, a: 1 },
      { a: [5, 6] },
      [
        [5, 5],
        [5, 6],
      ],
    ],
    [{ 'a.0': 1, b: 1 }, { a: [5, 6], b: 7 }, [[5, 7]]],
    [
      { 'a.0.b': 1, 'a.1': 1 },
      { a: [{ b: [1, 2] }, 6] },
      [
        [1, 6],
        [2, 6],
      ],
    ],
    [
      { a: 1, b: -1 },
      { a: [1, 2], b: 3 },
      [
        [1, 3],
        [2, 3],
      ],
    ],
    [
      { 'a.b': 1, 'a.c': 1 },
      { a: [{ b: 1, c: 2 }, { c: 3 }] },
      [
        [null, 3],
        [1, 2],
      ],
    ],
    [
      { '$**': 1 },
      { a: { b: 1, c: [2, { d: 3 }], e: {} } },
      [
        ['a.b', 1],
        ['a.c', 2],
        ['a.c.d', 3],
        ['a.e', {}],
      ],
    ],
    [{ '$**': 1 }, { a: [] }, [['a', U]]],
    [{ 'a.$**': 1 }, { a: { b: 1 }, c: 1 }, [['a.b', 1]]],
  ] as const)
    it(`${JSON.stringify(key)} of ${JSON.stringify(document)}`, async () =>
      expect(await tuples(key, document)).to.deep.equal(expected));

  it('a sparse index leaves out what has none of its fields', async () => {
    expect(await tuples({ a: 1, b: 1 }, { c: 1 }, { sparse: true })).to.deep.equal([]);
    expect(await tuples({ a: 1, b: 1 }, { b: 1 }, { sparse: true })).to.deep.equal([[null, 1]]);
    expect(await tuples({ 'a.b': 1 }, { a: [{ b: 1 }, {}] }, { sparse: true })).to.deep.equal([[1]]);
  });

  it('a partial index leaves out what its filter does not match', async () => {
    const options = { partialFilterExpression: { b: { $gt: 1 } } };
    expect(await tuples({ a: 1 }, { a: 1, b: 1 }, options)).to.deep.equal([]);
    expect(await tuples({ a: 1 }, { a: 1, b: 2 }, options)).to.deep.equal([[1]]);
  });

  it('a wildcard index takes what its projection names', async () => {
    const document = { a: 1, b: { c: 2, d: 3 } };
    expect(await tuples({ '$**': 1 }, document, { wildcardProjection: { 'b.c': 1 } })).to.deep.equal([
      ['b.c', 2],
    ]);
    expect(await tuples({ '$**': 1 }, document, { wildcardProjection: { b: 0, _id: 1 } })).to.deep.equal([
      ['_id', 1],
      ['a', 1],
    ]);
  });

  it('a collation gives equal strings one key, beside a wildcard too', async () => {
    const collation = { locale: 'en', strength: 2 };
    const [plain] = await tuples({ a: 1 }, { a: 'Öl' }, { collation });
    expect(await tuples({ a: 1 }, { a: 'ÖL' }, { collation })).to.deep.equal([plain]);
    const beside = await tuples({ a: 1, 'b.$**': 1 }, { a: 'X', b: { C: 'Y' } }, { collation });
    expect(beside).to.deep.equal([['x', 'b.C', 'y']]);
  });

  for (const [key, document, names] of [
    [{ 'a.0': 1, b: 1 }, { a: [1], b: [2] }, '[b] [a]'],
    [{ 'b.0': 1, 'b.1': 1 }, { b: [[1], [2]] }, '[1] [0]'],
    [{ 'b.0': 1, 'b.1': 1 }, { b: [[], []] }, '[1] [0]'],
    [{ 'b.0.c': 1, 'b.1': 1 }, { b: [[], [1]] }, '[1] [0]'],
    [{ 'b.c': 1, 'b.1': 1 }, { b: [{ c: [1] }, []] }, '[1] [c]'],
    [{ 'b.1': 1, 'b.c': 1 }, { b: [{ c: [] }, [{ d: 1 }]] }, '[c] [1]'],
    [{ 'b.c.0': 1, 'b.c.d': 1 }, { b: { c: [[], { d: [1] }] } }, '[d] [0]'],
  ] as const)
    it(`${JSON.stringify(key)} of ${JSON.stringify(document)}: refused, parallel arrays`, async () => {
      const error = await tuples(key, document).then(
        () => undefined,
        (cause: Error) => cause,
      );
      expect(error?.message).to.equal(`cannot index parallel arrays ${names}`);
    });

  for (const [key, document, expected] of [
    [
      { 'b.c': 1, 'b.1': 1 },
      { b: [{ c: 1 }, [5, 6]] },
      [
        [null, [5, 6]],
        [1, [5, 6]],
      ],
    ],
    [{ 'b.0': 1, 'b.1': 1 }, { b: [[1], 2] }, [[[1], 2]]],
    [{ 'b.0': 1, 'b.0.c': 1 }, { b: [[{ c: [1] }], 2] }, [[[{ c: [1] }], 1]]],
    [
      { b: 1, 'b.0': 1 },
      { b: [[1], [2]] },
      [
        [[1], [1]],
        [[2], [1]],
      ],
    ],
  ] as const)
    it(`${JSON.stringify(key)} of ${JSON.stringify(document)}: an array named by its place goes with what is none`, async () =>
      expect(await tuples(key, document)).to.deep.equal(expected));

  it('a name that could be a place or a field is refused', async () =>
    expect(await codeOf(() => tuples({ 'a.0': 1 }, { a: [{ 0: 1 }] }))).to.equal(16746));
});
