/**
 * `%Y-%m-%d` and the like: what $dateToString writes. Source: MongoDB manual, "Format Specifiers".
 */
import { ElmoError } from '../../errors.js';
import {
  type Civil,
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

/** What a clock shows; the day of the calendar is worked out once. */
class Clock {
  private known: Civil | undefined = undefined;

  constructor(
    readonly local: Instant,
    /** Milliseconds ahead of UTC. */
    readonly offset: number,
  ) {}

  get day(): number {
    return this.local.day;
  }

  get ms(): number {
    return this.local.ms;
  }

  get civil(): Civil {
    return (this.known ??= civilOfDay(this.local.day));
  }
}

type Specifier = (clock: Clock) => string;

function padded(value: number, width: number): string {
  if (value < 10 && value >= 0 && width === 2) return `0${value}`;
  if (value < 0 || value > 9999)
    throw new ElmoError(
      18537,
      `Could not convert date to string: date component was outside the supported range of 0-9999: ${value}`,
    );
  return String(value).padStart(width, '0');
}

const SPECIFIERS: Readonly<Record<string, Specifier>> = {
  '%': () => '%',
  B: (clock) => MONTH_NAMES[clock.civil.month - 1]!,
  G: (clock) => padded(isoWeekOf(clock.day).year, 4),
  H: (clock) => padded(Math.floor(clock.ms / 3_600_000), 2),
  L: (clock) => padded(clock.ms % 1000, 3),
  M: (clock) => padded(Math.floor(clock.ms / 60_000) % 60, 2),
  S: (clock) => padded(Math.floor(clock.ms / 1000) % 60, 2),
  U: (clock) => padded(weekOf(clock.day), 2),
  V: (clock) => padded(isoWeekOf(clock.day).week, 2),
  Y: (clock) => padded(clock.civil.year, 4),
  Z: ({ offset }) => String(Math.trunc(offset / 60_000)),
  b: (clock) => MONTH_NAMES[clock.civil.month - 1]!.slice(0, 3),
  d: (clock) => padded(clock.civil.day, 2),
  j: (clock) => padded(dayOfYearOf(clock.day), 3),
  m: (clock) => padded(clock.civil.month, 2),
  u: (clock) => String(isoWeekdayOf(clock.day)),
  w: (clock) => String(weekdayOf(clock.day)),
  z: ({ offset }) => {
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
  const clock = new Clock(instant.plus(offset), offset);
  let text = '';
  let from = 0;
  for (let at = format.indexOf('%'); at >= 0; at = format.indexOf('%', from)) {
    text += format.slice(from, at) + SPECIFIERS[format[at + 1]!]!(clock);
    from = at + 2;
  }
  return text + format.slice(from);
}
