/**
 * Sums of numbers of all types, as $sum and $avg make them. Ints, longs and doubles are added in two doubles, the second
 * holding what rounding took from the first; decimals have a total of their own, which the rest joins at the end.
 *
 *   only ints, the sum fits an int      int
 *   ints and longs, it fits a long      long
 *   doubles, or it fits no long         double: the first of the two
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
import { readDouble, readInt32 } from '../bson/read.js';
import { DECIMAL128, DOUBLE, INT32, INT64 } from '../bson/types.js';
import { doubleValue, int32Value, int64OfNumber, int64Value, type Value } from '../bson/value.js';

const TWO_32 = 0x1_0000_0000;
const TWO_63 = 9223372036854775808;
const ZERO = decimalOfBigint(0n);

/** What is left of the long at `at` without its multiple of 2^32, with its sign. */
export function lowPartOfInt64(bytes: Uint8Array, at: number): number {
  const low = readInt32(bytes, at) >>> 0;
  return low !== 0 && readInt32(bytes, at + 4) < 0 ? low - TWO_32 : low;
}

/** The multiple of 2^32 in the long at `at`, towards 0. */
export function highPartOfInt64(bytes: Uint8Array, at: number): number {
  const high = readInt32(bytes, at + 4);
  return (high < 0 && readInt32(bytes, at) !== 0 ? high + 1 : high) * TWO_32;
}

/** A sum in two doubles: what rounding lost is added to the next number first; each sum of two also gives what it lost (Knuth). */
export class TwoDoubles {
  sum = 0;
  rest = 0;

  clear(): void {
    this.sum = this.rest = 0;
  }

  add(x: number): void {
    const { sum, rest } = this;
    const term = x + rest;
    const termPart = term - x;
    const termLost = x - (term - termPart) + (rest - termPart);
    const total = sum + term;
    const part = total - sum;
    this.sum = total;
    this.rest = sum - (total - part) + (term - part) + termLost;
  }

  /** Its high part first; a part that is 0 is none. @param sign  -1: takes it away */
  addInt64(bytes: Uint8Array, at: number, sign: 1 | -1): void {
    const [high, low] = [highPartOfInt64(bytes, at), lowPartOfInt64(bytes, at)];
    if (high !== 0) this.add(sign * high);
    if (low !== 0) this.add(sign * low);
  }
}

/** The sum of whole numbers in two doubles: a long if it fits, an int if that is wanted and fits. */
export function wholeValue(sum: number, rest: number, isInt: boolean): Value {
  if (isInt && sum === (sum | 0) && rest === 0) return int32Value(sum);
  if (sum > -Number.MAX_SAFE_INTEGER && sum < Number.MAX_SAFE_INTEGER) return int64OfNumber(sum + rest);
  if (sum < -TWO_63 || sum > TWO_63) return doubleValue(sum);
  const whole = BigInt(sum) + BigInt(rest);
  return BigInt.asIntN(64, whole) === whole ? int64Value(whole) : doubleValue(sum);
}

export class NumberSum {
  /** How many numbers were added. */
  count = 0;
  private type = INT32;
  private readonly exact = new TwoDoubles();
  /** The plain sum: right where infinities and NaN are involved. */
  private plain = 0;
  private decimal: Decimal = ZERO;

  clear(): void {
    this.count = 0;
    this.type = INT32;
    this.exact.clear();
    this.plain = 0;
    this.decimal = ZERO;
  }

  /** Adds the value at `at` if it is a number; others are no part of a sum. */
  add(type: number, bytes: Uint8Array, at: number): void {
    switch (type) {
      case INT32:
        this.count++;
        this.addDouble(readInt32(bytes, at));
        break;
      case INT64:
        this.count++;
        if (this.type === INT32) this.type = INT64;
        this.addDouble(lowPartOfInt64(bytes, at));
        this.addDouble(highPartOfInt64(bytes, at));
        break;
      case DOUBLE:
        this.count++;
        if (this.type !== DECIMAL128) this.type = DOUBLE;
        this.addDouble(readDouble(bytes, at));
        break;
      case DECIMAL128:
        this.count++;
        this.type = DECIMAL128;
        this.decimal = addDecimals(this.decimal, readDecimal(bytes, at));
        break;
      default:
    }
  }

  private addDouble(x: number): void {
    this.plain += x;
    this.exact.add(x);
  }

  /** The sum of all but decimals. */
  private get double(): number {
    const { sum } = this.exact;
    return sum === sum ? sum : this.plain;
  }

  private get total(): Decimal {
    const { sum, rest } = this.exact;
    const others = Number.isFinite(sum)
      ? addDecimals(decimalOfDouble(sum), decimalOfDouble(rest))
      : decimalOfDouble(this.plain);
    return addDecimals(this.decimal, others);
  }

  /** Of nothing: int 0. */
  result(): Value {
    if (this.type === DECIMAL128) return decimalValue(this.total);
    if (this.type === DOUBLE) return doubleValue(this.double);
    return wholeValue(this.exact.sum, this.exact.rest, this.type === INT32);
  }

  /** The sum divided by the count: a double, or a decimal; undefined of nothing. */
  average(): Value | undefined {
    if (this.count === 0) return undefined;
    if (this.type === DECIMAL128)
      return decimalValue(divideDecimals(this.total, decimalOfBigint(BigInt(this.count))));
    return doubleValue(this.double / this.count);
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
