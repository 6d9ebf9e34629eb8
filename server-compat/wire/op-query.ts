/**
 * OP_QUERY and its OP_REPLY: only for the first `hello` or `isMaster` of older drivers.
 *
 *   OP_QUERY   int32 flags | fullCollectionName, NUL | int32 numberToSkip | int32 numberToReturn | the query
 *   OP_REPLY   int32 flags | int64 cursorId | int32 startingFrom | int32 numberReturned | the documents
 *
 * Source: MongoDB manual, "Legacy Opcodes".
 */
import { validateDocument, type RawDocument } from '../../elmo/index.js';
import { HEADER_BYTES, OP_REPLY, WireError, writeInt32Le } from './header.js';

export interface OpQuery {
  /** 'admin.$cmd' */
  readonly fullName: string;
  readonly query: RawDocument;
}

const REPLY_FIELDS = 20;

/** @throws WireError, BsonError */
export function readOpQuery(message: Uint8Array): OpQuery {
  const nameEnd = message.indexOf(0, HEADER_BYTES + 4);
  if (nameEnd < 0) throw new WireError('OP_QUERY has no name');
  const at = nameEnd + 9;
  if (at + 5 > message.length) throw new WireError('OP_QUERY is cut off');
  const end = at + validateDocument(message, at);
  const name = Buffer.from(message.buffer, message.byteOffset + HEADER_BYTES + 4, nameEnd - HEADER_BYTES - 4);
  return { fullName: name.toString('utf8'), query: message.subarray(at, end) };
}

/** Bit 3: awaitCapable, which every reply has had since 1.6. */
const AWAIT_CAPABLE = 8;

export function writeOpReply(document: RawDocument, requestId: number, responseTo: number): Uint8Array {
  const message = new Uint8Array(HEADER_BYTES + REPLY_FIELDS + document.length);
  writeInt32Le(message, 0, message.length);
  writeInt32Le(message, 4, requestId);
  writeInt32Le(message, 8, responseTo);
  writeInt32Le(message, 12, OP_REPLY);
  writeInt32Le(message, HEADER_BYTES, AWAIT_CAPABLE);
  writeInt32Le(message, HEADER_BYTES + 16, 1);
  message.set(document, HEADER_BYTES + REPLY_FIELDS);
  return message;
}
