/**
 * One BSON value as a thing that can be passed around: type byte, array of bytes, offset. Immutable. What the expression
 * engine computes, what a filter compares with, what a stage keeps: all are these, so the functions over raw bytes
 * (`compareValues`, `KeyWriter.append`, `BsonWriter`) serve stored and computed values alike.
 *
 * Computed values lie in slabs that many share (a new one costs no allocation of its own but this small object). Whoever
 * keeps a value longer than the row it came from takes a `keep` of it: the bytes of a row are overwritten by the next.
 */
import { Decoder } from './decode.js';
import { Encoder } from './encode.js';
import { EJSON } from './package.js';
import { highWordOfDouble, lowWordOfDouble, readInt32, readText } from './read.js';
import {
  ARRAY,
  BOOL,
  DATE,
  DOUBLE,
  INT32,
  INT64,
  MAX_KEY,
  MIN_KEY,
  MISSING,
  NULL,
  OBJECT,
  STRING,
  TIMESTAMP,
  UNDEFINED,
} from './types.js';
import { endOfValue } from './walk.js';
import { BsonWriter, copyBytes } from './writer.js';

export class Value {
  constructor(
    /** Type byte, or MISSING. */
    readonly type: number,
    readonly bytes: Uint8Array,
    /** Where the value (not its type byte or name) starts. */
    readonly at: number,
  ) {}

  /** Offset after the value. */
  get end(): number {
    return this.type === MISSING ? this.at : endOfValue(this.bytes, this.type, this.at);
  }

  get isMissing(): boolean {
    return this.type === MISSING;
  }

  /** Null, undefined or missing. */
  get isNullish(): boolean {
    return this.type === NULL || this.type === MISSING || this.type === UNDEFINED;
  }

  /** The same value in bytes of its own. */
  keep(): Value {
    return this.type === MISSING ? this : new Value(this.type, copyBytes(this.bytes, this.at, this.end), 0);
  }

  /** The text of a string (or symbol, or code). */
  get text(): string {
    return readText(this.bytes, this.at + 4, this.at + 3 + readInt32(this.bytes, this.at));
  }

  /** The bytes of a document or array, from 0. A view: valid as long as the value. */
  get document(): Uint8Array {
    return this.bytes.subarray(this.at, this.at + readInt32(this.bytes, this.at));
  }
}

const NOTHING = new Uint8Array(0);
export const MISSING_VALUE = new Value(MISSING, NOTHING, 0);
export const NULL_VALUE = new Value(NULL, NOTHING, 0);
export const UNDEFINED_VALUE = new Value(UNDEFINED, NOTHING, 0);
export const MIN_KEY_VALUE = new Value(MIN_KEY, NOTHING, 0);
export const MAX_KEY_VALUE = new Value(MAX_KEY, NOTHING, 0);
export const TRUE_VALUE = new Value(BOOL, new Uint8Array([1]), 0);
export const FALSE_VALUE = new Value(BOOL, new Uint8Array([0]), 0);
export const EMPTY_DOCUMENT = new Value(OBJECT, new Uint8Array([5, 0, 0, 0, 0]), 0);
export const EMPTY_ARRAY = new Value(ARRAY, new Uint8Array([5, 0, 0, 0, 0]), 0);

const SLAB_BYTES = 1 << 14;
let slab = new Uint8Array(SLAB_BYTES);
let used = 0;

/** Where `count` (at most 16) fresh bytes start in `slab`. */
function take(count: number): number {
  if (used + count > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  const at = used;
  used += count;
  return at;
}

function writeWord(into: Uint8Array, at: number, word: number): void {
  into[at] = word;
  into[at + 1] = word >>> 8;
  into[at + 2] = word >>> 16;
  into[at + 3] = word >>> 24;
}

export function int32Value(value: number): Value {
  const at = take(4);
  writeWord(slab, at, value);
  return new Value(INT32, slab, at);
}

export function doubleValue(value: number): Value {
  const at = take(8);
  const high = highWordOfDouble(value);
  writeWord(slab, at, lowWordOfDouble());
  writeWord(slab, at + 4, high);
  return new Value(DOUBLE, slab, at);
}

function wordsValue(type: number, high: number, low: number): Value {
  const at = take(8);
  writeWord(slab, at, low);
  writeWord(slab, at + 4, high);
  return new Value(type, slab, at);
}

/** A long. @param value  wraps beyond 64 bits */
export function int64Value(value: bigint): Value {
  return wordsValue(INT64, Number((value >> 32n) & 0xffff_ffffn) | 0, Number(value & 0xffff_ffffn) | 0);
}

/** A long of a whole number within ±2^53. */
export function int64OfNumber(value: number): Value {
  const high = Math.floor(value / 0x1_0000_0000);
  return wordsValue(INT64, high | 0, (value - high * 0x1_0000_0000) | 0);
}

/** A date. @param ms  whole milliseconds since 1970 within ±2^53 */
export function dateValue(ms: number): Value {
  const high = Math.floor(ms / 0x1_0000_0000);
  return wordsValue(DATE, high | 0, (ms - high * 0x1_0000_0000) | 0);
}

/** A timestamp. @param seconds since 1970, 32 bits  @param increment 32 bits */
export function timestampValue(seconds: number, increment: number): Value {
  return wordsValue(TIMESTAMP, seconds, increment);
}

export function boolValue(value: boolean): Value {
  return value ? TRUE_VALUE : FALSE_VALUE;
}

const textWriter = new BsonWriter();

export function stringValue(text: string): Value {
  textWriter.clear();
  textWriter.writeText(text);
  return new Value(STRING, textWriter.toBytes(), 0);
}

/** A value of any type of its bytes, copied. */
export function valueOfBytes(type: number, from: Uint8Array, start: number, end: number): Value {
  return new Value(type, copyBytes(from, start, end), 0);
}

/** A document of its bytes, not copied. */
export function documentValue(bytes: Uint8Array, at = 0): Value {
  return new Value(OBJECT, bytes, at);
}

const WRAPPER_NAME_BYTES = 3; // type byte, 'v', NUL
const encoder = new Encoder();
const decoder = new Decoder({ promoteValues: false, promoteLongs: false });
const plainDecoder = new Decoder();
const textDecoder = new Decoder({ promoteValues: false, promoteLongs: false, bsonRegExp: true });

/** A value of what a program writes: 1, 'x', new Date(), [1, 2], new Long(…). undefined gives MISSING. */
export function valueOf(value: unknown): Value {
  if (value === undefined) return MISSING_VALUE;
  const bytes = encoder.encode({ v: value });
  return new Value(bytes[4]!, bytes, 4 + WRAPPER_NAME_BYTES);
}

/** What a program sees of a value, numbers as instances of their BSON classes, so that nothing is lost. */
export function exactJs(value: Value): unknown {
  return decoder.decodeValue(value.bytes, value.type, value.at);
}

/** What a program sees of a value; numbers are plain. */
export function plainJs(value: Value): unknown {
  return plainDecoder.decodeValue(value.bytes, value.type, value.at);
}

/** Extended JSON of a value, for messages; numbers `relaxed` are plain. */
export function extendedJson(value: Value, relaxed: boolean): string {
  const js: unknown = textDecoder.decodeValue(value.bytes, value.type, value.at);
  return EJSON.stringify(js, { relaxed }) ?? 'undefined';
}

/** Appends a named element. MISSING appends nothing. @param name  without NUL */
export function writeElement(writer: BsonWriter, name: Uint8Array, value: Value): void {
  if (value.type === MISSING) return;
  writer.writeName(value.type, name);
  writer.writeRange(value.bytes, value.at, value.end);
}
