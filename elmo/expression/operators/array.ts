/** Operators on whole arrays. Source: MongoDB manual, "Array Expression Operators". */
import { readText } from '../../bson/read.js';
import { ARRAY, NULL, OBJECT, REGEX, STRING, UNDEFINED } from '../../bson/types.js';
import { boolValue, int32Value, MISSING_VALUE, NULL_VALUE, Value, writeElement } from '../../bson/value.js';
import { ElementWalker } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import { compareExpressionValues } from '../compare.js';
import { checkConstant, grouping } from '../constant-parts.js';
import { ArrayBuilder, arrayOf, elementsOf, valueText, wholeInt32 } from '../elements.js';
import type { Expression, ExpressionOperators, FieldImplication, Frame, ParseScope } from '../expression.js';
import { isNumberType, typeNameOf } from '../numbers.js';
import { between, exactly, OperatorExpression, unary } from '../operator-kinds.js';

/** Most bytes an array that an operator makes may have. */
const MOST_RANGE_ELEMENTS = 6_553_600;

const walker = new ElementWalker();

/** The element at an index that may count from the end; missing if there is none. */
function elementAt(array: Value, index: number): Value {
  if (index < 0) {
    const elements = elementsOf(array);
    return elements[elements.length + index] ?? MISSING_VALUE;
  }
  walker.open(array.bytes, array.at);
  for (let i = 0; walker.next(); i++)
    if (i === index) return new Value(walker.type, array.bytes, walker.valueStart);
  return MISSING_VALUE;
}

class ArrayElemAt extends OperatorExpression {
  evaluate(frame: Frame): Value {
    const array = this.operands[0]!.evaluate(frame);
    const index = this.operands[1]!.evaluate(frame);
    if (array.isNullish || index.isNullish) return NULL_VALUE;
    if (array.type !== ARRAY)
      throw new ElmoError(
        28689,
        `${this.name}'s first argument must be an array, but is ${typeNameOf(array)}`,
      );
    if (!isNumberType(index.type))
      throw new ElmoError(
        28690,
        `${this.name}'s second argument must be a numeric value, but is ${typeNameOf(index)}`,
      );
    const whole = wholeInt32(index);
    if (whole === undefined)
      throw new ElmoError(
        28691,
        `${this.name}'s second argument must be representable as a 32-bit integer: ${valueText(index)}`,
      );
    return elementAt(array, whole);
  }
}

function endElement(index: number): (array: Value, name: string) => Value {
  return (array, name) => {
    if (array.isNullish) return NULL_VALUE;
    if (array.type !== ARRAY)
      throw new ElmoError(28689, `${name}'s argument must be an array, but is ${typeNameOf(array)}`);
    return elementAt(array, index);
  };
}

class ConcatArrays extends OperatorExpression {
  private readonly builder = new ArrayBuilder();

  evaluate(frame: Frame): Value {
    const arrays: Value[] = [];
    for (const operand of this.operands) {
      const array = operand.evaluate(frame);
      if (array.isNullish) return NULL_VALUE;
      if (array.type !== ARRAY)
        throw new ElmoError(28664, `${this.name} only supports arrays, not ${typeNameOf(array)}`);
      arrays.push(array);
    }
    this.builder.begin();
    for (const { bytes, at } of arrays) {
      walker.open(bytes, at);
      while (walker.next()) this.builder.append(new Value(walker.type, bytes, walker.valueStart));
    }
    return this.builder.finish();
  }
}

/** Values that a filter's $in takes for something else than an expression does. */
const UNLIKE_FILTERS: ReadonlySet<number> = new Set([NULL, UNDEFINED, ARRAY, REGEX]);

class InArray extends OperatorExpression {
  constructor(
    operands: readonly Expression[],
    name: string,
    private readonly scope: ParseScope,
  ) {
    super(operands, name);
  }

