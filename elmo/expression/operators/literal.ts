/** Values that are not parsed. Source: MongoDB manual, "Literal Expression Operator". */
import type { ExpressionOperator, ExpressionOperators } from '../expression.js';
import { ConstantExpression } from '../nodes.js';

const literal: ExpressionOperator = {
  parse: (argument) => new ConstantExpression(argument.keep()),
};

export const literalOperators: ExpressionOperators = { $literal: literal, $const: literal };
