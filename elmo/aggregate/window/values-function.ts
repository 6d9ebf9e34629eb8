/** What window functions are, and those that see all rows of a partition at once. */
import type { Value } from '../../bson/value.js';
import type { Expression, Frame, ParseScope } from '../../expression/expression.js';
import type { FrameSpec } from './frame.js';

/** No row from `row` on has values, because of `error`. */
export interface Fault {
  readonly row: number;
  readonly error: unknown;
  /** Whether it is met when the rows of the window have been found. */
  readonly isBehindReading?: boolean;
}

/** Thrown by a function that knows in whose turn it fails. */
export class FaultOfRow extends Error {
  override readonly name = 'FaultOfRow';

  /** @param values  of the rows before */
  constructor(
    readonly fault: Fault,
    readonly values: Value[],
  ) {
    super('a window function fails', { cause: fault.error });
  }
}

/** The rows of a partition. */
export interface Partition {
  readonly rows: readonly Uint8Array[];
  /** Makes a row the one that expressions are evaluated on. */
  show(row: number, frame: Frame): void;
  /** Keys of the order: equal ones are of rows that tie. */
  isTied(row: number, other: number): boolean;
  /** On the axis of ranges. Rows that have none are sorted behind the others, and stand behind them. */
  places(frame: FrameSpec): readonly number[];
  /** The first row without a place, once places were asked for. */
  readonly withoutPlace: Fault | undefined;
}

export interface WindowFunction {
  /** One value per row. */
  compute(partition: Partition, frame: Frame): Value[];
  addDependencies(into: Set<string>): void;
}

/** What a function's argument is parsed with. */
export interface WindowContext {
  readonly scope: ParseScope;
  readonly frame: FrameSpec;
  readonly hasWindow: boolean;
  /** What the stage sorts by. */
  readonly sortPaths: readonly string[];
}

/** A function of the values an expression has for the rows, all of them at once. */
export class ValuesFunction implements WindowFunction {
  constructor(
    private readonly expressions: readonly Expression[],
    private readonly apply: (values: readonly (readonly Value[])[], partition: Partition) => Value[],
  ) {}

  compute(partition: Partition, frame: Frame): Value[] {
    const values = this.expressions.map((expression) =>
      partition.rows.map((_, row) => {
        partition.show(row, frame);
        return expression.evaluate(frame).keep();
      }),
    );
    return this.apply(values, partition);
  }

  addDependencies(into: Set<string>): void {
    for (const expression of this.expressions) expression.addDependencies(into);
  }
}

export type ParseFunction = (argument: Value, context: WindowContext, name: string) => WindowFunction;
