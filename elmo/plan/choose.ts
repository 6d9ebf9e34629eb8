/**
 * Chooses among the ways to run a query: each index that the filter or the sort can use, unions of indexes for `$or`, the
 * scan of the whole collection. A decision from plain data: sizes of key ranges are asked of the view, documents never.
 */
import type { ReadView } from '../../lsm/index.js';
import type { CollectionSpec, IndexSpec } from '../catalog/collection-spec.js';
import { ARRAY, OBJECT, STRING, SYMBOL } from '../bson/types.js';
import { isSameCollation, type CollationSpec } from '../collation/collation.js';
import type { KeyBounds } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { FilterNode } from '../query/filter.js';
import {
  EVERYTHING,
  intersect,
  invert,
  isEverything,
  isPoint,
  keyOfEnd,
  NO_VALUES,
  successor,
  type Interval,
  type Intervals,
} from './interval.js';
import { predicateBounds, type BoundsContext } from './predicate-bounds.js';
import type { CollectionScanPlan, IndexScanPlan, QueryPlan, UnionPlan } from './query-plan.js';
import { demandsValue, impliesPartial } from './partial.js';

export interface PlanSortField {
  readonly path: string;
  readonly direction: 1 | -1;
}

export interface PlanRequest {
  readonly collection: CollectionSpec;
  readonly view: ReadView;
  readonly filter: FilterNode;
  /** Of the query; an index is of use for strings only if it has the same. */
  readonly collation: CollationSpec | undefined;
  readonly sort: readonly PlanSortField[] | undefined;
  /** skip + limit; 0: all rows are wanted. */
  readonly wanted: number;
  /** The only index to look at. */
  readonly hint: IndexSpec | undefined;
  readonly naturalDirection: 'forward' | 'backward' | undefined;
  readonly documentCount: number;
}

/** Ranges of one index scan; more points are one range with the rest of the filter behind it. */
const MOST_RANGES = 256;
/** Ranges whose size is asked; of more, the mean of these counts for all. */
const MOST_ESTIMATES = 8;
/** What a document by way of an index costs, in entries. */
const FETCH_COST = 3;
const SORT_COST_PER_ROW = 2;
const MOST_BRANCHES = 64;

/** Types that hold strings, or may. */
const TEXT_TYPES: readonly number[] = [STRING, SYMBOL, OBJECT, ARRAY];

interface Predicate {
  readonly node: FilterNode;
  /** The $elemMatch it stands in, if any: those of one may be combined even in arrays. */
  readonly group: number;
}

export function choosePlan(request: PlanRequest): QueryPlan {
  const { filter, hint, naturalDirection, sort } = request;
  if (filter.kind === 'false') return { access: { kind: 'eof' }, isSorted: true };
  if (naturalDirection !== undefined)
    return { access: collectionScan(request, naturalDirection), isSorted: sort === undefined };
  const candidates: { plan: QueryPlan; cost: number }[] = [];
  const add = (plan: QueryPlan): void => {
    candidates.push({ plan, cost: costOf(plan, request) });
  };
  const indexes = hint === undefined ? usableIndexes(request) : [hint];
  const predicates = predicatesByPath(filter);
  for (const index of indexes) {
    const scan = indexScan(index, predicates, request);
    if (scan !== undefined) for (const plan of directions(scan, predicates, request)) add(plan);
  }
  if (hint === undefined) {
    const union = unionOf(request, indexes);
    if (union !== undefined) add({ access: union, isSorted: sort === undefined });
    if (candidates.length === 0 || candidates.every(({ cost }) => cost > request.documentCount))
      add({ access: collectionScan(request, 'forward'), isSorted: sort === undefined });
  }
  candidates.sort((a, b) => a.cost - b.cost);
  return candidates[0]!.plan;
}

function collectionScan(
  { documentCount }: PlanRequest,
  direction: 'forward' | 'backward',
): CollectionScanPlan {
  return { kind: 'collscan', direction, estimate: documentCount };
}

/** Indexes that may be read, and whose documents include all matches. */
function usableIndexes({ collection, collation, filter }: PlanRequest): IndexSpec[] {
  return collection.indexes.filter(
    (index) =>
      index.isReady &&
      !index.isHidden &&
      ['ordered', 'hashed'].includes(index.kind) &&
      (index.partialFilter === undefined || impliesPartial(filter, index.partialFilter, collation)),
  );
}

