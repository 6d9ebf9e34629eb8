/** Every query operator there is. */
import { arrayOperators } from './array.js';
import { bitwiseOperators } from './bitwise.js';
import { comparisonOperators } from './comparison.js';
import { elementOperators } from './element.js';
import { evaluationOperators } from './evaluation.js';
import { geoOperators } from './geo.js';
import { negation, topOperators } from './logical.js';
import type { FieldOperators } from './operator.js';
import { regexOperators } from './regex.js';

export const fieldOperators: FieldOperators = {
  ...comparisonOperators,
  ...negation,
  ...elementOperators,
  ...evaluationOperators,
  ...regexOperators,
  ...arrayOperators,
  ...bitwiseOperators,
  ...geoOperators,
};

export { topOperators };
