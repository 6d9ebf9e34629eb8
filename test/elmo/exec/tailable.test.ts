import { expect } from 'chai';
import { documentValue, plainJs } from '../../../elmo/bson/value.js';
import type { ElmoCursor } from '../../../elmo/exec/cursor.js';
import { dropCollection } from '../../../elmo/catalog/define.js';
import { IndexedCollection } from '../plan/indexed-collection.js';

const MOST_BYTES = 1 << 24;

async function idsOf(cursor: ElmoCursor, maxTimeMs?: number): Promise<number[]> {
  const { documents, isLast } = await cursor.nextBatch(100, MOST_BYTES, { maxTimeMs });
  expect(isLast).to.equal(false);
  return documents.map((each) => (plainJs(documentValue(each)) as { _id: number })._id);
}

async function capped(count: number, max = 100): Promise<IndexedCollection> {
  const documents = Array.from({ length: count }, (_, _id) => ({ _id }));
  return IndexedCollection.open([], documents, { capped: true, size: 1 << 20, max });
}

const open = (collection: IndexedCollection, awaitData = false): Promise<ElmoCursor> =>
  collection.engine.find({ namespace: collection.namespace, isTailable: true, awaitData });

describe('TailableCursor', () => {
  it('stays open at the end, and goes on with what is added', async () => {
    const collection = await capped(2);
    const cursor = await open(collection);
    expect(await idsOf(cursor)).to.deep.equal([0, 1]);
    expect(await idsOf(cursor)).to.deep.equal([]);
    await collection.insert([{ _id: 2 }, { _id: 3 }]);
    expect(await idsOf(cursor)).to.deep.equal([2, 3]);
    cursor.close();
  });

  it('waits for documents when it is asked to', async () => {
    const collection = await capped(1);
    const cursor = await open(collection, true);
    expect(await idsOf(cursor)).to.deep.equal([0]);
    const waiting = idsOf(cursor, 10_000);
    await collection.insert([{ _id: 1 }]);
    expect(await waiting).to.deep.equal([1]);
    cursor.close();
  });

  it('gives up waiting after its time', async () => {
    const collection = await capped(1);
    const cursor = await open(collection, true);
    await idsOf(cursor);
    expect(await idsOf(cursor, 5)).to.deep.equal([]);
    cursor.close();
  });

  it('ends at once on an empty collection', async () => {
    const cursor = await open(await capped(0));
    expect(await cursor.nextBatch(100, MOST_BYTES)).to.deep.equal({ documents: [], isLast: true });
  });

  it('says so when its place has been overwritten', async () => {
    const collection = await capped(3, 3);
    const cursor = await open(collection);
    await idsOf(cursor);
    await idsOf(cursor);
    await collection.insert(Array.from({ length: 5 }, (_, i) => ({ _id: 10 + i })));
    await expectCode(idsOf(cursor), 136);
  });

  it('ends with its collection', async () => {
    const collection = await capped(3);
    const cursor = await open(collection);
    await idsOf(cursor);
    const unit = collection.engine.committer.direct();
    dropCollection(collection.engine.catalog, unit, collection.namespace);
    await unit.commit();
    await expectCode(idsOf(cursor), 175);
  });

  it('is refused on collections that are not capped', async () => {
    const collection = await IndexedCollection.open([], [{ _id: 1 }]);
    await expectCode(open(collection), 2);
  });
});

async function expectCode(promise: Promise<unknown>, code: number): Promise<void> {
  const found = await promise.then(
    () => 0,
    (error: { code: number }) => error.code,
  );
  expect(found).to.equal(code);
}
