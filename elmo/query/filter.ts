/**
 * A parsed filter. The planner reads it, `compile.ts` turns it into a matcher. `{$exists: false}`, `$ne`, `$nin` are `not`
 * of their opposites.
 */
import type { Value } from '../bson/value.js';
import type { Expression, ParseScope } from '../expression/expression.js';
import type { CollationSpec } from '../collation/collation.js';

export type ComparisonKind = 'eq' | 'lt' | 'lte' | 'gt' | 'gte';

export interface RegexSpec {
  readonly pattern: string;
  /** Of imsxu, as given. */
  readonly options: string;
}

/** What conditions stand among: others that all have to hold, alternatives, or such as may not hold. */
export type Conditions = 'all' | 'any' | 'none';

/** A predicate of a schema about one value, in any position. See `schema/`. */
export interface SchemaPredicate {
  /** Whether it accepts all documents, or none; undefined: some. */
  readonly ofDocuments: boolean | undefined;
  /** Whether it is made of conditions that only schemas have, among alternatives of one: such are asked behind expressions. */
  isAskedLast(among: Conditions): boolean;
  /** The conditions that are asked before expressions, and those that are asked behind; undefined if there are none. */
  parted(): readonly [SchemaPredicate | undefined, SchemaPredicate | undefined];
  /** @param type  type byte of the value at `at`, an object's for a whole document */
  accepts(bytes: Uint8Array, type: number, at: number): boolean;
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
      /** Whether 'number' was named: the four numeric types are then in `types` as well. */
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
      /** Operator and argument, as given: {$expr: …}. */
      readonly raw: Value;
    }
  /** What an $expr demands of a field; only for the planner. Expressions compare values of all types with each other. */
  | {
      readonly kind: 'demand';
      readonly path: string;
      readonly operator: ComparisonKind;
      readonly value: Value;
    }
  /** A $jsonSchema, whole: about the document. */
  | {
      readonly kind: 'schema';
      readonly schema: SchemaPredicate;
      readonly raw: Value;
      /** Whether a node beside it is shown for both. */
      readonly isRest?: boolean;
    }
  /** Text and geo predicates: parsed here, answered by their indexes. */
  | { readonly kind: 'special'; readonly name: string; readonly path: string; readonly argument: Value };

/** @returns the first operator of a filter, at any depth, that is about whole documents */
export function wholeDocumentOperator(node: FilterNode): '$expr' | '$jsonSchema' | undefined {
  if (node.kind === 'expr') return '$expr';
  if (node.kind === 'schema') return '$jsonSchema';
  if (node.kind === 'not' || node.kind === 'elemMatchObject') return wholeDocumentOperator(node.child);
  if (!('children' in node)) return undefined;
  for (const child of node.children) {
    const found = wholeDocumentOperator(child);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether there may be documents for which a filter has no answer but an error. */
export function mayFail(node: FilterNode): boolean {
  if (node.kind === 'expr') return node.expression.mayFail;
  if ('child' in node) return mayFail(node.child);
  return 'children' in node && node.children.some(mayFail);
}

/** Whether a condition is one on elements of an array; among those on elements of another: of arrays in that. */
export function isAboutElements({ kind }: FilterNode): boolean {
  return kind === 'elemMatchValue' || kind === 'elemMatchObject';
}

/** A compiled filter. */
export interface Matcher {
  /** Whether the document at `at` matches. */
  matches(bytes: Uint8Array, at: number): boolean;
  /**
   * After a match, if asked for at compilation: index of the array element that matched, -1 if no array was entered. The
   * positional operators `$` of projections and updates want it. Of several conditions on arrays the last one says.
   */
  readonly matchedIndex: number;
}

/** What parsing a filter needs to know of where it stands. */
export interface FilterContext {
  /** Rules for comparing strings; undefined: bytes. */
  readonly collation: CollationSpec | undefined;
  /** Variables, time and random numbers for `$expr` and `$sampleRate`. Without one, both are refused. */
  readonly scope?: ParseScope;
  /** Operators that are refused here: '$expr', '$jsonSchema', '$text', '$where', '$near', '$sampleRate' … */
  readonly forbidden?: ReadonlySet<string>;
}
