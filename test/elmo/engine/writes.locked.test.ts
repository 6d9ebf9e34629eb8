/** Writes while `fsync` holds them back, or while those of users are refused: by commands and by the interface alike. */
import { expect } from 'chai';
import { connect, type Collection, type ElmoClient } from '../../../index.js';

const SHORT_MS = 30;

describe('writes that are held back', () => {
  let client: ElmoClient;
  let collection: Collection;
  const admin = (command: object): Promise<unknown> => client.db('admin').command({ ...command });

  beforeEach(async () => {
    client = await connect(':memory:');
    collection = client.db('a').collection('c');
    await collection.insertOne({ _id: 1 as never, n: 0 });
  });
  afterEach(() => client.close());

  const WRITES: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['insertOne', () => collection.insertOne({ n: 1 })],
    ['updateOne', () => collection.updateOne({}, { $inc: { n: 1 } })],
    ['deleteOne', () => collection.deleteOne({})],
    ['findOneAndUpdate', () => collection.findOneAndUpdate({}, { $inc: { n: 1 } })],
    ['bulkWrite', () => collection.bulkWrite([{ insertOne: { document: { n: 1 } } }])],
    ['$out', () => collection.aggregate([{ $out: 'd' }]).toArray()],
    ['$merge', () => collection.aggregate([{ $merge: 'd' }]).toArray()],
    ['a command', () => client.db('a').command({ insert: 'c', documents: [{ n: 1 }] })],
  ];

  for (const [name, write] of WRITES) {
    it(`${name} waits until fsync is unlocked`, async () => {
      await admin({ fsync: 1, lock: true });
      let isDone = false;
      const written = write().then(() => (isDone = true));
      await new Promise((resolve) => setTimeout(resolve, SHORT_MS));
      expect(isDone).to.equal(false);
      expect(await collection.findOne({ n: 0 })).to.deep.equal({ _id: 1, n: 0 });
      await admin({ fsyncUnlock: 1 });
      await written;
    });

    it(`${name} is refused where users may not write`, async () => {
      await admin({ setUserWriteBlockMode: 1, global: true });
      const refused: unknown = await write().catch((error: unknown) => error);
      expect(refused).to.have.property('code', 371);
      expect(await collection.find().toArray()).to.deep.equal([{ _id: 1, n: 0 }]);
    });
  }

  it('a write that waits ends with its time', async () => {
    await admin({ fsync: 1, lock: true });
    const refused: unknown = await collection
      .findOneAndUpdate({}, { $inc: { n: 1 } }, { maxTimeMS: SHORT_MS })
      .catch((error: unknown) => error);
    expect(refused).to.have.property('code', 50);
  });

  it('a client that closes lets go what waits', async () => {
    await admin({ fsync: 1, lock: true });
    const refused = collection.insertOne({ n: 1 }).catch((error: unknown) => error);
    await client.close();
    expect(await refused).to.be.instanceOf(Error);
  });
});
