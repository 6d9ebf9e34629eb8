/**
 * One client's socket: messages in, one after another through the commands, replies out. A client that sends faster than it
 * is answered is read no further; one that does not read its replies is not asked for more. What is malformed ends this
 * connection and no other.
 */
import type { Socket } from 'node:net';
import {
  BsonError,
  ElmoError,
  ReplyWriter,
  type AuthenticatedUser,
  type CommandClient,
  type CommandMessage,
  type RawDocument,
  type ServerFacts,
} from '../../elmo/index.js';
import { FrameReader } from '../wire/framing.js';
import type { ReplyMemory } from './reply-memory.js';
import type { SlowReaders } from './slow-readers.js';
import {
  HEADER_BYTES,
  MAX_MESSAGE_BYTES,
  OP_COMPRESSED,
  OP_MSG,
  OP_QUERY,
  readInt32Le,
  WireError,
} from '../wire/header.js';
import { compressMessage, uncompressMessage, type CompressorName } from '../wire/op-compressed.js';
import {
  beginOpMsg,
  CHECKSUM_PRESENT,
  endOpMsg,
  EXHAUST_ALLOWED,
  MORE_TO_COME,
  readOpMsg,
} from '../wire/op-msg.js';
import { readOpQuery, writeOpReply } from '../wire/op-query.js';

/** What the server does with a command. */
export interface Dispatcher {
  /** A client has come. @param count  connections there are now */
  greeted(connection: Connection, count: number): void;
  /** It has gone. */
  left(connection: Connection, count: number): void;
  /**
   * Writes the whole reply document; an error becomes a reply as well.
   * @returns what is to happen beside the reply
   */
  dispatch(
    command: CommandMessage,
    connection: Connection,
    reply: ReplyWriter,
    allowsExhaust: boolean,
  ): DispatchOutcome | Promise<DispatchOutcome>;
}

export interface DispatchOutcome {
  /** Instead of the reply the connection ends. */
  readonly closes?: boolean;
  /** The command to run next by itself, for a client that allowed exhaust replies. */
  readonly continuation?: CommandMessage;
}

/** What a connection needs of its server. */
export interface ConnectionOwner extends ServerFacts {
  readonly dispatcher: Dispatcher;
  readonly traffic: Traffic;
  /** Of all connections together. */
  readonly replyMemory: ReplyMemory;
  readonly slowReaders: SlowReaders;
  readonly options: {
    readonly auth: boolean;
    readonly maxWaitingBytes: number;
    readonly maxBytesBeforeLogin: number;
  };
}

/** Counted for all connections together. */
export interface Traffic {
  bytesIn: number;
  bytesOut: number;
  requests: number;
}

/** What of a request its reply depends on. */
interface Request {
  readonly flags: number;
  readonly requestId: number;
  readonly compressor: CompressorName | undefined;
}

/** Pipelined messages of one connection that are handled in a row. */
const MOST_IN_TURN = 64;

const FIRST_NAME = /^[A-Za-z_][A-Za-z0-9_]*/;

export class Connection implements CommandClient {
  readonly remote: string;
  /** 'host:port' of this side, as the client reached it; undefined: by a Unix socket. */
  readonly local: string | undefined;
  appName: string | undefined;
  /** What the client told of itself in its handshake. */
  clientMetadata: RawDocument | undefined;
  /** Who has logged in: 'db.user'. */
  user: { readonly name: string; readonly db: string } | undefined;
  /** State of a login under way. */
  authentication: unknown;
  /** Who has logged in on this connection. */
  users: readonly AuthenticatedUser[] = [];

  /** One user of each database at a time. */
  logIn(user: AuthenticatedUser): void {
    this.users = [...this.users.filter(({ db }) => db !== user.db), user];
    this.frames.maxMessageBytes = this.maxMessageBytes;
  }

  logOut(db: string): void {
    this.users = this.users.filter((user) => user.db !== db);
    this.frames.maxMessageBytes = this.maxMessageBytes;
  }

  /** Who has not logged in yet is listened to, and not for long. */
  private get maxMessageBytes(): number {
    const { auth, maxBytesBeforeLogin } = this.server.options;
    return auth && this.users.length === 0 ? maxBytesBeforeLogin : MAX_MESSAGE_BYTES;
  }
  /** Whether its last hello waits for changes: more of them may follow unasked. */
  isStreamingHello = false;
  /** Compressors both sides know, in the client's order. */
  compressors: readonly CompressorName[] = [];
  private readonly frames: FrameReader;
  private readonly replies: ReplyWriter;
  private abort = new AbortController();
  private isWorking = false;
  /** Messages handled since other connections had their turn. */
  private inTurn = 0;
  private isClosed = false;
  private lastRequestId = 0;
  private readonly idlers: (() => void)[] = [];
  private readonly ended: Promise<void>;

