/**
 * The proleptic Gregorian calendar on plain numbers. An instant is a day since 1970 and a millisecond of that day, so that
 * every date BSON can hold is exact. Algorithms: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
 */
import { readInt32, readInt64, readInt64AsDouble } from '../../bson/read.js';
import { DATE } from '../../bson/types.js';
import { dateValue, int64Value, Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { fitsInt64 } from '../numbers.js';

export const DAY_MS = 86_400_000;
const EXACT_MS = 2 ** 52;

/** Days since 1970 of a day of the calendar. `month` is 1 to 12; `day` may be any. */
export function dayOfCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}

/** The same with months beyond the year. */
export function dayOfMonths(year: number, month: number, day: number): number {
  const months = year * 12 + month - 1;
  const wholeYear = Math.floor(months / 12);
  return dayOfCivil(wholeYear, months - wholeYear * 12 + 1, day);
}

export interface Civil {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

export function civilOfDay(days: number): Civil {
  const z = days + 719468;
  const era = Math.floor(z / 146097);
  const dayOfEra = z - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const mp = Math.floor((5 * dayOfYear + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  const day = dayOfYear - Math.floor((153 * mp + 2) / 5) + 1;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** 1 (Sunday) to 7. */
export function weekdayOf(day: number): number {
  return modulo(day + 4, 7) + 1;
}

/** 1 (Monday) to 7. */
export function isoWeekdayOf(day: number): number {
  return modulo(day + 3, 7) + 1;
}

export function dayOfYearOf(day: number): number {
  return day - dayOfCivil(civilOfDay(day).year, 1, 1) + 1;
}

/** Weeks that start on Sunday; the days before the first Sunday are in week 0. */
export function weekOf(day: number): number {
  return Math.floor((dayOfYearOf(day) - weekdayOf(day) + 7) / 7);
}

export interface IsoWeek {
  readonly year: number;
  readonly week: number;
}

/** ISO 8601: weeks start on Monday, the first one holds the first Thursday. */
export function isoWeekOf(day: number): IsoWeek {
  const thursday = day - isoWeekdayOf(day) + 4;
  const { year } = civilOfDay(thursday);
  return { year, week: Math.floor((thursday - dayOfCivil(year, 1, 1)) / 7) + 1 };
}

/** The Monday of the first ISO week of a year. */
export function isoYearStart(year: number): number {
  const fourth = dayOfCivil(year, 1, 4);
  return fourth - isoWeekdayOf(fourth) + 1;
}

export function daysInMonth(year: number, month: number): number {
  return dayOfMonths(year, month + 1, 1) - dayOfCivil(year, month, 1);
}

export function modulo(value: number, by: number): number {
  const rest = value % by;
  return rest < 0 ? rest + by : rest;
}

/** A moment, in UTC or as a clock somewhere shows it. */
export class Instant {
  constructor(
    /** Days since 1970. */
    readonly day: number,
    /** 0 to 86,399,999. */
    readonly ms: number,
  ) {}

  /** The instant so many milliseconds (at most 2^52) later. */
  plus(ms: number): Instant {
    const sum = this.ms + ms;
    const days = Math.floor(sum / DAY_MS);
    return new Instant(this.day + days, sum - days * DAY_MS);
  }

  /** Milliseconds since 1970: exact within ±2^53. */
  get total(): number {
    return this.day * DAY_MS + this.ms;
  }

  get totalExact(): bigint {
    return BigInt(this.day) * BigInt(DAY_MS) + BigInt(this.ms);
  }
}

/** The instant of a date (or of any 64-bit count of milliseconds). */
export function instantAt(bytes: Uint8Array, at: number): Instant {
  const ms = readInt64AsDouble(bytes, at);
  return Math.abs(ms) < EXACT_MS ? instantOf(ms) : instantOfExact(readInt64(bytes, at));
}

export function instantOf(ms: number): Instant {
  const day = Math.floor(ms / DAY_MS);
  return new Instant(day, ms - day * DAY_MS);
}

export function instantOfExact(ms: bigint): Instant {
  const length = BigInt(DAY_MS);
  let day = ms / length;
  let rest = ms - day * length;
  if (rest < 0n) {
    rest += length;
    day -= 1n;
  }
  return new Instant(Number(day), Number(rest));
}

/** @param overflow  the code if the instant is beyond what a date can hold */
export function dateOf(instant: Instant, overflow = 15): Value {
  const ms = instant.total;
  if (Math.abs(ms) < EXACT_MS) return dateValue(ms);
  const exact = instant.totalExact;
  if (!fitsInt64(exact)) throw new ElmoError(overflow, 'date overflow');
  return new Value(DATE, int64Value(exact).keep().bytes, 0);
}

/** Milliseconds since 1970 of the first four bytes of an ObjectId: signed seconds, big-endian. */
export function objectIdMs(bytes: Uint8Array, at: number): number {
  const seconds = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return seconds * 1000;
}

/** Milliseconds since 1970 of a timestamp. */
export function timestampMs(bytes: Uint8Array, at: number): number {
  return (readInt32(bytes, at + 4) >>> 0) * 1000;
}
