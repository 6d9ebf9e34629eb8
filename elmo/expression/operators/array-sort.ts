/** $sortArray, and the first, last, least and greatest few of arrays. Source: MongoDB manual, "Array Expression Operators". */
import type { Collation } from '../../bson/compare.js';
import { readDecimal } from '../../bson/decimal-arithmetic.js';
import { readText } from '../../bson/read.js';
import { ARRAY, DECIMAL128, INT64, MISSING, NULL, OBJECT } from '../../bson/types.js';
import { NULL_VALUE, Value } from '../../bson/value.js';
import { ElementWalker, FieldFinder, FieldName } from '../../bson/walk.js';
import { ElmoError } from '../../errors.js';
import { compareExpressionValues } from '../compare.js';
import { arrayOf, elementsOf, valueText, wholeInt32 } from '../elements.js';
import {
  Expression,
  type ExpressionOperator,
  type ExpressionOperators,
  type Frame,
  type ParseScope,
} from '../expression.js';
import { doubleOf, isNumberType, typeNameOf } from '../numbers.js';
import { namedArguments, parseUnfolded } from '../operator-kinds.js';

type Order = (a: Value, b: Value) => number;

function orderBy(collation: Collation | undefined, sign: number): Order {
  return (a, b) => sign * compareExpressionValues(a, b, collation);
}

class SortArray extends Expression {
  constructor(
    private readonly input: Expression,
    private readonly order: Order,
  ) {
    super();
  }

  evaluate(frame: Frame): Value {
    const input = this.input.evaluate(frame);
    if (input.isNullish) return NULL_VALUE;
    if (input.type !== ARRAY)
      throw new ElmoError(
        2942504,
        `The input argument to $sortArray must be an array, but was of type: ${typeNameOf(input)}`,
      );
    return arrayOf(elementsOf(input).sort(this.order));
  }

  override addDependencies(into: Set<string>): void {
    this.input.addDependencies(into);
  }
}

const finder = new FieldFinder();

const INDEX = /^\d+$/;

/** What documents lead to, and arrays by index; null if there is nothing. */
function fieldOf(value: Value, path: readonly FieldName[]): Value {
  let { type, at } = value;
  const { bytes } = value;
  for (const name of path) {
    const isEntered = type === OBJECT || (type === ARRAY && INDEX.test(name.text));
    if (!isEntered || !finder.find(bytes, at, name)) return NULL_VALUE;
    type = finder.type;
    at = finder.valueStart;
  }
  return type === MISSING || type === NULL ? NULL_VALUE : new Value(type, bytes, at);
}

function invalidPattern(why: string): ElmoError {
  return new ElmoError(2942505, `BadValue: ${why}`);
}

function directionOf(value: Value): number | undefined {
  const whole = isNumberType(value.type) ? wholeInt32(value) : undefined;
  return whole === 1 || whole === -1 ? whole : undefined;
}

/** `1`, `-1`, or `{a: 1, 'b.c': -1}`. */
function parseOrder(sortBy: Value, collation: Collation | undefined): Order {
  if (isNumberType(sortBy.type)) {
    const direction = directionOf(sortBy);
    if (direction === undefined)
      throw new ElmoError(2942506, 'The $sort element value must be either 1 or -1');
    return orderBy(collation, direction);
  }
  if (sortBy.type !== OBJECT)
    throw new ElmoError(
      2942507,
      'The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields',
    );
  const keys: { path: readonly FieldName[]; order: Order }[] = [];
  const walker = new ElementWalker();
  walker.open(sortBy.bytes, sortBy.at);
  while (walker.next()) {
    const name = readText(sortBy.bytes, walker.nameStart, walker.nameEnd);
    const direction = directionOf(new Value(walker.type, sortBy.bytes, walker.valueStart));
    if (name === '') throw invalidPattern('The sort field cannot be empty');
    const parts = name.split('.');
    if (parts.includes(''))
      throw invalidPattern(`The sort field is a dotted field but has an empty part: ${name}`);
    if (direction === undefined) throw invalidPattern('The sort element value must be either 1 or -1');
    keys.push({ path: parts.map((part) => new FieldName(part)), order: orderBy(collation, direction) });
  }
  if (keys.length === 0) throw invalidPattern('The sort pattern is empty when it should be a set of fields.');
  return (a, b) => {
    for (const { path, order } of keys) {
      const difference = order(fieldOf(a, path), fieldOf(b, path));
      if (difference !== 0) return difference;
    }
    return 0;
  };
}

