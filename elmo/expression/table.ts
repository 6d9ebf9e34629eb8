/** All operators of expressions: one record per family, each in a file of its own. */
import type { ExpressionOperators } from './expression.js';
import { arithmeticOperators } from './operators/arithmetic.js';
import { booleanOperators } from './operators/boolean.js';
import { comparisonOperators } from './operators/comparison.js';
import { conditionalOperators } from './operators/conditional.js';
import { literalOperators } from './operators/literal.js';
import { miscOperators } from './operators/misc.js';
import { powerOperators } from './operators/powers.js';
import { roundingOperators } from './operators/rounding.js';
import { trigonometryOperators } from './operators/trigonometry.js';
import { typeOperators } from './operators/type.js';
import { variableOperators } from './operators/variable.js';
import { arrayOperators } from './operators/array.js';
import { arrayIterationOperators } from './operators/array-iteration.js';
import { stringOperators } from './operators/string.js';
import { stringSearchOperators } from './operators/string-search.js';
import { regexOperators } from './operators/regex.js';
import { datePartOperators } from './operators/date-parts.js';
import { dateTextOperators } from './operators/date-text.js';
import { dateArithmeticOperators } from './operators/date-arithmetic.js';
import { arraySortOperators } from './operators/array-sort.js';
import { setOperators } from './operators/set.js';
import { objectOperators } from './operators/object.js';
import { bitwiseOperators } from './operators/bitwise.js';
import { accumulatorOperators } from './operators/accumulators.js';
import { percentileOperators } from './operators/percentiles.js';

export const expressionOperators: ExpressionOperators = {
  ...arithmeticOperators,
  ...booleanOperators,
  ...comparisonOperators,
  ...conditionalOperators,
  ...literalOperators,
  ...miscOperators,
  ...powerOperators,
  ...roundingOperators,
  ...trigonometryOperators,
  ...typeOperators,
  ...variableOperators,
  ...arrayOperators,
  ...arrayIterationOperators,
  ...stringOperators,
  ...stringSearchOperators,
  ...regexOperators,
  ...datePartOperators,
  ...dateTextOperators,
  ...dateArithmeticOperators,
  ...arraySortOperators,
  ...setOperators,
  ...objectOperators,
  ...bitwiseOperators,
  ...accumulatorOperators,
  ...percentileOperators,
};