/** The conjuncts of a filter by the path they are about. */
function predicatesByPath(filter: FilterNode): Map<string, Predicate[]> {
  const found = new Map<string, Predicate[]>();
  let groups = 0;
  const add = (path: string, node: FilterNode, group: number): void => {
    const list = found.get(path);
    if (list === undefined) found.set(path, [{ node, group }]);
    else list.push({ node, group });
  };
  const visit = (node: FilterNode, prefix: string, group: number): void => {
    switch (node.kind) {
      case 'and':
        for (const child of node.children) visit(child, prefix, group);
        return;
      case 'not': {
        const path = pathOf(node.child);
        if (path !== undefined) add(prefix + path, node, group);
        return;
      }
      case 'elemMatchObject':
        visit(node.child, `${prefix}${node.path}.`, ++groups);
        return;
      default: {
        const path = pathOf(node);
        if (path !== undefined) add(prefix + path, node, group);
      }
    }
  };
  visit(filter, '', 0);
  return found;
}

function pathOf(node: FilterNode): string | undefined {
  return 'path' in node ? node.path : undefined;
}

/** Whether the values of a filter's predicate on strings can be found in the index. */
function boundsContext(index: IndexSpec, field: number): BoundsContext {
  return { collation: index.collation, isHashed: index.fields[field]!.kind === 'hashed' };
}

interface FieldBounds {
  readonly intervals: Intervals;
  /** How many of the filter's predicates they stand for, exactly. */
  readonly exactCount: number;
}

function fieldBounds(
  index: IndexSpec,
  field: number,
  list: readonly Predicate[] | undefined,
  group: number,
  request: PlanRequest,
): FieldBounds {
  const context = boundsContext(index, field);
  const isArray = index.multikeyComponents[field]!.size > 0;
  const isForeign = !isSameCollation(index.collation, request.collation);
  let intervals: Intervals = EVERYTHING;
  let exactCount = 0;
  let best: Intervals | undefined;
  for (const predicate of list ?? []) {
    if (isForeign && mentionsText(predicate.node)) continue;
    const bounds = predicateBounds(predicate.node, context);
    if (context.isHashed && !bounds.intervals.every(isPoint)) continue;
    if (isArray && (predicate.group === 0 || predicate.group !== group)) {
      // values of one array may satisfy several predicates each with another element: one of them at most
      if (best === undefined || width(bounds.intervals) < width(best)) best = bounds.intervals;
      continue;
    }
    intervals = intersect(intervals, bounds.intervals);
    if (bounds.isExact && !isArray) exactCount++;
  }
  return { intervals: best === undefined ? intervals : intersect(intervals, best), exactCount };
}

/** A measure of how much intervals leave open. */
function width(intervals: Intervals): number {
  if (isEverything(intervals)) return 1e9;
  return intervals.reduce((sum, interval) => sum + (isPoint(interval) ? 1 : 1000), 0);
}

function mentionsText(node: FilterNode): boolean {
  switch (node.kind) {
    case 'eq':
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return TEXT_TYPES.includes(node.value.type);
    case 'in':
      return node.regexes.length > 0 || node.values.some(({ type }) => TEXT_TYPES.includes(type));
    case 'not':
      return mentionsText(node.child);
    case 'elemMatchValue':
    case 'and':
    case 'or':
      return node.children.some(mentionsText);
    case 'regex':
      return true;
    default:
      return false;
  }
}

interface Scan {
  readonly index: IndexSpec;
  readonly fields: readonly FieldBounds[];
  readonly ranges: readonly KeyBounds[];
  readonly isExact: boolean;
  readonly estimate: number;
}

