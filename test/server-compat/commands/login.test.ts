/** Logins over the wire: who may do what, before and after. */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { expect } from 'chai';
import { Binary, openEngine, type Document, type Engine } from '../../../elmo/index.js';
import { serve } from '../../../server-compat/index.js';
import type { WireServer } from '../../../server-compat/connection/server.js';
import { WireClient } from '../../support/wire-client.js';

async function logIn(client: WireClient, user: string, password: string, db: string): Promise<Document> {
  const first = `n=${user},r=abcdefgh`;
  const start = await client.run(
    {
      saslStart: 1,
      mechanism: 'SCRAM-SHA-256',
      payload: new Binary(Buffer.from(`n,,${first}`)),
      options: { skipEmptyExchange: true },
    },
    db,
  );
  const challenge = Buffer.from((start['payload'] as Binary).buffer).toString();
  const [, nonce, salt, count] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(challenge)!;
  const salted = pbkdf2Sync(password, Buffer.from(salt!, 'base64'), Number(count), 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest();
  const unproved = `c=biws,r=${nonce}`;
  const signature = createHmac('sha256', storedKey).update(`${first},${challenge},${unproved}`).digest();
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!)).toString('base64');
  return client.run(
    {
      saslContinue: 1,
      conversationId: start['conversationId'],
      payload: new Binary(Buffer.from(`${unproved},p=${proof}`)),
    },
    db,
  );
}

