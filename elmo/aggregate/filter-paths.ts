/** What of a document a filter reads. */
import type { FilterNode } from '../query/filter.js';

/** Stands for the path of one empty name, where `''` stands for all of a document. No name has such a character. */
export const EMPTY_NAME = '\0';

const POSITION = /\.(?:0|[1-9]\d*)(?=\.|$)/u;

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
    case 'in':
      if (node.values.length + node.regexes.length > 0) addPath(node.path, into);
      return;
    case 'schema':
      if (node.schema.ofDocuments === undefined) into.add('');
      return;
    default:
      addPath(node.path, into);
  }
}

/** What may be a position in an array is read with all of the array. */
function addPath(path: string, into: Set<string>): void {
  const position = POSITION.exec(path);
  const read = position === null ? path : path.slice(0, position.index);
  into.add(read === '' ? EMPTY_NAME : read);
}
