/** Passwords are shown to nobody: neither while their command runs, nor afterwards. */
import { expect } from 'chai';
import { Binary, type Document } from 'bson';
import { openEngine, type Engine } from '../../../elmo/index.js';
import { serve, type WireServer } from '../../../server-compat/index.js';
import { RawClient } from '../connection/raw-client.js';

const PASSWORD = 'swordfish';
const payload = new Binary(Buffer.from(PASSWORD));

describe('commands that carry passwords', () => {
  let engine: Engine;
  let server: WireServer;
  let client: RawClient;
  let watcher: RawClient;

  before(async () => {
    engine = await openEngine(':memory:', { worker: false });
    server = await serve(engine, { port: 0, enableTestCommands: true });
    client = await RawClient.to(server.address);
    watcher = await RawClient.to(server.address);
  });
  after(async () => {
    await client.end();
    await watcher.end();
    await server.close(0);
    await engine.close();
  });

  const admin = (command: Document): Promise<Document> => watcher.command({ ...command, $db: 'admin' });

  /** What both ways of asking show of the first command of that name that runs. */
  async function shown(name: string): Promise<Document[]> {
    for (;;) {
      const pipeline = [{ $currentOp: { allUsers: true } }];
      const replies = [
        (await admin({ currentOp: 1 })).inprog as Document[],
        (await admin({ aggregate: 1, pipeline, cursor: {} })).cursor.firstBatch as Document[],
      ];
      const found = replies.flat().flatMap((row) => (name in row.command ? [row.command as Document] : []));
      if (found.length === 2) return found;
      await new Promise(setImmediate);
    }
  }

  for (const [command, hidden] of [
    [{ createUser: 'u', pwd: PASSWORD, roles: [] }, 'pwd'],
    [{ updateUser: 'u', pwd: PASSWORD }, 'pwd'],
    [{ saslStart: 1, mechanism: 'SCRAM-SHA-256', payload }, 'payload'],
    [{ saslContinue: 1, conversationId: 1, payload }, 'payload'],
    [
      { hello: 1, speculativeAuthenticate: { saslStart: 1, mechanism: 'PLAIN', payload, db: 'admin' } },
      'speculativeAuthenticate',
    ],
  ] as const)
    it(`${Object.keys(command)[0]!}: while it runs`, async () => {
      const name = Object.keys(command)[0]!;
      const data = { failCommands: [name], blockConnection: true, blockTimeMS: 500 };
      await admin({ configureFailPoint: 'failCommand', mode: { times: 1 }, data });
      const running = client.command(command);
      for (const seen of await shown(name)) {
        expect(seen).to.have.property(hidden, 'xxx');
        expect(seen.$db).to.equal('test');
      }
      await running;
    });

  it('in what the profiler writes', async () => {
    await client.command({ profile: 2 });
    await client.command({ createUser: 'p', pwd: PASSWORD, roles: [] });
    await client.command({ updateUser: 'p', pwd: PASSWORD });
    await client.command({ saslStart: 1, mechanism: 'SCRAM-SHA-256', payload });
    await client.command({ profile: 0 });
    const { cursor } = await client.command({
      find: 'system.profile',
      filter: { 'command.pwd': { $exists: true } },
    });
    expect(cursor.firstBatch.map(({ command }: Document) => command.pwd)).to.deep.equal(['xxx', 'xxx']);
    const all = await client.command({ find: 'system.profile' });
    expect(JSON.stringify(all)).not.to.include(PASSWORD).and.not.to.include('saslStart');
  });
});
