/** All operators of expressions: one record per family, each in a file of its own. */
import type { ExpressionOperators } from './expression.js';
import { literalOperators } from './operators/literal.js';
import { variableOperators } from './operators/variable.js';

export const expressionOperators: ExpressionOperators = {
  ...literalOperators,
  ...variableOperators,
};