/** @returns undefined if the index helps neither the filter nor the sort */
function indexScan(
  index: IndexSpec,
  predicates: ReadonlyMap<string, readonly Predicate[]>,
  request: PlanRequest,
): Scan | undefined {
  const group = groupOf(index, predicates);
  const fields: FieldBounds[] = [];
  const arrayPrefixes: string[] = [];
  index.fields.forEach(({ path }, field) => {
    const shares = arrayPrefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}.`));
    const list = predicates.get(path);
    const usable = shares && group === 0 ? undefined : list;
    const bounds = fieldBounds(index, field, usable, group, request);
    fields.push(bounds);
    if (!isEverything(bounds.intervals))
      for (const component of index.multikeyComponents[field]!)
        arrayPrefixes.push(
          path
            .split('.')
            .slice(0, component + 1)
            .join('.'),
        );
  });
  const isUseful =
    !isEverything(fields[0]!.intervals) || request.hint !== undefined || sortUses(index, request);
  if (!isUseful) return undefined;
  if (!coversMissing(index, predicates, request)) return undefined;
  const built = rangesOf(
    index,
    fields.map(({ intervals }) => intervals),
  );
  const exactCount = fields.reduce((sum, { exactCount: count }) => sum + count, 0);
  const isExact =
    built.isExact &&
    !index.isMultikey &&
    isSameCollation(index.collation, undefined) &&
    exactCount === conjunctCount(request.filter);
  return { index, fields, ranges: built.ranges, isExact, estimate: estimateOf(built.ranges, request.view) };
}

/** The $elemMatch whose predicates bound most fields of the index; 0: none. */
function groupOf(index: IndexSpec, predicates: ReadonlyMap<string, readonly Predicate[]>): number {
  for (const { path } of index.fields)
    for (const { group } of predicates.get(path) ?? []) if (group !== 0) return group;
  return 0;
}

function sortUses(index: IndexSpec, { sort }: PlanRequest): boolean {
  return sort !== undefined && index.fields[0]!.path === sort[0]!.path && index.kind === 'ordered';
}

/**
 * A sparse index lacks documents without its fields: it may only be used when the filter asks for something in one of
 * them, or when it was asked for by name.
 */
function coversMissing(
  index: IndexSpec,
  predicates: ReadonlyMap<string, readonly Predicate[]>,
  { hint }: PlanRequest,
): boolean {
  if (!index.isSparse || hint !== undefined) return true;
  return index.fields.some(({ path }) => (predicates.get(path) ?? []).some(({ node }) => demandsValue(node)));
}

function conjunctCount(filter: FilterNode): number {
  if (filter.kind === 'true') return 0;
  return filter.kind === 'and' ? filter.children.reduce((sum, child) => sum + conjunctCount(child), 0) : 1;
}

/**
 * Key ranges for bounds of the fields: the points of the first fields, combined, then the intervals of one more field.
 * What later fields ask is left to the filter.
 */
function rangesOf(
  index: IndexSpec,
  fieldIntervals: readonly Intervals[],
): { ranges: KeyBounds[]; isExact: boolean } {
  const writer = new KeyWriter();
  writer.appendVarint(index.keyspace);
  let prefixes: Uint8Array[] = [writer.toBytes()];
  for (let field = 0; ; field++) {
    const ascending = fieldIntervals[field];
    if (ascending === undefined || isEverything(ascending))
      return {
        ranges: prefixes.map((prefix) => ({ low: prefix, high: successor(prefix)! })),
        isExact: fieldIntervals.slice(field).every(isEverything),
      };
    const intervals = index.fields[field]!.direction < 0 ? invert(ascending) : ascending;
    const isPoints = intervals.every(isPoint) && prefixes.length * intervals.length <= MOST_RANGES;
    if (!isPoints) {
      const usable = prefixes.length * intervals.length <= MOST_RANGES ? intervals : hull(intervals);
      return {
        ranges: prefixes.flatMap((prefix) => usable.flatMap((interval) => rangeOf(prefix, interval))),
        isExact: usable === intervals && fieldIntervals.slice(field + 1).every(isEverything),
      };
    }
    prefixes = prefixes.flatMap((prefix) => intervals.map(({ low }) => keyOfEnd(prefix, low)!));
  }
}

function hull(intervals: Intervals): Intervals {
  return intervals.length === 0 ? NO_VALUES : [{ low: intervals[0]!.low, high: intervals.at(-1)!.high }];
}

function rangeOf(prefix: Uint8Array, { low, high }: Interval): KeyBounds[] {
  const first = keyOfEnd(prefix, low);
  const last = keyOfEnd(prefix, high);
  return first === undefined || last === undefined ? [] : [{ low: first, high: last }];
}

function estimateOf(ranges: readonly KeyBounds[], view: ReadView): number {
  const asked = ranges.slice(0, MOST_ESTIMATES);
  const sum = asked.reduce((total, range) => total + view.estimate(range).count, 0);
  return asked.length === 0 ? 0 : (sum / asked.length) * ranges.length;
}

/** The scan forwards and, when only the other direction is sorted, backwards. */
function directions(
  scan: Scan,
  predicates: ReadonlyMap<string, readonly Predicate[]>,
  request: PlanRequest,
): QueryPlan[] {
  const { sort, collation } = request;
  const make = (direction: 'forward' | 'backward'): IndexScanPlan => ({
    kind: 'ixscan',
    index: scan.index,
    fieldIntervals: scan.fields.map(({ intervals }) => intervals),
    ranges: scan.ranges,
    direction,
    isExact: scan.isExact,
    estimate: scan.estimate,
  });
  if (sort === undefined) return [{ access: make('forward'), isSorted: true }];
  const isComparable = scan.index.collation === undefined && collation === undefined;
  for (const direction of ['forward', 'backward'] as const)
    if (isComparable && providesSort(scan, sort, direction))
      return [{ access: make(direction), isSorted: true }];
  const isBounded = predicates.size > 0 && !isEverything(scan.fields[0]!.intervals);
  return isBounded || request.hint !== undefined ? [{ access: make('forward'), isSorted: false }] : [];
}

/** Whether entries come in the order asked for: fields that are fixed to one value may be left out. */
function providesSort(
  scan: Scan,
  sort: readonly PlanSortField[],
  direction: 'forward' | 'backward',
): boolean {
  const { index, fields } = scan;
  if (scan.ranges.length > 1 && !rangesAreInOneField(fields)) return false;
  const sign = direction === 'forward' ? 1 : -1;
  let next = 0;
  for (let field = 0; field < index.fields.length && next < sort.length; field++) {
    const { path, direction: way, kind } = index.fields[field]!;
    const intervals = fields[field]!.intervals;
    const isFixed = intervals.length === 1 && isPoint(intervals[0]!);
    const wanted = sort[next]!;
    if (wanted.path === path) {
      // an array in the field: its least or greatest element decides, and bounds may hide that one
      const isArray = index.multikeyComponents[field]!.size > 0;
      if (kind !== 'ordered' || (!isFixed && way * sign !== wanted.direction)) return false;
      if (isArray && !isEverything(intervals)) return false;
      next++;
    } else if (!isFixed || index.multikeyComponents[field]!.size > 0) return false;
  }
  while (next < sort.length && isFixedBySort(sort[next]!.path, scan)) next++;
  return next === sort.length;
}

function isFixedBySort(path: string, { index, fields }: Scan): boolean {
  return index.fields.some(
    (field, i) =>
      field.path === path &&
      fields[i]!.intervals.length === 1 &&
      isPoint(fields[i]!.intervals[0]!) &&
      index.multikeyComponents[i]!.size === 0,
  );
}

/** Whether the ranges, one after another, are in the order of the keys' first open field. */
function rangesAreInOneField(fields: readonly FieldBounds[]): boolean {
  const open = fields.findIndex(({ intervals }) => !(intervals.length === 1 && isPoint(intervals[0]!)));
  // several points in a field, with more fields behind: the order starts again at each point
  return open >= 0 && fields.slice(open + 1).every(({ intervals }) => isEverything(intervals));
}

function costOf({ access, isSorted }: QueryPlan, { sort, wanted, documentCount }: PlanRequest): number {
  if (access.kind === 'eof') return 0;
  let rows = access.estimate;
  if (isSorted && wanted > 0 && (access.kind !== 'ixscan' || access.isExact)) rows = Math.min(rows, wanted);
  else if (isSorted && wanted > 0 && sort !== undefined && access.kind === 'ixscan')
    rows = Math.min(rows, Math.max(wanted * 10, rows / 20));
  let cost: number;
  switch (access.kind) {
    case 'collscan':
      cost = documentCount;
      break;
    case 'ixscan':
      // more ranges cost more seeks; of two that find the same, the one that needs no look at documents
      cost =
        rows * (1 + FETCH_COST) +
        access.ranges.length +
        (access.isExact ? 0 : 0.5) +
        0.1 * access.index.fields.length;
      break;
    case 'or':
      cost = rows * (2 + FETCH_COST) + access.branches.length;
  }
  return isSorted || sort === undefined ? cost : cost + access.estimate * SORT_COST_PER_ROW;
}

/** An index scan for each branch of an `$or`, if there is one for each. */
function unionOf(request: PlanRequest, indexes: readonly IndexSpec[]): UnionPlan | undefined {
  const { filter } = request;
  const or =
    filter.kind === 'or'
      ? filter
      : filter.kind === 'and'
        ? filter.children.find(({ kind }) => kind === 'or')
        : undefined;
  if (or === undefined || !('children' in or) || or.children.length > MOST_BRANCHES) return undefined;
  const branches: UnionPlan['branches'][number][] = [];
  for (const child of or.children) {
    const scan = bestScan({ ...request, filter: child, sort: undefined }, indexes);
    if (scan === undefined) return undefined;
    branches.push({ scan, filter: child });
  }
  return { kind: 'or', branches, estimate: branches.reduce((sum, { scan }) => sum + scan.estimate, 0) };
}

function bestScan(request: PlanRequest, indexes: readonly IndexSpec[]): IndexScanPlan | undefined {
  const predicates = predicatesByPath(request.filter);
  let best: IndexScanPlan | undefined;
  for (const index of indexes) {
    const scan = indexScan(index, predicates, request);
    if (scan === undefined || isEverything(scan.fields[0]!.intervals)) continue;
    const [plan] = directions(scan, predicates, request);
    const access = plan?.access as IndexScanPlan | undefined;
    if (access !== undefined && (best === undefined || access.estimate < best.estimate)) best = access;
  }
  return best;
}
