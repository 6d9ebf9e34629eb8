/**
 * What lies between `min` and `max` in the order of an index's collation. Entries hold a form of each text that is the same
 * for equal texts and has no order (collation/key.ts), and texts inside of values as they are: so documents are asked.
 */
import { compareValues, type Collation } from '../bson/compare.js';
import type { Value } from '../bson/value.js';
import type { CollationSpec } from '../collation/collation.js';

export interface CollatedRange {
  readonly collation: CollationSpec;
  /** Values of the index's fields: the first that are included. Undefined: no end. */
  readonly min: readonly Value[] | undefined;
  /** The first that are not included. */
  readonly max: readonly Value[] | undefined;
  /** Whether rows are wanted in that order. */
  readonly isOrdered: boolean;
}

/** One value for each field, in the order that the fields' directions give. @returns negative, 0 or positive */
export function compareTuples(
  fields: readonly { readonly direction: 1 | -1 }[],
  a: readonly Value[],
  b: readonly Value[],
  collation: Collation | undefined,
): number {
  for (let i = 0; i < fields.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    const order = compareValues(x.bytes, x.type, x.at, y.bytes, y.type, y.at, collation);
    if (order !== 0) return fields[i]!.direction > 0 ? order : -order;
  }
  return 0;
}
