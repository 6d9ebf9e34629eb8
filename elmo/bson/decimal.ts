/**
 * Decimal128, and every other number, in one form that compares exactly: sign, power of two, 128 bits of mantissa.
 *
 *   offset (little-endian)   Decimal128, as IEEE 754-2008 packs it (binary integer significand)
 *   bit 127                  sign
 *   bits 126..113            exponent of ten + 6176; if it starts with 11: infinity, NaN, or not canonical
 *   bits 112..0              coefficient; above 10^34 - 1 it counts as 0
 *
 * Why 128 bits are exact: two different decimals of 34 digits differ by more than one part in 2^113, doubles have 53
 * bits, and a mantissa that was cut short is marked so. So cut forms still tell any two different numbers apart.
 */
import { highWordOfDouble, lowWordOfDouble, readInt32 } from './read.js';

export const DECIMAL_ZERO = 0;
export const DECIMAL_FINITE = 1;
export const DECIMAL_INFINITE = 2;
export const DECIMAL_NAN = 3;

export const DECIMAL_BIAS = 6176;
export const MANTISSA_BITS = 128;

/** The parts of a Decimal128. */
export class DecimalParts {
  kind: number = DECIMAL_ZERO;
  isNegative = false;
  /** Power of ten; a zero has one as well. Nothing for infinity and NaN. */
  exponent = 0;
  /** 32 bits each, unsigned, of the coefficient: word3 is the highest. All 0 unless finite. */
  word3 = 0;
  word2 = 0;
  word1 = 0;
  word0 = 0;

  read(from: Uint8Array, at: number): void {
    const high = readInt32(from, at + 12);
    this.isNegative = high < 0;
    this.exponent = 0;
    this.word0 = this.word1 = this.word2 = this.word3 = 0;
    const combination = (high >>> 26) & 0x1f;
    if (combination >= 0x1e) {
      this.kind = combination === 0x1e ? DECIMAL_INFINITE : DECIMAL_NAN;
      return;
    }
    this.kind = DECIMAL_ZERO;
    if (combination >= 0x18) {
      this.exponent = ((high >>> 15) & 0x3fff) - DECIMAL_BIAS; // the coefficient is above 10^34 by its form
      return;
    }
    this.exponent = ((high >>> 17) & 0x3fff) - DECIMAL_BIAS;
    const w3 = high & 0x1ffff;
    const w2 = readInt32(from, at + 8) >>> 0;
    const w1 = readInt32(from, at + 4) >>> 0;
    const w0 = readInt32(from, at) >>> 0;
    if ((w0 | w1 | w2 | w3) === 0 || isAboveLargest(w3, w2, w1)) return;
    this.kind = DECIMAL_FINITE;
    this.word3 = w3;
    this.word2 = w2;
    this.word1 = w1;
    this.word0 = w0;
  }

  coefficient(): bigint {
    const low = (BigInt(this.word1) << 32n) | BigInt(this.word0);
    if ((this.word2 | this.word3) === 0) return low;
    return (((BigInt(this.word3) << 32n) | BigInt(this.word2)) << 64n) | low;
  }

  coefficientBits(): number {
    if (this.word3 !== 0) return 128 - Math.clz32(this.word3);
    if (this.word2 !== 0) return 96 - Math.clz32(this.word2);
    if (this.word1 !== 0) return 64 - Math.clz32(this.word1);
    return 32 - Math.clz32(this.word0);
  }
}

/** 10^34 - 1 is 1ed09 bead87c0 378d8e63 ffffffff: whatever the lowest word, it cannot be above. */
function isAboveLargest(w3: number, w2: number, w1: number): boolean {
  if (w3 !== 0x1ed09) return w3 > 0x1ed09;
  if (w2 !== 0xbead87c0) return w2 > 0xbead87c0;
  return w1 > 0x378d8e63;
}

const CACHED_POWERS = 128;
const powers: bigint[] = [];

export function powerOfTen(exponent: number): bigint {
  if (exponent >= CACHED_POWERS) return 10n ** BigInt(exponent);
  return (powers[exponent] ??= 10n ** BigInt(exponent));
}

/** Bits of 10^exponent. The double is off by less than 10^-11, and no power below 10^6177 comes that close to one of 2. */
function powerOfTenBits(exponent: number): number {
  return Math.floor(exponent * 3.321928094887362) + 1;
}

const parts = new DecimalParts();

/** Any number in the one form. Kinds are those of decimals; a value is (-1)^isNegative · mantissa · 2^(exponent - 127). */
export class BinaryForm {
  kind: number = DECIMAL_ZERO;
  isNegative = false;
  /** Of the leading bit, when finite: 2^exponent <= |value| < 2^(exponent + 1). */
  exponent = 0;
  /** 128 bits, the highest set, when finite; else 0. */
  mantissa = 0n;
  /** Whether lower bits were cut off: |value| is then truly above what the form says. */
  isCut = false;

