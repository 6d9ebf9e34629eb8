/**
 * A client of the reference engine that sends and receives raw BSON, so that nothing of ours or of a driver stands
 * between. Tests skip when none listens.
 */
import { connect, type Socket } from 'node:net';
import { BSON } from 'bson';
import { REFERENCE_ADDRESS } from '../../support/reference-engine.js';
import { array, documentBytes, int32, object, string, type Field } from '../../support/bson-values.js';

const [host, port] = REFERENCE_ADDRESS.split(':');

const OP_MSG = 2013;
const HEADER_BYTES = 16;
const BODY_AT = HEADER_BYTES + 5;

export class Reference {
  private received: Buffer = Buffer.alloc(0);
  private answer: ((reply: BSON.Document) => void) | undefined = undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => this.receive(chunk));
  }

  /** @returns undefined if nobody listens */
  static open(): Promise<Reference | undefined> {
    return new Promise((resolve) => {
      const socket = connect({ host, port: Number(port), timeout: 1000 });
      socket.once('connect', () => resolve(new Reference(socket)));
      socket.once('timeout', () => socket.destroy(new Error('timeout')));
      socket.once('error', () => resolve(undefined));
    });
  }

  close(): void {
    this.socket.destroy();
  }

  /** Runs a command, whose first field names it. @throws if the engine refuses it */
  async run(fields: readonly Field[]): Promise<BSON.Document> {
    const body = documentBytes([...fields, ['$db', string('elmo_test')]]);
    const message = Buffer.alloc(BODY_AT + body.length);
    message.writeInt32LE(message.length, 0);
    message.writeInt32LE(OP_MSG, 12);
    message.set(body, BODY_AT);
    const reply = await new Promise<BSON.Document>((resolve) => {
      this.answer = resolve;
      this.socket.write(message);
    });
    if (reply['ok'] !== 1) throw new Error(`the reference refuses: ${JSON.stringify(reply)}`);
    return reply;
  }

  private receive(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    if (this.received.length < 4 || this.received.length < this.received.readInt32LE(0)) return;
    const end = this.received.readInt32LE(0);
    const reply = BSON.deserialize(this.received.subarray(BODY_AT, end));
    this.received = this.received.subarray(end);
    this.answer?.(reply);
  }

  /** Replaces the collection by one of these documents. */
  async fill(collection: string, documents: readonly (readonly Field[])[]): Promise<void> {
    await this.run([
      ['delete', string(collection)],
      [
        'deletes',
        array([
          object([
            ['q', object([])],
            ['limit', int32(0)],
          ]),
        ]),
      ],
    ]);
    for (let i = 0; i < documents.length; i += 500)
      await this.run([
        ['insert', string(collection)],
        ['documents', array(documents.slice(i, i + 500).map(object))],
      ]);
  }

  /** The `_id`s (numbers) that match, in order. */
  async ids(collection: string, filter: readonly Field[], sort: readonly Field[] = []): Promise<number[]> {
    const reply = await this.run([
      ['find', string(collection)],
      ['filter', object(filter)],
      ['sort', object(sort)],
      ['projection', object([['_id', int32(1)]])],
      ['batchSize', int32(1_000_000)],
    ]);
    const { firstBatch } = reply['cursor'] as { firstBatch: { _id: number }[] };
    return firstBatch.map(({ _id }) => _id);
  }
}
