/** From a plan to the stages that run it. */
import type { OrderedKv, ReadView } from '../../lsm/index.js';
import type { CatalogEntry } from '../catalog/catalog.js';
import type { IndexSpec } from '../catalog/collection-spec.js';
import type { CollationSpec } from '../collation/collation.js';
import { BoundsCheck } from './bounds-check.js';
import { CollectionScan } from './collection-scan.js';
import { IntersectionOfScans, MergeOfScans, UnionOfScans } from './combine-scans.js';
import { Fetch } from './fetch.js';
import { IndexScan, type RecordIdSource } from './index-scan.js';
import { IndexIds } from './index-ids.js';
import { KeyRows, type Entry } from './key-rows.js';
import { CodedRecords } from './coded-records.js';
import { StageStats } from './plan-stats.js';
import { PointScan, UniqueLookup } from './point-scan.js';
import { FilterRows, Nothing } from './row-stages.js';
import { EntryReader, keyspaceBounds } from '../keys/key-layout.js';
import type { Operation } from '../operation/operation.js';
import type { RowSource } from '../operation/row-source.js';
import { compileFilter } from '../query/compile.js';
import type { FilterNode, Matcher } from '../query/filter.js';
import { ColumnScan } from './column-scan.js';
import { screenOf, type Screen } from './screen.js';
import { PAGE_IDS } from '../columns/codes.js';
import { clusteredScan } from '../plan/clustered.js';
import { isFixed } from '../plan/sort-order.js';
import type { AccessPlan, IndexScanPlan, QueryPlan } from '../plan/query-plan.js';

export interface BuildContext {
  readonly entry: CatalogEntry;
  readonly view: ReadView;
  readonly kv: OrderedKv;
  readonly operation: Operation;
  readonly collation: CollationSpec | undefined;
}

/** Rows of a plan, and where its parts count what they do. */
export interface AccessRows {
  readonly rows: RowSource & { readonly stats: StageStats };
  /** The entry that the row comes from; undefined if it comes from none. */
  readonly entry: (() => Entry | undefined) | undefined;
  /** Of what gives the record ids, when several scans do. */
  readonly combined: StageStats | undefined;
  /** Of each scan of an index. */
  readonly scans: readonly StageStats[];
}

/** A reader of an index's keys. */
export function entriesOf({ keyspace, fields, isUnique }: IndexSpec): EntryReader {
  return new EntryReader(
    keyspace,
    fields.map(({ direction }) => direction),
    isUnique,
  );
}

interface ScanOptions {
  /** Whether the entries' values are wanted. */
  readonly needsValues?: boolean;
  readonly hasDuplicates?: boolean;
  readonly ranges?: IndexScanPlan['ranges'];
}

function indexScan(
  plan: IndexScanPlan,
  { view, operation }: BuildContext,
  options: ScanOptions = {},
): IndexScan {
  const { checked, direction, keyFilter } = plan;
  return new IndexScan(view, options.ranges ?? plan.ranges, direction, entriesOf(plan.index), operation, {
    check: checked === undefined ? undefined : new BoundsCheck(checked, direction === 'forward'),
    hasDuplicates: options.hasDuplicates ?? plan.hasDuplicates,
    needsValues: options.needsValues === true || keyFilter !== undefined,
  });
}

/** Whether entries are asked for no more than their record ids. */
function givesIdsAlone(
  { checked, direction, index, keyFilter }: IndexScanPlan,
  { view }: BuildContext,
): boolean {
  return (
    view.isFrozen &&
    checked === undefined &&
    keyFilter === undefined &&
    !(index.isUnique && direction === 'backward')
  );
}

function indexIds(
  plan: IndexScanPlan,
  { view, operation }: BuildContext,
  wanted: number,
  screen?: Screen,
): IndexIds {
  const { direction, hasDuplicates, index } = plan;
  const { isUnique } = index;
  return new IndexIds(view, plan.ranges, operation, { direction, hasDuplicates, isUnique, wanted, screen });
}

/** Compiled when it is first asked: it may be that columns tell of all records. */
class LateMatcher implements Matcher {
  private known: Matcher | undefined = undefined;

  constructor(private readonly compile: () => Matcher) {}

  matches(bytes: Uint8Array, at: number): boolean {
    return this.matcher.matches(bytes, at);
  }

  get matchedIndex(): number {
    return this.matcher.matchedIndex;
  }