  ofDecimal(from: Uint8Array, at: number): void {
    parts.read(from, at);
    this.kind = parts.kind;
    this.isNegative = parts.isNegative;
    this.exponent = 0;
    this.mantissa = 0n;
    this.isCut = false;
    if (parts.kind !== DECIMAL_FINITE) return;
    const bits = parts.coefficientBits();
    if (parts.exponent === 0) this.setInteger(parts.coefficient(), bits, 0, false);
    else if (parts.exponent > 0) {
      const product = parts.coefficient() * powerOfTen(parts.exponent);
      const most = bits + powerOfTenBits(parts.exponent);
      this.setInteger(product, exactBits(product, most), 0, false);
    } else {
      const divisor = powerOfTen(-parts.exponent);
      const shift = Math.max(MANTISSA_BITS + 1 + powerOfTenBits(-parts.exponent) - bits, 0);
      const dividend = parts.coefficient() << BigInt(shift);
      const quotient = dividend / divisor;
      const isCut = quotient * divisor !== dividend;
      const most = bits + shift - powerOfTenBits(-parts.exponent) + 1;
      this.setInteger(quotient, exactBits(quotient, most), shift, isCut);
    }
  }

  ofDouble(value: number): void {
    this.isNegative = value < 0;
    this.exponent = 0;
    this.mantissa = 0n;
    this.isCut = false;
    if (value === 0) this.kind = DECIMAL_ZERO;
    else if (value !== value) this.kind = DECIMAL_NAN;
    else if (value - value !== 0) this.kind = DECIMAL_INFINITE;
    else {
      let high = highWordOfDouble(value) & 0x7fffffff;
      let low = lowWordOfDouble() >>> 0;
      let exponent = high >>> 20;
      if (exponent === 0) {
        high = highWordOfDouble(value * 2 ** 54) & 0x7fffffff;
        low = lowWordOfDouble() >>> 0;
        exponent = (high >>> 20) - 54;
      }
      this.kind = DECIMAL_FINITE;
      this.exponent = exponent - 1023;
      const bits = (BigInt((high & 0xfffff) | 0x100000) << 32n) | BigInt(low);
      this.mantissa = bits << 75n;
    }
  }

  /** A signed 64-bit integer of its halves. */
  ofInt64(high: number, low: number): void {
    const value = (BigInt(high) << 32n) | BigInt(low >>> 0);
    this.isNegative = value < 0n;
    this.exponent = 0;
    this.mantissa = 0n;
    this.isCut = false;
    this.kind = value === 0n ? DECIMAL_ZERO : DECIMAL_FINITE;
    if (value !== 0n) {
      const magnitude = value < 0n ? -value : value;
      const upper = Number(magnitude >> 32n);
      const bits = upper !== 0 ? 64 - Math.clz32(upper) : 32 - Math.clz32(Number(magnitude & 0xffffffffn));
      this.setInteger(magnitude, bits, 0, false);
    }
  }

  /** Takes value / 2^shift, which has `bits` bits. */
  private setInteger(value: bigint, bits: number, shift: number, isCut: boolean): void {
    this.exponent = bits - 1 - shift;
    if (bits <= MANTISSA_BITS) this.mantissa = value << BigInt(MANTISSA_BITS - bits);
    else {
      const dropped = BigInt(bits - MANTISSA_BITS);
      this.mantissa = value >> dropped;
      isCut ||= this.mantissa << dropped !== value;
    }
    this.isCut = isCut;
  }
}

/** `most` or one less: which of the two is the number of bits of `value`? */
function exactBits(value: bigint, most: number): number {
  return value >> BigInt(most - 1) === 0n ? most - 1 : most;
}

/**
 * Order of two numbers: NaN first and equal to itself, then by value; zeros are equal.
 * @returns negative, 0 or positive
 */
export function compareForms(a: BinaryForm, b: BinaryForm): number {
  const rank = rankOf(a) - rankOf(b);
  if (rank !== 0 || a.kind !== DECIMAL_FINITE) return rank;
  const sign = a.isNegative ? -1 : 1;
  if (a.exponent !== b.exponent) return a.exponent < b.exponent ? -sign : sign;
  if (a.mantissa !== b.mantissa) return a.mantissa < b.mantissa ? -sign : sign;
  if (a.isCut !== b.isCut) return b.isCut ? -sign : sign;
  return 0;
}

function rankOf(form: BinaryForm): number {
  switch (form.kind) {
    case DECIMAL_NAN:
      return -3;
    case DECIMAL_ZERO:
      return 0;
    case DECIMAL_INFINITE:
      return form.isNegative ? -2 : 2;
    default:
      return form.isNegative ? -1 : 1;
  }
}
