/** The order of strings that a collation asks for, in the form the comparisons of values take. */
import type { Collation } from '../bson/compare.js';
import type { CollationSpec } from '../collation/collation.js';
import { collatorOf } from '../collation/collator.js';

export function comparatorOf(spec: CollationSpec | undefined): Collation | undefined {
  return spec === undefined ? undefined : collatorOf(spec);
}
