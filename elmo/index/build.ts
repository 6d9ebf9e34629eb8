/**
 * Building indexes over documents that are there already, in slices of time between which everything else goes on.
 *
 * From the moment the catalog knows an index, writes keep it up to date like any other; only readers do not trust it yet.
 * So the builder goes through the records once, and puts, in the very stretch in which it reads a record, the entries that
 * record has now. Entries it puts twice are the same; a record that changes later is somebody else's care. What is to be
 * unique shows as a duplicate to the builder or to the writer, whoever comes second; then the build fails.
 *
 * Over many documents the entries of a snapshot are loaded first (load.ts), and writes keep the indexes up to date only
 * after that; the builder then goes through the records that have changed meanwhile. If the snapshot has duplicates where
 * there must be none, it goes through all records, to tell which.
 *
 * A build that a crash has interrupted is found at the next open by its mark, and its index dropped: whoever asked for it
 * was never told that it is there.
 */
import type { Cursor, OrderedKv } from '../../lsm/index.js';
import { readText } from '../bson/read.js';
import { arrayPathBounds } from '../catalog/array-paths.js';
import type { Catalog } from '../catalog/catalog.js';
import type { ChangedRecords } from '../catalog/changed-records.js';
import type { CollectionSpec, IndexSpec } from '../catalog/collection-spec.js';
import type { CollectionState } from '../catalog/collection-state.js';
import { KEYSPACE_BUILDS } from '../catalog/keyspaces.js';
import { namespaceText, parseNamespace } from '../catalog/namespace.js';
import { ElmoError } from '../errors.js';
import { afterKeyspace, keyspaceBounds, RecordIdReader } from '../keys/key-layout.js';
import { readOrderedVarint } from '../keys/ordered-varint.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { Committer } from '../operation/committer.js';
import type { DirectUnit } from '../operation/direct-unit.js';
import type { Operation } from '../operation/operation.js';
import type { Namespace } from '../operation/requests.js';
import { MustWait, type WriteUnit } from '../operation/write-unit.js';
import { IndexLoad } from './load.js';
import type { OpenCollection, OpenCollections } from './open-collection.js';
import type { OpenIndex } from './open-index.js';

/** Bytes of entries that go into one batch. */
const BATCH_BYTES = 1 << 20;
const NO_BYTES: Uint8Array = new Uint8Array(0);

function markKey(keyspace: number): Uint8Array {
  const writer = new KeyWriter();
  writer.appendVarint(KEYSPACE_BUILDS);
  writer.appendVarint(keyspace);
  return writer.toBytes();
}

/** Leaves word of a build, in the unit that makes its index known. */
export function markBuild(unit: WriteUnit, namespace: Namespace, keyspace: number): void {
  unit.putEntry(markKey(keyspace), Buffer.from(namespaceText(namespace)));
}

/** How far a build is. */
export interface BuildProgress {
  documents: number;
  readonly documentCount: number;
}

export class IndexBuild {
  readonly progress: BuildProgress;
  private nextKey = NO_BYTES;
  /** After a load: the records to go through, and the least id that is left. */
  private changed: ChangedRecords | undefined;
  private nextId = 0;
  private readonly ids = new RecordIdReader();

  /** @param keyspaces  of the indexes, which the catalog knows as not ready */
  constructor(
    private readonly committer: Committer,
    private readonly collections: OpenCollections,
    private readonly namespace: Namespace,
    private readonly keyspaces: readonly number[],
    private readonly operation: Operation,
    /** What changes while the indexes are loaded; undefined: they are not. */
    private readonly whileLoading: ChangedRecords | undefined = undefined,
  ) {
    const documentCount = collections.catalog.get(namespace)?.state.documentCount ?? 0;
    this.progress = { documents: 0, documentCount };
  }

