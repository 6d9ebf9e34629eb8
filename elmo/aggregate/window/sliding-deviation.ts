/**
 * `$stdDevPop` and `$stdDevSamp` over frames that move: rows come in and leave again, and what is kept changes with each
 * (Youngs and Cramer). With `n` numbers of the sum `t`, the squares of their distances from the mean being `m`, one that
 * is not yet among them adds (n x - t)² / n (n + 1) to `m`, and one that is takes (n x - t)² / n (n - 1) away. Both totals
 * are kept in two doubles. Squares below 0, which rounding makes, are none when the result is asked for.
 */
import { doubleValue, int32Value, NULL_VALUE, type Value } from '../../bson/value.js';
import type { Expression } from '../../expression/expression.js';
import { doubleOf, isNumberType } from '../../expression/numbers.js';
import { TwoDoubles } from '../../expression/summation.js';
import { Frames, type FrameSpec } from './frame.js';
import { ValuesFunction, type WindowFunction } from './values-function.js';

const INT_ZERO = int32Value(0).keep();

/** A sum in two doubles; once it is too large for them, as plain addition has it. */
class WideSum {
  private readonly exact = new TwoDoubles();
  private plain = 0;

  get sum(): number {
    const { sum } = this.exact;
    return Number.isFinite(sum) ? sum : this.plain;
  }

  add(x: number): void {
    this.exact.add(x);
    this.plain += x;
  }

  clear(): void {
    this.exact.clear();
    this.plain = 0;
  }
}

class RemovableDeviation {
  private count = 0;
  /**
   * How many infinities and NaN there are, which could not be taken away again: as the reference counts them, which
   * forgets them when the last number leaves, and then counts below 0.
   */
  private others = 0;
  private readonly total = new WideSum();
  private readonly squares = new WideSum();

  constructor(private readonly isSample: boolean) {}

  add(x: number): void {
    if (!Number.isFinite(x)) {
      this.others++;
      return;
    }
    const { count } = this;
    if (count > 0) this.squares.add(this.distance(x) ** 2 / (count * (count + 1)));
    this.count++;
    this.total.add(x);
  }

  /** @param x  that is among the numbers */
  remove(x: number): void {
    if (!Number.isFinite(x)) {
      this.others--;
      return;
    }
    const { count, squares } = this;
    if (count > 1) squares.add(-(this.distance(x) ** 2 / (count * (count - 1))));
    this.count--;
    this.total.add(-x);
    if (this.count > 0) return;
    squares.clear();
    this.total.clear();
    this.others = 0;
  }

  /** From the mean, times the count. */
  private distance(x: number): number {
    return x * this.count - this.total.sum;
  }

  /** Squares that are below 0 then, or of one number alone, are forgotten. */
  takeResult(): Value {
    const { count, squares } = this;
    const divisor = count - (this.isSample ? 1 : 0);
    if (this.others > 0 || divisor <= 0) return NULL_VALUE;
    if (count > 1 && !(squares.sum < 0)) return doubleValue(Math.sqrt(squares.sum / divisor));
    squares.clear();
    return INT_ZERO;
  }
}

export function slidingDeviation(expression: Expression, spec: FrameSpec, isSample: boolean): WindowFunction {
  return new ValuesFunction([expression], ([values], partition) => {
    const frames = new Frames(spec, partition.rows.length, partition.places(spec));
    const deviation = new RemovableDeviation(isSample);
    const numbers = values!.map((value) => (isNumberType(value.type) ? doubleOf(value) : undefined));
    let [low, high] = [0, 0];
    return numbers.map((_, row) => {
      frames.moveTo(row);
      for (const x of numbers.slice(Math.max(high, frames.low), frames.high))
        if (x !== undefined) deviation.add(x);
      for (const x of numbers.slice(low, Math.min(high, frames.low)))
        if (x !== undefined) deviation.remove(x);
      ({ low, high } = frames);
      return deviation.takeResult().keep();
    });
  });
}
