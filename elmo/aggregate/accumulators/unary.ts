/** Accumulators of one argument, which is any expression but a literal array. */
import { ARRAY } from '../../bson/types.js';
import { ElmoError } from '../../errors.js';
import { parseExpression } from '../../expression/parse.js';
import type { ParseScope } from '../../expression/expression.js';
import { Operand } from '../operand.js';
import type { Accumulator, AccumulatorOperator, AccumulatorSpec } from './accumulator.js';

/** @param create  makes an accumulator that reads the operand, which is its own */
export function unaryAccumulator(
  create: (operand: Operand, scope: ParseScope) => Accumulator,
): AccumulatorOperator {
  return {
    parse(argument, scope, name): AccumulatorSpec {
      if (argument.type === ARRAY) throw new ElmoError(40237, `The ${name} accumulator is a unary operator`);
      const expression = parseExpression(argument, scope);
      return {
        operand: expression,
        create: (fields) => create(new Operand(expression, fields), scope),
        addDependencies: (into) => expression.addDependencies(into),
      };
    },
  };
}