  override get implied(): FieldImplication | undefined {
    const [{ rootPath: path }, { constant: list }] = this.operands as [Expression, Expression];
    if (path === undefined || list?.type !== ARRAY) return undefined;
    const values = elementsOf(list);
    return values.every(({ type }) => !UNLIKE_FILTERS.has(type)) ? { kind: 'in', path, values } : undefined;
  }

  evaluate(frame: Frame): Value {
    const wanted = this.operands[0]!.evaluate(frame);
    const array = this.operands[1]!.evaluate(frame);
    if (array.type !== ARRAY)
      throw new ElmoError(
        40081,
        `${this.name} requires an array as a second argument, found: ${typeNameOf(array)}`,
      );
    walker.open(array.bytes, array.at);
    while (walker.next()) {
      const element = new Value(walker.type, array.bytes, walker.valueStart);
      if (compareExpressionValues(wanted, element, this.scope.compareTexts) === 0) return boolValue(true);
    }
    return boolValue(false);
  }
}

class IndexOfArray extends OperatorExpression {
  constructor(
    operands: readonly Expression[],
    name: string,
    private readonly scope: ParseScope,
  ) {
    super(operands, name);
    if (operands.every((operand) => operand.constant !== undefined)) return;
    checkConstant(operands[0], (constant) => {
      if (constant.type !== ARRAY)
        throw new ElmoError(
          50809,
          `First operand of ${name} must be an array. First argument is of type: ${typeNameOf(constant)}`,
        );
    });
  }

  evaluate(frame: Frame): Value {
    const { operands, name } = this;
    const array = operands[0]!.evaluate(frame);
    if (array.isNullish) return NULL_VALUE;
    if (array.type !== ARRAY)
      throw new ElmoError(
        40090,
        `${name} requires an array as a first argument, found: ${typeNameOf(array)}`,
      );
    const wanted = operands[1]!.evaluate(frame);
    const start = operands.length > 2 ? this.bound(operands[2]!.evaluate(frame), 'starting') : 0;
    const end = operands.length > 3 ? this.bound(operands[3]!.evaluate(frame), 'ending') : Infinity;
    walker.open(array.bytes, array.at);
    for (let i = 0; i < end && walker.next(); i++) {
      if (i < start) continue;
      const element = new Value(walker.type, array.bytes, walker.valueStart);
      if (compareExpressionValues(wanted, element, this.scope.compareTexts) === 0) return int32Value(i);
    }
    return int32Value(-1);
  }

  private bound(value: Value, which: string): number {
    const whole = wholeInt32(value);
    if (whole === undefined)
      throw new ElmoError(
        9711600,
        `${this.name} requires an integral ${which} index, found a value of type: ${typeNameOf(value)}, with value: ${valueText(value)}`,
      );
    if (whole < 0)
      throw new ElmoError(9711601, `${this.name} requires a nonnegative ${which} index, found: ${whole}`);
    return whole;
  }
}

class Range extends OperatorExpression {
  private readonly builder = new ArrayBuilder();

  evaluate(frame: Frame): Value {
    const { operands, name, builder } = this;
    const startValue = operands[0]!.evaluate(frame);
    const endValue = operands[1]!.evaluate(frame);
    const start = this.whole(startValue, 'a', 'starting value', 34443);
    const end = this.whole(endValue, 'an', 'ending value', 34445);
    const step = operands.length > 2 ? this.whole(operands[2]!.evaluate(frame), 'a', 'step value', 34447) : 1;
    if (step === 0) throw new ElmoError(34449, `${name} requires a non-zero step value`);
    const count = Math.max(Math.ceil((end - start) / step), 0);
    if (count > MOST_RANGE_ELEMENTS)
      throw new ElmoError(
        'ExceededMemoryLimit',
        `${name} would use too much memory (${count} elements) and cannot spill to disk`,
      );
    builder.begin();
    for (let i = 0; i < count; i++) builder.append(int32Value(start + i * step));
    return builder.finish();
  }

