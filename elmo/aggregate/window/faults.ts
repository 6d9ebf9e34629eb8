/**
 * Where the values of a partition end because something is wrong with one of its rows. The reference computes a row after
 * the other: rows before the first that needs the wrong one are given out, and what later rows would say is never told.
 */
import type { Value } from '../../bson/value.js';
import type { Frame } from '../../expression/expression.js';
import { argumentsOf } from '../arguments.js';
import { wholeOf } from '../numbers.js';
import { Frames, readsOn, type FrameSpec } from './frame.js';
import { FaultOfRow, type Fault, type Partition, type WindowFunction } from './values-function.js';

/** A window function, and the rows it has to see for the value of a row. */
export interface Reaching {
  readonly compute: WindowFunction;
  readonly reach: FrameSpec;
}

/** The first `count` rows of a partition. */
export type PartitionView = (count: number) => Partition;

const UP_TO = (high: number): FrameSpec => ({ kind: 'documents', bounds: { low: undefined, high } });
const OF_ROWS_BEFORE: ReadonlySet<string> = new Set([
  '$rank',
  '$denseRank',
  '$documentNumber',
  '$locf',
  '$linearFill',
  '$expMovingAvg',
]);

/** @param name  of the function, with its dollar; @param argument  as it was parsed */
export function reachOf(name: string, argument: Value, frame: FrameSpec): FrameSpec {
  if (OF_ROWS_BEFORE.has(name)) return UP_TO(0);
  if (name !== '$shift') return frame;
  const by = argumentsOf(argument).get('by');
  return UP_TO(Number((by === undefined ? undefined : wholeOf(by)) ?? 0));
}

/** A fault, and which of the functions has it: of two in one row that of the first function is told. */
export interface FaultOfFunction {
  readonly fault: Fault;
  readonly index: number;
}

/** The first row whose place on the axis of a range is not known: it is looked for when it is the row's turn. */
export function firstWithoutPlace(
  functions: readonly Reaching[],
  partition: Partition,
): FaultOfFunction | undefined {
  for (const [index, { reach }] of functions.entries())
    if (reach.kind === 'range') {
      partition.places(reach);
      if (partition.withoutPlace !== undefined) return { fault: partition.withoutPlace, index };
    }
  return undefined;
}

/** The faults there are, those of earlier functions first. */
export function inOrderOfFunctions(...faults: readonly (FaultOfFunction | undefined)[]): Fault[] {
  return faults
    .filter((each) => each !== undefined)
    .sort((a, b) => a.index - b.index)
    .map(({ fault }) => fault);
}

/** The values by function and row, those of rows before the fault, if there is one. */
export function valuesUpToFault(
  functions: readonly Reaching[],
  view: PartitionView,
  count: number,
  frame: Frame,
): { readonly values: Value[][]; readonly first: FaultOfFunction | undefined } {
  let first: FaultOfFunction | undefined;
  const note = (fault: Fault, index: number): void => {
    if (first === undefined || fault.row < first.fault.row) first = { fault, index };
  };
  const values = functions.map(({ compute, reach }, index) => {
    const whole = attempt(() => compute.compute(view(count), frame));
    if ('values' in whole) return whole.values;
    if (whole.error instanceof FaultOfRow) {
      const { fault: told, values: before } = whole.error;
      note(told, index);
      return before;
    }
    const { rows, error } = leastThatFails(
      (to) => attempt(() => compute.compute(view(to), frame)),
      count,
      whole,
    );
    const row = firstReaching(reach, rows - 1, view);
    note({ row, error, isBehindReading: isBehindReading(reach, rows - 1, row) }, index);
    return compute.compute(view(rows - 1), frame);
  });
  return { values, first };
}

type Attempt = { readonly values: Value[] } | { readonly error: unknown };

function attempt(compute: () => Value[]): Attempt {
  try {
    return { values: compute() };
  } catch (error) {
    return { error };
  }
}

/** The fewest rows on which a function fails that fails on all of them. */
function leastThatFails(
  computeOf: (rows: number) => Attempt,
  count: number,
  { error }: { readonly error: unknown },
): { rows: number; error: unknown } {
  let [good, bad] = [0, count];
  let told = error;
  while (good + 1 < bad) {
    const middle = (good + bad) >>> 1;
    const tried = computeOf(middle);
    if ('values' in tried) good = middle;
    else [bad, told] = [middle, tried.error];
  }
  return { rows: bad, error: told };
}

/** The first row for which the one at `index` is computed: at the latest when it is its own turn. */
function firstReaching(reach: FrameSpec, index: number, view: PartitionView): number {
  if (reach.kind === 'whole' || reach.bounds.high === undefined) return 0;
  if (reach.kind === 'documents') return Math.max(index - Math.max(reach.bounds.high, 0), 0);
  const places = view(index + 1).places(reach);
  return Math.min(
    firstWith(reach, places, (high) => high > index),
    index,
  );
}

/** Whether the frame of `row` is found before the row at `index` is looked at, which lies in it or before it. */
function isBehindReading(reach: FrameSpec, index: number, row: number): boolean {
  if (reach.kind === 'range') return readsOn(reach);
  if (reach.kind === 'whole') return false;
  return index < row + (reach.bounds.low ?? -Infinity);
}

/** The first row that is not given out because of `error`: what follows the `count` rows of the partition cannot be read. */
export function faultOfReading(
  functions: readonly Reaching[],
  view: PartitionView,
  count: number,
  error: unknown,
): FaultOfFunction {
  let [first, index] = [count - 1, functions.length]; // the next row is read before one is given out
  for (const [i, { reach }] of functions.entries()) {
    const row = firstReadingOn(reach, view, count);
    if (row < first || (row === first && index === functions.length)) [first, index] = [row, i];
  }
  return { fault: { row: first, error }, index };
}

/** The first row for whose value what follows the partition is looked at. */
function firstReadingOn(reach: FrameSpec, view: PartitionView, count: number): number {
  if (reach.kind === 'whole' || reach.bounds.high === undefined) return 0;
  const { high } = reach.bounds;
  return reach.kind === 'documents'
    ? Math.max(count - high, 0)
    : firstWith(reach, view(count).places(reach), (end) => end === count);
}

function firstWith(
  reach: FrameSpec,
  places: readonly number[],
  isReached: (high: number) => boolean,
): number {
  const frames = new Frames(reach, places.length, places);
  for (let row = 0; row < places.length; row++) {
    frames.moveTo(row);
    if (isReached(frames.high)) return row;
  }
  return Math.max(places.length - 1, 0);
}
