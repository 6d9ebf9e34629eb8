/**
 * Dates in text, as $dateFromString takes them: by a format, or free. Free text is read piece by piece, each by the first
 * form that fits the most of it; a piece that fits none, or a thing said twice, is an error.
 */
import { ElmoError } from '../../errors.js';
import { DAY_MS, dayOfCivil, daysInMonth, Instant, isoYearStart, weekdayOf } from './calendar.js';
import { MONTH_NAMES } from './format.js';
import { type TimeZone, UTC } from './time-zone.js';

/** What the text has said so far. */
class Parts {
  year: number | undefined = undefined;
  month: number | undefined = undefined;
  day: number | undefined = undefined;
  isoYear: number | undefined = undefined;
  isoWeek: number | undefined = undefined;
  isoWeekday: number | undefined = undefined;
  dayOfYear: number | undefined = undefined;
  /** Day of the week, 1 is Sunday: moves the date to the next such day. */
  weekday: number | undefined = undefined;
  hour: number | undefined = undefined;
  minute = 0;
  second = 0;
  millisecond = 0;
  /** Milliseconds east of UTC, if the text says. */
  offset: number | undefined = undefined;
  isNamedUtc = false;
  /** Milliseconds since 1970, of `@123`. */
  epoch: number | undefined = undefined;

  setDate(year: number, month: number, day: number): boolean {
    if (this.year !== undefined || this.epoch !== undefined) return false;
    this.year = year;
    this.month = month;
    this.day = day;
    return true;
  }

  setTime(hour: number, minute: number, second: number, fraction: string | undefined): boolean {
    if (this.hour !== undefined || hour > 24) return false;
    this.hour = hour;
    this.minute = minute;
    this.second = second;
    this.millisecond = Number((fraction ?? '').padEnd(3, '0').slice(0, 3));
    return true;
  }

  setOffset(offset: number): boolean {
    if (this.offset !== undefined) return false;
    this.offset = offset;
    return true;
  }
}

const MONTHS = MONTH_NAMES.map((name) => name.toLowerCase());
const MONTH =
  '(?<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)';
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const HOURS_OF_ZONES: Readonly<Record<string, number>> = {
  ...{ utc: 0, gmt: 0, z: 0, est: -5, edt: -4, cst: -6, cdt: -5, mst: -7, mdt: -6, pst: -8, pdt: -7 },
  ...{
    akst: -9,
    akdt: -8,
    hst: -10,
    cet: 1,
    cest: 2,
    eet: 2,
    eest: 3,
    wet: 0,
    west: 1,
    bst: 1,
    msk: 3,
    jst: 9,
  },
};

function monthOf(name: string): number {
  return MONTHS.findIndex((month) => month.startsWith(name.toLowerCase().slice(0, 3))) + 1;
}

/** Two digits are of 1970 to 2069. */
function fullYear(digits: string): number {
  const year = Number(digits);
  return digits.length > 2 ? year : year < 70 ? 2000 + year : 1900 + year;
}

interface Form {
  readonly pattern: RegExp;
  /** @returns false if it was said before, or is out of range */
  take(parts: Parts, found: Readonly<Record<string, string | undefined>>): boolean;
}

function form(pattern: string, take: Form['take']): Form {
  return { pattern: new RegExp(pattern, 'iy'), take };
}

const takeDate: Form['take'] = (parts, { year, month, day }) =>
  parts.setDate(fullYear(year!), /^\d/.test(month!) ? Number(month) : monthOf(month!), Number(day ?? 1));
const takeTime: Form['take'] = (parts, { hour, minute, second, fraction, half }) => {
  let hours = Number(hour);
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return false;
    hours = (hours % 12) + (half.toLowerCase().startsWith('p') ? 12 : 0);
  }
  return parts.setTime(hours, Number(minute ?? 0), Number(second ?? 0), fraction);
};
const takeIsoWeek: Form['take'] = (parts, { year, week, weekday }) => {
  if (!parts.setDate(Number(year), 1, 1)) return false;
  parts.isoYear = Number(year);
  parts.isoWeek = Number(week);
  parts.isoWeekday = weekday === undefined ? 1 : Number(weekday);
  return true;
};

