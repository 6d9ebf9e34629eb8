/**
 * Numbers of all four types as bytes that sort by value, exactly; equal values give equal bytes.
 *
 *   tag u8    payload of a positive number (a negative one: mirrored tag, payload inverted)
 *   zero, NaN, infinities    nothing
 *   plus n    n bytes, big-endian: (whole part - BASE[n]) * 2 + 1 if a fraction follows; then the fraction.
 *             BASE[n] is the first whole number that n bytes hold: 1, 129, 32897 …
 *   small     0 < x < 1:     exponent, fraction
 *   large     x >= BASE[9]:  exponent, fraction
 *   exponent  of the leading bit e, x = 2^e · 1.fraction
 *             small  ff - n, or 2 bytes 7fff - n above 126, where n = -1 - e
 *             large  e - 63, or 2 bytes 8000 + e above 190
 *   fraction  groups of 7 bits, the lowest bit of each byte tells whether another follows. After MOST_GROUPS that bit
 *             means instead that the value is a little more: a decimal that binary cannot hold. So many bits tell any
 *             two decimals apart (see bson/decimal.ts), so nothing more is needed for order.
 *
 *   1 = 1e 00     -1 = 1a ff     300 = 1f 01 56     1.5 = 1e 01 80     0.5 = 1d ff 00
 * In keys since format 1.
 */
import {
  BinaryForm,
  DECIMAL_FINITE,
  DECIMAL_INFINITE,
  DECIMAL_NAN,
  DecimalParts,
  MANTISSA_BITS,
} from '../bson/decimal.js';
import { doubleOfWords, highWordOfDouble, lowWordOfDouble } from '../bson/read.js';
import type { KeyWriter } from './value-encoding.js';
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

/** BASE[n]: the first whole number of n bytes, as far as doubles hold it. */
export const BASE: readonly number[] = [0, 1, 129, 32897, 8421505, 2155905153, 551911719041, 141289400074369];
/** BASE[8] and BASE[9], in halves. BASE[9] is above 2^63. */
export const BASE_8_HIGH = 0x808080;
export const BASE_9_HIGH = 0x80808080;
export const BASE_LOW = 0x80808081;

/** Most groups of the fraction behind a whole part of n bytes; and behind an exponent. */
export const mostGroups = (wholeBytes: number): number => 17 - wholeBytes;
export const MOST_GROUPS = 17;

/** The most a number takes. */
export const NUMBER_BYTES = 32;

/** Room is reserved by the caller: NUMBER_BYTES. */
export function appendInt32(writer: KeyWriter, value: number): void {
  if (value === 0) writer.bytes[writer.length++] = TAG_ZERO;
  else if (value > 0) appendWhole(writer, value, 0, 0);
  else appendWhole(writer, -value, 0, -1);
}

/** A 64-bit signed integer of its halves. */
export function appendInt64(writer: KeyWriter, high: number, low: number): void {
  if (high === low >> 31) {
    appendInt32(writer, low);
    return;
  }
  const mask = high >> 31;
  if (mask !== 0) {
    low = -low | 0;
    high = (~high + (low === 0 ? 1 : 0)) | 0;
  }
  high >>>= 0;
  low >>>= 0;
  if (high < 0x20_0000) appendWhole(writer, high * 0x1_0000_0000 + low, 0, mask);
  else appendWide(writer, high, low, 0, mask);
}

export function appendDouble(writer: KeyWriter, value: number): void {
  const mask = value < 0 ? -1 : 0;
  const magnitude = value < 0 ? -value : value;
  if ((value | 0) === value) appendInt32(writer, value);
  else if (magnitude < 0x20_0000_0000_0000) {
    if (magnitude >= 1) {
      const whole = Math.floor(magnitude);
      const fraction = magnitude - whole;
      appendWhole(writer, whole, fraction > 0 ? 1 : 0, mask);
      if (fraction > 0) appendFraction(writer, fraction, mask);
    } else appendScaled(writer, magnitude, mask);
  } else if (magnitude < Infinity) {
    const high = Math.floor(magnitude / 0x1_0000_0000);
    const low = magnitude - high * 0x1_0000_0000;
    if (isBelowBase9(high, low)) appendWide(writer, high, low, 0, mask);
    else appendScaled(writer, magnitude, mask);
  } else {
    writer.bytes[writer.length++] = value !== value ? TAG_NAN : value > 0 ? TAG_INFINITY : TAG_MINUS_INFINITY;
  }
}

function isBelowBase9(high: number, low: number): boolean {
  return high < BASE_9_HIGH || (high === BASE_9_HIGH && low < BASE_LOW);
}

/**
 * Tag and whole part.
 * @param whole  at least 1, below 2^53
 * @param flag  1 if a fraction will follow
 * @param mask  -1 for a negative number, else 0
 */