  private whole(value: Value, article: string, what: string, code: number): number {
    if (!isNumberType(value.type))
      throw new ElmoError(
        code,
        `${this.name} requires a numeric ${what}, found value of type: ${typeNameOf(value)}`,
      );
    const whole = wholeInt32(value);
    if (whole === undefined)
      throw new ElmoError(
        code + 1,
        `${this.name} requires ${article} ${what} that can be represented as a 32-bit integer, found value: ${valueText(value)}`,
      );
    return whole;
  }
}

function reverseArray(array: Value, name: string): Value {
  if (array.isNullish) return NULL_VALUE;
  if (array.type !== ARRAY)
    throw new ElmoError(
      34435,
      `The argument to ${name} must be an array, but was of type: ${typeNameOf(array)}`,
    );
  return arrayOf(elementsOf(array).reverse());
}

function size(array: Value, name: string): Value {
  if (array.type !== ARRAY)
    throw new ElmoError(
      17124,
      `The argument to ${name} must be an array, but was of type: ${typeNameOf(array)}`,
    );
  let count = 0;
  walker.open(array.bytes, array.at);
  while (walker.next()) count++;
  return int32Value(count);
}

class Slice extends OperatorExpression {
  evaluate(frame: Frame): Value {
    const { operands } = this;
    const array = operands[0]!.evaluate(frame);
    const first = operands[1]!.evaluate(frame);
    if (array.isNullish || first.isNullish) return NULL_VALUE;
    if (array.type !== ARRAY)
      throw new ElmoError(
        28724,
        `First argument to $slice must be an array, but is of type: ${typeNameOf(array)}`,
      );
    const position = this.whole(first, 'Second', 'a numeric value', 28725);
    const elements = elementsOf(array);
    const { length } = elements;
    if (operands.length < 3)
      return arrayOf(
        position < 0 ? elements.slice(Math.max(length + position, 0)) : elements.slice(0, position),
      );
    const third = operands[2]!.evaluate(frame);
    if (third.isNullish) return NULL_VALUE;
    const count = this.whole(third, 'Third', 'numeric', 28727);
    if (count <= 0) throw new ElmoError(28729, `Third argument to $slice must be positive: ${count}`);
    const start = position < 0 ? Math.max(length + position, 0) : position;
    return arrayOf(elements.slice(start, start + count));
  }

  private whole(value: Value, which: string, kind: string, code: number): number {
    if (!isNumberType(value.type))
      throw new ElmoError(
        code,
        `${which} argument to $slice must be ${kind}, but is of type: ${typeNameOf(value)}`,
      );
    const whole = wholeInt32(value);
    if (whole === undefined)
      throw new ElmoError(
        code + 1,
        `${which} argument to $slice can't be represented as a 32-bit integer: ${valueText(value)}`,
      );
    return whole;
  }
}

const pairWriter = new BsonWriter();

function objectToArray(value: Value, name: string): Value {
  if (value.isNullish) return NULL_VALUE;
  if (value.type !== OBJECT)
    throw new ElmoError(40390, `${name} requires a document input, found: ${typeNameOf(value)}`);
  const { bytes } = value;
  pairWriter.clear();
  const array = pairWriter.beginDocument();
  walker.open(bytes, value.at);
  for (let i = 0; walker.next(); i++) {
    pairWriter.writeIndex(OBJECT, i);
    const pair = pairWriter.beginDocument();
    pairWriter.writeName(STRING, KEY);
    pairWriter.writeText(readText(bytes, walker.nameStart, walker.nameEnd));
    pairWriter.writeName(walker.type, VALUE);
    pairWriter.writeRange(bytes, walker.valueStart, walker.valueEnd);
    pairWriter.endDocument(pair);
  }
  pairWriter.endDocument(array);
  return new Value(ARRAY, pairWriter.toBytes(), 0);
}
const KEY = new Uint8Array([0x6b]);
const VALUE = new Uint8Array([0x76]);

const WRONG_FORMAT =
  '$arrayToObject requires a consistent input format. Elements must all be arrays or all be objects.';

