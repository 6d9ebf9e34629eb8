/** `$sum` and `$avg` over frames that move: what leaves a frame is taken away, so that no row is added twice. */
import { decimalOfBigint, decimalValue, divideDecimals, readDecimal } from '../../bson/decimal-arithmetic.js';
import { DECIMAL128 } from '../../bson/types.js';
import { doubleValue, NULL_VALUE, type Value } from '../../bson/value.js';
import type { Expression } from '../../expression/expression.js';
import { doubleOf, isNumberType } from '../../expression/numbers.js';
import { Frames, type FrameSpec } from './frame.js';
import { RemovableSum } from './removable-sum.js';
import { ValuesFunction, type WindowFunction } from './values-function.js';

export const slidingSum = (expression: Expression, spec: FrameSpec): WindowFunction =>
  sliding(expression, spec, (sum) => sum);

export const slidingAverage = (expression: Expression, spec: FrameSpec): WindowFunction =>
  sliding(expression, spec, average);

/** @param count  of the numbers in the sum */
function average(sum: Value, count: number): Value {
  if (count === 0) return NULL_VALUE;
  return sum.type === DECIMAL128
    ? decimalValue(divideDecimals(readDecimal(sum.bytes, sum.at), decimalOfBigint(BigInt(count))))
    : doubleValue(doubleOf(sum) / count);
}

function sliding(
  expression: Expression,
  spec: FrameSpec,
  result: (sum: Value, count: number) => Value,
): WindowFunction {
  return new ValuesFunction([expression], ([values], partition) => {
    const frames = new Frames(spec, partition.rows.length, partition.places(spec));
    const sum = new RemovableSum();
    let count = 0;
    const isNumber = (row: number): boolean => isNumberType(values![row]!.type);
    const change = (from: number, to: number, by: 1 | -1): void => {
      for (let i = from; i < to; i++) {
        if (!isNumber(i)) continue;
        count += by;
        if (by > 0) sum.add(values![i]!);
        else sum.remove(values![i]!);
      }
    };
    let [low, high] = [0, 0];
    return partition.rows.map((_, row) => {
      frames.moveTo(row);
      change(Math.max(high, frames.low), frames.high, 1);
      change(low, Math.min(high, frames.low), -1);
      ({ low, high } = frames);
      return result(sum.result, count).keep();
    });
  });
}