const MONTH_NUMBER = '(?<month>0?[1-9]|1[0-2])';
const DAY_NUMBER = '(?<day>0?[1-9]|[12]\\d|3[01])';
const FREE_FORMS: readonly Form[] = [
  form('@(?<seconds>-?\\d+)', (parts, { seconds }) => {
    if (parts.epoch !== undefined) return false;
    parts.epoch = Number(seconds) * 1000;
    return parts.setOffset(0);
  }),
  form('(?<year>\\d{4})-?W(?<week>0[1-9]|[1-4]\\d|5[0-3])(?:-?(?<weekday>[0-7]))?', takeIsoWeek),
  form(`(?<year>\\d{4})[-/]${MONTH_NUMBER}[-/]${DAY_NUMBER}(?!\\d)`, takeDate),
  form(`${MONTH_NUMBER}/${DAY_NUMBER}/(?<year>\\d{4}|\\d{2}|\\d)(?!\\d)`, takeDate),
  form(`${DAY_NUMBER}[-.]${MONTH_NUMBER}[-.](?<year>\\d{4})(?!\\d)`, takeDate),
  form(`(?<year>\\d{1,2})-${MONTH_NUMBER}-${DAY_NUMBER}(?!\\d)`, takeDate),
  form('(?<year>\\d{4})(?<month>0[1-9]|1[0-2])(?<day>0[1-9]|[12]\\d|3[01])(?!\\d)', takeDate),
  form(`(?<year>\\d{4})-${MONTH}-${DAY_NUMBER}(?!\\d)`, takeDate),
  form(`${DAY_NUMBER}(?:st|nd|rd|th)?[ \\t.-]*${MONTH}[ \\t.,-]*(?<year>\\d{4}|\\d{2})(?![\\d:])`, takeDate),
  form(`${MONTH}[ \\t.-]*${DAY_NUMBER}(?:st|nd|rd|th)?[ \\t.,]+(?<year>\\d{4})(?![\\d:])`, takeDate),
  form(`${MONTH}[ \\t.-]*(?<year>\\d{4})(?!\\d)`, takeDate),
  form(`(?<year>\\d{4})[ \\t.-]*${MONTH}(?![a-z])`, takeDate),
  form(`(?<year>\\d{4})-${MONTH_NUMBER}(?!\\d)`, takeDate),
  form(
    't?(?<hour>0?[1-9]|1[0-2])(?::(?<minute>[0-5]\\d))?(?::(?<second>[0-5]\\d))?[ \\t]*(?<half>[ap]\\.?m\\.?)(?![a-z])',
    takeTime,
  ),
  form(
    't?(?<hour>[01]?\\d|2[0-4]):(?<minute>[0-5]?\\d)(?::(?<second>[0-5]?\\d|60)(?:[.:](?<fraction>\\d+))?)?(?!\\d)',
    takeTime,
  ),
  form(
    't(?<hour>[01]\\d|2[0-4])(?<minute>[0-5]\\d)(?<second>[0-5]\\d)(?:[.:](?<fraction>\\d+))?(?!\\d)',
    takeTime,
  ),
  form('t(?<hour>[01]\\d|2[0-4])(?<minute>[0-5]\\d)(?!\\d)', takeTime),
  form('t(?<hour>[01]?\\d|2[0-4])(?!\\d)', takeTime),
  form('noon(?![a-z])', (parts) => parts.setTime(12, 0, 0, undefined)),
  form('midnight(?![a-z])', (parts) => parts.setTime(0, 0, 0, undefined)),
  form('(?<sign>[+-])(?<hours>\\d{1,2}):?(?<minutes>[0-5]\\d)?(?!\\d)', (parts, { sign, hours, minutes }) => {
    const offset = (Number(hours) * 60 + Number(minutes ?? 0)) * 60_000;
    return parts.setOffset(sign === '-' ? -offset : offset);
  }),
  form('\\(?(?<name>[a-z]{1,4})\\)?(?![a-z/_])', (parts, { name }) => {
    const hours = HOURS_OF_ZONES[name!.toLowerCase()];
    if (hours === undefined) return false;
    parts.isNamedUtc = name === 'UTC' || name === 'Z' || name === 'z';
    return parts.setOffset(hours * 3_600_000);
  }),
];
const WEEKDAY_FORM = new RegExp(
  '(?<weekday>sun|mon|tue|wed|thu|fri|sat)(?:days?|s(?:day)?|nesday|rs(?:day)?|r|urday)?(?![a-z])',
  'iy',
);
const BLANKS = /[\s.,;\0]+/y;

function malformed(text: string, at: number, why: string): ElmoError {
  return new ElmoError('ConversionFailure', `Error parsing date string '${text}'; ${at}: ${why}`);
}

/** @throws ElmoError ConversionFailure */
export function parseFreeDate(text: string, zone: TimeZone | undefined): Instant {
  if (text.trim() === '') throw malformed(text, 0, 'Empty string');
  const parts = new Parts();
  for (let at = 0; at < text.length;) {
    BLANKS.lastIndex = at;
    const blanks = BLANKS.exec(text);
    if (blanks !== null) {
      at += blanks[0].length;
      continue;
    }
    WEEKDAY_FORM.lastIndex = at;
    const weekday = WEEKDAY_FORM.exec(text);
    if (weekday !== null) {
      parts.weekday = WEEKDAYS.indexOf(weekday[1]!.toLowerCase()) + 1;
      at += weekday[0].length;
      continue;
    }
    const length = takeForm(text, at, parts);
    if (length === 0) throw malformed(text, at, `Unexpected character '${text[at]!}'`);
    at += length;
  }
  return assemble(text, parts, zone);
}

/** @returns how much of the text was taken, 0 if no form fits */
function takeForm(text: string, at: number, parts: Parts): number {
  for (const { pattern, take } of FREE_FORMS) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null && take(parts, found.groups ?? {})) return found[0].length;
  }
  // the T of 2024-02-29T, a time of day that is the zone T (UTC-7) when nothing follows
  if (/^t$/i.test(text.slice(at)) && parts.setOffset(-7 * 3_600_000)) return 1;
  return 0;
}

