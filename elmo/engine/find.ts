/** Opens a find: from the request to a cursor. */
import type { Clock, OrderedKv, ReadView } from '../../lsm/index.js';
import type { CatalogEntry } from '../catalog/catalog.js';
import type { CollationSpec } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import { RowCursor, type ElmoCursor } from '../exec/cursor.js';
import { Nothing, ProjectRows } from '../exec/row-stages.js';
import { CollectionScan } from '../exec/collection-scan.js';
import { parseSort, type SortField } from '../exec/sort-key.js';
import { TailableCursor } from '../exec/tailable.js';
import type { ParseScope } from '../expression/expression.js';
import { appendRecordKey } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import { Operation } from '../operation/operation.js';
import type { FindRequest } from '../operation/requests.js';
import { ROW, type Pulled, type RowSource } from '../operation/row-source.js';
import { parseProjection } from '../projection/find.js';
import type { Projection } from '../projection/projection.js';
import { compileFilter } from '../query/compile.js';
import type { FilterNode } from '../query/filter.js';
import { planRows, type RowsRequest } from '../exec/planned-rows.js';
import { parseRequestFilter } from './reading.js';

export interface FindContext {
  readonly kv: OrderedKv;
  readonly clock: Clock;
  readonly view: ReadView;
  readonly release: () => void;
  readonly operation: Operation;
  readonly entry: CatalogEntry | undefined;
  readonly collation: CollationSpec | undefined;
  readonly scope: ParseScope;
}

/** @throws ElmoError */
export function openFind(request: FindRequest, context: FindContext): ElmoCursor {
  const filter = parseRequestFilter(request.filter, context.collation, context.scope);
  const sort = sortOf(request);
  const projection = projectionOf(request, context);
  const { entry } = context;
  if (request.isTailable === true) return openTailable(request, context, filter, projection);
  if (entry === undefined) return new RowCursor(new Nothing(), context.operation, context.release);
  const rows = planRows(rowsRequest(request, context, entry, filter, sort)).rows;
  return new RowCursor(shaped(rows, filter, projection, context), context.operation, context.release);
}

export function rowsRequest(
  request: FindRequest,
  context: FindContext,
  entry: CatalogEntry,
  filter: FilterNode,
  sort: readonly SortField[] | undefined,
): RowsRequest {
  const isNatural = request.sort !== undefined && sort === undefined;
  return {
    entry,
    view: context.view,
    kv: context.kv,
    operation: context.operation,
    filter,
    collation: context.collation,
    sort,
    skip: request.skip ?? 0,
    limit: request.limit ?? 0,
    hint: isNatural ? undefined : request.hint,
    natural: isNatural ? naturalOf(request.sort) : undefined,
    allowDiskUse: request.allowDiskUse ?? true,
  };
}

/** {$natural: ±1} is the order of the records, not a field. */
function sortOf({ sort }: FindRequest): readonly SortField[] | undefined {
  if (sort === undefined || sort.length <= 5) return undefined;
  const fields = parseSort(sort);
  if (!fields.some(({ path }) => path === '$natural')) return fields;
  if (fields.length > 1)
    throw new ElmoError('BadValue', '$natural sort cannot be set to a value other than -1 or 1.');
  return undefined;
}

function naturalOf(sort: Uint8Array | undefined): 'forward' | 'backward' {
  return sort !== undefined && parseSort(sort)[0]?.direction === -1 ? 'backward' : 'forward';
}

function projectionOf(request: FindRequest, context: FindContext): Projection | undefined {
  if (request.projection === undefined || request.projection.length <= 5) return undefined;
  return parseProjection(request.projection, { collation: context.collation, scope: context.scope });
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
