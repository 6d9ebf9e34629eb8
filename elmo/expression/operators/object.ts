/** Fields of documents by computed or awkward names. Source: MongoDB manual, "Object Expression Operators". */
import { readText } from '../../bson/read.js';
import { ARRAY, MISSING, OBJECT, STRING } from '../../bson/types.js';
import { EMPTY_DOCUMENT, MISSING_VALUE, NULL_VALUE, Value, writeElement } from '../../bson/value.js';
import { ElementWalker, FieldFinder, FieldName } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import {
  Expression,
  type ExpressionOperator,
  type ExpressionOperators,
  type Frame,
  type ParseScope,
} from '../expression.js';
import { typeNameOf } from '../numbers.js';
import { anyNumber, namedArguments, OperatorExpression, parseUnfolded } from '../operator-kinds.js';
import { RootExpression } from '../nodes.js';

const walker = new ElementWalker();
const finder = new FieldFinder();

class MergeObjects extends OperatorExpression {
  private readonly writer = new BsonWriter();

  evaluate(frame: Frame): Value {
    const fields = new Map<string, Value>();
    let only: Value | undefined;
    let count = 0;
    for (const value of this.inputs(frame)) {
      only = value;
      count++;
      walker.open(value.bytes, value.at);
      while (walker.next())
        fields.set(
          readText(value.bytes, walker.nameStart, walker.nameEnd),
          new Value(walker.type, value.bytes, walker.valueStart),
        );
    }
    if (count === 0) return EMPTY_DOCUMENT;
    if (count === 1) return only!;
    const { writer } = this;
    writer.clear();
    const start = writer.beginDocument();
    for (const [name, value] of fields) writeElement(writer, new FieldName(name).bytes, value);
    writer.endDocument(start);
    return new Value(OBJECT, writer.toBytes(), 0);
  }

  /** Operands that are documents; of one array, its elements. */
  private inputs(frame: Frame): Value[] {
    const inputs: Value[] = [];
    for (const operand of this.operands) {
      const value = operand.evaluate(frame);
      if (value.isNullish) continue;
      if (value.type === OBJECT) inputs.push(value);
      else if (value.type === ARRAY && this.operands.length === 1) {
        walker.open(value.bytes, value.at);
        while (walker.next()) {
          const element = new Value(walker.type, value.bytes, walker.valueStart);
          if (!element.isNullish) inputs.push(this.checked(element));
        }
      } else this.checked(value);
    }
    return inputs;
  }

  private checked(value: Value): Value {
    if (value.type !== OBJECT)
      throw new ElmoError(
        40400,
        `${this.name} requires object inputs, but input is of type ${typeNameOf(value)}`,
      );
    return value;
  }
}

class GetField extends Expression {
  private readonly constantName: FieldName | undefined;

  constructor(
    private readonly field: Expression,
    private readonly input: Expression,
  ) {
    super();
    if (field.constant?.type === STRING) this.constantName = fieldName(field.constant);
  }

  evaluate(frame: Frame): Value {
    const name = this.constantName ?? fieldName(this.field.evaluate(frame));
    const input = this.input.evaluate(frame);
    if (input.type !== OBJECT) return input.isNullish && !input.isMissing ? NULL_VALUE : MISSING_VALUE;
    if (!finder.find(input.bytes, input.at, name)) return MISSING_VALUE;
    return new Value(finder.type, input.bytes, finder.valueStart);
  }

  override addDependencies(into: Set<string>): void {
    this.field.addDependencies(into);
    this.input.addDependencies(into);
  }
}

function fieldName(value: Value): FieldName {
  if (value.type !== STRING)
    throw new ElmoError(
      3041704,
      `$getField requires 'field' to evaluate to type String, but got ${typeNameOf(value)}`,
    );
  return new FieldName(value.text);
}

