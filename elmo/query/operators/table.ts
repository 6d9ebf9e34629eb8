/** Every query operator there is. */
import { arrayOperators } from './array.js';
import { bitwiseOperators } from './bitwise.js';
import { comparisonOperators } from './comparison.js';
import { elementOperators } from './element.js';
import { evaluationOperators } from './evaluation.js';
import { geoOperators } from './geo.js';
import { negation, topOperators } from './logical.js';
import type { FieldOperator, FieldOperators, TopOperator } from './operator.js';
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

const fieldOperatorsByName: ReadonlyMap<string, FieldOperator> = new Map(Object.entries(fieldOperators));
const topOperatorsByName: ReadonlyMap<string, TopOperator> = new Map(Object.entries(topOperators));

/** @param name  with its dollar */
export function fieldOperatorOf(name: string): FieldOperator | undefined {
  return fieldOperatorsByName.get(name);
}

/** @param name  with its dollar */
export function topOperatorOf(name: string): TopOperator | undefined {
  return topOperatorsByName.get(name);
}
