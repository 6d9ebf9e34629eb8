/** Dates as text: 2024-01-01T00:00:00Z, with thousandths where there are any. */

/** The last moment of the year 9999. */
export const LAST_ISO_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const DAY_MS = 86_400_000;
const ZERO = 0x30;
const [DASH, LETTER_T, COLON, DOT, LETTER_Z] = [0x2d, 0x54, 0x3a, 0x2e, 0x5a];

/** Days of 400 years, of 100 with one leap day less, of 4 with one more, of one. */
const [DAYS_400, DAYS_100, DAYS_4, DAYS_1] = [146_097, 36_524, 1461, 365];
/** From 0000-03-01, which the leap days of a year lie at the end of, to 1970-01-01. */
const DAYS_BEFORE_1970 = 719_468;

/**
 * @param ms  milliseconds since 1970, 0 to LAST_ISO_MS
 * @param at  there is room for 24 bytes
 * @returns the offset after it
 */
export function writeIsoDate(bytes: Uint8Array, at: number, ms: number): number {
  const day = Math.floor(ms / DAY_MS);
  let rest = ms - day * DAY_MS;
  const thousandths = rest % 1000;
  rest = (rest - thousandths) / 1000;
  at = writeDay(bytes, at, day + DAYS_BEFORE_1970);
  bytes[at++] = LETTER_T;
  at = writeTwo(bytes, at, (rest / 3600) | 0);
  bytes[at++] = COLON;
  at = writeTwo(bytes, at, ((rest / 60) | 0) % 60);
  bytes[at++] = COLON;
  at = writeTwo(bytes, at, rest % 60);
  if (thousandths > 0) {
    bytes[at++] = DOT;
    bytes[at++] = ZERO + ((thousandths / 100) | 0);
    at = writeTwo(bytes, at, thousandths % 100);
  }
  bytes[at++] = LETTER_Z;
  return at;
}

/** @param days  since 0000-03-01 */
function writeDay(bytes: Uint8Array, at: number, days: number): number {
  const era = (days / DAYS_400) | 0;
  let rest = days - era * DAYS_400;
  const century = Math.min((rest / DAYS_100) | 0, 3);
  rest -= century * DAYS_100;
  const leap = (rest / DAYS_4) | 0;
  rest -= leap * DAYS_4;
  const single = Math.min((rest / DAYS_1) | 0, 3);
  rest -= single * DAYS_1;
  // months from March on have 31, 30, 31, 30, 31 days, again and again
  const fromMarch = ((5 * rest + 2) / 153) | 0;
  const day = rest - (((153 * fromMarch + 2) / 5) | 0) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = 400 * era + 100 * century + 4 * leap + single + (month <= 2 ? 1 : 0);
  at = writeTwo(bytes, at, (year / 100) | 0);
  at = writeTwo(bytes, at, year % 100);
  bytes[at++] = DASH;
  at = writeTwo(bytes, at, month);
  bytes[at++] = DASH;
  return writeTwo(bytes, at, day);
}

function writeTwo(bytes: Uint8Array, at: number, value: number): number {
  const tens = (value / 10) | 0;
  bytes[at] = ZERO + tens;
  bytes[at + 1] = ZERO + value - 10 * tens;
  return at + 2;
}
