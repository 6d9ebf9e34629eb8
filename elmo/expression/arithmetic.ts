/**
 * Sums, differences and products of two numbers of any types: int, then long, then double, then decimal. An int that
 * overflows becomes a long, a long becomes a double and never goes back. Doubles that meet decimals keep 15 digits.
 * The accumulators of groups use these too.
 */
import {
  addDecimals,
  decimalValue,
  multiplyDecimals,
  readDecimal,
  subtractDecimals,
  truncatedBigint,
  toIntegral,
} from '../bson/decimal-arithmetic.js';
import { readDouble, readInt64 } from '../bson/read.js';
import { DATE, DECIMAL128, DOUBLE, INT32 } from '../bson/types.js';
import { doubleValue, int32Value, int64OfNumber, int64Value, Value } from '../bson/value.js';
import { ElmoError } from '../errors.js';
import { bigintOf, decimalOf, doubleOf, EXACT_MAX, fitsInt64, INT32_MAX, INT32_MIN } from './numbers.js';

/** A whole number within ±2^53 as an int if both operands were ints and it fits, else as a long. */
function integerValue(value: number, areInts: boolean): Value {
  return areInts && value >= INT32_MIN && value <= INT32_MAX ? int32Value(value) : int64OfNumber(value);
}

/** @param approximate  the same as a double, for what a long cannot hold */
function longOrDouble(value: bigint, approximate: number): Value {
  return fitsInt64(value) ? int64Value(value) : doubleValue(approximate);
}

export function addNumbers(a: Value, b: Value): Value {
  if (a.type === DECIMAL128 || b.type === DECIMAL128)
    return decimalValue(addDecimals(decimalOf(a), decimalOf(b)));
  const x = doubleOf(a);
  const y = doubleOf(b);
  const sum = x + y;
  if (a.type === DOUBLE || b.type === DOUBLE) return doubleValue(sum);
  if (isExact(x) && isExact(y) && isExact(sum))
    return integerValue(sum, a.type === b.type && a.type === INT32);
  return longOrDouble(bigintOf(a) + bigintOf(b), sum);
}

export function subtractNumbers(a: Value, b: Value): Value {
  if (a.type === DECIMAL128 || b.type === DECIMAL128)
    return decimalValue(subtractDecimals(decimalOf(a), decimalOf(b)));
  const x = doubleOf(a);
  const y = doubleOf(b);
  const difference = x - y;
  if (a.type === DOUBLE || b.type === DOUBLE) return doubleValue(difference);
  if (isExact(x) && isExact(y) && isExact(difference))
    return integerValue(difference, a.type === b.type && a.type === INT32);
  return longOrDouble(bigintOf(a) - bigintOf(b), difference);
}

export function multiplyNumbers(a: Value, b: Value): Value {
  if (a.type === DECIMAL128 || b.type === DECIMAL128)
    return decimalValue(multiplyDecimals(decimalOf(a), decimalOf(b)));
  const x = doubleOf(a);
  const y = doubleOf(b);
  const product = x * y;
  if (a.type === DOUBLE || b.type === DOUBLE) return doubleValue(product);
  if (isExact(x) && isExact(y) && isExact(product))
    return integerValue(product, a.type === b.type && a.type === INT32);
  return longOrDouble(bigintOf(a) * bigintOf(b), product);
}

function isExact(value: number): boolean {
  return value > -EXACT_MAX && value < EXACT_MAX;
}

/** A date so many milliseconds later, or earlier: doubles round half away from zero, decimals half to even. */
export function shiftDate(date: Value, by: Value, isBack: boolean): Value {
  const shift = wholeMilliseconds(by);
  const ms = readInt64(date.bytes, date.at);
  const shifted = shift === undefined ? undefined : isBack ? ms - shift : ms + shift;
  if (shifted === undefined || !fitsInt64(shifted)) throw new ElmoError('Overflow', 'date overflow');
  return new Value(DATE, int64Value(shifted).keep().bytes, 0);
}

function wholeMilliseconds(value: Value): bigint | undefined {
  if (value.type === DECIMAL128) {
    const decimal = readDecimal(value.bytes, value.at);
    if (!decimal.isFinite || decimal.exponent > 20) return undefined;
    const whole = truncatedBigint(toIntegral(decimal, 'halfEven'));
    return fitsInt64(whole) ? whole : undefined;
  }
  if (value.type !== DOUBLE) return bigintOf(value);
  const double = readDouble(value.bytes, value.at);
  if (!(double >= -9223372036854775808 && double < 9223372036854775808)) return undefined;
  const magnitude = Math.abs(double);
  const floor = Math.floor(magnitude);
  const whole = BigInt(magnitude - floor >= 0.5 ? floor + 1 : floor);
  return double < 0 ? -whole : whole;
}
