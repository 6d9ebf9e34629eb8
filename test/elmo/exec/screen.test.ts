import { expect } from 'chai';
import {
  connect,
  type ClientSession,
  type Collection,
  type Document,
  type MongoClient,
} from '../../../index.js';
import type { CollectionColumns } from '../../../elmo/columns/collection-columns.js';
import type { Engine } from '../../../elmo/engine/engine.js';

const DOCUMENTS = 3000;
const CITIES = ['Bern', 'Genf', 'Basel'];

describe('elmo/exec/screen', () => {
  let client: MongoClient;
  let orders: Collection<Document>;
  let columns: CollectionColumns;
  let session: ClientSession;

  beforeEach(async () => {
    client = await connect(':memory:');
    orders = client.db('test').collection('orders');
    await orders.insertMany(
      Array.from({ length: DOCUMENTS }, (_, i) => ({ _id: i as never, to: { city: CITIES[i % 3] }, n: i })),
    );
    const { catalog } = (client as unknown as { engine: Engine }).engine;
    ({ columns } = catalog.expect({ db: 'test', collection: 'orders' }).state);
    session = client.startSession();
  });
  afterEach(async () => {
    await session.endSession();
    await client.close();
  });

  const keysOf = async (filter: Document): Promise<unknown[]> =>
    (await orders.find(filter, { projection: { _id: 1 } }).toArray()).map(({ _id }) => _id);
  const ask = async (filter: Document, times: number): Promise<void> => {
    for (let i = 0; i < times; i++) await keysOf(filter);
  };
  const isKnown = (): boolean =>
    columns.pages.length > 0 && columns.pages.every((page) => page?.isWhole.includes(true));

  it('keeps nothing until queries have looked at many records by a path', async () => {
    await ask({ 'to.city': 'Bern' }, 1);
    expect(columns.isEmpty).to.equal(true);
    await ask({ 'to.city': 'Bern' }, 1);
    expect(columns.isEmpty).to.equal(false);
    await ask({ 'to.city': 'Bern' }, 1);
    expect(isKnown()).to.equal(true);
  });

  it('keeps nothing by a path at which almost all records differ', async () => {
    await orders.insertMany(
      Array.from({ length: 3000 }, (_, i) => ({ _id: (DOCUMENTS + i) as never, n: -i - 1 })),
    );
    await ask({ n: 5 }, 6);
    expect(columns.isEmpty).to.equal(true);
    expect(await keysOf({ n: 5 })).to.deep.equal([5]);
  });

  it('looks up only the records that may match, and counts the others as looked at', async () => {
    await orders.updateOne({ _id: 7 as never }, { $set: { 'to.city': 'Zug' } });
    await ask({ 'to.city': 'Zug' }, 4);
    const before = (await orders.find({ 'to.city': 'Zug' }).explain('executionStats')) as Document;
    expect(before['executionStats']).to.include({ nReturned: 1, totalDocsExamined: DOCUMENTS });
    expect(await keysOf({ 'to.city': 'Zug' })).to.deep.equal([7]);
  });

  it('sees what writes change, make and delete', async () => {
    await ask({ 'to.city': 'Zug' }, 4);
    await orders.updateOne({ _id: 5 as never }, { $set: { 'to.city': 'Zug' } });
    await orders.insertOne({ _id: DOCUMENTS as never, to: { city: 'Zug' } });
    expect(await keysOf({ 'to.city': 'Zug' })).to.deep.equal([5, DOCUMENTS]);
    await orders.deleteOne({ _id: 5 as never });
    expect(await keysOf({ 'to.city': 'Zug' })).to.deep.equal([DOCUMENTS]);
    expect(await keysOf({ 'to.city': { $ne: 'Zug' } })).to.have.length(DOCUMENTS - 1);
  });

  it('begins nothing while a transaction has written that is not over', async () => {
    session.startTransaction();
    await orders.updateOne({ _id: 5 as never }, { $set: { 'to.city': 'Zug' } }, { session });
    await ask({ 'to.city': 'Zug' }, 4);
    expect(columns.isEmpty).to.equal(true);
    await session.commitTransaction();
    expect(await keysOf({ 'to.city': 'Zug' })).to.deep.equal([5]);
    await ask({ 'to.city': 'Zug' }, 2);
    expect(columns.isEmpty).to.equal(false);
    expect(await keysOf({ 'to.city': 'Zug' })).to.deep.equal([5]);
  });

  it('does not take a record for absent whose change was given up while its page was read', async () => {
    await ask({ 'to.city': 'Zug' }, 2);
    const cursor = orders.find({ 'to.city': 'Bern' }, { batchSize: 20 });
    await cursor.next();
    session.startTransaction();
    await orders.updateOne({ _id: 3 as never }, { $set: { 'to.city': 'Zug' } }, { session });
    await session.abortTransaction();
    await cursor.toArray();
    expect(await keysOf({ 'to.city': 'Bern' })).to.include(3);
  });

  it('shows views of before what they showed', async () => {
    await ask({ 'to.city': 'Zug' }, 4);
    const before = client.startSession({ snapshot: true });
    const count = (): Promise<number> => orders.countDocuments({ 'to.city': 'Zug' }, { session: before });
    expect(await count()).to.equal(0);
    await orders.updateOne({ _id: 5 as never }, { $set: { 'to.city': 'Zug' } });
    await ask({ 'to.city': 'Zug' }, 4);
    expect(await count()).to.equal(0);
    await before.endSession();
  });

  it('lets conditions fail that would fail without it', async () => {
    const fails = { $expr: { $divide: ['$n', 0] } };
    const filters = [
      { ...fails, 'to.city': 'Zug' },
      { $and: [fails, { 'to.city': 'Zug' }] },
      { $or: [fails, { n: -1 }], 'to.city': 'Zug' },
      { $and: [{ $nor: [fails] }, { 'to.city': 'Zug' }] },
    ];
    const outcomes = (): Promise<unknown[]> =>
      Promise.all(filters.map((filter) => keysOf(filter).catch(({ message }: Error) => message)));
    const before = await outcomes();
    expect(before).to.include("can't $divide by zero");
    await ask({ 'to.city': 'Zug' }, 4);
    expect(await outcomes()).to.deep.equal(before);
  });

  it('gives its memory back with the collection', async () => {
    await ask({ 'to.city': 'Zug' }, 4);
    await orders.drop();
    expect(columns.isEmpty).to.equal(true);
    expect(columns.pages).to.deep.equal([]);
  });
});
