/**
 * A parsed filter. The planner reads it, `compile.ts` turns it into a matcher. `and` and `or` are flat where they can be;
 * `{$exists: false}`, `$ne`, `$nin` are `not` of their opposites.
 */
import type { Value } from '../bson/value.js';
import type { Expression } from '../expression/expression.js';
import type { CollationSpec } from '../collation/collation.js';

export type ComparisonKind = 'eq' | 'lt' | 'lte' | 'gt' | 'gte';

export interface RegexSpec {
  readonly pattern: string;
  /** Of imsxu, as given. */
  readonly options: string;
}

export type FilterNode =
  | { readonly kind: 'and' | 'or' | 'nor'; readonly children: readonly FilterNode[] }
  | { readonly kind: 'true' | 'false' }
  | { readonly kind: 'not'; readonly child: FilterNode }
  | { readonly kind: ComparisonKind; readonly path: string; readonly value: Value }
  | {
      readonly kind: 'in';
      readonly path: string;
      /** Ascending, without equals. */
      readonly values: readonly Value[];
      readonly regexes: readonly RegexSpec[];
    }
  | { readonly kind: 'regex'; readonly path: string; readonly regex: RegexSpec }
  | { readonly kind: 'exists'; readonly path: string }
  | {
      readonly kind: 'type';
      readonly path: string;
      readonly types: ReadonlySet<number>;
      readonly number: boolean;
    }
  | { readonly kind: 'mod'; readonly path: string; readonly divisor: bigint; readonly remainder: bigint }
  | { readonly kind: 'size'; readonly path: string; readonly size: number }
  | { readonly kind: 'elemMatchObject'; readonly path: string; readonly child: FilterNode }
  /** Every child is about the element itself: its path is ''. */
  | { readonly kind: 'elemMatchValue'; readonly path: string; readonly children: readonly FilterNode[] }
  | {
      readonly kind: 'bits';
      readonly path: string;
      readonly test: 'allSet' | 'allClear' | 'anySet' | 'anyClear';
      readonly positions: readonly number[];
    }
  | {
      readonly kind: 'expr';
      readonly expression: Expression;
      readonly slotCount: number;
      readonly raw: Value;
    }
  /** A part of $jsonSchema that an index cannot answer; compiled by its own room. */
  | { readonly kind: 'schema'; readonly schema: unknown; readonly raw: Value }
  /** Text and geo predicates: parsed here, answered by their indexes. */
  | { readonly kind: 'special'; readonly name: string; readonly path: string; readonly argument: Value };

/** A compiled filter. */
export interface Matcher {
  /** Whether the document at `at` matches. */
  matches(bytes: Uint8Array, at: number): boolean;
  /**
   * After a match, if asked for at compilation: index of the array element that matched first, -1 if no array was
   * entered. The positional operators `$` of projections and updates want it.
   */
  readonly matchedIndex: number;
}

export interface FilterContext {
  readonly collation: CollationSpec | undefined;
}
