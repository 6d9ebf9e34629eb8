/** $exp $ln $log $log10 $pow $sqrt $sigmoid. Source: MongoDB manual, "Arithmetic Expression Operators". */
import {
  exponentialOfDecimal,
  logarithm10OfDecimal,
  naturalLogarithmOfDecimal,
  powerOfDecimals,
} from '../../bson/decimal-arithmetic-functions.js';
import {
  addDecimals,
  compareDecimals,
  decimalOfBigint,
  decimalValue,
  divideDecimals,
  squareRootOfDecimal,
  type Decimal,
} from '../../bson/decimal-arithmetic.js';
import * as doubles from '../../bson/double-functions.js';
import { DECIMAL128, DOUBLE, INT32 } from '../../bson/types.js';
import { doubleValue, int32Value, int64Value, NULL_VALUE, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import type { ExpressionOperator, ExpressionOperators, Frame } from '../expression.js';
import {
  bigintOf,
  decimalOf,
  doubleOf,
  fitsInt64,
  INT32_MAX,
  INT32_MIN,
  isNumberType,
  typeNameOf,
} from '../numbers.js';
import { binary, foldConstants, OperatorExpression, unary } from '../operator-kinds.js';

function refuse(name: string, value: Value): never {
  throw new ElmoError(28765, `${name} only supports numeric types, not ${typeNameOf(value)}`);
}

/** Of a double, or of a decimal. */
function ofNumber(
  ofDouble: (value: number) => number,
  ofDecimal: (value: Decimal) => Decimal,
): ExpressionOperator {
  return unary((value, name) => {
    if (value.isNullish) return NULL_VALUE;
    if (!isNumberType(value.type)) refuse(name, value);
    return value.type === DECIMAL128
      ? decimalValue(ofDecimal(decimalOf(value)))
      : doubleValue(ofDouble(doubleOf(value)));
  });
}

/** The same of what is above 0; NaN of either kind gives the double NaN. */
function logarithmOf(
  code: number,
  ofDouble: (value: number) => number,
  ofDecimal: (value: Decimal) => Decimal,
): ExpressionOperator {
  return unary((value, name) => {
    if (value.isNullish) return NULL_VALUE;
    if (!isNumberType(value.type)) refuse(name, value);
    const double = doubleOf(value);
    if (double !== double) return doubleValue(NaN);
    const decimal = value.type === DECIMAL128 ? decimalOf(value) : undefined;
    if (!((decimal?.sign ?? double) > 0))
      throw new ElmoError(code, `${name}'s argument must be a positive number, but is ${double}`);
    return decimal === undefined ? doubleValue(ofDouble(double)) : decimalValue(ofDecimal(decimal));
  });
}

const ONE = decimalOfBigint(1n);

/** @param double  what the number is as a double, whose exponents do not go as far down. NaN counts as above. */
function isAboveZero(value: Value, double: number): boolean {
  return double !== double || (value.type === DECIMAL128 ? decimalOf(value).sign : double) > 0;
}

function isOne(value: Value, double: number): boolean {
  return value.type === DECIMAL128 ? compareDecimals(decimalOf(value), ONE) === 0 : double === 1;
}

function logarithm(value: Value, base: Value): Value {
  if (value.isNullish || base.isNullish) return NULL_VALUE;
  if (!isNumberType(value.type))
    throw new ElmoError(28756, `$log's argument must be numeric, not ${typeNameOf(value)}`);
  if (!isNumberType(base.type))
    throw new ElmoError(28757, `$log's base must be numeric, not ${typeNameOf(base)}`);
  const x = doubleOf(value);
  const b = doubleOf(base);
  if (!isAboveZero(value, x))
    throw new ElmoError(28758, `$log's argument must be a positive number, but is ${x}`);
  if (!isAboveZero(base, b) || isOne(base, b))
    throw new ElmoError(28759, `$log's base must be a positive number not equal to 1, but is ${b}`);
  if (x !== x || b !== b) return doubleValue(NaN);
  if (value.type === DECIMAL128 || base.type === DECIMAL128)
    return decimalValue(
      divideDecimals(naturalLogarithmOfDecimal(decimalOf(value)), naturalLogarithmOfDecimal(decimalOf(base))),
    );
  return doubleValue(doubles.log(x) / doubles.log(b));
}

function power(base: Value, exponent: Value): Value {
  if (base.isNullish || exponent.isNullish) return NULL_VALUE;
  if (!isNumberType(base.type))
    throw new ElmoError(28762, `$pow's base must be numeric, not ${typeNameOf(base)}`);
  if (!isNumberType(exponent.type))
    throw new ElmoError(28763, `$pow's exponent must be numeric, not ${typeNameOf(exponent)}`);
  if (base.type === DECIMAL128 || exponent.type === DECIMAL128) {
    const x = decimalOf(base);
    const y = decimalOf(exponent);
    if (x.isZero && y.sign < 0) refuseZero();
    return decimalValue(powerOfDecimals(x, y));
  }
  const x = doubleOf(base);
  const y = doubleOf(exponent);
  if (x === 0 && y < 0) refuseZero();
  if (base.type === DOUBLE || exponent.type === DOUBLE) return doubleValue(doubles.pow(x, y));
  return integerPower(base, exponent) ?? doubleValue(doubles.pow(x, y));
}

function refuseZero(): never {
  throw new ElmoError(28764, '$pow cannot take a base of 0 and a negative exponent');
}

/** @returns undefined if the result is no long */
function integerPower(base: Value, exponent: Value): Value | undefined {
  const x = bigintOf(base);
  let y = bigintOf(exponent);
  if (x === 1n || x === -1n || x === 0n)
    y = y % 2n === 0n && y !== 0n ? 2n : y < 0n ? -y % 2n : y > 1n ? 1n : y;
  if (y < 0n || y > 63n) return undefined;
  const result = x ** y;
  if (!fitsInt64(result)) return undefined;
  return base.type === INT32 && exponent.type === INT32 && result >= INT32_MIN && result <= INT32_MAX
    ? int32Value(Number(result))
    : int64Value(result);
}

const squareRoot = unary((value, name) => {
  if (value.isNullish) return NULL_VALUE;
  if (!isNumberType(value.type)) refuse(name, value);
  const double = doubleOf(value);
  const decimal = value.type === DECIMAL128 ? decimalOf(value) : undefined;
  if ((decimal?.sign ?? double) < 0)
    throw new ElmoError(28714, "$sqrt's argument must be greater than or equal to 0");
  return decimal === undefined ? doubleValue(Math.sqrt(double)) : decimalValue(squareRootOfDecimal(decimal));
});

class SigmoidExpression extends OperatorExpression {
  evaluate(frame: Frame): Value {
    const value = this.operands[0]!.evaluate(frame);
    if (value.isNullish) return NULL_VALUE;
    if (!isNumberType(value.type))
      throw new ElmoError('TypeMismatch', `$sigmoid only supports numeric types, not ${typeNameOf(value)}`);
    if (value.type !== DECIMAL128) return doubleValue(1 / (1 + doubles.exp(-doubleOf(value))));
    const decimal = decimalOf(value);
    const power = exponentialOfDecimal(decimal.isNaN ? decimal : decimal.negated());
    return decimalValue(divideDecimals(ONE, addDecimals(ONE, power)));
  }
}

export const powerOperators: ExpressionOperators = {
  $exp: ofNumber(doubles.exp, exponentialOfDecimal),
  $ln: logarithmOf(28766, doubles.log, naturalLogarithmOfDecimal),
  $log10: logarithmOf(28761, Math.log10, logarithm10OfDecimal),
  $log: binary(logarithm),
  $pow: binary(power),
  $sqrt: squareRoot,
  $sigmoid: {
    parse: (argument, scope, name) => {
      const operand = scope.parse(argument); // an array is an operand like any other, and refused as such
      return foldConstants(new SigmoidExpression([operand], name), [operand]);
    },
  },
};
