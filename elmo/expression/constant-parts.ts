/**
 * Operators of many operands whose constant parts are joined at parsing, though other operands depend on the row. What is
 * wrong with a joined part is seen then.
 */
import { Frame, type Expression, type ExpressionOperator } from './expression.js';
import { ConstantExpression } from './nodes.js';
import {
  type BuildOperator,
  foldConstants,
  mayRearrange,
  parseOperands,
  tryConstants,
} from './operator-kinds.js';

const NO_ROW = new Frame();

/** Any number of operands that may be grouped: neighbouring constants become one. */
export function grouping(build: BuildOperator): ExpressionOperator {
  return joining(build, (operands) => operands);
}

/** Any number of operands that may be grouped in any order: all constants become one, which comes last. */
export function unordered(build: BuildOperator): ExpressionOperator {
  return joining(build, (operands) => [
    ...operands.filter((operand) => operand.constant === undefined),
    ...operands.filter((operand) => operand.constant !== undefined),
  ]);
}

function joining(
  build: BuildOperator,
  arrange: (operands: readonly Expression[]) => readonly Expression[],
): ExpressionOperator {
  return {
    parse: (argument, scope, name) => {
      const operands = parseOperands(argument, scope);
      if (operands.every((operand) => operand.constant !== undefined))
        return foldConstants(build(operands, name, scope), operands);
      if (!mayRearrange()) return build(operands, name, scope);
      const joined: Expression[] = [];
      let run: Expression[] = [];
      const endRun = (): void => {
        const value =
          run.length > 1 ? tryConstants(() => build(run, name, scope).evaluate(NO_ROW).keep()) : undefined;
        joined.push(...(value === undefined ? run : [new ConstantExpression(value)]));
        run = [];
      };
      for (const operand of arrange(operands)) {
        if (operand.constant !== undefined) run.push(operand);
        else {
          endRun();
          joined.push(operand);
        }
      }
      endRun();
      return build(joined, name, scope);
    },
  };
}

/** Shows `check` the value of an operand that is constant and not null, so that it is refused at parsing if it is wrong. */
export function checkConstant(
  operand: Expression | undefined,
  check: (value: NonNullable<Expression['constant']>) => unknown,
): void {
  const constant = operand?.constant;
  if (constant !== undefined && !constant.isNullish) tryConstants(() => check(constant));
}
