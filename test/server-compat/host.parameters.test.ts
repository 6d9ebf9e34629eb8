/** Parameters that concern clients: what each does, over the wire. */
import { expect } from 'chai';
import { Int32, Long, UUID, type Document } from 'bson';
import { openEngine, type Engine } from '../../elmo/index.js';
import { serve, type WireServer } from '../../server-compat/index.js';
import { RawClient } from './connection/raw-client.js';

describe('parameters that concern clients', () => {
  let engine: Engine;
  let server: WireServer;
  let client: RawClient;
  const admin = (command: Document): Promise<Document> => client.command({ ...command, $db: 'admin' });
  const set = (parameters: Document): Promise<Document> => admin({ setParameter: 1, ...parameters });

  beforeEach(async () => {
    engine = await openEngine(':memory:', { worker: false });
    server = await serve(engine, { port: 0, enableTestCommands: true });
    client = await RawClient.to(server.address);
  });
  afterEach(async () => {
    await client.end();
    await server.close(0);
    await engine.close();
  });

  it('options of the server are told as parameters', async () => {
    const found = await admin({ getParameter: { showDetails: true }, enableTestCommands: 1, tlsMode: 1 });
    expect(found.enableTestCommands).to.deep.equal({
      value: true,
      settableAtRuntime: false,
      settableAtStartup: true,
    });
    expect(found.tlsMode.value).to.equal('disabled');
  });

  it('its address is what it calls itself', async () => {
    const { inprog } = await admin({ currentOp: 1 });
    expect(inprog[0]).to.include({ host: server.address, ns: 'admin.$cmd' });
    await client.command({ create: 'c' });
    const { serverInfo } = await client.command({ explain: { find: 'c' } });
    expect(`${serverInfo.host}:${serverInfo.port}`).to.equal(server.address);
  });

  it('maxTransactionLockRequestTimeoutMillis: how long a transaction waits for a lock', async () => {
    await client.command({ create: 'c' });
    const locker = await RawClient.to(server.address);
    await locker.command({ fsync: 1, lock: true, $db: 'admin' });
    let txnNumber = 0;
    const insertInTransaction = (): Promise<Document> =>
      client.command({
        insert: 'c',
        documents: [{}],
        lsid: { id: new UUID() },
        txnNumber: Long.fromNumber(++txnNumber),
        autocommit: false,
        startTransaction: true,
      });
    const refused = await insertInTransaction();
    expect(refused).to.include({ ok: 0, code: 24, codeName: 'LockTimeout' });
    expect(refused.errorLabels).to.deep.equal(['TransientTransactionError']);
    await set({ maxTransactionLockRequestTimeoutMillis: new Int32(-1) });
    const waiting = insertInTransaction();
    await locker.command({ ping: 1 });
    await locker.command({ fsyncUnlock: 1, $db: 'admin' });
    expect(await waiting).to.include({ ok: 1, n: 1 });
    await locker.end();
  });

  it('scram…IterationCount: of credentials that are made from now on', async () => {
    expect(await set({ scramIterationCount: 4000 })).to.include({ ok: 0, code: 2 });
    await set({ scramIterationCount: 5000, scramSHA256IterationCount: 6000 });
    await client.command({ createUser: 'u', pwd: 'p', roles: [] });
    const { users } = await client.command({ usersInfo: 'u', showCredentials: true });
    const counts = Object.values(users[0].credentials as Record<string, Document>);
    expect(counts.map(({ iterationCount }) => Number(iterationCount))).to.have.members([5000, 6000]);
  });

  it('quiet: connections are not logged', async () => {
    const linesOf = async (remote: string): Promise<string[]> => {
      const { log } = await admin({ getLog: 'global' });
      return (log as string[]).filter((line) => line.includes(`"remote":"${remote}"`));
    };
    const visit = async (): Promise<string> => {
      const visitor = await RawClient.to(server.address);
      const { you } = await visitor.command({ whatsmyuri: 1 });
      await visitor.end();
      while (server.connections.size > 1) await new Promise(setImmediate);
      return you as string;
    };
    const [accepted, ended] = (await linesOf(await visit())).map((line) => JSON.parse(line) as Document);
    expect(accepted).to.include({ c: 'NETWORK', msg: 'Connection accepted' });
    expect(ended).to.include({ c: 'NETWORK', msg: 'Connection ended' });
    await set({ quiet: true });
    expect(await linesOf(await visit())).to.deep.equal([]);
  });

  it('requireApiVersion: greetings are answered all the same', async () => {
    await set({ requireApiVersion: true });
    expect((await client.command({ ping: 1 })).code).to.equal(498870);
    expect((await client.command({ hello: 1 })).ok).to.equal(1);
    expect((await client.command({ ping: 1, apiVersion: '1' })).ok).to.equal(1);
  });
});
