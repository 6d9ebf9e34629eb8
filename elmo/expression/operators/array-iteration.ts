/** Operators that evaluate an expression for each element of an array. Source: MongoDB manual, "Array Expression Operators". */
import { readInt32 } from '../../bson/read.js';
import { ARRAY, BOOL, OBJECT, STRING } from '../../bson/types.js';
import { MISSING_VALUE, NULL_VALUE, Value } from '../../bson/value.js';
import { ElementWalker } from '../../bson/walk.js';
import { ElmoError } from '../../errors.js';
import { isTruthy } from '../compare.js';
import { ArrayBuilder, elementsOf, valueText, wholeInt32 } from '../elements.js';
import { Expression, type ExpressionOperators, type Frame } from '../expression.js';
import { checkVariableWrite } from '../field-names.js';
import { typeNameOf } from '../numbers.js';
import { namedArguments } from '../operator-kinds.js';

/** The variable `as` names, `this` if it is absent. */
function variableName(as: Value | undefined): string {
  if (as === undefined) return 'this';
  const name = as.type === STRING ? as.text : '';
  checkVariableWrite(name);
  return name;
}

/** $map, and $filter as well: each has one variable. */
abstract class ElementExpression extends Expression {
  protected readonly builder = new ArrayBuilder();

  constructor(
    protected readonly input: Expression,
    protected readonly slot: number,
    protected readonly body: Expression,
  ) {
    super();
  }

  override addDependencies(into: Set<string>): void {
    this.input.addDependencies(into);
    this.body.addDependencies(into);
  }
}

class MapExpression extends ElementExpression {
  evaluate(frame: Frame): Value {
    const input = this.input.evaluate(frame);
    if (input.isNullish) return NULL_VALUE;
    if (input.type !== ARRAY)
      throw new ElmoError(16883, `input to $map must be an array not ${typeNameOf(input)}`);
    const { builder, slot, body } = this;
    const { bytes } = input;
    const walker = new ElementWalker(); // the body may walk as well
    builder.begin();
    walker.open(bytes, input.at);
    while (walker.next()) {
      frame.slots[slot] = new Value(walker.type, bytes, walker.valueStart);
      builder.append(body.evaluate(frame));
    }
    return builder.finish();
  }
}

class FilterExpression extends ElementExpression {
  constructor(
    input: Expression,
    slot: number,
    body: Expression,
    private readonly limit: Expression | undefined,
  ) {
    super(input, slot, body);
  }

  evaluate(frame: Frame): Value {
    const input = this.input.evaluate(frame);
    if (input.isNullish) return NULL_VALUE;
    if (input.type !== ARRAY)
      throw new ElmoError(28651, `input to $filter must be an array not ${typeNameOf(input)}`);
    if (readInt32(input.bytes, input.at) === EMPTY_BYTES) return input; // before the limit is looked at
    let room = this.limit === undefined ? Infinity : limitOf(this.limit.evaluate(frame));
    const { builder, slot, body } = this;
    const { bytes } = input;
    const walker = new ElementWalker();
    builder.begin();
    walker.open(bytes, input.at);
    while (room > 0 && walker.next()) {
      const element = new Value(walker.type, bytes, walker.valueStart);
      frame.slots[slot] = element;
      if (!isTruthy(body.evaluate(frame))) continue;
      builder.append(element);
      room--;
    }
    return builder.finish();
  }

  override addDependencies(into: Set<string>): void {
    super.addDependencies(into);
    this.limit?.addDependencies(into);
  }
}

const EMPTY_BYTES = 5;

function limitOf(value: Value): number {
  if (value.isNullish) return Infinity;
  const limit = wholeInt32(value);
  if (limit === undefined)
    throw new ElmoError(
      327391,
      `$filter: limit must be represented as a 32-bit integral value: ${valueText(value)}`,
    );
  if (limit < 1) throw new ElmoError(327392, `$filter: limit must be greater than 0: ${limit}`);
  return limit;
}

class ReduceExpression extends Expression {
  constructor(
    private readonly input: Expression,
    private readonly initial: Expression,
    private readonly slots: readonly number[],
    private readonly body: Expression,
  ) {
    super();
  }

  evaluate(frame: Frame): Value {
    const input = this.input.evaluate(frame);
    if (input.isNullish) return NULL_VALUE;
    if (input.type !== ARRAY)
      throw new ElmoError(40080, `$reduce requires that 'input' be an array, found: ${valueText(input)}`);
    const { body } = this;
    const [thisSlot, valueSlot] = this.slots as readonly [number, number];
    const { bytes } = input;
    let value = this.initial.evaluate(frame);
    const walker = new ElementWalker();
    walker.open(bytes, input.at);
    while (walker.next()) {
      frame.slots[thisSlot] = new Value(walker.type, bytes, walker.valueStart);
      frame.slots[valueSlot] = value;
      value = body.evaluate(frame);
    }
    return value;
  }

  override addDependencies(into: Set<string>): void {
    this.input.addDependencies(into);
    this.initial.addDependencies(into);
    this.body.addDependencies(into);
  }
}

