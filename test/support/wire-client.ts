/** A client of the wire protocol, as small as can be: one command at a time, raw documents in and out. */
import { connect, type Socket } from 'node:net';
import { decodeDocument } from '../../elmo/bson/decode.js';
import { encodeDocument } from '../../elmo/bson/encode.js';
import type { Document } from '../../elmo/bson/package.js';

const HEADER_BYTES = 16;
const BODY_AT = 21;
const OP_MSG = 2013;

export class WireClient {
  private pieces: Buffer = Buffer.alloc(0);
  private waiting: { resolve: (reply: Uint8Array) => void; reject: (error: Error) => void } | undefined;
  private lastId = 0;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (piece: Buffer) => this.receive(piece));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new Error('the server has closed the connection')));
  }

  /** @throws the system's error when nobody listens */
  static open(port: number, host = '127.0.0.1'): Promise<WireClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host, noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new WireClient(socket));
      });
    });
  }

  /** @returns the reply's bytes */
  send(command: Document, db: string): Promise<Uint8Array> {
    return this.sendMessage(encodeDocument({ ...command, $db: db }));
  }

  /** Sends a command with its database. @returns the reply's bytes */
  sendMessage(body: Uint8Array): Promise<Uint8Array> {
    const message = Buffer.alloc(BODY_AT + body.length);
    message.writeInt32LE(message.length, 0);
    message.writeInt32LE(++this.lastId, 4);
    message.writeInt32LE(OP_MSG, 12);
    message.set(body, BODY_AT);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.write(message);
    });
  }

  async run(command: Document, db: string): Promise<Document> {
    return decodeDocument(await this.send(command, db));
  }

  private receive(piece: Buffer): void {
    this.pieces = Buffer.concat([this.pieces, piece]);
    if (this.pieces.length < HEADER_BYTES) return;
    const length = this.pieces.readInt32LE(0);
    if (this.pieces.length < length) return;
    const reply = this.pieces.subarray(BODY_AT, length);
    this.pieces = this.pieces.subarray(length);
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.resolve(reply);
  }

  private fail(error: Error): void {
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.reject(error);
  }

  close(): void {
    this.socket.destroy();
  }
}
