/**
 * What is known of a collection while it is open and changes with each write: the next record id, how many documents
 * there are and of how many bytes. Shared by all specs the collection has in its life.
 *
 * Counts are exact: they change with the commits. At a clean close they are stored; before the first write after the next
 * open what was stored is removed, so that after a crash they are counted anew instead of being wrong.
 */
import type { OrderedKv, ReadView } from '../../lsm/index.js';
import type { ElmoError } from '../errors.js';
import { CollectionColumns } from '../columns/collection-columns.js';
import type { ColumnMemory } from '../columns/column-memory.js';
import { RecordIdReader, keyspaceBounds, afterKeyspace, type KeyBounds } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { CountTarget, WriteUnit } from '../operation/write-unit.js';
import { ArrayPaths } from './array-paths.js';
import type { IndexSpec } from './collection-spec.js';
import type { ChangedRecords } from './changed-records.js';
import { HighestKey } from './highest-key.js';
import { KEYSPACE_COUNTS } from './keyspaces.js';

const COUNT_BYTES = 16;

function countsKey(keyspace: number): Uint8Array {
  const writer = new KeyWriter();
  writer.appendVarint(KEYSPACE_COUNTS);
  writer.appendVarint(keyspace);
  return writer.toBytes();
}

/** A filter of the planner for queries of one shape. */
export interface PlanFilter {
  readonly shape: string;
  /** As `planCacheListFilters` shows it. */
  readonly shown: Uint8Array;
  /** Whether plans may use the index. */
  allows(index: IndexSpec): boolean;
}

export class CollectionState implements CountTarget {
  /** Wakes those that wait for new documents of a capped collection. */
  readonly waiters = new Set<() => void>();
  isDropped = false;
  /** How often plans have used each index, by its name; and how often they have read the whole collection. */
  readonly indexUses = new Map<string, number>();
  collectionScans = 0;
  /** Keys that writes have put into indexes and taken out, since it was opened. */
  keysInserted = 0;
  keysDeleted = 0;
  planFilters: readonly PlanFilter[] = [];
  /** No record of a capped collection has a smaller id. */
  oldestId = 0;
  /** Sequence number of the last commit that changed the collection's definition or indexes, as far as it was seen. */
  changedSeq = 0;
  /** Counts the definitions the collection has had. */
  version = 0;
  /** Indexes under construction that have met duplicates, by their keyspaces. */
  readonly failedBuilds = new Map<number, ElmoError>();
  /** Indexes that are loaded at present, by their keyspaces: writers note what they change instead of keeping them up to date. */
  private readonly loading = new Map<number, ChangedRecords>();
  /** Of unique indexes, by their keyspaces. */
  private readonly highestKeys = new Map<number, HighestKey>();
  /** Of wildcard indexes, by their keyspaces. */
  private readonly arrays = new Map<number, ArrayPaths>();
  readonly bounds: KeyBounds;
  readonly columns: CollectionColumns;
  private readonly countsKey: Uint8Array;
  private nextId = -1;
  private documents = 0;
  private bytes = 0;
  private isCounted = false;
  /** Whether the stored counts are still there, and right. */
  private isStored = false;

  constructor(
    private readonly kv: OrderedKv,
    readonly keyspace: number,
    isNew: boolean,
    columnMemory: ColumnMemory,
  ) {
    this.columns = new CollectionColumns(kv, columnMemory);
    this.bounds = keyspaceBounds(keyspace);
    this.countsKey = countsKey(keyspace);
    if (isNew) {
      this.nextId = 1;
      this.isCounted = true;
      return;
    }
    const stored = kv.get(this.countsKey);
    if (stored?.length !== COUNT_BYTES) return;
    const view = new DataView(stored.buffer, stored.byteOffset, COUNT_BYTES);
    this.documents = view.getFloat64(0);
    this.bytes = view.getFloat64(8);
    this.isStored = this.isCounted = true;
  }

  /** That of a unique index. */
  highestKey(keyspace: number): HighestKey {
    let highest = this.highestKeys.get(keyspace);
    if (highest === undefined)
      this.highestKeys.set(keyspace, (highest = new HighestKey(keyspaceBounds(keyspace))));
    return highest;
  }

