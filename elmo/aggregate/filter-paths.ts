/** What of a document a filter reads. */
import type { FilterNode } from '../query/filter.js';

/** Adds the paths of a filter; `''` if it may read all of the document. */
export function addFilterPaths(node: FilterNode, into: Set<string>): void {
  switch (node.kind) {
    case 'true':
    case 'false':
      return;
    case 'and':
    case 'or':
    case 'nor':
      for (const child of node.children) addFilterPaths(child, into);
      return;
    case 'not':
      addFilterPaths(node.child, into);
      return;
    case 'expr':
      node.expression.addDependencies(into);
      return;
    case 'schema':
      into.add('');
      return;
    default:
      into.add(node.path);
  }
}