function appendWhole(writer: KeyWriter, whole: number, flag: number, mask: number): void {
  const bytes = writer.bytes;
  let at = writer.length;
  if (whole < 2155905153) {
    const length = whole < 32897 ? (whole < 129 ? 1 : 2) : whole < 8421505 ? 3 : 4;
    bytes[at++] = tagOf(TAG_PLUS_1 - 1 + length, mask);
    const word = (((whole - BASE[length]!) << 1) | flag) ^ mask;
    if (length > 3) bytes[at++] = word >>> 24;
    if (length > 2) bytes[at++] = word >>> 16;
    if (length > 1) bytes[at++] = word >>> 8;
    bytes[at++] = word;
    writer.length = at;
    return;
  }
  const length = whole < 551911719041 ? 5 : whole < 141289400074369 ? 6 : 7;
  bytes[at++] = tagOf(TAG_PLUS_1 - 1 + length, mask);
  const rest = whole - BASE[length]!;
  const upper = Math.floor(rest / 0x80);
  const high = Math.floor(upper / 0x1_0000_0000) ^ mask;
  const low = (upper | 0) ^ mask;
  if (length > 6) bytes[at++] = high >>> 8;
  if (length > 5) bytes[at++] = high;
  bytes[at++] = low >>> 24;
  bytes[at++] = low >>> 16;
  bytes[at++] = low >>> 8;
  bytes[at++] = low;
  bytes[at++] = (((rest - upper * 0x80) << 1) | flag) ^ mask;
  writer.length = at;
}

/** Tag and whole part of 7 or 8 bytes, at least BASE[7], below BASE[9], given in unsigned halves. */
function appendWide(writer: KeyWriter, high: number, low: number, flag: number, mask: number): void {
  const is8 = high > BASE_8_HIGH || (high === BASE_8_HIGH && low >= BASE_LOW);
  high -= (is8 ? BASE_8_HIGH : 0x8080) + (low < BASE_LOW ? 1 : 0);
  low = (low - BASE_LOW) | 0;
  high = ((high << 1) | (low >>> 31)) ^ mask;
  low = ((low << 1) | flag) ^ mask;
  const bytes = writer.bytes;
  let at = writer.length;
  bytes[at++] = tagOf(TAG_PLUS_1 + (is8 ? 7 : 6), mask);
  if (is8) bytes[at++] = high >>> 24;
  bytes[at++] = high >>> 16;
  bytes[at++] = high >>> 8;
  bytes[at++] = high;
  bytes[at++] = low >>> 24;
  bytes[at++] = low >>> 16;
  bytes[at++] = low >>> 8;
  bytes[at++] = low;
  writer.length = at;
}

const tagOf = (tag: number, mask: number): number => (mask === 0 ? tag : TAG_MIRROR - tag);

/** @param fraction  in (0, 1), at most 52 bits below the point; multiplying by 128 is then exact */
function appendFraction(writer: KeyWriter, fraction: number, mask: number): void {
  const bytes = writer.bytes;
  let at = writer.length;
  do {
    fraction *= 128;
    const group = fraction | 0;
    fraction -= group;
    bytes[at++] = ((group << 1) | (fraction > 0 ? 1 : 0)) ^ mask;
  } while (fraction > 0);
  writer.length = at;
}

/** A finite double below 1 or from BASE[9] on. */
function appendScaled(writer: KeyWriter, magnitude: number, mask: number): void {
  let high = highWordOfDouble(magnitude);
  let exponent = (high >>> 20) - 1023;
  if (exponent === -1023) {
    high = highWordOfDouble(magnitude * 2 ** 54);
    exponent = (high >>> 20) - 1023 - 54;
  }
  const low = lowWordOfDouble();
  appendExponent(writer, exponent, mask);
  appendFraction(writer, doubleOfWords(0x3ff00000 | (high & 0xfffff), low) - 1, mask);
}

function appendExponent(writer: KeyWriter, exponent: number, mask: number): void {
  const bytes = writer.bytes;
  let at = writer.length;
  if (exponent < 0) {
    const n = -1 - exponent;
    bytes[at++] = tagOf(TAG_PLUS_SMALL, mask);
    if (n > 126) bytes[at++] = ((0x7fff - n) >>> 8) ^ mask;
    bytes[at++] = (n > 126 ? 0x7fff - n : 0xff - n) ^ mask;
  } else {
    bytes[at++] = tagOf(TAG_PLUS_LARGE, mask);
    if (exponent > 190) bytes[at++] = ((0x8000 | exponent) >>> 8) ^ mask;
    bytes[at++] = (exponent > 190 ? exponent : exponent - 63) ^ mask;
  }
  writer.length = at;
}

const parts = new DecimalParts();
const form = new BinaryForm();
/** Powers of ten that can be multiplied by 128 without leaving the doubles' whole numbers. */
const POWERS: readonly number[] = Array.from({ length: 14 }, (_, i) => 10 ** i);

