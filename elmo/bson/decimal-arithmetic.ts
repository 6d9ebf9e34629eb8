/**
 * Arithmetic of Decimal128: 34 digits, exponents -6176 to 6111, rounding to nearest with ties to even, and the exponents of
 * results (the "cohort") as IEEE 754-2008 prefers them: 1.0 + 2 is 3.0, 6 / 3 is 2. Coefficients are bigints; decimals
 * are the rare type, so this is about being exact.
 */
import {
  DECIMAL_BIAS,
  DECIMAL_FINITE,
  DECIMAL_INFINITE,
  DECIMAL_NAN,
  DECIMAL_ZERO,
  DecimalParts,
  powerOfTen,
} from './decimal.js';
import { highWordOfDouble, lowWordOfDouble } from './read.js';
import { DECIMAL128 } from './types.js';
import { Value } from './value.js';

export const DECIMAL_DIGITS = 34;
export const LEAST_EXPONENT: number = -DECIMAL_BIAS;
export const MOST_EXPONENT = 6111;
/** Beyond this many places apart, the smaller of two summands only decides which way to round. */
const FAR_APART = 120;

export class Decimal {
  constructor(
    /** DECIMAL_FINITE (zero too), DECIMAL_INFINITE or DECIMAL_NAN. */
    readonly kind: number,
    readonly isNegative: boolean,
    /** Below 10^34; 0 unless finite. */
    readonly coefficient: bigint,
    readonly exponent: number,
  ) {}

  get isFinite(): boolean {
    return this.kind === DECIMAL_FINITE;
  }

  get isNaN(): boolean {
    return this.kind === DECIMAL_NAN;
  }

  get isInfinite(): boolean {
    return this.kind === DECIMAL_INFINITE;
  }

  get isZero(): boolean {
    return this.kind === DECIMAL_FINITE && this.coefficient === 0n;
  }

  /** -1 for what is below zero (not for -0), 0 for zeros and NaN, else 1. */
  get sign(): number {
    return this.isNaN || this.isZero ? 0 : this.isNegative ? -1 : 1;
  }

  negated(): Decimal {
    return new Decimal(this.kind, !this.isNegative, this.coefficient, this.exponent);
  }

  absolute(): Decimal {
    return this.isNegative ? this.negated() : this;
  }
}

export const DECIMAL_NOT_A_NUMBER: Decimal = new Decimal(DECIMAL_NAN, false, 0n, 0);
export const DECIMAL_INFINITY: Decimal = new Decimal(DECIMAL_INFINITE, false, 0n, 0);
export const DECIMAL_MINUS_INFINITY: Decimal = DECIMAL_INFINITY.negated();

export function infinityOf(isNegative: boolean): Decimal {
  return isNegative ? DECIMAL_MINUS_INFINITY : DECIMAL_INFINITY;
}

const parts = new DecimalParts();

/** The decimal at `at`. */
export function readDecimal(from: Uint8Array, at: number): Decimal {
  parts.read(from, at);
  if (parts.kind === DECIMAL_ZERO) return new Decimal(DECIMAL_FINITE, parts.isNegative, 0n, parts.exponent);
  if (parts.kind === DECIMAL_FINITE)
    return new Decimal(DECIMAL_FINITE, parts.isNegative, parts.coefficient(), parts.exponent);
  return parts.kind === DECIMAL_NAN ? DECIMAL_NOT_A_NUMBER : infinityOf(parts.isNegative);
}

/** A value of the decimal. */
export function decimalValue(decimal: Decimal): Value {
  const bytes = new Uint8Array(16);
  let high: number;
  if (decimal.kind === DECIMAL_FINITE) {
    let rest = decimal.coefficient;
    for (let i = 0; i < 14; i++) {
      bytes[i] = Number(rest & 0xffn);
      rest >>= 8n;
    }
    high = Number(rest) + (decimal.exponent + DECIMAL_BIAS) * 2;
  } else high = decimal.kind === DECIMAL_NAN ? 0x7c00 : 0x7800;
  if (decimal.isNegative) high += 0x8000;
  bytes[14] = high;
  bytes[15] = high >>> 8;
  return new Value(DECIMAL128, bytes, 0);
}

/** Digits of a coefficient; 1 for 0. */
export function digitCount(coefficient: bigint): number {
  return String(coefficient).length;
}

const TEN_TO_34 = powerOfTen(DECIMAL_DIGITS);

/**
 * The decimal nearest to ±coefficient · 10^exponent.
 * @param isMore  whether the true value is a little above that, in magnitude
 */