  /** Those of a wildcard index. */
  arrayPaths(keyspace: number): ArrayPaths {
    let paths = this.arrays.get(keyspace);
    if (paths === undefined) this.arrays.set(keyspace, (paths = new ArrayPaths(this.kv, keyspace)));
    return paths;
  }

  /** A fresh record id, above all others. */
  takeRecordId(): number {
    const id = this.highestId + 1;
    this.nextId = id + 1;
    return id;
  }

  /** No record has a larger id. */
  get highestId(): number {
    if (this.nextId < 0) this.nextId = this.lastRecordId(this.kv) + 1;
    return this.nextId - 1;
  }

  private lastRecordId(view: ReadView): number {
    const cursor = view.scan(this.bounds, 'backward');
    try {
      if (!cursor.next()) return 0;
      return new RecordIdReader().readAt(cursor.keyBytes, afterKeyspace(cursor.keyBytes), cursor.keyLength);
    } finally {
      cursor.close();
    }
  }

  get documentCount(): number {
    this.count();
    return this.documents;
  }

  get byteCount(): number {
    this.count();
    return this.bytes;
  }

  /** How many documents there are, at most if they were never counted. */
  get documentEstimate(): number {
    return this.isCounted ? this.documents : this.highestId;
  }

  /** Counts by going through the records, without reading them. */
  private count(): void {
    if (this.isCounted) return;
    this.documents = this.bytes = 0;
    const cursor = this.kv.scan(this.bounds);
    while (cursor.next()) {
      this.documents++;
      this.bytes += cursor.valueLength;
    }
    cursor.close();
    this.isCounted = true;
  }

  /** Before a write: what was stored at the last close is about to become wrong, and goes first. */
  beforeWrite(): void {
    if (!this.isStored) return;
    this.isStored = false;
    this.kv.delete(this.countsKey).catch(() => undefined); // the write that follows meets the same error
  }

  beginLoad(keyspaces: readonly number[], changed: ChangedRecords): void {
    for (const keyspace of keyspaces) this.loading.set(keyspace, changed);
  }

  endLoad(keyspaces: readonly number[]): void {
    for (const keyspace of keyspaces) this.loading.delete(keyspace);
  }

  isLoading(keyspace: number): boolean {
    return this.loading.has(keyspace);
  }

  /** A write changes a record. */
  noteChange(unit: WriteUnit, recordId: number): void {
    this.columns.noteWrite(unit, recordId);
    if (this.loading.size > 0) for (const changed of this.loading.values()) changed.note(recordId);
  }

  /** After a commit. Once counted, counts follow; before, they are not needed. */
  add(documents: number, bytes: number): void {
    if (this.isCounted) {
      this.documents += documents;
      this.bytes += bytes;
    }
    if (documents > 0 && this.waiters.size > 0) this.wake();
  }

  noteIndexUse(name: string): void {
    this.indexUses.set(name, (this.indexUses.get(name) ?? 0) + 1);
  }

  /** The key of what was stored, to be deleted with the collection; undefined if there is none. */
  dropCounts(): Uint8Array | undefined {
    return this.isStored ? this.countsKey : undefined;
  }

  /** What to store at a clean close; undefined if it is stored, or was never counted. */
  storedForm(): { key: Uint8Array; value: Uint8Array } | undefined {
    if (this.isStored || !this.isCounted || this.isDropped) return undefined;
    const value = new Uint8Array(COUNT_BYTES);
    const view = new DataView(value.buffer);
    view.setFloat64(0, this.documents);
    view.setFloat64(8, this.bytes);
    return { key: this.countsKey, value };
  }

  /** What `storedForm` gave is in the store now. */
  noteStored(): void {
    this.isStored = true;
  }

  /** The collection is gone. */
  end(): void {
    this.isDropped = true;
    this.version++;
    this.columns.clear();
    this.wake();
  }

  wake(): void {
    for (const wake of [...this.waiters]) wake();
  }
}
