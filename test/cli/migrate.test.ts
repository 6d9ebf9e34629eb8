/** From a file to a server and back: nothing is lost, nothing is there twice, whatever ends it in the middle. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { MongoClient } from 'mongodb';
import { loadDriver } from '../../cli/driver.js';
import { withoutPassword } from '../../cli/migrate/server-end.js';
import { BSONRegExp, Decimal128, Double, Long, Timestamp } from '../../elmo/index.js';
import { connect, type ElmoClient } from '../../server-compat/index.js';
import { REFERENCE_URI } from '../support/reference-engine.js';
import { elmo, spawnElmo, usePlace } from './fixture.js';

const MANY = 6000;

describe('elmo migrate', function () {
  this.timeout(60_000);
  const place = usePlace();
  let server: ElmoClient;
  let uri = '';
  const file = (): string => place.path('a.elmo');

  beforeEach(async () => {
    server = await connect(':memory:', { promoteValues: false });
    uri = (await server.listen({ port: 0 })).uri;
  });
  afterEach(() => server.close());

  async function fill(client: ElmoClient): Promise<void> {
    const db = client.db('shop');
    const types = await db.createCollection<{ _id: unknown }>('types', {
      validator: { gone: { $exists: false } },
    });
    await types.insertMany([
      { _id: 1, long: Long.fromNumber(1), double: new Double(2) },
      { _id: 'text', decimal: Decimal128.fromString('1.10') },
      { _id: { of: 'a document' }, at: new Timestamp({ t: 1, i: 2 }) },
      { _id: null, pattern: new BSONRegExp('a', 'i') },
    ] as never);
    await types.createIndex({ long: 1 }, { unique: true, sparse: true, name: 'by_long' });
    const last = await db.createCollection<{ _id: number }>('last', { capped: true, size: 100_000 });
    await last.insertMany([{ _id: 3 }, { _id: 1 }, { _id: 2 }]);
    await db.createCollection('large', { viewOn: 'types', pipeline: [{ $match: { _id: 1 } }] });
    const series = await db.createCollection('series', { timeseries: { timeField: 'at', metaField: 'of' } });
    await series.insertMany([
      { at: new Date(0), of: 1 },
      { v: 2, at: new Date(1), of: 1 },
    ]);
    await client.db('other').collection<{ _id: number }>('x').insertOne({ _id: 1 });
  }

  async function fillFile(): Promise<void> {
    const client = await connect(file());
    await fill(client);
    await client.close();
  }

  async function factsOf(client: ElmoClient): Promise<unknown> {
    const db = client.db('shop');
    const collections = (await db.listCollections().toArray()).filter(({ name }) => name !== 'system.views');
    const facts = collections.map(({ name, type, ...info }) => [
      name,
      type,
      (info as { options?: unknown }).options,
    ]);
    const types = db.collection('types');
    const last = (await db.collection('last').find().toArray()).map(({ _id }) => _id as unknown);
    return [
      facts,
      await types.find().sort({ _id: 1 }).toArray(),
      await types.indexes(),
      last,
      await db.collection('large').countDocuments(),
    ];
  }

  it('file to server, with options, indexes and views; then back to another file', async () => {
    await fillFile();
    const there = await elmo('migrate', file(), uri);
    expect([there.code, there.err]).to.deep.equal([0, '']);
    expect(there.out).to.match(/^other\.x: 1 document, sha256 [0-9a-f]{16}…, the same\n/);
    expect(there.out).to.match(/10 documents of 5 collections migrated/);
    const back = await elmo('migrate', uri, place.path('b.elmo'));
    expect([back.code, back.err]).to.deep.equal([0, '']);
    const [a, b] = [
      await connect(file(), { promoteValues: false }),
      await connect(place.path('b.elmo'), { promoteValues: false }),
    ];
    const before = await factsOf(a);
    expect(await factsOf(server)).to.deep.equal(before);
    expect(await factsOf(b)).to.deep.equal(before);
    await a.close();
    await b.close();
    expect(existsSync(`${file()}.migrate.json`)).to.equal(false);
  });

  it('to the reference engine and back', async function () {
    const reference = REFERENCE_URI;
    await fillFile();
    const names = ['--nsFrom', '*.*', '--nsTo', 'elmo_migrate_*.*'];
    const there = await elmo('migrate', file(), reference, ...names, '--drop');
    if (/ECONNREFUSED|timed out/.test(there.err)) this.skip(); // none listens
    expect([there.code, there.err]).to.deep.equal([0, '']);
    const back = await elmo(
      'migrate',
      reference,
      place.path('b.elmo'),
      '--nsInclude',
      'elmo_migrate_*.*',
      '--nsFrom',
      'elmo_migrate_*.*',
      '--nsTo',
      '*.*',
    );
    expect([back.code, back.err]).to.deep.equal([0, '']);
    expect(back.out).to.match(/10 documents of 5 collections migrated/);
    const client = await MongoClient.connect(reference);
    for (const db of ['shop', 'other']) await client.db(`elmo_migrate_${db}`).dropDatabase();
    await client.close();
  });

  it('takes a part, under another name', async () => {
    await fillFile();
    const flags = [
      '--nsInclude',
      'shop.*',
      '--nsExclude',
      '*.s*',
      '--nsFrom',
      'shop.*',
      '--nsTo',
      'copy.*',
      '--json',
    ];
    const { code, out } = await elmo('migrate', file(), uri, ...flags);
    expect(code).to.equal(0);
    const { verified } = JSON.parse(out) as { verified: { name: string }[] };
    expect(verified.map(({ name }) => name)).to.deep.equal(['copy.last', 'copy.types']);
    expect((await server.db('copy').listCollections().toArray()).length).to.equal(4); // a view, and where views are kept
  });

  it('changes nothing where a collection is there already, unless told to replace it', async () => {
    await fillFile();
    await server.db('other').collection<{ _id: number }>('x').insertOne({ _id: 7 });
    const refused = await elmo('migrate', file(), uri);
    expect(refused.code).to.equal(1);
    expect(refused.err).to.contain('has other.x already, and nothing was changed: --drop');
    expect(await server.db('shop').listCollections().toArray()).to.deep.equal([]);
    expect((await elmo('migrate', file(), uri, '--drop')).code).to.equal(0);
    expect(
      (await server.db('other').collection('x').find().toArray()).map(({ _id }) => Number(_id)),
    ).to.deep.equal([1]);
  });

  it('goes on where SIGKILL stopped it', async () => {
    const client = await connect(file());
    const many = client.db('shop').collection<{ _id: number | string }>('many');
    // ids of two types, which one filter with $gt would not find
    await many.insertMany(
      Array.from({ length: MANY }, (_, i) => ({
        _id: i % 2 === 0 ? i : `text ${i}`,
        filling: 'x'.repeat(200),
      })),
    );
    await client.close();
    const state = `${file()}.migrate.json`;
    const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
    const child = spawn(process.execPath, [main, 'migrate', file(), uri], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
    const copied = (): number => {
      if (!existsSync(state)) return 0;
      const { collections } = JSON.parse(readFileSync(state, 'utf8')) as {
        collections: Record<string, { documents: number }>;
      };
      return collections['shop.many']?.documents ?? 0;
    };
    while (copied() < 1000) await sleep(1);
    child.kill('SIGKILL');
    expect(await ended).to.equal('SIGKILL');
    const before = copied();
    expect(before).to.be.within(1000, MANY - 1);
    const { code, out, err } = await elmo('migrate', file(), uri);
    expect(err).to.contain('going on with what');
    expect(code).to.equal(0);
    expect(out).to.match(/shop\.many: 6,000 documents, sha256 .*, the same/);
    expect(await server.db('shop').collection('many').countDocuments()).to.equal(MANY);
    expect(existsSync(state)).to.equal(false);
  });

  it('tells what is not the same', async () => {
    await fillFile();
    // as if an earlier run had done everything, and somebody changed the result since
    await elmo('migrate', file(), uri, '--nsInclude', 'shop.types');
    const types = server.db('shop').collection<{ _id: number | string }>('types');
    await types.updateOne({ _id: 1 }, { $set: { double: 5 } });
    await types.deleteOne({ _id: 'text' });
    await types.insertOne({ _id: 'zzz' });
    const done = { 'shop.types': { phase: 'done', documents: 4 } };
    const state = { version: 1, from: file(), to: uri, collections: done };
    writeFileSync(`${file()}.migrate.json`, JSON.stringify(state));
    const { code, err } = await elmo('migrate', file(), uri, '--nsInclude', 'shop.types');
    expect(code).to.equal(1);
    expect(err).to.contain(
      'shop.types: not the same: 1 another one, the first _id 1; 1 missing, the first _id "text"; 1 too many, the first _id "zzz"',
    );
  });

  for (const [why, argv, code, message] of [
    ['two files', ['a.elmo', 'b.elmo'], 2, 'one of the two has to be a file'],
    ['two servers', ['mongodb://a/', 'mongodb://b/'], 2, 'one of the two has to be a file'],
    ['a file that is not there', ['nope.elmo', 'mongodb://a/'], 1, 'there is no file'],
  ] as const)
    it(`refuses ${why}`, async () => {
      const outcome = await elmo('migrate', ...argv);
      expect(outcome.code).to.equal(code);
      expect(outcome.err).to.contain(message);
    });

  it('refuses the state of another migration, and a file that is none', async () => {
    await fillFile();
    const state = place.path('s.json');
    writeFileSync(state, JSON.stringify({ version: 1, from: 'x', to: 'y', collections: {} }));
    const other = await elmo('migrate', file(), uri, '--state', state);
    expect([other.code, other.err.includes('of another migration, from x to y')]).to.deep.equal([1, true]);
    writeFileSync(state, 'nonsense');
    const none = await elmo('migrate', file(), uri, '--state', state);
    expect([none.code, none.err.includes('is not the state of a migration')]).to.deep.equal([1, true]);
    expect((await elmo('migrate', file(), uri, '--state', state, '--restart')).code).to.equal(0);
  });

  it('says which package is needed', async () => {
    let message = '';
    try {
      await loadDriver(place.path('nowhere'), 'no-such-driver');
    } catch (error) {
      ({ message } = error as Error);
    }
    expect(message).to.equal(
      "to connect to a server the package 'no-such-driver' is needed: npm install no-such-driver",
    );
  });

  it('keeps passwords to itself', () => {
    expect(withoutPassword('mongodb://me:secret@host:1/?a=b')).to.equal('mongodb://me@host:1/?a=b');
    expect(withoutPassword('mongodb://host:1/')).to.equal('mongodb://host:1/');
  });

  it('from a server nobody answers for', async () => {
    const { code, err } = await spawnElmo([
      'migrate',
      'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50',
      file(),
    ]);
    expect(code).to.equal(1);
    expect(err).to.match(/^error: .*ECONNREFUSED/);
    expect(existsSync(file())).to.equal(false);
  });
});
