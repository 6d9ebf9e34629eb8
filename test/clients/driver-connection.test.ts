/** How the official driver gets in: addresses, compression, logins, encrypted connections. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { MongoClient, MongoServerError, type MongoClientOptions } from 'mongodb';
import { connect } from '../../index.js';
import { serveInMemory, type Served } from './fixture.js';

async function pings(uri: string, options: MongoClientOptions = {}): Promise<boolean> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 3_000, ...options });
  try {
    await client.connect();
    const { ok } = await client.db('admin').command({ ping: 1 });
    await client
      .db('x')
      .collection('c')
      .insertOne({ text: 'words '.repeat(1_000) });
    const found = await client.db('x').collection('c').findOne();
    return ok === 1 && found!['text'] === 'words '.repeat(1_000);
  } finally {
    await client.close();
  }
}

describe('connections of the official driver', () => {
  let served: Served;
  let address = '';

  afterEach(() => served.close());

  describe('addresses', () => {
    beforeEach(async () => {
      served = await serveInMemory();
      ({ address } = served.server);
    });

    for (const suffix of [
      '/?replicaSet=elmo',
      '/?directConnection=true',
      '/',
      '/?directConnection=false',
      '/?appName=x',
    ])
      it(`mongodb://HOST${suffix}`, async () =>
        expect(await pings(`mongodb://${address}${suffix}`)).to.equal(true));

    for (const name of ['zlib', 'none'] as const)
      it(`compression: ${name}`, async () =>
        expect(await pings(`mongodb://${address}/`, { compressors: [name] })).to.equal(true));

    it('connect gives its client for the address of a server', async () => {
      const client = await connect(`mongodb://${address}/`);
      expect(client).to.be.instanceOf(MongoClient);
      expect((await client.db('x').command({ ping: 1 }))['ok']).to.equal(1);
      await client.close();
    });

    it('the Stable API', async () => {
      expect(await pings(`mongodb://${address}/`, { serverApi: { version: '1', strict: true } })).to.equal(
        true,
      );
    });

    it('many at a time', async () => {
      const client = new MongoClient(`mongodb://${address}/`, { maxPoolSize: 30 });
      const replies = await Promise.all(
        Array.from({ length: 200 }, () => client.db('x').command({ ping: 1 })),
      );
      await client.close();
      expect(replies.every(({ ok }) => ok === 1)).to.equal(true);
    });
  });

  it('a server on its own', async () => {
    served = await serveInMemory({ standalone: true });
    expect(await pings(served.uri)).to.equal(true);
  });

  describe('logins', () => {
    beforeEach(async () => {
      served = await serveInMemory();
      const admin = await new MongoClient(served.uri).connect();
      await admin.db('admin').command({ createUser: 'boss', pwd: 'p@ss word', roles: ['root'] });
      await admin.db('x').command({ createUser: 'reader', pwd: 'r', roles: ['read'] });
      await admin.close();
      ({ address } = await served.elmo.listen({ port: 0, auth: true }));
    });

    const boss = { username: 'boss', password: 'p@ss word' };

    for (const authMechanism of ['DEFAULT', 'SCRAM-SHA-256', 'SCRAM-SHA-1'] as const)
      it(authMechanism, async () =>
        expect(await pings(`mongodb://${address}/`, { auth: boss, authMechanism })).to.equal(true),
      );

    it('in the address', async () =>
      expect(await pings(`mongodb://boss:p%40ss%20word@${address}/?authSource=admin`)).to.equal(true));

    it('a wrong password', async () => {
      const error = await pings(`mongodb://${address}/`, { auth: { ...boss, password: 'wrong' } }).catch(
        (refused: unknown) => refused,
      );
      expect(error).to.be.instanceOf(MongoServerError).with.property('code', 18);
    });

    it('nobody', async () => {
      const client = await new MongoClient(`mongodb://${address}/`).connect();
      const error = await client
        .db('x')
        .collection('c')
        .findOne()
        .catch((refused: unknown) => refused);
      await client.close();
      expect(error).to.be.instanceOf(MongoServerError).with.property('code', 13);
    });

    it('who may only read', async () => {
      const client = await new MongoClient(`mongodb://reader:r@${address}/x`).connect();
      const c = client.db('x').collection('c');
      expect(await c.countDocuments()).to.equal(0);
      const error = await c.insertOne({}).catch((refused: unknown) => refused);
      await client.close();
      expect(error).to.be.instanceOf(MongoServerError).with.property('code', 13);
    });
  });

  describe('encrypted', () => {
    let folder = '';

    before(function () {
      folder = mkdtempSync(join(tmpdir(), 'elmo-tls-'));
      try {
        const request = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost';
        const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
        const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
        execFileSync('openssl', [...request.split(' '), ...names, ...files], { stdio: 'ignore' });
      } catch {
        console.log('    skipped: there is no openssl to make a certificate with');
        this.skip();
      }
    });
    after(() => rmSync(folder, { recursive: true, force: true }));
    beforeEach(async () => {
      const [cert, key] = ['cert.pem', 'key.pem'].map((name) => readFileSync(join(folder, name)));
      served = await serveInMemory({ tls: { cert: cert!, key: key! } });
      ({ address } = served.server);
    });

    it('with the certificate that is trusted', async () =>
      expect(
        await pings(`mongodb://${address}/`, { tls: true, tlsCAFile: join(folder, 'cert.pem') }),
      ).to.equal(true));

    it('not with one that is not', async () => {
      const error = await pings(`mongodb://${address}/`, { tls: true, serverSelectionTimeoutMS: 500 }).catch(
        (refused: unknown) => refused,
      );
      expect(error).to.be.instanceOf(Error);
    });

    it('not without', async () => {
      const error = await pings(`mongodb://${address}/`, { serverSelectionTimeoutMS: 500 }).catch(
        (refused: unknown) => refused,
      );
      expect(error).to.be.instanceOf(Error);
    });
  });
});
