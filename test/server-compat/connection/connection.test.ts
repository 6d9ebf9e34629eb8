import { expect } from 'chai';
import { Long, type Document } from 'bson';
import { openEngine, type Engine } from '../../../elmo/index.js';
import { serve, type WireServer } from '../../../server-compat/index.js';
import { compressMessage, uncompressMessage } from '../../../server-compat/wire/op-compressed.js';
import { int32, message, opMsg, opQuery, replyDocument } from '../wire/messages.js';
import { RawClient } from './raw-client.js';

const MORE_TO_COME = 2;
const EXHAUST_ALLOWED = 0x10000;

async function topologyOf(client: RawClient): Promise<Document> {
  const { topologyVersion } = await client.command({ hello: 1 });
  return { ...topologyVersion, counter: Long.fromNumber(topologyVersion.counter) };
}

describe('server-compat/connection', () => {
  let engine: Engine;
  let server: WireServer;
  let client: RawClient;

  before(async () => {
    engine = await openEngine(':memory:');
    server = await serve(engine, { port: 0 });
  });
  after(async () => {
    await server.close();
    await engine.close();
  });
  beforeEach(async () => (client = await RawClient.to(server.address)));
  afterEach(() => client.end());

  it('answers requests in the order they came, those that came at once too', async () => {
    client.send(Buffer.concat([1, 2, 3].map((id) => opMsg({ ping: 1, $db: 'admin' }, { requestId: id }))));
    for (const id of [1, 2, 3]) {
      const reply = await client.next();
      expect(Buffer.from(reply!).readInt32LE(8)).to.equal(id);
    }
  });

  it('reads no further from a client that sends faster than it is answered', async () => {
    const own = await serve(engine, { port: 0, maxWaitingBytes: 10_000, enableTestCommands: true });
    const fast = await RawClient.to(own.address);
    const mode = { times: 1 };
    const data = { failCommands: ['ping'], blockConnection: true, blockTimeMS: 300 };
    await fast.command({ configureFailPoint: 'failCommand', mode, data, $db: 'admin' });
    const pings = Array.from({ length: 4000 }, (_, requestId) =>
      opMsg({ ping: 1, comment: 'x'.repeat(10_000), $db: 'admin' }, { requestId }),
    );
    fast.send(Buffer.concat(pings)); // 40 MB
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(own.traffic.bytesIn).to.be.lessThan(2_000_000);
    for (let i = 0; i < pings.length; i++) expect(await fast.next()).to.not.equal(undefined);
    expect(own.traffic.bytesIn).to.be.greaterThan(40_000_000);
    await fast.end();
    await own.close(0);
  }).timeout(20_000);

  it('lets no more in than it may', async () => {
    const own = await serve(engine, { port: 0, maxConnections: 2 });
    const [first, second] = [await RawClient.to(own.address), await RawClient.to(own.address)];
    await Promise.all([first.command({ ping: 1 }), second.command({ ping: 1 })]);
    const third = await RawClient.to(own.address);
    await third.closed;
    expect((await first.command({ ping: 1 })).ok).to.equal(1);
    await Promise.all([first.end(), second.end()]);
    await own.close(0);
  });

  it('gives no reply to a request with moreToCome', async () => {
    client.send(opMsg({ insert: 'quiet', documents: [{ _id: 1 }], $db: 'test' }, { flags: MORE_TO_COME }));
    expect((await client.command({ count: 'quiet' })).n).to.equal(1);
  });

  it('takes documents beside the command', async () => {
    const documents = [{ _id: 1 }, { _id: 2 }];
    const reply = await client.command(
      { insert: 'beside' },
      { sections: [{ name: 'documents', documents }] },
    );
    expect(reply.n).to.equal(2);
  });

  it('answers an OP_QUERY hello by OP_REPLY, and no other command', async () => {
    client.send(opQuery('admin.$cmd', { isMaster: 1, helloOk: true }));
    const hello = replyDocument((await client.next())!);
    expect(hello).to.include({ ismaster: true, helloOk: true, ok: 1 });
    client.send(opQuery('admin.$cmd', { ping: 1 }));
    expect(replyDocument((await client.next())!)).to.include({ ok: 0, code: 352 });
  });

  it('answers a compressed request compressed alike', async () => {
    for (const name of ['snappy', 'zlib'] as const) {
      client.send(compressMessage(opMsg({ ping: 1, $db: 'admin' }), name));
      const { message: reply, compressor } = uncompressMessage((await client.next())!);
      expect(compressor).to.equal(name);
      expect(replyDocument(reply).ok).to.equal(1);
    }
  });

  it('answers malformed BSON by an error, and goes on', async () => {
    const bytes = opMsg({ ping: 1, $db: 'admin' });
    bytes[25] = 0x55;
    client.send(bytes);
    expect(replyDocument((await client.next())!)).to.include({ ok: 0, code: 22 });
    expect((await client.command({ ping: 1 })).ok).to.equal(1);
  });

  for (const [why, bytes] of [
    ['an unknown opCode', message(1234, 1, Buffer.alloc(10))],
    ['a length that cannot be', int32(3)],
    ['an OP_MSG without a body', message(2013, 1, int32(0))],
  ] as const)
    it(`ends the connection on ${why}, and no other`, async () => {
      const other = await RawClient.to(server.address);
      client.send(bytes);
      expect(await client.next()).to.equal(undefined);
      expect((await other.command({ ping: 1 })).ok).to.equal(1);
      await other.end();
    });

  it('sends the batches of a cursor unasked when that is allowed', async () => {
    const documents = Array.from({ length: 25 }, (_, i) => ({ _id: i }));
    await client.command({ insert: 'exhaust', documents });
    const { cursor } = await client.command({ find: 'exhaust', batchSize: 5 });
    client.send(
      opMsg(
        { getMore: cursor.id, collection: 'exhaust', batchSize: 10, $db: 'test' },
        { flags: EXHAUST_ALLOWED, requestId: 77 },
      ),
    );
    const seen: number[] = [];
    let responseTo = 77;
    for (let more = true; more;) {
      const reply = Buffer.from((await client.next())!);
      expect(reply.readInt32LE(8)).to.equal(responseTo);
      responseTo = reply.readInt32LE(4);
      more = (reply.readInt32LE(16) & MORE_TO_COME) !== 0;
      seen.push(...replyDocument(reply).cursor.nextBatch.map(({ _id }: Document) => Number(_id)));
    }
    expect(seen).to.deep.equal(documents.slice(5).map(({ _id }) => _id));
  });

  it('streams hello to a client that waits for changes', async () => {
    const topologyVersion = await topologyOf(client);
    client.send(
      opMsg({ hello: 1, topologyVersion, maxAwaitTimeMS: 5, $db: 'admin' }, { flags: EXHAUST_ALLOWED }),
    );
    for (let i = 0; i < 3; i++) {
      const reply = Buffer.from((await client.next())!);
      expect(reply.readInt32LE(16) & MORE_TO_COME).to.equal(MORE_TO_COME);
    }
  });

  it('kills what runs when the client goes', async () => {
    const slow = await RawClient.to(server.address);
    const topologyVersion = await topologyOf(slow);
    slow.send(opMsg({ hello: 1, topologyVersion, maxAwaitTimeMS: 60_000, $db: 'admin' }));
    await slow.end();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([...server.connections].filter((connection) => connection.isBusy)).to.have.length(0);
  });
});
