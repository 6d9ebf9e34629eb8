/**
 * Sums of numbers of all types, as $sum and $avg make them. Doubles (and what overflows a long) are summed with twice the
 * precision, so that order hardly matters; decimals have a total of their own, which the rest joins at the end.
 *
 *   only ints, the sum fits an int      int
 *   ints and longs, it fits a long      long
 *   doubles, or it fits no long         double
 *   any decimal                         decimal
 */
import {
  addDecimals,
  type Decimal,
  decimalOfBigint,
  decimalOfDouble,
  decimalValue,
  divideDecimals,
  readDecimal,
} from '../bson/decimal-arithmetic.js';
import { readDouble, readInt32, readInt64, readInt64AsDouble } from '../bson/read.js';
import { DECIMAL128, DOUBLE, INT32, INT64 } from '../bson/types.js';
import { doubleValue, int32Value, int64Value, type Value } from '../bson/value.js';
import { EXACT_MAX, fitsInt64, INT32_MAX, INT32_MIN } from './numbers.js';

export class NumberSum {
  /** How many numbers were added. */
  count = 0;
  private type = INT32;
  /** Whole numbers while they are within ±2^53. */
  private small = 0;
  /** The rest of the whole numbers. */
  private large = 0n;
  /** The sum of doubles is sum + rest. */
  private sum = 0;
  private rest = 0;
  /** The plain sum: right where infinities and NaN are involved. */
  private plain = 0;
  private decimal: Decimal | undefined = undefined;

  clear(): void {
    this.count = 0;
    this.type = INT32;
    this.small = 0;
    this.large = 0n;
    this.sum = this.rest = this.plain = 0;
    this.decimal = undefined;
  }

  /** Adds the value at `at` if it is a number; others are no part of a sum. */
  add(type: number, bytes: Uint8Array, at: number): void {
    switch (type) {
      case INT32:
        this.count++;
        this.addWhole(readInt32(bytes, at));
        break;
      case INT64:
        this.count++;
        if (this.type === INT32) this.type = INT64;
        this.addInt64(bytes, at);
        break;
      case DOUBLE:
        this.count++;
        if (this.type !== DECIMAL128) this.type = DOUBLE;
        this.addDouble(readDouble(bytes, at));
        break;
      case DECIMAL128: {
        this.count++;
        this.type = DECIMAL128;
        const decimal = readDecimal(bytes, at);
        this.decimal = this.decimal === undefined ? decimal : addDecimals(this.decimal, decimal);
        break;
      }
      default:
    }
  }

  private addWhole(value: number): void {
    this.small += value;
    if (this.small >= EXACT_MAX || this.small <= -EXACT_MAX) {
      this.large += BigInt(this.small);
      this.small = 0;
    }
  }

  private addInt64(bytes: Uint8Array, at: number): void {
    const value = readInt64AsDouble(bytes, at);
    if (
      value > -EXACT_MAX &&
      value < EXACT_MAX &&
      this.small + value > -EXACT_MAX &&
      this.small + value < EXACT_MAX
    )
      this.small += value;
    else this.large += readInt64(bytes, at);
  }

  private addDouble(value: number): void {
    this.plain += value;
    const sum = this.sum + value;
    const part = sum - this.sum;
    this.rest += this.sum - (sum - part) + (value - part);
    this.sum = sum;
  }

  private get whole(): bigint {
    return this.large + BigInt(this.small);
  }

  /** The sum of all but decimals, rounded once. */
  private get double(): number {
    if (!Number.isFinite(this.sum)) return this.plain;
    if (this.large === 0n) return this.withWhole(this.small);
    const high = Number(this.large);
    return this.withWhole(high) + (Number(this.large - BigInt(high)) + this.small);
  }

  private withWhole(whole: number): number {
    const sum = this.sum + whole;
    const part = sum - this.sum;
    return sum + (this.rest + (this.sum - (sum - part) + (whole - part)));
  }

  private get total(): Decimal {
    const whole = decimalOfBigint(this.whole); // a zero too: it decides the exponent of the sum
    if (this.sum === 0 && this.rest === 0) return addDecimals(this.decimal!, whole);
    const doubles = Number.isFinite(this.sum)
      ? addDecimals(decimalOfDouble(this.sum), decimalOfDouble(this.rest))
      : decimalOfDouble(this.plain);
    return addDecimals(this.decimal!, addDecimals(doubles, whole));
  }

  /** Of nothing: int 0. */
  result(): Value {
    switch (this.type) {
      case DECIMAL128:
        return decimalValue(this.total);
      case DOUBLE:
        return doubleValue(this.double);
      default: {
        const { whole } = this;
        if (!fitsInt64(whole)) return doubleValue(Number(whole));
        const isInt = this.type === INT32 && whole >= BigInt(INT32_MIN) && whole <= BigInt(INT32_MAX);
        return isInt ? int32Value(Number(whole)) : int64Value(whole);
      }
    }
  }

  /** The sum divided by the count: a double, or a decimal; undefined of nothing. */
  average(): Value | undefined {
    if (this.count === 0) return undefined;
    if (this.type === DECIMAL128)
      return decimalValue(divideDecimals(this.total, decimalOfBigint(BigInt(this.count))));
    return doubleValue((this.type === DOUBLE ? this.double : Number(this.whole)) / this.count);
  }
}

/** Welford's running variance: of doubles, to which all numbers are turned. */
export class Deviation {
  count = 0;
  private mean = 0;
  private squares = 0;

  clear(): void {
    this.count = 0;
    this.mean = this.squares = 0;
  }

  add(value: number): void {
    this.count++;
    const delta = value - this.mean;
    if (delta !== 0) {
      this.mean += delta / this.count;
      this.squares += delta * (value - this.mean);
    }
  }

  /**
   * @param isSample  divides by one less
   * @returns undefined of nothing, or of a sample of one
   */
  result(isSample: boolean): number | undefined {
    const divisor = isSample ? this.count - 1 : this.count;
    return divisor < 1 ? undefined : Math.sqrt(this.squares / divisor);
  }
}
