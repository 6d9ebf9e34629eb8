/**
 * One BSON value as bytes that sort as values do (`bson/compare.ts`), from its raw bytes. No encoding is the beginning
 * of another, so values can stand one behind the other, and each can be inverted (`descending`) by itself.
 *
 *   tag (tags.ts), then:
 *   number           see number-encoding.ts
 *   string, symbol   text: UTF-8, where 00 is written 01 01 and 01 is 01 02; then 00
 *   object           per field: class u8, name, 00, value; then 00
 *   array            per element: value; then 00
 *   binary           length (ordered-varint.ts), subtype u8, bytes
 *   ObjectId         12 bytes
 *   date             6 bytes big-endian within [0, 2^48) ms; else 8 bytes
 *   timestamp        seconds, 4 bytes big-endian; increment (ordered-varint.ts)
 *   regex            pattern, 00, flags, 00
 *   DBPointer        length of the namespace (ordered-varint.ts), namespace, 12 bytes
 *   code             text
 *   code and scope   text, then as object
 *   others           nothing
 *
 *   'a' = 30 61 00    {a: 1} = 38 04 61 00 1e 00 00    ms 0 = 61 00 00 00 00 00 00
 * The exact type of a number, and whether a text is a symbol, is not in the key: `type-bits.ts` keeps it beside.
 * In keys since format 1.
 */
import { endOfCString, readDouble, readInt32 } from '../bson/read.js';
import {
  ARRAY,
  BINARY,
  BOOL,
  CODE,
  CODE_WITH_SCOPE,
  DATE,
  DB_POINTER,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  MAX_KEY,
  MIN_KEY,
  MISSING,
  NULL,
  OBJECT,
  OBJECT_ID,
  REGEX,
  STRING,
  SYMBOL,
  TIMESTAMP,
  TYPE_CLASS,
  UNDEFINED,
} from '../bson/types.js';
import { BsonError } from '../bson/errors.js';
import { endOfValue } from '../bson/walk.js';
import { copyBytes } from '../bson/writer.js';
import { appendDecimal, appendDouble, appendInt32, appendInt64, NUMBER_BYTES } from './number-encoding.js';
import { writeOrderedVarint } from './ordered-varint.js';
import {
  TAG_ARRAY,
  TAG_BINARY,
  TAG_CODE,
  TAG_CODE_WITH_SCOPE,
  TAG_DATE,
  TAG_DATE_BEFORE_1970,
  TAG_DATE_FAR,
  TAG_DB_POINTER,
  TAG_END,
  TAG_FALSE,
  TAG_MAX_KEY,
  TAG_MIN_KEY,
  TAG_NULL,
  TAG_OBJECT,
  TAG_OBJECT_ID,
  TAG_REGEX,
  TAG_STRING,
  TAG_TIMESTAMP,
  TAG_TRUE,
  TAG_UNDEFINED,
} from './tags.js';

/** So few need no memory outside the heap. */
const FIRST_BYTES = 64;
const NOTHING = new Uint8Array(0);
const KEPT_BYTES = 1 << 16;
const VARINT_BYTES = 8;

/** A key that grows value by value. */
export class KeyWriter {
  /** The key is [0, length). Another array after any call that appends. */
  bytes: Uint8Array = NOTHING;
  length = 0;

  clear(): void {
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = NOTHING;
  }

  /** A copy of the key. Its memory may be part of a larger piece: never transfer it to another thread. */
  toBytes(): Uint8Array {
    return copyBytes(this.bytes, 0, this.length);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.grow(count);
  }

