/**
 * Which conditions of a filter bound which fields of an index. In an index without arrays all of them do. Where a path
 * meets arrays, a document has several entries, and different elements may satisfy different conditions: then only those
 * count together that are about the same element, by an `$elemMatch`.
 * Source: MongoDB manual, "Multikey Index Bounds".
 */
import { NULL } from '../bson/types.js';
import type { IndexSpec } from '../catalog/collection-spec.js';
import type { CollationSpec } from '../collation/collation.js';
import type { FilterNode } from '../query/filter.js';
import { EVERYTHING, intersect, isEverything, isPoint, type Intervals } from './interval.js';
import { demandsValue } from './partial.js';
import { predicateBounds, type PredicateBounds } from './predicate-bounds.js';
import { isTellable } from './text-predicates.js';
import { commonDepth, type Predicate, type Predicates } from './predicates.js';

export interface IndexBounds {
  /** For each field, in ascending order of values whatever the field's direction. */
  readonly fields: readonly Intervals[];
  /** Conditions that hold for whatever is within the bounds. */
  readonly exact: ReadonlySet<FilterNode>;
}

const POSITION = /(^|\.)\d+(\.|$)/;

interface Bound {
  readonly predicate: Predicate;
  readonly bounds: PredicateBounds;
}

/**
 * @param collation  of the query
 * @param fixed  bounds given otherwise (of the path in a wildcard index), by field
 */
export function indexBounds(
  index: IndexSpec,
  predicates: Predicates,
  collation: CollationSpec | undefined,
  fixed?: ReadonlyMap<number, Intervals>,
): IndexBounds {
  const exact = new Set<FilterNode>();
  const used: { field: number; predicate: Predicate }[] = [];
  const fields = index.fields.map(({ path, kind }, field): Intervals => {
    const given = fixed?.get(field);
    if (given !== undefined) return given;
    const asked = predicates.byPath.get(path);
    if (asked === undefined) return EVERYTHING;
    const isHashed = kind === 'hashed';
    const context = { collation: index.collation, isHashed };
    const isArray = index.multikeyComponents[field]!.size > 0;
    const hasPosition = POSITION.test(path);
    const bounds: Bound[] = [];
    for (const predicate of asked) {
      if (!isTellable(predicate.node, index.collation, collation)) continue;
      // an expression sees an array as a whole, and no positions
      if (predicate.node.kind === 'demand' && (isArray || hasPosition || fixed !== undefined)) continue;
      if (isArray && isNotNull(predicate.node)) continue;
      if (hasPosition && !isAboutPosition(predicate.node)) continue;
      const found = predicateBounds(predicate.node, context);
      if (isEverything(found.intervals) && !found.isExact) continue;
      if (used.every((other) => mayCombine(index, field, predicate, other.field, other.predicate)))
        bounds.push({ predicate, bounds: found });
    }
    const chosen = isArray ? cluster(index, field, bounds) : bounds;
    let intervals: Intervals = EVERYTHING;
    for (const { predicate, bounds: each } of chosen) {
      intervals = intervals === EVERYTHING ? each.intervals : intersect(intervals, each.intervals);
      if (!isEverything(each.intervals)) used.push({ field, predicate });
      const isKnown = each.isExact && predicate.group === undefined && !(isArray && saysNot(predicate.node));
      if (isKnown) exact.add(predicate.proves ?? predicate.node);
    }
    return intervals;
  });
  return { fields, exact };
}

/** Whether two conditions can be about the same entry wherever a document matches both. */
function mayCombine(
  index: IndexSpec,
  field: number,
  a: Predicate,
  otherField: number,
  b: Predicate,
): boolean {
  const shared = deepestSharedArray(index, field, otherField);
  return shared < 0 || commonDepth(a, b) > shared;
}

/** The deepest component at which the paths of both fields go into the same array; -1: none. */
function deepestSharedArray(index: IndexSpec, a: number, b: number): number {
  const arrays = index.multikeyComponents[a]!;
  if (arrays.size === 0) return -1;
  if (a === b) return Math.max(...arrays);
  const others = index.multikeyComponents[b]!;
  const x = index.fields[a]!.path.split('.');
  const y = index.fields[b]!.path.split('.');
  let deepest = -1;
  for (let i = 0; i < x.length && i < y.length && x[i] === y[i]; i++)
    if (arrays.has(i) || others.has(i)) deepest = i;
  return deepest;
}

/** Whether bounds on `other` say something of the elements whose values field `field` has. */
export function sharesArray(index: IndexSpec, field: number, other: number): boolean {
  return deepestSharedArray(index, field, other) >= 0;
}

/**
 * A position is missing in arrays that are shorter, and in elements without a field of that name; and an array that stands
 * there is one value of the index, whatever its elements are.
 */
function isAboutPosition(node: FilterNode): boolean {
  return demandsValue(node) && node.kind !== 'elemMatchValue';
}

/** Whether it says something of all elements of an array, so that one entry is no proof. */
function saysNot(node: FilterNode): boolean {
  return node.kind === 'not' || ((node.kind === 'or' || node.kind === 'and') && node.children.some(saysNot));
}

/** `{$ne: null}` is true of paths into an empty array, which has an entry of null. */
function isNotNull(node: FilterNode): boolean {
  return node.kind === 'not' && node.child.kind === 'eq' && node.child.value.type === NULL;
}

/** Of conditions on a field with arrays, those that narrow it most and may stand together. */
function cluster(index: IndexSpec, field: number, bounds: readonly Bound[]): Bound[] {
  const ranked = [...bounds].sort(
    (a, b) =>
      width(a.bounds.intervals) - width(b.bounds.intervals) ||
      Number(b.predicate.group !== undefined) - Number(a.predicate.group !== undefined),
  );
  const chosen: Bound[] = [];
  for (const bound of ranked)
    if (chosen.every(({ predicate }) => mayCombine(index, field, bound.predicate, field, predicate)))
      chosen.push(bound);
  return chosen;
}

/** A measure of how much intervals leave open. */
function width(intervals: Intervals): number {
  if (isEverything(intervals)) return 1e9;
  return intervals.reduce((sum, interval) => sum + (isPoint(interval) ? 1 : 1000), 0);
}
