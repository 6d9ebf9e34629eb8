/**
 * `$min` and `$max` over frames that move: what a later value of the frame outdoes is forgotten, so that no row is looked at
 * twice. Of equal values the first is the least, the last the greatest.
 */
import { compareValues, type Collation } from '../../bson/compare.js';
import { NULL_VALUE, type Value } from '../../bson/value.js';
import type { Expression } from '../../expression/expression.js';
import { Frames, type FrameSpec } from './frame.js';
import { ValuesFunction, type WindowFunction } from './values-function.js';

/** @param isGreatest  whether the greatest is wanted, not the least */
export function slidingExtreme(
  expression: Expression,
  spec: FrameSpec,
  isGreatest: boolean,
  collation: Collation | undefined,
): WindowFunction {
  return new ValuesFunction([expression], ([values], partition) => {
    const frames = new Frames(spec, partition.rows.length, partition.places(spec));
    /** Rows that may be the extreme of this frame or a later one, from the best on. */
    const candidates: number[] = [];
    const isOutdone = (row: number, by: Value): boolean => {
      const { bytes, type, at } = values![row]!;
      const order = compareValues(bytes, type, at, by.bytes, by.type, by.at, collation);
      return isGreatest ? order <= 0 : order > 0;
    };
    let first = 0;
    let high = 0;
    return partition.rows.map((_, row) => {
      frames.moveTo(row);
      for (high = Math.max(high, frames.low); high < frames.high; high++) {
        const value = values![high]!;
        if (value.isNullish) continue;
        while (candidates.length > first && isOutdone(candidates.at(-1)!, value)) candidates.pop();
        candidates.push(high);
      }
      while (first < candidates.length && candidates[first]! < frames.low) first++;
      const best = candidates[first];
      return best === undefined ? NULL_VALUE : values![best]!;
    });
  });
}
