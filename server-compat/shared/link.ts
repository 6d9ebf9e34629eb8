/** Connections to the process that holds the file. Each carries one command at a time; idle ones are kept for the next. */
import { connect, type Socket } from 'node:net';
import { ElmoError } from '../../elmo/index.js';
import { FrameReader } from '../wire/framing.js';
import { BODY_OFFSET } from '../wire/op-msg.js';

/** The connection ended before the reply had come: whether the command was run is not known. */
export class LinkLost extends Error {
  override readonly name = 'LinkLost';
}

interface Waiting {
  resolve(reply: Uint8Array): void;
  reject(error: Error): void;
}

class Link {
  private readonly frames = new FrameReader();
  private waiting: Waiting | undefined;
  isOpen = true;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (piece: Buffer) => this.receive(piece));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.lost());
  }

  /** @throws the system's error when nobody listens */
  static open(path: string): Promise<Link> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Link(socket));
      });
    });
  }

  /** @returns the document of the reply @throws LinkLost; ElmoError Interrupted when `signal` aborts */
  call(message: Uint8Array, signal: AbortSignal | undefined): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        reject(new ElmoError('Interrupted', 'operation was interrupted', { cause: signal?.reason }));
        this.waiting = undefined;
        this.socket.destroy(); // the other side gives the command up
      };
      const done = (): void => {
        signal?.removeEventListener('abort', abort);
        this.socket.unref(); // an idle connection keeps no process alive
      };
      this.waiting = {
        resolve(reply) {
          done();
          resolve(reply);
        },
        reject(error) {
          done();
          reject(error);
        },
      };
      if (signal?.aborted === true) return abort();
      if (!this.isOpen) return this.lost();
      signal?.addEventListener('abort', abort);
      this.socket.ref();
      this.socket.write(message);
    });
  }

  private receive(piece: Uint8Array): void {
    this.frames.push(piece);
    const message = this.frames.next();
    if (message === undefined) return;
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.resolve(message.subarray(BODY_OFFSET));
  }

  private lost(): void {
    this.isOpen = false;
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.reject(new LinkLost('the process that holds the file has ended the connection'));
  }

  close(): void {
    this.socket.destroy();
  }
}

const MOST_IDLE = 16;

export class Links {
  private readonly idle: Link[] = [];
  private isClosed = false;

  private constructor(
    private readonly path: string,
    first: Link,
  ) {
    this.idle.push(first);
  }

  /** @throws the system's error when nobody listens */
  static async open(path: string): Promise<Links> {
    return new Links(path, await Link.open(path));
  }

  /** @throws LinkLost; ElmoError Interrupted */
  async call(message: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    const link = this.takeIdle() ?? (await this.openOne());
    const reply = await link.call(message, signal);
    if (this.isClosed || this.idle.length >= MOST_IDLE) link.close();
    else this.idle.push(link);
    return reply;
  }

  private takeIdle(): Link | undefined {
    for (let link = this.idle.pop(); link !== undefined; link = this.idle.pop()) if (link.isOpen) return link;
    return undefined;
  }

  private async openOne(): Promise<Link> {
    try {
      return await Link.open(this.path);
    } catch (error) {
      throw new LinkLost('the process that holds the file cannot be reached', { cause: error });
    }
  }

  close(): void {
    this.isClosed = true;
    for (const link of this.idle.splice(0)) link.close();
  }
}
