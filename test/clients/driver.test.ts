/** The official driver works on a served file as on a server: documents, cursors, sessions, transactions, files. */
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import {
  Decimal128,
  GridFSBucket,
  Int32,
  Long,
  MongoBulkWriteError,
  MongoClient,
  MongoServerError,
  ObjectId,
  type Collection,
  type CommandStartedEvent,
  type Db,
  type Document,
} from 'mongodb';
import { WireClient } from '../support/wire-client.js';
import { serveInMemory, type Served } from './fixture.js';

async function refusal(work: Promise<unknown>): Promise<MongoServerError> {
  try {
    await work;
  } catch (error) {
    expect(error).to.be.instanceOf(MongoServerError);
    return error as MongoServerError;
  }
  throw new Error('it was not refused');
}

describe('the official driver', () => {
  let served: Served;
  let client: MongoClient;
  let db: Db;
  let things: Collection;
  const started: CommandStartedEvent[] = [];

  before(async () => {
    served = await serveInMemory({ enableTestCommands: true });
    client = await new MongoClient(served.uri, { monitorCommands: true }).connect();
    client.on('commandStarted', (event) => started.push(event));
  });
  after(async () => {
    await client.close();
    await served.close();
  });
  beforeEach(async () => {
    db = client.db('clients');
    await db.dropDatabase();
    things = db.collection('things');
    started.length = 0;
  });

  it('finds a replica set of one', async () => {
    const hello = await client.db('admin').command({ hello: 1 });
    expect(hello['setName']).to.equal('elmo');
    expect(hello['isWritablePrimary']).to.equal(true);
    expect(hello['hosts']).to.deep.equal([served.server.address]);
  });

  describe('documents', () => {
    it('come back as they went in', async () => {
      const _id = new ObjectId();
      const document = {
        _id,
        int: 1,
        double: 1.5,
        long: Long.fromString('9007199254740993'),
        decimal: Decimal128.fromString('1.10'),
        date: new Date(0),
        bytes: Buffer.from('bytes'),
        nothing: null,
        list: [1, 'two', { three: 3 }],
        pattern: /^a/i,
      };
      await things.insertOne(document);
      const found = await things.findOne({ _id }, { promoteBuffers: true, promoteLongs: false });
      expect(found!['long']).to.deep.equal(document.long);
      expect(String(found!['decimal'])).to.equal('1.10');
      expect(found!['date']).to.deep.equal(document.date);
      expect(Buffer.compare(found!['bytes'] as Buffer, document.bytes)).to.equal(0);
      expect(found!['list']).to.deep.equal(document.list);
      expect(found!['pattern']).to.deep.equal(document.pattern);
      const types = await things
        .aggregate([{ $project: { _id: 0, int: { $type: '$int' }, double: { $type: '$double' } } }])
        .toArray();
      expect(types).to.deep.equal([{ int: 'int', double: 'double' }]);
    });

    it('are changed and removed', async () => {
      const { insertedIds } = await things.insertMany([{ n: 1 }, { n: 2 }, { n: 3 }]);
      expect(Object.keys(insertedIds)).to.have.length(3);
      expect(await things.updateOne({ n: 1 }, { $inc: { n: 10 } })).to.include({
        acknowledged: true,
        matchedCount: 1,
        modifiedCount: 1,
        upsertedCount: 0,
      });
      const upserted = await things.updateOne({ n: 4 }, { $set: { made: true } }, { upsert: true });
      expect(upserted.upsertedCount).to.equal(1);
      expect(upserted.upsertedId).to.be.instanceOf(ObjectId);
      expect((await things.replaceOne({ n: 2 }, { n: 20 })).modifiedCount).to.equal(1);
      expect(
        (await things.updateMany({}, [{ $set: { twice: { $multiply: ['$n', 2] } } }])).modifiedCount,
      ).to.equal(4);
      const after = await things.findOneAndUpdate(
        { n: 20 },
        { $unset: { twice: '' } },
        { returnDocument: 'after' },
      );
      expect(after).to.have.all.keys('_id', 'n');
      const whole = await things.findOneAndDelete({ n: 20 }, { includeResultMetadata: true });
      expect(whole.lastErrorObject).to.deep.equal({ n: 1 });
      expect(await things.findOneAndReplace({ n: 99 }, { n: 0 })).to.equal(null);
      expect((await things.deleteMany({ n: { $gte: 3 } })).deletedCount).to.equal(3);
      expect(await things.countDocuments()).to.equal(0);
      expect(await things.estimatedDocumentCount()).to.equal(0);
    });

    it('are refused with the code of the server', async () => {
      await things.createIndex({ email: 1 }, { unique: true });
      await things.insertOne({ email: 'a' });
      const twice = await refusal(things.insertOne({ email: 'a' }));
      expect(twice.code).to.equal(11000);
      expect(twice['keyPattern']).to.deep.equal({ email: 1 });
      expect(twice['keyValue']).to.deep.equal({ email: 'a' });
      expect((await refusal(things.find({ $nope: 1 }).toArray())).code).to.equal(2);
      expect((await refusal(db.command({ nope: 1 }))).codeName).to.equal('CommandNotFound');
      await db.createCollection('checked', { validator: { n: { $type: 'int' } } });
      const invalid = await refusal(db.collection('checked').insertOne({ n: 'one' }));
      expect(invalid.code).to.equal(121);
      expect(invalid.errInfo).to.have.property('details');
    });

    it('are written in bulk, ordered and not', async () => {
      const writes = [
        { insertOne: { document: { _id: 1 as never } } },
        { insertOne: { document: { _id: 1 as never } } },
        { updateOne: { filter: { _id: 1 as never }, update: { $set: { a: 1 } } } },
        { deleteOne: { filter: { _id: 9 as never } } },
      ];
      const ordered = await things.bulkWrite(writes).catch((error: unknown) => error);
      expect(ordered).to.be.instanceOf(MongoBulkWriteError);
      expect((ordered as MongoBulkWriteError).result.insertedCount).to.equal(1);
      expect(await things.countDocuments({ a: 1 })).to.equal(0);
      const unordered = await things
        .bulkWrite(writes.slice(1), { ordered: false })
        .catch((error: unknown) => error);
      expect((unordered as MongoBulkWriteError).result.modifiedCount).to.equal(1);
    });

    it('are written to several collections by one call', async () => {
      const result = await client.bulkWrite(
        [
          { name: 'insertOne', namespace: 'clients.a', document: { n: 1 } },
          { name: 'insertOne', namespace: 'clients.b', document: { n: 1 } },
          { name: 'updateMany', namespace: 'clients.a', filter: {}, update: { $inc: { n: 1 } } },
          { name: 'deleteOne', namespace: 'clients.b', filter: { n: 1 } },
        ],
        { verboseResults: true },
      );
      expect(result).to.include({ insertedCount: 2, modifiedCount: 1, deletedCount: 1 });
      expect(result.updateResults?.get(2)?.matchedCount).to.equal(1);
      expect(started.map(({ commandName }) => commandName)).to.deep.equal(['bulkWrite']);
    });
  });

  describe('cursors', () => {
    beforeEach(() =>
      things.insertMany(Array.from({ length: 250 }, (_, i) => ({ _id: i as never, odd: i % 2 }))),
    );

    it('fetch batch after batch', async () => {
      const seen: unknown[] = [];
      started.length = 0;
      for await (const { _id } of things.find({ odd: 1 }).sort({ _id: -1 }).batchSize(50)) seen.push(_id);
      expect(seen).to.have.length(125);
      expect(seen.slice(0, 2)).to.deep.equal([249, 247]);
      expect(started.map(({ commandName }) => commandName)).to.deep.equal(['find', 'getMore', 'getMore']);
    });

    it('are closed before their end', async () => {
      const cursor = things.find().batchSize(10);
      await cursor.next();
      const { id } = cursor;
      await cursor.close();
      const gone = await refusal(db.command({ getMore: id!, collection: 'things' }));
      expect(gone.code).to.equal(43);
    });

    it('stream, count, explain', async () => {
      const streamed = await things
        .find({ _id: { $lt: 3 as never } })
        .stream()
        .toArray();
      expect(streamed.map(({ _id }) => _id as unknown)).to.deep.equal([0, 1, 2]);
      expect(await things.distinct('odd')).to.deep.equal([0, 1]);
      const plan = await things.find({ _id: { $gte: 248 as never } }).explain('executionStats');
      expect((plan['executionStats'] as Document)['nReturned']).to.equal(2);
    });

    it('aggregate, look up, and write out', async () => {
      const groups = await things.aggregate([
        { $group: { _id: '$odd', n: { $count: {} } } },
        { $sort: { _id: 1 } },
      ]);
      expect(await groups.toArray()).to.deep.equal([
        { _id: 0, n: 125 },
        { _id: 1, n: 125 },
      ]);
      await things.aggregate([{ $match: { _id: { $lt: 5 } } }, { $out: 'few' }]).toArray();
      expect(await db.collection('few').countDocuments()).to.equal(5);
    });

    it('wait at the end of a capped collection', async () => {
      const log = await db.createCollection('log', { capped: true, size: 10_000 });
      await log.insertOne({ n: 1 });
      const cursor = log.find({}, { tailable: true, awaitData: true, maxAwaitTimeMS: 5_000 });
      expect((await cursor.next())!['n']).to.equal(1);
      const next = cursor.next();
      await log.insertOne({ n: 2 });
      expect((await next)!['n']).to.equal(2);
      await cursor.close();
    });
  });

  describe('collections and indexes', () => {
    it('are made, listed, renamed and dropped', async () => {
      await db.createCollection('capped', { capped: true, size: 4096, max: 3 });
      await db.createCollection('view', { viewOn: 'things', pipeline: [{ $match: { n: 1 } }] });
      await things.insertMany([{ n: 1 }, { n: 2 }]);
      expect(await db.collection('view').countDocuments()).to.equal(1);
      const listed = await db.listCollections().toArray();
      expect(listed.map(({ name, type }) => [name, type]).sort()).to.deep.equal([
        ['capped', 'collection'],
        ['system.views', 'collection'],
        ['things', 'collection'],
        ['view', 'view'],
      ]);
      expect(
        await things.createIndexes([{ key: { n: 1 } }, { key: { 'a.b': -1 }, sparse: true }]),
      ).to.deep.equal(['n_1', 'a.b_-1']);
      expect((await things.listIndexes().toArray()).map(({ name }) => name as string)).to.deep.equal([
        '_id_',
        'n_1',
        'a.b_-1',
      ]);
      expect(await things.indexExists('n_1')).to.equal(true);
      await things.dropIndex('n_1');
      expect(await things.indexExists('n_1')).to.equal(false);
      await things.rename('others');
      expect(await db.collection('others').countDocuments()).to.equal(2);
      expect(await db.dropCollection('others')).to.equal(true);
      const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
      expect(databases.map(({ name }) => name)).to.contain('clients');
    });

    it('tell their size', async () => {
      await things.insertOne({ n: new Int32(1) });
      const stats = await db.stats();
      expect(stats['collections']).to.equal(1);
      expect(stats['objects']).to.equal(1);
      const [size] = await things.aggregate([{ $collStats: { count: {} } }]).toArray();
      expect(size!['count']).to.equal(1);
    });
  });

  describe('sessions and transactions', () => {
    it('commit and abort', async () => {
      await things.insertOne({ _id: 1 as never, n: 0 });
      await client.withSession(async (session) => {
        session.startTransaction();
        await things.updateOne({ _id: 1 as never }, { $inc: { n: 1 } }, { session });
        expect((await things.findOne({}, { session }))!['n']).to.equal(1);
        expect((await things.findOne({}))!['n']).to.equal(0);
        await session.abortTransaction();
        expect((await things.findOne({}))!['n']).to.equal(0);
        await session.withTransaction(async () => {
          await things.updateOne({ _id: 1 as never }, { $inc: { n: 5 } }, { session });
          await db.collection('log').insertOne({ at: 1 }, { session });
        });
      });
      expect((await things.findOne({}))!['n']).to.equal(5);
      expect(await db.collection('log').countDocuments()).to.equal(1);
    });

    it('conflict, and are tried again', async () => {
      await things.insertOne({ _id: 1 as never, n: 0 });
      const one = client.startSession();
      const other = client.startSession();
      one.startTransaction();
      other.startTransaction();
      await things.updateOne({}, { $inc: { n: 1 } }, { session: one });
      const conflict = await refusal(things.updateOne({}, { $inc: { n: 1 } }, { session: other }));
      expect(conflict.code).to.equal(112);
      expect(conflict.hasErrorLabel('TransientTransactionError')).to.equal(true);
      await one.commitTransaction();
      await one.endSession();
      await other.endSession();
      await Promise.all(
        Array.from({ length: 5 }, () =>
          client.withSession((session) =>
            session.withTransaction(() => things.updateOne({}, { $inc: { n: 1 } }, { session })),
          ),
        ),
      );
      expect((await things.findOne({}))!['n']).to.equal(6);
    });

    it('see one moment', async () => {
      await things.insertOne({ n: 1 });
      await client.withSession({ snapshot: true }, async (session) => {
        expect(await things.countDocuments({}, { session })).to.equal(1);
        await things.insertOne({ n: 2 });
        expect(await things.distinct('n', {}, { session })).to.deep.equal([1]);
        expect(await things.find({}, { session }).toArray()).to.have.length(1);
        expect(await things.countDocuments({}, { session })).to.equal(1);
      });
      expect(await things.countDocuments()).to.equal(2);
    });

    it('a write whose answer was lost is done once', async () => {
      await db.createCollection('things');
      const fail = {
        configureFailPoint: 'failCommand',
        mode: { times: 1 },
        data: { failCommands: ['insert'], closeConnection: true },
      };
      await client.db('admin').command(fail);
      await things.insertOne({ _id: 1 as never });
      expect(await things.countDocuments()).to.equal(1);
      const inserts = started.filter(({ commandName }) => commandName === 'insert');
      expect(inserts).to.have.length(2);
      expect(inserts[0]!.command['txnNumber']).to.deep.equal(inserts[1]!.command['txnNumber']);
      // the same number again is answered from what is known of it, and not done
      const { lsid, txnNumber } = inserts[1]!.command as { lsid: Document; txnNumber: Long };
      const raw = await WireClient.open(Number(served.server.address.split(':')[1]));
      const again = await raw.run({ insert: 'things', documents: [{ _id: 1 }], lsid, txnNumber }, 'clients');
      raw.close();
      expect([again['ok'], again['n']]).to.deep.equal([1, 1]);
      expect(await things.countDocuments()).to.equal(1);
    });
  });

  describe('files in pieces', () => {
    it('go in and come out, renamed and removed', async () => {
      const bucket = new GridFSBucket(db, { chunkSizeBytes: 1024 });
      const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, i) => i % 251));
      const upload = bucket.openUploadStream('file.bin', { metadata: { kind: 'test' } });
      await pipeline(Readable.from([bytes.subarray(0, 5_000), bytes.subarray(5_000)]), upload);
      expect(Buffer.compare(await buffer(bucket.openDownloadStream(upload.id)), bytes)).to.equal(0);
      const part = await buffer(bucket.openDownloadStreamByName('file.bin', { start: 1_000, end: 3_000 }));
      expect(Buffer.compare(part, bytes.subarray(1_000, 3_000))).to.equal(0);
      await bucket.rename(upload.id, 'renamed.bin');
      const [file] = await bucket.find({ filename: 'renamed.bin' }).toArray();
      expect(file).to.include({ length: 10_000, chunkSize: 1024 });
      expect(await db.collection('fs.chunks').countDocuments()).to.equal(10);
      await bucket.delete(upload.id);
      expect(await db.collection('fs.chunks').countDocuments()).to.equal(0);
    });
  });

  it('what was sent and answered can be watched', async () => {
    const succeeded: string[] = [];
    const failed: string[] = [];
    client.on('commandSucceeded', ({ commandName }) => succeeded.push(commandName));
    client.on('commandFailed', ({ commandName }) => failed.push(commandName));
    await db.command({ ping: 1 });
    await refusal(db.command({ nope: 1 }));
    expect([succeeded, failed]).to.deep.equal([['ping'], ['nope']]);
    client.removeAllListeners('commandSucceeded');
    client.removeAllListeners('commandFailed');
  });
});