type Reader = readonly [pattern: RegExp, take: (parts: Parts, text: string) => boolean];

function number(
  pattern: RegExp,
  field:
    | 'year'
    | 'month'
    | 'day'
    | 'isoYear'
    | 'isoWeek'
    | 'isoWeekday'
    | 'hour'
    | 'minute'
    | 'second'
    | 'dayOfYear',
): Reader {
  return [
    pattern,
    (parts, text) => {
      parts[field] = Number(text);
      return true;
    },
  ];
}

/** By the letter of a format. */
const READERS: Readonly<Record<string, Reader>> = {
  B: [new RegExp(MONTH, 'iy'), (parts, text) => (parts.month = monthOf(text)) > 0],
  G: number(/\d{1,4}/y, 'isoYear'),
  H: number(/\d{1,2}/y, 'hour'),
  L: [
    /\d{1,3}/y,
    (parts, text) => {
      parts.millisecond = Number(text.padEnd(3, '0'));
      return true;
    },
  ],
  M: number(/\d{1,2}/y, 'minute'),
  S: number(/\d{1,2}/y, 'second'),
  V: number(/\d{1,2}/y, 'isoWeek'),
  Y: number(/\d{1,4}/y, 'year'),
  Z: [/[+-]\d{1,3}/y, (parts, text) => parts.setOffset(Number(text) * 60_000)],
  b: [new RegExp(MONTH, 'iy'), (parts, text) => (parts.month = monthOf(text)) > 0],
  d: number(/\d{1,2}/y, 'day'),
  j: [
    /\d{1,3}/y,
    (parts, text) => {
      parts.dayOfYear = Number(text);
      return parts.year !== undefined;
    },
  ],
  m: number(/\d{1,2}/y, 'month'),
  u: number(/[1-7]/y, 'isoWeekday'),
  z: [
    /(?:[+-]\d{2}:?(?:\d{2})?|Z|UTC|GMT)/iy,
    (parts, text) => {
      const found = /^([+-])(\d\d):?(\d\d)?$/.exec(text);
      if (found === null) return parts.setOffset(0);
      const offset = (Number(found[2]) * 60 + Number(found[3] ?? 0)) * 60_000;
      return parts.setOffset(found[1] === '-' ? -offset : offset);
    },
  ],
  '%': [/%/y, () => true],
};

/**
 * @param format  has been checked
 * @throws ElmoError ConversionFailure
 */
export function parseFormattedDate(text: string, format: string, zone: TimeZone | undefined): Instant {
  const parts = new Parts();
  let at = 0;
  for (let i = 0; i < format.length; i++) {
    const character = format[i]!;
    if (character !== '%') {
      if (text[at] !== character) throw malformed(text, at, 'Format literal not found');
      at++;
      continue;
    }
    const [pattern, take] = READERS[format[++i]!]!;
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null || !take(parts, found[0])) throw malformed(text, at, 'Unexpected data found');
    at += found[0].length;
  }
  if (at < text.length) throw malformed(text, at, 'Trailing data');
  return assemble(text, parts, zone);
}

function assemble(text: string, parts: Parts, zone: TimeZone | undefined): Instant {
  if (parts.offset !== undefined && zone !== undefined && !zone.isUtc)
    throw new ElmoError(
      'ConversionFailure',
      'you cannot pass in a date/time string with time zone information together with a timezone argument',
    );
  const local =
    parts.epoch === undefined
      ? new Instant(dayOf(text, parts), clockOf(text, parts))
      : new Instant(0, 0).plus(parts.epoch);
  if (parts.offset !== undefined) return local.plus(-parts.offset);
  return (zone ?? UTC).instantOf(local);
}

function dayOf(text: string, parts: Parts): number {
  if (parts.isoYear !== undefined && parts.isoWeek !== undefined)
    return isoYearStart(parts.isoYear) + (parts.isoWeek - 1) * 7 + (parts.isoWeekday ?? 1) - 1;
  if (parts.year !== undefined && parts.dayOfYear !== undefined)
    return dayOfCivil(parts.year, 1, 1) + parts.dayOfYear; // as the reference has it: one too many
  if (parts.year === undefined || parts.month === undefined || parts.day === undefined)
    throw new ElmoError(
      'ConversionFailure',
      `an incomplete date/time string has been found, with elements missing: "${text}"`,
    );
  const { year, month, day } = parts;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month))
    throw malformed(text, text.length, 'The parsed date was invalid');
  const days = dayOfCivil(year, month, day);
  if (parts.weekday === undefined) return days;
  return days + ((parts.weekday - weekdayOf(days) + 7) % 7);
}

function clockOf(text: string, parts: Parts): number {
  const { hour = 0, minute, second, millisecond } = parts;
  if (hour > 23 || minute > 59 || second > 59)
    throw malformed(text, text.length, 'The parsed time was invalid');
  const ms = hour * 3_600_000 + minute * 60_000 + second * 1000 + millisecond;
  return ms % DAY_MS;
}
