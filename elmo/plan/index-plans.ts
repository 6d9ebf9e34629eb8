/** The plans one index offers for a query. */
import type { CollectionSpec, IndexSpec } from '../catalog/collection-spec.js';
import type { ReadView } from '../../lsm/index.js';
import type { KeyBounds } from '../keys/key-layout.js';
import type { FilterNode } from '../query/filter.js';
import { inScanOrder } from '../query/order.js';
import { coversFilter, coversPaths } from './covered.js';
import { indexBounds, type IndexBounds } from './index-bounds.js';
import { isEverything, isPoint } from './interval.js';
import { keyRanges } from './key-ranges.js';
import { demandsValue, impliesPartial } from './partial.js';
import type { PlanRequest } from './plan-request.js';
import { residual, type Predicates } from './predicates.js';
import { Estimate, type IndexScanPlan, type QueryPlan, type ScanDirection } from './query-plan.js';
import { isFixed, sortedDirection } from './sort-order.js';
import { wildcardScans } from './wildcard-scans.js';

/** Ranges whose size is asked; of more, the mean of these counts for all. */
const MOST_ESTIMATES = 8;
/** Scans that are merged to get an order. */
const MOST_MERGED = 64;

const NOTHING_KNOWN: ReadonlySet<FilterNode> = new Set();
const PLANNED_KINDS: ReadonlySet<string> = new Set(['ordered', 'hashed', 'wildcard']);

/** Indexes that may be read, and whose documents include all matches. */
export function usableIndexes({ collection, collation, filter, allows }: PlanRequest): IndexSpec[] {
  return collection.indexes.filter(
    (index) =>
      index.isReady &&
      !index.isHidden &&
      allows?.(index) !== false &&
      PLANNED_KINDS.has(index.kind) &&
      impliesPartial(filter, index, collation),
  );
}

interface Candidate {
  readonly index: IndexSpec;
  readonly bounds: IndexBounds;
  /** Whether the filter says where to look. */
  readonly isBounded: boolean;
  /** Whether a document may have several entries within the bounds, arrays aside, and not all of them its values'. */
  readonly hasDuplicates: boolean;
}

const NO_CANDIDATES: readonly Candidate[] = [];
const NO_PLANS: readonly QueryPlan[] = [];

/** Plans of the index that help the filter or the sort, or all of them if it is hinted at. */
export function indexPlans(
  index: IndexSpec,
  predicates: Predicates,
  request: PlanRequest,
): readonly QueryPlan[] {
  const candidates = candidatesOf(index, predicates, request);
  const [first] = candidates;
  if (first === undefined) return NO_PLANS;
  if (candidates.length === 1) return plansOf(first, predicates, request);
  return candidates.flatMap((candidate) => plansOf(candidate, predicates, request));
}

/** Scans within bounds, forwards. */
export function scansOf(index: IndexSpec, predicates: Predicates, request: PlanRequest): IndexScanPlan[] {
  return candidatesOf(index, predicates, request)
    .filter(({ isBounded }) => isBounded)
    .map((candidate) => scanPlan(candidate, predicates.conjuncts, request));
}

function candidatesOf(index: IndexSpec, predicates: Predicates, request: PlanRequest): readonly Candidate[] {
  if (index.kind === 'wildcard')
    return wildcardScans(index, predicates, request).flatMap(
      ({ index: scanned, bounding, fixed, hasDuplicates }) => {
        const found = indexBounds(scanned, bounding, request.collation, fixed);
        // a value found under several names says nothing for sure
        const bounds = hasDuplicates ? { ...found, exact: NOTHING_KNOWN } : found;
        return isEverything(bounds.fields[0]!)
          ? []
          : [{ index: scanned, bounds, isBounded: true, hasDuplicates }];
      },
    );
  if (!mayServe(index, predicates, request) || !coversMissing(index, predicates, request))
    return NO_CANDIDATES;
  const bounds = indexBounds(index, predicates, request.collation);
  const isBounded = !isEverything(bounds.fields[0]!) || demandsFirst(index, predicates);
  return [{ index, bounds, isBounded, hasDuplicates: false }];
}

/** A first look: whether filter or sort are about its first field at all. */
function mayServe({ fields }: IndexSpec, { byPath }: Predicates, { sort, hint }: PlanRequest): boolean {
  const first = fields[0]!.path;
  return hint !== undefined || byPath.has(first) || sort?.some(({ path }) => path === first) === true;
}

/**
 * A sparse index lacks documents without its fields: it may only be used when the filter asks for something in one of
 * them, or when it was asked for by name.
 */