class ZipExpression extends Expression {
  private readonly rows = new ArrayBuilder();
  private readonly row = new ArrayBuilder();

  constructor(
    private readonly inputs: readonly Expression[],
    private readonly isLongest: boolean,
    private readonly defaults: readonly Expression[],
  ) {
    super();
  }

  evaluate(frame: Frame): Value {
    const arrays: Value[][] = [];
    let isNull = false;
    for (const input of this.inputs) {
      const array = input.evaluate(frame);
      if (array.isNullish) isNull = true;
      else if (array.type !== ARRAY)
        throw new ElmoError(34468, `$zip found a non-array expression in input: ${valueText(array)}`);
      else if (!isNull) arrays.push(elementsOf(array));
      if (isNull) return NULL_VALUE;
    }
    const lengths = arrays.map((array) => array.length);
    const count = this.isLongest ? Math.max(...lengths) : Math.min(...lengths);
    const defaults = this.defaults.map((expression) => expression.evaluate(frame));
    this.rows.begin();
    for (let i = 0; i < count; i++) {
      this.row.begin();
      for (let j = 0; j < arrays.length; j++) this.row.append(arrays[j]![i] ?? defaults[j] ?? MISSING_VALUE);
      this.rows.append(this.row.finish());
    }
    return this.rows.finish();
  }

  override addDependencies(into: Set<string>): void {
    for (const input of this.inputs) input.addDependencies(into);
    for (const expression of this.defaults) expression.addDependencies(into);
  }
}

export const arrayIterationOperators: ExpressionOperators = {
  $filter: {
    parse: (argument, scope, name) => {
      const given = namedArguments(argument, name, {
        required: ['input', 'cond'],
        optional: ['as', 'limit'],
        notObject: 28646,
        unknown: 28647,
        missing: { input: 28648, cond: 28650 },
      });
      const input = scope.parse(given.get('input')!);
      const inner = scope.withVariables([variableName(given.get('as'))]);
      const body = inner.scope.parse(given.get('cond')!);
      const limit = given.get('limit');
      const limitExpression = limit === undefined ? undefined : scope.parse(limit);
      return new FilterExpression(input, inner.slots[0]!, body, limitExpression);
    },
  },
  $map: {
    parse: (argument, scope, name) => {
      const given = namedArguments(argument, name, {
        required: ['input', 'in'],
        optional: ['as'],
        notObject: 16878,
        unknown: 16879,
        missing: { input: 16880, in: 16882 },
      });
      const input = scope.parse(given.get('input')!);
      const inner = scope.withVariables([variableName(given.get('as'))]);
      const body = inner.scope.parse(given.get('in')!);
      return new MapExpression(input, inner.slots[0]!, body);
    },
  },
  $reduce: {
    parse: (argument, scope, name) => {
      const given = namedArguments(argument, name, {
        required: ['input', 'initialValue', 'in'],
        notObject: 40075,
        unknown: 40076,
        missing: { input: 40077, initialValue: 40078, in: 40079 },
      });
      const input = scope.parse(given.get('input')!);
      const initial = scope.parse(given.get('initialValue')!);
      const inner = scope.withVariables(['this', 'value']);
      const body = inner.scope.parse(given.get('in')!);
      return new ReduceExpression(input, initial, inner.slots, body);
    },
  },
  $zip: {
    parse: (argument, scope, name) => {
      if (argument.type !== OBJECT)
        throw new ElmoError(
          34460,
          `${name} only supports an object as an argument, found ${typeNameOf(argument)}`,
        );
      const given = namedArguments(argument, name, {
        optional: ['inputs', 'useLongestLength', 'defaults'],
        notObject: 34460,
        unknown: 34464,
        missing: 34465,
      });
      const parseList = (value: Value | undefined, what: string, code: number): Expression[] => {
        if (value === undefined) return [];
        if (value.type !== ARRAY)
          throw new ElmoError(code, `${what} must be an array of expressions, found ${typeNameOf(value)}`);
        return elementsOf(value).map((element) => scope.parse(element));
      };
      const longest = given.get('useLongestLength');
      if (longest !== undefined && longest.type !== BOOL)
        throw new ElmoError(34463, `useLongestLength must be a bool, found ${typeNameOf(longest)}`);
      const inputs = parseList(given.get('inputs'), 'inputs', 34461);
      const defaults = parseList(given.get('defaults'), 'defaults', 34462);
      const isLongest = longest !== undefined && longest.bytes[longest.at] === 1;
      if (inputs.length === 0) throw new ElmoError(34465, `${name} requires at least one input array`);
      if (defaults.length > 0 && defaults.length !== inputs.length)
        throw new ElmoError(34467, 'defaults and inputs must have the same length');
      if (defaults.length > 0 && !isLongest)
        throw new ElmoError(34466, 'cannot specify defaults unless useLongestLength is true');
      return new ZipExpression(inputs, isLongest, defaults);
    },
  },
};
