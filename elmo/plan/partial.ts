/** Whether all matches of a filter are in a partial index: the filter has to imply the index's own. */
import type { CollationSpec } from '../collation/collation.js';
import type { FilterNode } from '../query/filter.js';
import { parseFilter } from '../query/parse.js';
import { isWithin } from './interval.js';
import { predicateBounds } from './predicate-bounds.js';

const CONTEXT = { collation: undefined, isHashed: false };
const parsed = new WeakMap<Uint8Array, FilterNode>();

/** @param partialFilter  raw */
export function impliesPartial(
  filter: FilterNode,
  partialFilter: Uint8Array,
  collation: CollationSpec | undefined,
): boolean {
  if (collation !== undefined) return false;
  let wanted = parsed.get(partialFilter);
  if (wanted === undefined)
    parsed.set(partialFilter, (wanted = parseFilter(partialFilter, { collation: undefined })));
  return implies(filter, wanted);
}

function implies(filter: FilterNode, wanted: FilterNode): boolean {
  switch (wanted.kind) {
    case 'true':
      return true;
    case 'and':
      return wanted.children.every((child) => implies(filter, child));
    case 'or':
      if (filter.kind === 'or') return filter.children.every((child) => implies(child, wanted));
      return wanted.children.some((child) => implies(filter, child));
    default:
      return impliesOne(filter, wanted);
  }
}

function impliesOne(filter: FilterNode, wanted: FilterNode): boolean {
  if (filter.kind === 'and') return filter.children.some((child) => impliesOne(child, wanted));
  if (filter.kind === 'or') return filter.children.every((child) => impliesOne(child, wanted));
  if (!('path' in wanted) || !('path' in filter) || filter.path !== wanted.path) return false;
  if (wanted.kind === 'exists') return demandsValue(filter);
  const bounds = predicateBounds(wanted, CONTEXT);
  if (wanted.kind === 'type')
    return filter.kind === 'type'
      ? [...filter.types].every((type) => wanted.types.has(type))
      : filter.kind === 'eq' && wanted.types.has(filter.value.type);
  return bounds.isExact && isWithin(predicateBounds(filter, CONTEXT).intervals, bounds.intervals);
}

const NULL = 0x0a;
const UNDEFINED = 0x06;

/** Whether no document without the field can match the predicate. */
export function demandsValue(node: FilterNode): boolean {
  switch (node.kind) {
    case 'eq':
    case 'lte':
    case 'gte':
      return node.value.type !== NULL && node.value.type !== UNDEFINED;
    case 'in':
      return node.values.every(({ type }) => type !== NULL && type !== UNDEFINED);
    case 'not':
      return node.child.kind === 'eq' && node.child.value.type === NULL;
    case 'lt':
    case 'gt':
    case 'regex':
    case 'exists':
    case 'type':
    case 'mod':
    case 'size':
    case 'bits':
    case 'elemMatchValue':
    case 'elemMatchObject':
      return true;
    default:
      return false;
  }
}