  /**
   * @param isDurable  whether to wait until the index survives a power cut
   * @throws ElmoError DuplicateKey, CannotIndexParallelArrays, MaxTimeMSExpired …; the indexes are then gone
   */
  async run(isDurable = false): Promise<void> {
    try {
      if (this.whileLoading !== undefined) await this.load(this.whileLoading);
      const step = this.changed === undefined ? this.step : this.catchUp;
      while (!(await this.committer.run(this.operation, (unit) => step.call(this, unit))))
        await this.operation.turn();
      await this.committer.run(this.operation, (unit) => this.finish(unit), isDurable);
    } catch (error) {
      await this.abandon();
      throw error;
    }
  }

  private collection(): { spec: CollectionSpec; indexes: readonly IndexSpec[] } {
    const spec = this.collections.catalog.get(this.namespace)?.spec;
    const indexes = spec?.indexes.filter(({ keyspace }) => this.keyspaces.includes(keyspace)) ?? [];
    if (spec === undefined || indexes.length < this.keyspaces.length)
      throw new ElmoError(
        'IndexBuildAborted',
        'Index build aborted: the collection or the index was dropped',
      );
    return { spec, indexes };
  }

  /** Afterwards writers keep the indexes up to date. */
  private async load(changed: ChangedRecords): Promise<void> {
    const { committer, operation, keyspaces, namespace } = this;
    let load: IndexLoad | undefined;
    try {
      await committer.run(operation, (unit) => {
        unit.checkUpToDate();
        this.collection();
        load = new IndexLoad(committer, this.collections.get(namespace)!, keyspaces, changed, operation);
      });
      const gather = (unit: DirectUnit): boolean => {
        this.collection();
        return load!.gather(unit, this.progress);
      };
      while (!(await committer.run(operation, gather))) {
        await load!.settle();
        await operation.turn();
      }
      this.collection();
      if (await load!.commit()) {
        while (!(await load!.clear())) await operation.turn();
        this.changed = changed;
        return;
      }
    } finally {
      load?.end();
    }
    await committer.run(operation, (unit) => this.startOver(unit));
  }

  /** The load has met duplicates: nothing of it is of use. */
  private startOver(unit: DirectUnit): void {
    this.collection();
    const { spec, state } = this.collections.get(this.namespace)!;
    unit.claimKeyspace(spec.keyspace);
    for (const keyspace of this.keyspaces) unit.deleteRange(keyspaceBounds(keyspace));
    unit.afterCommit(() => state.endLoad(this.keyspaces));
    this.progress.documents = 0;
  }

  /** Puts what changed records have now, for a slice of time. @returns whether all of them were seen */
  private catchUp(unit: DirectUnit): boolean {
    const { operation } = this;
    const { collection, indexes } = this.unfinished();
    const ids = this.changed!.all;
    unit.checkUpToDate();
    operation.beginSlice();
    let id = ids.next(this.nextId);
    for (; id >= 0 && unit.byteLength < BATCH_BYTES && !operation.shouldPause(); id = ids.next(id + 1)) {
      const key = collection.recordKey(id);
      unit.checkFree(key);
      const document = unit.get(key);
      if (document !== undefined) collection.addEntries(unit, indexes, id, document, 0);
    }
    this.throwFailure(collection.state);
    unit.afterCommit(() => (this.nextId = id));
    return id < 0;
  }

  private unfinished(): { collection: OpenCollection; indexes: readonly OpenIndex[] } {
    this.collection();
    const collection = this.collections.get(this.namespace)!;
    return {
      collection,
      indexes: collection.indexes.filter(({ spec }) => this.keyspaces.includes(spec.keyspace)),
    };
  }

  /** @throws ElmoError DuplicateKey, if the builder or a writer has met one */
  private throwFailure({ failedBuilds }: CollectionState): void {
    for (const keyspace of this.keyspaces) {
      const failure = failedBuilds.get(keyspace);
      if (failure !== undefined) throw failure;
    }
  }