  private grow(count: number): void {
    const grown = new Uint8Array(Math.max(this.length + count, this.bytes.length * 2, FIRST_BYTES));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /** Appends a value; MISSING counts as null. */
  append(type: number, from: Uint8Array, at: number): void {
    this.reserve(NUMBER_BYTES);
    switch (type) {
      case INT32:
        appendInt32(this, readInt32(from, at));
        return;
      case DOUBLE:
        appendDouble(this, readDouble(from, at));
        return;
      case STRING:
      case SYMBOL:
        this.bytes[this.length++] = TAG_STRING;
        this.appendText(from, at + 4, at + 3 + readInt32(from, at));
        return;
      case OBJECT_ID:
        this.appendObjectId(from, at);
        return;
      case DATE:
        this.appendDate(from, at);
        return;
      case INT64:
        appendInt64(this, readInt32(from, at + 4), readInt32(from, at));
        return;
      case BOOL:
        this.bytes[this.length++] = from[at] === 0 ? TAG_FALSE : TAG_TRUE;
        return;
      case NULL:
      case MISSING:
        this.bytes[this.length++] = TAG_NULL;
        return;
      default:
        this.appendOther(type, from, at);
    }
  }

  /** Appends a value inverted, so that the greatest sorts first. */
  appendDescending(type: number, from: Uint8Array, at: number): void {
    const start = this.length;
    this.append(type, from, at);
    const { bytes, length } = this;
    for (let i = start; i < length; i++) bytes[i] = ~bytes[i]!;
  }

  private appendOther(type: number, from: Uint8Array, at: number): void {
    switch (type) {
      case DECIMAL128:
        appendDecimal(this, from, at);
        return;
      case OBJECT:
        this.appendByte(TAG_OBJECT);
        this.appendFields(from, at);
        return;
      case ARRAY:
        this.appendByte(TAG_ARRAY);
        this.appendElements(from, at);
        return;
      case BINARY: {
        const length = readInt32(from, at);
        this.appendByte(TAG_BINARY);
        this.appendVarint(length);
        this.appendBytes(from, at + 4, at + 5 + length);
        return;
      }
      case TIMESTAMP:
        this.appendByte(TAG_TIMESTAMP);
        for (let i = 7; i >= 4; i--) this.bytes[this.length++] = from[at + i]!;
        this.appendVarint(readInt32(from, at) >>> 0);
        return;
      case REGEX: {
        const end = endOfCString(from, endOfCString(from, at) + 1) + 1;
        this.appendByte(TAG_REGEX);
        this.appendBytes(from, at, end);
        return;
      }
      case DB_POINTER: {
        const length = readInt32(from, at) - 1;
        this.appendByte(TAG_DB_POINTER);
        this.appendVarint(length);
        this.appendBytes(from, at + 4, at + 4 + length);
        this.appendBytes(from, at + 5 + length, at + 17 + length);
        return;
      }
      case CODE:
        this.appendByte(TAG_CODE);
        this.appendText(from, at + 4, at + 3 + readInt32(from, at));
        return;
      case CODE_WITH_SCOPE: {
        const scope = at + 8 + readInt32(from, at + 4);
        this.appendByte(TAG_CODE_WITH_SCOPE);
        this.appendText(from, at + 8, scope - 1);
        this.appendFields(from, scope);
        return;
      }
      case UNDEFINED:
        this.appendByte(TAG_UNDEFINED);
        return;
      case MIN_KEY:
        this.appendByte(TAG_MIN_KEY);
        return;
      case MAX_KEY:
        this.appendByte(TAG_MAX_KEY);
        return;
      default:
        throw new BsonError(`unknown type 0x${type.toString(16)}`, 'type', at);
    }
  }

  appendByte(byte: number): void {
    this.reserve(1);
    this.bytes[this.length++] = byte;
  }

  appendVarint(value: number): void {
    this.reserve(VARINT_BYTES);
    this.length = writeOrderedVarint(this.bytes, this.length, value);
  }

  /** Bytes [start, end) of another array, as they are. */
  appendBytes(from: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.reserve(count);
    if (count <= 32) {
      const bytes = this.bytes;
      const to = this.length - start;
      for (let i = start; i < end; i++) bytes[to + i] = from[i]!;
    } else this.bytes.set(from.subarray(start, end), this.length);
    this.length += count;
  }

  /** A string that is not in a document, or bytes that stand for one (the sort key of a collation): tag and text. */
  appendString(from: Uint8Array, start: number, end: number): void {
    this.appendByte(TAG_STRING);
    this.appendText(from, start, end);
  }

  private appendText(from: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.reserve(count * 2 + 1);
    const { bytes, length } = this;
    let bits = 0;
    for (let i = 0; i < count; i++) {
      const byte = from[start + i]!;
      bytes[length + i] = byte;
      bits |= byte - 2;
    }
    if (bits < 0) this.appendEscaped(from, start, end);
    else {
      bytes[length + count] = TAG_END;
      this.length = length + count + 1;
    }
  }

  private appendEscaped(from: Uint8Array, start: number, end: number): void {
    const bytes = this.bytes;
    let at = this.length;
    for (let i = start; i < end; i++) {
      const byte = from[i]!;
      if (byte > 1) bytes[at++] = byte;
      else {
        bytes[at++] = 1;
        bytes[at++] = byte + 1;
      }
    }
    bytes[at++] = TAG_END;
    this.length = at;
  }

  private appendObjectId(from: Uint8Array, at: number): void {
    const { bytes, length } = this;
    bytes[length] = TAG_OBJECT_ID;
    for (let i = 0; i < 12; i += 4) {
      bytes[length + i + 1] = from[at + i]!;
      bytes[length + i + 2] = from[at + i + 1]!;
      bytes[length + i + 3] = from[at + i + 2]!;
      bytes[length + i + 4] = from[at + i + 3]!;
    }
    this.length = length + 13;
  }

  private appendDate(from: Uint8Array, at: number): void {
    const bytes = this.bytes;
    let length = this.length;
    const top = from[at + 7]!;
    if ((top | from[at + 6]!) === 0) bytes[length++] = TAG_DATE;
    else {
      bytes[length++] = top >= 0x80 ? TAG_DATE_BEFORE_1970 : TAG_DATE_FAR;
      bytes[length++] = top;
      bytes[length++] = from[at + 6]!;
    }
    bytes[length] = from[at + 5]!;
    bytes[length + 1] = from[at + 4]!;
    bytes[length + 2] = from[at + 3]!;
    bytes[length + 3] = from[at + 2]!;
    bytes[length + 4] = from[at + 1]!;
    bytes[length + 5] = from[at]!;
    this.length = length + 6;
  }

  private appendFields(from: Uint8Array, document: number): void {
    const limit = document + readInt32(from, document) - 1;
    for (let at = document + 4; at < limit;) {
      const type = from[at++]!;
      const value = endOfCString(from, at) + 1;
      this.appendByte(TYPE_CLASS[type]!);
      this.appendBytes(from, at, value);
      this.append(type, from, value);
      at = endOfValue(from, type, value);
    }
    this.appendByte(TAG_END);
  }

  private appendElements(from: Uint8Array, array: number): void {
    const limit = array + readInt32(from, array) - 1;
    for (let at = array + 4; at < limit;) {
      const type = from[at]!;
      const value = endOfCString(from, at + 1) + 1;
      this.append(type, from, value);
      at = endOfValue(from, type, value);
    }
    this.appendByte(TAG_END);
  }
}
