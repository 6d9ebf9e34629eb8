/** Parts of dates, and dates of parts. Source: MongoDB manual, "Date Expression Operators". */
import { isWholeDecimal } from '../../bson/decimal-arithmetic.js';
import { readInt32, readText } from '../../bson/read.js';
import { ARRAY, BOOL, DECIMAL128, INT32, INT64, OBJECT, TIMESTAMP } from '../../bson/types.js';
import { int32Value, int64OfNumber, NULL_VALUE, Value } from '../../bson/value.js';
import { ElementWalker } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import {
  civilOfDay,
  DAY_MS,
  dateOf,
  dayOfMonths,
  dayOfYearOf,
  Instant,
  isoWeekdayOf,
  isoWeekOf,
  isoYearStart,
  weekdayOf,
  weekOf,
} from '../dates/calendar.js';
import { requiredDate, zoneOperand } from '../dates/operands.js';
import { type TimeZone, UTC } from '../dates/time-zone.js';
import { checkConstant } from '../constant-parts.js';
import { elementsOf, valueText, wholeInt32 } from '../elements.js';
import {
  Expression,
  type ExpressionOperator,
  type ExpressionOperators,
  type Frame,
  type ParseScope,
} from '../expression.js';
import { decimalOf, doubleOf, isNumberType, typeNameOf } from '../numbers.js';
import { foldConstants, named, unary } from '../operator-kinds.js';
import { utf8Of } from '../strings.js';

/** What is read of a clock. */
type Part = (local: Instant) => Value;

class DatePart extends Expression {
  constructor(
    private readonly date: Expression,
    private readonly zone: Expression | undefined,
    private readonly part: Part,
  ) {
    super();
    if (date.constant === undefined) checkConstant(zone, zoneOperand);
  }

  evaluate(frame: Frame): Value {
    const date = this.date.evaluate(frame);
    if (date.isNullish) return NULL_VALUE;
    const instant = requiredDate(date);
    if (this.zone === undefined) return this.part(instant);
    const zone = this.zone.evaluate(frame);
    if (zone.isNullish) return NULL_VALUE;
    return this.part(zoneOperand(zone).localOf(instant));
  }

  override addDependencies(into: Set<string>): void {
    this.date.addDependencies(into);
    this.zone?.addDependencies(into);
  }
}

const walker = new ElementWalker();

/** `{date: …, timezone: …}`, or the date alone, or in an array of one. */
function parseDateAndZone(
  argument: Value,
  scope: ParseScope,
  name: string,
): [Expression, Expression | undefined] {
  if (argument.type === ARRAY) {
    const elements = elementsOf(argument);
    if (elements.length !== 1)
      throw new ElmoError(
        40536,
        `${name} accepts exactly one argument if given an array, but was given ${elements.length}`,
      );
    return [scope.parse(elements[0]!), undefined];
  }
  if (argument.type !== OBJECT) return [scope.parse(argument), undefined];
  walker.open(argument.bytes, argument.at);
  const given = new Map<string, Value>();
  while (walker.next()) {
    const key = readText(argument.bytes, walker.nameStart, walker.nameEnd);
    if (given.size === 0 && key.startsWith('$')) return [scope.parse(argument), undefined];
    if (key !== 'date' && key !== 'timezone')
      throw new ElmoError(40535, `unrecognized option to ${name}: "${key}"`);
    given.set(key, new Value(walker.type, argument.bytes, walker.valueStart));
  }
  const date = given.get('date');
  if (date === undefined)
    throw new ElmoError(
      40539,
      `missing 'date' argument to ${name}, provided: ${name}: ${valueText(argument)}`,
    );
  const zone = given.get('timezone');
  return [scope.parse(date), zone === undefined ? undefined : scope.parse(zone)];
}

function datePart(part: Part): ExpressionOperator {
  return {
    parse: (argument, scope, name) => {
      const [date, zone] = parseDateAndZone(argument, scope, name);
      return foldConstants(new DatePart(date, zone, part), zone === undefined ? [date] : [date, zone]);
    },
  };
}

const writer = new BsonWriter();

function partsDocument(fields: readonly (readonly [name: string, value: number])[]): Value {
  writer.clear();
  const start = writer.beginDocument();
  for (const [name, value] of fields) {
    writer.writeName(INT32, utf8Of(name));
    writer.writeInt32(value);
  }
  writer.endDocument(start);
  return new Value(OBJECT, writer.toBytes(), 0);
}

