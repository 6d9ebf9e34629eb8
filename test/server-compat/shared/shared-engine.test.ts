/** One file, several processes: who holds it, who talks to whom, and what becomes of writes when the holder dies. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { connect, MongoServerError, type ElmoClient } from '../../../index.js';
import { localSocketPath } from '../../../lsm/index.js';
import type { Order, Report } from './member.js';

const PROGRAM = new URL('member.js', import.meta.url);

class Member {
  private readonly child: ChildProcess = fork(PROGRAM, { execArgv: [] });
  /** Numbers acknowledged so far. */
  progress = 0;
  private readonly waiting: ((answer: { answer?: unknown; error?: string }) => void)[] = [];

  constructor() {
    this.child.on('message', (message: { progress?: number; answer?: unknown; error?: string }) => {
      if (message.progress !== undefined) this.progress = message.progress;
      else this.waiting.shift()?.(message);
    });
  }

  tell(order: Order): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.waiting.push(({ answer, error }) =>
        error === undefined ? resolve(answer) : reject(new Error(error)),
      );
      this.child.send(order);
    });
  }

  async kill(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  async untilProgress(count: number): Promise<void> {
    while (this.progress < count) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  end(): void {
    this.child.kill('SIGKILL');
  }
}

describe('a shared file', () => {
  let folder: string;
  let path: string;
  const clients: ElmoClient[] = [];
  const members: Member[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'elmo-shared-'));
    path = join(folder, 'app.elmo');
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    for (const member of members.splice(0)) member.end();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = async (): Promise<ElmoClient> => {
    const client = await connect(path, { shared: true, worker: false });
    clients.push(client);
    return client;
  };
  const member = async (): Promise<Member> => {
    const one = new Member();
    members.push(one);
    await one.tell({ do: 'open', path });
    return one;
  };

  describe('seen from one that does not hold it', () => {
    let holder: ElmoClient;
    let other: ElmoClient;

    beforeEach(async () => {
      holder = await open();
      other = await open();
    });

    it('has the same documents', async () => {
      await other
        .db('d')
        .collection('c')
        .insertMany([
          { _id: 1 as never, a: 'x' },
          { _id: 2 as never, a: 'y' },
        ]);
      expect(await holder.db('d').collection('c').find({}).sort({ _id: 1 }).toArray()).to.deep.equal([
        { _id: 1, a: 'x' },
        { _id: 2, a: 'y' },
      ]);
      expect(await other.db('d').collection('c').findOne({ a: 'y' })).to.deep.equal({ _id: 2, a: 'y' });
      expect(await other.db('d').listCollections().toArray()).to.have.lengthOf(1);
    });

    it('looks after the whole file', async () => {
      await other
        .db('d')
        .collection('c')
        .insertMany(Array.from({ length: 100 }, (_, n) => ({ n })));
      expect((await other.fileStats()).fileBytes).to.equal(holder.stats().fileBytes);
      expect(() => other.stats()).to.throw('held by another process');
      expect(await other.check()).to.deep.equal({
        ...{ collections: 1, documents: 100, indexEntries: 100, problems: [] },
      });
      await other.compact();
      const copy = join(folder, 'copy.elmo');
      await other.backup(copy);
      expect(await other.backup(copy).catch((error: Error) => error.name)).to.equal('MongoServerError');
      const copied = await connect(copy, { worker: false });
      expect(await copied.db('d').collection('c').countDocuments()).to.equal(100);
      await copied.close();
    });

    it('reads long results batch by batch', async () => {
      const collection = other.db('d').collection<{ _id: number }>('c');
      await collection.insertMany(Array.from({ length: 2500 }, (_, _id) => ({ _id })));
      const seen: number[] = [];
      for await (const { _id } of collection.find({}, { sort: { _id: 1 } }).batchSize(100)) seen.push(_id);
      expect(seen).to.deep.equal(Array.from({ length: 2500 }, (_, i) => i));
    });

    it('writes, counts and aggregates', async () => {
      const collection = other.db('d').collection<{ _id: number; n?: number }>('c');
      await collection.bulkWrite([
        { insertOne: { document: { _id: 1, n: 1 } } },
        { updateOne: { filter: { _id: 1 }, update: { $inc: { n: 1 } } } },
        { updateOne: { filter: { _id: 7 }, update: { $set: { n: 5 } }, upsert: true } },
        { deleteMany: { filter: { n: 99 } } },
      ]);
      expect(await collection.countDocuments({ n: { $gt: 1 } })).to.equal(2);
      expect(await collection.distinct('n')).to.deep.equal([2, 5]);
      expect(
        await collection.aggregate([{ $group: { _id: null, n: { $sum: '$n' } } }]).toArray(),
      ).to.deep.equal([{ _id: null, n: 7 }]);
      expect(
        await collection.findOneAndUpdate({ _id: 1 }, { $inc: { n: 1 } }, { returnDocument: 'after' }),
      ).to.deep.equal({ _id: 1, n: 3 });
      expect((await collection.deleteMany({})).deletedCount).to.equal(2);
    });

    it('tells errors as they are', async () => {
      const collection = other.db('d').collection<{ _id: number }>('c');
      await collection.insertOne({ _id: 1 });
      const error: unknown = await collection.insertOne({ _id: 1 }).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(MongoServerError);
      expect((error as MongoServerError).code).to.equal(11000);
      expect((error as MongoServerError).keyValue).to.deep.equal({ _id: 1 });
    });

    it('has transactions', async () => {
      const collection = other.db('d').collection<{ _id: number }>('c');
      await other.withSession((session) =>
        session.withTransaction(async () => {
          await collection.insertOne({ _id: 1 }, { session });
          expect(await holder.db('d').collection('c').countDocuments()).to.equal(0);
          expect(await collection.countDocuments({}, { session })).to.equal(1);
          await collection.insertOne({ _id: 2 }, { session });
        }),
      );
      expect(await holder.db('d').collection('c').countDocuments()).to.equal(2);
    });

    it('becomes the holder when that one closes it', async () => {
      await other.db('d').collection('c').insertOne({ a: 1 });
      await holder.close();
      expect(await other.db('d').collection('c').countDocuments()).to.equal(1);
      expect(other.engine.kv).not.to.equal(undefined);
    });

    it('cannot ask for what concerns the whole file', () => {
      expect(() => other.stats()).to.throw(/held by another process/);
    });
  });

  it('listens where only the same user may connect', async function () {
    if (process.platform === 'win32') this.skip();
    await open();
    expect(statSync(localSocketPath(path)).mode & 0o077).to.equal(0);
  });

  it('leaves nothing beside the file', async () => {
    await (await open()).close();
    expect(existsSync(localSocketPath(path))).to.equal(false);
  });

  it('is refused to others when its holder does not share it', async function () {
    this.timeout(20_000);
    clients.push(await connect(path, { worker: false }));
    const error: unknown = await open().catch((thrown: unknown) => thrown);
    expect((error as { code: unknown }).code).to.equal('Locked');
  });

  it('survives the death of its holder: nothing is lost, nothing is done twice', async function () {
    this.timeout(60_000);
    const [holder, ...others] = [await member(), await member(), await member()];
    expect(await holder.tell({ do: 'role' })).to.equal(true);
    const COUNT = 100;
    const writing = others.map((one, i) => one.tell({ do: 'write', name: `w${i}`, count: COUNT }));
    await others[0]!.untilProgress(20);
    await holder.kill();
    const reports = (await Promise.all(writing)) as Report[];
    expect(reports).to.deep.equal(others.map(() => ({ acknowledged: COUNT, failures: [] })));
    const roles = await Promise.all(others.map((one) => one.tell({ do: 'role' })));
    expect(roles.filter((holds) => holds === true)).to.have.lengthOf(1);
    const db = (await open()).db('shared');
    for (const i of others.keys()) {
      expect((await db.collection('counters').findOne({ name: `w${i}` }))?.['n']).to.equal(COUNT);
      const numbers = await db
        .collection('numbers')
        .find({ name: `w${i}` })
        .toArray();
      expect(numbers.map((found) => found['i'] as number).sort((a, b) => a - b)).to.deep.equal(
        Array.from({ length: COUNT }, (_, n) => n),
      );
    }
  });

  it('survives the death of one holder after another', async function () {
    this.timeout(60_000);
    const all = [await member(), await member(), await member(), await member()];
    const last = all.at(-1)!;
    const writing = last.tell({ do: 'write', name: 'w', count: 120 });
    for (const [i, one] of all.slice(0, -1).entries()) {
      await last.untilProgress(20 * (i + 1));
      await one.kill();
    }
    expect(await writing).to.deep.equal({ acknowledged: 120, failures: [] });
    const db = (await open()).db('shared');
    expect((await db.collection('counters').findOne({ name: 'w' }))?.['n']).to.equal(120);
    expect(await db.collection('numbers').countDocuments()).to.equal(120);
  });
});
