/** What pipelines see of the collections: rows through the planner, and what the catalog knows. */
import type { OrderedKv, ReadView } from '../../lsm/index.js';
import type {
  CollectionFigures,
  Collections,
  LeadingQuery,
  ReadOptions,
  StoreFacts,
} from '../aggregate/collections.js';
import type { Value } from '../bson/value.js';
import type { Catalog } from '../catalog/catalog.js';
import type { CollectionSpec, Namespace } from '../catalog/collection-spec.js';
import { indexesBeside } from '../catalog/listing.js';
import { canFindById, findByKey, isPointType, uniqueIndexOn } from '../exec/find-one.js';
import { Nothing } from '../exec/row-stages.js';
import { AddSortKeys } from '../exec/shape-rows.js';
import { SortKeys } from '../exec/sort-key.js';
import { parseSort } from '../exec/sort-pattern.js';
import type { ParseScope } from '../expression/expression.js';
import { keyspaceBounds } from '../keys/key-layout.js';
import type { ReadDocument, RowSource } from '../operation/row-source.js';
import type { WriteUnit } from '../operation/write-unit.js';
import { planRows } from '../exec/planned-rows.js';
import { normalizeFilter } from '../query/normalize.js';
import { parseRequestFilter } from './reading.js';

/** What an engine tells of itself, whoever asks. */
export type EngineFacts = Pick<StoreFacts, 'host' | 'openedMs' | 'operations' | 'sessions'>;

const NO_NAMES: ReadonlySet<string> = new Set();

export class EngineCollections implements Collections {
  /**
   * @param view  what all parts of the pipeline read
   * @param unit  the transaction whose own collections count
   * @param asker  who asks, if that is known
   */
  constructor(
    private readonly kv: OrderedKv,
    private readonly catalog: Catalog,
    private readonly view: ReadView,
    private readonly unit: WriteUnit | undefined,
    private readonly engineFacts: EngineFacts,
    private readonly asker: string | undefined,
  ) {}

  get facts(): StoreFacts {
    const { catalog, unit } = this;
    return {
      ...this.engineFacts,
      asker: this.asker,
      figures: (namespace) => this.figures(namespace),
      databases: () => catalog.databaseNames(),
      names: (db) => catalog.collectionNames(db, unit),
    };
  }

  private figures(namespace: Namespace): CollectionFigures | undefined {
    const entry = this.catalog.get(namespace, this.unit);
    if (entry === undefined || entry.spec.kind === 'view') return undefined;
    const { spec, state } = entry;
    const sizeOf = ({ keyspace }: { readonly keyspace: number }): number =>
      this.view.estimate(keyspaceBounds(keyspace)).bytes;
    const beside = indexesBeside(spec);
    const within = spec.indexes.filter((index) => !beside.includes(index));
    return {
      documents: state.documentCount,
      bytes: state.byteCount,
      storedBytes: [spec, ...within].reduce((sum, each) => sum + sizeOf(each), 0),
      indexBytes: new Map(beside.map((index) => [index.name, sizeOf(index)])),
      indexUses: state.indexUses,
      collectionScans: state.collectionScans,
    };
  }

  describe(namespace: Namespace): CollectionSpec | undefined {
    return this.catalog.get(namespace, this.unit)?.spec;
  }

  findUnique<T>(
    namespace: Namespace,
    path: string,
    value: Value,
    read: ReadDocument<T>,
  ): T | null | undefined {
    if (!isPointType(value.type)) return undefined;
    const entry = this.catalog.get(namespace, this.unit);
    if (entry === undefined) return undefined;
    const index = path === '_id' && canFindById(entry) ? entry.spec.indexes[0] : uniqueIndexOn(entry, path);
    return index === undefined ? undefined : (findByKey(entry, index, this.view, value, read) ?? null);
  }

  open(namespace: Namespace, query: LeadingQuery, scope: ParseScope, options: ReadOptions): RowSource {
    const entry = this.catalog.get(namespace, this.unit);
    const filter =
      query.parsedFilter === undefined
        ? parseRequestFilter(query.filter, scope.collation, scope)
        : normalizeFilter(query.parsedFilter, scope.collation);
    if (entry === undefined) return new Nothing();
    const { metadata = NO_NAMES } = query;
    const sort = query.parsedSort ?? (query.sort === undefined ? undefined : parseSort(query.sort));
    const { rows } = planRows({
      entry,
      view: this.view,
      kv: this.kv,
      operation: options.operation,
      filter,
      collation: scope.collation,
      sort,
      skip: query.skip,
      limit: query.limit,
      hint: query.hint,
      allowDiskUse: options.allowDiskUse,
      requiredPaths: query.needs,
      codedPaths: query.coded,
      needsEntries: metadata.has('recordId') || metadata.has('indexKey'),
    });
    return metadata.has('sortKey') ? new AddSortKeys(rows, new SortKeys(sort ?? [], scope.collation)) : rows;
  }
}
