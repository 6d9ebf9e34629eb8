/**
 * Numbers back out of keys: the inverse of number-encoding.ts. The exact type comes from the type bits.
 */
import { DECIMAL_BIAS, powerOfTen } from '../bson/decimal.js';
import { BsonError } from '../bson/errors.js';
import { DECIMAL128, DOUBLE, INT32, INT64 } from '../bson/types.js';
import type { BsonWriter } from '../bson/writer.js';
import { BASE, BASE_8_HIGH, BASE_LOW, MOST_GROUPS, mostGroups } from './number-encoding.js';
import {
  TAG_INFINITY,
  TAG_MINUS_INFINITY,
  TAG_MIRROR,
  TAG_NAN,
  TAG_PLUS_1,
  TAG_PLUS_LARGE,
  TAG_PLUS_SMALL,
  TAG_ZERO,
} from './tags.js';
import {
  BITS_DECIMAL,
  BITS_DECIMAL_NEGATIVE,
  BITS_DECIMAL_RAW,
  BITS_DECIMAL_SPECIAL,
  BITS_DEFAULT,
  BITS_DOUBLE,
  BITS_INT64,
  BITS_MINUS_ZERO,
  BITS_NAN,
  isInt64ByDefault,
  type TypeBitsReader,
} from './type-bits.js';

/** Whole parts of more bytes do not fit a double. */
const MOST_DOUBLE_BYTES = 6;

const BASE_BITS: readonly bigint[] = [...BASE.map(BigInt), (BigInt(BASE_8_HIGH) << 32n) | BigInt(BASE_LOW)];

/** A number as it stands in a key. */
export class EncodedNumber {
  tag = 0;
  isNegative = false;
  /** Offset after the number. */
  end = 0;
  /** |value| if that is a double, else one near it. */
  magnitude = 0;
  /** Whether there is no fraction, and the number below BASE[9]. */
  isWhole = false;
  /** Whether `magnitude` may be off though the number is whole: it has more than 6 bytes. */
  isWide = false;
  /** Whether |value| is a little more than what is written. */
  isCut = false;
  /** How many groups the fraction has. */
  private groupCount = 0;
  private exponent = 0;
  private wholeBytes = 0;
  private from: Uint8Array = new Uint8Array(0);
  private mask = 0;
  private payload = 0;

  /**
   * @param flip  0xff if the encoding is inverted, else 0
   * @throws BsonError if the number runs past `limit`
   */
  read(from: Uint8Array, at: number, limit: number, flip: number): void {
    const tag = from[at++]! ^ flip;
    this.tag = tag;
    this.isNegative = tag < TAG_ZERO;
    this.from = from;
    this.payload = at;
    this.end = at;
    this.magnitude = 0;
    this.groupCount = 0;
    this.exponent = 0;
    this.wholeBytes = 0;
    this.isCut = false;
    this.isWide = false;
    this.isWhole = tag === TAG_ZERO;
    if (tag <= TAG_MINUS_INFINITY || tag === TAG_ZERO || tag === TAG_INFINITY) return;
    const positive = this.isNegative ? TAG_MIRROR - tag : tag;
    this.mask = this.isNegative ? flip ^ 0xff : flip;
    if (positive === TAG_PLUS_SMALL || positive === TAG_PLUS_LARGE) this.readScaled(limit, positive);
    else this.readWhole(limit, positive - TAG_PLUS_1 + 1);
  }

  private readWhole(limit: number, length: number): void {
    const { from, mask, payload } = this;
    if (payload + length > limit) throw truncated(payload);
    let word = 0;
    for (let i = 0; i < length; i++) word = word * 0x100 + (from[payload + i]! ^ mask);
    this.end = payload + length;
    this.wholeBytes = length;
    this.isWhole = ((from[this.end - 1]! ^ mask) & 1) === 0;
    this.isWide = length > MOST_DOUBLE_BYTES;
    const fraction = this.isWhole ? 0 : this.readGroups(limit, mostGroups(length));
    this.magnitude = this.isWide
      ? Number(this.wholeBits()) + fraction
      : Math.floor(word / 2) + BASE[length]! + fraction;
  }

