/**
 * Chooses among the ways to run a query: each index that the filter or the sort can use, unions of indexes for `$or`,
 * intersections, the scan of the whole collection. A decision from plain data: sizes of key ranges are asked of the view,
 * documents never.
 */
import type { FilterNode } from '../query/filter.js';
import { inScanOrder } from '../query/order.js';
import type { IndexSpec } from '../catalog/collection-spec.js';
import { costOf, mostCostOf } from './cost.js';
import { indexPlans, scansOf, usableIndexes } from './index-plans.js';
import { noSolutions } from './hint.js';
import type { PlanRequest } from './plan-request.js';
import { predicatesOf, residual, type Predicates } from './predicates.js';
import {
  Estimate,
  type CollectionScanPlan,
  type IndexScanPlan,
  type IntersectionPlan,
  type PlanChoice,
  type QueryPlan,
  type UnionPlan,
} from './query-plan.js';
import { isFixed } from './sort-order.js';
import { servesHint } from './wildcard-predicates.js';

export const EOF_PLAN: QueryPlan = {
  access: { kind: 'eof', filter: undefined, estimate: Estimate.of(0) },
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
  const plans: QueryPlan[] = [];
  const points: IndexScanPlan[] = [];
  const isServed = hint?.kind !== 'wildcard' || servesHint(hint, predicates, request);
  for (const index of hint === undefined ? usableIndexes(request) : isServed ? [hint] : [])
    for (const plan of indexPlans(index, predicates, request)) {
      if (isLookup(plan)) return { best: plan, others: [] };
      plans.push(plan);
      if (plan.access.kind === 'ixscan' && isByRecordId(plan.access)) points.push(plan.access);
    }
  if (hint === undefined) {
    for (const access of [unionOf(request, predicates), intersectionOf(points, predicates, request)])
      if (access !== undefined) plans.push({ access, isSorted: isUnsorted, isCovered: false });
    if (plans.length === 0) return { best: wholeScan(), others: [] };
  } else if (plans.length === 0) {
    // what a wildcard index has no entries of is found by a look at all documents
    if (hint.kind === 'wildcard' && isServed) return { best: wholeScan(), others: [] };
    const access = unionOf(request, predicates);
    if (access === undefined && servesBranches(hint, predicates, request))
      return { best: wholeScan(), others: [] };
    if (access === undefined) throw noSolutions(request.collection);
    return { best: { access, isSorted: isUnsorted, isCovered: false }, others: [] };
  }
  if (plans.length === 1 && documentCount < SMALL_COLLECTION) return { best: plans[0]!, others: [] };
  return ranked(
    plans,
    hint === undefined && documentCount >= SMALL_COLLECTION ? wholeScan() : undefined,
    request,
  );
}

/** Whether a hint at a wildcard index is good for each branch of an `$or`. */
function servesBranches(hint: IndexSpec, { conjuncts }: Predicates, request: PlanRequest): boolean {
  const or = conjuncts.find(({ kind }) => kind === 'or');
  if (hint.kind !== 'wildcard' || or?.kind !== 'or') return false;
  return or.children.every((branch) => {
    const filter = wholeBranch(branch, or, conjuncts);
    return servesHint(hint, predicatesOf(filter), { ...request, filter });
  });
}

/** A branch of an `$or`, and what has to hold besides. */
function wholeBranch(branch: FilterNode, or: FilterNode, conjuncts: readonly FilterNode[]): FilterNode {
  const others = conjuncts.filter((each) => each !== or);
  return others.length === 0 ? branch : { kind: 'and', children: [...others, branch] };
}

/** The one record of a unique key: nothing is better. */
function isLookup({ access }: QueryPlan): boolean {
  return (
    access.kind === 'ixscan' &&
    access.index.isUnique &&
    access.ranges.length === 1 &&
    access.fieldIntervals.every(isFixed)
  );
}

/** @param wholeScan  what is best when all others cost more */
function ranked(
  plans: readonly QueryPlan[],
  wholeScan: QueryPlan | undefined,
  request: PlanRequest,
): PlanChoice {
  if (
    plans.length === 1 &&
    wholeScan !== undefined &&
    mostCostOf(plans[0]!, request) <= costOf(wholeScan, request)
  )
    return { best: plans[0]!, others: [] };
  const candidates = plans.map((plan) => ({ plan, cost: costOf(plan, request) }));
  if (wholeScan !== undefined) {
    const cost = costOf(wholeScan, request);
    if (candidates.every((each) => each.cost > cost)) candidates.push({ plan: wholeScan, cost });
  }
  candidates.sort((a, b) => a.cost - b.cost);
  return { best: candidates[0]!.plan, others: candidates.slice(1).map(({ plan }) => plan) };
}

function collectionScan(
  { documentCount, filter }: PlanRequest,
  direction: 'forward' | 'backward',
): CollectionScanPlan {
  return {
    kind: 'collscan',
    direction,
    filter: filter.kind === 'true' ? undefined : filter,
    estimate: Estimate.of(documentCount),
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
  for (const branch of or.children) {
    const scan = bestScan(request, branch, wholeBranch(branch, or, conjuncts));
    if (scan === undefined) return undefined;
    scans.push(scan);
  }
  const isExact = scans.every(({ filter, keyFilter }) => filter === undefined && keyFilter === undefined);
  return {
    kind: 'or',
    scans: scans.map((scan) => ({ ...scan, filter: undefined })),
    filter: isExact ? undefined : inScanOrder(request.filter, []),
    estimate: new Estimate(() => scans.reduce((sum, { estimate }) => sum + estimate.count, 0)),
  };
}

/** @param whole  the branch, and what has to hold besides */
function bestScan(request: PlanRequest, branch: FilterNode, whole: FilterNode): IndexScanPlan | undefined {
  const branchRequest: PlanRequest = { ...request, filter: whole, sort: undefined, requiredPaths: undefined };
  const predicates = predicatesOf(whole);
  if (predicatesOf(branch).byPath.size === 0) return undefined;
  if (request.hint?.kind === 'wildcard' && !servesHint(request.hint, predicates, branchRequest))
    return undefined;
  let best: IndexScanPlan | undefined;
  for (const index of request.hint === undefined ? usableIndexes(branchRequest) : [request.hint])
    for (const scan of scansOf(index, predicates, branchRequest))
      if (best === undefined || scan.estimate.count < best.estimate.count) best = scan;
  return best;
}

/** Two scans of single values, each of many entries, that probably have few in common. */
function intersectionOf(
  points: readonly IndexScanPlan[],
  { conjuncts }: Predicates,
  { documentCount, sort }: PlanRequest,
): IntersectionPlan | undefined {
  if (points.length < 2) return undefined;
  const ranked = points
    .filter(({ estimate }) => estimate.count >= LEAST_FOR_INTERSECTION)
    .sort((a, b) => a.estimate.count - b.estimate.count);
  const [first] = ranked;
  if (first === undefined || sort !== undefined || ranked.length < points.length) return undefined;
  const second = ranked.find(({ index }) => index.fields.every(({ path }) => !hasPath(first, path)));
  if (second === undefined) return undefined;
  const known = new Set(conjuncts.filter((node) => !isLeft(first, node) || !isLeft(second, node)));
  return {
    kind: 'and',
    scans: [first, second].map((scan) => ({ ...scan, filter: undefined })),
    filter: residual(conjuncts, known),
    estimate: Estimate.of((first.estimate.count * second.estimate.count) / Math.max(documentCount, 1)),
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
