import { expect } from 'chai';
import type { ElmoError } from '../../../elmo/errors.js';
import { decodeDocument } from '../../../elmo/bson/decode.js';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { codeOf, Documents, NAMESPACE } from '../../support/documents.js';

async function failure(run: () => Promise<unknown>): Promise<ElmoError> {
  try {
    await run();
  } catch (error) {
    return error as ElmoError;
  }
  throw new Error('nothing was thrown');
}

describe('an open collection', () => {
  it('keeps every kind of index in step with inserts, replacements and removals', async () => {
    const store = new Documents();
    await store.index([
      { key: { a: 1 }, name: 'a' },
      { key: { 'b.c': -1, a: 1 }, name: 'bc' },
      { key: { h: 'hashed' }, name: 'h' },
      { key: { s: 1 }, name: 's', sparse: true },
      { key: { p: 1 }, name: 'p', partialFilterExpression: { a: { $gt: 1 } } },
      { key: { '$**': 1 }, name: 'w' },
      { key: { t: 1 }, name: 't', collation: { locale: 'en', strength: 2 } },
    ]);
    const ids: number[] = [];
    for (let i = 0; i < 30; i++)
      ids.push(
        await store.insert({
          _id: i,
          a: i % 4 === 1 ? [i, i + 1] : i,
          b: i % 4 === 0 ? [{ c: i }, { c: -i }, {}] : { c: i },
          ...(i % 2 === 0 ? { h: i, s: 's' } : { t: 'Text' }),
          p: i,
        }),
      );
    expect(store.problems()).to.deep.equal([]);
    for (const id of ids.slice(0, 20))
      await store.replace(id, { _id: id - 1, a: 5, b: [], s: 1, x: { y: [id] } });
    for (const id of ids.slice(5, 25)) await store.remove(id);
    expect(store.problems()).to.deep.equal([]);
    expect(store.collection().state.documentCount).to.equal(10);
  });

  it('tells of a duplicate what a client may want to see', async () => {
    const store = new Documents();
    await store.index([{ key: { a: 1, 'b.c': -1 }, name: 'x', unique: true }]);
    await store.insert({ _id: 1, a: [1, 2], b: { c: 'k' } });
    const error = await failure(() => store.insert({ _id: 2, a: 2, b: [{ c: 'k' }, { c: null }] }));
    expect(error.message).to.equal(
      'E11000 duplicate key error collection: shop.orders index: x dup key: { a: 2, b.c: "k" }',
    );
    expect(decodeDocument(error.details.keyPattern!)).to.deep.equal({ a: 1, 'b.c': -1 });
    expect(decodeDocument(error.details.keyValue!)).to.deep.equal({ a: 2, 'b.c': 'k' });
    expect(store.problems()).to.deep.equal([]);
  });

  for (const [why, index, first, second, expected] of [
    ['missing counts as null', { a: 1 }, {}, { a: null }, 11000],
    ['numbers of different types are equal', { a: 1 }, { a: 1 }, { a: 1.0 }, 11000],
    ['the elements of one document may repeat', { a: 1 }, { a: [1, 1] }, { a: 2 }, 'ok'],
    ['an empty array is undefined, not null', { a: 1 }, { a: [] }, { a: null }, 'ok'],
    ['arrays side by side cannot be indexed', { a: 1, b: 1 }, {}, { a: [1], b: [2] }, 171],
    ['one array may be met by two fields', { 'a.b': 1, 'a.c': 1 }, {}, { a: [{ b: 1, c: 2 }] }, 'ok'],
    ['nor where one is named by an element of it', { 'a.0': 1, b: 1 }, {}, { a: [1], b: [2] }, 171],
    ['hashed fields hold no arrays', { a: 'hashed' }, {}, { a: [1] }, 16766],
    ['and lie in none', { 'a.0': 'hashed' }, {}, { a: [1] }, 16766],
  ] as const)
    it(why, async () => {
      const store = new Documents();
      const isHashed = Object.values(index).includes('hashed' as never);
      await store.index([{ key: index, name: 'i', ...(isHashed ? {} : { unique: true }) }]);
      await store.insert({ _id: 1, ...first });
      expect(await codeOf(() => store.insert({ _id: 2, ...second }))).to.equal(expected);
      expect(store.problems()).to.deep.equal([]);
    });

  it('sees its own documents in a batch, and refuses one without a trace', async () => {
    const store = new Documents();
    await store.index([{ key: { a: 1 }, name: 'a', unique: true }]);
    await store.run((unit) => {
      store.insertThrough(unit, { _id: 1, a: 1 });
      expect(() => store.insertThrough(unit, { _id: 2, a: 1 })).to.throw('E11000');
      store.insertThrough(unit, { _id: 3, a: 3 });
    });
    expect(store.documents()).to.deep.equal([
      { _id: 1, a: 1 },
      { _id: 3, a: 3 },
    ]);
    expect(store.problems()).to.deep.equal([]);
  });

  it('notes which components met arrays', async () => {
    const store = new Documents();
    await store.index([{ key: { 'a.b': 1, c: 1 }, name: 'x' }]);
    const components = (): number[][] =>
      store.collection().spec.indexes[1]!.multikeyComponents.map((each) => [...each]);
    await store.insert({ _id: 1, a: { b: 1 }, c: 1 });
    expect(components()).to.deep.equal([[], []]);
    await store.insert({ _id: 2, a: [{ b: 1 }], c: 1 });
    expect(components()).to.deep.equal([[0], []]);
    await store.insert({ _id: 3, a: { b: [1] }, c: 1 });
    expect(components()).to.deep.equal([[0, 1], []]);
    expect(store.reopened().collection().spec.indexes[1]!.isMultikey).to.equal(true);
  });

  it('looks only at indexes that a change touches', async () => {
    const store = new Documents();
    await store.index([
      { key: { a: 1 }, name: 'a' },
      { key: { 'b.c': 1 }, name: 'bc' },
    ]);
    const id = await store.insert({ _id: 1, a: 1, b: [{ c: 1 }] });
    await store.replace(id, { _id: 1, a: 1, b: [{ c: 2 }] }, ['b.0.c']);
    await store.replace(id, { _id: 1, a: 3, b: [{ c: 2 }] }, ['a']);
    expect(store.problems()).to.deep.equal([]);
  });

  it('reads nothing of the catalog in steady work', async () => {
    const store = new Documents();
    await store.insert({ _id: 1 });
    const { reads } = store.catalog;
    for (let i = 2; i < 20; i++) await store.insert({ _id: i });
    expect(store.catalog.reads).to.equal(reads);
  });
});