  private readScaled(limit: number, tag: number): void {
    const { from, mask, payload } = this;
    if (payload + 2 > limit) throw truncated(payload);
    const first = from[payload]! ^ mask;
    const pair = (first << 8) | (from[payload + 1]! ^ mask);
    const isSmall = tag === TAG_PLUS_SMALL;
    const isShort = isSmall ? first >= 0x80 : first < 0x80;
    if (isSmall) this.exponent = -1 - (isShort ? 0xff - first : 0x7fff - pair);
    else this.exponent = isShort ? first + 63 : pair & 0x7fff;
    this.end = payload + (isShort ? 1 : 2);
    const mantissa = 1 + this.readGroups(limit, MOST_GROUPS);
    // in two steps where the power alone is too small for a double
    this.magnitude =
      this.exponent < -1022
        ? mantissa * 2 ** -1000 * 2 ** (this.exponent + 1000)
        : mantissa * 2 ** this.exponent;
  }

  /** @returns the fraction, exact if it has at most 53 bits */
  private readGroups(limit: number, most: number): number {
    const { from, mask } = this;
    let at = this.end;
    let hasMore = true;
    let count = 0;
    let fraction = 0;
    let scale = 1;
    for (; hasMore && count < most; count++) {
      if (at >= limit) throw truncated(at);
      const byte = from[at++]! ^ mask;
      scale /= 128;
      fraction += (byte >>> 1) * scale;
      hasMore = (byte & 1) !== 0;
    }
    this.isCut = hasMore;
    this.groupCount = count;
    this.end = at;
    return fraction;
  }

  /** The whole part, exactly. */
  private wholeBits(): bigint {
    let word = 0n;
    for (let i = 0; i < this.wholeBytes; i++)
      word = (word << 8n) | BigInt(this.from[this.payload + i]! ^ this.mask);
    return (word >> 1n) + BASE_BITS[this.wholeBytes]!;
  }

  /** All bits of |value|, exactly, those of the fraction too; `fractionBits` of them are below the point. */
  bits(): bigint {
    if (this.tag === TAG_ZERO) return 0n;
    let bits = this.wholeBytes > 0 ? this.wholeBits() : 1n;
    for (let at = this.end - this.groupCount; at < this.end; at++)
      bits = (bits << 7n) | BigInt((this.from[at]! ^ this.mask) >>> 1);
    return bits;
  }

  /** May be negative: so many zeros follow the bits. */
  get fractionBits(): number {
    return 7 * this.groupCount - this.exponent;
  }

  /** A whole number with its sign. */
  signedWhole(): bigint {
    const whole = this.bits();
    return this.isNegative ? -whole : whole;
  }
}

function truncated(at: number): BsonError {
  return new BsonError('a key ends inside a number', 'length', at);
}

/** A number of a type, ready to be written. */
export class DecodedNumber {
  type: number = INT32;
  /** Of an int32 or a double. */
  private value = 0;
  /** Of an int64 the lower, of a decimal both halves. */
  private high = 0n;
  private low = 0n;
  /** Bytes that stand in the type bits as they are. */
  private raw: Uint8Array | undefined = undefined;
  private rawAt = 0;

  /** Takes the number's code and finds out what the number was. */
  resolve(number: EncodedNumber, typeBits: TypeBitsReader): void {
    const code = typeBits.next();
    this.raw = undefined;
    if (code < BITS_NAN) this.resolveBinary(number, code);
    else if (code >= BITS_DECIMAL) {
      const exponent = ((code & 0x3f) << 8) | typeBits.next();
      const isNegative = number.isNegative || (code & BITS_DECIMAL_NEGATIVE) !== 0;
      this.setDecimal(isNegative, exponent, coefficientOf(number, exponent - DECIMAL_BIAS));
    } else if (code === BITS_NAN) this.setRaw(typeBits, DOUBLE, 8);
    else if (code === BITS_DECIMAL_RAW) this.setRaw(typeBits, DECIMAL128, 16);
    else if (code === BITS_DECIMAL_SPECIAL) {
      this.type = DECIMAL128;
      this.low = 0n;
      this.high = SPECIAL_DECIMALS.get(number.tag) ?? NAN_DECIMAL;
    } else throw new BsonError(`type bits ${code} are not those of a number`, 'type');
  }

