/** Long replies over the wire: whoever reads late gets what was meant for it, and whoever never reads costs the others nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Document } from 'bson';
import { openEngine, type Engine } from '../../../elmo/index.js';
import { serve, type WireServer } from '../../../server-compat/index.js';
import { opMsg, replyDocument } from '../wire/messages.js';
import { RawClient } from './raw-client.js';

const MIB = 1024 * 1024;
const LETTERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

interface Reply extends Document {
  readonly cursor: { readonly firstBatch: readonly { text: string }[] };
}

describe('long replies', () => {
  let engine: Engine;
  let server: WireServer;
  const clients: RawClient[] = [];

  async function client(): Promise<RawClient> {
    const one = await RawClient.to(server.address);
    clients.push(one);
    return one;
  }

  async function start(maxUnreadBytes: number): Promise<void> {
    server = await serve(engine, { port: 0, maxUnreadBytes });
  }

  /** What asks for the document of a letter, of several mebibytes. */
  const asking = (letter: string): Buffer =>
    opMsg({ find: 'long', filter: { _id: letter }, singleBatch: true, $db: 'test' });

  async function letterIn(one: RawClient): Promise<string> {
    const reply = await one.next();
    const { text } = (replyDocument(reply!) as Reply).cursor.firstBatch[0]!;
    return text === text[0]!.repeat(text.length) ? text[0]! : `a mixture of ${[...new Set(text)].join()}`;
  }

  beforeEach(async () => (engine = await openEngine(':memory:', { worker: false })));
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((one) => one.end()));
    await server.close(0);
    await engine.close();
  });

  async function fill(mebibytes: number): Promise<void> {
    const one = await client();
    for (const [n, letter] of LETTERS.entries()) {
      const text = letter.repeat(mebibytes * MIB + n * 1000);
      one.send(opMsg({ insert: 'long', documents: [{ _id: letter, text }], $db: 'test' }));
      expect(replyDocument((await one.next())!)).to.include({ n: 1 });
    }
  }

  it('are whole when many clients read them late, and their memory is given back', async () => {
    await start(1024 * MIB);
    await fill(5);
    const slow = await Promise.all(LETTERS.map(() => client()));
    for (const [n, one] of slow.entries()) {
      one.socket.pause();
      one.send(asking(LETTERS[n]!));
    }
    while (server.slowReaders.unreadBytes < 4 * MIB) await sleep(5);
    const quick = await client();
    for (const letter of [...LETTERS, ...LETTERS]) {
      quick.send(asking(letter));
      expect(await letterIn(quick)).to.equal(letter);
    }
    for (const one of slow) one.socket.resume();
    expect(await Promise.all(slow.map(letterIn))).to.deep.equal(LETTERS);
    while (server.replyMemory.lentBytes > 0 || server.slowReaders.unreadBytes > 0) await sleep(5);
  });

  it('are answered in order to a client that asks for all of them at once', async () => {
    await start(1024 * MIB);
    await fill(1);
    const one = await client();
    one.socket.pause();
    one.send(Buffer.concat(LETTERS.map(asking)));
    await sleep(50);
    one.socket.resume();
    const read: string[] = [];
    for (let n = 0; n < LETTERS.length; n++) read.push(await letterIn(one));
    expect(read).to.deep.equal(LETTERS);
  });

  it('that nobody reads end the connections that have waited longest', async () => {
    await start(24 * MIB);
    await fill(14);
    const slow: RawClient[] = [];
    for (const letter of LETTERS) {
      const one = await client();
      one.socket.pause();
      one.send(asking(letter));
      slow.push(one);
      while (!(await hasAsked(slow.length))) await sleep(5);
    }
    expect(server.slowReaders.unreadBytes).to.be.at.most(24 * MIB);
    expect(server.connections.size).to.be.below(LETTERS.length);
    const last = slow.at(-1)!;
    last.socket.resume();
    expect(await letterIn(last)).to.equal(LETTERS.at(-1));
    expect((await (await client()).command({ ping: 1 })).ok).to.equal(1);
  });

  /** Whether the server has had as many finds. */
  async function hasAsked(finds: number): Promise<boolean> {
    const one = await client();
    const { opcounters } = await one.command({ serverStatus: 1, $db: 'admin' });
    await one.end();
    return Number((opcounters as { query: unknown }).query) >= finds;
  }

  it('go without their place when the client goes while its command runs', async () => {
    await start(1024 * MIB);
    await fill(1);
    for (let n = 0; n < 20; n++) {
      const one = await client();
      one.send(asking('a'));
      one.socket.resetAndDestroy();
    }
    const one = await client();
    expect((await one.command({ ping: 1 })).ok).to.equal(1);
    while (server.replyMemory.lentBytes > 0) await sleep(5);
  });

  it('of documents as they lie are the documents', async () => {
    await start(1024 * MIB);
    const document = { _id: 1, parts: Array.from({ length: 3000 }, (_, n) => ({ n, half: n / 2 })) };
    const one = await client();
    one.send(opMsg({ insert: 'parts', documents: [document], $db: 'test' }));
    await one.next();
    for (let n = 0; n < 5; n++) {
      const { cursor } = (await one.command({ find: 'parts' })) as Document as Reply;
      expect(cursor.firstBatch).to.deep.equal([document]);
    }
  });
});
