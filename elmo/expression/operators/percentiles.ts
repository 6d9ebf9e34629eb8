/** $percentile and $median over arrays. Source: MongoDB manual, "$percentile (aggregation)". */
import { ARRAY, NULL, OBJECT, STRING, UNDEFINED } from '../../bson/types.js';
import { doubleValue, NULL_VALUE, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { arrayOf, elementsOf, valueText } from '../elements.js';
import {
  Expression,
  type ExpressionOperator,
  type ExpressionOperators,
  type Frame,
  type ParseScope,
} from '../expression.js';
import { doubleOf, isNumberType, typeNameOf } from '../numbers.js';
import { namedArguments, parseUnfolded } from '../operator-kinds.js';

class Percentiles extends Expression {
  constructor(
    private readonly input: Expression,
    /** Each in [0, 1]. */
    private readonly shares: readonly number[],
    private readonly isMedian: boolean,
  ) {
    super();
  }

  evaluate(frame: Frame): Value {
    const numbers = numbersOf(this.input.evaluate(frame)).sort((a, b) => a - b);
    const results = this.shares.map((share) => {
      if (numbers.length === 0) return NULL_VALUE;
      return doubleValue(numbers[Math.max(Math.ceil(numbers.length * share) - 1, 0)]!);
    });
    return this.isMedian ? results[0]! : arrayOf(results);
  }

  override addDependencies(into: Set<string>): void {
    this.input.addDependencies(into);
  }
}

/** The numbers of an array, or the one number; NaN is no part of an array. */
function numbersOf(value: Value): number[] {
  if (isNumberType(value.type)) return [doubleOf(value)];
  if (value.type !== ARRAY) return [];
  return elementsOf(value)
    .filter((element) => isNumberType(element.type))
    .map(doubleOf)
    .filter((number) => number === number);
}

function parseShares(value: Value, scope: ParseScope): number[] {
  const { constant } = scope.parse(value);
  const text = (found: Value): string =>
    `The $percentile 'p' field must be an array of numbers from [0.0, 1.0], but found: ${valueText(found)}`;
  if (constant === undefined)
    throw new ElmoError(
      7750300,
      `The $percentile 'p' field must be an array of constant values, but found value: ${valueText(value)}.`,
    );
  const elements = constant.type === ARRAY ? elementsOf(constant) : [];
  if (elements.length === 0) throw new ElmoError(7750301, text(constant));
  return elements.map((element) => {
    if (!isNumberType(element.type)) throw new ElmoError(7750302, text(element));
    const share = doubleOf(element);
    if (!(share >= 0 && share <= 1)) throw new ElmoError(7750303, text(element));
    return share;
  });
}

function percentiles(isMedian: boolean): ExpressionOperator {
  return {
    parse: (argument, scope, name) => {
      if (argument.type !== OBJECT)
        throw new ElmoError(
          isMedian ? 7436201 : 7436200,
          `specification must be an object; found ${name}: ${valueText(argument)}`,
        );
      const required = isMedian ? ['input', 'method'] : ['input', 'p', 'method'];
      const given = namedArguments(argument, name, {
        optional: required,
        notObject: 7436200,
        unknown: 40415,
        missing: 40414,
      });
      const method = given.get('method');
      const isAbsent = method === undefined || method.type === NULL || method.type === UNDEFINED;
      if (!isAbsent && method.type !== STRING)
        throw new ElmoError(
          'TypeMismatch',
          `BSON field '${name}.method' is the wrong type '${typeNameOf(method)}', expected type 'string'`,
        );
      for (const field of required)
        if (!given.has(field) || (field === 'method' && isAbsent))
          throw new ElmoError(40414, `BSON field '${name}.${field}' is missing but a required field`);
      const shares = isMedian ? [0.5] : parseShares(given.get('p')!, scope);
      if (method!.text !== 'approximate')
        throw new ElmoError('BadValue', "Currently only 'approximate' can be used as a percentile 'method'.");
      return new Percentiles(
        parseUnfolded(() => scope.parse(given.get('input')!)),
        shares,
        isMedian,
      );
    },
  };
}

export const percentileOperators: ExpressionOperators = {
  $median: percentiles(true),
  $percentile: percentiles(false),
};
