/**
 * Chooses among the ways to run a query: each index that the filter or the sort can use, unions of indexes for `$or`,
 * intersections, the scan of the whole collection. A decision from plain data: sizes of key ranges are asked of the view,
 * documents never.
 */
import type { FilterNode } from '../query/filter.js';
import { costOf } from './cost.js';
import { indexPlans, scansOf, usableIndexes } from './index-plans.js';
import { noSolutions } from './hint.js';
import type { PlanRequest } from './plan-request.js';
import { predicatesOf, residual, type Predicates } from './predicates.js';
import type {
  CollectionScanPlan,
  IndexScanPlan,
  IntersectionPlan,
  PlanChoice,
  QueryPlan,
  UnionPlan,
} from './query-plan.js';
import { isFixed } from './sort-order.js';

export const EOF_PLAN: QueryPlan = {
  access: { kind: 'eof', filter: undefined, estimate: 0 },
  isSorted: true,
  isCovered: false,
};

/** Branches of an `$or` that are looked up in indexes. */
const MOST_BRANCHES = 64;
/** Below that many documents an index is always preferred to a look at all of them. */
const SMALL_COLLECTION = 20_000;
/** Entries from which on a second index is asked as well. */
const LEAST_FOR_INTERSECTION = 200;

/** @throws ElmoError NoQueryExecutionPlans if the index hinted at cannot serve the query */
export function choosePlan(request: PlanRequest): PlanChoice {
  const { filter, hint, natural, sort, documentCount } = request;
  if (filter.kind === 'false') return { best: EOF_PLAN, others: [] };
  const isUnsorted = sort === undefined;
  const wholeScan = (): QueryPlan => ({
    access: collectionScan(request, natural ?? 'forward'),
    isSorted: isUnsorted,
    isCovered: false,
  });
  if (natural !== undefined) return { best: wholeScan(), others: [] };
  const predicates = predicatesOf(filter);
  const candidates: { plan: QueryPlan; cost: number }[] = [];
  const add = (plan: QueryPlan): void => {
    candidates.push({ plan, cost: costOf(plan, request) });
  };
  const indexes = hint === undefined ? usableIndexes(request) : [hint];
  const points: IndexScanPlan[] = [];
  for (const index of indexes)
    for (const plan of indexPlans(index, predicates, request)) {
      add(plan);
      if (plan.access.kind === 'ixscan' && isByRecordId(plan.access)) points.push(plan.access);
    }
  if (hint !== undefined) {
    if (candidates.length === 0) throw noSolutions(request.collection);
  } else {
    const union = unionOf(request, predicates);
    if (union !== undefined) add({ access: union, isSorted: isUnsorted, isCovered: false });
    const both = intersectionOf(points, predicates, request);
    if (both !== undefined) add({ access: both, isSorted: isUnsorted, isCovered: false });
    if (candidates.length === 0) add(wholeScan());
    else if (documentCount >= SMALL_COLLECTION) addIfCheaper(candidates, wholeScan(), request);
  }
  candidates.sort((a, b) => a.cost - b.cost);
  return { best: candidates[0]!.plan, others: candidates.slice(1).map(({ plan }) => plan) };
}

function addIfCheaper(
  candidates: { plan: QueryPlan; cost: number }[],
  plan: QueryPlan,
  request: PlanRequest,
): void {
  const cost = costOf(plan, request);
  if (candidates.every((each) => each.cost > cost)) candidates.push({ plan, cost });
}

function collectionScan(
  { documentCount, filter }: PlanRequest,
  direction: 'forward' | 'backward',
): CollectionScanPlan {
  return {
    kind: 'collscan',
    direction,
    filter: filter.kind === 'true' ? undefined : filter,
    estimate: documentCount,
  };
}

/** Whether a scan gives records in the order of their ids: one value in every field. */
function isByRecordId({ index, fieldIntervals, ranges }: IndexScanPlan): boolean {
  return ranges.length === 1 && !index.isUnique && fieldIntervals.every(isFixed);
}

/** An index scan for each branch of an `$or`, if there is one for each. */
function unionOf(request: PlanRequest, { conjuncts }: Predicates): UnionPlan | undefined {
  const or = conjuncts.find(({ kind }) => kind === 'or');
  if (or?.kind !== 'or' || or.children.length > MOST_BRANCHES) return undefined;
  const scans: IndexScanPlan[] = [];
  const others = conjuncts.filter((each) => each !== or);
  for (const branch of or.children) {
    const whole: FilterNode = others.length === 0 ? branch : { kind: 'and', children: [...others, branch] };
    const scan = bestScan(request, branch, whole);
    if (scan === undefined) return undefined;
    scans.push(scan);
  }
  const isExact = scans.every(({ filter, keyFilter }) => filter === undefined && keyFilter === undefined);
  return {
    kind: 'or',
    scans: scans.map((scan) => ({ ...scan, filter: undefined })),
    filter: isExact ? undefined : request.filter,
    estimate: scans.reduce((sum, { estimate }) => sum + estimate, 0),
  };
}

/** @param whole  the branch, and what has to hold besides */
function bestScan(request: PlanRequest, branch: FilterNode, whole: FilterNode): IndexScanPlan | undefined {
  const branchRequest: PlanRequest = { ...request, filter: whole, sort: undefined, requiredPaths: undefined };
  const predicates = predicatesOf(whole);
  if (predicatesOf(branch).byPath.size === 0) return undefined;
  let best: IndexScanPlan | undefined;
  for (const index of usableIndexes(branchRequest))
    for (const scan of scansOf(index, predicates, branchRequest))
      if (best === undefined || scan.estimate < best.estimate) best = scan;
  return best;
}

/** Two scans of single values, each of many entries, that probably have few in common. */
function intersectionOf(
  points: readonly IndexScanPlan[],
  { conjuncts }: Predicates,
  { documentCount, sort }: PlanRequest,
): IntersectionPlan | undefined {
  const ranked = points
    .filter(({ estimate }) => estimate >= LEAST_FOR_INTERSECTION)
    .sort((a, b) => a.estimate - b.estimate);
  const [first] = ranked;
  if (first === undefined || sort !== undefined || ranked.length < points.length) return undefined;
  const second = ranked.find(({ index }) => index.fields.every(({ path }) => !hasPath(first, path)));
  if (second === undefined) return undefined;
  const known = new Set(conjuncts.filter((node) => !isLeft(first, node) || !isLeft(second, node)));
  return {
    kind: 'and',
    scans: [first, second].map((scan) => ({ ...scan, filter: undefined })),
    filter: residual(conjuncts, known),
    estimate: (first.estimate * second.estimate) / Math.max(documentCount, 1),
  };
}

function hasPath({ index }: IndexScanPlan, path: string): boolean {
  return index.fields.some((field) => field.path === path);
}

function isLeft({ filter, keyFilter }: IndexScanPlan, node: FilterNode): boolean {
  return [filter, keyFilter].some(
    (each) => each !== undefined && predicatesOf(each).conjuncts.includes(node),
  );
}
