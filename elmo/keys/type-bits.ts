/**
 * What an encoded key does not say: the type of each number, whether a text is a symbol, signs of zero, which of the many
 * forms of a decimal. Kept beside the key, never compared; a covered query needs it to give back the very value.
 *
 *   per number and per string or symbol of the key, in order (nested ones too): a code; codes at the end that are 0 are
 *   left out, so that mostly nothing is kept.
 *   00         as JavaScript has it: int32 where it fits, else double if that is exact, else int64; a string; NaN 7ff8…
 *   01         double        02  int64        03  double -0        04  symbol
 *   05         double NaN of other bits, 8 bytes follow
 *   06         decimal NaN or infinity
 *   07         decimal in a form that is not canonical, 16 bytes follow
 *   80+ + u8   decimal: bits 13..0 exponent + 6176, bit 14 negative (of a zero)
 *
 *   [1, 'a', int64 5] = 00 00 02     [1, 'a'] = nothing
 * Kept with keys since format 1.
 */
import { BsonError } from '../bson/errors.js';
import { DECIMAL_BIAS, DECIMAL_FINITE, DECIMAL_ZERO, DecimalParts } from '../bson/decimal.js';
import { endOfCString, readDouble, readInt32 } from '../bson/read.js';
import {
  ARRAY,
  CODE_WITH_SCOPE,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  OBJECT,
  STRING,
  SYMBOL,
} from '../bson/types.js';
import { endOfValue } from '../bson/walk.js';

export const BITS_DEFAULT = 0x00;
export const BITS_DOUBLE = 0x01;
export const BITS_INT64 = 0x02;
export const BITS_MINUS_ZERO = 0x03;
export const BITS_SYMBOL = 0x04;
export const BITS_NAN = 0x05;
export const BITS_DECIMAL_SPECIAL = 0x06;
export const BITS_DECIMAL_RAW = 0x07;
export const BITS_DECIMAL = 0x80;
export const BITS_DECIMAL_NEGATIVE = 0x40;

const FIRST_BYTES = 64;
const MOST_OF_VALUE = 17;

/** Collects the type bits of a key, value by value in the key's order. */
export class TypeBitsWriter {
  bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  /** Bytes to keep: up to the last code that is not 0. */
  length = 0;
  private written = 0;
  private readonly parts = new DecimalParts();

  clear(): void {
    this.length = 0;
    this.written = 0;
  }

  /** A copy of what is to be kept. */
  toBytes(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  /** Adds the bits of a value that is appended to the key. */
  add(type: number, from: Uint8Array, at: number): void {
    switch (type) {
      case STRING:
      case INT32:
        this.writeDefault();
        return;
      case SYMBOL:
        this.write(BITS_SYMBOL);
        return;
      case DOUBLE:
        this.addDouble(readDouble(from, at), from, at);
        return;
      case INT64:
        if (isInt64ByDefault(readInt32(from, at + 4), readInt32(from, at))) this.writeDefault();
        else this.write(BITS_INT64);
        return;
      case DECIMAL128:
        this.addDecimal(from, at);
        return;
      case OBJECT:
      case ARRAY:
        this.addElements(from, at);
        return;
      case CODE_WITH_SCOPE:
        this.addElements(from, at + 8 + readInt32(from, at + 4));
        return;
      default:
        return; // the key says it all
    }
  }

  private addDouble(value: number, from: Uint8Array, at: number): void {
    if (value === 0) this.write(1 / value > 0 ? BITS_DOUBLE : BITS_MINUS_ZERO);
    else if ((value | 0) === value) this.write(BITS_DOUBLE);
    else if (value === value || (readInt32(from, at + 4) === 0x7ff80000 && readInt32(from, at) === 0))
      this.writeDefault();
    else {
      this.write(BITS_NAN);
      this.writeRaw(from, at, 8);
    }
  }

  private addDecimal(from: Uint8Array, at: number): void {
    const { parts } = this;
    parts.read(from, at);
    const high = readInt32(from, at + 12);
    if (parts.kind === DECIMAL_FINITE || (parts.kind === DECIMAL_ZERO && isPlainZero(from, at, high))) {
      const exponent = parts.exponent + DECIMAL_BIAS;
      const sign = parts.kind === DECIMAL_ZERO && parts.isNegative ? BITS_DECIMAL_NEGATIVE : 0;
      this.write(BITS_DECIMAL | sign | (exponent >>> 8));
      this.write(exponent & 0xff);
    } else if (isPlainSpecial(from, at, high)) this.write(BITS_DECIMAL_SPECIAL);
    else {
      this.write(BITS_DECIMAL_RAW);
      this.writeRaw(from, at, 16);
    }
  }

  private addElements(from: Uint8Array, document: number): void {
    const limit = document + readInt32(from, document) - 1;
    for (let at = document + 4; at < limit;) {
      const type = from[at]!;
      const value = endOfCString(from, at + 1) + 1;
      this.add(type, from, value);
      at = endOfValue(from, type, value);
    }
  }

  private writeDefault(): void {
    this.reserve();
    this.bytes[this.written++] = BITS_DEFAULT;
  }

  /** Anything but a default; also the later bytes of one. */
  private write(byte: number): void {
    this.reserve();
    this.bytes[this.written++] = byte;
    this.length = this.written;
  }

  private writeRaw(from: Uint8Array, at: number, count: number): void {
    for (let i = 0; i < count; i++) this.write(from[at + i]!);
  }

  private reserve(): void {
    if (this.written + MOST_OF_VALUE <= this.bytes.length) return;
    const grown = new Uint8Array(this.bytes.length * 2);
    grown.set(this.bytes);
    this.bytes = grown;
  }
}

/** Whether a whole number that is no int32 would come back as int64 without a code: a double cannot hold it. */
export function isInt64ByDefault(high: number, low: number): boolean {
  if (high === low >> 31) return false;
  const nearest = high * 0x1_0000_0000 + (low >>> 0);
  if (nearest >= 2 ** 63) return true;
  const nearestHigh = Math.floor(nearest / 0x1_0000_0000);
  return nearest - nearestHigh * 0x1_0000_0000 !== low >>> 0; // rounding moves the lower half at least
}

/** A zero whose bits are exponent and sign only. */
function isPlainZero(from: Uint8Array, at: number, high: number): boolean {
  return (
    ((high >>> 29) & 3) !== 3 &&
    ((high & 0x1ffff) | readInt32(from, at + 8) | readInt32(from, at + 4) | readInt32(from, at)) === 0
  );
}

/** NaN or an infinity without any further bits, NaN without a sign. */
function isPlainSpecial(from: Uint8Array, at: number, high: number): boolean {
  const rest = readInt32(from, at + 8) | readInt32(from, at + 4) | readInt32(from, at);
  return rest === 0 && (high === 0x7c000000 || (high << 1) >>> 0 === 0xf0000000);
}

/** Reads codes in the order they were added; past the end they are the default. */
export class TypeBitsReader {
  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;
  private end = 0;

  open(bytes: Uint8Array, at = 0, end = bytes.length): void {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  next(): number {
    return this.at < this.end ? this.bytes[this.at++]! : BITS_DEFAULT;
  }

  /**
   * Passes over the bytes that follow the code read last.
   * @returns where they are
   * @throws BsonError if there are fewer
   */
  skip(count: number): number {
    const at = this.at;
    if (count > this.end - at) throw new BsonError('type bits end inside a value', 'length', at);
    this.at += count;
    return at;
  }

  get source(): Uint8Array {
    return this.bytes;
  }
}
