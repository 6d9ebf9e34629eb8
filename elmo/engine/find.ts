/** Opens a find: from the request to a cursor. */
import type { Clock, OrderedKv, ReadView } from '../../lsm/index.js';
import { OBJECT } from '../bson/types.js';
import { FieldFinder, FieldName } from '../bson/walk.js';
import type { CatalogEntry } from '../catalog/catalog.js';
import { fieldsOf } from '../catalog/raw-document.js';
import type { CollationSpec } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import { RowCursor, type ElmoCursor } from '../exec/cursor.js';
import { Nothing, ProjectRows } from '../exec/row-stages.js';
import { CollectionScan } from '../exec/collection-scan.js';
import { AddSortKeys, ReturnKeys, ShowRecordIds } from '../exec/shape-rows.js';
import { SortKeys, type SortField } from '../exec/sort-key.js';
import { parseSort } from '../exec/sort-pattern.js';
import { TailableCursor } from '../exec/tailable.js';
import type { ParseScope } from '../expression/expression.js';
import { parseWithFolding } from '../expression/operator-kinds.js';
import { appendRecordKey } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import { Operation } from '../operation/operation.js';
import { cut } from '../exec/count-rows.js';
import { IdlePlan } from '../exec/traced-plan.js';
import type { CountRequest, FindRequest, RawDocument } from '../operation/requests.js';
import { ROW, type Pulled, type RowSource } from '../operation/row-source.js';
import { parseProjection } from '../projection/find.js';
import { refuseUnavailable } from '../expression/metadata-names.js';
import type { Projection } from '../projection/projection.js';
import { compileFilter } from '../query/compile.js';
import type { FilterNode } from '../query/filter.js';
import { planRows, type RowsRequest } from '../exec/planned-rows.js';
import { naturalDirection, naturalHint } from '../plan/hint.js';
import { minMaxOf, type MinMax } from '../plan/min-max.js';
import type { ScanDirection } from '../plan/query-plan.js';
import { normalizeFilter } from '../query/normalize.js';
import { parseFilter } from '../query/parse.js';
import { lateFindStages } from './late-find-stages.js';
import { EMPTY_DOCUMENT_BYTES } from './reading.js';

export interface FindContext {
  readonly kv: OrderedKv;
  readonly clock: Clock;
  readonly view: ReadView;
  readonly release: () => void;
  readonly operation: Operation;
  readonly entry: CatalogEntry | undefined;
  readonly collation: CollationSpec | undefined;
  readonly scope: ParseScope;
  /** Whether the collection has been dropped or renamed since. */
  readonly isGone: () => boolean;
}

/** A find, parsed. */
export interface PreparedFind {
  readonly filter: FilterNode;
  readonly sort: readonly SortField[] | undefined;
  readonly natural: ScanDirection | undefined;
  readonly projection: Projection | undefined;
  readonly minMax: MinMax | undefined;
}

/** @throws ElmoError */
export function prepareFind(request: FindRequest, context: FindContext): PreparedFind {
  return parseWithFolding(() => parsedFind(request, context));
}

function parsedFind(request: FindRequest, context: FindContext): PreparedFind {
  const given = parseFilter(request.filter ?? EMPTY_DOCUMENT_BYTES, context);
  const filter = normalizeFilter(given, context.collation);
  const projection = projectionOf(request, given, context); // its errors are told before those of the sort
  const natural = naturalSort(request);
  const sort = natural === undefined ? sortOf(request) : undefined;
  if (projection !== undefined) checkMetadata(projection, sort);
  return {
    filter,
    sort,
    natural,
    projection,
    minMax: minMaxOf(request.min, request.max),
  };
}

/** @throws ElmoError 40218, BadValue if the projection asks for what the query does not make */
function checkMetadata({ metaNames }: Projection, sort: readonly SortField[] | undefined): void {
  refuseUnavailable(metaNames);
  if (sort === undefined && metaNames.includes('sortKey'))
    throw new ElmoError('BadValue', 'cannot use sortKey $meta projection without a sort');
}

