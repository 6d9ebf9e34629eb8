/** Pipelines that write, while they wait for others. */
import { expect } from 'chai';
import { connect, type Collection, type ElmoClient } from '../../../../index.js';

const SHORT_MS = 30;

describe('a pipeline that writes', () => {
  let client: ElmoClient;
  let collection: Collection;

  beforeEach(async () => {
    client = await connect(':memory:');
    collection = client.db('a').collection('c');
    await collection.insertMany([{ _id: 1 as never }, { _id: 2 as never }]);
  });
  afterEach(() => client.close());

  const failureOf = (running: Promise<unknown>): Promise<unknown> =>
    running.then(
      () => undefined,
      (error: unknown) => error,
    );

  for (const [name, pipeline] of [
    ['$out, for a transaction that has written there', [{ $out: 'c' }]],
    [
      '$merge, for a transaction that has written the document',
      [{ $set: { n: 1 } }, { $merge: { into: 'c' } }],
    ],
  ] as const) {
    it(`${name}: ends with its time, and leaves nothing half done`, async () => {
      await client.withSession(async (session) => {
        session.startTransaction();
        await collection.updateOne({ _id: 1 as never }, { $set: { t: 1 } }, { session });
        const running = collection.aggregate([...pipeline], { maxTimeMS: SHORT_MS }).toArray();
        expect(await failureOf(running)).to.have.property('code', 50);
        await session.abortTransaction();
      });
      const names = (await client.db('a').listCollections().toArray()).map((one) => one.name);
      expect(names).to.deep.equal(['c']);
      expect(await collection.countDocuments({ t: 1 })).to.equal(0);
    });

    it(`${name}: goes on when that one ends`, async () => {
      await client.withSession(async (session) => {
        session.startTransaction();
        await collection.updateOne({ _id: 1 as never }, { $set: { t: 1 } }, { session });
        const running = collection.aggregate([...pipeline]).toArray();
        await new Promise((resolve) => setTimeout(resolve, SHORT_MS));
        await session.commitTransaction();
        await running;
      });
      expect(await collection.countDocuments()).to.equal(2);
    });
  }
});
