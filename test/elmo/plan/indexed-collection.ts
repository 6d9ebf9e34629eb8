/** A collection with indexes in memory, asked in ways that have to agree: through each index, and by a scan. */
import { MemoryKv } from '../../../lsm/index.js';
import { documentValue, exactJs, stringValue, valueOf, type Value } from '../../../elmo/bson/value.js';
import type { CatalogEntry } from '../../../elmo/catalog/catalog.js';
import { createCollection } from '../../../elmo/catalog/define.js';
import { newIndexSpec } from '../../../elmo/catalog/record.js';
import { Engine } from '../../../elmo/engine/engine.js';
import type { FindRequest } from '../../../elmo/operation/requests.js';

let ticks = 0;
const clock = {
  wallMs: () => 1_700_000_000_000,
  nowMs: () => ++ticks / 1000,
  turn: () => new Promise<void>((resolve) => setImmediate(resolve)),
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(() => {
      ticks += ms * 1000;
      run();
    }, ms);
    return () => clearTimeout(timer);
  },
};
const random = { fill: (bytes: Uint8Array) => bytes.forEach((_, i) => (bytes[i] = (++ticks * 151) & 0xff)) };

export const raw = (document: object): Uint8Array => valueOf(document).keep().bytes;

export interface IndexDefinition {
  readonly name?: string;
  readonly key: object;
  readonly unique?: boolean;
  readonly sparse?: boolean;
  readonly hidden?: boolean;
  readonly partialFilterExpression?: object;
  readonly collation?: object;
}

export interface Query {
  readonly filter?: object;
  readonly sort?: object;
  readonly projection?: object;
  readonly skip?: number;
  readonly limit?: number;
  readonly hint?: string | object;
  readonly collation?: object;
  readonly min?: object;
  readonly max?: object;
  readonly returnKey?: boolean;
  readonly showRecordId?: boolean;
}

const DOCUMENTS = ['filter', 'sort', 'projection', 'collation', 'min', 'max'] as const;

export class IndexedCollection {
  readonly namespace = { db: 'test', collection: 't' };
  readonly engine: Engine;

  private constructor(readonly kv: MemoryKv) {
    this.engine = new Engine(kv, clock as never, random as never);
  }

  static async open(
    definitions: readonly IndexDefinition[],
    documents: readonly object[] = [],
    options: object = {},
  ): Promise<IndexedCollection> {
    const collection = new IndexedCollection(new MemoryKv());
    const { engine, namespace } = collection;
    const { catalog } = engine;
    const unit = engine.committer.direct();
    createCollection(catalog, unit, namespace, raw(options), {
      wallMs: clock.wallMs,
      random: engine.random,
    } as never);
    await unit.commit();
    const { spec } = collection.entry;
    const indexes = definitions.map((definition) => {
      const name = definition.name ?? nameOf(definition.key);
      return newIndexSpec(raw({ v: 2, ...definition, name }), catalog.takeKeyspace(), true);
    });
    const second = engine.committer.direct();
    catalog.change(second, { ...spec, indexes: [...spec.indexes, ...indexes] });
    await second.commit();
    await collection.insert(documents);
    return collection;
  }

  get entry(): CatalogEntry {
    return this.engine.catalog.get(this.namespace)!;
  }

  /** @returns how many were taken: the others break a rule of an index */
  async insert(documents: readonly object[]): Promise<number> {
    const { inserted } = await this.engine.insert({
      namespace: this.namespace,
      documents: documents.map(raw),
      isOrdered: false,
    });
    return inserted;
  }

  request(query: Query): FindRequest {
    const given = DOCUMENTS.filter((name) => query[name] !== undefined);
    return {
      namespace: this.namespace,
      ...Object.fromEntries(given.map((name) => [name, raw(query[name]!)])),
      ...(query.skip === undefined ? {} : { skip: query.skip }),
      ...(query.limit === undefined ? {} : { limit: query.limit }),
      ...(query.returnKey === undefined ? {} : { returnKey: query.returnKey }),
      ...(query.showRecordId === undefined ? {} : { showRecordId: query.showRecordId }),
      ...(query.hint === undefined ? {} : { hint: hintOf(query.hint) }),
    };
  }

  /** Documents as they are stored. */
  async findRaw(query: Query): Promise<Uint8Array[]> {
    const cursor = await this.engine.find(this.request(query));
    const found: Uint8Array[] = [];
    for (;;) {
      const { documents, isLast } = await cursor.nextBatch(100, 1 << 24);
      found.push(...documents);
      if (isLast) return found;
    }
  }

  async find(query: Query): Promise<unknown[]> {
    return (await this.findRaw(query)).map((document) => exactJs(documentValue(document)));
  }

  /** The code a query is refused with; 0: it is not. */
  async codeOf(query: Query): Promise<number> {
    return this.find(query).then(
      () => 0,
      (error: { code?: number }) => error.code ?? -1,
    );
  }
}

export function nameOf(key: object): string {
  return Object.entries(key)
    .map(([path, way]) => `${path}_${String(way)}`)
    .join('_');
}

function hintOf(hint: string | object): Value {
  return typeof hint === 'string' ? stringValue(hint) : documentValue(raw(hint));
}
