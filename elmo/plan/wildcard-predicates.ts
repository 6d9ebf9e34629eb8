/**
 * What of a filter a wildcard index is asked for: the conditions that say where to look in it, and those a hint at it is
 * good for.
 */
import { ARRAY, MAX_KEY, MIN_KEY, NULL, OBJECT, STRING, SYMBOL, UNDEFINED } from '../bson/types.js';
import type { Value } from '../bson/value.js';
import type { CollectionSpec, IndexSpec } from '../catalog/collection-spec.js';
import { isSameCollation } from '../collation/collation.js';
import { parsePath } from '../expression/field-names.js';
import { wildcardPathsOf } from '../index/open-index.js';
import { isAboutElements, type FilterNode } from '../query/filter.js';
import { impliesPartial } from './partial.js';
import type { PlanRequest } from './plan-request.js';
import type { Predicate, Predicates } from './predicates.js';
import { arrayComponents, entersArrayInArray } from './wildcard-arrays.js';
import { variantsOf } from './wildcard-names.js';

const isEmpty = ({ type, bytes, at }: Value): boolean =>
  (type === OBJECT || type === ARRAY) && bytes[at] === 5;

/** Whether a value has an entry of its own wherever it is met. */
function hasEntry(value: Value): boolean {
  if (value.type === OBJECT || value.type === ARRAY) return isEmpty(value);
  return value.type !== NULL && value.type !== UNDEFINED;
}

/** Whether all that matches the condition has an entry that says so. */
export function isAboutScalars(node: FilterNode): boolean {
  switch (node.kind) {
    case 'eq':
      return hasEntry(node.value);
    case 'in':
      return node.values.every(hasEntry);
    case 'lte':
      return isRangeEnd(node.value) || (node.value.type === OBJECT && isEmpty(node.value));
    case 'lt':
    case 'gt':
      return isRangeEnd(node.value) || isNothing(node.value); // nothing lies below or above null
    case 'gte':
      return isRangeEnd(node.value);
    case 'regex':
    case 'mod':
      return true;
    case 'type':
      return !node.types.has(OBJECT) && !node.types.has(ARRAY);
    case 'elemMatchValue':
      return node.children.some(isAboutScalars) && !node.children.some(isAboutElements);
    default:
      return false;
  }
}

const isNothing = ({ type }: Value): boolean => type === NULL || type === UNDEFINED;

function isRangeEnd({ type }: Value): boolean {
  return ![NULL, UNDEFINED, OBJECT, ARRAY, MIN_KEY, MAX_KEY].includes(type);
}

/** Whether all that matches has something at the path, whatever it is. What is missing is above MinKey and below MaxKey. */
export function demandsPath(node: FilterNode): boolean {
  switch (node.kind) {
    case 'exists':
      return true;
    case 'type':
      return node.types.has(OBJECT) || node.types.has(ARRAY);
    case 'not':
      return node.child.kind === 'eq' && node.child.value.type === NULL;
    default:
      return false;
  }
}

/**
 * Whether a hint at a wildcard index is good for the filter: by a condition on one of its paths, or on its first field if
 * that is none of them. Such an index is never read as a whole.
 */
export function servesHint(index: IndexSpec, { byPath }: Predicates, request: PlanRequest): boolean {
  if (!impliesPartial(request.filter, index, request.collation)) return false;
  const isOfText = isSameCollation(index.collation, request.collation);
  const [first] = index.fields;
  const isKnown = (predicate: Predicate): boolean =>
    (isOfText || !comparesText(predicate.node)) &&
    (index.collation === undefined || !matchesElements(predicate));
  const accepts = (path: string, arrays: ReadonlySet<number>): boolean =>
    (byPath.get(path) ?? []).some((predicate) => isKnown(predicate) && isAnswered(predicate, path, arrays));
  if (first!.kind !== 'wildcard') return accepts(first!.path, NO_ARRAYS);
  const taken = wildcardPathsOf(index);
  for (const path of byPath.keys()) {
    if (path === '' || path.endsWith('.')) continue;
    if (!variantsOf(path).every((name) => taken.takes(name))) continue;
    // of an index that met arrays before it was noted where, the reference's refusals are not known
    const arrays = arrayComponents(index, path, request) ?? NO_ARRAYS;
    if (!entersArrayInArray(path, arrays) && accepts(path, arrays)) return true;
  }
  return false;
}

