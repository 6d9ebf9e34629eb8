/**
 * The rows of `$densify`: those of its input, in order, and between them a row for each step that none of them stands on.
 * Each partition has a grid of its own, which starts at the low end of the bounds.
 */
import { DATE, OBJECT } from '../../bson/types.js';
import { MISSING_VALUE, NULL_VALUE, Value } from '../../bson/value.js';
import { documentLength, FieldFinder, FieldName } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import { addNumbers, subtractNumbers } from '../../expression/arithmetic.js';
import { dateOf, instantAt } from '../../expression/dates/calendar.js';
import { UTC } from '../../expression/dates/time-zone.js';
import { PathFollower } from '../../expression/nodes.js';
import { doubleOf, isNumberType } from '../../expression/numbers.js';
import { addUnits } from '../../expression/operators/date-arithmetic.js';
import {
  END,
  PAUSE,
  ROW,
  type Pulled,
  type RowMetadata,
  type RowSource,
} from '../../operation/row-source.js';
import type { CanonicalKeys } from '../canonical-keys.js';
import { StageRows } from '../rows.js';
import { PathSetter } from '../set-path.js';
import type { PipelineRun } from '../stage.js';
import { compareTo, type DensifySpec } from './spec.js';

const MOST_GENERATED = 500_000;
const NO_FIELDS = new Uint8Array([5, 0, 0, 0, 0]);

/** What is at a path that leads through documents alone. */
class PlainPath {
  private readonly names: readonly FieldName[];
  private readonly finder = new FieldFinder();

  constructor(path: string) {
    this.names = path.split('.').map((name) => new FieldName(name));
  }

  follow(bytes: Uint8Array): Value {
    const { finder, names } = this;
    let at = 0;
    for (const [i, name] of names.entries()) {
      if (!finder.find(bytes, at, name)) return MISSING_VALUE;
      if (i === names.length - 1) break;
      if (finder.type !== OBJECT) return MISSING_VALUE;
      at = finder.valueStart;
    }
    return new Value(finder.type, bytes, finder.valueStart);
  }
}

interface Grid {
  /** A document of the partition's fields alone. */
  readonly base: Uint8Array;
  /** The next place that no row has stood on yet. */
  next: Value;
  /** The last place on it that was filled. */
  last: Value | undefined;
  /** Whether nothing has been on it yet. */
  isFresh: boolean;
  /** Whether a row of its partition has been shown. */
  hasRows: boolean;
}

interface Waiting {
  readonly row: Uint8Array;
  readonly value: Value;
  readonly grid: Grid;
  /** The row's own fields of its partition, which what is filled in before it has too; undefined: not asked for yet. */
  base: Uint8Array | undefined;
}

export class DensifyRows extends StageRows {
  private readonly path: PlainPath;
  /** As expressions follow them: an array on the way gives what its elements have. */
  private readonly partitionPaths: readonly PathFollower[];
  private readonly partitionSetters: readonly PathSetter[];
  private readonly setter: PathSetter;
  private readonly writer = new BsonWriter();
  private readonly grids = new Map<string, Grid>();
  private generated = 0;
  /** Whether the row was filled in. */
  private isMade = false;
  /** The row that comes after those that are filled in before it. */
  private waiting: Waiting | undefined;
  /** The least and the greatest value of all rows so far. */
  private least: Value | undefined;
  private greatest: Value | undefined;
  /** Grids that are filled up to the end of the bounds; undefined: the input has not ended. */
  private rest: Grid[] | undefined;

  constructor(
    input: RowSource,
    private readonly spec: DensifySpec,
    private readonly keys: CanonicalKeys,
    private readonly run: PipelineRun,
  ) {
    super(input);
    this.path = new PlainPath(spec.field);
    this.partitionPaths = spec.partitionBy.map((path) => new PathFollower(path.split('.')));
    this.partitionSetters = spec.partitionBy.map((path) => new PathSetter(path));
    this.setter = new PathSetter(spec.field);
    const { bounds } = spec;
    if (bounds.kind === 'range' && spec.partitionBy.length === 0)
      this.grids.set('', {
        base: NO_FIELDS,
        next: bounds.low,
        last: undefined,
        isFresh: true,
        hasRows: false,
      });
  }

  override get metadata(): RowMetadata | undefined {
    return this.isMade ? undefined : this.input.metadata;
  }

  pull(): Pulled {
    this.isMade = false;
    this.refuseMore();
    for (;;) {
      if (this.run.operation.shouldPause()) return PAUSE;
      if (this.rest !== undefined) return this.fillRest();
      if (this.waiting !== undefined) return this.showWaiting();
      const pulled = this.input.pull();
      if (pulled === PAUSE) return PAUSE;
      if (pulled === END) this.rest = this.unfinished();
      else if (!this.take()) return this.pass();
    }
  }

  /** A grid that has come no further than some days before the least of all begins with that. */
  private unfinished(): Grid[] {
    const { kind } = this.spec.bounds;
    if (kind === 'partition') return [];
    const grids = [...this.grids.values()];
    if (kind === 'full')
      for (const grid of grids)
        if (grid.last !== undefined && compareTo(grid.last, this.least!) < 0) grid.next = this.least!;
    return grids;
  }

  /** The first row above the limit still goes out; what follows it, or its end, does not. */
  private refuseMore(): void {
    if (this.generated > MOST_GENERATED)
      throw new ElmoError(
        5897900,
        `Generated ${this.generated} documents in $densify, which is over the limit of ${MOST_GENERATED}.`,
      );
  }