  /** One slice. @returns whether all records were seen */
  private step(unit: DirectUnit): boolean {
    const { operation } = this;
    const { collection, indexes } = this.unfinished();
    const { bounds } = collection.state;
    const cursor = this.committer.kv.scan(
      this.nextKey.length === 0 ? bounds : { ...bounds, low: this.nextKey },
    );
    let seen = 0;
    let isAtEnd = false;
    let last = -1;
    const { claims } = this.committer;
    unit.checkUpToDate();
    operation.beginSlice();
    try {
      while (unit.byteLength < BATCH_BYTES && !operation.shouldPause()) {
        if (!cursor.next()) {
          isAtEnd = true;
          break;
        }
        const recordId = this.recordIdOf(cursor);
        if (!claims.isEmpty) unit.checkFree(collection.recordKey(recordId));
        last = recordId;
        const document = cursor.value();
        collection.addEntries(unit, indexes, recordId, document, 0);
        seen++;
      }
    } finally {
      cursor.close();
    }
    this.throwFailure(collection.state);
    unit.afterCommit(() => {
      this.progress.documents += seen;
      if (last >= 0) this.nextKey = collection.recordKey(last + 1);
    });
    return isAtEnd;
  }

  private recordIdOf({ keyBytes, keyLength }: Cursor): number {
    return this.ids.readAt(keyBytes, afterKeyspace(keyBytes), keyLength);
  }

  private finish(unit: DirectUnit): void {
    const { spec } = this.collection();
    this.throwFailure(this.collections.catalog.expect(this.namespace).state);
    for (const keyspace of this.keyspaces) unit.deleteEntry(markKey(keyspace));
    const indexes = spec.indexes.map((index) =>
      this.keyspaces.includes(index.keyspace) ? { ...index, isReady: true } : index,
    );
    this.collections.catalog.change(unit, { ...spec, indexes });
  }

  /** Even when the operation may not take longer. */
  private async abandon(): Promise<void> {
    const unit = this.committer.direct();
    for (;;) {
      try {
        removeIndexes(this.collections.catalog, unit, this.namespace, this.keyspaces);
        await unit.commit();
        return;
      } catch (error) {
        unit.rollback();
        if (!(error instanceof MustWait)) throw error;
        await error.ended;
      }
    }
  }
}

/** Forgets unfinished indexes of a collection that may be gone, with what was built of them. */
function removeIndexes(
  catalog: Catalog,
  unit: WriteUnit,
  namespace: Namespace,
  keyspaces: readonly number[],
): void {
  const entry = catalog.get(namespace);
  for (const keyspace of keyspaces) {
    unit.deleteEntry(markKey(keyspace));
    unit.deleteRange(keyspaceBounds(keyspace));
    unit.deleteRange(arrayPathBounds(keyspace));
    entry?.state.failedBuilds.delete(keyspace);
  }
  unit.afterCommit(() => entry?.state.endLoad(keyspaces));
  if (entry === undefined) return;
  const indexes = entry.spec.indexes.filter(({ keyspace }) => !keyspaces.includes(keyspace));
  if (indexes.length < entry.spec.indexes.length) catalog.replaceUnfinished(unit, { ...entry.spec, indexes });
}

/** At the open of a store: drops the indexes whose builds were interrupted. */
export async function dropUnfinishedIndexes(
  kv: OrderedKv,
  committer: Committer,
  catalog: Catalog,
): Promise<void> {
  const unit = committer.direct();
  const found: { readonly namespace: Namespace; readonly keyspace: number }[] = [];
  const cursor = kv.scan(keyspaceBounds(KEYSPACE_BUILDS));
  while (cursor.next()) {
    const value = cursor.value();
    const keyspace = readOrderedVarint(cursor.keyBytes, afterKeyspace(cursor.keyBytes));
    found.push({ namespace: parseNamespace(readText(value, 0, value.length)), keyspace });
  }
  cursor.close();
  for (const { namespace, keyspace } of found) {
    removeIndexes(catalog, unit, namespace, [keyspace]);
    await unit.commit();
  }
}
