/** Messages as clients make them, and what came back, for the tests of the wire protocol. */
import { deserialize, serialize, type Document } from 'bson';
import { crc32c } from '../../../server-compat/wire/crc32c.js';

export interface Section {
  readonly name: string;
  readonly documents: readonly Document[];
}

export interface OpMsgParts {
  readonly flags?: number;
  readonly requestId?: number;
  readonly sections?: readonly Section[];
}

function header(length: number, requestId: number, opCode: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeInt32LE(length, 0);
  bytes.writeInt32LE(requestId, 4);
  bytes.writeInt32LE(opCode, 12);
  return bytes;
}

export function message(opCode: number, requestId: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([header(16 + body.length, requestId, opCode), body]);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value | 0);
  return bytes;
}

function section({ name, documents }: Section): Buffer {
  const content = Buffer.concat([
    Buffer.from(`${name}\0`),
    ...documents.map((document) => serialize(document)),
  ]);
  return Buffer.concat([Buffer.from([1]), int32(content.length + 4), content]);
}

/** An OP_MSG; with a checksum if its flag says so. */
export function opMsg(body: Document, { flags = 0, requestId = 1, sections = [] }: OpMsgParts = {}): Buffer {
  const parts = [int32(flags), Buffer.from([0]), serialize(body), ...sections.map(section)];
  if ((flags & 1) === 0) return message(2013, requestId, ...parts);
  const whole = message(2013, requestId, ...parts, int32(0));
  whole.writeInt32LE(crc32c(whole, 0, whole.length - 4) | 0, whole.length - 4);
  return whole;
}

export function opQuery(fullName: string, query: Document, requestId = 1): Buffer {
  return message(
    2004,
    requestId,
    int32(0),
    Buffer.from(`${fullName}\0`),
    int32(0),
    int32(-1),
    serialize(query),
  );
}

/** The document of a reply. */
export function replyDocument(reply: Uint8Array): Document {
  const opCode = Buffer.from(reply.buffer, reply.byteOffset, reply.length).readInt32LE(12);
  return deserialize(reply.subarray(opCode === 1 ? 36 : 21));
}
