/** Functions that need one row of the partition for the value of each: `$shift`, and `$first` and `$last` of a frame. */
import { MISSING_VALUE, NULL_VALUE, type Value } from '../../bson/value.js';
import type { Expression, Frame } from '../../expression/expression.js';
import { Frames, readsOn, type FrameSpec } from './frame.js';
import { FaultOfRow, type Partition, type WindowFunction } from './values-function.js';

/** Rows that no other needs are never looked at. */
export class RowFunction implements WindowFunction {
  /**
   * @param rowsOf  by row, the row whose value it has; those outside of the partition are none
   * @param otherwise  instead of what is missing
   */
  constructor(
    private readonly expression: Expression,
    private readonly rowsOf: (partition: Partition) => readonly number[],
    private readonly otherwise: Value,
    private readonly isBehindReading = false,
  ) {}

  compute(partition: Partition, frame: Frame): Value[] {
    const known = new Map<number, Value>();
    const valueOf = (row: number): Value => {
      let value = known.get(row);
      if (value === undefined) {
        partition.show(row, frame);
        value = this.expression.evaluate(frame).keep();
        known.set(row, value);
      }
      return value;
    };
    const values: Value[] = [];
    for (const [row, wanted] of this.rowsOf(partition).entries())
      try {
        const value = wanted >= 0 && wanted < partition.rows.length ? valueOf(wanted) : MISSING_VALUE;
        values.push(value.isMissing ? this.otherwise : value);
      } catch (error) {
        throw new FaultOfRow({ row, error, isBehindReading: this.isBehindReading }, values);
      }
    return values;
  }

  addDependencies(into: Set<string>): void {
    this.expression.addDependencies(into);
  }
}

/** The value of the row that is so many rows further. */
export function shifted(expression: Expression, distance: number, otherwise: Value): WindowFunction {
  return new RowFunction(expression, ({ rows }) => rows.map((_, row) => row + distance), otherwise);
}

/** The value of the first or the last row of each frame. */
export function endOfFrame(expression: Expression, spec: FrameSpec, isLast: boolean): WindowFunction {
  const rowsOf = (partition: Partition): number[] => {
    const frames = new Frames(spec, partition.rows.length, partition.places(spec));
    return partition.rows.map((_, row) => {
      frames.moveTo(row);
      const { low, high } = frames;
      return low === high ? -1 : isLast ? high - 1 : low;
    });
  };
  return new RowFunction(expression, rowsOf, NULL_VALUE, readsOn(spec));
}