  /** @returns false if the row has no place and is passed on as it is */
  private take(): boolean {
    const { bytes, at } = this.input;
    const row = bytes.slice(at, at + documentLength(bytes, at));
    const value = this.path.follow(row);
    if (value.isNullish) return false;
    this.checkType(value);
    this.least ??= value;
    if (this.greatest === undefined || compareTo(value, this.greatest) > 0) this.greatest = value;
    this.waiting = { row, value, grid: this.gridOf(row, value), base: undefined };
    return true;
  }

  private checkType(value: Value): void {
    const isDate = value.type === DATE;
    if (!isDate && !isNumberType(value.type))
      throw new ElmoError(5733201, 'Densify field type must be numeric or a date');
    if (isDate !== (this.spec.unit !== undefined))
      throw new ElmoError(
        6053600,
        isDate
          ? 'Encountered date densify value in collection when step does not have a date unit.'
          : 'Encountered numeric densify value in collection when step has a date unit.',
      );
  }

  private gridOf(row: Uint8Array, value: Value): Grid {
    const { bounds } = this.spec;
    const values = this.partitionOf(row);
    const key = this.keyOf(values);
    let grid = this.grids.get(key);
    if (grid === undefined) {
      const next = bounds.kind === 'range' ? bounds.low : bounds.kind === 'full' ? this.least! : value;
      grid = { base: this.baseOf(values), next, last: undefined, isFresh: true, hasRows: false };
      this.grids.set(key, grid);
    }
    return grid;
  }

  private partitionOf(row: Uint8Array): Value[] {
    return this.partitionPaths.map((path) => path.follow(row, 0));
  }

  private keyOf(values: readonly Value[]): string {
    const { keys } = this;
    if (values.length === 0) return '';
    keys.clear();
    for (const value of values) {
      keys.writer.appendByte(value.isMissing ? 0 : 1);
      if (!value.isMissing) keys.append(value.type, value.bytes, value.at);
    }
    return Buffer.from(keys.writer.toBytes()).toString('latin1');
  }

  private baseOf(values: readonly Value[]): Uint8Array {
    let base: Uint8Array = NO_FIELDS;
    for (const [i, value] of values.entries()) {
      this.writer.clear();
      // of a path that leads nowhere the documents on the way are made, and stay
      this.partitionSetters[i]!.write(base, 0, value.isMissing ? NULL_VALUE : value, this.writer);
      if (value.isMissing) {
        const made = this.writer.toBytes();
        this.writer.clear();
        this.partitionSetters[i]!.writeWithout(made, 0, this.writer);
      }
      base = this.writer.toBytes();
    }
    return base;
  }

  /** Fills in what comes before the waiting row, then shows that. */
  private showWaiting(): Pulled {
    const { waiting } = this;
    const { row, value, grid } = waiting!;
    const { bounds } = this.spec;
    const isBeyond = bounds.kind === 'range' && compareTo(value, bounds.high) >= 0;
    const end = isBeyond ? bounds.high : value;
    if (compareTo(grid.next, end) < 0 && !this.isStart(grid, value)) {
      if (grid.isFresh) grid.next = this.firstBefore(grid);
      return this.fill(grid, (waiting!.base ??= this.baseOf(this.partitionOf(row))));
    }
    if (!isBeyond && compareTo(grid.next, value) === 0) {
      grid.isFresh = false;
      grid.last = value;
      grid.next = this.after(value);
    }
    grid.hasRows = true;
    this.waiting = undefined;
    this.bytes = row;
    this.at = 0;
    return ROW;
  }

  /** The first row of a further partition, within a step of the least of all: what is before it comes behind it. */
  private isStart(grid: Grid, value: Value): boolean {
    const isFirst = this.spec.bounds.kind === 'full' && grid.isFresh && !grid.hasRows;
    return isFirst && compareTo(value, this.after(grid.next)) <= 0;
  }

  private fillRest(): Pulled {
    const { bounds } = this.spec;
    for (;;) {
      const grid = this.rest![0];
      if (grid === undefined) return END;
      const isLeft =
        bounds.kind === 'range'
          ? compareTo(grid.next, bounds.high) < 0
          : compareTo(grid.next, this.greatest!) <= 0;
      if (isLeft) return this.fill(grid);
      this.rest!.shift();
    }
  }

  /** One row on the grid. */
  private fill(grid: Grid, base = grid.base): Pulled {
    this.generated++;
    this.isMade = true;
    const { writer } = this;
    writer.clear();
    this.setter.write(base, 0, grid.next, writer);
    this.bytes = writer.bytes;
    this.at = 0;
    grid.isFresh = false;
    grid.last = grid.next;
    grid.next = this.after(grid.next);
    return ROW;
  }

  /** Where a grid starts before a row: a step after what is a step before, with the digits or the day that gives. */
  private firstBefore({ next }: Grid): Value {
    const { bounds, unit } = this.spec;
    return bounds.kind === 'range' && unit !== undefined ? next : this.after(this.after(next, -1));
  }

  /** A step further, or back. */
  private after(value: Value, sign: 1 | -1 = 1): Value {
    const { step, unit } = this.spec;
    if (unit === undefined) return (sign > 0 ? addNumbers(value, step) : subtractNumbers(value, step)).keep();
    const amount = BigInt(sign * Math.trunc(doubleOf(step)));
    return dateOf(addUnits(instantAt(value.bytes, value.at), unit, amount, UTC)).keep();
  }
}
