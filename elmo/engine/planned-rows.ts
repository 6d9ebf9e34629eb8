/** From a filter, a sort and what else a query asks to rows: parses, has a plan chosen, and builds the stages that run it. */
import type { OrderedKv, ReadView } from '../../lsm/index.js';
import type { CatalogEntry } from '../catalog/catalog.js';
import type { CollectionSpec, IndexSpec } from '../catalog/collection-spec.js';
import { sameKey } from '../catalog/record.js';
import { Decoder } from '../bson/decode.js';
import { OBJECT, STRING } from '../bson/types.js';
import type { Value } from '../bson/value.js';
import type { CollationSpec } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import { CollectionScan } from '../exec/collection-scan.js';
import { Fetch } from '../exec/fetch.js';
import { IndexScan } from '../exec/index-scan.js';
import { FilterRows, Nothing, SkipLimit, Union } from '../exec/row-stages.js';
import { SortRows } from '../exec/sort.js';
import { SortKeys, type SortField } from '../exec/sort-key.js';
import { IndexEntries, keyspaceBounds } from '../keys/key-layout.js';
import type { Operation } from '../operation/operation.js';
import type { RowSource } from '../operation/row-source.js';
import { choosePlan, type PlanRequest } from '../plan/choose.js';
import type { IndexScanPlan, QueryPlan } from '../plan/query-plan.js';
import { compileFilter } from '../query/compile.js';
import type { FilterNode, Matcher } from '../query/filter.js';

export interface RowsRequest {
  readonly entry: CatalogEntry;
  readonly view: ReadView;
  readonly kv: OrderedKv;
  readonly operation: Operation;
  readonly filter: FilterNode;
  readonly collation: CollationSpec | undefined;
  readonly sort: readonly SortField[] | undefined;
  readonly skip: number;
  /** 0: no limit. */
  readonly limit: number;
  readonly hint: Value | undefined;
  /** Records in the order they lie, that way. */
  readonly natural?: 'forward' | 'backward' | undefined;
  readonly allowDiskUse: boolean;
}

const plain = new Decoder();

/** What a hint names. @throws ElmoError BadValue */
export function resolveHint(
  collection: CollectionSpec,
  hint: Value | undefined,
): { index: IndexSpec | undefined; natural: 'forward' | 'backward' | undefined } {
  if (hint === undefined) return { index: undefined, natural: undefined };
  if (hint.type === OBJECT) {
    const pattern = plain.decode(hint.bytes, hint.at) as Record<string, unknown>;
    const names = Object.keys(pattern);
    if (names.length === 0) return { index: undefined, natural: undefined };
    if ('$natural' in pattern) {
      const direction = pattern['$natural'];
      if (names.length > 1 || (direction !== 1 && direction !== -1))
        throw new ElmoError('BadValue', '$natural hint must be {$natural: 1} or {$natural: -1}');
      return { index: undefined, natural: direction === 1 ? 'forward' : 'backward' };
    }
  }
  const index = collection.indexes.find(
    (each) =>
      each.isReady &&
      !each.isHidden &&
      (hint.type === STRING ? each.name === hint.text : sameKey(each.key, hint.document)),
  );
  if (index === undefined)
    throw new ElmoError(
      'BadValue',
      'error processing query: planner returned error :: caused by :: hint provided does not correspond to an existing index',
    );
  return { index, natural: undefined };
}

/** The plan, and how it is run. */
export interface PlannedRows {
  readonly plan: QueryPlan;
  readonly rows: RowSource;
}

export function planRequest(request: RowsRequest): PlanRequest {
  const { entry, sort, skip, limit } = request;
  const { index, natural } = resolveHint(entry.spec, request.hint);
  return {
    collection: entry.spec,
    view: request.view,
    filter: request.filter,
    collation: request.collation,
    sort: sort?.every(({ meta }) => meta === undefined) === true ? sort : undefined,
    wanted: limit === 0 ? 0 : skip + limit,
    hint: index,
    naturalDirection: request.natural ?? natural,
    documentCount: entry.state.documentCount,
  };
}

export function planRows(request: RowsRequest): PlannedRows {
  const plan = choosePlan(planRequest(request));
  return { plan, rows: buildRows(plan, request) };
}

/** The stages of a plan. */
export function buildRows(plan: QueryPlan, request: RowsRequest): RowSource {
  const { filter, collation, sort, skip, limit, operation, kv } = request;
  const matcher =
    filter.kind === 'true' || filter.kind === 'false' ? undefined : compileFilter(filter, { collation });
  let rows = accessRows(plan, matcher, request);
  if (sort !== undefined && sort.length > 0 && !plan.isSorted)
    rows = new SortRows(rows, new SortKeys(sort, collation), {
      kv,
      operation,
      limit: limit === 0 ? 0 : skip + limit,
      allowsDisk: request.allowDiskUse,
    });
  return skip > 0 || limit > 0 ? new SkipLimit(rows, skip, limit) : rows;
}

function accessRows({ access }: QueryPlan, matcher: Matcher | undefined, request: RowsRequest): RowSource {
  const { entry, view, operation } = request;
  switch (access.kind) {
    case 'eof':
      return new Nothing();
    case 'collscan':
      entry.state.collectionScans++;
      if (entry.spec.isClustered) return clusteredRows(access.direction, matcher, request);
      return new CollectionScan(view, entry.state.bounds, access.direction, matcher, operation);
    case 'ixscan':
      return indexRows(access, access.isExact ? undefined : matcher, request);
    case 'or': {
      const union = new Union(access.branches.map(({ scan }) => indexRows(scan, undefined, request)));
      return matcher === undefined ? union : new FilterRows(union, matcher);
    }
  }
}

/** A reader of an index's keys. */
export function entriesOf(index: IndexSpec): IndexEntries {
  return new IndexEntries(
    index.keyspace,
    index.fields.map(({ direction }) => direction),
    index.isUnique,
    true,
  );
}

function indexRows(plan: IndexScanPlan, matcher: Matcher | undefined, request: RowsRequest): Fetch {
  const { entry, view, operation } = request;
  const { indexUses } = entry.state;
  indexUses.set(plan.index.name, (indexUses.get(plan.index.name) ?? 0) + 1);
  const scan = new IndexScan(
    view,
    plan.ranges,
    plan.direction,
    entriesOf(plan.index),
    undefined,
    operation,
    plan.index.isMultikey ? new Set() : undefined,
  );
  return new Fetch(scan, view, entry.spec.keyspace, matcher);
}

/** Natural order of a clustered collection is that of its `_id`. */
function clusteredRows(
  direction: 'forward' | 'backward',
  matcher: Matcher | undefined,
  { entry, view, operation }: RowsRequest,
): Fetch {
  const index = entry.spec.indexes[0]!;
  const scan = new IndexScan(
    view,
    [keyspaceBounds(index.keyspace)],
    direction,
    entriesOf(index),
    undefined,
    operation,
    undefined,
  );
  return new Fetch(scan, view, entry.spec.keyspace, matcher);
}
