/** Places and parts of strings, counted in bytes or code points. Source: MongoDB manual, "String Expression Operators". */
import { readDecimal, toIntegral, truncatedBigint } from '../../bson/decimal-arithmetic.js';
import { DECIMAL128, STRING } from '../../bson/types.js';
import { int32Value, NULL_VALUE, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { valueText, wholeInt32 } from '../elements.js';
import type { ExpressionOperator, ExpressionOperators, Frame } from '../expression.js';
import { doubleOf, isNumberType, typeNameOf } from '../numbers.js';
import { between, exactly, OperatorExpression } from '../operator-kinds.js';
import { coercedText, stringOf, stringOfBytes, textBytesOf, utf8Of } from '../strings.js';

/** $indexOfBytes and $indexOfCP. */
abstract class IndexOf extends OperatorExpression {
  protected abstract readonly wrongText: number;
  protected abstract readonly wrongToken: number;
  protected abstract search(text: Value, token: Value, start: number, end: number | undefined): number;

  evaluate(frame: Frame): Value {
    const { operands, name } = this;
    const text = operands[0]!.evaluate(frame);
    if (text.isNullish) return NULL_VALUE;
    if (text.type !== STRING)
      throw new ElmoError(
        this.wrongText,
        `${name} requires a string as the first argument, found: ${typeNameOf(text)}`,
      );
    const token = operands[1]!.evaluate(frame);
    if (token.type !== STRING)
      throw new ElmoError(
        this.wrongToken,
        `${name} requires a string as the second argument, found: ${typeNameOf(token)}`,
      );
    const start = operands.length > 2 ? this.bound(operands[2]!.evaluate(frame), 'starting') : 0;
    const end = operands.length > 3 ? this.bound(operands[3]!.evaluate(frame), 'ending') : undefined;
    return int32Value(this.search(text, token, start, end));
  }

  private bound(value: Value, which: string): number {
    const whole = wholeInt32(value);
    if (whole === undefined)
      throw new ElmoError(
        40096,
        `${this.name} requires an integral ${which} index, found a value of type: ${typeNameOf(value)}, with value: ${valueText(value)}`,
      );
    if (whole < 0)
      throw new ElmoError(40097, `${this.name} requires a nonnegative ${which} index, found: ${whole}`);
    return whole;
  }
}

class IndexOfBytes extends IndexOf {
  protected readonly wrongText = 40091;
  protected readonly wrongToken = 40092;

  protected search(text: Value, token: Value, start: number, end: number | undefined): number {
    const bytes = textBytesOf(text);
    const stop = Math.min(end ?? bytes.length, bytes.length);
    if (start > bytes.length || stop < start) return -1;
    const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, stop);
    return haystack.indexOf(textBytesOf(token), start);
  }
}

class IndexOfCodePoints extends IndexOf {
  protected readonly wrongText = 40093;
  protected readonly wrongToken = 40094;

  protected search(text: Value, token: Value, start: number, end: number | undefined): number {
    const wanted = token.text;
    const characters = text.text;
    let unit = 0;
    for (let i = 0; unit < characters.length || (i === 0 && wanted === ''); i++) {
      if (end !== undefined && i >= end) return -1;
      if (i >= start && characters.startsWith(wanted, unit)) return i;
      unit += characters.codePointAt(unit)! > 0xffff ? 2 : 1;
    }
    return -1;
  }
}

const LEAST_INT64 = -9223372036854775808;

class SubstrBytes extends OperatorExpression {
  evaluate(frame: Frame): Value {
    const [first, second, third] = this.operands;
    const source = first!.evaluate(frame);
    const startValue = second!.evaluate(frame);
    const lengthValue = third!.evaluate(frame);
    const bytes = source.type === STRING ? textBytesOf(source) : utf8Of(coercedText(source));
    if (!isNumberType(startValue.type))
      throw new ElmoError(
        16034,
        `$substrBytes:  starting index must be a numeric type (is BSON type ${typeNameOf(startValue)})`,
      );
    if (!isNumberType(lengthValue.type))
      throw new ElmoError(
        16035,
        `$substrBytes:  length must be a numeric type (is BSON type ${typeNameOf(lengthValue)})`,
      );
    const start = longOf(startValue);
    const length = longOf(lengthValue);
    if (start < 0)
      throw new ElmoError(50752, `$substrBytes:  starting index must be non-negative (got: ${start})`);
    if (isContinuation(bytes[start]))
      throw new ElmoError(
        28656,
        '$substrBytes:  Invalid range, starting index is a UTF-8 continuation byte.',
      );
    const end = length < 0 ? bytes.length : start + length;
    if (isContinuation(bytes[end]))
      throw new ElmoError(
        28657,
        '$substrBytes:  Invalid range, ending index is in the middle of a UTF-8 character.',
      );
    return stringOfBytes(bytes.subarray(Math.min(start, bytes.length), Math.min(end, bytes.length)));
  }
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** A number as a long: doubles are cut, decimals rounded; a decimal that is none counts as the least long. */
function longOf(value: Value): number {
  if (value.type === DECIMAL128) {
    const decimal = readDecimal(value.bytes, value.at);
    if (!decimal.isFinite || decimal.exponent > 19) return LEAST_INT64;
    const whole = Number(truncatedBigint(toIntegral(decimal, 'halfEven')));
    return Math.abs(whole) >= -LEAST_INT64 ? LEAST_INT64 : whole;
  }
  const double = doubleOf(value);
  if (!(double >= LEAST_INT64 && double <= -LEAST_INT64))
    throw new ElmoError(31109, `Can't coerce out of range value ${valueText(value)} to long`);
  return Math.trunc(double);
}

class SubstrCodePoints extends OperatorExpression {
  evaluate(frame: Frame): Value {
    const [first, second, third] = this.operands;
    const source = first!.evaluate(frame);
    const startValue = second!.evaluate(frame);
    const lengthValue = third!.evaluate(frame);
    const text = coercedText(source);
    const start = this.whole(startValue, 'starting index', 34450);
    const length = this.whole(lengthValue, 'length', 34452);
    if (length < 0) throw new ElmoError(34454, `${this.name}: length must be a nonnegative integer.`);
    if (start < 0)
      throw new ElmoError(34455, `${this.name}: the starting index must be nonnegative integer.`);
    const from = unitOf(text, 0, start);
    return stringOf(text.slice(from, unitOf(text, from, length)));
  }

  private whole(value: Value, what: string, code: number): number {
    if (!isNumberType(value.type))
      throw new ElmoError(
        code,
        `${this.name}: ${what} must be a numeric type (is BSON type ${typeNameOf(value)})`,
      );
    const whole = wholeInt32(value);
    if (whole === undefined)
      throw new ElmoError(
        code + 1,
        `${this.name}: ${what} cannot be represented as a 32-bit integral value: ${valueText(value)}`,
      );
    return whole;
  }
}

/** Where the text is after `count` more code points. */
function unitOf(text: string, from: number, count: number): number {
  let at = from;
  while (count-- > 0 && at < text.length) at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  return at;
}

const substrBytes: ExpressionOperator = exactly(3, (operands, name) => new SubstrBytes(operands, name));

export const stringSearchOperators: ExpressionOperators = {
  $indexOfBytes: between(2, 4, (operands, name) => new IndexOfBytes(operands, name)),
  $indexOfCP: between(2, 4, (operands, name) => new IndexOfCodePoints(operands, name)),
  $substr: substrBytes,
  $substrBytes: substrBytes,
  $substrCP: exactly(3, (operands, name) => new SubstrCodePoints(operands, name)),
};