export function roundedDecimal(
  isNegative: boolean,
  coefficient: bigint,
  exponent: number,
  isMore = false,
): Decimal {
  let q = coefficient;
  let e = exponent;
  const excess = q < TEN_TO_34 ? 0 : digitCount(q) - DECIMAL_DIGITS;
  const drop = Math.max(excess, LEAST_EXPONENT - e);
  if (drop > 0) {
    q = shiftRight(q, drop, isMore);
    e += drop;
    if (q === TEN_TO_34) {
      q /= 10n;
      e++;
    }
  }
  if (e > MOST_EXPONENT) {
    if (q === 0n) e = MOST_EXPONENT;
    else {
      const room = DECIMAL_DIGITS - digitCount(q);
      if (e - MOST_EXPONENT > room) return infinityOf(isNegative);
      q *= powerOfTen(e - MOST_EXPONENT);
      e = MOST_EXPONENT;
    }
  }
  return new Decimal(DECIMAL_FINITE, isNegative, q, e);
}

/** coefficient / 10^places, to nearest, ties to even. */
function shiftRight(coefficient: bigint, places: number, isMore = false): bigint {
  if (places > digitCount(coefficient)) return 0n;
  const divisor = powerOfTen(places);
  const quotient = coefficient / divisor;
  const twice = (coefficient - quotient * divisor) * 2n;
  const isUp = twice > divisor || (twice === divisor && (isMore || (quotient & 1n) === 1n));
  return isUp ? quotient + 1n : quotient;
}

export function decimalOfBigint(value: bigint): Decimal {
  return value < 0n ? roundedDecimal(true, -value, 0) : roundedDecimal(false, value, 0);
}

/** A double as the nearest decimal of 34 digits. */
export function decimalOfDouble(value: number): Decimal {
  if (value !== value) return DECIMAL_NOT_A_NUMBER;
  const high = highWordOfDouble(value);
  const low = lowWordOfDouble() >>> 0;
  const isNegative = high < 0;
  if (value === 0) return new Decimal(DECIMAL_FINITE, isNegative, 0n, 0);
  if (value - value !== 0) return infinityOf(isNegative);
  const biased = (high >>> 20) & 0x7ff;
  const fraction = (BigInt(high & 0xfffff) << 32n) | BigInt(low);
  let mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  let power = (biased === 0 ? 1 : biased) - 1075;
  while ((mantissa & 1n) === 0n) {
    mantissa >>= 1n;
    power++;
  }
  return power >= 0
    ? roundedDecimal(isNegative, mantissa << BigInt(power), 0)
    : roundedDecimal(isNegative, mantissa * 5n ** BigInt(-power), power);
}

/** Digits a double keeps when it meets a decimal. */
const DOUBLE_DIGITS = 15;

/** A double as a decimal of 15 digits, as sums and products take it: 0.1 is 0.100000000000000. */
export function shortDecimalOfDouble(value: number): Decimal {
  const full = decimalOfDouble(value);
  if (full.coefficient === 0n) return full;
  const target = full.exponent + digitCount(full.coefficient) - DOUBLE_DIGITS;
  const short = quantize(full, target);
  return digitCount(short.coefficient) > DOUBLE_DIGITS ? quantize(full, target + 1) : short;
}

export type Rounding = 'halfEven' | 'truncate' | 'floor' | 'ceil';

/** The decimal with that exponent, if it has room for all digits; NaN if it has not, or for an infinity. */
export function quantize(value: Decimal, exponent: number, rounding: Rounding = 'halfEven'): Decimal {
  if (!value.isFinite) return DECIMAL_NOT_A_NUMBER;
  const drop = exponent - value.exponent;
  let coefficient: bigint;
  if (drop <= 0) {
    if (value.coefficient !== 0n && digitCount(value.coefficient) - drop > DECIMAL_DIGITS)
      return DECIMAL_NOT_A_NUMBER;
    coefficient = value.coefficient === 0n ? 0n : value.coefficient * powerOfTen(-drop);
  } else coefficient = droppedDigits(value, drop, rounding);
  return new Decimal(DECIMAL_FINITE, value.isNegative, coefficient, exponent);
}

function droppedDigits(value: Decimal, drop: number, rounding: Rounding): bigint {
  if (rounding === 'halfEven') return shiftRight(value.coefficient, drop);
  const isGone = drop > DECIMAL_DIGITS;
  const quotient = isGone ? 0n : value.coefficient / powerOfTen(drop);
  const isExact = isGone ? value.coefficient === 0n : quotient * powerOfTen(drop) === value.coefficient;
  const awayFromZero = !isExact && rounding === (value.isNegative ? 'floor' : 'ceil');
  return awayFromZero ? quotient + 1n : quotient;
}

/** A whole number; what is one by its exponent stays as it is. */
export function toIntegral(value: Decimal, rounding: Rounding): Decimal {
  return !value.isFinite || value.exponent >= 0 ? value : quantize(value, 0, rounding);
}

