/** $inc, $mul, $bit. Source: MongoDB manual, "Field Update Operators", "Bitwise Update Operator". */
import { compareValues } from '../../bson/compare.js';
import { readDouble, readInt64 } from '../../bson/read.js';
import { BinaryForm, DECIMAL_NAN } from '../../bson/decimal.js';
import { DECIMAL128, DOUBLE, INT32, INT64, OBJECT } from '../../bson/types.js';
import { int32Value, int64Value, Value, writeElement } from '../../bson/value.js';
import { endOfValue } from '../../bson/walk.js';
import { ElmoError } from '../../errors.js';
import { addNumbers, multiplyNumbers } from '../../expression/arithmetic.js';
import { bigintOf, isNumberType, typeNameOf } from '../../expression/numbers.js';
import { describe, elementsOf } from '../../query/elements.js';
import { LeafNode } from '../node.js';
import { refuseCreation, type Run } from '../run.js';
import type { UpdateOperators } from './operator.js';

abstract class NumberNode extends LeafNode {
  override apply(run: Run, type: number, nameStart: number, valueStart: number): void {
    const old = new Value(type, run.bytes, valueStart);
    const result = this.change(run, old);
    if (result.type === type && isEqualNumber(old, result)) return;
    run.replaceValue(type, nameStart, valueStart, endOfValue(run.bytes, type, valueStart), result);
  }

  override create(run: Run, name: Uint8Array): boolean {
    writeElement(run.edits.scratch, name, this.first);
    return true;
  }

  override refuse(run: Run, field: string, type: number, nameStart: number, valueStart: number): void {
    refuseCreation(run, field, type, nameStart, valueStart);
  }

  protected abstract readonly first: Value;
  protected abstract change(run: Run, old: Value): Value;
}

const form = new BinaryForm();

/** As numbers are compared everywhere, but NaN equals nothing. */
function isEqualNumber(a: Value, b: Value): boolean {
  if (b.type === DOUBLE && Number.isNaN(readDouble(b.bytes, b.at))) return false;
  if (b.type === DECIMAL128) {
    form.ofDecimal(b.bytes, b.at);
    if (form.kind === DECIMAL_NAN) return false;
  }
  return compareValues(a.bytes, a.type, a.at, b.bytes, b.type, b.at) === 0;
}

type Arithmetic = (a: Value, b: Value) => Value;

/** $inc and $mul. */
class ArithmeticNode extends NumberNode {
  constructor(
    path: string,
    private readonly operator: string,
    private readonly argument: Value,
    private readonly combine: Arithmetic,
    /** What a field gets that is not there. */
    protected override readonly first: Value,
  ) {
    super(path);
  }

  protected override change(run: Run, old: Value): Value {
    const { operator, argument } = this;
    if (!isNumberType(old.type))
      throw new ElmoError(
        'TypeMismatch',
        `Cannot apply ${operator} to a value of non-numeric type. {${run.idText}} has the field '${this.path}' of non-numeric type ${typeNameOf(old)}`,
      );
    const result = this.combine(old, argument);
    if (result.type === DOUBLE && old.type !== DOUBLE && argument.type !== DOUBLE)
      throw new ElmoError(
        'BadValue',
        `Failed to apply ${operator} operations to current value ((${old.type === INT32 ? 'NumberInt' : 'NumberLong'})${bigintOf(old)}) for document {${run.idText}}`,
      );
    return result;
  }
}

function numericArgument(verb: string, path: string, argument: Value): Value {
  if (!isNumberType(argument.type))
    throw new ElmoError(
      'TypeMismatch',
      `Cannot ${verb} with non-numeric argument: {${describe(path, argument)}}`,
    );
  return argument;
}

type BitOperation = 'and' | 'or' | 'xor';

class BitNode extends NumberNode {
  protected override readonly first: Value;

  constructor(
    path: string,
    private readonly operations: readonly { readonly name: BitOperation; readonly operand: Value }[],
  ) {
    super(path);
    this.first = this.combine(int32Value(0).keep());
  }

  protected override change(run: Run, old: Value): Value {
    if (old.type !== INT32 && old.type !== INT64)
      throw new ElmoError(
        'BadValue',
        `Cannot apply $bit to a value of non-integral type.${run.idText} has the field ${this.path} of non-integer type ${typeNameOf(old)}`,
      );
    return this.combine(old);
  }

  private combine(value: Value): Value {
    let isLong = value.type === INT64;
    let bits = bigintOf(value);
    for (const { name, operand } of this.operations) {
      if (operand.type === INT64) isLong = true;
      const other = operand.type === INT64 ? readInt64(operand.bytes, operand.at) : bigintOf(operand);
      bits = name === 'and' ? bits & other : name === 'or' ? bits | other : bits ^ other;
    }
    return (isLong ? int64Value(bits) : int32Value(Number(bits))).keep();
  }
}

function parseBit(path: string, argument: Value): BitNode {
  if (argument.type !== OBJECT)
    throw new ElmoError(
      'BadValue',
      `The $bit modifier is not compatible with a ${typeNameOf(argument)}. You must pass in an embedded document: {$bit: {field: {and/or/xor: #}}`,
    );
  const operations = elementsOf(argument).map(({ name, value }) => {
    if (name !== 'and' && name !== 'or' && name !== 'xor')
      throw new ElmoError(
        'BadValue',
        `The $bit modifier only supports 'and', 'or', and 'xor', not '${name}' which is an unknown operator: {${describe(name, value)}}`,
      );
    if (value.type !== INT32 && value.type !== INT64)
      throw new ElmoError(
        'BadValue',
        `The $bit modifier field must be an Integer(32/64 bit); a '${typeNameOf(value)}' is not supported here: {${describe(name, value)}}`,
      );
    return { name: name as BitOperation, operand: value };
  });
  if (operations.length === 0)
    throw new ElmoError(
      'BadValue',
      'You must pass in at least one bitwise operation. The format is: {$bit: {field: {and/or/xor: #}}',
    );
  return new BitNode(path, operations);
}

export const numberOperators: UpdateOperators = {
  $inc: {
    parse(path, argument) {
      const by = numericArgument('increment', path, argument);
      return [new ArithmeticNode(path, '$inc', by, addNumbers, by)];
    },
  },
  $mul: {
    parse(path, argument) {
      const by = numericArgument('multiply', path, argument);
      const zero = multiplyNumbers(by, int32Value(0)).keep();
      return [new ArithmeticNode(path, '$mul', by, multiplyNumbers, zero)];
    },
  },
  $bit: { parse: (path, argument) => [parseBit(path, argument)] },
};
