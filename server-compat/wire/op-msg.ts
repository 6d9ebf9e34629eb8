/**
 * OP_MSG: a command or a reply.
 *
 *   offset  size  field (after the header)
 *        0     4  flags     bit 0 checksumPresent, 1 moreToCome, 16 exhaustAllowed; an unknown one of bits 0–15 is refused
 *        4     n  sections  kind 0: one document, the body; exactly one
 *                           kind 1: int32 size (itself included) | identifier, NUL | documents
 *        …     4  checksum  CRC-32C of all that is before, if the flag says so
 *
 * Source: MongoDB manual, "OP_MSG".
 */
import type { BsonWriter } from '../../elmo/index.js';
import { validateDocument, type CommandMessage, type RawDocument } from '../../elmo/index.js';
import { crc32c } from './crc32c.js';
import { HEADER_BYTES, OP_MSG, readInt32Le, WireError, writeInt32Le } from './header.js';

export const CHECKSUM_PRESENT = 1;
export const MORE_TO_COME = 2;
export const EXHAUST_ALLOWED = 0x10000;
const KNOWN_REQUIRED = CHECKSUM_PRESENT | MORE_TO_COME;
const REQUIRED_BITS = 0xffff;
/** Levels of a command: those of a document and of what wraps it. */
const MAX_DEPTH_OF_COMMANDS = 200;
const FIRST_BYTES = 1024;

export interface OpMsg {
  readonly flags: number;
  readonly command: CommandMessage;
}

/**
 * Takes a request apart. Documents are views of the message; they have been validated.
 * @throws WireError on a malformed message
 * @throws BsonError on malformed BSON inside
 */
export function readOpMsg(message: Uint8Array): OpMsg {
  if (message.length < HEADER_BYTES + 4 + 1 + 5) throw new WireError('OP_MSG is cut off');
  const flags = readInt32Le(message, HEADER_BYTES);
  if ((flags & REQUIRED_BITS & ~KNOWN_REQUIRED) !== 0)
    throw new WireError(`OP_MSG has unknown flags 0x${(flags >>> 0).toString(16)}`);
  let end = message.length;
  if ((flags & CHECKSUM_PRESENT) !== 0) {
    end -= 4;
    if (crc32c(message, 0, end) !== readInt32Le(message, end) >>> 0)
      throw new WireError('the checksum of OP_MSG is wrong');
  }
  let body: RawDocument | undefined;
  let sequences: Map<string, RawDocument[]> | undefined;
  for (let at = HEADER_BYTES + 4; at < end;) {
    const kind = message[at++]!;
    if (kind === 0) {
      if (body !== undefined) throw new WireError('OP_MSG has two bodies');
      const documentEnd = at + validateDocument(message, at, end, MAX_DEPTH_OF_COMMANDS);
      body = message.subarray(at, documentEnd);
      at = documentEnd;
    } else if (kind === 1) {
      if (at + 4 > end) throw new WireError('a section of OP_MSG is cut off');
      const sectionEnd = at + readInt32Le(message, at);
      if (sectionEnd > end || sectionEnd < at + 5)
        throw new WireError('a section of OP_MSG has a wrong size');
      sequences ??= new Map();
      readSequence(message, at + 4, sectionEnd, sequences);
      at = sectionEnd;
    } else throw new WireError(`OP_MSG has a section of unknown kind ${kind}`);
  }
  if (body === undefined) throw new WireError('OP_MSG has no body');
  return { flags, command: { body, sequences } };
}

function readSequence(message: Uint8Array, at: number, end: number, into: Map<string, RawDocument[]>): void {
  const nameEnd = message.indexOf(0, at);
  if (nameEnd < 0 || nameEnd >= end) throw new WireError('a section of OP_MSG has no name');
  const name = Buffer.from(message.buffer, message.byteOffset + at, nameEnd - at).toString('utf8');
  if (into.has(name)) throw new WireError(`OP_MSG has two sections ${name}`);
  const documents: RawDocument[] = [];
  for (at = nameEnd + 1; at < end;) {
    const documentEnd = at + validateDocument(message, at, end, MAX_DEPTH_OF_COMMANDS);
    documents.push(message.subarray(at, documentEnd));
    at = documentEnd;
  }
  into.set(name, documents);
}

/** Where the body starts in a message made by `beginOpMsg`. */
export const BODY_OFFSET = HEADER_BYTES + 5;

/** Starts a reply in `writer`: the reply's document is to follow, then `endOpMsg`. */
export function beginOpMsg(writer: BsonWriter): void {
  writer.clear();
  writer.reserve(BODY_OFFSET);
  writer.bytes.fill(0, 0, BODY_OFFSET);
  writer.length = BODY_OFFSET;
}

/** @returns the message, where the writer has it: until something else is written there */
export function endOpMsg(
  writer: BsonWriter,
  requestId: number,
  responseTo: number,
  flags: number,
): Uint8Array {
  const withChecksum = (flags & CHECKSUM_PRESENT) !== 0;
  const end = writer.length;
  const length = end + (withChecksum ? 4 : 0);
  writer.reserve(length - end);
  const message = writer.bytes.subarray(0, length);
  writeInt32Le(message, 0, length);
  writeInt32Le(message, 4, requestId);
  writeInt32Le(message, 8, responseTo);
  writeInt32Le(message, 12, OP_MSG);
  writeInt32Le(message, HEADER_BYTES, flags);
  if (withChecksum) writeInt32Le(message, end, crc32c(message, 0, end));
  return message;
}

/** Messages as large as this are not copied; the writer starts anew. */
const LARGE_BYTES = 1 << 18;

/** The same, @returns the message in bytes of its own */
export function takeOpMsg(
  writer: BsonWriter,
  requestId: number,
  responseTo: number,
  flags: number,
): Uint8Array {
  const message = endOpMsg(writer, requestId, responseTo, flags);
  if (message.length < LARGE_BYTES) return Buffer.from(message);
  writer.bytes = new Uint8Array(FIRST_BYTES);
  return message;
}
