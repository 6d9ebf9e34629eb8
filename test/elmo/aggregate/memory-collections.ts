/** Collections that are lists of documents, for tests of pipelines without a store. */
import { MemoryKv } from '../../../lsm/index.js';
import { valueOf, plainJs, documentValue, Value } from '../../../elmo/bson/value.js';
import { ARRAY } from '../../../elmo/bson/types.js';
import type { Collections, LeadingQuery, ReadOptions } from '../../../elmo/aggregate/collections.js';
import { MatchStage } from '../../../elmo/aggregate/stages/match.js';
import { openPipeline } from '../../../elmo/aggregate/open-pipeline.js';
import { elementsOf } from '../../../elmo/aggregate/arguments.js';
import { ownPipelines, parseStages } from '../../../elmo/aggregate/parse-pipeline.js';
import { ListRows } from '../../../elmo/aggregate/rows.js';
import { LimitStage, SkipStage } from '../../../elmo/aggregate/stages/limit.js';
import { sortStage } from '../../../elmo/aggregate/stages/sort.js';
import type { Stage, StageContext } from '../../../elmo/aggregate/stage.js';
import type { CollectionSpec, Namespace } from '../../../elmo/catalog/collection-spec.js';
import type { CollationSpec } from '../../../elmo/collation/collation.js';
import { ElmoError } from '../../../elmo/errors.js';
import { Frame, type ParseScope } from '../../../elmo/expression/expression.js';
import { openScope } from '../../../elmo/expression/scope.js';
import { Operation } from '../../../elmo/operation/operation.js';
import { END, PAUSE, type RowSource } from '../../../elmo/operation/row-source.js';

export interface MemoryView {
  readonly viewOn: string;
  readonly pipeline: readonly object[];
}

/** By name: documents (objects, or raw) or a view. */
export type MemoryDatabase = Readonly<Record<string, readonly object[] | MemoryView>>;

const rawOf = (document: object): Uint8Array =>
  document instanceof Uint8Array ? document : valueOf(document).keep().bytes;

export class MemoryCollections implements Collections {
  readonly kv = new MemoryKv();
  readonly facts = {
    host: 'memory',
    openedMs: 0,
    figures: () => undefined,
    names: () => Object.keys(this.database),
    databases: () => ['test'],
    sessions: () => undefined,
    asker: undefined,
    operations: () => [],
  };

  constructor(private readonly database: MemoryDatabase) {}

  describe({ db, collection }: Namespace): CollectionSpec | undefined {
    const held = this.database[collection];
    if (held === undefined) return undefined;
    const isView = !Array.isArray(held);
    return {
      namespace: { db, collection },
      kind: isView ? 'view' : 'collection',
      uuid: new Uint8Array(16),
      keyspace: 1,
      options: rawOf({}),
      isCapped: false,
      cappedBytes: 0,
      cappedDocuments: 0,
      isClustered: false,
      clusteredName: undefined,
      expireAfterSeconds: undefined,
      collation: undefined,
      validator: undefined,
      validationLevel: 'strict',
      validationAction: 'error',
      viewOn: isView ? (held as MemoryView).viewOn : undefined,
      pipeline: isView ? valueOf((held as MemoryView).pipeline).keep().bytes : undefined,
      indexes: [],
    };
  }

  open(namespace: Namespace, query: LeadingQuery, scope: ParseScope, options: ReadOptions): RowSource {
    const context = contextOf(namespace, scope, this);
    const stages: Stage[] = [];
    if (query.filter !== undefined) stages.push(new MatchStage(documentValue(query.filter), context));
    if (query.sort !== undefined) stages.push(sortStage(documentValue(query.sort), context));
    if (query.skip > 0) stages.push(new SkipStage(query.skip));
    if (query.limit > 0) stages.push(new LimitStage(query.limit));
    const held = this.database[namespace.collection] ?? [];
    return stages.reduce<RowSource>(
      (rows, stage) =>
        stage.open(rows, {
          ...options,
          frame: new Frame(),
          metadata: query.metadata ?? new Set(),
          collections: this,
          kv: this.kv,
        }),
      new ListRows((held as readonly object[]).map(rawOf)),
    );
  }
}

export function contextOf(namespace: Namespace, scope: ParseScope, collections: Collections): StageContext {
  return { scope, namespace, kind: 'command', depth: 0, collections, ...ownPipelines };
}

export interface RunSettings {
  readonly collation?: CollationSpec;
  readonly let?: Readonly<Record<string, unknown>>;
  /** Milliseconds a row source may hold the event loop. */
  readonly sliceMs?: number;
  readonly maxStageBytes?: number;
  readonly allowDiskUse?: boolean;
}

let steps = 0;
const clock = {
  wallMs: () => 1_700_000_000_000,
  nowMs: () => ++steps,
  turn: () => Promise.resolve(),
};

/** The rows of a pipeline (an array of stages, or that as a value), as raw documents. @param on  '' for a database */
export function runRaw(
  pipeline: readonly object[] | Value,
  database: MemoryDatabase,
  on = 't',
  settings: RunSettings = {},
): Uint8Array[] {
  const collections = new MemoryCollections(database);
  const operation = new Operation(clock, { sliceMs: settings.sliceMs ?? 1e9 });
  const scope = openScope({
    nowMs: operation.startedMs,
    random: () => 0.5,
    collation: settings.collation,
    constants: new Map(Object.entries(settings.let ?? {}).map(([name, value]) => [name, valueOf(value)])),
  });
  const namespace = { db: 'test', collection: on };
  const array = pipeline instanceof Value ? pipeline : valueOf(pipeline);
  const parsed = parseStages(
    elementsOf(new Value(ARRAY, array.bytes, array.at)),
    contextOf(namespace, scope, collections),
  );
  const rows = openPipeline(parsed, {
    operation,
    allowDiskUse: settings.allowDiskUse ?? true,
    collections,
    kv: collections.kv,
    ...(settings.maxStageBytes === undefined ? {} : { maxStageBytes: settings.maxStageBytes }),
  });
  const found: Uint8Array[] = [];
  for (;;) {
    const pulled = rows.pull();
    if (pulled === END) break;
    if (pulled === PAUSE) {
      operation.pending = undefined;
      operation.beginSlice();
    } else found.push(documentValue(rows.bytes, rows.at).keep().bytes);
  }
  rows.close();
  return found;
}

/** The rows as a program sees them. */
export function run(
  pipeline: readonly object[],
  database: MemoryDatabase,
  on?: string,
  settings?: RunSettings,
): unknown[] {
  return runRaw(pipeline, database, on, settings).map((row) => plainJs(documentValue(row)));
}

/** The code of the error that a pipeline is refused with; 0: it runs. */
export function refusal(pipeline: readonly object[], database: MemoryDatabase, on?: string): number {
  try {
    run(pipeline, database, on);
  } catch (error) {
    if (error instanceof ElmoError) return error.code;
    throw error;
  }
  return 0;
}