describe('a server that wants logins', () => {
  let engine: Engine;
  let server: WireServer;
  const clients: WireClient[] = [];

  async function client(): Promise<WireClient> {
    const opened = await WireClient.open(Number(server.address.split(':')[1]));
    clients.push(opened);
    return opened;
  }

  before(async () => {
    engine = await openEngine(':memory:', { worker: false });
    server = await serve(engine, { port: 0, auth: true });
    const admin = await client();
    expect((await admin.run({ createUser: 'boss', pwd: 'p1', roles: ['root'] }, 'admin'))['ok']).to.equal(1);
    await logIn(admin, 'boss', 'p1', 'admin');
    expect((await admin.run({ createUser: 'nul', pwd: 'p\0', roles: [] }, 'admin'))['code']).to.equal(2);
    await admin.run({ createUser: 'reader', pwd: 'p2', roles: ['read'] }, 'shop');
    await admin.run({ insert: 'c', documents: [{ a: 1 }] }, 'shop');
  });
  after(async () => {
    for (const each of clients) each.close();
    await server.close(0);
    await engine.close();
  });

  it('answers only the handshake before', async () => {
    const stranger = await client();
    expect((await stranger.run({ hello: 1 }, 'admin'))['ok']).to.equal(1);
    expect((await stranger.run({ find: 'c' }, 'shop'))['code']).to.equal(13);
  });

  it('lets nobody else make the first user', async () => {
    expect(
      (await (await client()).run({ createUser: 'x', pwd: 'x', roles: ['root'] }, 'admin'))['code'],
    ).to.equal(13);
  });

  it('refuses a wrong password and a name that is not there alike', async () => {
    const guess = await client();
    const wrong = await logIn(guess, 'boss', 'p0', 'admin');
    const unknown = await logIn(guess, 'nobody', 'p0', 'admin');
    expect([wrong['code'], wrong['errmsg']]).to.deep.equal([18, 'Authentication failed.']);
    expect([unknown['code'], unknown['errmsg']]).to.deep.equal([18, 'Authentication failed.']);
  });

  it('hears no long messages of who has not logged in', async () => {
    const [stranger, known] = [await client(), await client()];
    const long = { ping: 1, comment: 'x'.repeat(70_000) };
    const refused: unknown = await stranger.run(long, 'admin').catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(Error);
    await logIn(known, 'boss', 'p1', 'admin');
    expect((await known.run(long, 'admin'))['ok']).to.equal(1);
    await known.run({ logout: 1 }, 'admin');
    expect(await known.run(long, 'admin').catch((error: unknown) => error)).to.be.instanceOf(Error);
  });

  it('makes those wait who fail again and again, also side by side', async () => {
    const guesses = await Promise.all(Array.from({ length: 8 }, client));
    const startedAt = performance.now();
    const answers = await Promise.all(
      guesses.map(async (guess) => {
        const { code } = await logIn(guess, 'boss', 'p0', 'admin');
        return { code: code as number, ms: performance.now() - startedAt };
      }),
    );
    expect(new Set(answers.map(({ code }) => code))).to.deep.equal(new Set([18]));
    const [sixth, seventh, eighth] = answers
      .map(({ ms }) => ms)
      .sort((a, b) => a - b)
      .slice(5); // 5 are free
    expect(sixth).to.be.greaterThan(150);
    expect(seventh! - sixth!).to.be.greaterThan(300);
    expect(eighth! - seventh!).to.be.greaterThan(600);
    // who knows the password waits once more, and is free of it then
    const right = await client();
    expect((await logIn(right, 'boss', 'p1', 'admin'))['done']).to.equal(true);
    const again = performance.now();
    expect((await logIn(await client(), 'boss', 'p1', 'admin'))['done']).to.equal(true);
    expect(performance.now() - again).to.be.lessThan(190);
  }).timeout(15_000);

  it('lets a reader read its own database, and nothing else', async () => {
    const reader = await client();
    expect((await logIn(reader, 'reader', 'p2', 'shop'))['done']).to.equal(true);
    expect((await reader.run({ count: 'c' }, 'shop'))['n']).to.equal(1);
    for (const [command, db] of [
      [{ insert: 'c', documents: [{}] }, 'shop'],
      [{ find: 'c' }, 'other'],
      [{ aggregate: 'c', pipeline: [{ $out: 'd' }], cursor: {} }, 'shop'],
      [{ createUser: 'y', pwd: 'y', roles: [] }, 'shop'],
    ] as const)
      expect((await reader.run(command, db))['code'], JSON.stringify(command)).to.equal(13);
  });

  it('looks at every database a command concerns', async () => {
    const boss = await client();
    await logIn(boss, 'boss', 'p1', 'admin');
    await boss.run({ createUser: 'writer', pwd: 'p3', roles: ['readWrite'] }, 'shop');
    const writer = await client();
    await logIn(writer, 'writer', 'p3', 'shop');
    const insertInto = (ns: string): Document => ({
      bulkWrite: 1,
      ops: [{ insert: 0, document: { a: 1 } }],
      nsInfo: [{ ns }],
    });
    const aggregate = (stage: Document): Document => ({ aggregate: 'c', pipeline: [stage], cursor: {} });
    for (const [command, db, code] of [
      [insertInto('shop.c'), 'admin', undefined],
      [insertInto('other.c'), 'admin', 13],
      [aggregate({ $out: 'd' }), 'shop', undefined],
      [aggregate({ $out: { db: 'other', coll: 'd' } }), 'shop', 13],
      [aggregate({ $merge: { into: { db: 'other', coll: 'd' } } }), 'shop', 13],
      [aggregate({ $merge: 'e' }), 'shop', undefined],
      [{ renameCollection: 'shop.d', to: 'shop.f' }, 'admin', undefined],
      [{ renameCollection: 'shop.f', to: 'other.f' }, 'admin', 13],
      [{ serverStatus: 1 }, 'shop', 13],
      [{ getLog: 'global' }, 'admin', 13],
    ] as const)
      expect((await writer.run(command, db))['code'], JSON.stringify(command)).to.equal(code);
  });

  it('forgets who it was at logout', async () => {
    const reader = await client();
    await logIn(reader, 'reader', 'p2', 'shop');
    await reader.run({ logout: 1 }, 'shop');
    expect((await reader.run({ find: 'c' }, 'shop'))['code']).to.equal(13);
  });
});
