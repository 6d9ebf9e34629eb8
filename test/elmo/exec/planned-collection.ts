/** A collection in memory with indexes as a test defines them, asked through the planner. */
import { MemoryKv, type OrderedKv } from '../../../lsm/index.js';
import { Catalog, type CatalogEntry } from '../../../elmo/catalog/catalog.js';
import type { CollectionSpec } from '../../../elmo/catalog/collection-spec.js';
import { newIndexSpec, specOf } from '../../../elmo/catalog/record.js';
import { documentValue, plainJs, valueOf } from '../../../elmo/bson/value.js';
import { parseCollation } from '../../../elmo/collation/parse.js';
import type { CollationSpec } from '../../../elmo/collation/collation.js';
import { documentLength } from '../../../elmo/bson/walk.js';
import { OpenCollections } from '../../../elmo/index/open-collection.js';
import { Committer } from '../../../elmo/operation/committer.js';
import { openScope } from '../../../elmo/expression/scope.js';
import { Operation, type OperationClock } from '../../../elmo/operation/operation.js';
import { END, PAUSE, ROW } from '../../../elmo/operation/row-source.js';
import { parseSort } from '../../../elmo/exec/sort-pattern.js';
import { choose, runPlan, type RowsRequest, type RunningPlan } from '../../../elmo/exec/planned-rows.js';
import type { QueryPlan } from '../../../elmo/plan/query-plan.js';
import { normalizeFilter } from '../../../elmo/query/normalize.js';
import { parseFilter } from '../../../elmo/query/parse.js';

export const raw = (document: object): Uint8Array => valueOf(document).keep().bytes;

export interface IndexDefinition {
  readonly key: object;
  readonly name?: string;
  readonly unique?: boolean;
  readonly sparse?: boolean;
  readonly hidden?: boolean;
  readonly partialFilterExpression?: object;
  readonly collation?: object;
}

export interface Query {
  readonly filter?: object;
  readonly sort?: object | undefined;
  readonly skip?: number;
  readonly limit?: number;
  readonly hint?: string | object;
  readonly collation?: object | undefined;
  readonly requiredPaths?: readonly string[];
}

let ticks = 0;
export const clock: OperationClock = {
  wallMs: () => 0,
  nowMs: () => ++ticks / 1e4,
  turn: () => Promise.resolve(),
};

export class PlannedCollection {
  readonly catalog: Catalog;

  readonly namespace = { db: 'test', collection: 't' };
  private readonly committer: Committer;
  private readonly collections: OpenCollections;

  constructor(
    indexes: readonly IndexDefinition[],
    options: object = {},
    readonly kv: OrderedKv = new MemoryKv(),
  ) {
    this.catalog = new Catalog(kv, { openCollections: 10, newUuid: () => new Uint8Array(16) });
    this.committer = new Committer(kv);
    this.collections = new OpenCollections(this.catalog);
    const unit = this.committer.direct();
    const id = raw({ v: 2, key: { _id: 1 }, name: '_id_' });
    const definitions = indexes.map((index) =>
      raw({ v: 2, name: Object.entries(index.key).flat().join('_'), ...index }),
    );
    this.catalog.add(
      unit,
      specOf(this.namespace, {
        kind: 'collection',
        uuid: new Uint8Array(16),
        keyspace: this.catalog.takeKeyspace(),
        options: raw(options),
        indexes: [id, ...definitions].map((each) => newIndexSpec(each, this.catalog.takeKeyspace(), true)),
      }),
    );
    void unit.commit();
  }

  get entry(): CatalogEntry {
    return this.catalog.expect(this.namespace);
  }
  get spec(): CollectionSpec {
    return this.entry.spec;
  }

  insert(documents: readonly object[]): void {
    for (const document of documents) {
      const unit = this.committer.direct();
      this.collections.of(this.entry).insert(unit, raw(document));
      void unit.commit();
    }
  }

  request(query: Query, operation = new Operation(clock)): RowsRequest {
    const collation: CollationSpec | undefined =
      query.collation === undefined ? undefined : parseCollation(raw(query.collation));
    return {
      entry: this.entry,
      view: this.kv,
      kv: this.kv,
      operation,
      filter: normalizeFilter(
        parseFilter(raw(query.filter ?? {}), {
          collation,
          scope: openScope({ collation, nowMs: 0, random: () => 0 }),
        }),
        collation,
      ),
      collation,
      sort: query.sort === undefined ? undefined : parseSort(raw(query.sort)),
      skip: query.skip ?? 0,
      limit: query.limit ?? 0,
      hint: query.hint === undefined ? undefined : valueOf(query.hint),
      allowDiskUse: true,
      requiredPaths: query.requiredPaths,
    };
  }

  /** The best plan, and all others. */
  plans(query: Query): QueryPlan[] {
    const { best, others } = choose(this.request(query));
    return [best, ...others];
  }

  plan(query: Query): QueryPlan {
    return this.plans(query)[0]!;
  }

  run(query: Query, plan = this.plan(query)): { documents: Record<string, unknown>[]; running: RunningPlan } {
    const running = runPlan(plan, this.request(query));
    return {
      documents: pullAll(running).map((bytes) => plainJs(documentValue(bytes)) as Record<string, unknown>),
      running,
    };
  }

  find(query: Query): Record<string, unknown>[] {
    return this.run(query).documents;
  }
}

/** Copies of all rows. */
export function pullAll({ rows }: Pick<RunningPlan, 'rows'>): Uint8Array[] {
  const documents: Uint8Array[] = [];
  for (;;) {
    const pulled = rows.pull();
    if (pulled === END) break;
    if (pulled === PAUSE) continue;
    if (pulled === ROW)
      documents.push(rows.bytes.slice(rows.at, rows.at + documentLength(rows.bytes, rows.at)));
  }
  rows.close();
  return documents;
}
