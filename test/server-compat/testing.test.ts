/** `elmodb/testing`: databases for tests open at once and come back to a mark at once, however much they hold. */
import { performance } from 'node:perf_hooks';
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { MongoClient } from 'mongodb';
import { openTestDatabase, useTestDatabase, type TestClient } from '../../server-compat/testing.js';

const millis = (run: () => void): number => {
  const start = performance.now();
  run();
  return performance.now() - start;
};

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;
}

describe('a test database', () => {
  it('is opened, used and closed in less than 5 ms', () => {
    // in a process of its own: what other tests have left behind is collected meanwhile in this one
    const module = new URL('../../server-compat/testing.js', import.meta.url).href;
    const program = `
      const { openTestDatabase } = await import(${JSON.stringify(module)});
      await (await openTestDatabase()).close(); // the first compiles
      const times = [];
      for (let i = 0; i < 20; i++) {
        const start = process.cpuUsage(); // what other processes do does not count
        const client = await openTestDatabase();
        await client.db('shop').collection('orders').insertOne({ total: 1 });
        await client.close();
        const { user, system } = process.cpuUsage(start);
        times.push((user + system) / 1000);
      }
      process.stdout.write(JSON.stringify(times));`;
    const args = ['--input-type=module', '-e', program];
    const times = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as number[];
    expect(times).to.have.length(20);
    expect(median(times)).to.be.lessThan(5);
  });

  it('comes back to a mark in a time that does not grow with what it holds', async () => {
    const timeOf = async (documents: number): Promise<number> => {
      const client = await openTestDatabase();
      const c = client.db('t').collection('c');
      await c.createIndex({ n: 1 });
      await c.insertMany(Array.from({ length: documents }, (_, n) => ({ n })));
      const times: number[] = [];
      for (let i = 0; i < 50; i++) {
        const mark = client.mark();
        await c.updateMany({ n: { $lt: 10 } }, { $set: { changed: i } });
        times.push(millis(() => client.rewind(mark)));
      }
      expect(await c.countDocuments({ changed: { $exists: true } })).to.equal(0);
      await client.close();
      return median(times);
    };
    const [few, many] = [await timeOf(100), await timeOf(10_000)];
    expect(many, `${many} ms, ${few} ms with a hundredth of the documents`).to.be.lessThan(10 * few + 0.5);
  });

  it('keeps whole what it held: documents, indexes, options', async () => {
    const client = await openTestDatabase();
    const db = client.db('t');
    await db.createCollection('c', { validator: { n: { $type: 'int' } } });
    await db.collection('c').createIndex({ n: 1 }, { unique: true });
    await db.collection('c').insertMany([{ n: 1 }, { n: 2 }]);
    const mark = client.mark();
    await db.dropDatabase();
    await db.collection('c').insertOne({ n: 'free' });
    client.rewind(mark);
    expect(await db.collection('c').countDocuments()).to.equal(2);
    const refused = async (document: object): Promise<number> =>
      db
        .collection('c')
        .insertOne(document)
        .then(
          () => 0,
          ({ code }: { code: number }) => code,
        );
    expect([await refused({ n: 1 }), await refused({ n: 'x' }), await refused({ n: 3 })]).to.deep.equal([
      11000, 121, 0,
    ]);
    expect((await client.check()).problems).to.deep.equal([]);
    await client.close();
  });

  it('can be served, and comes back under a driver that stays connected', async () => {
    const client = await openTestDatabase();
    const { uri } = await client.listen({ port: 0 });
    const driver = await new MongoClient(uri).connect();
    const c = driver.db('t').collection('c');
    await c.insertOne({ n: 1 });
    const mark = client.mark();
    await driver.withSession((session) => session.withTransaction(() => c.insertOne({ n: 2 }, { session })));
    expect(await c.countDocuments()).to.equal(2);
    client.rewind(mark);
    expect(await c.countDocuments()).to.equal(1);
    await driver.withSession((session) => session.withTransaction(() => c.insertOne({ n: 3 }, { session })));
    expect(await c.countDocuments()).to.equal(2);
    await driver.close();
    await client.close();
  });

  it('says what it cannot do', async () => {
    const client = await openTestDatabase();
    const other = await openTestDatabase();
    expect(() => client.rewind(other.mark())).to.throw('the mark is of another database');
    expect(() => client.stats()).to.throw('kept in memory for tests');
    await other.close();
    await client.close();
    expect(() => client.mark()).to.throw('Client must be connected');
  });

  it('await using closes it', async () => {
    let kept: TestClient;
    {
      await using client = await openTestDatabase();
      kept = client;
      expect(kept.isConnected).to.equal(true);
    }
    expect(kept.isConnected).to.equal(false);
  });
});

describe('useTestDatabase', () => {
  const database = useTestDatabase({ before, afterEach, after }, (client) =>
    client
      .db('t')
      .collection('c')
      .insertOne({ _id: 'seeded' as never }),
  );
  const c = () => database.client.db('t').collection('c');

  for (const i of [1, 2])
    it(`every test begins with what was seeded (${i})`, async () => {
      expect(await c().countDocuments()).to.equal(1);
      await c().insertOne({ i });
      expect(await c().countDocuments()).to.equal(2);
    });

  it('takes the hooks of vitest and jest', async () => {
    const hooks: Record<string, (run: () => Promise<void>) => unknown> = {};
    const called: Record<string, () => Promise<void>> = {};
    for (const name of ['beforeAll', 'afterEach', 'afterAll']) hooks[name] = (run) => (called[name] = run);
    const own = useTestDatabase(hooks as never);
    expect(() => own.client).to.throw('inside of tests');
    await called['beforeAll']!();
    await own.client.db('t').collection('c').insertOne({});
    await called['afterEach']!();
    expect(await own.client.db('t').collection('c').countDocuments()).to.equal(0);
    await called['afterAll']!();
    expect(() => useTestDatabase({} as never)).to.throw('expected the hooks');
  });
});
