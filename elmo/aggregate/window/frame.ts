/** Which rows around a row a window function sees: by position, or by distance of what they are sorted by. */
import { ARRAY, DATE, OBJECT, STRING, TYPE_NAMES } from '../../bson/types.js';
import { readInt64AsDouble } from '../../bson/read.js';
import type { Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { civilOfDay, DAY_MS, dayOfCivil, daysInMonth } from '../../expression/dates/calendar.js';
import {
  isMonthly,
  UNIT_MONTHS,
  UNIT_MS,
  unitOperand,
  type TimeUnit,
} from '../../expression/dates/operands.js';
import { doubleOf, isNumberType } from '../../expression/numbers.js';
import { argumentsOf, elementsOf } from '../arguments.js';

/** A distance from the row; undefined: unbounded. */
export interface Bounds {
  readonly low: number | undefined;
  readonly high: number | undefined;
}

export type FrameSpec =
  | { readonly kind: 'whole' }
  | { readonly kind: 'documents'; readonly bounds: Bounds }
  | {
      readonly kind: 'range';
      readonly bounds: Bounds;
      readonly unit: TimeUnit | undefined;
      /** Whether it starts or ends at the row itself ('current'), not at the first or last of those in the same place (0). */
      readonly startsAtRow: boolean;
      readonly endsAtRow: boolean;
    };

export const WHOLE: FrameSpec = { kind: 'whole' };

function refuse(message: string): ElmoError {
  return new ElmoError('FailedToParse', message);
}

/** What a stage sorts by: how many fields, and whether the first ascends. */
export interface SortFacts {
  readonly count: number;
  readonly isAscending: boolean;
}

/** @throws ElmoError if the rows are not in an order that the frame can be told by */
export function checkFrameOrder(frame: FrameSpec, sort: SortFacts): void {
  if (frame.kind === 'documents' && sort.count === 0)
    throw new ElmoError(5339901, 'Document-based bounds require a sortBy');
  if (frame.kind !== 'range') return;
  if (sort.count !== 1) throw new ElmoError(5339902, 'Range-based bounds require sortBy a single field');
  if (!sort.isAscending) throw new ElmoError(8947401, 'Range-based bounds require an ascending sortBy');
}

export function parseFrame(window: Value | undefined): FrameSpec {
  if (window === undefined) return WHOLE;
  if (window.type !== OBJECT) throw refuse("'window' field must be an object");
  const given = argumentsOf(window);
  const [documents, range, unit] = [given.get('documents'), given.get('range'), given.get('unit')];
  if (documents !== undefined) {
    if (range !== undefined || unit !== undefined)
      throw refuse("Window bounds can specify either 'documents' or 'unit', not both.");
    if (given.size > 1) throw refuse("'window' field that specifies documents cannot have other fields");
    const bounds = boundsOf(partsOf(documents, true));
    if (isWhole(bounds)) return WHOLE;
    return { kind: 'documents', bounds };
  }
  for (const name of given.keys())
    if (name !== 'range' && name !== 'unit') throw refuse(`'window' field cannot have the field ${name}`);
  if (range === undefined) {
    if (unit !== undefined) throw refuse("Window bounds can only specify 'unit' with range-based bounds.");
    return WHOLE;
  }
  const parts = partsOf(range, unit !== undefined);
  if (unit !== undefined && unit.type !== STRING) throw refuse("'unit' must be a string");
  const bounds = boundsOf(parts);
  const timeUnit = unit === undefined ? undefined : unitOperand(unit, '$setWindowFields');
  const [startsAtRow, endsAtRow] = elementsOf(range).map(isCurrent) as [boolean, boolean];
  return { kind: 'range', bounds, unit: timeUnit, startsAtRow, endsAtRow };
}

function isWhole({ low, high }: Bounds): boolean {
  return low === undefined && high === undefined;
}

function partsOf(value: Value, isWholeNumber: boolean): (number | undefined)[] {
  const parts = value.type === ARRAY ? elementsOf(value) : [];
  if (parts.length !== 2) throw refuse('Window bounds must be a 2-element array');
  return parts.map((part) => parseBound(part, isWholeNumber));
}

function boundsOf([low, high]: readonly (number | undefined)[]): Bounds {
  if (low !== undefined && high !== undefined && low > high)
    throw new ElmoError(5339900, `Lower bound must not exceed upper bound: [${low}, ${high}]`);
  return { low, high };
}

function isCurrent(value: Value): boolean {
  return value.type === STRING && value.text === 'current';
}

function parseBound(value: Value, isWholeNumber: boolean): number | undefined {
  if (value.type === STRING) {
    const { text } = value;
    if (text === 'unbounded') return undefined;
    if (isCurrent(value)) return 0;
  }
  if (!isNumberType(value.type)) throw refuse("Window bounds must be 'unbounded', 'current', or a number.");
  const number = doubleOf(value);
  if (isWholeNumber && !Number.isInteger(number))
    throw refuse('Numeric document-based bounds must be an integer');
  return number;
}

/** Where a row's place is on the axis of a range: a number, or milliseconds. @throws ElmoError */
export function rangePlace(value: Value, unit: TimeUnit | undefined): number {
  if (value.type === DATE) {
    if (unit !== undefined) return readInt64AsDouble(value.bytes, value.at);
    throw new ElmoError(
      5429413,
      'Invalid range: For windows that involve date or time ranges, a unit must be provided.',
    );
  }
  const typeName = TYPE_NAMES.get(value.type);
  if (unit !== undefined)
    throw new ElmoError(
      5429513,
      `Invalid range: Expected the sortBy field to be a Date, but it was ${typeName}`,
    );
  if (!isNumberType(value.type))
    throw new ElmoError(
      5429414,
      `Invalid range: Expected the sortBy field to be a number, but it was ${typeName}`,
    );
  return doubleOf(value);
}

/** A place at a distance from another. */
export function shiftedPlace(place: number, distance: number, unit: TimeUnit | undefined): number {
  if (unit === undefined) return place + distance;
  if (!isMonthly(unit)) return place + distance * UNIT_MS[unit];
  const day = Math.floor(place / DAY_MS);
  const civil = civilOfDay(day);
  const months = civil.year * 12 + civil.month - 1 + distance * UNIT_MONTHS[unit];
  const year = Math.floor(months / 12);
  const month = months - year * 12 + 1;
  const shifted = dayOfCivil(year, month, Math.min(civil.day, daysInMonth(year, month)));
  return shifted * DAY_MS + (place - day * DAY_MS);
}

/** Whether the rows of a frame are known only when one behind them, or the end, has been read. */
export function readsOn(spec: FrameSpec): boolean {
  if (spec.kind !== 'range' || spec.bounds.high === undefined) return true;
  return spec.bounds.high >= 0 && !spec.endsAtRow;
}

/** The frames of the rows of a partition, one row after the other. Rows are [low, high) of the partition. */
export class Frames {
  low = 0;
  high = 0;

  /** @param places  of the rows, for a range: see `rangePlace` */
  constructor(
    private readonly spec: FrameSpec,
    private readonly count: number,
    private readonly places: readonly number[],
  ) {}

  /** Sets `low` and `high` for a row; rows are asked about in ascending order. */
  moveTo(row: number): void {
    const { spec, count } = this;
    if (spec.kind === 'whole') {
      this.low = 0;
      this.high = count;
      return;
    }
    const { low, high } = spec.bounds;
    if (spec.kind === 'documents') {
      this.low = low === undefined ? 0 : Math.min(Math.max(row + low, 0), count);
      this.high = high === undefined ? count : Math.max(Math.min(row + high + 1, count), this.low);
      return;
    }
    const { places } = this;
    const place = places[row]!;
    if (spec.startsAtRow) this.low = row;
    else if (low !== undefined) {
      const from = shiftedPlace(place, low, spec.unit);
      while (this.low < count && places[this.low]! < from) this.low++;
    }
    if (spec.endsAtRow) this.high = row + 1;
    else if (high === undefined) this.high = count;
    else {
      const to = shiftedPlace(place, high, spec.unit);
      while (this.high < count && places[this.high]! <= to) this.high++;
    }
    this.high = Math.max(this.high, this.low);
  }
}
