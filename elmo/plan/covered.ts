/** What an index can say of a document by itself: its entries hold the values of its fields, exact types included. */
import { NULL, UNDEFINED } from '../bson/types.js';
import type { IndexSpec } from '../catalog/collection-spec.js';
import type { FilterNode } from '../query/filter.js';
import { pathsOf } from './predicates.js';

/** What may be met in arrays and in documents: an entry has one of them. */
const POSITION = /(^|\.)\d+(\.|$)/;

/** Paths of which each entry of the index has the only value. */
function readablePaths(index: IndexSpec): ReadonlySet<string> {
  const readable = new Set<string>();
  if (index.collation !== undefined || index.kind === 'wildcard') return readable;
  index.fields.forEach(({ path, kind }, field) => {
    const isPlain = kind === 'ordered' && index.multikeyComponents[field]!.size === 0;
    const overlaps = index.fields.some(
      (other) => other.path.startsWith(`${path}.`) || path.startsWith(`${other.path}.`),
    );
    if (isPlain && !overlaps) readable.add(path);
  });
  return readable;
}

const cache = new WeakMap<IndexSpec, ReadonlySet<string>>();

function readable(index: IndexSpec): ReadonlySet<string> {
  let paths = cache.get(index);
  if (paths === undefined) cache.set(index, (paths = readablePaths(index)));
  return paths;
}

export function coversPaths(index: IndexSpec, paths: readonly string[]): boolean {
  const known = readable(index);
  return paths.every((path) => known.has(path));
}

/** Whether the condition can be asked of an entry: an entry does not tell null from nothing. */
export function coversFilter(index: IndexSpec, node: FilterNode): boolean {
  if (!isAboutValues(node)) return false;
  const paths = pathsOf(node);
  if (paths === undefined || paths.size === 0) return false;
  return coversPaths(index, [...paths]) && ![...paths].some((path) => POSITION.test(path));
}

function isAboutValues(node: FilterNode): boolean {
  switch (node.kind) {
    case 'and':
    case 'or':
    case 'nor':
      return node.children.every(isAboutValues);
    case 'not':
      return isNull(node.child) || isAboutValues(node.child);
    case 'eq':
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return !isNull(node);
    case 'in':
      return node.values.every(({ type }) => type !== NULL && type !== UNDEFINED);
    case 'regex':
    case 'mod':
    case 'bits':
      return true;
    case 'type':
      return !node.types.has(NULL) && !node.types.has(UNDEFINED);
    default:
      return false;
  }
}

/** A document without the field matches too, and is to be shown without it. */
function isNull(node: FilterNode): boolean {
  return 'value' in node && (node.value.type === NULL || node.value.type === UNDEFINED);
}
