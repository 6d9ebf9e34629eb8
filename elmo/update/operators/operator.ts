/** What a row of the operator table is. */
import type { Collation } from '../../bson/compare.js';
import type { Value } from '../../bson/value.js';
import type { CollationSpec } from '../../collation/collation.js';
import type { ParseScope } from '../../expression/expression.js';
import type { LeafNode } from '../node.js';

export interface OperatorContext {
  readonly collation: CollationSpec | undefined;
  /** The same rules, compiled. */
  readonly compareTexts: Collation | undefined;
  readonly scope: ParseScope | undefined;
}

export interface UpdateOperator {
  /**
   * @param path  as written, checked
   * @param argument  what stands right of the path; kept
   * @returns what is to be done, each at the path of its own; each is placed before the next is asked for
   * @throws ElmoError of the reference's code for wrong arguments
   */
  parse(path: string, argument: Value, context: OperatorContext): Iterable<LeafNode>;
}

/** Names with their dollar. */
export type UpdateOperators = Readonly<Record<string, UpdateOperator>>;
