import { Binary, Long, type Document } from 'bson';
import { expect } from 'chai';
import { openEngine, type Engine } from '../../../elmo/index.js';
import { serve, type WireServer } from '../../../server-compat/index.js';
import { RawClient } from '../connection/raw-client.js';

describe('server-compat/commands/fail-point', () => {
  let engine: Engine;
  let server: WireServer;
  let client: RawClient;

  before(async () => {
    engine = await openEngine(':memory:');
    server = await serve(engine, { port: 0, enableTestCommands: true });
  });
  after(async () => {
    await server.close();
    await engine.close();
  });
  beforeEach(async () => (client = await RawClient.to(server.address)));
  afterEach(async () => {
    await client.end();
    const other = await RawClient.to(server.address);
    await other.command({ configureFailPoint: 'failCommand', mode: 'off', $db: 'admin' });
    await other.end();
  });

  const fail = (mode: unknown, data: Document): Promise<Document> =>
    client.command({ configureFailPoint: 'failCommand', mode, data, $db: 'admin' });
  const outcomes = async (count: number): Promise<number[]> => {
    const codes: number[] = [];
    for (let i = 0; i < count; i++) codes.push((await client.command({ count: 'c' })).code ?? 0);
    return codes;
  };

  for (const [why, mode, expected] of [
    ['so many times', { times: 2 }, [8, 8, 0, 0]],
    ['after some that are let by', { skip: 2 }, [0, 0, 8, 8]],
    ['always', 'alwaysOn', [8, 8, 8, 8]],
    ['never', 'off', [0, 0, 0, 0]],
  ] as const)
    it(`a command fails ${why}`, async () => {
      await fail(mode, { failCommands: ['count'], errorCode: 8 });
      expect(await outcomes(4)).to.deep.equal(expected);
    });

  it('other commands go on', async () => {
    await fail('alwaysOn', { failCommands: ['count'], errorCode: 8 });
    expect((await client.command({ ping: 1 })).ok).to.equal(1);
  });

  it('only those of an application that is named', async () => {
    await fail('alwaysOn', { failCommands: ['count'], errorCode: 8, appName: 'other' });
    expect(await outcomes(1)).to.deep.equal([0]);
  });

  const retryable = { lsid: { id: new Binary(Buffer.alloc(16, 1), 4) }, txnNumber: Long.fromNumber(1) };
  for (const [why, data, expected] of [
    ['of a retryable write are those of its code', { errorCode: 91 }, ['RetryableWriteError']],
    ['that are given are all', { errorCode: 91, errorLabels: ['Other'] }, ['Other']],
    ['may be none', { errorCode: 91, errorLabels: [] }, undefined],
  ] as const)
    it(`labels ${why}`, async () => {
      await fail({ times: 1 }, { failCommands: ['insert'], ...data });
      const reply = await client.command({ insert: 'c', documents: [{}], ...retryable });
      expect(reply.code).to.equal(91);
      expect(reply.errorLabels).to.deep.equal(expected);
    });

  it('ends the connection instead of an answer', async () => {
    await fail({ times: 1 }, { failCommands: ['ping'], closeConnection: true });
    const reply = await client.command({ ping: 1 }).catch((error: Error) => error.message);
    expect(reply).to.equal('the connection has ended');
  });

  it('waits before it goes on', async () => {
    await fail({ times: 1 }, { failCommands: ['ping'], blockConnection: true, blockTimeMS: 30 });
    const startedMs = performance.now();
    expect((await client.command({ ping: 1 })).ok).to.equal(1);
    expect(performance.now() - startedMs).to.be.greaterThan(25);
  });

  it('adds a write concern error to a write that is done', async () => {
    const writeConcernError = { code: 91, errmsg: 'shutting down' };
    await fail({ times: 1 }, { failCommands: ['insert'], writeConcernError });
    const reply = await client.command({ insert: 'done', documents: [{ _id: 1 }] });
    expect(reply).to.deep.include({ n: 1, ok: 1, writeConcernError });
  });

  for (const [why, command, code] of [
    ['an unknown fail point', { configureFailPoint: 'other', mode: 'off' }, 266],
    ['an unknown mode', { configureFailPoint: 'failCommand', mode: 'often', data: { failCommands: [] } }, 2],
    ['no mode', { configureFailPoint: 'failCommand' }, 40414],
    ['no data', { configureFailPoint: 'failCommand', mode: 'alwaysOn' }, 2],
  ] as const)
    it(`refuses ${why}`, async () =>
      expect((await client.command({ ...command, $db: 'admin' })).code).to.equal(code));

  it('is not there unless it was asked for', async () => {
    const plain = await serve(engine, { port: 0 });
    const other = await RawClient.to(plain.address);
    const reply = await other.command({ configureFailPoint: 'failCommand', mode: 'off', $db: 'admin' });
    expect(reply.code).to.equal(59);
    await other.end();
    await plain.close();
  });
});