  private get matcher(): Matcher {
    return (this.known ??= this.compile());
  }
}

function matcherOf(filter: FilterNode | undefined, { collation }: BuildContext): Matcher | undefined {
  return filter === undefined ? undefined : compileFilter(filter, { collation, order: 'planned' });
}

function lateMatcherOf(filter: FilterNode, { collation }: BuildContext): Matcher {
  return new LateMatcher(() => compileFilter(filter, { collation, order: 'planned' }));
}

/** What a scan gives when its entries have been asked what they can tell. */
function filteredIds(scan: IndexScan, plan: IndexScanPlan, context: BuildContext): RecordIdSource {
  const matcher = matcherOf(plan.keyFilter, context);
  return matcher === undefined ? scan : new FilterRows(new KeyRows(scan, pathsOf(plan.index)), matcher);
}

export function pathsOf({ fields }: IndexSpec): string[] {
  return fields.map(({ path }) => path);
}

export interface Wishes {
  /** Whether `$meta` asks for the entries' keys. */
  readonly needsEntries: boolean;
  /** So many rows will be pulled at most; Infinity: perhaps all. */
  readonly wanted: number;
  /** Paths at which the values of all rows are wanted, instead of the rows; undefined: the rows are. */
  readonly codedPaths?: readonly string[] | undefined;
}

export function accessRows(plan: QueryPlan, context: BuildContext, wishes: Wishes): AccessRows {
  const { access } = plan;
  const { needsEntries } = wishes;
  if (access.kind === 'ixscan') {
    const found = indexRows(access, plan.isCovered, context, wishes);
    // where records lie in the order of their keys, no keys are looked at beside them
    return clusteredScan(plan, context.entry.spec) === undefined ? found : { ...found, scans: [] };
  }
  if (access.kind === 'collscan') return collectionRows(access, context, wishes.codedPaths);
  if (access.kind === 'eof') return { rows: new Nothing(), entry: undefined, combined: undefined, scans: [] };
  return combinedRows(access, context, needsEntries);
}

function fetch(
  ids: RecordIdSource,
  filter: FilterNode | undefined,
  context: BuildContext,
  wanted = Infinity,
  screen = screenFor(filter, context),
): Fetch {
  const isLate = filter !== undefined && screen?.mayAccept === true;
  const matcher = isLate ? lateMatcherOf(filter, context) : matcherOf(filter, context);
  return new Fetch(ids, context.view, context.entry.spec.keyspace, { matcher, wanted, screen });
}

function screenFor(filter: FilterNode | undefined, context: BuildContext): Screen | undefined {
  return screenOf(filter, context);
}

function indexRows(
  plan: IndexScanPlan,
  isCovered: boolean,
  context: BuildContext,
  { needsEntries, wanted }: Wishes,
): AccessRows {
  const [range] = plan.ranges;
  const isLookup =
    plan.index.isUnique &&
    plan.ranges.length === 1 &&
    plan.given === undefined &&
    plan.fieldIntervals.every(isFixed);
  if (isLookup && !isCovered && !needsEntries && plan.keyFilter === undefined) {
    const lookup = new UniqueLookup(context.view, range!.low);
    return {
      rows: fetch(lookup, plan.filter, context),
      entry: undefined,
      combined: undefined,
      scans: [lookup.stats],
    };
  }
  if (!isCovered && !needsEntries && givesIdsAlone(plan, context)) {
    const screen = screenFor(plan.filter, context);
    const ids = indexIds(plan, context, plan.filter === undefined ? wanted : Infinity, screen);
    return {
      rows: fetch(ids, plan.filter, context, wanted, screen),
      entry: undefined,
      combined: undefined,
      scans: [ids.stats],
    };
  }
  const scan = indexScan(plan, context, { needsValues: isCovered || needsEntries });
  const entry: Entry = { scan, index: plan.index };
  const parts = { entry: () => entry, combined: undefined, scans: [scan.stats] };
  if (!isCovered) return { rows: fetch(filteredIds(scan, plan, context), plan.filter, context), ...parts };
  const keys = new KeyRows(scan, pathsOf(plan.index));
  const matcher = matcherOf(plan.keyFilter, context);
  return { rows: matcher === undefined ? keys : new FilterRows(keys, matcher), ...parts };
}

