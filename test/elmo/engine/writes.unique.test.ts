import { expect } from 'chai';
import { connect, type ClientSession, type Collection, type ElmoClient } from '../../../elmo/index.js';
import { SeededRandom } from '../../support/seeded-random.js';

interface Numbered {
  _id: number;
  u: number;
}

/** Whether it went in; anything but a duplicate is thrown. */
async function goesIn(inserting: Promise<unknown>): Promise<boolean> {
  try {
    await inserting;
    return true;
  } catch (error) {
    if ((error as { code?: number }).code !== 11000) throw error;
    return false;
  }
}

describe('unique keys, in whatever order they come', () => {
  let client: ElmoClient;
  let collection: Collection<Numbered>;
  beforeEach(async () => {
    client = await connect(':memory:');
    collection = client.db('d').collection<Numbered>('c');
    await collection.createIndex({ u: 1 }, { unique: true });
  });
  afterEach(() => client.close());

  it('are refused exactly when they are there', async () => {
    const random = new SeededRandom(5);
    const there = new Map<number, number>();
    for (let i = 0; i < 2000; i++) {
      const [_id, u] = [random.int(400) + (i >> 2), random.int(400) + (i >> 2)];
      if (random.chance(25)) {
        await collection.deleteOne({ _id });
        there.delete(_id);
      } else {
        const isFree = !there.has(_id) && ![...there.values()].includes(u);
        expect(await goesIn(collection.insertOne({ _id, u }))).to.equal(isFree);
        if (isFree) there.set(_id, u);
      }
    }
    const found = await collection.find().sort({ _id: 1 }).toArray();
    expect(found).to.deep.equal([...there].sort(([a], [b]) => a - b).map(([_id, u]) => ({ _id, u })));
    expect((await client.check()).problems).to.deep.equal([]);
  });

  it('are refused within one call', async () => {
    const given = [1, 2, 3, 2, 5, 5, 4].map((u, _id) => ({ _id, u }));
    const error: unknown = await collection
      .insertMany(given, { ordered: false })
      .catch((thrown: unknown) => thrown);
    expect(
      (error as { writeErrors: { index: number }[] }).writeErrors.map(({ index }) => index),
    ).to.deep.equal([3, 5]);
    expect(await collection.distinct('u')).to.deep.equal([1, 2, 3, 5, 4].sort());
  });

  it('of an open transaction count, and those it gives up are free again', async () => {
    const session: ClientSession = client.startSession();
    session.startTransaction();
    await collection.insertOne({ _id: 10, u: 100 }, { session });
    expect(await goesIn(collection.insertOne({ _id: 10, u: 101 }, { session }))).to.equal(false);
    if (session.inTransaction()) await session.abortTransaction();
    expect(await goesIn(collection.insertOne({ _id: 10, u: 100 }))).to.equal(true);
    expect(await goesIn(collection.insertOne({ _id: 11, u: 100 }))).to.equal(false);

    session.startTransaction();
    await collection.insertOne({ _id: 20, u: 200 }, { session });
    await session.commitTransaction();
    expect(await goesIn(collection.insertOne({ _id: 20, u: 300 }))).to.equal(false);
    expect(await goesIn(collection.insertOne({ _id: 21, u: 200 }))).to.equal(false);
    await session.endSession();
  });

  it('that others have committed since a transaction began make it fail', async () => {
    const session = client.startSession();
    session.startTransaction();
    await collection.findOne({ _id: 1 }, { session });
    await collection.insertOne({ _id: 5, u: 5 });
    const error: unknown = await collection
      .insertOne({ _id: 6, u: 5 }, { session })
      .catch((thrown: unknown) => thrown);
    expect([112, 11000]).to.include((error as { code: number }).code);
    if (session.inTransaction()) await session.abortTransaction();
    await session.endSession();
  });

  it('are known again when a value of an update leaves and comes back', async () => {
    await collection.insertMany([1, 2, 3].map((n) => ({ _id: n, u: n })));
    await collection.updateOne({ _id: 3 }, { $set: { u: 9 } });
    expect(await goesIn(collection.insertOne({ _id: 4, u: 9 }))).to.equal(false);
    expect(await goesIn(collection.insertOne({ _id: 4, u: 3 }))).to.equal(true);
    expect(await goesIn(collection.updateOne({ _id: 3 }, { $set: { u: 3 } }))).to.equal(false);
    await collection.deleteOne({ _id: 3 });
    expect(await goesIn(collection.insertOne({ _id: 5, u: 9 }))).to.equal(true);
  });
});
