/** $ceil $floor $round $trunc. Source: MongoDB manual, "Arithmetic Expression Operators". */
import {
  decimalOfBigint,
  decimalOfDouble,
  decimalValue,
  digitCount,
  doubleOfDecimal,
  isWholeDecimal,
  quantize,
  readDecimal,
  DECIMAL_DIGITS,
  LEAST_EXPONENT,
  truncatedBigint,
  type Decimal,
  type Rounding,
} from '../../bson/decimal-arithmetic.js';
import { readDouble } from '../../bson/read.js';
import { DECIMAL128, DOUBLE, INT32 } from '../../bson/types.js';
import { doubleValue, int32Value, int64Value, NULL_VALUE, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import type { ExpressionOperator, ExpressionOperators, Frame } from '../expression.js';
import { bigintOf, doubleOf, fitsInt64, INT32_MAX, INT32_MIN, isNumberType, typeNameOf } from '../numbers.js';
import { between, OperatorExpression, unary } from '../operator-kinds.js';

function toWhole(ofDouble: (value: number) => number, rounding: Rounding): ExpressionOperator {
  return unary((value, name) => {
    if (value.type === DOUBLE) return doubleValue(ofDouble(readDouble(value.bytes, value.at)));
    if (value.type === DECIMAL128) {
      const decimal = readDecimal(value.bytes, value.at);
      return decimalValue(quantize(decimal, 0, rounding)); // NaN beyond 34 digits, as for infinities
    }
    if (isNumberType(value.type)) return value;
    if (value.isNullish) return NULL_VALUE;
    throw new ElmoError(28765, `${name} only supports numeric types, not ${typeNameOf(value)}`);
  });
}

const LEAST_PLACE = -20;
const MOST_PLACE = 100;

/** To a number of places after the point, or before it if negative. */
class PlacesExpression extends OperatorExpression {
  constructor(
    operands: ConstructorParameters<typeof OperatorExpression>[0],
    name: string,
    private readonly rounding: Rounding,
  ) {
    super(operands, name);
  }

  evaluate(frame: Frame): Value {
    const { operands, name } = this;
    const value = operands[0]!.evaluate(frame);
    if (!value.isNullish && !isNumberType(value.type))
      throw new ElmoError(51081, `${name} only supports numeric types, not ${typeNameOf(value)}`);
    const given = operands[1]?.evaluate(frame);
    if (value.isNullish) return NULL_VALUE;
    let place = 0;
    if (given !== undefined) {
      if (given.isNullish) return NULL_VALUE;
      place = placeOf(given, name);
    }
    return this.round(value, place);
  }

  private round(value: Value, place: number): Value {
    switch (value.type) {
      case DECIMAL128:
        return decimalValue(atPlace(readDecimal(value.bytes, value.at), place, this.rounding));
      case DOUBLE:
        return doubleValue(roundedDouble(readDouble(value.bytes, value.at), place, this.rounding));
      default:
        return place >= 0 ? value : this.roundInteger(value, place);
    }
  }

  private roundInteger(value: Value, place: number): Value {
    const rounded = quantize(decimalOfBigint(bigintOf(value)), -place, this.rounding);
    const whole = truncatedBigint(rounded);
    if (!fitsInt64(whole))
      throw new ElmoError(51080, `the result of ${this.name} does not fit into a long: ${whole}`);
    return value.type === INT32 && whole <= INT32_MAX
      ? int32Value(Number(BigInt.asIntN(32, whole))) // below the least int it wraps, as the reference's does
      : int64Value(whole);
  }
}

function placeOf(value: Value, name: string): number {
  if (!isNumberType(value.type))
    throw new ElmoError(16004, `can't convert from BSON type ${typeNameOf(value)} to long`);
  const place = doubleOf(value);
  if ((value.type === DOUBLE || value.type === DECIMAL128) && !(place >= -(2 ** 63) && place < 2 ** 63))
    throw new ElmoError(31109, `Can't coerce out of range value ${place} to long`);
  const isWhole =
    value.type === DECIMAL128 ? isWholeDecimal(readDecimal(value.bytes, value.at)) : Number.isInteger(place);
  if (!isWhole || place < INT32_MIN || place > INT32_MAX)
    throw new ElmoError(51082, `precision argument to  ${name} must be a integral value`);
  if (place < LEAST_PLACE || place > MOST_PLACE)
    throw new ElmoError(
      51083,
      `cannot apply ${name} with precision value ${place} value must be in [-20, 100]`,
    );
  return place;
}

/** With as many places, or as many as 34 digits have room for. */
function atPlace(value: Decimal, place: number, rounding: Rounding): Decimal {
  if (!value.isFinite) return value;
  const least = value.exponent + digitCount(value.coefficient) - DECIMAL_DIGITS;
  const room = value.coefficient === 0n ? LEAST_EXPONENT : least;
  return quantize(value, Math.max(-place, room), rounding);
}

function roundedDouble(value: number, place: number, rounding: Rounding): number {
  if (value - value !== 0) return value;
  return doubleOfDecimal(atPlace(decimalOfDouble(value), place, rounding));
}

export const roundingOperators: ExpressionOperators = {
  $ceil: toWhole(Math.ceil, 'ceil'),
  $floor: toWhole(Math.floor, 'floor'),
  $round: between(1, 2, (operands, name) => new PlacesExpression(operands, name, 'halfEven')),
  $trunc: between(1, 2, (operands, name) => new PlacesExpression(operands, name, 'truncate')),
};
