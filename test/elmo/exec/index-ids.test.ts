/** Entries and records that are read many at once give what a look at every document gives, wherever these lie. */
import { expect } from 'chai';
import { connect, type Collection, type Document } from '../../../index.js';
import type { LsmStore } from '../../../lsm/index.js';

const COUNT = 3000;

const documentOf = (i: number, version: number): Document => ({
  _id: i,
  i,
  group: i % 7,
  at: (i * 7919) % COUNT,
  tags: [`t${i % 11}`, `t${i % 13}`],
  number: COUNT - i,
  version,
  text: 'x'.repeat(i % 400),
});

async function fillLayers(collection: Collection, store: LsmStore): Promise<void> {
  await collection.createIndexes([
    { key: { group: 1, at: 1 } },
    { key: { tags: 1 } },
    { key: { number: 1 }, unique: true },
  ]);
  await collection.insertMany(Array.from({ length: COUNT }, (_, i) => documentOf(i, 1)));
  await store.flush();
  await store.mergeAll();
  await collection.updateMany({ i: { $mod: [10, 3] } }, { $set: { version: 2 }, $inc: { at: 1 } });
  await collection.deleteMany({ i: { $mod: [50, 7] } });
  await store.flush();
  await collection.updateMany({ i: { $mod: [30, 4] } }, { $set: { version: 3 } });
  await collection.deleteMany({ i: { $mod: [90, 11] } });
}

const QUERIES: readonly (readonly [filter: Document, sort: Document])[] = [
  [{ group: 3, at: { $gte: 100, $lt: 2500 } }, { at: 1 }],
  [{ group: 3, at: { $gte: 100, $lt: 2500 } }, { at: -1 }],
  [{ group: { $in: [1, 2, 5] }, at: { $lt: 900 }, version: { $ne: 2 } }, { _id: 1 }],
  [{ tags: { $gte: 't2', $lte: 't5' } }, { _id: 1 }],
  [{ number: { $gt: 200, $lt: 2900 } }, { number: 1 }],
  [{ number: { $gt: 200, $lt: 2900 } }, { number: -1 }],
  [{ $or: [{ group: 2, at: { $lt: 1000 } }, { number: { $lt: 500 } }] }, { _id: 1 }],
  [{ _id: { $gte: 5, $lt: 2990 }, version: 1 }, { _id: -1 }],
];

describe('records by their ids from an index', () => {
  it('are those a look at every document finds, in memory and in tables, in both directions', async () => {
    await using client = await connect(':memory:');
    const collection = client.db('test').collection('c');
    await fillLayers(collection, client.engine.kv as LsmStore);
    for (const [filter, sort] of QUERIES) {
      const expected = await collection.find(filter, { sort, hint: { $natural: 1 } }).toArray();
      expect(expected.length).to.be.above(100);
      for (let round = 0; round < 2; round++)
        expect(await collection.find(filter, { sort }).toArray()).to.deep.equal(expected);
      const limited = await collection.find(filter, { sort, limit: 7, skip: 5 }).toArray();
      expect(limited).to.deep.equal(expected.slice(5, 12));
    }
  });

  it('stay those of the moment the cursor was opened, whatever is written and read between its batches', async () => {
    await using client = await connect(':memory:');
    const collection = client.db('test').collection('c');
    await fillLayers(collection, client.engine.kv as LsmStore);
    const filter = { group: 3, at: { $gte: 0 } };
    const expected = await collection.find(filter, { sort: { at: 1 } }).toArray();
    const found: Document[] = [];
    for await (const document of collection.find(filter, { sort: { at: 1 }, batchSize: 3 })) {
      found.push(document);
      await collection.updateOne({ _id: expected[found.length]?.['_id'] ?? -1 }, { $set: { version: 9 } });
      await collection.deleteOne({ _id: expected[found.length + 20]?.['_id'] ?? -1 });
      await collection.findOne({ number: found.length });
    }
    expect(found).to.deep.equal(expected);
  });

  it('are counted as they are looked at, not as they are read', async () => {
    await using client = await connect(':memory:');
    const collection = client.db('test').collection('c');
    await fillLayers(collection, client.engine.kv as LsmStore);
    for (const limit of [1, 5, 20]) {
      const plan = await collection
        .find({ group: 3, at: { $gte: 0 } }, { sort: { at: -1 }, limit })
        .explain('executionStats');
      const stats = (plan as { executionStats: Document }).executionStats;
      expect([stats['totalKeysExamined'], stats['totalDocsExamined']]).to.deep.equal([limit, limit]);
    }
  });
});
