/** A document store in memory, as far as catalog, indexes and units go. */
import { MemoryKv, type OrderedKv } from '../../lsm/index.js';
import { decodeDocument } from '../../elmo/bson/decode.js';
import { encodeDocument } from '../../elmo/bson/encode.js';
import { Catalog } from '../../elmo/catalog/catalog.js';
import { collectionForInsert, createCollection, type DefinitionContext } from '../../elmo/catalog/define.js';
import {
  createIndexes,
  type CreateIndexesResult,
  type IndexContext,
} from '../../elmo/index/create-indexes.js';
import { OpenCollections, type OpenCollection } from '../../elmo/index/open-collection.js';
import { verifyCollection } from '../../elmo/index/verify.js';
import { Committer } from '../../elmo/operation/committer.js';
import { Operation, type OperationClock } from '../../elmo/operation/operation.js';
import type { Namespace } from '../../elmo/operation/requests.js';
import type { TransactionUnit } from '../../elmo/operation/transaction-unit.js';
import type { WriteUnit } from '../../elmo/operation/write-unit.js';

export const CLOCK: OperationClock = {
  wallMs: () => 1_700_000_000_000,
  nowMs: () => performance.now(),
  turn: () => new Promise((resolve) => setImmediate(resolve)),
};

export const DEFINITIONS: DefinitionContext = {
  nowMs: 1_700_000_000_000,
  random: () => 0.5,
  collectionsOf: () => [],
};

export const NAMESPACE: Namespace = { db: 'shop', collection: 'orders' };

export class Documents {
  readonly catalog: Catalog;
  readonly committer: Committer;
  readonly collections: OpenCollections;
  private uuids = 0;

  /** @param leastLoaded  documents from which on indexes are loaded */
  constructor(
    readonly kv: OrderedKv = new MemoryKv(),
    private readonly leastLoaded?: number,
  ) {
    this.catalog = new Catalog(kv, {
      openCollections: 100,
      newUuid: () => new Uint8Array(16).fill(++this.uuids),
    });
    this.committer = new Committer(kv);
    this.collections = new OpenCollections(this.catalog, leastLoaded);
  }

  /** The same store, opened again. */
  reopened(): Documents {
    return new Documents(this.kv, this.leastLoaded);
  }

  context(transaction?: TransactionUnit, maxTimeMs?: number): IndexContext {
    const { committer, collections } = this;
    return {
      committer,
      collections,
      operation: new Operation(CLOCK, { maxTimeMs, sliceMs: 1 }),
      isDurable: false,
      transaction,
    };
  }

  run<T>(write: (unit: WriteUnit) => T, maxTimeMs?: number): Promise<T> {
    return this.committer.run(new Operation(CLOCK, { maxTimeMs }), write);
  }

  async create(options: object = {}, namespace = NAMESPACE): Promise<void> {
    await this.run((unit) =>
      createCollection(this.catalog, unit, namespace, encodeDocument(options), DEFINITIONS),
    );
  }

  index(definitions: readonly object[], namespace = NAMESPACE): Promise<CreateIndexesResult> {
    return createIndexes(namespace, definitions.map(encodeDocument), this.context());
  }

  collection(namespace = NAMESPACE, unit?: WriteUnit): OpenCollection {
    const collection = this.collections.get(namespace, unit);
    if (collection === undefined) throw new Error('there is no such collection');
    return collection;
  }

  /** @returns the record id */
  insertThrough(unit: WriteUnit, document: object, namespace = NAMESPACE): number {
    const entry = collectionForInsert(this.catalog, unit, namespace);
    return this.collections.of(entry).insert(unit, encodeDocument(document));
  }

  insert(document: object, namespace = NAMESPACE): Promise<number> {
    return this.run((unit) => this.insertThrough(unit, document, namespace));
  }

  async replace(recordId: number, document: object, touched?: readonly string[]): Promise<void> {
    await this.run((unit) => {
      const collection = this.collection(NAMESPACE, unit);
      const old = collection.read(this.kv, recordId)!;
      collection.replace(unit, recordId, old, 0, encodeDocument(document), touched);
    });
  }

  async remove(recordId: number): Promise<void> {
    await this.run((unit) => {
      const collection = this.collection(NAMESPACE, unit);
      collection.remove(unit, recordId, collection.read(this.kv, recordId)!, 0);
    });
  }

  /** The documents in natural order. */
  documents(namespace = NAMESPACE): object[] {
    const cursor = this.kv.scan(this.collection(namespace).state.bounds);
    const found: object[] = [];
    while (cursor.next()) found.push(decodeDocument(cursor.value()));
    cursor.close();
    return found;
  }

  problems(namespace = NAMESPACE): readonly string[] {
    return verifyCollection(this.kv, this.collection(namespace)).problems;
  }
}

/** The code of the error that is thrown, or 'ok'. */
export async function codeOf(run: () => unknown): Promise<number | string> {
  try {
    await run();
    return 'ok';
  } catch (error) {
    return (error as { code?: number }).code ?? String(error);
  }
}
