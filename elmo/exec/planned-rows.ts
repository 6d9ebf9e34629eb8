/** From a filter, a sort and what else a query asks to rows: has a plan chosen, and builds the stages that run it. */
import type { Value } from '../bson/value.js';
import { FilterRows, SkipLimit } from './row-stages.js';
import { PlanAtWork } from './traced-plan.js';
import { WithEntry } from './key-rows.js';
import { SortRows } from './sort.js';
import { SortKeys, type SortField } from './sort-key.js';
import type { RowSource } from '../operation/row-source.js';
import type { PlanFilter } from '../catalog/collection-state.js';
import { queryShape } from '../plan/query-shape.js';
import { compileFilter } from '../query/compile.js';
import { mayFail, type FilterNode } from '../query/filter.js';
import { accessRows, type AccessRows, type BuildContext } from './build-rows.js';
import { choosePlan } from '../plan/choose.js';
import { isInRecordOrder } from '../plan/clustered.js';
import type { CollatedRange } from '../plan/collated-range.js';
import { RangeKeys, RowsInRange } from './collated-range.js';
import { planningError, resolveHint } from '../plan/hint.js';
import { minMaxPlan, type MinMax } from '../plan/min-max.js';
import type { PlanRequest } from '../plan/plan-request.js';
import { checkWildcardPaths } from '../plan/wildcard-predicates.js';
import type { IndexScanPlan, PlanChoice, QueryPlan, ScanDirection } from '../plan/query-plan.js';

export interface RowsRequest extends BuildContext {
  readonly filter: FilterNode;
  readonly sort: readonly SortField[] | undefined;
  readonly skip: number;
  /** 0: no limit. */
  readonly limit: number;
  readonly hint: Value | undefined;
  /** Records in the order they lie, that way. */
  readonly natural?: ScanDirection | undefined;
  readonly minMax?: MinMax | undefined;
  readonly allowDiskUse: boolean;
  /** Raw, for the query's shape; undefined: none. */
  readonly projection?: Uint8Array | undefined;
  /** All that is wanted of the documents, and of the sort; undefined: all of them. */
  readonly requiredPaths?: readonly string[] | undefined;
  /** Paths at which the values of all rows are wanted, instead of the rows, where they are at hand. */
  readonly codedPaths?: readonly string[] | undefined;
  /** Whether rows say which entry and record they are, for `$meta`. */
  readonly needsEntries?: boolean | undefined;
  /** Whether the entries are shown in the place of the rows. */
  readonly returnsKeys?: boolean | undefined;
}

/** A plan at work. */
export interface RunningPlan {
  readonly plan: QueryPlan;
  readonly rows: RowSource;
  readonly access: AccessRows;
  /** Undefined: the plan needs none. */
  readonly sort: SortRows | undefined;
  /** For who stands above it; undefined: nobody wants to know. */
  traced: PlanAtWork | undefined;
}

/** @throws ElmoError of the hint, of min and max, and of paths that a wildcard index cannot be asked for */
export function choose(request: RowsRequest): PlanChoice {
  const { entry, sort, minMax, filter, collation, view } = request;
  checkWildcardPaths(entry.spec, filter);
  const planFilter = minMax === undefined ? planFilterOf(request) : undefined;
  const hint = resolveHint(entry.spec, planFilter === undefined ? request.hint : undefined);
  const fields = sort?.every(({ meta }) => meta === undefined) === true ? sort : undefined;
  if (minMax !== undefined)
    return { best: minMaxPlan(minMax, hint, entry.spec, filter, fields, collation, view), others: [] };
  const wanted = planRequest(request, fields, hint.index, request.natural ?? hint.natural);
  const choice = choosePlan(
    planFilter === undefined ? wanted : { ...wanted, allows: (index) => planFilter.allows(index) },
  );
  return withinSettings(choice, request);
}

/** The databases of the engine itself, whose collections may always be looked through. */
const OWN_DATABASES: ReadonlySet<string> = new Set(['admin', 'config', 'local']);

/** @throws ElmoError NoQueryExecutionPlans if all documents would be looked at, and may not be */
function withinSettings(choice: PlanChoice, { filter, entry, operation }: RowsRequest): PlanChoice {
  const { allowsScans, mostPlans } = operation.settings;
  const isScan = ({ access }: QueryPlan): boolean => access.kind === 'collscan';
  const { best, others } = choice;
  const isRefused = !allowsScans && filter.kind !== 'true' && !OWN_DATABASES.has(entry.spec.namespace.db);
  if (!isRefused)
    return others.length < mostPlans ? choice : { best, others: others.slice(0, mostPlans - 1) };
  const [first, ...rest] = [best, ...others].filter((plan) => !isScan(plan));
  if (first === undefined)
    throw planningError(
      'NoQueryExecutionPlans',
      entry.spec,
      "No indexed plans available, and running with 'notablescan'",
    );
  return { best: first, others: rest };
}

