/** `$covariancePop` and `$covarianceSamp`, over frames that move. */
import { ARRAY, DECIMAL128 } from '../../bson/types.js';
import { doubleValue, NULL_VALUE, type Value } from '../../bson/value.js';
import { valueText } from '../../expression/elements.js';
import { addNumbers, multiplyNumbers, subtractNumbers } from '../../expression/arithmetic.js';
import { doubleOf, isNumberType } from '../../expression/numbers.js';
import { divide } from '../../expression/operators/arithmetic.js';
import { elementsOf } from '../arguments.js';
import { Frames } from './frame.js';
import { isFiniteNumber, RemovableSum } from './removable-sum.js';
import { ValuesFunction, type ParseFunction } from './values-function.js';

const NOT_A_NUMBER = doubleValue(NaN).keep();

/** Sums of pairs one of which is an infinity or NaN, and how many pairs have that sum. */
type OddPairs = Map<string, { readonly sum: Value; count: number }>;

/**
 * The covariance of pairs that come and go. Pairs with an infinity or NaN are kept out of the running sums, since they
 * could not be taken away from them again. As the reference counts them, they are forgotten when the last other pair
 * leaves, and when they leave themselves after that there are less than none.
 *
 * Source: Welford's method for pairs; B. P. Welford, "Note on a method for calculating corrected sums of squares and
 * products", Technometrics 4 (1962).
 */
class Covariance {
  private count = 0;
  private sumX = new RemovableSum();
  private sumY = new RemovableSum();
  private moment = new RemovableSum();
  private readonly others: OddPairs = new Map();

  constructor(private readonly isSample: boolean) {}

  add(x: Value, y: Value): void {
    if (!isFiniteNumber(x) || !isFiniteNumber(y)) {
      this.countOther(x, y, 1);
      return;
    }
    const { count } = this;
    const distance = count === 0 ? x : subtractNumbers(x, this.mean(this.sumX, count));
    this.count = count + 1;
    this.sumX.add(x);
    this.sumY.add(y);
    if (count > 0)
      this.moment.add(multiplyNumbers(distance, subtractNumbers(y, this.mean(this.sumY, this.count))).keep());
  }

  remove(x: Value, y: Value): void {
    if (!isFiniteNumber(x) || !isFiniteNumber(y)) {
      this.countOther(x, y, -1);
      return;
    }
    const meanY = this.mean(this.sumY, this.count);
    this.count--;
    if (this.count === 0) {
      this.sumX = new RemovableSum();
      this.sumY = new RemovableSum();
      this.moment = new RemovableSum();
      this.others.clear();
      return;
    }
    this.sumX.remove(x);
    this.sumY.remove(y);
    const distance = subtractNumbers(x, this.mean(this.sumX, this.count));
    this.moment.remove(multiplyNumbers(distance, subtractNumbers(y, meanY)).keep());
  }

  private countOther(x: Value, y: Value, by: 1 | -1): void {
    const isNaN = Number.isNaN(doubleOf(x)) || Number.isNaN(doubleOf(y));
    const sum = isNaN ? NOT_A_NUMBER : addNumbers(x, y).keep();
    const key = `${sum.type} ${valueText(sum)}`;
    const known = this.others.get(key);
    if (known === undefined) this.others.set(key, { sum, count: by });
    else known.count += by;
  }

  /** That of one decimal is the decimal itself, with all its digits. */
  private mean(sum: RemovableSum, count: number): Value {
    const { result } = sum;
    if (count === 1 && result.type === DECIMAL128) return result.keep();
    return divide(result, doubleValue(count)).keep();
  }

  get result(): Value {
    const divisor = this.isSample ? this.count - 1 : this.count;
    if (divisor <= 0) return NULL_VALUE;
    if (this.count === 1) return doubleValue(0);
    let result = divide(this.moment.result, doubleValue(divisor));
    for (const { sum, count } of this.others.values()) if (count > 0) result = addNumbers(result, sum);
    return result.keep();
  }
}

/** Of two expressions, over each row's frame. */
export function covarianceFunction(isSample: boolean): ParseFunction {
  return (argument, context) => {
    const { scope } = context;
    const parts = argument.type === ARRAY ? elementsOf(argument) : [argument];
    const [x, y] = parts;
    const expressions =
      x === undefined || y === undefined || parts.length > 2 ? [] : [scope.parse(x), scope.parse(y)];
    const spec = context.frame;
    return new ValuesFunction(expressions, ([xs, ys], partition) => {
      if (xs === undefined) return partition.rows.map(() => NULL_VALUE);
      const frames = new Frames(spec, partition.rows.length, partition.places(spec));
      const covariance = new Covariance(isSample);
      const isPair = (row: number): boolean => isNumberType(xs[row]!.type) && isNumberType(ys![row]!.type);
      let [low, high] = [0, 0];
      return partition.rows.map((_, row) => {
        frames.moveTo(row);
        for (let i = Math.max(high, frames.low); i < frames.high; i++)
          if (isPair(i)) covariance.add(xs[i]!, ys![i]!);
        for (let i = low; i < Math.min(high, frames.low); i++)
          if (isPair(i)) covariance.remove(xs[i]!, ys![i]!);
        ({ low, high } = frames);
        return covariance.result;
      });
    });
  };
}
