/** $add $subtract $multiply $divide $mod $abs. Source: MongoDB manual, "Arithmetic Expression Operators". */
import {
  decimalValue,
  divideDecimals,
  readDecimal,
  remainderOfDecimals,
} from '../../bson/decimal-arithmetic.js';
import { readDouble, readInt32, readInt64 } from '../../bson/read.js';
import { DATE, DECIMAL128, DOUBLE, INT32, INT64 } from '../../bson/types.js';
import {
  doubleValue,
  int32Value,
  int64OfNumber,
  int64Value,
  NULL_VALUE,
  type Value,
} from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { addNumbers, multiplyNumbers, shiftDate, subtractNumbers } from '../arithmetic.js';
import type { Expression } from '../expression.js';
import { type ExpressionOperators, type Frame } from '../expression.js';
import { anyNumber, binaryFromRight, exactly, OperatorExpression, unary } from '../operator-kinds.js';
import {
  bigintOf,
  decimalOf,
  doubleOf,
  EXACT_MAX,
  INT32_MAX,
  INT32_MIN,
  INT64_MIN,
  isNumberType,
  typeNameOf,
} from '../numbers.js';

/** A sum so far whose types are int32 and double, as a value. */
function plainNumber(value: number, type: number): Value {
  return type === DOUBLE ? doubleValue(value) : type === INT32 ? int32Value(value) : int64OfNumber(value);
}

/** The type of a whole number that grew out of an int: it stays a long once it was one. */
function integerType(value: number, type: number): number {
  return type === INT32 && (value > INT32_MAX || value < INT32_MIN) ? INT64 : type;
}

/** Ints and doubles are added as they are read; the first operand of another kind leads to `addRest`. */
class AddExpression extends OperatorExpression {
  evaluate(frame: Frame): Value {
    const { operands } = this;
    let sum = 0;
    let type: number = INT32;
    for (let i = 0; i < operands.length; i++) {
      const value = operands[i]!.evaluate(frame);
      if (value.type === INT32) {
        const next = sum + readInt32(value.bytes, value.at);
        if (type !== DOUBLE) {
          if (next >= EXACT_MAX || next <= -EXACT_MAX)
            return this.addRest(frame, plainNumber(sum, type), value, i + 1);
          type = integerType(next, type);
        }
        sum = next;
      } else if (value.type === DOUBLE) {
        sum += readDouble(value.bytes, value.at);
        type = DOUBLE;
      } else return this.addRest(frame, plainNumber(sum, type), value, i + 1);
    }
    return plainNumber(sum, type);
  }

  /** @param value  the operand before `from`, which comes next */
  private addRest(frame: Frame, sum: Value, value: Value, from: number): Value {
    for (let i = from; ; i++) {
      if (isNumberType(value.type))
        sum = sum.type === DATE ? shiftDate(sum, value, false) : addNumbers(sum, value);
      else if (value.type === DATE) {
        if (sum.type === DATE) throw new ElmoError(16612, 'only one date allowed in an $add expression');
        sum = shiftDate(value, sum, false);
      } else if (value.isNullish) return NULL_VALUE;
      else
        throw new ElmoError(
          'TypeMismatch',
          `$add only supports numeric or date types, not ${typeNameOf(value)}`,
        );
      if (i >= this.operands.length) return sum;
      value = this.operands[i]!.evaluate(frame);
    }
  }
}

class MultiplyExpression extends OperatorExpression {
  evaluate(frame: Frame): Value {
    const { operands } = this;
    let product = 1;
    let type: number = INT32;
    for (let i = 0; i < operands.length; i++) {
      const value = operands[i]!.evaluate(frame);
      if (value.type === INT32) {
        const next = product * readInt32(value.bytes, value.at);
        if (type === DOUBLE) product = next;
        else {
          if (next >= EXACT_MAX || next <= -EXACT_MAX)
            return this.multiplyRest(frame, plainNumber(product, type), value, i + 1);
          type = integerType(next, type);
          product = next + 0; // an int has no -0
        }
      } else if (value.type === DOUBLE) {
        product *= readDouble(value.bytes, value.at);
        type = DOUBLE;
      } else return this.multiplyRest(frame, plainNumber(product, type), value, i + 1);
    }
    return plainNumber(product, type);
  }

  /**
   * Ints and longs are multiplied exactly, and beside that as doubles, step by step: what is a double in the end is that
   * one.
   */
  private multiplyRest(frame: Frame, product: Value, value: Value, from: number): Value {
    let double = doubleOf(product);
    for (let i = from; ; i++) {
      if (isNumberType(value.type)) {
        product = multiplyNumbers(product, value);
        if (value.type !== DECIMAL128) double *= doubleOf(value);
        if (product.type === DOUBLE) product = doubleValue(double);
      } else if (value.isNullish) return NULL_VALUE;
      else
        throw new ElmoError(
          'TypeMismatch',
          `$multiply only supports numeric types, not ${typeNameOf(value)}`,
        );
      if (i >= this.operands.length) return product;
      value = this.operands[i]!.evaluate(frame);
    }
  }
}