describe('a capped collection', () => {
  it('forgets the oldest documents, by number and by size', async () => {
    const store = new Documents();
    await store.create({ capped: true, size: 4000, max: 3 });
    await store.index([{ key: { a: 1 }, name: 'a' }]);
    for (let i = 0; i < 10; i++) await store.insert({ _id: i, a: i });
    expect(store.documents().map((document) => (document as { _id: number })._id)).to.deep.equal([7, 8, 9]);
    await store.insert({ _id: 10, a: 'x'.repeat(3970) });
    expect(store.documents()).to.have.length(1);
    expect(store.problems()).to.deep.equal([]);
  });
});

describe('counts of a collection', () => {
  it('survive a clean close, and are counted anew after a crash', async () => {
    const store = new Documents();
    await store.insert({ _id: 1 });
    await store.insert({ _id: 2 });
    for (const { key, value } of store.catalog.storedCounts()) await store.kv.put(key, value);
    const reopened = store.reopened();
    expect(reopened.collection().state.documentCount).to.equal(2);
    await reopened.insert({ _id: 3 });
    const crashed = reopened.reopened();
    expect(crashed.collection().state.documentCount).to.equal(3);
    expect(crashed.problems()).to.deep.equal([]);
  });

  it('ignore what is rolled back', async () => {
    const store = new Documents();
    await store.insert({ _id: 1 });
    const unit = store.committer.begin();
    store.insertThrough(unit, { _id: 2 });
    unit.rollback();
    expect(store.collection(NAMESPACE).state.documentCount).to.equal(1);
    expect(store.problems()).to.deep.equal([]);
  });
});

describe('a write that holds an old definition', () => {
  it('keeps indexes that were made meanwhile', async () => {
    const store = new Documents();
    await store.insert({ _id: 1, a: 1 });
    const old = store.collection();
    await store.index([
      { key: { a: 1 }, name: 'a' },
      { key: { b: 1 }, name: 'b' },
    ]);
    await store.run((unit) => old.insert(unit, encodeDocument({ _id: 2, a: 2 })));
    await store.run((unit) =>
      old.replace(unit, 1, old.read(store.kv, 1)!, 0, encodeDocument({ _id: 1, a: [3] })),
    );
    await store.run((unit) => old.insert(unit, encodeDocument({ _id: 3, b: [2] })));
    expect(store.problems()).to.deep.equal([]);
    const isMultikey = store
      .reopened()
      .collection()
      .spec.indexes.map((index) => index.isMultikey);
    expect(isMultikey).to.deep.equal([false, true, true]);
  });

  it('ends when the collection is gone', async () => {
    const store = new Documents();
    await store.insert({ _id: 1 });
    const old = store.collection();
    await store.run((unit) => store.catalog.drop(unit, store.catalog.expect(NAMESPACE)));
    const write = () => store.run((unit) => old.insert(unit, encodeDocument({ _id: 2 })));
    expect(await codeOf(write)).to.equal(175);
    await store.create();
    expect(await codeOf(write)).to.equal(175);
  });
});

describe('entries that are too long', () => {
  const long = 'x'.repeat(70_000);

  it('are refused, and leave nothing', async () => {
    const store = new Documents();
    await store.index([{ key: { a: 1 }, name: 'a' }]);
    expect(await codeOf(() => store.insert({ _id: 1, a: long }))).to.equal(17280);
    expect(await codeOf(() => store.insert({ _id: long }))).to.equal(17280);
    expect(store.documents()).to.deep.equal([]);
    await store.insert({ _id: 1, a: long.slice(0, 65_000) });
    expect(store.problems()).to.deep.equal([]);
  });

  it('are no matter of hashed indexes', async () => {
    const store = new Documents();
    await store.index([{ key: { a: 'hashed' }, name: 'a' }]);
    await store.insert({ _id: 1, a: long });
    expect(store.problems()).to.deep.equal([]);
  });
});
