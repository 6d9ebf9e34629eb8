/** Which predicates depend on how strings compare. */
import { ARRAY, OBJECT, STRING, SYMBOL } from '../bson/types.js';
import type { FilterNode } from '../query/filter.js';

/** Types that hold strings, or may. */
const TEXT_TYPES: readonly number[] = [STRING, SYMBOL, OBJECT, ARRAY];

/** Whether it depends on a collation what the predicate means. */
export function mentionsText(node: FilterNode): boolean {
  switch (node.kind) {
    case 'eq':
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
    case 'demand':
      return TEXT_TYPES.includes(node.value.type);
    case 'in':
      return node.regexes.length > 0 || node.values.some(({ type }) => TEXT_TYPES.includes(type));
    case 'not':
      return mentionsText(node.child);
    case 'elemMatchValue':
    case 'and':
    case 'or':
    case 'nor':
      return node.children.some(mentionsText);
    case 'regex':
      return true;
    default:
      return false;
  }
}