  constructor(
    readonly connectionId: number,
    private readonly socket: Socket,
    readonly server: ConnectionOwner,
  ) {
    this.remote = hostAndPort(socket.remoteAddress, socket.remotePort) ?? 'anonymous unix socket:0';
    this.local = hostAndPort(socket.localAddress, socket.localPort);
    this.frames = new FrameReader(this.maxMessageBytes);
    this.replies = new ReplyWriter(server.replyMemory);
    socket.setNoDelay(true);
    socket.on('data', (piece: Buffer) => this.receive(piece));
    this.ended = new Promise((resolve) => socket.on('close', () => resolve()));
    socket.on('close', () => this.closed());
    socket.on('error', () => this.destroy());
  }

  /** Aborts when the connection ends, and when the command that runs is killed. */
  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** Ends the command that runs; the next ones are not touched. */
  readonly interrupt = (): void => {
    const { abort } = this;
    this.abort = new AbortController();
    abort.abort(new ElmoError('Interrupted', 'operation was interrupted'));
  };

  /** Whether a command is running. */
  get isBusy(): boolean {
    return this.isWorking;
  }

  /** Resolves when the socket is gone. */
  whenEnded(): Promise<void> {
    return this.ended;
  }

  /** Resolves when no command is running, or the socket is gone. */
  whenIdle(): Promise<void> {
    return this.isWorking && !this.isClosed
      ? Promise.race([new Promise<void>((resolve) => this.idlers.push(resolve)), this.ended])
      : Promise.resolve();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private closed(): void {
    this.isClosed = true;
    if (!this.isWorking) this.forgetReply();
    this.abort.abort(new ElmoError('Interrupted', 'the client has gone'));
  }

  private receive(piece: Buffer): void {
    this.server.traffic.bytesIn += piece.length;
    this.frames.push(piece);
    if (!this.isWorking) this.work();
    else if (this.isFull) this.socket.pause();
  }

  /** Whether requests wait, and enough of them. A message that is not whole yet has to be read on. */
  private get isFull(): boolean {
    return this.frames.waitingBytes > this.server.options.maxWaitingBytes && this.frames.hasMessage;
  }

  /** Handles messages until there is no whole one, or one has to be waited for, which then goes on here. */
  private readonly work = (): void => {
    this.isWorking = true;
    try {
      while (!this.isClosed) {
        if (this.inTurn === MOST_IN_TURN) {
          this.inTurn = 0;
          setImmediate(this.work);
          return;
        }
        const message = this.frames.next();
        if (message === undefined) break;
        this.inTurn++;
        if (this.socket.isPaused() && !this.isFull) this.socket.resume();
        this.server.traffic.requests++;
        const handling = this.handle(message);
        if (handling !== undefined) {
          handling.then(this.goOn, this.fail);
          return;
        }
        const draining = this.drained();
        if (draining !== undefined) {
          void draining.then(this.work);
          return;
        }
      }
    } catch {
      this.destroy(); // malformed beyond an answer
    }
    this.rest();
  };

  private readonly goOn = (): void => {
    const draining = this.drained();
    if (draining === undefined) this.work();
    else void draining.then(this.work);
  };

  private readonly fail = (): void => {
    this.destroy(); // malformed beyond an answer, or the socket is gone
    this.rest();
  };

  private rest(): void {
    this.isWorking = false;
    this.inTurn = 0;
    if (this.isClosed) this.forgetReply();
    for (const resolve of this.idlers.splice(0)) resolve();
  }

  /** Resolves when the client has read what it was sent, or is gone; undefined: there is room for more. */
  private drained(): Promise<void> | undefined {
    if (!this.socket.writableNeedDrain || this.isClosed) return undefined;
    const { slowReaders } = this.server;
    return new Promise((resolve) => {
      const done = (): void => {
        slowReaders.remove(this);
        this.socket.off('drain', done);
        this.socket.off('close', done);
        resolve();
      };
      this.socket.on('drain', done);
      this.socket.on('close', done);
      slowReaders.add(this, this.socket.writableLength);
    });
  }

  /** @returns what has to be waited for @throws WireError, BsonError on what cannot be answered */
  private handle(message: Uint8Array): void | Promise<void> {
    let compressor: CompressorName | undefined;
    if (readInt32Le(message, 12) === OP_COMPRESSED) {
      const inside = uncompressMessage(message, this.maxMessageBytes);
      compressor = inside.compressor;
      message = inside.message;
    }
    const requestId = readInt32Le(message, 4);
    const opCode = readInt32Le(message, 12);
    if (opCode === OP_MSG) return this.handleMsg(message, requestId, compressor);
    if (opCode === OP_QUERY) return this.handleQuery(message, requestId);
    throw new WireError(`unknown opCode ${opCode}`);
  }

  private handleMsg(
    message: Uint8Array,
    requestId: number,
    compressor: CompressorName | undefined,
  ): void | Promise<void> {
    const request = { flags: readInt32Le(message, HEADER_BYTES), requestId, compressor };
    let command: CommandMessage;
    try {
      command = readOpMsg(message).command;
    } catch (error) {
      if (!(error instanceof BsonError)) throw error;
      beginOpMsg(this.replies);
      writeFailure(this.replies, error);
      this.answer(request, requestId, 0);
      return;
    }
    const allowsExhaust = (request.flags & EXHAUST_ALLOWED) !== 0;
    beginOpMsg(this.replies);
    const dispatched = this.server.dispatcher.dispatch(command, this, this.replies, allowsExhaust);
    return dispatched instanceof Promise
      ? dispatched.then((outcome) => this.finish(request, outcome))
      : this.finish(request, dispatched);
  }

  private finish(request: Request, outcome: DispatchOutcome): void | Promise<void> {
    if (outcome.closes === true) return this.destroy();
    if ((request.flags & MORE_TO_COME) !== 0) return this.forgetReply(); // the client wants no reply
    if (outcome.continuation !== undefined) return this.stream(request, outcome.continuation);
    this.answer(request, request.requestId, 0);
  }

  /** Sends replies that nobody asks for one by one, until there are no more. The first lies in `replies`. */
  private async stream(request: Request, command: CommandMessage): Promise<void> {
    let responseTo = request.requestId;
    for (let next: CommandMessage | undefined = command; ;) {
      responseTo = this.answer(request, responseTo, next === undefined ? 0 : MORE_TO_COME);
      if (next === undefined) return;
      await this.drained();
      if (this.isClosed) return;
      beginOpMsg(this.replies);
      const outcome: DispatchOutcome = await this.server.dispatcher.dispatch(next, this, this.replies, true);
      if (outcome.closes === true) return this.destroy();
      next = outcome.continuation;
    }
  }

  /** Sends what lies in `replies`. @returns its id */
  private answer({ flags, compressor }: Request, responseTo: number, moreFlag: number): number {
    const id = ++this.lastRequestId;
    this.send(endOpMsg(this.replies, id, responseTo, (flags & CHECKSUM_PRESENT) | moreFlag), compressor);
    return id;
  }

  private async handleQuery(message: Uint8Array, requestId: number): Promise<void> {
    const { fullName, query } = readOpQuery(message);
    const name = Buffer.from(query.buffer, query.byteOffset + 5, Math.max(query.length - 5, 0));
    const first = FIRST_NAME.exec(name.toString('latin1'))?.[0] ?? '';
    this.replies.clear();
    if (fullName.endsWith('.$cmd') && ['hello', 'isMaster', 'ismaster'].includes(first)) {
      await this.server.dispatcher.dispatch({ body: query, sequences: undefined }, this, this.replies, false);
    } else {
      writeFailure(
        this.replies,
        new ElmoError(
          'UnsupportedOpQueryCommand',
          `Unsupported OP_QUERY command: ${first}. The client driver may require an upgrade.`,
        ),
      );
    }
    this.send(writeOpReply(this.replies.toBytes(), ++this.lastRequestId, requestId), undefined);
  }

  /** @param message  that lies in the bytes of `replies`, which it may keep; or bytes of its own */
  private send(message: Uint8Array, compressor: CompressorName | undefined): void {
    if (this.isClosed) return this.forgetReply();
    const bytes = compressor === undefined ? message : compressMessage(message, compressor);
    this.server.traffic.bytesOut += bytes.length;
    const { replies, socket } = this;
    const { replyMemory } = this.server;
    if (replyMemory.has(replies.bytes)) {
      const place = replies.detach();
      socket.write(bytes, () => replyMemory.give(place));
      return;
    }
    socket.write(bytes);
    if (socket.writableLength > 0) replies.detach(); // what was not sent at once is sent from these bytes
  }

  /** What was written is not sent; a place of long replies goes to others. */
  private forgetReply(): void {
    this.server.replyMemory.give(this.replies.detach());
  }
}

function hostAndPort(host: string | undefined, port: number | undefined): string | undefined {
  if (host === undefined || port === undefined) return undefined;
  const plain = host.replace(/^::ffff:(?=\d+\.)/, '');
  return `${plain.includes(':') ? `[${plain}]` : plain}:${port}`;
}

function writeFailure(reply: ReplyWriter, error: ElmoError | BsonError): void {
  const start = reply.beginDocument();
  reply.double('ok', 0).text('errmsg', error.message).int32('code', error.code);
  reply.text('codeName', new ElmoError(error.code, '').codeName);
  reply.endDocument(start);
}