  private resolveBinary(number: EncodedNumber, code: number): void {
    const { tag, magnitude } = number;
    this.type = DOUBLE;
    this.value = number.isNegative ? -magnitude : magnitude;
    if (tag === TAG_NAN) this.value = NaN;
    else if (tag === TAG_INFINITY) this.value = Infinity;
    else if (tag === TAG_MINUS_INFINITY) this.value = -Infinity;
    else if (code === BITS_MINUS_ZERO) this.value = -0;
    else if (code === BITS_INT64) this.setInt64(number);
    else if (code === BITS_DEFAULT && number.isWhole) {
      if ((this.value | 0) === this.value) this.type = INT32;
      else if (number.isWide && isLong(number.signedWhole())) this.setInt64(number);
    } else if (code !== BITS_DEFAULT && code !== BITS_DOUBLE)
      throw new BsonError(`type bits ${code} are not those of a number`, 'type');
  }

  private setInt64(number: EncodedNumber): void {
    this.type = INT64;
    this.low = BigInt.asUintN(64, number.signedWhole());
  }

  private setDecimal(isNegative: boolean, exponent: number, coefficient: bigint): void {
    this.type = DECIMAL128;
    this.low = BigInt.asUintN(64, coefficient);
    this.high = (coefficient >> 64n) | (BigInt(exponent) << 49n) | (isNegative ? 1n << 63n : 0n);
  }

  private setRaw(typeBits: TypeBitsReader, type: number, bytes: number): void {
    this.type = type;
    this.raw = typeBits.source;
    this.rawAt = typeBits.skip(bytes);
  }

  /** Writes the value's bytes; type byte and name are written before. */
  write(into: BsonWriter): void {
    if (this.raw !== undefined)
      into.writeRange(this.raw, this.rawAt, this.rawAt + (this.type === DOUBLE ? 8 : 16));
    else if (this.type === INT32) into.writeInt32(this.value);
    else if (this.type === DOUBLE) into.writeDouble(this.value);
    else {
      into.writeInt64(Number(this.low >> 32n) | 0, Number(this.low & 0xffffffffn) | 0);
      if (this.type === DECIMAL128)
        into.writeInt64(Number(this.high >> 32n) | 0, Number(this.high & 0xffffffffn) | 0);
    }
  }
}

const NAN_DECIMAL = 0x7c00n << 48n;
const SPECIAL_DECIMALS: ReadonlyMap<number, bigint> = new Map([
  [TAG_INFINITY, 0x7800n << 48n],
  [TAG_MINUS_INFINITY, 0xf800n << 48n],
]);

/** Whether a whole number is an int64 that is one by default. */
function isLong(whole: bigint): boolean {
  if (BigInt.asIntN(64, whole) !== whole) return false;
  return isInt64ByDefault(Number(whole >> 32n), Number(BigInt.asIntN(32, whole)));
}

/** The whole number c with c · 10^exponent = |number|; of a cut number the next that is above what the key says. */
function coefficientOf(number: EncodedNumber, exponent: number): bigint {
  const { fractionBits } = number;
  let dividend = number.bits();
  let divisor = 1n;
  if (exponent < 0) dividend *= powerOfTen(-exponent);
  else divisor = powerOfTen(exponent);
  if (fractionBits < 0) dividend <<= BigInt(-fractionBits);
  else divisor <<= BigInt(fractionBits);
  return dividend / divisor + (number.isCut ? 1n : 0n);
}
