/** The limits of a server, over the wire: what is larger or older than allowed costs its own connection or cursor, nothing else. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as zlib from 'node:zlib';
import { expect } from 'chai';
import type { Long } from 'bson';
import { Binary, UUID, type Document } from 'bson';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { Engine, openEngine } from '../../../elmo/index.js';
import { openLsm, systemEnv } from '../../../lsm/index.js';
import { serve, type WireServer } from '../../../server-compat/index.js';
import { compressMessage, uncompressMessage } from '../../../server-compat/wire/op-compressed.js';
import { FakeClock } from '../../support/fake-clock.js';
import { int32, message, opMsg, replyDocument } from '../wire/messages.js';
import { RawClient } from './raw-client.js';

const MAX_MESSAGE_BYTES = 48_000_000;
const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

describe('limits of a server', () => {
  let engine: Engine;
  let server: WireServer;
  let client: RawClient;

  before(async () => {
    engine = await openEngine(':memory:', { worker: false, maxCursors: 3 });
    server = await serve(engine, { port: 0 });
  });
  after(async () => {
    await server.close(0);
    await engine.close();
  });
  beforeEach(async () => (client = await RawClient.to(server.address)));
  afterEach(() => client.end());

  /** An insert of exactly so many bytes, in three documents. */
  function insertOf(bytes: number): Buffer {
    const build = (lengths: readonly number[]): Buffer =>
      opMsg(
        { insert: 'large', $db: 'test' },
        {
          sections: [
            { name: 'documents', documents: lengths.map((length) => ({ pad: Buffer.alloc(length) })) },
          ],
        },
      );
    const rest = bytes - build([0, 0, 0]).length;
    const third = Math.floor(rest / 3);
    return build([third, third, rest - 2 * third]);
  }

  it('takes a message of 48,000,000 bytes', async () => {
    const bytes = insertOf(MAX_MESSAGE_BYTES);
    expect(bytes.length).to.equal(MAX_MESSAGE_BYTES);
    client.send(bytes);
    expect(replyDocument((await client.next())!)).to.include({ n: 3, ok: 1 });
    expect((await client.command({ count: 'large' })).n).to.equal(3);
  }).timeout(30_000);

  it('one byte more ends the connection, and no other', async () => {
    const other = await RawClient.to(server.address);
    client.send(insertOf(MAX_MESSAGE_BYTES + 1).subarray(0, 1000)); // its header is enough
    expect(await client.next()).to.equal(undefined);
    expect((await other.command({ count: 'large' })).n).to.equal(3);
    await other.end();
  }).timeout(30_000);

  it('a document of 16 MiB and not one byte more', async () => {
    const around = encodeDocument({ _id: 1, pad: new Binary(Buffer.alloc(0)) }).length;
    const insert = (_id: number, bytes: number): Promise<Document> =>
      client.command({ insert: 'big', documents: [{ _id, pad: Buffer.alloc(bytes - around) }] });
    expect(await insert(1, MAX_DOCUMENT_BYTES)).to.include({ n: 1, ok: 1 });
    const refused = await insert(2, MAX_DOCUMENT_BYTES + 1);
    expect(refused.writeErrors ?? [refused])
      .to.have.nested.property('[0].code')
      .that.is.oneOf([2, 10334]);
    expect((await client.command({ count: 'big' })).n).to.equal(1);
  }).timeout(30_000);

  it('documents within documents, 180 deep', async () => {
    const nested = (depth: number): Document => (depth === 1 ? {} : { a: nested(depth - 1) });
    expect(await client.command({ insert: 'deep', documents: [nested(180)] })).to.include({ n: 1, ok: 1 });
    for (const depth of [201, 2000]) {
      const reply = await client.command({ insert: 'deep', documents: [nested(depth)] });
      expect(reply.ok === 0 || reply.writeErrors?.length === 1, JSON.stringify(reply)).to.equal(true);
    }
    expect((await client.command({ count: 'deep' })).n).to.equal(1);
  });

  it('as many cursors as the engine allows', async () => {
    await client.command({ insert: 'c', documents: [{}, {}, {}] });
    const open = (): Promise<Document> => client.command({ find: 'c', batchSize: 1 });
    const cursors = [await open(), await open(), await open()].map(({ cursor }) => cursor.id as Long);
    expect(await open()).to.include({ ok: 0 });
    await client.command({ killCursors: 'c', cursors: cursors.slice(0, 1) });
    const another = await open();
    expect(another.ok).to.equal(1);
    await client.command({ killCursors: 'c', cursors: [...cursors.slice(1), another.cursor.id] });
  });

  it('answers compressed by zstd where the runtime can', async function () {
    if (!('zstdCompressSync' in zlib)) return this.skip();
    client.send(compressMessage(opMsg({ ping: 1, $db: 'admin' }), 'zstd'));
    const { message: reply, compressor } = uncompressMessage((await client.next())!);
    expect(compressor).to.equal('zstd');
    expect(replyDocument(reply).ok).to.equal(1);
  });

  it('a packed message that says it is longer than a message may be ends the connection', async () => {
    client.send(
      message(2012, 1, int32(2013), int32(MAX_MESSAGE_BYTES + 1), Buffer.from([2]), zlib.deflateSync('x')),
    );
    expect(await client.next()).to.equal(undefined);
  });
});

describe('what clients leave behind', () => {
  const clock = new FakeClock();
  let engine: Engine;
  let server: WireServer;
  let client: RawClient;

  before(async () => {
    engine = new Engine(await openLsm(':memory:', {}), clock, systemEnv().random);
    engine.startBackground({});
    server = await serve(engine, { port: 0 });
    client = await RawClient.to(server.address);
    await client.command({ insert: 'c', documents: [{}, {}, {}] });
  });
  after(async () => {
    await client.end();
    await server.close(0);
    await engine.close();
  });

  it('a cursor for ten minutes, a session for thirty', async () => {
    const lsid = { id: new UUID() };
    const list = async (): Promise<Document[]> => {
      const pipeline = [{ $listLocalSessions: {} }];
      return (await client.command({ aggregate: 1, pipeline, cursor: {} })).cursor.firstBatch as Document[];
    };
    const left = (await client.command({ find: 'c', batchSize: 1 })).cursor.id as Long;
    const kept = (await client.command({ find: 'c', batchSize: 1, noCursorTimeout: true })).cursor.id as Long;
    await client.command({ count: 'c', lsid });
    expect((await list()).map(({ _id }) => String(_id.id))).to.include(String(lsid.id));

    const openCursors = async (): Promise<number> => {
      const { metrics } = await client.command({ serverStatus: 1 });
      return Number(metrics.cursor.open.total);
    };
    expect(await openCursors()).to.equal(2);
    clock.advance(11 * 60_000);
    await until(async () => (await openCursors()) < 2);
    expect(await client.command({ getMore: left, collection: 'c' })).to.include({ code: 43 });
    expect(await client.command({ getMore: kept, collection: 'c' })).to.include({ ok: 1 });
    expect(await list()).to.have.length(1);

    clock.advance(31 * 60_000);
    await until(async () => (await list()).length === 0);
  }).timeout(120_000);
});

/** The server looks after what is left now and then, and a busy machine does so late. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(50);
}