/** Which few of an array's elements. */
type Pick = (elements: Value[], count: number, collation: Collation | undefined) => Value[];

class FewElements extends Expression {
  constructor(
    private readonly input: Expression,
    private readonly count: Expression,
    private readonly pick: Pick,
    private readonly scope: ParseScope,
  ) {
    super();
  }

  evaluate(frame: Frame): Value {
    const count = countOf(this.count.evaluate(frame));
    const input = this.input.evaluate(frame);
    if (input.type !== ARRAY) throw new ElmoError(5788200, 'Input must be an array');
    return arrayOf(this.pick(elementsOf(input), count, this.scope.compareTexts));
  }

  override addDependencies(into: Set<string>): void {
    this.input.addDependencies(into);
    this.count.addDependencies(into);
  }
}

const MOST_LONG = 9223372036854775808;

function countOf(value: Value): number {
  if (!isNumberType(value.type))
    throw new ElmoError(5787902, `Value for 'n' must be of integral type, but found ${valueText(value)}`);
  const isFinite = value.type !== DECIMAL128 || readDecimal(value.bytes, value.at).isFinite;
  const count = doubleOf(value);
  if (value.type !== INT64 && (!isFinite || !(count >= -MOST_LONG && count < MOST_LONG)))
    throw new ElmoError(31109, `Can't coerce out of range value ${valueText(value)} to long`);
  if (!Number.isInteger(count))
    throw new ElmoError(5787903, `Value for 'n' must be of integral type, but found ${valueText(value)}`);
  if (count <= 0) throw new ElmoError(5787908, `'n' must be greater than 0, found ${count}`);
  return count;
}

/** The best `count`, best first; of equals the first come, the last of them ahead. Null does not count. */
function best(sign: number): Pick {
  return (elements, count, collation) => {
    const order = orderBy(collation, sign);
    const ranked = elements
      .map((element, i) => ({ element, i }))
      .filter(({ element }) => !element.isNullish)
      .sort((a, b) => order(a.element, b.element) || a.i - b.i)
      .slice(0, count);
    return ranked.sort((a, b) => order(a.element, b.element) || b.i - a.i).map(({ element }) => element);
  };
}

function fewElements(notObject: number, pick: Pick): ExpressionOperator {
  return {
    parse: (argument, scope, name) => {
      if (argument.type !== OBJECT)
        throw new ElmoError(
          notObject,
          `specification must be an object; found ${name}: ${valueText(argument)}`,
        );
      const given = namedArguments(argument, name, {
        required: ['n', 'input'],
        notObject,
        unknown: 5787901,
        missing: { n: 5787906, input: 5787907 },
      });
      return parseUnfolded(
        () => new FewElements(scope.parse(given.get('input')!), scope.parse(given.get('n')!), pick, scope),
      );
    },
  };
}

export const arraySortOperators: ExpressionOperators = {
  $firstN: fewElements(5787801, (elements, count) => elements.slice(0, count)),
  $lastN: fewElements(5787801, (elements, count) => elements.slice(Math.max(elements.length - count, 0))),
  $maxN: fewElements(5787900, best(-1)),
  $minN: fewElements(5787900, best(1)),
  $sortArray: {
    parse: (argument, scope, name) => {
      if (argument.type !== OBJECT)
        throw new ElmoError(
          2942500,
          `${name} requires an object as an argument, found: ${typeNameOf(argument)}`,
        );
      const given = namedArguments(argument, name, {
        optional: ['input', 'sortBy'],
        notObject: 2942500,
        unknown: 2942501,
        missing: 2942502,
      });
      const sortBy = given.get('sortBy');
      const order = sortBy === undefined ? undefined : parseOrder(sortBy, scope.compareTexts);
      if (!given.has('input')) throw new ElmoError(2942502, `${name} requires 'input' to be specified`);
      if (order === undefined) throw new ElmoError(2942503, `${name} requires 'sortBy' to be specified`);
      return new SortArray(scope.parse(given.get('input')!), order);
    },
  },
};
