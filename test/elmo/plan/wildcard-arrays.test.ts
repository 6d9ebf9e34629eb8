import { expect } from 'chai';
import type { Int32 } from '../../../elmo/bson/package.js';
import { arrayComponents, entersArrayInArray } from '../../../elmo/plan/wildcard-arrays.js';
import { newIndexSpec } from '../../../elmo/catalog/record.js';
import { choosePlan } from '../../../elmo/plan/choose.js';
import { parseFilter } from '../../../elmo/query/parse.js';
import { intervalTexts } from '../../../elmo/plan/bounds-text.js';
import { IndexedCollection, raw, type Query } from './indexed-collection.js';

const INDEX = newIndexSpec(raw({ v: 2, key: { '$**': 1 }, name: 'w' }), 20, true);

/** The components of a path at which an index that knows these paths has met arrays. */
function componentsOf(path: string, ...known: string[]): number[] {
  const index = { ...INDEX, multikeyComponents: [new Set([0, 1])] };
  return [...arrayComponents(index, path, { hasArrayAt: (_, each) => known.includes(each) })!];
}

describe('elmo/plan/wildcard-arrays', () => {
  for (const [why, path, known, expected] of [
    ['a path without arrays', 'a.b', ['c', 'a.b.c', 'ab'], []],
    ['the path itself', 'a.b', ['a.b'], [1]],
    ['what leads to it', 'a.b.c', ['a', 'a.b'], [0, 1]],
    ['a place in an array is in no name', 'a.0.b', ['a', 'a.b'], [0, 2]],
    ['or it is a name', 'a.0.b', ['a.0'], [1]],
    ['where there is no array it is one', 'a.0.b', ['a.b'], []],
  ] as const)
    it(`finds ${why}`, () => expect(componentsOf(path, ...known)).to.deep.equal(expected));

  it('knows of no components where arrays were met before it was noted where', () => {
    const index = { ...INDEX, multikeyComponents: [new Set([0])] };
    const request = { hasArrayAt: () => true };
    expect(arrayComponents(index, 'a', request)).to.equal(undefined);
    expect(arrayComponents(INDEX, 'a', request)).to.deep.equal(new Set());
  });

  it('two places behind an array lead into an array in another', () => {
    expect(entersArrayInArray('a.0.1', new Set([0]))).to.equal(true);
    expect(entersArrayInArray('a.0.1', new Set())).to.equal(false);
    expect(entersArrayInArray('a.0.b.1', new Set([0]))).to.equal(false);
  });
});

describe('the bounds of a path in a wildcard index', () => {
  const boundsOf = async (filter: object, ...documents: object[]): Promise<string[]> => {
    const { entry, engine } = await IndexedCollection.open([{ key: { '$**': 1 }, name: 'w' }], documents);
    const { best } = choosePlan({
      collection: entry.spec,
      view: engine.kv,
      filter: parseFilter(raw(filter), { collation: undefined }),
      collation: undefined,
      sort: undefined,
      wanted: 0,
      hint: undefined,
      natural: undefined,
      requiredPaths: undefined,
      hasArrayAt: ({ keyspace }, path) => entry.state.arrayPaths(keyspace).has(path, engine.kv),
      documentCount: 1,
    });
    return best.access.kind === 'ixscan' ? intervalTexts(best.access.fieldIntervals[1]!, false) : [];
  };

  it('are those of all conditions where no array was met, whatever other paths met', async () => {
    expect(await boundsOf({ a: { $gt: 1, $lt: 5 } }, { _id: 1, a: 3, b: [1] })).to.deep.equal(['(1, 5)']);
  });

  it('are those of one condition where one was met', async () => {
    expect(await boundsOf({ a: { $gt: 1, $lt: 5 } }, { _id: 1, a: [0, 9] })).to.have.length(1);
    expect(await boundsOf({ a: { $gt: 1, $lt: 5 } }, { _id: 1, a: [0, 9] })).to.not.deep.equal(['(1, 5)']);
    expect(await boundsOf({ 'a.b': { $gt: 1, $lt: 5 } }, { _id: 1, a: [] })).to.not.deep.equal(['(1, 5)']);
  });

  it('find what an array matches by different elements', async () => {
    const collection = await IndexedCollection.open([{ key: { '$**': 1 }, name: 'w' }], [{ _id: 1, a: 3 }]);
    const query = { filter: { a: { $gt: 1, $lt: 5 } }, hint: 'w' };
    expect(await collection.find(query)).to.have.length(1);
    await collection.insert([{ _id: 2, a: [0, 9] }]);
    expect(await collection.find(query)).to.have.length(2);
  });
});

describe('names with dots in a wildcard index', () => {
  const found = async (query: Query, ...documents: object[]): Promise<unknown[]> => {
    const collection = await IndexedCollection.open([{ key: { '$**': 1 }, name: 'w' }], documents);
    const byIndex = await collection.find({ ...query, hint: 'w' });
    expect(byIndex).to.have.deep.members(await collection.find({ ...query, hint: { $natural: 1 } }));
    return byIndex.map((document) => Number((document as { _id: Int32 })._id));
  };

  it('are no paths', async () => {
    expect(
      await found({ filter: { 'a.b': 1 } }, { _id: 1, 'a.b': 1 }, { _id: 2, a: { b: 1 } }),
    ).to.deep.equal([2]);
    expect(await found({ filter: { 'a.b.c': 1 } }, { _id: 1, a: { 'b.c': 1 } })).to.deep.equal([]);
  });

  it('are below what they stand in', async () =>
    expect(await found({ filter: { a: { $exists: true } } }, { _id: 1, a: { 'b.c': 1 } })).to.deep.equal([
      1,
    ]));

  it('give no document twice, nor another order', async () => {
    const documents = [
      { _id: 1, a: { b: 5 }, 'a.b': 1 },
      { _id: 2, a: { b: 3 } },
    ];
    const query = { filter: { 'a.b': { $gt: 0 } }, sort: { 'a.b': 1 } };
    expect(await found(query, ...documents)).to.deep.equal([2, 1]);
  });

  it('with arrays are no paths with arrays', async () => {
    const collection = await IndexedCollection.open(
      [{ key: { '$**': 1 }, name: 'w' }],
      [{ _id: 1, 'a.b': [1], c: { 'd.e': [{ f: [1] }] } }],
    );
    const { isMultikey } = collection.entry.spec.indexes[1]!;
    expect(isMultikey).to.equal(false);
    expect(await collection.codeOf({ filter: { 'a.b': { $ne: null } }, hint: 'w' })).to.equal(0);
  });
});