export function appendDecimal(writer: KeyWriter, from: Uint8Array, at: number): void {
  parts.read(from, at);
  if (parts.kind !== DECIMAL_FINITE) {
    const infinity = parts.isNegative ? TAG_MINUS_INFINITY : TAG_INFINITY;
    writer.bytes[writer.length++] =
      parts.kind === DECIMAL_NAN ? TAG_NAN : parts.kind === DECIMAL_INFINITE ? infinity : TAG_ZERO;
  } else if (!appendShortDecimal(writer)) {
    form.ofDecimal(from, at);
    appendForm(writer, form);
  }
}

/**
 * What `parts` hold, if doubles suffice to divide it out: a coefficient below 2^53, an exponent near 0.
 * @returns false if they do not
 */
function appendShortDecimal(writer: KeyWriter): boolean {
  const { exponent } = parts;
  if ((parts.word2 | parts.word3) !== 0 || parts.word1 >= 0x20_0000) return false;
  if (exponent <= -POWERS.length || exponent >= POWERS.length) return false;
  const mask = parts.isNegative ? -1 : 0;
  let coefficient = parts.word1 * 0x1_0000_0000 + parts.word0;
  if (exponent >= 0) {
    coefficient *= POWERS[exponent]!;
    if (coefficient > Number.MAX_SAFE_INTEGER) return false;
    appendWhole(writer, coefficient, 0, mask);
    return true;
  }
  const divisor = POWERS[-exponent]!;
  if (coefficient < divisor) {
    let power = 0;
    for (; coefficient < divisor; power--) coefficient *= 2;
    appendExponent(writer, power, mask);
    appendQuotient(writer, coefficient - divisor, divisor, MOST_GROUPS, mask);
    return true;
  }
  let whole = Math.floor(coefficient / divisor);
  if (whole * divisor > coefficient) whole--;
  const remainder = coefficient - whole * divisor;
  const tagAt = writer.length;
  appendWhole(writer, whole, remainder > 0 ? 1 : 0, mask);
  if (remainder > 0) appendQuotient(writer, remainder, divisor, mostGroups(writer.length - tagAt - 1), mask);
  return true;
}

/** The fraction remainder / divisor, divided out group by group; at least one. */
function appendQuotient(
  writer: KeyWriter,
  remainder: number,
  divisor: number,
  most: number,
  mask: number,
): void {
  const bytes = writer.bytes;
  let at = writer.length;
  const last = at + most;
  do {
    remainder *= 128;
    let group = Math.floor(remainder / divisor);
    if (group * divisor > remainder) group--;
    remainder -= group * divisor;
    bytes[at++] = ((group << 1) | (remainder > 0 ? 1 : 0)) ^ mask;
  } while (remainder > 0 && at < last);
  writer.length = at;
}

function appendForm(writer: KeyWriter, { exponent, mantissa, isNegative, isCut }: BinaryForm): void {
  const mask = isNegative ? -1 : 0;
  if (exponent >= 0 && exponent <= 63) {
    const fractionBits = MANTISSA_BITS - 1 - exponent;
    const whole = mantissa >> BigInt(fractionBits);
    const high = Number(whole >> 32n);
    const low = Number(whole & 0xffffffffn);
    if (isBelowBase9(high, low)) {
      const fraction = mantissa - (whole << BigInt(fractionBits));
      const flag = fraction !== 0n || isCut ? 1 : 0;
      const tagAt = writer.length;
      if (high < 0x20_0000) appendWhole(writer, high * 0x1_0000_0000 + low, flag, mask);
      else appendWide(writer, high, low, flag, mask);
      if (flag !== 0)
        appendGroups(writer, fraction, fractionBits, mostGroups(writer.length - tagAt - 1), isCut, mask);
      return;
    }
  }
  appendExponent(writer, exponent, mask);
  const fractionBits = MANTISSA_BITS - 1;
  appendGroups(writer, BigInt.asUintN(fractionBits, mantissa), fractionBits, MOST_GROUPS, isCut, mask);
}

/** A fraction of `bits` bits as at most `most` groups; at least one. */
function appendGroups(
  writer: KeyWriter,
  fraction: bigint,
  bits: number,
  most: number,
  isCut: boolean,
  mask: number,
): void {
  const excess = BigInt(bits - 7 * most);
  let kept = excess >= 0n ? fraction >> excess : fraction << -excess;
  isCut ||= excess > 0n && kept << excess !== fraction;
  let count = most;
  if (!isCut) {
    while (count > 7 && (kept & 0x1ffffffffffffn) === 0n) {
      kept >>= 49n;
      count -= 7;
    }
    while (count > 1 && (kept & 0x7fn) === 0n) {
      kept >>= 7n;
      count--;
    }
  }
  const bytes = writer.bytes;
  const start = writer.length;
  let flag = isCut ? 1 : 0;
  for (let end = count; end > 0; end -= 7) {
    let word = Number(kept & 0x1ffffffffffffn); // 7 groups at a time
    kept >>= 49n;
    for (let i = end - 1; i >= Math.max(end - 7, 0); i--) {
      bytes[start + i] = ((word % 0x80) * 2 + flag) ^ mask;
      word = Math.floor(word / 0x80);
      flag = 1;
    }
  }
  writer.length = start + count;
}
