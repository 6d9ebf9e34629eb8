/** `$derivative`, `$integral`, `$linearFill`: rows as points of a curve over the field they are sorted by. */
import { DATE, NULL, OBJECT, STRING, TYPE_NAMES } from '../../bson/types.js';
import { doubleValue, int32Value, NULL_VALUE, stringValue, type Value } from '../../bson/value.js';
import { compareValues } from '../../bson/compare.js';
import { ElmoError } from '../../errors.js';
import { addNumbers, multiplyNumbers } from '../../expression/arithmetic.js';
import { isMonthly, UNIT_MS, unitOperand } from '../../expression/dates/operands.js';
import type { Expression, Frame } from '../../expression/expression.js';
import { isNumberType } from '../../expression/numbers.js';
import { divide, subtract } from '../../expression/operators/arithmetic.js';
import { argumentsOf } from '../arguments.js';
import { Frames, readsOn, type FrameSpec } from './frame.js';
import { RemovableSum } from './removable-sum.js';
import {
  FaultOfRow,
  ValuesFunction,
  type ParseFunction,
  type Partition,
  type WindowContext,
  type WindowFunction,
} from './values-function.js';

interface SlopeArguments {
  readonly input: Expression;
  readonly place: Expression;
  /** Milliseconds of the unit that a row's date is measured in; undefined: the places are numbers. */
  readonly unitMs: number | undefined;
}

function parseSlopes(argument: Value, context: WindowContext, name: string): SlopeArguments {
  if (argument.type !== OBJECT)
    throw new ElmoError(
      'FailedToParse',
      `${name} expects an object, but got a ${TYPE_NAMES.get(argument.type)}`,
    );
  const given = argumentsOf(argument);
  for (const key of given.keys())
    if (key !== 'input' && key !== 'unit')
      throw new ElmoError('FailedToParse', `${name} got unexpected argument: ${key}`);
  const input = given.get('input');
  if (input === undefined) throw new ElmoError('FailedToParse', `${name} requires an 'input' expression`);
  const unitMs = parseUnit(given.get('unit'), name);
  return { input: context.scope.parse(input), place: placeOf(context), unitMs };
}

const SLOPES: ReadonlySet<string> = new Set(['$derivative', '$integral']);

/** What comes before the look at a window's bounds. @throws ElmoError FailedToParse unless the rows are in the order of one field */
export function checkSlopes(name: string, sortCount: number): void {
  if (SLOPES.has(name) && sortCount !== 1)
    throw new ElmoError('FailedToParse', `${name} requires a non-compound sortBy`);
}

function placeOf({ scope, sortPaths }: WindowContext): Expression {
  return scope.parse(stringValue(`$${sortPaths[0]!}`));
}

function parseUnit(value: Value | undefined, name: string): number | undefined {
  if (value === undefined) return undefined;
  if (value.type !== STRING)
    throw new ElmoError('FailedToParse', `'unit' must be a string, but got ${TYPE_NAMES.get(value.type)}`);
  const unit = unitOperand(value, name);
  if (isMonthly(unit)) throw new ElmoError(5490710, "unit must be 'week' or smaller");
  return UNIT_MS[unit];
}

export const parseDerivative: ParseFunction = (argument, context, name) => {
  const { input, place, unitMs } = parseSlopes(argument, context, name);
  if (!context.hasWindow) throw new ElmoError('FailedToParse', `${name} requires explicit window bounds`);
  return new Slopes(input, place, context.frame, unitMs);
};

/** Of the line from the first row of each frame to the last; rows between them are not looked at. */
class Slopes implements WindowFunction {
  constructor(
    private readonly input: Expression,
    private readonly place: Expression,
    private readonly spec: FrameSpec,
    private readonly unitMs: number | undefined,
  ) {}

  compute(partition: Partition, frame: Frame): Value[] {
    const { spec } = this;
    const count = partition.rows.length;
    const frames = new Frames(spec, count, partition.places(spec));
    const known = new Map<number, Point>();
    const pointAt = (row: number): Point => {
      let point = known.get(row);
      if (point === undefined) {
        partition.show(row, frame);
        const place = this.place.evaluate(frame).keep();
        checkDerivativePlace(place, this.unitMs);
        known.set(row, (point = { place, value: this.input.evaluate(frame).keep() }));
      }
      return point;
    };
    const slopes: Value[] = [];
    for (let row = 0; row < count; row++)
      try {
        frames.moveTo(row);
        const [first, last] = [frames.low, frames.high - 1];
        slopes.push(first > last ? NULL_VALUE : slope(pointAt(first), pointAt(last), this.unitMs));
      } catch (error) {
        throw new FaultOfRow({ row, error, isBehindReading: readsOn(spec) }, slopes);
      }
    return slopes;
  }

  addDependencies(into: Set<string>): void {
    this.input.addDependencies(into);
    this.place.addDependencies(into);
  }
}

interface Point {
  readonly place: Value;
  readonly value: Value;
}

/** @throws ElmoError */
function slope(from: Point, to: Point, unitMs: number | undefined): Value {
  if (from.value.isNullish || to.value.isNullish)
    throw new ElmoError(5624903, '$derivative input must not be null or missing');
  const height = subtract(to.value, from.value);
  const distance = subtract(to.place, from.place);
  if (isZero(distance)) return NULL_VALUE;
  const perPlace = divide(height, distance);
  return unitMs === undefined ? perPlace : multiplyNumbers(perPlace, int32Value(unitMs));
}

