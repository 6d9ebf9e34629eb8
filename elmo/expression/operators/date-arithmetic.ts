/** $dateAdd $dateSubtract $dateDiff $dateTrunc. Source: MongoDB manual, "Date Expression Operators". */
import { readDecimal, toIntegral, truncatedBigint, compareDecimals } from '../../bson/decimal-arithmetic.js';
import { readDouble } from '../../bson/read.js';
import { DECIMAL128, DOUBLE } from '../../bson/types.js';
import { int64Value, NULL_VALUE, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import {
  civilOfDay,
  DAY_MS,
  dateOf,
  dayOfMonths,
  daysInMonth,
  Instant,
  instantOfExact,
  modulo,
  weekdayOf,
} from '../dates/calendar.js';
import {
  dateOperand,
  isMonthly,
  type TimeUnit,
  UNIT_MONTHS,
  UNIT_MS,
  unitOperand,
  weekdayOperand,
  zoneOperand,
} from '../dates/operands.js';
import { type TimeZone, UTC } from '../dates/time-zone.js';
import { checkConstant } from '../constant-parts.js';
import { valueText } from '../elements.js';
import { Expression, type ExpressionOperator, type ExpressionOperators, type Frame } from '../expression.js';
import { bigintOf, fitsInt64, INT64_MAX, INT64_MIN, isNumberType, typeNameOf } from '../numbers.js';
import { foldConstants, named, namedArguments } from '../operator-kinds.js';

type Operands = Readonly<Record<string, Expression | undefined>>;

/** A whole number of any type that a long can hold; undefined for others. */
function wholeInt64(value: Value): bigint | undefined {
  if (!isNumberType(value.type)) return undefined;
  if (value.type === DOUBLE) {
    const double = readDouble(value.bytes, value.at);
    if (!Number.isInteger(double)) return undefined;
    const whole = BigInt(double);
    return fitsInt64(whole) ? whole : undefined;
  }
  if (value.type !== DECIMAL128) return bigintOf(value);
  const decimal = readDecimal(value.bytes, value.at);
  if (!decimal.isFinite || decimal.exponent > 19) return undefined;
  const integral = toIntegral(decimal, 'truncate');
  if (compareDecimals(integral, decimal) !== 0) return undefined;
  const whole = truncatedBigint(integral);
  return fitsInt64(whole) ? whole : undefined;
}

/** Refuses constants that are wrong whatever the row, unless all are constant: then what the operator looks at decides. */
function checkParameters(operands: Operands, name: string): void {
  if (Object.values(operands).every((operand) => operand?.constant !== undefined)) return;
  checkConstant(operands['unit'], (value) => unitOperand(value, name));
  checkConstant(operands['startOfWeek'], (value) => weekdayOperand(value, name));
  checkConstant(operands['timezone'], zoneOperand);
  checkConstant(operands['binSize'], (value) => binSizeOf(value, name));
}

abstract class DateOperator extends Expression {
  constructor(
    protected readonly operands: Operands,
    protected readonly name: string,
  ) {
    super();
  }

  override addDependencies(into: Set<string>): void {
    for (const operand of Object.values(this.operands)) operand?.addDependencies(into);
  }

  /** A required date operand that is not null. */
  protected date(value: Value, which: string): Instant {
    const instant = dateOperand(value);
    if (instant === undefined)
      throw new ElmoError(
        5166307,
        `${this.name} requires '${which}' to be a date, but got ${typeNameOf(value)}`,
      );
    return instant;
  }
}

/** More of a unit than years of a 64-bit count of milliseconds hold. */
const MOST_YEARS = 584_542_046n;
const MOST_AMOUNTS: Readonly<Record<TimeUnit, bigint>> = {
  year: MOST_YEARS,
  quarter: MOST_YEARS * 4n,
  month: MOST_YEARS * 12n,
  week: (MOST_YEARS * 366n) / 7n,
  day: MOST_YEARS * 366n,
  hour: MOST_YEARS * 366n * 24n,
  minute: MOST_YEARS * 366n * 1440n,
  second: MOST_YEARS * 366n * 86_400n,
  millisecond: INT64_MAX + 1n,
};

/** An instant so many units later, by the clocks of a zone for units of a day and more. */
export function addUnits(instant: Instant, unit: TimeUnit, amount: bigint, zone: TimeZone): Instant {
  if (amount > MOST_AMOUNTS[unit] || amount < -MOST_AMOUNTS[unit])
    throw new ElmoError(5976500, `invalid dateAdd 'amount' parameter value: ${amount} ${unit}`);
  if (isMonthly(unit)) {
    const local = zone.localOf(instant);
    const { year, month, day } = civilOfDay(local.day);
    const months = year * 12 + month - 1 + Number(amount) * UNIT_MONTHS[unit];
    const newYear = Math.floor(months / 12);
    const newMonth = months - newYear * 12 + 1;
    const newDay = Math.min(day, daysInMonth(newYear, newMonth));
    return zone.instantOf(new Instant(dayOfMonths(newYear, newMonth, newDay), local.ms));
  }
  if (unit === 'day' || unit === 'week') {
    const local = zone.localOf(instant);
    const days = Number(amount) * (unit === 'week' ? 7 : 1);
    return zone.instantOf(new Instant(local.day + days, local.ms));
  }
  const sum = instant.totalExact + amount * BigInt(UNIT_MS[unit]);
  if (!fitsInt64(sum)) throw new ElmoError(unit === 'millisecond' ? 159 : 5166406, 'dateAdd overflowed');
  return instantOfExact(sum);
}

class DateAdd extends DateOperator {
  constructor(
    operands: Operands,
    name: string,
    private readonly isBack: boolean,
  ) {
    super(operands, name);
  }

  evaluate(frame: Frame): Value {
    const { operands, name } = this;
    const start = operands['startDate']!.evaluate(frame);
    if (start.isNullish) return NULL_VALUE;
    const unitValue = operands['unit']!.evaluate(frame);
    if (unitValue.isNullish) return NULL_VALUE;
    const unit = unitOperand(unitValue, name);
    const amountValue = operands['amount']!.evaluate(frame);
    if (amountValue.isNullish) return NULL_VALUE;
    const zoneValue = operands['timezone']?.evaluate(frame);
    if (zoneValue?.isNullish === true) return NULL_VALUE;
    const zone = zoneValue === undefined ? UTC : zoneOperand(zoneValue);
    const instant = dateOperand(start);
    if (instant === undefined)
      throw new ElmoError(5166403, `${name} requires startDate to be convertible to a date`);
    const amount = wholeInt64(amountValue);
    if (amount === undefined) throw new ElmoError(5166405, `${name} expects integer amount of time units`);
    if (this.isBack && amount === INT64_MIN)
      throw new ElmoError(6045000, `invalid ${name} 'amount' parameter value: ${amount}`);
    return dateOf(addUnits(instant, unit, this.isBack ? -amount : amount, zone), 5166406);
  }
}

function dateAdd(isBack: boolean): ExpressionOperator {
  const names = ['startDate', 'unit', 'amount', 'timezone'];
  return {
    parse: (argument, scope, name) => {
      const given = namedArguments(argument, name, {
        optional: names,
        notObject: 5166400,
        unknown: 5166401,
        missing: 5166402,
      });
      for (const required of ['startDate', 'unit', 'amount'])
        if (!given.has(required))
          throw new ElmoError(5166402, `${name} requires startDate, unit, and amount to be present`);
      const operands: Record<string, Expression> = {};
      for (const [key, value] of given) operands[key] = scope.parse(value);
      checkParameters(operands, name);
      return foldConstants(new DateAdd(operands, name, isBack), Object.values(operands));
    },
  };
}

/** Prefixes what a zone is refused with. */
function zoneOfParameter(value: Value | undefined, name: string): TimeZone {
  if (value === undefined) return UTC;
  try {
    return zoneOperand(value);
  } catch (error) {
    if (!(error instanceof ElmoError)) throw error;
    throw new ElmoError(
      error.code,
      `${name} parameter 'timezone' value parsing failed :: caused by :: ${error.message}`,
    );
  }
}

class DateDiff extends DateOperator {
  evaluate(frame: Frame): Value {
    const { operands, name } = this;
    const startValue = operands['startDate']!.evaluate(frame);
    if (startValue.isNullish) return NULL_VALUE;
    const endValue = operands['endDate']!.evaluate(frame);
    if (endValue.isNullish) return NULL_VALUE;
    const unitValue = operands['unit']!.evaluate(frame);
    if (unitValue.isNullish) return NULL_VALUE;
    const unit = unitOperand(unitValue, name);
    let startOfWeek = 1;
    if (unit === 'week' && operands['startOfWeek'] !== undefined) {
      const weekValue = operands['startOfWeek'].evaluate(frame);
      if (weekValue.isNullish) return NULL_VALUE;
      startOfWeek = weekdayOperand(weekValue, name);
    }
    const zoneValue = operands['timezone']?.evaluate(frame);
    if (zoneValue?.isNullish === true) return NULL_VALUE;
    const zone = zoneOfParameter(zoneValue, name);
    const start = this.date(startValue, 'startDate');
    const end = this.date(endValue, 'endDate');
    return int64Value(differenceIn(unit, start, end, zone, startOfWeek));
  }
}

/** How many borders of the unit lie between. */
function differenceIn(
  unit: TimeUnit,
  start: Instant,
  end: Instant,
  zone: TimeZone,
  startOfWeek: number,
): bigint {
  if (isMonthly(unit)) {
    const from = civilOfDay(zone.localOf(start).day);
    const to = civilOfDay(zone.localOf(end).day);
    const length = UNIT_MONTHS[unit];
    const index = (year: number, month: number): number => Math.floor((year * 12 + month - 1) / length);
    return BigInt(index(to.year, to.month) - index(from.year, from.month));
  }
  if (unit === 'day') return BigInt(zone.localOf(end).day - zone.localOf(start).day);
  if (unit === 'week') {
    // of day 0, a Thursday, the week started so many days before
    const shift = modulo(5 - startOfWeek, 7);
    const week = (day: number): number => Math.floor((day + shift) / 7);
    return BigInt(week(zone.localOf(end).day) - week(zone.localOf(start).day));
  }
  const length = UNIT_MS[unit];
  const [before, after] = [zone.offsetAt(start), zone.offsetAt(end)];
  const index = (instant: Instant, offset: number): bigint => {
    const local = instant.plus(offset).totalExact;
    const by = BigInt(length);
    const quotient = local / by;
    return local % by < 0n ? quotient - 1n : quotient;
  };
  // whole units by which the clock was moved have not passed
  return index(end, after) - index(start, before) - BigInt(Math.trunc((after - before) / length));
}

class DateTrunc extends DateOperator {
  evaluate(frame: Frame): Value {
    const { operands, name } = this;
    const dateValue = operands['date']!.evaluate(frame);
    if (dateValue.isNullish) return NULL_VALUE;
    const unitValue = operands['unit']!.evaluate(frame);
    if (unitValue.isNullish) return NULL_VALUE;
    const binValue = operands['binSize']?.evaluate(frame);
    if (binValue?.isNullish === true) return NULL_VALUE;
    const binSize = binValue === undefined ? 1n : binSizeOf(binValue, name);
    const unit = unitOperand(unitValue, name);
    let startOfWeek = 1;
    if (unit === 'week' && operands['startOfWeek'] !== undefined) {
      const weekValue = operands['startOfWeek'].evaluate(frame);
      if (weekValue.isNullish) return NULL_VALUE;
      startOfWeek = weekdayOperand(weekValue, name);
    }
    const zoneValue = operands['timezone']?.evaluate(frame);
    if (zoneValue?.isNullish === true) return NULL_VALUE;
    const zone = zoneOfParameter(zoneValue, name);
    const date = this.date(dateValue, 'date');
    return dateOf(truncate(date, unit, binSize, zone, startOfWeek), isOfClocks(unit) ? 5439005 : 5166406);
  }
}

/** Those that are as long by every clock. */
type ClockUnit = 'hour' | 'minute' | 'second' | 'millisecond';

function isOfClocks(unit: TimeUnit): unit is ClockUnit {
  return unit === 'hour' || unit === 'minute' || unit === 'second' || unit === 'millisecond';
}

function binSizeOf(value: Value, name: string): bigint {
  const size = wholeInt64(value);
  if (size === undefined)
    throw new ElmoError(
      5439017,
      `${name} requires 'binSize' to be a 64-bit integer, but got value '${valueText(value)}' of type ${typeNameOf(value)}`,
    );
  if (size <= 0n)
    throw new ElmoError(5439018, `${name} requires 'binSize' to be greater than 0, but got value ${size}`);
  return size;
}

/** A larger bin of days or longer units is refused. */
const MOST_DAILY_BINS = 100_000_000_000n;

/** Bins are counted from the start of 2000, by the clocks of the zone. */
const FIRST_DAY = 10957;

function floorTo(value: number, size: number): number {
  return Math.floor(value / size) * size;
}

function truncate(
  date: Instant,
  unit: TimeUnit,
  binSize: bigint,
  zone: TimeZone,
  startOfWeek: number,
): Instant {
  if (isOfClocks(unit)) return truncateByClock(date, unit, binSize, zone);
  if (binSize > MOST_DAILY_BINS) throw new ElmoError(5439006, 'dateTrunc unsupported binSize value');
  const local = zone.localOf(date);
  if (isMonthly(unit)) {
    const size = Number(binSize) * UNIT_MONTHS[unit];
    const { year, month } = civilOfDay(local.day);
    const months = floorTo((year - 2000) * 12 + month - 1, size);
    checkDistance(months / UNIT_MONTHS[unit], unit);
    return zone.instantOf(new Instant(dayOfMonths(2000, months + 1, 1), 0));
  }
  const first = unit === 'day' ? FIRST_DAY : FIRST_DAY + modulo(startOfWeek - weekdayOf(FIRST_DAY), 7);
  const length = UNIT_MS[unit] / DAY_MS;
  const days = floorTo(local.day - first, Number(binSize) * length);
  checkDistance(days / length, unit);
  return zone.instantOf(new Instant(first + days, 0));
}

/** That the start of a bin can be told from the first one. */
function checkDistance(units: number, unit: TimeUnit): void {
  if (Math.abs(units) > MOST_AMOUNTS[unit])
    throw new ElmoError(5976500, `invalid dateAdd 'amount' parameter value: ${units} ${unit}`);
}

function truncateByClock(date: Instant, unit: ClockUnit, binSize: bigint, zone: TimeZone): Instant {
  const length = BigInt(UNIT_MS[unit]);
  if (binSize > INT64_MAX / length) throw new ElmoError(5439002, 'dateTrunc unsupported binSize value');
  const first = zone.instantOf(new Instant(FIRST_DAY, 0)).totalExact;
  const distance = date.totalExact - first;
  if (!fitsInt64(distance)) throw new ElmoError(5439000, 'dateTrunc overflowed');
  const size = binSize * length;
  const rest = distance % size;
  const binned = distance - (rest < 0n ? rest + size : rest);
  if (!fitsInt64(binned)) throw new ElmoError(5439001, 'dateTrunc overflowed');
  return instantOfExact(first + binned);
}

export const dateArithmeticOperators: ExpressionOperators = {
  $dateAdd: dateAdd(false),
  $dateDiff: named(
    {
      required: ['startDate', 'endDate', 'unit'],
      optional: ['timezone', 'startOfWeek'],
      notObject: 5166301,
      unknown: 5166302,
      missing: { startDate: 5166303, endDate: 5166304, unit: 5166305 },
    },
    (operands, name) => {
      checkParameters(operands, name);
      return new DateDiff(operands, name);
    },
  ),
  $dateSubtract: dateAdd(true),
  $dateTrunc: named(
    {
      required: ['date', 'unit'],
      optional: ['binSize', 'timezone', 'startOfWeek'],
      notObject: 5439007,
      unknown: 5439008,
      missing: { date: 5439009, unit: 5439010 },
    },
    (operands, name) => {
      checkParameters(operands, name);
      return new DateTrunc(operands, name);
    },
  ),
};