class DateToParts extends Expression {
  constructor(
    private readonly date: Expression,
    private readonly zone: Expression | undefined,
    private readonly iso8601: Expression | undefined,
  ) {
    super();
  }

  evaluate(frame: Frame): Value {
    const date = this.date.evaluate(frame);
    let zone: TimeZone = UTC;
    if (this.zone !== undefined) {
      const value = this.zone.evaluate(frame);
      if (value.isNullish) return NULL_VALUE;
      zone = zoneOperand(value);
    }
    let isIso = false;
    if (this.iso8601 !== undefined) {
      const value = this.iso8601.evaluate(frame);
      if (value.isNullish) return NULL_VALUE;
      if (value.type !== BOOL)
        throw new ElmoError(40521, `iso8601 must evaluate to a bool, found ${typeNameOf(value)}`);
      isIso = value.bytes[value.at] === 1;
    }
    if (date.isNullish) return NULL_VALUE;
    const { day, ms } = zone.localOf(requiredDate(date));
    const clock = [
      ['hour', Math.floor(ms / 3_600_000)],
      ['minute', Math.floor(ms / 60_000) % 60],
      ['second', Math.floor(ms / 1000) % 60],
      ['millisecond', ms % 1000],
    ] as const;
    if (!isIso) {
      const civil = civilOfDay(day);
      return partsDocument([['year', civil.year], ['month', civil.month], ['day', civil.day], ...clock]);
    }
    const { year, week } = isoWeekOf(day);
    return partsDocument([
      ['isoWeekYear', year],
      ['isoWeek', week],
      ['isoDayOfWeek', isoWeekdayOf(day)],
      ...clock,
    ]);
  }

  override addDependencies(into: Set<string>): void {
    for (const part of [this.date, this.zone, this.iso8601]) part?.addDependencies(into);
  }
}

const NATURAL_PARTS = ['year', 'month', 'day'] as const;
const ISO_PARTS = ['isoWeekYear', 'isoWeek', 'isoDayOfWeek'] as const;
const CLOCK_PARTS = ['hour', 'minute', 'second', 'millisecond'] as const;
const MOST_PART = 32767;
/** Seconds and milliseconds may be any whole number whose sum is a date. */
const MOST_SECONDS = 2 ** 53;

class DateFromParts extends Expression {
  constructor(
    private readonly parts: Readonly<Record<string, Expression | undefined>>,
    private readonly isIso: boolean,
  ) {
    super();
    const all = Object.values(parts);
    if (all.every((part) => part?.constant !== undefined)) return;
    checkConstant(parts['timezone'], zoneOperand);
    for (const name of CLOCK_PARTS) checkConstant(parts[name], (value) => wholePart(value, name));
  }

  evaluate(frame: Frame): Value {
    const numbers: number[] = [];
    for (const name of CLOCK_PARTS) {
      const part = this.number(frame, name, 0);
      if (part === undefined) return NULL_VALUE;
      numbers.push(part);
    }
    let zone: TimeZone = UTC;
    if (this.parts['timezone'] !== undefined) {
      const value = this.parts['timezone'].evaluate(frame);
      if (value.isNullish) return NULL_VALUE;
      zone = zoneOperand(value);
    }
    for (const name of this.isIso ? ISO_PARTS : NATURAL_PARTS) {
      const part = this.number(frame, name, 1);
      if (part === undefined) return NULL_VALUE;
      numbers.push(part);
    }
    const [hour, minute, seconds, millisecond, year, second, third] = numbers as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    if (year < 1 || year > 9999)
      throw new ElmoError(
        this.isIso ? 31095 : 40523,
        `'${this.isIso ? 'isoWeekYear' : 'year'}' must evaluate to an integer in the range 1 to 9999, found ${year}`,
      );
    const day = this.isIso
      ? isoYearStart(year) + (second - 1) * 7 + third - 1
      : dayOfMonths(year, second, third);
    const clock = new Instant(day, 0).plus((hour * 60 + minute) * 60_000);
    const days = Math.floor(seconds / 86_400);
    const local = new Instant(clock.day + days, clock.ms).plus((seconds - days * 86_400) * 1000);
    const moreDays = Math.floor(millisecond / DAY_MS);
    return dateOf(
      zone.instantOf(new Instant(local.day + moreDays, local.ms).plus(millisecond - moreDays * DAY_MS)),
    );
  }

