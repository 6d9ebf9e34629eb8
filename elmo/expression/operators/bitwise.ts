/** Bits of ints and longs, and sizes in bytes. Source: MongoDB manual, "Bitwise Operators", "Data Size Operators". */
import { readInt32, readInt64 } from '../../bson/read.js';
import { BINARY, INT32, INT64, OBJECT, STRING } from '../../bson/types.js';
import { int32Value, int64Value, NULL_VALUE, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { unordered } from '../constant-parts.js';
import type { Expression, ExpressionOperator, ExpressionOperators, Frame } from '../expression.js';
import { bigintOf, isNumberType, typeNameOf } from '../numbers.js';
import { OperatorExpression, unary } from '../operator-kinds.js';
import { byteLengthOf } from '../strings.js';

class Bits extends OperatorExpression {
  constructor(
    operands: readonly Expression[],
    name: string,
    private readonly neutral: number,
    private readonly ofInts: (a: number, b: number) => number,
    private readonly ofLongs: (a: bigint, b: bigint) => bigint,
  ) {
    super(operands, name);
  }

  evaluate(frame: Frame): Value {
    let ints = this.neutral;
    let longs: bigint | undefined;
    for (const operand of this.operands) {
      const value = operand.evaluate(frame);
      if (value.isNullish) return NULL_VALUE;
      if (value.type !== INT32 && value.type !== INT64)
        throw new ElmoError('TypeMismatch', `${this.name} only supports int and long operands.`);
      if (longs === undefined && value.type === INT32)
        ints = this.ofInts(ints, readInt32(value.bytes, value.at));
      else longs = this.ofLongs(longs ?? BigInt(ints), bigintOf(value));
    }
    return longs === undefined ? int32Value(ints) : int64Value(longs);
  }
}

function bits(
  neutral: number,
  ofInts: (a: number, b: number) => number,
  ofLongs: (a: bigint, b: bigint) => bigint,
): ExpressionOperator {
  return unordered((operands, name) => new Bits(operands, name, neutral, ofInts, ofLongs));
}

function bitNot(value: Value, name: string): Value {
  if (value.isNullish) return NULL_VALUE;
  if (value.type === INT32) return int32Value(~readInt32(value.bytes, value.at));
  if (value.type === INT64) return int64Value(~readInt64(value.bytes, value.at));
  if (!isNumberType(value.type))
    throw new ElmoError(28765, `${name} only supports numeric types, not ${typeNameOf(value)}`);
  throw new ElmoError('TypeMismatch', `${name} only supports int and long, not: ${typeNameOf(value)}.`);
}

function binarySize(value: Value, name: string): Value {
  if (value.isNullish) return NULL_VALUE;
  if (value.type === STRING) return int32Value(byteLengthOf(value));
  if (value.type === BINARY) return int32Value(readInt32(value.bytes, value.at));
  throw new ElmoError(51276, `${name} requires a string or BinData argument, found: ${typeNameOf(value)}`);
}

function bsonSize(value: Value, name: string): Value {
  if (value.isNullish) return NULL_VALUE;
  if (value.type !== OBJECT)
    throw new ElmoError(31393, `${name} requires a document input, found: ${typeNameOf(value)}`);
  return int32Value(readInt32(value.bytes, value.at));
}

export const bitwiseOperators: ExpressionOperators = {
  $binarySize: unary(binarySize),
  $bitAnd: bits(
    -1,
    (a, b) => a & b,
    (a, b) => a & b,
  ),
  $bitNot: unary(bitNot),
  $bitOr: bits(
    0,
    (a, b) => a | b,
    (a, b) => a | b,
  ),
  $bitXor: bits(
    0,
    (a, b) => a ^ b,
    (a, b) => a ^ b,
  ),
  $bsonSize: unary(bsonSize),
};