function collectionRows(
  { direction, filter }: Extract<AccessPlan, { kind: 'collscan' }>,
  context: BuildContext,
  coded: readonly string[] | undefined,
): AccessRows {
  const { entry, view, operation } = context;
  const parts = { entry: undefined, combined: undefined, scans: [] };
  if (!entry.spec.isClustered) return { rows: recordRows(direction, filter, context, coded), ...parts };
  // natural order of a clustered collection is that of its `_id`
  const index = entry.spec.indexes[0]!;
  const scan = new IndexScan(view, [keyspaceBounds(index.keyspace)], direction, entriesOf(index), operation, {
    hasDuplicates: false,
    needsValues: false,
  });
  return { rows: fetch(scan, filter, context), ...parts };
}

const scratch = new Float64Array(PAGE_IDS + 1);

function recordRows(
  direction: 'forward' | 'backward',
  filter: FilterNode | undefined,
  context: BuildContext,
  coded: readonly string[] | undefined,
): CollectionScan | ColumnScan {
  const { entry, view, operation } = context;
  const { bounds } = entry.state;
  const screen = screenOf(filter, context, coded);
  if (screen?.isOfUse !== true)
    return new CollectionScan(view, bounds, direction, matcherOf(filter, context), operation, screen);
  const { keyspace } = entry.spec;
  let records = coded === undefined ? undefined : CodedRecords.of(screen, coded, scratch);
  const isToRead = coded !== undefined && records === undefined && screen.catchUp(view, keyspace);
  if (coded !== undefined && !isToRead) records ??= CodedRecords.of(screen, coded, scratch);
  if (records !== undefined) {
    const matcher = matcherOf(filter, context);
    return new CollectionScan(view, bounds, direction, matcher, operation, screen, new StageStats(), records);
  }
  const matcher = screen.acceptsAll(scratch) ? undefined : matcherOf(filter, context);
  return isToRead || screen.leavesMostOut(scratch)
    ? new ColumnScan(view, bounds, keyspace, direction, matcher, operation, screen)
    : new CollectionScan(view, bounds, direction, matcher, operation, screen);
}

function combinedRows(
  access: Extract<AccessPlan, { kind: 'or' | 'merge' | 'and' }>,
  context: BuildContext,
  needsEntries: boolean,
): AccessRows {
  if (access.kind === 'merge') return mergedRows(access, context, needsEntries);
  if (access.kind === 'or') return unitedRows(access, context, needsEntries);
  const points = access.scans.map(
    ({ ranges }) => new PointScan(context.view, ranges[0]!.low, context.operation),
  );
  const ids = new IntersectionOfScans(points);
  const scans = points.map(({ stats }) => stats);
  return { rows: fetch(ids, access.filter, context), entry: undefined, combined: ids.stats, scans };
}

function mergedRows(
  { scan, filter }: Extract<AccessPlan, { kind: 'merge' }>,
  context: BuildContext,
  needsValues: boolean,
): AccessRows {
  const parts = scan.ranges.map((range, i) => ({
    scan: indexScan(scan, context, { ranges: [range], hasDuplicates: false, needsValues }),
    prefixLength: scan.prefixLengths[i]!,
  }));
  const ids = new MergeOfScans(parts, scan.direction);
  return {
    rows: fetch(ids, both(scan.keyFilter, filter), context),
    entry: () => (ids.scan === undefined ? undefined : { scan: ids.scan, index: scan.index }),
    combined: ids.stats,
    scans: parts.map((part) => part.scan.stats),
  };
}

function unitedRows(
  access: Extract<AccessPlan, { kind: 'or' }>,
  context: BuildContext,
  needsValues: boolean,
): AccessRows {
  const branches = access.scans.map((plan) =>
    !needsValues && givesIdsAlone(plan, context)
      ? indexIds(plan, context, Infinity)
      : indexScan(plan, context, { needsValues }),
  );
  const ids = new UnionOfScans(
    branches.map((scan, i) =>
      scan instanceof IndexIds ? scan : filteredIds(scan, access.scans[i]!, context),
    ),
  );
  return {
    rows: fetch(ids, access.filter, context),
    entry: () => {
      const scan = branches[ids.source];
      return scan instanceof IndexScan ? { scan, index: access.scans[ids.source]!.index } : undefined;
    },
    combined: ids.stats,
    scans: branches.map(({ stats }) => stats),
  };
}

function both(a: FilterNode | undefined, b: FilterNode | undefined): FilterNode | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return { kind: 'and', children: [a, b] };
}
