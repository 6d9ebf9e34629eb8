/** Operands of date operators: dates of three types, zones, units of time, days of the week. */
import { DATE, OBJECT_ID, STRING, TIMESTAMP } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { typeNameOf } from '../numbers.js';
import { type Instant, instantAt, instantOf, objectIdMs, timestampMs } from './calendar.js';
import { type TimeZone, timeZoneOf } from './time-zone.js';

/** A date, or the time a timestamp or an ObjectId was made; undefined for anything else. */
export function dateOperand(value: Value): Instant | undefined {
  switch (value.type) {
    case DATE:
      return instantAt(value.bytes, value.at);
    case TIMESTAMP:
      return instantOf(timestampMs(value.bytes, value.at));
    case OBJECT_ID:
      return instantOf(objectIdMs(value.bytes, value.at));
    default:
      return undefined;
  }
}

/** @throws ElmoError 16006 */
export function requiredDate(value: Value): Instant {
  const instant = dateOperand(value);
  if (instant === undefined)
    throw new ElmoError(16006, `can't convert from BSON type ${typeNameOf(value)} to Date`);
  return instant;
}

/** @throws ElmoError 40517, 40485 */
export function zoneOperand(value: Value): TimeZone {
  if (value.type !== STRING)
    throw new ElmoError(40517, `timezone must evaluate to a string, found ${typeNameOf(value)}`);
  return timeZoneOf(value.text);
}

const UNITS = ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond'] as const;
export type TimeUnit = (typeof UNITS)[number];

/** Of the units that always last the same. */
export const UNIT_MS: Readonly<
  Record<'week' | 'day' | 'hour' | 'minute' | 'second' | 'millisecond', number>
> = {
  week: 604_800_000,
  day: 86_400_000,
  hour: 3_600_000,
  minute: 60_000,
  second: 1000,
  millisecond: 1,
};

export const UNIT_MONTHS: Readonly<Record<'year' | 'quarter' | 'month', number>> = {
  year: 12,
  quarter: 3,
  month: 1,
};

export function isMonthly(unit: TimeUnit): unit is 'year' | 'quarter' | 'month' {
  return unit === 'year' || unit === 'quarter' || unit === 'month';
}

/** @throws ElmoError 5439013, FailedToParse */
export function unitOperand(value: Value, name: string): TimeUnit {
  if (value.type !== STRING)
    throw new ElmoError(5439013, `${name} requires 'unit' to be a string, but got ${typeNameOf(value)}`);
  const { text } = value;
  const unit = UNITS.find((known) => known === text);
  if (unit === undefined)
    throw new ElmoError(
      'FailedToParse',
      `${name} parameter 'unit' value parsing failed :: caused by :: unknown time unit value: ${text}`,
    );
  return unit;
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/**
 * @returns 1 (Sunday) to 7
 * @throws ElmoError 5439015, 5439016
 */
export function weekdayOperand(value: Value, name: string): number {
  if (value.type !== STRING)
    throw new ElmoError(
      5439015,
      `${name} requires 'startOfWeek' to be a string, but got ${typeNameOf(value)}`,
    );
  const text = value.text.toLowerCase();
  const index = WEEKDAYS.findIndex((day) => day === text || day.slice(0, 3) === text);
  if (index < 0)
    throw new ElmoError(
      5439016,
      `${name} parameter 'startOfWeek' value cannot be recognized as a day of a week: ${value.text}`,
    );
  return index + 1;
}