/** Whether it is finite and has no fraction. */
export function isWholeDecimal(value: Decimal): boolean {
  if (!value.isFinite || value.exponent >= 0 || value.coefficient === 0n) return value.isFinite;
  return value.exponent > -DECIMAL_DIGITS && value.coefficient % powerOfTen(-value.exponent) === 0n;
}

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.isNaN || b.isNaN) return DECIMAL_NOT_A_NUMBER;
  if (a.isInfinite) return b.isInfinite && b.isNegative !== a.isNegative ? DECIMAL_NOT_A_NUMBER : a;
  if (b.isInfinite) return b;
  if (a.coefficient === 0n && b.coefficient === 0n)
    return new Decimal(DECIMAL_FINITE, a.isNegative && b.isNegative, 0n, Math.min(a.exponent, b.exponent));
  if (a.coefficient === 0n) return lowered(b, a.exponent);
  if (b.coefficient === 0n) return lowered(a, b.exponent);
  const [upper, lower] = a.exponent >= b.exponent ? [a, b] : [b, a];
  const gap = upper.exponent - lower.exponent;
  const sameSign = a.isNegative === b.isNegative;
  if (gap > FAR_APART) {
    const scaled = upper.coefficient * powerOfTen(DECIMAL_DIGITS * 2);
    return roundedDecimal(
      upper.isNegative,
      sameSign ? scaled + 1n : scaled - 1n,
      upper.exponent - DECIMAL_DIGITS * 2,
    );
  }
  const sum =
    signed(upper.isNegative, upper.coefficient * powerOfTen(gap)) +
    signed(lower.isNegative, lower.coefficient);
  return roundedDecimal(sum < 0n, sum < 0n ? -sum : sum, lower.exponent);
}

function signed(isNegative: boolean, magnitude: bigint): bigint {
  return isNegative ? -magnitude : magnitude;
}

/** The same number with an exponent as near to a lower one as 34 digits allow. */
function lowered(value: Decimal, exponent: number): Decimal {
  const room = DECIMAL_DIGITS - digitCount(value.coefficient);
  const places = Math.min(room, value.exponent - exponent);
  if (places <= 0) return value;
  return new Decimal(
    DECIMAL_FINITE,
    value.isNegative,
    value.coefficient * powerOfTen(places),
    value.exponent - places,
  );
}

export function subtractDecimals(a: Decimal, b: Decimal): Decimal {
  return addDecimals(a, b.isNaN ? b : b.negated());
}

export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.isNaN || b.isNaN) return DECIMAL_NOT_A_NUMBER;
  const isNegative = a.isNegative !== b.isNegative;
  if (a.isInfinite || b.isInfinite)
    return a.isZero || b.isZero ? DECIMAL_NOT_A_NUMBER : infinityOf(isNegative);
  return roundedDecimal(isNegative, a.coefficient * b.coefficient, a.exponent + b.exponent);
}

/** 0 / 0 is NaN, else x / 0 an infinity; x / infinity is 0 of the least exponent. */
export function divideDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.isNaN || b.isNaN) return DECIMAL_NOT_A_NUMBER;
  const isNegative = a.isNegative !== b.isNegative;
  if (a.isInfinite) return b.isInfinite ? DECIMAL_NOT_A_NUMBER : infinityOf(isNegative);
  if (b.isInfinite) return new Decimal(DECIMAL_FINITE, isNegative, 0n, LEAST_EXPONENT);
  if (b.coefficient === 0n) return a.coefficient === 0n ? DECIMAL_NOT_A_NUMBER : infinityOf(isNegative);
  const ideal = a.exponent - b.exponent;
  if (a.coefficient === 0n) return roundedDecimal(isNegative, 0n, ideal);
  const places = Math.max(0, DECIMAL_DIGITS + 2 + digitCount(b.coefficient) - digitCount(a.coefficient));
  const dividend = a.coefficient * powerOfTen(places);
  const quotient = dividend / b.coefficient;
  const isExact = quotient * b.coefficient === dividend;
  return isExact
    ? exactDecimal(isNegative, quotient, ideal - places, ideal)
    : roundedDecimal(isNegative, quotient, ideal - places, true);
}

/** An exact result: its exponent raised towards the preferred one as far as zeros at the end allow. */
function exactDecimal(isNegative: boolean, coefficient: bigint, exponent: number, ideal: number): Decimal {
  while (exponent < ideal && coefficient % 10n === 0n) {
    coefficient /= 10n;
    exponent++;
  }
  return roundedDecimal(isNegative, coefficient, exponent);
}

