/**
 * `%Y-%m-%d` and the like: what $dateToString writes. Source: MongoDB manual, "Format Specifiers".
 */
import { ElmoError } from '../../errors.js';
import {
  civilOfDay,
  dayOfYearOf,
  type Instant,
  isoWeekdayOf,
  isoWeekOf,
  weekdayOf,
  weekOf,
} from './calendar.js';
import type { TimeZone } from './time-zone.js';

export const MONTH_NAMES = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];

/** @param offset  of the clock, in milliseconds */
type Specifier = (local: Instant, offset: number) => string;

function padded(value: number, width: number): string {
  if (value < 0 || value > 9999)
    throw new ElmoError(
      18537,
      `Could not convert date to string: date component was outside the supported range of 0-9999: ${value}`,
    );
  return String(value).padStart(width, '0');
}

const SPECIFIERS: Readonly<Record<string, Specifier>> = {
  '%': () => '%',
  B: (local) => MONTH_NAMES[civilOfDay(local.day).month - 1]!,
  G: (local) => padded(isoWeekOf(local.day).year, 4),
  H: (local) => padded(Math.floor(local.ms / 3_600_000), 2),
  L: (local) => padded(local.ms % 1000, 3),
  M: (local) => padded(Math.floor(local.ms / 60_000) % 60, 2),
  S: (local) => padded(Math.floor(local.ms / 1000) % 60, 2),
  U: (local) => padded(weekOf(local.day), 2),
  V: (local) => padded(isoWeekOf(local.day).week, 2),
  Y: (local) => padded(civilOfDay(local.day).year, 4),
  Z: (_, offset) => String(Math.trunc(offset / 60_000)),
  b: (local) => MONTH_NAMES[civilOfDay(local.day).month - 1]!.slice(0, 3),
  d: (local) => padded(civilOfDay(local.day).day, 2),
  j: (local) => padded(dayOfYearOf(local.day), 3),
  m: (local) => padded(civilOfDay(local.day).month, 2),
  u: (local) => String(isoWeekdayOf(local.day)),
  w: (local) => String(weekdayOf(local.day)),
  z: (_, offset) => {
    const minutes = Math.trunc(Math.abs(offset) / 60_000);
    return `${offset < 0 ? '-' : '+'}${padded(Math.floor(minutes / 60), 2)}${padded(minutes % 60, 2)}`;
  },
};

/** What may be read but not written, and the reverse, differs by letter. */
export const READABLE = 'BGHLMSVYZbdjmuz%';
export const WRITABLE: string = Object.keys(SPECIFIERS).join('');

/** @throws ElmoError 18535, 18536 unless all that follows a `%` is one of `letters` */
export function checkFormat(format: string, letters: string): void {
  for (let at = format.indexOf('%'); at >= 0; at = format.indexOf('%', at + 2)) {
    const letter = format[at + 1];
    if (letter === undefined) throw new ElmoError(18535, "Unmatched '%' at end of format string");
    if (!letters.includes(letter))
      throw new ElmoError(18536, `Invalid format character '%${letter}' in format string`);
  }
}

export const ISO_FORMAT = '%Y-%m-%dT%H:%M:%S.%LZ';
export const LOCAL_FORMAT = '%Y-%m-%dT%H:%M:%S.%L';

/** @param format  has been checked */
export function formatDate(instant: Instant, zone: TimeZone, format: string): string {
  const offset = zone.offsetAt(instant);
  const local = instant.plus(offset);
  let text = '';
  for (let at = 0; at < format.length; at++) {
    const character = format[at]!;
    text += character === '%' ? SPECIFIERS[format[++at]!]!(local, offset) : character;
  }
  return text;
}
