/** A client that speaks bytes: for what no driver would send. */
import { connect, type Socket } from 'node:net';
import type { Document } from 'bson';
import { FrameReader } from '../../../server-compat/wire/framing.js';
import { opMsg, replyDocument, type OpMsgParts } from '../wire/messages.js';

export class RawClient {
  private readonly frames = new FrameReader();
  private readonly waiting: ((reply: Uint8Array | undefined) => void)[] = [];
  private readonly come: Uint8Array[] = [];
  private isClosed = false;
  readonly closed: Promise<void>;

  private constructor(readonly socket: Socket) {
    socket.on('data', (piece: Buffer) => {
      this.frames.push(piece);
      for (let next = this.frames.next(); next !== undefined; next = this.frames.next()) {
        const take = this.waiting.shift();
        if (take === undefined) this.come.push(next);
        else take(next);
      }
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) =>
      socket.on('close', () => {
        this.isClosed = true;
        for (const take of this.waiting.splice(0)) take(undefined);
        resolve();
      }),
    );
  }

  /** @param address  'host:port' */
  static to(address: string): Promise<RawClient> {
    const [host, port] = address.split(':') as [string, string];
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), host, () => resolve(new RawClient(socket)));
      socket.once('error', reject);
    });
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The next message; undefined if the connection ends first. */
  next(): Promise<Uint8Array | undefined> {
    const come = this.come.shift();
    if (come !== undefined || this.isClosed) return Promise.resolve(come);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** @throws if the connection ends instead of an answer */
  async command(body: Document, parts?: OpMsgParts): Promise<Document> {
    this.send(opMsg({ ...body, $db: body.$db ?? 'test' }, parts));
    const reply = await this.next();
    if (reply === undefined) throw new Error('the connection has ended');
    return replyDocument(reply);
  }

  end(): Promise<void> {
    this.socket.destroy();
    return this.closed;
  }
}