/** What is left of a after taking away b as often as it fits, of a's sign. NaN for b = 0 and infinite a. */
export function remainderOfDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.isNaN || b.isNaN || a.isInfinite || b.isZero) return DECIMAL_NOT_A_NUMBER;
  if (b.isInfinite) return a;
  const exponent = Math.min(a.exponent, b.exponent);
  if (b.exponent - exponent > DECIMAL_DIGITS) return a; // b is above a
  const divisor = b.coefficient * powerOfTen(b.exponent - exponent);
  const rest = (a.coefficient * powerOfTen(a.exponent - exponent)) % divisor;
  return roundedDecimal(a.isNegative, rest, exponent);
}

/** NaN below zero; of -0 it is -0. */
export function squareRootOfDecimal(value: Decimal): Decimal {
  if (value.isNaN || value.isZero)
    return value.isNaN
      ? value
      : new Decimal(DECIMAL_FINITE, value.isNegative, 0n, Math.floor(value.exponent / 2));
  if (value.isNegative) return DECIMAL_NOT_A_NUMBER;
  if (value.isInfinite) return value;
  const ideal = Math.floor(value.exponent / 2);
  const odd = value.exponent - ideal * 2;
  const places = DECIMAL_DIGITS + 2;
  const radicand = value.coefficient * powerOfTen(odd + places * 2);
  const root = integerRoot(radicand);
  return root * root === radicand
    ? exactDecimal(false, root, ideal - places, ideal)
    : roundedDecimal(false, root, ideal - places, true);
}

/** The largest integer whose square is not above `value`. */
export function integerRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((value.toString(16).length * 4 + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** By value; NaN below all. @returns negative, 0 or positive */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.isNaN || b.isNaN) return (a.isNaN ? 0 : 1) - (b.isNaN ? 0 : 1);
  if (a.sign !== b.sign || a.sign === 0) return a.sign - b.sign;
  if (a.isInfinite || b.isInfinite) return ((a.isInfinite ? 1 : 0) - (b.isInfinite ? 1 : 0)) * a.sign;
  const scale = a.exponent + digitCount(a.coefficient) - b.exponent - digitCount(b.coefficient);
  if (scale !== 0) return scale * a.sign;
  const gap = a.exponent - b.exponent;
  const x = gap > 0 ? a.coefficient * powerOfTen(gap) : a.coefficient;
  const y = gap < 0 ? b.coefficient * powerOfTen(-gap) : b.coefficient;
  return x === y ? 0 : x > y === a.sign > 0 ? 1 : -1;
}

/** The whole part, towards zero. Finite ones only. */
export function truncatedBigint(value: Decimal): bigint {
  const whole = toIntegral(value, 'truncate');
  return signed(value.isNegative, whole.coefficient * powerOfTen(whole.exponent));
}

/** The nearest double. */
export function doubleOfDecimal(value: Decimal): number {
  if (value.isNaN) return NaN;
  const magnitude = value.isInfinite ? Infinity : Number(`${value.coefficient}e${value.exponent}`);
  return value.isNegative ? -magnitude : magnitude;
}

/** As the standard writes decimals: 1.50, 1E+3, -0, 0E-6176, NaN, -Infinity. */
export function decimalText(value: Decimal): string {
  if (value.isNaN) return 'NaN';
  const sign = value.isNegative ? '-' : '';
  if (value.isInfinite) return `${sign}Infinity`;
  const digits = String(value.coefficient);
  const { exponent } = value;
  const scientific = exponent + digits.length - 1;
  if (exponent > 0 || scientific < -6) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits[0]!}${fraction}E${scientific < 0 ? '-' : '+'}${Math.abs(scientific)}`;
  }
  if (exponent === 0) return sign + digits;
  const whole = digits.length + exponent;
  return whole > 0
    ? `${sign}${digits.slice(0, whole)}.${digits.slice(whole)}`
    : `${sign}0.${'0'.repeat(-whole)}${digits}`;
}

const NUMBER_TEXT = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i;
const INFINITY_TEXT = /^([+-]?)inf(?:inity)?$/i;
const NAN_TEXT = /^[+-]?nan$/i;

/** @returns undefined if the text is no number; digits beyond the 34th are cut off, as the reference does it */
export function parseDecimal(text: string): Decimal | undefined {
  const match = NUMBER_TEXT.exec(text);
  if (match === null) {
    const infinity = INFINITY_TEXT.exec(text);
    if (infinity !== null) return infinityOf(infinity[1] === '-');
    return NAN_TEXT.test(text) ? DECIMAL_NOT_A_NUMBER : undefined;
  }
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return undefined;
  const most = 2 * DECIMAL_BIAS + whole.length + fraction.length;
  const power = Math.max(-most, Math.min(most, Number(exponent)));
  const digits = (whole + fraction).replace(/^0+(?=.)/, '');
  const excess = Math.max(0, digits.length - DECIMAL_DIGITS);
  const kept = BigInt(digits.slice(0, digits.length - excess));
  return roundedDecimal(sign === '-', kept, power - fraction.length + excess);
}
