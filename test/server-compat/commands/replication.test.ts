import { expect } from 'chai';
import { openEngine, type Engine } from '../../../elmo/index.js';
import { serve, type WireServer } from '../../../server-compat/index.js';
import { RawClient } from '../connection/raw-client.js';

describe('server-compat/commands/replication', () => {
  let engine: Engine;
  const servers: WireServer[] = [];

  before(async () => {
    engine = await openEngine(':memory:');
    for (const standalone of [false, true]) servers.push(await serve(engine, { port: 0, standalone }));
  });
  after(async () => {
    for (const server of servers) await server.close();
    await engine.close();
  });

  const ask = async (
    server: WireServer,
    command: Record<string, unknown>,
  ): Promise<Record<string, unknown>> => {
    const client = await RawClient.to(server.address);
    const reply = await client.command({ ...command, $db: 'admin' });
    await client.end();
    return reply;
  };

  it('the set has one member, which is primary', async () => {
    const { address } = servers[0]!;
    const status = await ask(servers[0]!, { replSetGetStatus: 1 });
    expect(status).to.include({ set: 'elmo', myState: 1, ok: 1 });
    expect(status.members).to.have.length(1);
    const hello = await ask(servers[0]!, { hello: 1 });
    expect(hello).to.include({ setName: 'elmo', isWritablePrimary: true, secondary: false, me: address });
    expect(hello.hosts).to.deep.equal([address]);
    expect(hello).to.have.property('$clusterTime');
  });

  it('a server alone is in no set', async () => {
    expect((await ask(servers[1]!, { replSetGetStatus: 1 })).code).to.equal(76);
    const hello = await ask(servers[1]!, { hello: 1 });
    for (const field of ['hosts', 'setName', 'me', 'primary', 'lastWrite', '$clusterTime'])
      expect(hello).not.to.have.property(field);
  });

  it('says what the client told of itself only once', async () => {
    const client = await RawClient.to(servers[0]!.address);
    const metadata = { driver: { name: 'd', version: '1' }, os: { type: 'Linux' } };
    expect((await client.command({ hello: 1, client: metadata })).ok).to.equal(1);
    expect((await client.command({ hello: 1, client: metadata })).code).to.equal(186);
    await client.end();
  });

  for (const [why, metadata, code] of [
    ['no driver', { os: { type: 'x' } }, 183],
    ['no os', { driver: { name: 'd', version: '1' } }, 183],
    [
      'a name that is too long',
      { application: { name: 'a'.repeat(129) }, driver: { name: 'd', version: '1' }, os: { type: 'x' } },
      184,
    ],
    ['too much', { driver: { name: 'd'.repeat(600), version: '1' }, os: { type: 'x' } }, 185],
  ] as const)
    it(`refuses metadata with ${why}`, async () =>
      expect((await ask(servers[0]!, { hello: 1, client: metadata })).code).to.equal(code));

  it('tells who has opened it that it is to stop', async () => {
    const server = await serve(engine, { port: 0 });
    expect((await ask(server, { shutdown: 1 })).ok).to.equal(1);
    await server.stopAsked;
    await server.close();
  });
});
