/**
 * Dates in a form of one's own, told in one of three dialects: that of Go (2006-01-02 15:04:05), of Microsoft
 * (yyyy-MM-dd HH:mm:ss) or of Oracle (YYYY-MM-DD HH24:MI:SS). Without a zone in it, it is UTC.
 */

export type DateDialect = 'go' | 'ms' | 'oracle';

type Part =
  | 'year'
  | 'year2'
  | 'month'
  | 'monthName'
  | 'day'
  | 'hour'
  | 'hour12'
  | 'minute'
  | 'second'
  | 'fraction'
  | 'half'
  | 'zone'
  | 'weekday';

/** What a part looks like. */
const FORMS: Readonly<Record<Part, string>> = {
  year: '\\d{4}',
  year2: '\\d{2}',
  month: '\\d{1,2}',
  monthName: '[A-Za-z]{3,9}',
  day: '\\d{1,2}',
  hour: '\\d{1,2}',
  hour12: '\\d{1,2}',
  minute: '\\d{1,2}',
  second: '\\d{1,2}',
  fraction: '\\d{1,9}',
  half: '[AaPp]\\.?[Mm]\\.?',
  zone: 'Z|[-+]\\d{2}:?\\d{2}|UTC|GMT',
  weekday: '[A-Za-z]{2,9}',
};

/** The longest first where one begins as another. */
const TOKENS: Readonly<Record<DateDialect, readonly (readonly [token: string, part: Part])[]>> = {
  go: [
    ['2006', 'year'],
    ['January', 'monthName'],
    ['Jan', 'monthName'],
    ['Monday', 'weekday'],
    ['Mon', 'weekday'],
    ['Z07:00', 'zone'],
    ['-07:00', 'zone'],
    ['-0700', 'zone'],
    ['MST', 'zone'],
    ['000000', 'fraction'],
    ['000', 'fraction'],
    ['01', 'month'],
    ['02', 'day'],
    ['03', 'hour12'],
    ['04', 'minute'],
    ['05', 'second'],
    ['06', 'year2'],
    ['15', 'hour'],
    ['PM', 'half'],
    ['1', 'month'],
    ['2', 'day'],
    ['3', 'hour12'],
    ['4', 'minute'],
    ['5', 'second'],
  ],
  ms: [
    ['yyyy', 'year'],
    ['yy', 'year2'],
    ['MMMM', 'monthName'],
    ['MMM', 'monthName'],
    ['MM', 'month'],
    ['M', 'month'],
    ['dddd', 'weekday'],
    ['ddd', 'weekday'],
    ['dd', 'day'],
    ['d', 'day'],
    ['HH', 'hour'],
    ['H', 'hour'],
    ['hh', 'hour12'],
    ['h', 'hour12'],
    ['mm', 'minute'],
    ['m', 'minute'],
    ['ss', 'second'],
    ['s', 'second'],
    ['ffffff', 'fraction'],
    ['fff', 'fraction'],
    ['ff', 'fraction'],
    ['f', 'fraction'],
    ['tt', 'half'],
    ['zzz', 'zone'],
    ['K', 'zone'],
  ],
  oracle: [
    ['YYYY', 'year'],
    ['YY', 'year2'],
    ['MONTH', 'monthName'],
    ['MON', 'monthName'],
    ['MM', 'month'],
    ['DAY', 'weekday'],
    ['DY', 'weekday'],
    ['DD', 'day'],
    ['HH24', 'hour'],
    ['HH12', 'hour12'],
    ['HH', 'hour12'],
    ['MI', 'minute'],
    ['SS', 'second'],
    ['FF', 'fraction'],
    ['AM', 'half'],
    ['PM', 'half'],
    ['TZH:TZM', 'zone'],
  ],
};

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** @returns what reads such dates, and throws an Error at others */
export function dateParser(dialect: DateDialect, layout: string): (text: string) => Date {
  const parts: Part[] = [];
  let form = '';
  for (let at = 0; at < layout.length;) {
    const token = TOKENS[dialect].find(([text]) => layout.startsWith(text, at));
    if (token === undefined) form += layout[at++]!.replace(/[.*+?^${}()|[\]\\]/, '\\$&');
    else {
      parts.push(token[1]);
      form += `(${FORMS[token[1]]})`;
      at += token[0].length;
    }
  }
  const regex = new RegExp(`^${form}$`);
  return (text) => {
    const found = regex.exec(text);
    const at = found === null ? undefined : dateOf(new Map(parts.map((part, i) => [part, found[i + 1]!])));
    if (at === undefined) throw new Error(`'${text}' is no date of the form ${layout}`);
    return at;
  };
}

/** @returns undefined when there is no such day or time */
function dateOf(parts: ReadonlyMap<Part, string>): Date | undefined {
  const number = (part: Part, fallback: number): number => Number(parts.get(part) ?? fallback);
  const short = parts.get('year2');
  // as strptime: 69 to 99 are of the last century
  const year =
    short === undefined ? number('year', 1970) : Number(short) + (Number(short) >= 69 ? 1900 : 2000);
  const name = parts.get('monthName')?.slice(0, 3).toLowerCase();
  const month = name === undefined ? number('month', 1) - 1 : MONTHS.indexOf(name);
  const day = number('day', 1);
  const half = parts.get('half')?.[0]?.toLowerCase();
  const hour12 = parts.get('hour12');
  const hour = hour12 === undefined ? number('hour', 0) : (Number(hour12) % 12) + (half === 'p' ? 12 : 0);
  const fraction = Number(`0.${parts.get('fraction') ?? 0}`);
  const [minute, second] = [number('minute', 0), number('second', 0)];
  const local = new Date(0);
  local.setUTCFullYear(year, month, day);
  local.setUTCHours(hour, minute, second, Math.floor(fraction * 1000));
  const isReal =
    local.getUTCMonth() === month && local.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return isReal ? new Date(local.getTime() - offsetMs(parts.get('zone'))) : undefined;
}

function offsetMs(zone: string | undefined): number {
  const [, sign, hours, minutes] = /^([-+])(\d\d):?(\d\d)$/.exec(zone ?? '') ?? [];
  if (sign === undefined) return 0;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
