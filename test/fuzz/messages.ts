/**
 * Fuzz target: messages of clients. Every message is answered, or ends its connection and no other; an answer is a whole
 * message with a whole document, and no error in it is an internal one.
 */
import { decodeDocument } from '../../elmo/bson/decode.js';
import { encodeDocument } from '../../elmo/bson/encode.js';
import type { Document } from '../../elmo/bson/package.js';
import { validateDocument } from '../../elmo/bson/validate.js';
import { openEngine, type Engine } from '../../elmo/index.js';
import { Connection } from '../../server-compat/connection/connection.js';
import { hostOf } from '../../server-compat/host.js';
import type { WireServer } from '../../server-compat/connection/server.js';
import { FrameReader } from '../../server-compat/wire/framing.js';
import { readInt32Le, OP_COMPRESSED, OP_REPLY, writeInt32Le } from '../../server-compat/wire/header.js';
import { uncompressMessage } from '../../server-compat/wire/op-compressed.js';
import { MemorySocket } from '../support/socket-pair.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { CORPUS, DB, DOCUMENTS } from './message-corpus.js';
import { framed, mutated } from './message-mutations.js';
import { damagedCopy } from './mutate.js';
import type { FuzzTarget } from './target.js';

const FUZZ_ID = 11;
const PING_ID = 0x7777;
const WITNESS_ID = 0x5555;
/** How long a command may wait for something (other writers, changes) before its client goes away. */
const PATIENCE_MS = 200;
/** How soon it has to end then. */
const END_MS = 5000;
/** InternalError. */
const INTERNAL = 1;

const ping = (requestId: number): Uint8Array => {
  const body = encodeDocument({ ping: 1, $db: 'admin' });
  const message = Buffer.alloc(21 + body.length);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(requestId, 4);
  message.writeInt32LE(2013, 12);
  message.set(body, 21);
  return message;
};

interface Peer {
  readonly socket: MemorySocket;
  readonly connection: Connection;
}

export class MessagesTarget implements FuzzTarget {
  private engine: Engine | undefined;
  private server: WireServer | undefined;
  private witness: Peer | undefined;
  private connectionId = 0;

  async prepare(): Promise<void> {
    await this.engine?.close();
    this.engine = await openEngine(':memory:', { worker: false });
    this.server = hostOf(this.engine, { tcp: false, unixSocket: 'none' });
    this.witness = this.connect();
    await this.exchange(
      this.witness,
      encodeMessage({ insert: 'c', documents: DOCUMENTS, $db: DB }),
      WITNESS_ID,
    );
  }

  private connect(): Peer {
    const id = ++this.connectionId;
    // failed logins of one address are slowed down: each connection has its own
    const socket = new MemorySocket(`10.${(id >> 16) & 255}.${(id >> 8) & 255}.${id & 255}`);
    return { socket, connection: new Connection(id, socket.asSocket, this.server!) };
  }

  async run(random: SeededRandom): Promise<string | undefined> {
    const changed = mutated(random.pick(CORPUS), CORPUS, random);
    const command = '$db' in changed ? changed : { ...changed, $db: DB };
    if (waitsForOthers(command)) return undefined;
    let message: Uint8Array;
    try {
      message = framed(command, FUZZ_ID, random);
    } catch {
      return undefined; // no BSON can be made of it
    }
    if (random.chance(30)) message = damagedFrame(message, random);
    const peer = this.connect();
    const wrong = await this.exchange(peer, message, PING_ID, random);
    peer.socket.destroy();
    if (wrong !== undefined) return `${wrong}\n${show(command)}`;
    if (random.chance(2)) {
      const served = await this.exchange(this.witness!, new Uint8Array(0), WITNESS_ID);
      if (served !== undefined) return `another connection: ${served}\n${show(command)}`;
    }
    return undefined;
  }

  /** Sends it and a ping after it; what is to come is told by the lengths in the headers. */
  private async exchange(
    { socket, connection }: Peer,
    message: Uint8Array,
    pingId: number,
    random?: SeededRandom,
  ): Promise<string | undefined> {
    const sent = Buffer.concat([message, ping(pingId)]);
    const isCut = endsInsideAFrame(sent);
    const cut = random === undefined ? sent.length : random.int(sent.length + 1);
    const replies = new FrameReader();
    let isDone = false;
    let wrong: string | undefined;
    const settled = new Promise<void>((resolve) => {
      socket.onChange = () => {
        for (const bytes of socket.take()) replies.push(bytes);
        for (let reply = replies.next(); reply !== undefined; reply = replies.next()) {
          wrong ??= wrongReply(reply);
          if (readInt32Le(reply, 8) === pingId) isDone = true;
        }
        if (isDone || socket.destroyed || wrong !== undefined) resolve();
      };
    });
    socket.push(sent.subarray(0, cut));
    socket.push(sent.subarray(cut));
    if (isCut && !connection.isBusy) return wrong;
    await within(settled, PATIENCE_MS);
    if (wrong !== undefined || isDone || socket.destroyed) return wrong;
    if (isCut && !connection.isBusy) return undefined;
    socket.destroy();
    for (const giveUpAt = performance.now() + END_MS; connection.isBusy && performance.now() < giveUpAt;)
      await new Promise((resolve) => setTimeout(resolve, 5));
    return connection.isBusy ? 'the command goes on when its client has gone' : undefined;
  }
}

/** Writes that wait for a lock which nobody would take away again, and what ends the server. */
function waitsForOthers(command: Document): boolean {
  return ['fsync', 'fsyncUnlock', 'shutdown', 'setUserWriteBlockMode'].includes(
    Object.keys(command)[0] ?? '',
  );
}

function encodeMessage(command: Document): Uint8Array {
  const body = encodeDocument(command);
  const message = new Uint8Array(21 + body.length);
  writeInt32Le(message, 0, message.length);
  writeInt32Le(message, 4, FUZZ_ID);
  writeInt32Le(message, 12, 2013);
  message.set(body, 21);
  return message;
}

/** Damaged anywhere, or behind the header, or with its length made right again. */
function damagedFrame(message: Uint8Array, random: SeededRandom): Uint8Array {
  const damaged = damagedCopy(message, random);
  if (damaged.length >= 16 && random.chance(60)) writeInt32Le(damaged, 0, damaged.length);
  return damaged;
}

/** Whether the last frame is not whole, so that more is waited for. */
function endsInsideAFrame(bytes: Uint8Array): boolean {
  let at = 0;
  while (at + 4 <= bytes.length) {
    const length = readInt32Le(bytes, at);
    if (length < 16 || length > 48_000_000) return false;
    at += length;
  }
  return at !== bytes.length;
}

/** @returns what is wrong with a reply */
function wrongReply(reply: Uint8Array): string | undefined {
  try {
    const whole = readInt32Le(reply, 12) === OP_COMPRESSED ? uncompressMessage(reply).message : reply;
    const at = readInt32Le(whole, 12) === OP_REPLY ? 36 : 21;
    const end = at + validateDocument(whole, at, whole.length, 500);
    const { ok, code, errmsg } = decodeDocument(whole.subarray(at, end));
    return Number(ok) === 0 && Number(code) === INTERNAL
      ? `an internal error: ${errmsg as string}`
      : undefined;
  } catch (error) {
    return `a malformed reply: ${String(error)}`;
  }
}

function show(command: Document): string {
  try {
    return Buffer.from(encodeDocument(command)).toString('base64');
  } catch {
    return String(command);
  }
}

async function within(event: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([event, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}
