/** The fields a filter fixes by equality: an upsert gives them to the document it inserts. */
import type { Value } from '../bson/value.js';
import type { FilterNode } from './filter.js';
import { foldFilter } from './normalize.js';

export interface EqualityField {
  readonly path: string;
  readonly value: Value;
}

/**
 * @param node  as parsed, not normalized: what is said twice is seen twice, which an upsert refuses
 * @returns in the order of the filter, with repetitions
 */
export function equalityFields(node: FilterNode): EqualityField[] {
  switch (node.kind) {
    case 'eq':
      return [{ path: node.path, value: node.value }];
    case 'and':
      return node.children.flatMap(equalityFields);
    case 'or':
    case 'in': {
      const simplest = foldFilter(node);
      return simplest.kind === node.kind ? [] : equalityFields(simplest);
    }
    default:
      return [];
  }
}