  private number(frame: Frame, name: string, absent: number): number | undefined {
    const expression = this.parts[name];
    if (expression === undefined) return absent;
    const value = expression.evaluate(frame);
    if (value.isNullish) return undefined;
    const whole = wholePart(value, name);
    if (name === 'year' || name === 'isoWeekYear') return whole;
    const most = name === 'second' || name === 'millisecond' ? MOST_SECONDS : MOST_PART;
    if (whole > most || whole < -most - 1)
      throw new ElmoError(
        most === MOST_SECONDS ? 159 : 31034,
        `'${name}' must evaluate to a value in the range [${-most - 1}, ${most}]; value ${whole} is not in range`,
      );
    return whole;
  }

  override addDependencies(into: Set<string>): void {
    for (const part of Object.values(this.parts)) part?.addDependencies(into);
  }
}

function wholePart(value: Value, name: string): number {
  const whole = isNumberType(value.type) ? wholeOf(value) : undefined;
  if (whole === undefined)
    throw new ElmoError(
      40515,
      `'${name}' must evaluate to an integer, found ${typeNameOf(value)} with value ${valueText(value)}`,
    );
  return whole;
}

/** What a long can hold counts as whole. */
function wholeOf(value: Value): number | undefined {
  if (value.type === INT64) return doubleOf(value);
  const whole = wholeInt32(value);
  if (whole !== undefined) return whole;
  if (value.type === DECIMAL128 && !isWholeDecimal(decimalOf(value))) return undefined;
  const double = doubleOf(value);
  return Number.isInteger(double) && double >= -(2 ** 63) && double < 2 ** 63 ? double : undefined;
}

function timestampPart(offset: number, code: number): ExpressionOperator {
  return unary((value, name) => {
    if (value.isNullish) return NULL_VALUE;
    if (value.type !== TIMESTAMP)
      throw new ElmoError(code, ` Argument to ${name} must be a timestamp, but is ${typeNameOf(value)}`);
    return int64OfNumber(readInt32(value.bytes, value.at + offset) >>> 0);
  });
}

export const datePartOperators: ExpressionOperators = {
  $dateFromParts: {
    parse: (argument, scope, name) =>
      named(
        {
          optional: [...NATURAL_PARTS, ...ISO_PARTS, ...CLOCK_PARTS, 'timezone'],
          notObject: 40519,
          unknown: 40518,
          missing: 40516,
        },
        (parts) => {
          if (parts['year'] === undefined && parts['isoWeekYear'] === undefined)
            throw new ElmoError(40516, `${name} requires either 'year' or 'isoWeekYear' to be present`);
          const isIso = parts['year'] === undefined;
          const other = isIso ? NATURAL_PARTS : ISO_PARTS;
          if (other.some((part) => parts[part] !== undefined))
            throw new ElmoError(
              isIso ? 40525 : 40489,
              isIso
                ? `${name} does not allow mixing ISO dates with natural dates`
                : `${name} does not allow mixing natural dates with ISO dates`,
            );
          return new DateFromParts(parts, isIso);
        },
      ).parse(argument, scope, name),
  },
  $dateToParts: named(
    {
      required: ['date'],
      optional: ['timezone', 'iso8601'],
      notObject: 40524,
      unknown: 40520,
      missing: 40522,
    },
    ({ date, timezone, iso8601 }) => new DateToParts(date!, timezone, iso8601),
  ),
  $dayOfMonth: datePart((local) => int32Value(civilOfDay(local.day).day)),
  $dayOfWeek: datePart((local) => int32Value(weekdayOf(local.day))),
  $dayOfYear: datePart((local) => int32Value(dayOfYearOf(local.day))),
  $hour: datePart((local) => int32Value(Math.floor(local.ms / 3_600_000))),
  $isoDayOfWeek: datePart((local) => int32Value(isoWeekdayOf(local.day))),
  $isoWeek: datePart((local) => int32Value(isoWeekOf(local.day).week)),
  $isoWeekYear: datePart((local) => int64OfNumber(isoWeekOf(local.day).year)),
  $millisecond: datePart((local) => int32Value(local.ms % 1000)),
  $minute: datePart((local) => int32Value(Math.floor(local.ms / 60_000) % 60)),
  $month: datePart((local) => int32Value(civilOfDay(local.day).month)),
  $second: datePart((local) => int32Value(Math.floor(local.ms / 1000) % 60)),
  $tsIncrement: timestampPart(0, 5687302),
  $tsSecond: timestampPart(4, 5687301),
  $week: datePart((local) => int32Value(weekOf(local.day))),
  $year: datePart((local) => int32Value(civilOfDay(local.day).year)),
};