function checkDerivativePlace(place: Value, unitMs: number | undefined): void {
  const expectation = (code: number, text: string): ElmoError =>
    new ElmoError(code, `$derivative ${text}, but the sortBy is of type ${TYPE_NAMES.get(place.type)}`);
  if (unitMs !== undefined) {
    if (place.type !== DATE) throw expectation(5624900, "with 'unit' expects the sortBy field to be a Date");
  } else if (place.type === DATE) throw expectation(5624901, "where the sortBy is a Date requires an 'unit'");
  else if (!isNumberType(place.type))
    throw expectation(5624902, "(with no 'unit') expects the sortBy field to be numeric");
}

const ZERO = int32Value(0).keep();

function isZero(value: Value): boolean {
  return compareValues(value.bytes, value.type, value.at, ZERO.bytes, ZERO.type, ZERO.at) === 0;
}

export const parseIntegral: ParseFunction = (argument, context, name) => {
  const { input, place, unitMs } = parseSlopes(argument, context, name);
  return new ValuesFunction([input, place], ([values, places], partition) => {
    const frames = new Frames(context.frame, places!.length, partition.places(context.frame));
    const sum = new RemovableSum();
    /** What lies between a row and the one after it. */
    const areas: Value[] = [];
    const areaFrom = (row: number): Value => (areas[row] ??= area(values!, places!, row).keep());
    let [low, high] = [0, 0];
    return places!.map((_, row) => {
      frames.moveTo(row);
      if (high < frames.low) {
        // rows that no frame has are no points
        for (; low < high; low++) if (low + 1 < high) sum.remove(areaFrom(low));
        low = high = frames.low;
      }
      for (; high < frames.high; high++) {
        checkPoint(values![high]!, places![high]!, unitMs);
        if (high > low) sum.add(areaFrom(high - 1));
      }
      for (; low < frames.low; low++) if (low + 1 < high) sum.remove(areaFrom(low));
      if (low >= high) return NULL_VALUE;
      const { result } = sum;
      return unitMs === undefined ? result.keep() : divide(result, doubleValue(unitMs)).keep();
    });
  });
};

function area(values: readonly Value[], places: readonly Value[], row: number): Value {
  const width = subtract(places[row + 1]!, places[row]!);
  const heights = addNumbers(values[row]!, values[row + 1]!);
  return divide(multiplyNumbers(width, heights), doubleValue(2));
}

function checkPoint(value: Value, place: Value, unitMs: number | undefined): void {
  if (unitMs !== undefined) {
    if (place.type !== DATE)
      throw new ElmoError(5423901, "$integral with 'unit' expects the sortBy field to be a Date");
  } else if (place.type === DATE)
    throw new ElmoError(5423902, "$integral (with no 'unit') expects the sortBy field to be numeric");
  if (!isNumberType(value.type) || (unitMs === undefined && !isNumberType(place.type)))
    throw new ElmoError(
      5423900,
      `$integral expects numbers, but found ${TYPE_NAMES.get(value.type)} at ${TYPE_NAMES.get(place.type)}`,
    );
}

/** Values that are null, on the line between their neighbours that are not. */
export const parseLinearFill: ParseFunction = (argument, context, name) => {
  if (context.hasWindow) throw new ElmoError('FailedToParse', `'window' field is not allowed in ${name}`);
  if (context.sortPaths.length !== 1)
    throw new ElmoError(
      605001,
      `${name} must be specified with a top level sortBy expression with exactly one element`,
    );
  return new ValuesFunction([context.scope.parse(argument), placeOf(context)], ([values, places]) => {
    const filled = values!.map((value) => (value.isNullish ? NULL_VALUE : value));
    let left = -1;
    for (let right = 0; right < filled.length; right++) {
      checkPlace(places![right]!);
      const value = filled[right]!;
      if (value.type !== NULL && !isNumberType(value.type)) throw notFilled(value, filled, left, right);
      checkDifferent(places!, right);
      if (value.type === NULL) continue;
      if (left >= 0) fillBetween(filled, places!, left, right);
      left = right;
    }
    return filled;
  });
};

/** A value that is no number is met by the first row that is to be filled before it, on a line from another value. */
function notFilled(value: Value, filled: Value[], left: number, right: number): Error {
  const error = new ElmoError(
    'TypeMismatch',
    `Value to be filled must be numeric or nullish, but found ${TYPE_NAMES.get(value.type)}`,
  );
  if (left < 0 || right - left < 2) return error;
  const overflow = value.type === DATE ? overflowOf(value, filled[left]!) : undefined;
  return new FaultOfRow({ row: left + 1, error: overflow ?? error }, filled.slice(0, left + 1));
}

/** What is wrong with a date less a number. */
function overflowOf(date: Value, number: Value): ElmoError | undefined {
  try {
    subtract(date, number);
    return undefined;
  } catch (error) {
    if (error instanceof ElmoError) return error;
    throw error;
  }
}

function fillBetween(filled: Value[], places: readonly Value[], left: number, right: number): void {
  if (right - left < 2) return;
  const from = filled[left]!;
  const slope = divide(subtract(filled[right]!, from), subtract(places[right]!, places[left]!)).keep();
  for (let row = left + 1; row < right; row++)
    filled[row] = addNumbers(from, multiplyNumbers(slope, subtract(places[row]!, places[left]!))).keep();
}

function checkPlace(place: Value): void {
  if (!isNumberType(place.type) && place.type !== DATE)
    throw new ElmoError(
      'TypeMismatch',
      `Value of the sortBy field must be numeric or a date, but found ${TYPE_NAMES.get(place.type)}`,
    );
}

function checkDifferent(places: readonly Value[], row: number): void {
  const before = places[row - 1];
  const place = places[row]!;
  if (
    before !== undefined &&
    compareValues(before.bytes, before.type, before.at, place.bytes, place.type, place.at) === 0
  )
    throw new ElmoError(6050106, 'There can be no repeated values in the sort field in the same partition');
}
