/**
 * Whether untrusted bytes are a BSON document, all the way down: lengths that fit into each other, terminators, known
 * types, booleans that are 0 or 1, UTF-8 in every text, not too deep. What passes here, the rest of the room reads
 * without a check. Names of array elements are not looked at: the reference does not mind them either.
 */
import { BsonError } from './errors.js';
import { readInt32 } from './read.js';
import {
  ARRAY,
  BINARY,
  BOOL,
  CODE_WITH_SCOPE,
  COUNTED,
  DB_POINTER,
  OBJECT,
  REGEX,
  VALUE_BYTES,
} from './types.js';

/** How deep documents may nest to be stored: {a: {b: 1}} is 2 deep. */
export const MAX_DEPTH = 180;

const SMALLEST_DOCUMENT = 5;
const OLD_BINARY = 2;

/**
 * Checks the document that starts at `at`.
 * @param limit  offset after the last byte that may belong to it
 * @param maxDepth  levels of documents and arrays, the outermost included
 * @returns its length in bytes
 * @throws BsonError saying what is wrong, and where
 */
export function validateDocument(
  bytes: Uint8Array,
  at = 0,
  limit = bytes.length,
  maxDepth: number = MAX_DEPTH,
): number {
  if (limit > bytes.length || at < 0 || limit - at < SMALLEST_DOCUMENT)
    throw new BsonError(`a document has at least ${SMALLEST_DOCUMENT} bytes`, 'length', at);
  return checkDocument(bytes, at, limit, maxDepth) - at;
}

/**
 * Checks that `bytes` is one document and nothing else.
 * @throws BsonError
 */
export function validateExactly(bytes: Uint8Array, maxDepth: number = MAX_DEPTH): void {
  const length = validateDocument(bytes, 0, bytes.length, maxDepth);
  if (length !== bytes.length)
    throw new BsonError(`${bytes.length - length} bytes follow the document`, 'length', length);
}

/** @returns the offset after the document; `limit - at` is at least 5 */
function checkDocument(bytes: Uint8Array, at: number, limit: number, levels: number): number {
  const length = readInt32(bytes, at);
  if (length < SMALLEST_DOCUMENT || length > limit - at)
    throw new BsonError(`a document's length is ${length} where ${limit - at} bytes are left`, 'length', at);
  if (levels <= 0) throw new BsonError('nested too deep', 'depth', at);
  const end = at + length - 1; // of its final NUL
  if (bytes[end] !== 0) throw new BsonError('a document does not end in NUL', 'terminator', end);
  at += 4;
  while (at < end) {
    const type = bytes[at]!;
    const nameStart = ++at;
    let bits = 0;
    let byte = bytes[at]!;
    while (byte !== 0) {
      bits |= byte;
      byte = bytes[++at]!; // stops at the document's final NUL at the latest
    }
    if (bits >= 0x80) checkUtf8(bytes, nameStart, at);
    if (at >= end) throw new BsonError('a field name runs past its document', 'terminator', nameStart);
    at++;
    const fixed = VALUE_BYTES[type]!;
    if (fixed >= 0) {
      if (type === BOOL && bytes[at]! > 1)
        throw new BsonError(`a boolean is ${bytes[at]}, not 0 or 1`, 'value', at);
      at += fixed;
      if (at > end) throw new BsonError('a value runs past its document', 'length', at - fixed);
    } else if (fixed === COUNTED) at = checkText(bytes, at, end);
    else at = checkOther(bytes, type, at, end, levels);
  }
  return end + 1;
}

/** @returns the offset after the text */
function checkText(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 5) throw new BsonError('a text runs past its document', 'length', at);
  const length = readInt32(bytes, at); // its NUL included
  if (length < 1 || length > end - at - 4)
    throw new BsonError(`a text's length is ${length} where ${end - at - 4} bytes are left`, 'length', at);
  at += 4;
  const last = at + length - 1;
  if (bytes[last] !== 0) throw new BsonError('a text does not end in NUL', 'terminator', last);
  checkUtf8(bytes, at, last);
  return last + 1;
}

function checkOther(bytes: Uint8Array, type: number, at: number, end: number, levels: number): number {
  switch (type) {
    case OBJECT:
    case ARRAY:
      if (end - at < SMALLEST_DOCUMENT) throw new BsonError('a document runs past its parent', 'length', at);
      return checkDocument(bytes, at, end, levels - 1);
    case BINARY:
      return checkBinary(bytes, at, end);
    case REGEX:
      return checkCString(bytes, checkCString(bytes, at, end), end);
    case DB_POINTER: {
      const after = checkText(bytes, at, end) + 12;
      if (after > end) throw new BsonError('a DBPointer runs past its document', 'length', at);
      return after;
    }
    case CODE_WITH_SCOPE:
      return checkCodeWithScope(bytes, at, end, levels);
    default:
      throw new BsonError(`unknown type 0x${type.toString(16).padStart(2, '0')}`, 'type', at);
  }
}

function checkBinary(bytes: Uint8Array, at: number, end: number): number {
  const length = end - at < 5 ? -1 : readInt32(bytes, at);
  if (length < 0 || length > end - at - 5)
    throw new BsonError(`a binary's length is ${length} where ${end - at - 5} bytes are left`, 'length', at);
  if (bytes[at + 4] === OLD_BINARY) {
    // this subtype has its length twice
    const inner = length < 4 ? -1 : readInt32(bytes, at + 5);
    if (inner !== length - 4)
      throw new BsonError(`an old binary's inner length is ${inner}, not ${length - 4}`, 'length', at + 5);
  }
  return at + 5 + length;
}

function checkCString(bytes: Uint8Array, at: number, end: number): number {
  const start = at;
  let bits = 0;
  while (at < end && bytes[at] !== 0) bits |= bytes[at++]!;
  if (at >= end) throw new BsonError('a regular expression runs past its document', 'terminator', start);
  if (bits >= 0x80) checkUtf8(bytes, start, at);
  return at + 1;
}

function checkCodeWithScope(bytes: Uint8Array, at: number, end: number, levels: number): number {
  const length = end - at < 4 ? -1 : readInt32(bytes, at);
  if (length < 4 + 5 + SMALLEST_DOCUMENT || length > end - at)
    throw new BsonError(
      `a code with scope has length ${length} where ${end - at} bytes are left`,
      'length',
      at,
    );
  const after = at + length;
  const scope = checkText(bytes, at + 4, after);
  if (after - scope < SMALLEST_DOCUMENT) throw new BsonError('a scope runs past its code', 'length', scope);
  if (checkDocument(bytes, scope, after, levels - 1) !== after)
    throw new BsonError('bytes follow a scope', 'length', at);
  return after;
}

/**
 * Checks that a range is UTF-8: no byte alone, nothing longer than needed, no half of a surrogate pair.
 * @throws BsonError at the first byte that is not
 */
export function checkUtf8(bytes: Uint8Array, at: number, end: number): void {
  const last4 = end - 4;
  while (at <= last4) {
    if ((bytes[at]! | bytes[at + 1]! | bytes[at + 2]! | bytes[at + 3]!) >= 0x80) break;
    at += 4;
  }
  while (at < end) {
    const byte = bytes[at]!;
    if (byte < 0x80) {
      at++;
      continue;
    }
    const length = utf8SequenceLength(bytes, at, end);
    if (length === 0) throw new BsonError('text is not UTF-8', 'utf8', at);
    at += length;
  }
}

/** Bytes of the well-formed sequence at `at` (Unicode 15, table 3-7), 0 if there is none. The first byte is not ASCII. */
function utf8SequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + length > end) return 0;
  const second = bytes[at + 1]!;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  return length;
}