/** What the planner was told to keep to for such queries; it counts more than a hint. */
export function planFilterOf(request: RowsRequest): PlanFilter | undefined {
  const { planFilters } = request.entry.state;
  if (planFilters.length === 0) return undefined;
  const shape = queryShape({ ...request, projection: request.projection });
  return planFilters.find((each) => each.shape === shape);
}

function planRequest(
  request: RowsRequest,
  sort: readonly SortField[] | undefined,
  hint: PlanRequest['hint'],
  natural: PlanRequest['natural'],
): PlanRequest {
  const { entry, view, filter, collation, skip, limit, requiredPaths } = request;
  return {
    collection: entry.spec,
    view,
    filter,
    collation,
    sort,
    wanted: limit === 0 ? 0 : skip + limit,
    hint,
    natural,
    requiredPaths:
      requiredPaths === undefined || request.needsEntries === true
        ? undefined
        : [...requiredPaths, ...(request.sort ?? []).map(({ path }) => path)],
    hasArrayAt: ({ keyspace }, path) => entry.state.arrayPaths(keyspace).has(path, view),
    documentCount: entry.state.documentCount,
  };
}

export function planRows(request: RowsRequest): RunningPlan {
  const plan = choose(request).best;
  noteUse(plan, request);
  return runPlan(plan, request);
}

/** What `$indexStats` and `$collStats` tell. */
function noteUse({ access }: QueryPlan, { entry: { state } }: RowsRequest): void {
  if (access.kind === 'collscan') state.collectionScans++;
  else if (access.kind === 'ixscan') state.noteIndexUse(access.index.name);
  else if (access.kind === 'merge') state.noteIndexUse(access.scan.index.name);
  else if (access.kind !== 'eof') for (const { index } of access.scans) state.noteIndexUse(index.name);
}

/** The stages of a plan. */
export function runPlan(plan: QueryPlan, request: RowsRequest): RunningPlan {
  const { collation, sort, skip, limit, operation, kv, needsEntries } = request;
  const isSorted =
    sort === undefined ||
    sort.length === 0 ||
    (plan.isSorted && sort.every(({ meta }) => meta === undefined));
  const isCollated = plan.access.kind === 'ixscan' && plan.access.collated !== undefined;
  const access = accessRows(isCollated ? withoutFailing(plan) : plan, request, {
    needsEntries: needsEntries === true,
    codedPaths: request.codedPaths,
    wanted: limit > 0 && isSorted && !isCollated ? skip + limit : Infinity,
  });
  let rows: RowSource = access.rows;
  if (needsEntries === true)
    rows = new WithEntry(rows, tellsEntries(plan, request) ? access.entry : undefined);
  if (plan.access.kind === 'ixscan' && plan.access.collated !== undefined)
    rows = collatedRows(rows, plan.access, plan.access.collated, request);
  let sorted: SortRows | undefined;
  if (!isSorted) {
    sorted = new SortRows(rows, new SortKeys(sort, collation), {
      kv,
      operation,
      limit: limit === 0 ? 0 : skip + limit,
      allowsDisk: request.allowDiskUse,
      keepsMetadata: needsEntries === true,
    });
    rows = sorted;
  }
  if (skip > 0 || limit > 0) rows = new SkipLimit(rows, skip, limit);
  const running: RunningPlan = { plan, rows, access, sort: sorted, traced: undefined };
  const { trace } = operation;
  if (trace !== undefined) trace.add((running.traced = new PlanAtWork(running, request)));
  return running;
}

/**
 * Whether rows come with the keys of an index. Where the collection lies in the order of its `_id` that is none, and of
 * one `_id` only the key itself is told.
 */
function tellsEntries(plan: QueryPlan, { entry: { spec }, filter, returnsKeys }: RowsRequest): boolean {
  if (filter.kind === 'eq' && filter.path === '_id' && returnsKeys !== true) return false;
  return !isInRecordOrder(plan, spec);
}

/** Without a filter that may fail: it is asked of rows within the range alone. */
function withoutFailing(plan: QueryPlan): QueryPlan {
  const { access } = plan;
  return access.kind === 'ixscan' && access.filter !== undefined && mayFail(access.filter)
    ? { ...plan, access: { ...access, filter: undefined } }
    : plan;
}

/** Those between min and max in the order of the index's collation. */
function collatedRows(
  rows: RowSource,
  { index, filter }: IndexScanPlan,
  range: CollatedRange,
  { kv, operation, needsEntries, collation }: RowsRequest,
): RowSource {
  const fields = index.fields.map(({ path, direction }) => ({ path, direction, meta: undefined }));
  const keys = new RangeKeys(fields, range);
  const inRange = new RowsInRange(rows, keys);
  const within =
    filter !== undefined && mayFail(filter)
      ? new FilterRows(inRange, compileFilter(filter, { collation, order: 'planned' }))
      : inRange;
  if (!range.isOrdered) return within;
  return new SortRows(within, keys, {
    kv,
    operation,
    limit: 0,
    allowsDisk: true,
    tiesByRecord: true,
    keepsMetadata: needsEntries === true,
  });
}
