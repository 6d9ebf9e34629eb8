/** $dateToString and $dateFromString. Source: MongoDB manual, "Date Expression Operators". */
import { STRING } from '../../bson/types.js';
import { NULL_VALUE, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { dateOf } from '../dates/calendar.js';
import { checkFormat, formatDate, ISO_FORMAT, LOCAL_FORMAT, READABLE, WRITABLE } from '../dates/format.js';
import { requiredDate, zoneOperand } from '../dates/operands.js';
import { parseFormattedDate, parseFreeDate } from '../dates/parse-date.js';
import { type TimeZone, UTC } from '../dates/time-zone.js';
import { checkConstant } from '../constant-parts.js';
import { valueText } from '../elements.js';
import { Expression, type ExpressionOperators, type Frame } from '../expression.js';
import { typeNameOf } from '../numbers.js';
import { named } from '../operator-kinds.js';
import { stringOf } from '../strings.js';

type Operands = Readonly<Record<string, Expression | undefined>>;

/** A format, checked; null if it is null, undefined if there is none. */
function formatOperand(
  expression: Expression | undefined,
  frame: Frame,
  name: string,
  code: number,
  letters: string,
): string | null | undefined {
  if (expression === undefined) return undefined;
  const value = expression.evaluate(frame);
  return value.isNullish ? null : checkedFormat(value, name, code, letters);
}

function checkedFormat(value: Value, name: string, code: number, letters: string): string {
  if (value.type !== STRING)
    throw new ElmoError(
      code,
      `${name} requires that 'format' be a string, found: ${typeNameOf(value)} with value ${valueText(value)}`,
    );
  const { text } = value;
  checkFormat(text, letters);
  return text;
}

/** A zone; null if it is null, undefined if there is none. */
function zoneOf(expression: Expression | undefined, frame: Frame): TimeZone | null | undefined {
  if (expression === undefined) return undefined;
  const value = expression.evaluate(frame);
  return value.isNullish ? null : zoneOperand(value);
}

/** Refuses constants that are wrong whatever the row, unless all are constant: then what the operator looks at decides. */
function checkParameters(operands: Operands, checkFormatValue?: (format: Value) => void): void {
  if (Object.values(operands).every((operand) => operand?.constant !== undefined)) return;
  checkConstant(operands['timezone'], zoneOperand);
  if (checkFormatValue !== undefined) checkConstant(operands['format'], checkFormatValue);
}

abstract class DateText extends Expression {
  constructor(
    protected readonly operands: Operands,
    protected readonly name: string,
  ) {
    super();
  }

  override addDependencies(into: Set<string>): void {
    for (const operand of Object.values(this.operands)) operand?.addDependencies(into);
  }

  protected orNull(name: string, frame: Frame): Value {
    return this.operands[name]?.evaluate(frame) ?? NULL_VALUE;
  }
}

class DateToString extends DateText {
  evaluate(frame: Frame): Value {
    const { operands, name } = this;
    const date = operands['date']!.evaluate(frame);
    const format = formatOperand(operands['format'], frame, name, 18533, WRITABLE);
    const zone = zoneOf(operands['timezone'], frame);
    if (date.isNullish) return this.orNull('onNull', frame);
    if (zone === null || format === null) return NULL_VALUE;
    const clock = zone ?? UTC;
    return stringOf(
      formatDate(requiredDate(date), clock, format ?? (clock.isUtc ? ISO_FORMAT : LOCAL_FORMAT)),
    );
  }
}

class DateFromString extends DateText {
  evaluate(frame: Frame): Value {
    const { operands, name } = this;
    const text = operands['dateString']!.evaluate(frame);
    const format = formatOperand(operands['format'], frame, name, 40684, READABLE);
    const zone = zoneOf(operands['timezone'], frame);
    if (text.isNullish) return this.orNull('onNull', frame);
    try {
      if (text.type !== STRING)
        throw new ElmoError(
          'ConversionFailure',
          `${name} requires that 'dateString' be a string, found: ${typeNameOf(text)} with value ${valueText(text)}`,
        );
      if (zone === null || format === null) return NULL_VALUE;
      return dateOf(
        format === undefined ? parseFreeDate(text.text, zone) : parseFormattedDate(text.text, format, zone),
      );
    } catch (error) {
      const onError = operands['onError'];
      if (onError === undefined || !(error instanceof ElmoError) || error.codeName !== 'ConversionFailure')
        throw error;
      return onError.evaluate(frame);
    }
  }
}

export const dateTextOperators: ExpressionOperators = {
  $dateFromString: named(
    {
      required: ['dateString'],
      optional: ['format', 'timezone', 'onNull', 'onError'],
      notObject: 40540,
      unknown: 40541,
      missing: 40542,
    },
    (operands, name) => {
      checkParameters(operands); // a format is looked at where a text is read by it
      return new DateFromString(operands, name);
    },
  ),
  $dateToString: named(
    {
      required: ['date'],
      optional: ['format', 'timezone', 'onNull'],
      notObject: 18629,
      unknown: 18534,
      missing: 18628,
    },
    (operands, name) => {
      checkParameters(operands, (format) => checkedFormat(format, name, 18533, WRITABLE));
      return new DateToString(operands, name);
    },
  ),
};
