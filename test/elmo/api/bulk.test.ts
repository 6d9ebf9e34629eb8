import { expect } from 'chai';
import { connect, ObjectId, Timestamp, type Collection, type ElmoClient } from '../../../elmo/index.js';

interface Numbered {
  _id: number;
  u: number;
}

interface Stamped {
  readonly at: Timestamp;
  readonly in: { readonly at: Timestamp };
}

/** What the tests ask of a refusal. */
interface Refusal {
  readonly name: string;
  readonly code: number;
  readonly insertedCount: number;
  readonly result: { readonly insertedIds: Record<number, unknown> };
  readonly writeErrors: readonly { readonly index: number; getOperation(): unknown }[];
}

describe('elmo/api/bulk: many insertions', () => {
  let client: ElmoClient;
  let collection: Collection<Numbered>;
  beforeEach(async () => {
    client = await connect(':memory:');
    collection = client.db('d').collection<Numbered>('c');
    await collection.createIndex({ u: 1 }, { unique: true });
  });
  afterEach(() => client.close());

  const given = [1, 2, 1, 3, 2].map((u, _id) => ({ _id, u }));
  const insertions = given.map((document) => ({ insertOne: { document } }));

  for (const [what, insert] of [
    ['insertMany', (ordered: boolean) => collection.insertMany(given, { ordered })],
    ['bulkWrite', (ordered: boolean) => collection.bulkWrite(insertions, { ordered })],
  ] as const)
    for (const [isOrdered, failed, ids] of [
      [true, [2], [0, 1]],
      [false, [2, 4], [0, 1, 3]],
    ] as const)
      it(`${what}, ${isOrdered ? 'one after another' : 'in any order'}: tells what went in and what did not`, async () => {
        const refusal = (await insert(isOrdered).catch((thrown: unknown) => thrown)) as Refusal;
        expect([refusal.name, refusal.code]).to.deep.equal(['MongoBulkWriteError', 11000]);
        expect(refusal.insertedCount).to.equal(ids.length);
        expect(refusal.result.insertedIds).to.deep.equal(Object.fromEntries(ids.map((id) => [id, id])));
        expect(refusal.writeErrors.map(({ index }) => index)).to.deep.equal(failed);
        expect(refusal.writeErrors[0]!.getOperation()).to.deep.equal({ insertOne: { document: given[2] } });
        expect(await collection.countDocuments()).to.equal(ids.length);
      });

  for (const [what, insert] of [
    ['insertOne', (document: object) => collection.insertOne(document as Numbered)],
    ['insertMany', (document: object) => collection.insertMany([{ _id: 1, u: 1 }, document as Numbered])],
    [
      'bulkWrite',
      (document: object) => collection.bulkWrite([{ insertOne: { document: document as Numbered } }]),
    ],
  ] as const)
    it(`${what} gives empty timestamps the time of the write, whether documents before it had any or not`, async () => {
      await collection.insertOne({ _id: 3, u: 3 });
      for (const _id of [4, 5]) {
        await insert({ _id, u: _id, at: new Timestamp(0n), in: { at: new Timestamp(0n) } });
        const found = (await collection.findOne({ _id })) as unknown as Stamped;
        expect(found.at.getHighBitsUnsigned()).to.be.above(0);
        expect(found.in.at.getHighBitsUnsigned()).to.equal(0);
        await collection.deleteMany({});
      }
    });

  it('gives documents without an `_id` one, and tells of it', async () => {
    const documents: { _id?: ObjectId; n: number }[] = [{ n: 1 }, { n: 2 }];
    const { insertedIds, insertedCount } = await client.db('d').collection('other').insertMany(documents);
    expect(insertedCount).to.equal(2);
    expect(Object.values(insertedIds)).to.deep.equal(documents.map(({ _id }) => _id));
    expect(documents[0]!._id).to.be.instanceOf(ObjectId);
  });
});
