/** Which predicates depend on how strings compare. */
import { ARRAY, OBJECT, STRING, SYMBOL } from '../bson/types.js';
import { isSameCollation, type CollationSpec } from '../collation/collation.js';
import type { FilterNode } from '../query/filter.js';

/** Types that hold strings, or may. */
const TEXT_TYPES: readonly number[] = [STRING, SYMBOL, OBJECT, ARRAY];

/** Whether it compares strings, or asks them for patterns. */
export function mentionsText(node: FilterNode): boolean {
  return holds(node, comparesText) || holds(node, asksPattern) || holds(node, asksPatterns);
}

/** Whether an index of the first collation has values in the order of a query of the second, as far as this predicate asks it. */
export function isComparable(
  node: FilterNode,
  ofIndex: CollationSpec | undefined,
  ofQuery: CollationSpec | undefined,
): boolean {
  return isSameCollation(ofIndex, ofQuery) || !holds(node, comparesText);
}

/** Whether such an index is worth asking. A pattern asks texts, which the entries of a collation do not hold. */
export function isTellable(
  node: FilterNode,
  ofIndex: CollationSpec | undefined,
  ofQuery: CollationSpec | undefined,
): boolean {
  return isComparable(node, ofIndex, ofQuery) && (ofIndex === undefined || !holds(node, asksPattern));
}

/** Whether a predicate, or one of those on the same values that it is made of, is such a one. */
function holds(node: FilterNode, isSuch: (node: FilterNode) => boolean): boolean {
  switch (node.kind) {
    case 'not':
      return holds(node.child, isSuch);
    case 'elemMatchValue':
    case 'and':
    case 'or':
    case 'nor':
      return node.children.some((child) => holds(child, isSuch));
    default:
      return isSuch(node);
  }
}

function comparesText(node: FilterNode): boolean {
  switch (node.kind) {
    case 'eq':
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
    case 'demand':
      return TEXT_TYPES.includes(node.value.type);
    case 'in':
      return node.values.some(({ type }) => TEXT_TYPES.includes(type));
    default:
      return false;
  }
}

function asksPattern({ kind }: FilterNode): boolean {
  return kind === 'regex';
}

function asksPatterns(node: FilterNode): boolean {
  return node.kind === 'in' && node.regexes.length > 0;
}
