/** Whether all matches of a filter are in a partial index: the filter has to imply the index's own. */
import { CLASS_NULL, MAX_KEY, MIN_KEY, NULL, TYPE_CLASS, UNDEFINED } from '../bson/types.js';
import type { IndexSpec } from '../catalog/collection-spec.js';
import type { CollationSpec } from '../collation/collation.js';
import type { FilterNode } from '../query/filter.js';
import { normalizeFilter } from '../query/normalize.js';
import { parseFilter } from '../query/parse.js';
import { isSameNode } from '../query/same.js';
import { classInterval, isWithin, union } from './interval.js';
import { predicateBounds } from './predicate-bounds.js';
import { mentionsText } from './text-predicates.js';

const CONTEXT = { collation: undefined, isHashed: false };
const parsed = new WeakMap<Uint8Array, FilterNode>();

/** @param collation  of the query */
export function impliesPartial(
  filter: FilterNode,
  { partialFilter, collation: own }: Pick<IndexSpec, 'partialFilter' | 'collation'>,
  collation: CollationSpec | undefined,
): boolean {
  if (partialFilter === undefined) return true;
  let wanted = parsed.get(partialFilter);
  if (wanted === undefined)
    parsed.set(
      partialFilter,
      (wanted = normalizeFilter(parseFilter(partialFilter, { collation: own }), own)),
    );
  if ((own !== undefined || collation !== undefined) && mentionsText(wanted)) return false;
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
      return (
        wanted.children.some((child) => implies(filter, child)) ||
        (filter.kind === 'and' && filter.children.some((child) => implies(child, wanted)))
      );
    default:
      return impliesOne(filter, wanted);
  }
}

function impliesOne(filter: FilterNode, wanted: FilterNode): boolean {
  if (filter.kind === 'and') return filter.children.some((child) => impliesOne(child, wanted));
  if (filter.kind === 'or') return filter.children.every((child) => impliesOne(child, wanted));
  if (isSameNode(filter, wanted)) return true;
  if (!('path' in wanted) || !('path' in filter) || filter.path !== wanted.path) {
    const isExcluded = filter.kind === 'not' && 'path' in filter.child && 'path' in wanted;
    return (
      isExcluded && wanted.kind === 'exists' && pathOfNot(filter) === wanted.path && demandsValue(filter)
    );
  }
  if (wanted.kind === 'exists') return demandsValue(filter);
  if (wanted.kind === 'type') return impliesType(filter, wanted);
  const bounds = predicateBounds(wanted, CONTEXT);
  return bounds.isExact && isWithin(predicateBounds(filter, CONTEXT).intervals, bounds.intervals);
}

function pathOfNot({ child }: Extract<FilterNode, { kind: 'not' }>): string | undefined {
  return 'path' in child ? child.path : undefined;
}

/** Equal values may be of several types: all of a class have to be wanted. */
function impliesType(filter: FilterNode, { types }: Extract<FilterNode, { kind: 'type' }>): boolean {
  if (filter.kind === 'type') return [...filter.types].every((type) => types.has(type));
  const isWhole = (typeClass: number): boolean =>
    typeClass > CLASS_NULL && TYPE_CLASS.every((each, type) => each !== typeClass || types.has(type));
  const whole = [...types].map((type) => TYPE_CLASS[type]!).filter(isWhole);
  return (
    ['eq', 'in', 'lt', 'lte', 'gt', 'gte', 'elemMatchValue', 'mod', 'bits'].includes(filter.kind) &&
    isWithin(predicateBounds(filter, CONTEXT).intervals, union(...whole.map((each) => [classInterval(each)])))
  );
}

/** Whether no document without the field can match the predicate. */
export function demandsValue(node: FilterNode): boolean {
  switch (node.kind) {
    case 'eq':
      return ![NULL, UNDEFINED].includes(node.value.type);
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return ![NULL, UNDEFINED, MIN_KEY, MAX_KEY].includes(node.value.type);
    case 'in':
      return node.values.every(({ type }) => type !== NULL && type !== UNDEFINED);
    case 'not':
      return node.child.kind === 'eq' && node.child.value.type === NULL;
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
