import { expect } from 'chai';
import {
  connect,
  Double,
  type ClientSession,
  type Collection,
  type Document,
  type MongoClient,
} from '../../../index.js';
import { UNKNOWN } from '../../../elmo/columns/codes.js';
import type { CollectionColumns } from '../../../elmo/columns/collection-columns.js';
import { Screen } from '../../../elmo/exec/screen.js';
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
  /** How many records a query looked up. */
  const lookups = async (query: () => Promise<unknown>): Promise<number> => {
    let count = 0;
    const { learn } = Screen.prototype;
    Screen.prototype.learn = function (this: Screen, ...record): void {
      count++;
      learn.apply(this, record);
    };
    try {
      await query();
    } finally {
      Screen.prototype.learn = learn;
    }
    return count;
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

  it('keeps no codes by a path at which almost all records differ', async () => {
    await orders.insertMany(
      Array.from({ length: 3000 }, (_, i) => ({ _id: (DOCUMENTS + i) as never, n: -i - 1 })),
    );
    await ask({ n: { $lt: 5 } }, 6);
    expect(columns.isEmpty).to.equal(true);
    await ask({ n: 5 }, 6);
    expect(columns.column('n')).to.equal(undefined);
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

  it('reads pages again in which many records have changed', async () => {
    await ask({ 'to.city': 'Zug' }, 4);
    await orders.updateMany({}, { $set: { other: 1 } });
    expect(isKnown()).to.equal(false);
    await ask({ 'to.city': 'Zug' }, 1);
    expect(isKnown()).to.equal(true);
    expect(columns.pages.every((page) => page?.codes[0]?.includes(UNKNOWN) === false)).to.equal(true);
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

  describe('behind the bounds of an index', () => {
    const within = { n: { $gte: 100, $lt: 1099 }, 'to.city': 'Bern' };
    const wanted = Array.from({ length: 999 }, (_, i) => 100 + i).filter((i) => i % 3 === 0);

    beforeEach(async () => {
      await orders.createIndex({ n: 1 });
      await ask({ 'to.city': 'Zug' }, 4);
    });

    it('leaves records out, and counts them as looked at, the last ones too', async () => {
      expect(await lookups(() => keysOf(within))).to.be.within(wanted.length, wanted.length + 16);
      expect(await keysOf(within)).to.deep.equal(wanted);
      const plan = (await orders.find(within).explain('executionStats')) as Document;
      const { nReturned, totalKeysExamined, totalDocsExamined } = plan['executionStats'] as Document;
      expect([nReturned, totalKeysExamined, totalDocsExamined]).to.deep.equal([333, 999, 999]);
    });

    it('sees what writes change, make and delete', async () => {
      await orders.updateOne({ _id: 300 as never }, { $set: { 'to.city': 'Zug' } });
      await orders.updateOne({ _id: 301 as never }, { $set: { 'to.city': 'Bern' } });
      await orders.updateOne({ _id: 302 as never }, { $set: { 'to.city': ['Bern', 'Zug'] } });
      await orders.updateOne({ _id: 303 as never }, { $set: { to: 'Bern' } });
      await orders.deleteOne({ _id: 306 as never });
      const now = [...wanted.filter((i) => ![300, 303, 306].includes(i)), 301, 302].sort((a, b) => a - b);
      for (let i = 0; i < 3; i++) expect(await keysOf(within)).to.deep.equal(now);
    });

    it('shows views of before what they showed', async () => {
      const before = client.startSession({ snapshot: true });
      const keys = async (): Promise<unknown[]> =>
        (await orders.find(within, { session: before }).toArray()).map(({ _id }) => _id);
      expect(await keys()).to.deep.equal(wanted);
      await orders.updateMany({ n: { $lt: 600 } }, { $set: { 'to.city': 'Zug' } });
      await ask({ 'to.city': 'Zug' }, 2);
      expect(await keys()).to.deep.equal(wanted);
      expect(await keysOf(within)).to.deep.equal(wanted.filter((i) => i >= 600));
      await before.endSession();
    });

    it('asks what no column tells of those that are not left out', async () => {
      const also = { ...within, 'to.street': { $exists: false } };
      await orders.updateOne({ _id: 300 as never }, { $set: { 'to.street': 1 } });
      expect(await keysOf(also)).to.deep.equal(wanted.filter((i) => i !== 300));
    });
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

  describe('by paths to arrays that almost all differ', () => {
    const MANY = 6000;
    const tagsOf = (i: number): unknown[] => [`t${i % 50}`, i, `u${i}`];
    const wanted = (accepts: (i: number) => boolean): number[] =>
      Array.from({ length: MANY }, (_, i) => i).filter(accepts);

    beforeEach(async () => {
      await orders.deleteMany({});
      await orders.insertMany(
        Array.from({ length: MANY }, (_, i) => ({
          _id: i as never,
          kind: i % 2,
          tags: tagsOf(i),
          items: tagsOf(i).map((sku) => ({ sku })),
        })),
      );
    });

    for (const path of ['tags', 'items.sku'])
      it(`looks up only records that may have the element asked for in ${path}`, async () => {
        await ask({ [path]: 't7' }, 5);
        expect(columns.column(path)).to.equal(undefined);
        expect(columns.signatures(path)).to.not.equal(undefined);
        expect(isKnown()).to.equal(true);
        const looked = await lookups(async () =>
          expect(await keysOf({ [path]: 't7' })).to.deep.equal(wanted((i) => i % 50 === 7)),
        );
        expect(looked).to.be.within(MANY / 50, MANY / 25);
      });

    it('answers as before where signatures tell nothing', async () => {
      await ask({ tags: 't7' }, 5);
      expect(await keysOf({ tags: { $gte: 't49' } })).to.have.length(MANY);
      expect(await keysOf({ tags: { $ne: 't7' } })).to.have.length(MANY - MANY / 50);
      expect(await keysOf({ tags: null })).to.deep.equal([]);
      expect(await keysOf({ tags: tagsOf(9) })).to.deep.equal([9]);
      expect(await keysOf({ tags: new Double(9) })).to.deep.equal([9]);
      const found = await orders.find({ tags: 'T7' }, { collation: { locale: 'en', strength: 1 } }).toArray();
      expect(found).to.have.length(MANY / 50);
    });

    it('sees what writes change, make and delete', async () => {
      await ask({ tags: 'new' }, 5);
      expect(await keysOf({ tags: 'new' })).to.deep.equal([]);
      await orders.updateOne({ _id: 5 as never }, { $push: { tags: 'new' as never } });
      await orders.insertOne({ _id: MANY as never, tags: 'new' });
      expect(await keysOf({ tags: 'new' })).to.deep.equal([5, MANY]);
      await orders.deleteOne({ _id: MANY as never });
      await orders.updateOne({ _id: 5 as never }, { $pull: { tags: 'new' as never } });
      expect(await keysOf({ tags: 'new' })).to.deep.equal([]);
    });

    it('makes neither groups nor indexes of signatures', async () => {
      await ask({ 'items.sku': 't7', tags: 't7' }, 6);
      expect(columns.signatures('tags')).to.not.equal(undefined);
      const groups = await orders.aggregate([{ $group: { _id: '$tags', n: { $sum: 1 } } }]).toArray();
      expect(groups).to.have.length(MANY);
      await ask({ kind: 1 }, 3);
      for (let i = 0; i < 3; i++) {
        const ofKinds = orders.aggregate([
          { $match: { tags: 't7' } },
          { $group: { _id: '$kind', n: { $sum: 1 } } },
        ]);
        expect(await ofKinds.toArray()).to.deep.equal([{ _id: 1, n: MANY / 50 }]);
      }
      await orders.createIndex({ tags: 1 });
      expect(await keysOf({ tags: 't7' })).to.have.length(MANY / 50);
    });
  });

  it('gives its memory back with the collection', async () => {
    await ask({ 'to.city': 'Zug' }, 4);
    await orders.drop();
    expect(columns.isEmpty).to.equal(true);
    expect(columns.pages).to.deep.equal([]);
  });
});