function arrayToObject(array: Value, name: string): Value {
  if (array.isNullish) return NULL_VALUE;
  if (array.type !== ARRAY)
    throw new ElmoError(40386, `${name} requires an array input, found: ${typeNameOf(array)}`);
  const fields = new Map<string, Value>();
  let form = -1;
  for (const element of elementsOf(array)) {
    if (form < 0) form = element.type;
    if (form === ARRAY) {
      if (element.type !== ARRAY)
        throw new ElmoError(40396, `${WRONG_FORMAT} Array was detected, now found: ${typeNameOf(element)}`);
      addPair(fields, element);
    } else if (form === OBJECT) {
      if (element.type !== OBJECT)
        throw new ElmoError(40391, `${WRONG_FORMAT} Object was detected, now found: ${typeNameOf(element)}`);
      addKeyAndValue(fields, element);
    } else throw new ElmoError(40398, `Unrecognised input type format for ${name}: ${typeNameOf(element)}`);
  }
  pairWriter.clear();
  const start = pairWriter.beginDocument();
  for (const [key, value] of fields) writeElement(pairWriter, encodeText(key), value);
  pairWriter.endDocument(start);
  return new Value(OBJECT, pairWriter.toBytes(), 0);
}

const encoder = new TextEncoder();

function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

function refuseNul(key: string, code: number): void {
  if (key.includes('\0')) throw new ElmoError(code, 'Key field cannot contain an embedded null byte');
}

function addPair(fields: Map<string, Value>, pair: Value): void {
  const elements = elementsOf(pair);
  if (elements.length !== 2)
    throw new ElmoError(
      40397,
      `$arrayToObject requires an array of size 2 arrays, found array of size: ${elements.length}`,
    );
  const [key, value] = elements;
  if (key!.type !== STRING)
    throw new ElmoError(
      40395,
      `$arrayToObject requires an array of key-value pairs, where the key must be of type string. Found key type: ${typeNameOf(key!)}`,
    );
  const { text } = key!;
  refuseNul(text, 4940400);
  fields.set(text, value!);
}

function addKeyAndValue(fields: Map<string, Value>, pair: Value): void {
  const { bytes } = pair;
  let key: Value | undefined;
  let value: Value | undefined;
  let count = 0;
  walker.open(bytes, pair.at);
  while (walker.next()) {
    count++;
    const name = readText(bytes, walker.nameStart, walker.nameEnd);
    if (name === 'k') key = new Value(walker.type, bytes, walker.valueStart);
    else if (name === 'v') value = new Value(walker.type, bytes, walker.valueStart);
  }
  if (count !== 2)
    throw new ElmoError(
      40392,
      `$arrayToObject requires an object keys of 'k' and 'v'. Found incorrect number of keys:${count}`,
    );
  if (key === undefined || value === undefined)
    throw new ElmoError(
      40393,
      `$arrayToObject requires an object with keys 'k' and 'v'. Missing either or both keys from: ${valueText(pair)}`,
    );
  if (key.type !== STRING)
    throw new ElmoError(
      40394,
      `$arrayToObject requires an object with keys 'k' and 'v', where the value of 'k' must be of type string. Found type: ${typeNameOf(key)}`,
    );
  const { text } = key;
  refuseNul(text, 4940401);
  fields.set(text, value);
}

export const arrayOperators: ExpressionOperators = {
  $arrayElemAt: exactly(2, (operands, name) => new ArrayElemAt(operands, name)),
  $arrayToObject: unary(arrayToObject),
  $concatArrays: grouping((operands, name) => new ConcatArrays(operands, name)),
  $first: unary(endElement(0)),
  $in: exactly(2, (operands, name, scope) => new InArray(operands, name, scope)),
  $indexOfArray: between(2, 4, (operands, name, scope) => new IndexOfArray(operands, name, scope)),
  $isArray: unary((value) => boolValue(value.type === ARRAY)),
  $last: unary(endElement(-1)),
  $objectToArray: unary(objectToArray),
  $range: between(2, 3, (operands, name) => new Range(operands, name)),
  $reverseArray: unary(reverseArray),
  $size: unary(size),
  $slice: between(2, 3, (operands, name) => new Slice(operands, name)),
};
