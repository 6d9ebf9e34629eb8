/** $literal, and $expr, which is what it holds. Source: MongoDB manual, "Literal Expression Operator". */
import type { ExpressionOperator, ExpressionOperators } from '../expression.js';
import { ConstantExpression } from '../nodes.js';

const literal: ExpressionOperator = {
  parse: (argument) => new ConstantExpression(argument.keep()),
};

export const literalOperators: ExpressionOperators = {
  $literal: literal,
  $const: literal,
  $expr: { parse: (argument, scope) => scope.parse(argument) },
};