function coversMissing(index: IndexSpec, { byPath }: Predicates, { hint }: PlanRequest): boolean {
  if (!index.isSparse || hint !== undefined) return true;
  return index.fields.some(({ path }) => (byPath.get(path) ?? []).some(({ node }) => demandsValue(node)));
}

/** Where the first field has to be there, the whole index is a way to the matches. */
function demandsFirst(index: IndexSpec, { byPath }: Predicates): boolean {
  return (byPath.get(index.fields[0]!.path) ?? []).some(({ node }) => node.kind === 'exists');
}

function plansOf(candidate: Candidate, predicates: Predicates, request: PlanRequest): QueryPlan[] {
  const { sort, hint, requiredPaths } = request;
  const { index, bounds, isBounded } = candidate;
  const isWanted = isBounded || hint !== undefined;
  const isComparable =
    index.collation === undefined && request.collation === undefined && !candidate.hasDuplicates;
  const sorted = sort !== undefined && isComparable ? sortedDirection(index, bounds.fields, sort) : undefined;
  if (!isWanted && sorted === undefined) return [];
  const scan = scanPlan(candidate, predicates.conjuncts, request);
  const isCovered =
    requiredPaths !== undefined && scan.filter === undefined && coversPaths(index, requiredPaths);
  const plan = (direction: ScanDirection, isSorted: boolean): QueryPlan => ({
    access: { ...scan, direction },
    isSorted,
    isCovered,
  });
  if (sort === undefined) return [plan('forward', true)];
  if (sorted !== undefined) return [plan(sorted, true)];
  const merged = isComparable ? mergedPlan(scan, bounds, request) : undefined;
  return merged === undefined ? [plan('forward', false)] : [plan('forward', false), merged];
}

/** The order that comes of merging the scans of several values of the first fields. */
function mergedPlan(
  scan: IndexScanPlan,
  { fields }: IndexBounds,
  { sort }: PlanRequest,
): QueryPlan | undefined {
  const { index, ranges, prefixLengths } = scan;
  const { pointFields } = keyRanges(index, fields);
  if (pointFields === 0 || ranges.length < 2 || ranges.length > MOST_MERGED) return undefined;
  const direction = sortedDirection(index, fields, sort!, pointFields);
  if (direction === undefined) return undefined;
  const prefixCount = new Set(
    ranges.map(({ low }, i) => Buffer.from(low.subarray(0, prefixLengths[i])).toString('latin1')),
  ).size;
  if (prefixCount < ranges.length) return undefined;
  return {
    access: {
      kind: 'merge',
      scan: { ...scan, direction, filter: undefined },
      filter: scan.filter,
      estimate: scan.estimate,
    },
    isSorted: true,
    isCovered: false,
  };
}

function scanPlan(
  { index, bounds: { fields, exact }, isBounded, hasDuplicates }: Candidate,
  conjuncts: readonly FilterNode[],
  { view, collection }: PlanRequest,
): IndexScanPlan {
  const { ranges, prefixLengths, checked } = keyRanges(index, fields);
  const isOnePoint = ranges.length <= 1 && fields.every(isFixed);
  const ofKey = conjuncts.filter((node) => !exact.has(node) && coversFilter(index, node));
  const left = residual(conjuncts, ofKey.length === 0 ? exact : new Set([...exact, ...ofKey]));
  return {
    kind: 'ixscan',
    index,
    fieldIntervals: fields,
    ranges,
    prefixLengths,
    checked,
    direction: 'forward',
    hasDuplicates: hasDuplicates || (index.isMultikey && !isOnePoint),
    keyFilter: residual(ofKey, new Set()),
    filter: isBounded && !isOfRecords(index, collection) ? leftOfScan(left, index) : left,
    given: undefined,
    collated: undefined,
    estimate:
      index.isUnique && fields.every((each) => each.every(isPoint))
        ? Estimate.of(ranges.length)
        : estimateOf(ranges, view),
  };
}

/** A scan of such an index is one of the records themselves, which are asked in the order of the filter. */
function isOfRecords(index: IndexSpec, { isClustered, indexes }: CollectionSpec): boolean {
  return isClustered && index === indexes[0];
}

function leftOfScan(filter: FilterNode | undefined, { fields }: IndexSpec): FilterNode | undefined {
  if (filter === undefined || !('children' in filter)) return filter;
  return inScanOrder(
    filter,
    fields.map(({ path }) => path),
  );
}

export function estimateOf(ranges: readonly KeyBounds[], view: ReadView): Estimate {
  return new Estimate(() => {
    const asked = ranges.slice(0, MOST_ESTIMATES);
    const sum = asked.reduce((total, range) => total + view.estimate(range).count, 0);
    return asked.length === 0 ? 0 : (sum / asked.length) * ranges.length;
  });
}