const NO_ARRAYS: ReadonlySet<number> = new Set();

/**
 * Whether a condition can be answered by entries of what is there, as the reference sees it.
 * @param arrays  components of the path at which documents have met arrays
 */
function isAnswered(predicate: Predicate, path: string, arrays: ReadonlySet<number>): boolean {
  const { node, group } = predicate;
  switch (node.kind) {
    case 'or': // elsewhere alternatives are planned one by one
      return (
        group !== undefined &&
        node.children.every((child) => isAnswered({ ...predicate, node: child }, path, arrays))
      );
    case 'demand':
      return arrays.size === 0; // an expression sees an array as a whole
    case 'not': {
      // it says something of all elements, save those that an $elemMatch has chosen one of
      const depth = group?.depth ?? 0;
      return isNothingBut(node.child) && ![...arrays].some((component) => component >= depth);
    }
    case 'elemMatchValue':
      return !IS_POSITION.test(path) && node.children.every(isAnsweredOfElement);
    default:
      return isAnsweredAnyway(node);
  }
}

/** An element that is null has an entry. */
function isAnsweredOfElement(node: FilterNode): boolean {
  switch (node.kind) {
    case 'elemMatchValue':
      return false;
    case 'not':
      return isNothingBut(node.child);
    case 'eq':
    case 'lte':
    case 'gte':
      return isNothing(node.value) || isAnsweredAnyway(node);
    case 'in':
      return node.values.every((value) => isNothing(value) || hasEntry(value));
    default:
      return isAnsweredAnyway(node);
  }
}

/** Conditions to which it makes no difference whether there are arrays. */
function isAnsweredAnyway(node: FilterNode): boolean {
  switch (node.kind) {
    case 'exists':
    case 'type':
      return true;
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return isAboutScalars(node) || node.value.type === MIN_KEY || node.value.type === MAX_KEY;
    default:
      return isAboutScalars(node);
  }
}

/** Whether it matches elements with a pattern: an index with a collation is not asked for these. */
function matchesElements({ node, group }: Predicate): boolean {
  return node.kind === 'elemMatchValue'
    ? node.children.some(isPattern)
    : group !== undefined && isPattern(node);
}

const isPattern = ({ kind }: FilterNode): boolean => kind === 'regex'; // a list with patterns is asked

const IS_POSITION = /\.\d+$/;

/** What matches null and what is missing, and nothing else. */
function isNothingBut(node: FilterNode): boolean {
  return (node.kind === 'eq' || node.kind === 'lte' || node.kind === 'gte') && node.value.type === NULL;
}

const TEXT_TYPES: ReadonlySet<number> = new Set([STRING, SYMBOL, OBJECT, ARRAY]);

/** Whether a value is compared whose order is a collation's; patterns look at the characters. */
function comparesText(node: FilterNode): boolean {
  if ('value' in node) return TEXT_TYPES.has(node.value.type);
  if (node.kind === 'in') return node.values.some(({ type }) => TEXT_TYPES.has(type));
  if (node.kind === 'not') return comparesText(node.child);
  return 'children' in node && node.children.some(comparesText);
}

/**
 * Whether a wildcard index has a path is asked of every path of a filter, be the index of use or not.
 * @throws ElmoError if one of them ends in a dot
 */
export function checkWildcardPaths({ indexes }: CollectionSpec, filter: FilterNode): void {
  if (indexes.some(({ kind }) => kind === 'wildcard')) checkPaths(filter);
}

function checkPaths(node: FilterNode): void {
  if ('path' in node && node.path.endsWith('.')) parsePath(node.path, 0);
  if ('children' in node) node.children.forEach(checkPaths);
  if ('child' in node) checkPaths(node.child);
}
