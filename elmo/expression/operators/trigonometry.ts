/** Angles, in radians, and hyperbolic functions. Source: MongoDB manual, "Trigonometry Expression Operators". */
import {
  arcCosineOfDecimal,
  arcSineOfDecimal,
  arcTangent2OfDecimals,
  arcTangentOfDecimal,
  hyperbolicOfDecimal,
  inverseHyperbolicOfDecimal,
  trigonometryOfDecimal,
} from '../../bson/decimal-arithmetic-functions.js';
import {
  compareDecimals,
  decimalText,
  decimalValue,
  multiplyDecimals,
  parseDecimal,
  type Decimal,
} from '../../bson/decimal-arithmetic.js';
import * as doubles from '../../bson/double-functions.js';
import { DECIMAL128 } from '../../bson/types.js';
import { doubleValue, NULL_VALUE, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import type { ExpressionOperator, ExpressionOperators, Frame } from '../expression.js';
import { decimalOf, doubleOf, isNumberType, typeNameOf } from '../numbers.js';
import { exactly, OperatorExpression, unary } from '../operator-kinds.js';

/** Where a function is defined. */
interface Domain {
  readonly low: number;
  readonly high: number;
  /** Whether the bounds themselves are outside. */
  readonly isOpen?: boolean;
}

const EVERYWHERE: Domain = { low: -Infinity, high: Infinity };
const ANGLES: Domain = { low: -Infinity, high: Infinity, isOpen: true };

function isInside(order: number, isOpen: boolean): boolean {
  return isOpen ? order > 0 : order >= 0;
}

/** @throws ElmoError 50989 */
function check(value: Value, { low, high, isOpen = false }: Domain, name: string): void {
  let isIn: boolean;
  let text: string;
  if (value.type === DECIMAL128) {
    const decimal = decimalOf(value);
    text = decimalText(decimal);
    isIn =
      decimal.isNaN ||
      (isInside(compareDecimals(decimal, parseDecimal(String(low))!), isOpen) &&
        isInside(compareDecimals(parseDecimal(String(high))!, decimal), isOpen));
  } else {
    const double = doubleOf(value);
    text = String(double);
    isIn = double !== double || (isOpen ? double > low && double < high : double >= low && double <= high);
  }
  if (!isIn)
    throw new ElmoError(
      50989,
      `cannot apply ${name} to ${text}, value must be in ${isOpen ? '(' : '['}${low},${high}${isOpen ? ')' : ']'}`,
    );
}

function within(
  domain: Domain,
  ofDouble: (value: number) => number,
  ofDecimal: (value: Decimal) => Decimal,
): ExpressionOperator {
  return unary((value, name) => {
    if (value.isNullish) return NULL_VALUE;
    if (!isNumberType(value.type))
      throw new ElmoError(28765, `${name} only supports numeric types, not ${typeNameOf(value)}`);
    if (domain !== EVERYWHERE) check(value, domain, name);
    if (value.type !== DECIMAL128) return doubleValue(ofDouble(doubleOf(value)));
    const decimal = decimalOf(value);
    return decimalValue(decimal.isNaN ? decimal : ofDecimal(decimal));
  });
}

/** The second operand is not asked for when the first decides. */
class ArcTangent2 extends OperatorExpression {
  evaluate(frame: Frame): Value {
    const y = this.operands[0]!.evaluate(frame);
    if (y.isNullish) return NULL_VALUE;
    if (!isNumberType(y.type))
      throw new ElmoError(51044, `$atan2 only supports numeric types, not ${typeNameOf(y)}`);
    const x = this.operands[1]!.evaluate(frame);
    if (x.isNullish) return NULL_VALUE;
    if (!isNumberType(x.type))
      throw new ElmoError(51045, `$atan2 only supports numeric types, not ${typeNameOf(x)}`);
    if (y.type === DECIMAL128 || x.type === DECIMAL128)
      return decimalValue(arcTangent2OfDecimals(decimalOf(y), decimalOf(x)));
    return doubleValue(doubles.atan2(doubleOf(y), doubleOf(x)));
  }
}

const DEGREE = parseDecimal('0.01745329251994329576923690768488613')!;
const RADIAN = parseDecimal('57.29577951308232087679815481410517')!;
const ONE_TO_ONE: Domain = { low: -1, high: 1 };

export const trigonometryOperators: ExpressionOperators = {
  $sin: within(ANGLES, doubles.sin, (value) => trigonometryOfDecimal('sin', value)),
  $cos: within(ANGLES, doubles.cos, (value) => trigonometryOfDecimal('cos', value)),
  $tan: within(ANGLES, doubles.tan, (value) => trigonometryOfDecimal('tan', value)),
  $asin: within(ONE_TO_ONE, Math.asin, arcSineOfDecimal),
  $acos: within(ONE_TO_ONE, doubles.acos, arcCosineOfDecimal),
  $atan: within(EVERYWHERE, doubles.atan, arcTangentOfDecimal),
  $atan2: exactly(2, (operands, name) => new ArcTangent2(operands, name)),
  $sinh: within(EVERYWHERE, doubles.sinh, (value) => hyperbolicOfDecimal('sinh', value)),
  $cosh: within(EVERYWHERE, doubles.cosh, (value) => hyperbolicOfDecimal('cosh', value)),
  $tanh: within(EVERYWHERE, doubles.tanh, (value) => hyperbolicOfDecimal('tanh', value)),
  $asinh: within(EVERYWHERE, doubles.asinh, (value) => inverseHyperbolicOfDecimal('asinh', value)),
  $acosh: within({ low: 1, high: Infinity }, doubles.acosh, (value) =>
    inverseHyperbolicOfDecimal('acosh', value),
  ),
  $atanh: within(ONE_TO_ONE, Math.atanh, (value) => inverseHyperbolicOfDecimal('atanh', value)),
  $degreesToRadians: within(
    EVERYWHERE,
    (value) => value * (Math.PI / 180),
    (value) => multiplyDecimals(value, DEGREE),
  ),
  $radiansToDegrees: within(
    EVERYWHERE,
    (value) => value * (180 / Math.PI),
    (value) => multiplyDecimals(value, RADIAN),
  ),
};