/** @throws ElmoError */
export function openFind(request: FindRequest, context: FindContext): ElmoCursor {
  const prepared = prepareFind(request, context);
  const { entry } = context;
  if (request.isTailable === true)
    return openTailable(request, context, prepared.filter, prepared.projection);
  if (entry === undefined) {
    context.operation.trace?.add(new IdlePlan('EOF'));
    return new RowCursor(new Nothing(), context.operation, context.release);
  }
  const wanted = rowsRequest(request, context, entry, prepared);
  const planned = planRows(wanted);
  if (planned.traced !== undefined && context.operation.trace?.profile !== undefined)
    planned.traced.shaping = (tree) =>
      lateFindStages().shapedTree(tree, planned.plan, wanted, request, prepared);
  const rows = shapedRows(planned.rows, request, prepared, context);
  return new RowCursor(rows, context.operation, context.release, context.isGone);
}

export function rowsRequest(
  request: FindRequest,
  context: FindContext,
  entry: CatalogEntry,
  { filter, sort, natural, projection, minMax }: PreparedFind,
): RowsRequest {
  const metaNames = projection?.metaNames ?? [];
  const isPositional = projection?.needsMatchedIndex === true;
  return {
    entry,
    view: context.view,
    kv: context.kv,
    operation: context.operation,
    filter,
    collation: context.collation,
    sort: isOneId(filter, request, context) ? undefined : sort,
    skip: request.skip ?? 0,
    limit: request.limit ?? 0,
    hint: request.hint,
    natural,
    minMax,
    projection: request.projection,
    allowDiskUse: request.allowDiskUse ?? context.operation.settings.allowsDisk,
    requiredPaths: isPositional ? undefined : projection?.requiredPaths,
    returnsKeys: request.returnKey,
    needsEntries:
      request.returnKey === true || metaNames.includes('indexKey') || metaNames.includes('recordId'),
  };
}

/** Whether the filter says which `_id` and nothing else: one document needs no order, not even one its values refuse. */
function isOneId(
  filter: FilterNode,
  { skip = 0, hint }: FindRequest,
  { collation, entry }: FindContext,
): boolean {
  return (
    filter.kind === 'eq' &&
    filter.path === '_id' &&
    skip === 0 &&
    hint === undefined &&
    (collation === undefined || entry?.spec.collation !== undefined)
  );
}

const isGiven = (raw: RawDocument | undefined): raw is RawDocument => raw !== undefined && raw.length > 5;

function sortOf({ sort }: FindRequest): readonly SortField[] | undefined {
  return isGiven(sort) ? parseSort(sort) : undefined;
}

const finder = new FieldFinder();
const NATURAL = new FieldName('$natural');

/** {$natural: ±1} is the order of the records, not a field. @throws ElmoError BadValue */
function naturalSort({ sort, hint }: FindRequest): ScanDirection | undefined {
  if (!isGiven(sort) || !finder.find(sort, 0, NATURAL)) return undefined;
  const fields = fieldsOf(sort);
  const direction = fields.length === 1 ? naturalDirection(fields[0]!.value) : undefined;
  if (direction === undefined)
    throw new ElmoError('BadValue', '$natural sort cannot be set to a value other than -1 or 1.');
  if (hint === undefined || (hint.type === OBJECT && hint.document.length <= 5)) return direction;
  const hinted = naturalHint(hint);
  if (hinted === undefined)
    throw new ElmoError('BadValue', 'index hint not allowed with $natural sort order');
  if (hinted !== direction)
    throw new ElmoError('BadValue', '$natural hint must be in the same direction as $natural sort order');
  return direction;
}

function projectionOf(
  request: FindRequest,
  filter: FilterNode,
  { collation, scope }: FindContext,
): Projection | undefined {
  if (!isGiven(request.projection)) return undefined;
  return parseProjection(request.projection, { collation, scope, filter });
}