/** `{field, input}`, or the field alone: a constant or an operator. */
function parseGetField(argument: Value, scope: ParseScope, name: string): Expression {
  let field = argument;
  let input: Expression = new RootExpression();
  if (argument.type === OBJECT && !isOperator(argument)) {
    const given = namedArguments(argument, name, {
      required: ['field', 'input'],
      notObject: 3041700,
      unknown: 3041701,
      missing: { field: 3041702, input: 3041703 },
    });
    field = given.get('field')!;
    input = parseUnfolded(() => scope.parse(given.get('input')!));
  }
  return new GetField(
    parseUnfolded(() => scope.parse(field)),
    input,
  );
}

function isOperator(document: Value): boolean {
  walker.open(document.bytes, document.at);
  return walker.next() && document.bytes[walker.nameStart] === 0x24;
}

class SetField extends Expression {
  private readonly writer = new BsonWriter();

  constructor(
    private readonly field: FieldName,
    private readonly input: Expression,
    private readonly value: Expression,
  ) {
    super();
  }

  evaluate(frame: Frame): Value {
    const input = this.input.evaluate(frame);
    if (input.isNullish) return NULL_VALUE;
    if (input.type !== OBJECT)
      throw new ElmoError(4161105, "$setField requires 'input' to evaluate to type Object");
    const value = this.value.evaluate(frame);
    const { writer, field } = this;
    const { bytes } = input;
    writer.clear();
    const start = writer.beginDocument();
    let isThere = false;
    walker.open(bytes, input.at);
    while (walker.next()) {
      if (walker.isNamed(field)) {
        if (!isThere) writeElement(writer, field.bytes, value);
        isThere = true;
      } else writer.writeRange(bytes, walker.nameStart - 1, walker.valueEnd);
    }
    if (!isThere && value.type !== MISSING) writeElement(writer, field.bytes, value);
    writer.endDocument(start);
    return new Value(OBJECT, writer.toBytes(), 0);
  }

  override addDependencies(into: Set<string>): void {
    this.input.addDependencies(into);
    this.value.addDependencies(into);
  }
}

function setField(takesValue: boolean): ExpressionOperator {
  return {
    parse: (argument, scope, name) => {
      const given = namedArguments(argument, name, {
        required: takesValue ? ['field', 'value', 'input'] : ['field', 'input'],
        notObject: 4161100,
        unknown: 4161101,
        missing: { field: 4161102, value: 4161103, input: 4161109 },
      });
      const field = constantField(given.get('field')!, scope);
      const input = parseUnfolded(() => scope.parse(given.get('input')!));
      const value = parseUnfolded(() => scope.parse(takesValue ? given.get('value')! : REMOVE));
      return new SetField(field, input, value);
    },
  };
}

const REMOVE = new Value(STRING, new TextEncoder().encode('\x09\0\0\0$$REMOVE\0'), 0);

/** The name has to be known at once, and must not look like a path. */
function constantField(value: Value, scope: ParseScope): FieldName {
  if (value.type === STRING && value.text.startsWith('$')) {
    scope.parse(value);
    throw new ElmoError(
      4161108,
      `'${value.text}' is a field path reference which is not allowed in this context. Did you mean {$literal: '${value.text}'}?`,
    );
  }
  const isComputed = value.type === OBJECT && !isLiteral(value);
  const expression = scope.parse(value);
  if (isComputed || expression.constant === undefined)
    throw new ElmoError(
      4161106,
      "$setField requires 'field' to evaluate to a constant, but got a non-constant argument",
    );
  const { constant } = expression;
  if (constant.type !== STRING)
    throw new ElmoError(
      4161107,
      `$setField requires 'field' to evaluate to type String, but got ${typeNameOf(constant)}`,
    );
  const { text } = constant;
  if (text.includes('\0'))
    throw new ElmoError(9534700, "$setField: 'field' cannot contain an embedded null byte");
  return new FieldName(text);
}

function isLiteral(document: Value): boolean {
  walker.open(document.bytes, document.at);
  if (!walker.next()) return false;
  const name = readText(document.bytes, walker.nameStart, walker.nameEnd);
  return name === '$literal' || name === '$const';
}

export const objectOperators: ExpressionOperators = {
  $getField: { parse: parseGetField },
  $mergeObjects: anyNumber((operands, name) => new MergeObjects(operands, name)),
  $setField: setField(true),
  $unsetField: setField(false),
};
