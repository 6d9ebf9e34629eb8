/** A sum from which numbers can be taken away again, for frames that move. */
import { DECIMAL_FINITE, DECIMAL_ZERO } from '../../bson/decimal.js';
import {
  addDecimals,
  decimalOfDouble,
  decimalValue,
  doubleOfDecimal,
  readDecimal,
  type Decimal,
} from '../../bson/decimal-arithmetic.js';
import { DECIMAL128, DOUBLE, INT64 } from '../../bson/types.js';
import { doubleValue, int32Value, type Value } from '../../bson/value.js';
import { addNumbers, subtractNumbers } from '../../expression/arithmetic.js';
import { doubleOf } from '../../expression/numbers.js';
import { TwoDoubles, wholeValue } from '../../expression/summation.js';

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
  /** The sum of what is no decimal. */
  private readonly exact = new TwoDoubles();
  private decimal: Value = ZERO;
  private readonly others: Value[] = [];

  add(value: Value): void {
    if (!isFiniteNumber(value)) {
      this.others.push(value);
      return;
    }
    this.tally(value, 1);
    if (value.type === DECIMAL128) this.decimal = addNumbers(this.decimal, value).keep();
    else this.addNumber(value, 1);
  }

  /** @param value  the one among those that are in the sum that was added first */
  remove(value: Value): void {
    if (!isFiniteNumber(value)) {
      this.others.shift();
      return;
    }
    this.tally(value, -1);
    if (value.type === DECIMAL128) this.decimal = subtractNumbers(this.decimal, value).keep();
    else this.addNumber(value, -1);
  }

  private tally({ type }: Value, by: 1 | -1): void {
    this.count += by;
    if (type === DECIMAL128) this.decimals += by;
    else if (type === DOUBLE) this.doubles += by;
  }

  private addNumber(value: Value, sign: 1 | -1): void {
    if (value.type === INT64) this.exact.addInt64(value.bytes, value.at, sign);
    else this.exact.add(sign * doubleOf(value));
  }

  /** Of nothing: int 0. */
  get result(): Value {
    return this.others.reduce(addNumbers, this.finite());
  }

  private finite(): Value {
    if (this.decimals !== 0) return decimalValue(this.all());
    // of decimals that are gone something may be left: those taken away need not be those that were added
    if (this.doubles > 0)
      return doubleValue(this.decimal === ZERO ? this.exact.sum : doubleOfDecimal(this.all()));
    return this.whole();
  }

  private all(): Decimal {
    const others = addDecimals(decimalOfDouble(this.exact.sum), decimalOfDouble(this.exact.rest));
    return this.decimal === ZERO
      ? others
      : addDecimals(readDecimal(this.decimal.bytes, this.decimal.at), others);
  }

  /** An int or a long if it fits; of an int, what rounding has lost is not told. */
  private whole(): Value {
    const { sum, rest } = this.exact;
    if (sum === (sum | 0)) return int32Value(sum);
    const all = sum + rest;
    return all === (all | 0) ? int32Value(all) : wholeValue(sum, rest, false);
  }
}