/** Rows as the request wants them. */
export function shapedRows(
  rows: RowSource,
  { returnKey, showRecordId }: FindRequest,
  { filter, sort, projection }: PreparedFind,
  context: Pick<FindContext, 'collation'>,
): RowSource {
  const wantsSortKey = sort !== undefined && projection?.metaNames.includes('sortKey') === true;
  const told = wantsSortKey ? new AddSortKeys(rows, new SortKeys(sort, context.collation)) : rows;
  if (returnKey === true) return new ReturnKeys(told);
  const projected = shaped(told, filter, projection, context);
  return showRecordId === true ? new ShowRecordIds(projected) : projected;
}

/** Rows as the projection shows them. */
export function shaped(
  rows: RowSource,
  filter: FilterNode,
  projection: Projection | undefined,
  { collation }: Pick<FindContext, 'collation'>,
): RowSource {
  if (projection === undefined) return rows;
  const matcher = projection.needsMatchedIndex
    ? compileFilter(filter, { collation, positional: true })
    : undefined;
  return new ProjectRows(rows, projection, matcher);
}

function openTailable(
  request: FindRequest,
  context: FindContext,
  filter: FilterNode,
  projection: Projection | undefined,
): ElmoCursor {
  const { entry, kv } = context;
  context.release();
  if (entry === undefined) return new RowCursor(new Nothing(), context.operation, () => undefined);
  if (!entry.spec.isCapped)
    throw new ElmoError(
      'BadValue',
      'error processing query: tailable cursor requested on non capped collection',
    );
  const { bounds } = entry.state;
  const keyOf = (recordId: number): Uint8Array => {
    const writer = new KeyWriter();
    appendRecordKey(writer, entry.spec.keyspace, recordId);
    return writer.toBytes();
  };
  const matcher =
    filter.kind === 'true' ? undefined : compileFilter(filter, { collation: context.collation });
  const open = (after: number): TailedRows => {
    const view = kv.snapshot();
    const operation = new Operation(context.clock, {});
    const scan = new CollectionScan(
      view,
      { low: after === 0 ? bounds.low : keyOf(after + 1), high: bounds.high },
      'forward',
      matcher,
      operation,
    );
    const noted = new NotedRows(scan, after);
    const cursor = new RowCursor(shaped(noted, filter, projection, context), operation, () => view.release());
    return {
      isAwaiting: false,
      nextBatch: (maxDocuments, maxBytes) => cursor.nextBatch(maxDocuments, maxBytes),
      close: () => cursor.close(),
      get lastRecordId() {
        return noted.lastRecordId;
      },
    };
  };
  return new TailableCursor(
    open,
    entry.state,
    context.clock,
    request.awaitData === true,
    context.isGone,
    (recordId) => kv.get(keyOf(recordId)) === undefined,
    entry.state.documentCount === 0,
  );
}

interface TailedRows extends ElmoCursor {
  readonly lastRecordId: number;
}

/** Remembers the record it gave last. */
class NotedRows implements RowSource {
  lastRecordId: number;

  constructor(
    private readonly source: RowSource,
    after: number,
  ) {
    this.lastRecordId = after;
  }

  get bytes(): Uint8Array {
    return this.source.bytes;
  }
  get at(): number {
    return this.source.at;
  }
  get recordId(): number {
    return this.source.recordId;
  }
  get metadata(): undefined {
    return undefined;
  }

  pull(): Pulled {
    const pulled = this.source.pull();
    if (pulled === ROW) this.lastRecordId = this.source.recordId;
    return pulled;
  }

  close(): void {
    this.source.close();
  }
}

/** Whether all documents are counted, which the collection knows. */
export function isWholeCount({ filter, hint }: CountRequest): boolean {
  return (filter === undefined || filter.length <= 5) && hint === undefined;
}

/** The count, if the collection knows it. */
export function wholeCount(request: CountRequest, { state }: CatalogEntry): number | undefined {
  if (!isWholeCount(request)) return undefined;
  const { skip = 0, limit = 0, trace } = request;
  trace?.add(new IdlePlan('RECORD_STORE_FAST_COUNT', state.documentCount));
  return cut(state.documentCount, skip, limit);
}

/** A count needs no fields, in no order. */
export function countRequest(request: RowsRequest): RowsRequest {
  return { ...request, sort: undefined, requiredPaths: [] };
}
