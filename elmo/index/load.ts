/**
 * The first part of building indexes over many documents: the entries of a snapshot, sorted and written as tables by a
 * load of the store.
 *
 * While it goes on, writers leave the indexes alone and note which records they change. When the tables are there, the
 * entries that those records had in the snapshot are taken out again; in the stretch in which none is left the writers
 * begin to keep the indexes up to date. What the noted records have now is the builder's to put in.
 */
import { EntrySpan, SPAN_ENTRIES, type Cursor, type Load, type Snapshot } from '../../lsm/index.js';
import type { ChangedRecords } from '../catalog/changed-records.js';
import { afterKeyspace, RecordIdReader } from '../keys/key-layout.js';
import type { Committer } from '../operation/committer.js';
import type { DirectUnit } from '../operation/direct-unit.js';
import type { Operation } from '../operation/operation.js';
import { CodedLoad } from './coded-load.js';
import type { OpenCollection } from './open-collection.js';
import type { OpenIndex } from './open-index.js';

/** Deletions that go into one batch. */
const BATCH_BYTES = 1 << 20;

export class IndexLoad {
  private readonly snapshot: Snapshot;
  private readonly cursor: Cursor;
  private readonly indexes: readonly OpenIndex[];
  private readonly loads: readonly Load[];
  private readonly ids = new RecordIdReader();
  /** Records that were read; number `next` comes next. */
  private readonly span = new EntrySpan();
  private next = 0;
  /** Tells what the records have, so that they need not be read. */
  private readonly coded: CodedLoad | undefined;
  private isCleared = false;

  /**
   * @param keyspaces   of the indexes; writers note in `changed` what they change
   * @param collection  as the catalog has it; the store is up to date
   */
  constructor(
    private readonly committer: Committer,
    private readonly collection: OpenCollection,
    private readonly keyspaces: readonly number[],
    private readonly changed: ChangedRecords,
    private readonly operation: Operation,
  ) {
    this.indexes = collection.indexes.filter(({ spec }) => keyspaces.includes(spec.keyspace));
    this.snapshot = committer.kv.snapshot();
    this.cursor = this.snapshot.scan(collection.state.bounds);
    this.loads = this.indexes.map(({ spec }) =>
      committer.kv.load({ label: `index ${spec.name}`, isDistinct: spec.isUnique }),
    );
    const { seq } = this.snapshot;
    this.coded = this.indexes.length === 1 ? CodedLoad.of(collection, this.indexes[0]!, seq) : undefined;
  }

  /**
   * Gathers entries for a slice of time.
   * @returns whether all records were seen
   * @throws ElmoError CannotIndexParallelArrays …
   */
  gather(unit: DirectUnit, progress: { documents: number }): boolean {
    const { collection, indexes, loads, operation, coded } = this;
    operation.beginSlice();
    const isAtEnd =
      coded === undefined ? this.gatherRead(progress) : coded.gather(loads[0]!, operation, progress);
    collection.noteArrays(unit, indexes);
    return isAtEnd;
  }

  private gatherRead(progress: { documents: number }): boolean {
    const { cursor, indexes, loads, ids, operation, span } = this;
    while (!operation.shouldPause()) {
      if (this.next === span.count) {
        this.next = 0;
        if (cursor.read(span, SPAN_ENTRIES) === 0) return true;
      } else if (!cursor.isFresh(span)) cursor.refresh(span);
      const n = this.next++;
      const recordId = ids.readAt(span.keys, afterKeyspace(span.keys, span.keyAt[n]!), span.keyEnds[n]!);
      for (let i = 0; i < indexes.length; i++)
        indexes[i]!.collectInto(span.bytes, span.valueAt[n]!, recordId, loads[i]!);
      progress.documents++;
    }
    return false;
  }

  /** Resolves when there is room for more entries. */
  async settle(): Promise<void> {
    for (const load of this.loads) await load.settle();
  }

  /** Brings the entries into the store. @returns false if there are duplicates where there must be none */
  async commit(): Promise<boolean> {
    this.cursor.close();
    for (const load of this.loads) if (!(await load.commit())) return false;
    return true;
  }

  /** Takes out entries of changed records, for a slice of time. @returns whether writers keep the indexes up to date now */
  async clear(): Promise<boolean> {
    await this.committer.run(this.operation, (unit) => this.clearSome(unit));
    return this.isCleared;
  }

  /** Safe to call twice. */
  end(): void {
    for (const load of this.loads) load.rollback();
    this.cursor.close();
    this.snapshot.release();
  }

  private clearSome(unit: DirectUnit): void {
    const { collection, indexes, operation } = this;
    const { stale } = this.changed;
    const cleared: number[] = [];
    unit.checkUpToDate();
    operation.beginSlice();
    let id = stale.next(0);
    for (; id >= 0 && unit.byteLength < BATCH_BYTES && !operation.shouldPause(); id = stale.next(id + 1)) {
      const old = collection.read(this.snapshot, id);
      if (old !== undefined)
        for (const index of indexes) {
          index.collect(old, 0, id, index.before);
          const { before } = index;
          for (let i = 0; i < before.count; i++)
            unit.deleteEntryPart(before.bytes, before.keyStart(i), before.valueStart(i));
        }
      cleared.push(id);
    }
    if (id < 0) unit.claimKeyspace(collection.spec.keyspace);
    unit.afterCommit(() => {
      for (const each of cleared) stale.delete(each);
      this.isCleared = stale.next(0) < 0 && endLoad(this.committer, collection, this.keyspaces);
    });
  }
}

/**
 * Makes the writers keep indexes up to date from now on.
 * @returns false if an open transaction uses the collection, which may have changed records without doing so
 */
export function endLoad(
  { claims }: Committer,
  { spec, state }: OpenCollection,
  keyspaces: readonly number[],
): boolean {
  if (claims.otherUser(spec.keyspace) !== undefined) return false;
  state.endLoad(keyspaces);
  return true;
}
