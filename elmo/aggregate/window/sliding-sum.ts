/** `$sum` over frames that move: what leaves a frame is taken away, so that no row is added twice. */
import type { Expression } from '../../expression/expression.js';
import { isNumberType } from '../../expression/numbers.js';
import { Frames, type FrameSpec } from './frame.js';
import { RemovableSum } from './removable-sum.js';
import { ValuesFunction, type WindowFunction } from './values-function.js';

export function slidingSum(expression: Expression, spec: FrameSpec): WindowFunction {
  return new ValuesFunction([expression], ([values], partition) => {
    const frames = new Frames(spec, partition.rows.length, partition.places(spec));
    const sum = new RemovableSum();
    const isNumber = (row: number): boolean => isNumberType(values![row]!.type);
    let [low, high] = [0, 0];
    return partition.rows.map((_, row) => {
      frames.moveTo(row);
      const kept = Math.max(high, frames.low);
      for (let i = kept; i < frames.high; i++) if (isNumber(i)) sum.add(values![i]!);
      for (let i = low; i < high && i < frames.low; i++) if (isNumber(i)) sum.remove(values![i]!);
      ({ low, high } = frames);
      return sum.result.keep();
    });
  });
}