class SubtractExpression extends OperatorExpression {
  constructor(
    private readonly left: Expression,
    private readonly right: Expression,
    name: string,
  ) {
    super([left, right], name);
  }

  evaluate(frame: Frame): Value {
    const b = this.right.evaluate(frame); // first, as the reference does
    const a = this.left.evaluate(frame);
    if (a.type === INT32 && b.type === INT32) {
      const difference = readInt32(a.bytes, a.at) - readInt32(b.bytes, b.at);
      return plainNumber(difference, integerType(difference, INT32));
    }
    if (a.type === DOUBLE && b.type === DOUBLE)
      return doubleValue(readDouble(a.bytes, a.at) - readDouble(b.bytes, b.at));
    return subtract(a, b);
  }
}

/** Of two numbers, two dates, or a number from a date; null if either is null or missing. @throws ElmoError TypeMismatch */
export function subtract(a: Value, b: Value): Value {
  if (a.isNullish || b.isNullish) return NULL_VALUE;
  if (isNumberType(b.type)) {
    if (isNumberType(a.type)) return subtractNumbers(a, b);
    if (a.type === DATE) return shiftDate(a, b, true);
  } else if (a.type === DATE && b.type === DATE) {
    const difference = readInt64(a.bytes, a.at) - readInt64(b.bytes, b.at);
    if (BigInt.asIntN(64, difference) !== difference) throw new ElmoError('Overflow', 'date overflow');
    return int64Value(difference);
  }
  throw new ElmoError('TypeMismatch', `can't $subtract ${typeNameOf(b)} from ${typeNameOf(a)}`);
}

/** A double or a decimal; null if either is null or missing. @throws ElmoError TypeMismatch, BadValue for a divisor of zero */
export function divide(a: Value, b: Value): Value {
  if (a.isNullish || b.isNullish) return NULL_VALUE;
  if (!isNumberType(a.type) || !isNumberType(b.type))
    throw new ElmoError(
      'TypeMismatch',
      `$divide only supports numeric types, not ${typeNameOf(a)} and ${typeNameOf(b)}`,
    );
  if (a.type === DECIMAL128 || b.type === DECIMAL128) {
    const divisor = decimalOf(b);
    if (divisor.isZero) throw new ElmoError('BadValue', "can't $divide by zero");
    return decimalValue(divideDecimals(decimalOf(a), divisor));
  }
  const divisor = doubleOf(b);
  if (divisor === 0) throw new ElmoError('BadValue', "can't $divide by zero");
  return doubleValue(doubleOf(a) / divisor);
}

function modulo(a: Value, b: Value): Value {
  if (a.isNullish || b.isNullish) return NULL_VALUE;
  if (!isNumberType(a.type) || !isNumberType(b.type))
    throw new ElmoError(16611, `$mod only supports numeric types, not ${typeNameOf(a)} and ${typeNameOf(b)}`);
  if (a.type === DECIMAL128 || b.type === DECIMAL128) {
    const divisor = decimalOf(b);
    if (divisor.isZero) throw new ElmoError(5733415, "can't $mod by zero");
    return decimalValue(remainderOfDecimals(decimalOf(a), divisor));
  }
  const divisor = doubleOf(b);
  if (divisor === 0) throw new ElmoError(16610, "can't $mod by zero");
  if (a.type === DOUBLE || b.type === DOUBLE) return doubleValue(doubleOf(a) % divisor);
  if (a.type === INT32 && b.type === INT32) return int32Value(doubleOf(a) % divisor);
  return int64Value(bigintOf(a) % bigintOf(b));
}

function absolute(value: Value, name: string): Value {
  switch (value.type) {
    case INT32: {
      const magnitude = Math.abs(readInt32(value.bytes, value.at));
      return magnitude > INT32_MAX ? int64OfNumber(magnitude) : int32Value(magnitude);
    }
    case DOUBLE:
      return doubleValue(Math.abs(readDouble(value.bytes, value.at)));
    case INT64: {
      const long = readInt64(value.bytes, value.at);
      if (long === INT64_MIN) throw new ElmoError(28680, "can't take $abs of long long min");
      return int64Value(long < 0n ? -long : long);
    }
    case DECIMAL128:
      return decimalValue(readDecimal(value.bytes, value.at).absolute());
    default:
      if (value.isNullish) return NULL_VALUE;
      throw new ElmoError(28765, `${name} only supports numeric types, not ${typeNameOf(value)}`);
  }
}

export const arithmeticOperators: ExpressionOperators = {
  $add: anyNumber((operands, name) => new AddExpression(operands, name)),
  $multiply: anyNumber((operands, name) => new MultiplyExpression(operands, name)),
  $subtract: exactly(2, ([left, right], name) => new SubtractExpression(left!, right!, name)),
  $divide: binaryFromRight(divide),
  $mod: binaryFromRight(modulo),
  $abs: unary(absolute),
};
