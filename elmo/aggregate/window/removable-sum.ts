/** A sum from which numbers can be taken away again, for frames that move. */
import { DECIMAL_FINITE, DECIMAL_ZERO } from '../../bson/decimal.js';
import { readDecimal } from '../../bson/decimal-arithmetic.js';
import { DECIMAL128, DOUBLE } from '../../bson/types.js';
import { doubleValue, int32Value, int64OfNumber, type Value } from '../../bson/value.js';
import { addNumbers, subtractNumbers } from '../../expression/arithmetic.js';
import { doubleOf, INT32_MAX, INT32_MIN } from '../../expression/numbers.js';

const ZERO = int32Value(0).keep();

/** Whether a number is neither an infinity nor NaN. */
export function isFiniteNumber(value: Value): boolean {
  if (value.type !== DECIMAL128) return Number.isFinite(doubleOf(value));
  const { kind } = readDecimal(value.bytes, value.at);
  return kind === DECIMAL_FINITE || kind === DECIMAL_ZERO;
}

/**
 * The type of the sum is that of the numbers that are in it: taking the last decimal away makes it a double again.
 * Doubles, ints and longs are summed with twice the precision of a double. Infinities and NaN are only kept beside the
 * sum, since they could not be taken away from one.
 */
export class RemovableSum {
  private count = 0;
  private doubles = 0;
  private decimals = 0;
  /** The sum of what is no decimal is sum + rest. */
  private sum = 0;
  private rest = 0;
  private decimal: Value = ZERO;
  private readonly others: Value[] = [];

  add(value: Value): void {
    if (!isFiniteNumber(value)) {
      this.others.push(value);
      return;
    }
    this.tally(value, 1);
    if (value.type === DECIMAL128) this.decimal = addNumbers(this.decimal, value).keep();
    else this.addDouble(doubleOf(value));
  }

  /** @param value  the one among those that are in the sum that was added first */
  remove(value: Value): void {
    if (!isFiniteNumber(value)) {
      this.others.shift();
      return;
    }
    this.tally(value, -1);
    if (this.count === 0) {
      this.sum = this.rest = 0;
      this.decimal = ZERO;
    } else if (value.type === DECIMAL128) this.decimal = subtractNumbers(this.decimal, value).keep();
    else this.addDouble(-doubleOf(value));
  }

  private tally({ type }: Value, by: 1 | -1): void {
    this.count += by;
    if (type === DECIMAL128) this.decimals += by;
    else if (type === DOUBLE) this.doubles += by;
  }

  private addDouble(value: number): void {
    const sum = this.sum + value;
    const part = sum - this.sum;
    this.rest += this.sum - (sum - part) + (value - part);
    this.sum = sum;
  }

  /** Of nothing: int 0. */
  get result(): Value {
    const number = this.sum + this.rest;
    const plain = this.doubles > 0 ? doubleValue(number) : wholeValue(number);
    const finite = this.decimals > 0 ? addNumbers(this.decimal, plain) : plain;
    return this.others.reduce(addNumbers, finite);
  }
}

function wholeValue(number: number): Value {
  return number >= INT32_MIN && number <= INT32_MAX ? int32Value(number) : int64OfNumber(number);
}
