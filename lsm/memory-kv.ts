/**
 * The contract of `OrderedKv` over an immutable ordered map: stores in memory, and the model that the engine is tested
 * against. Simple rather than fast: every view holds a map, a snapshot is the map of a moment, a transaction is a map of
 * its own and the list of operations that made it.
 *
 * Conflicts are found by the sequence number of the last change of each key, kept while a transaction is open.
 */
import { NO_BYTES, copyOf, type Bytes } from './base/bytes.js';
import { mapAtLeast, mapGet, mapPut, type OrderedMap } from './base/ordered-map.js';
import { LsmError } from './errors.js';
import { checkKey } from './key/validate.js';
import {
  MemoryBatch,
  apply,
  deleteOf,
  deleteRangeOf,
  includes,
  isEmptyRange,
  overlap,
  putOf,
  readWhole,
  type Entries,
  type Operation,
} from './memory-batch.js';
import { MemoryLoad } from './memory-load.js';
import { MemoryTransaction, type CommitTarget } from './memory-transaction.js';
import { MemoryView, closed } from './memory-view.js';
import { resolveOptions } from './options.js';
import type {
  KeyRange,
  Load,
  LoadOptions,
  OrderedKv,
  Snapshot,
  Transaction,
  TransactionOptions,
  ValueSource,
  WorkMemory,
  WriteBatch,
  WriteOptions,
} from './ordered-kv.js';

/** What a store in memory held at a moment. Costs nothing to make, and what has changed since to keep. */
export interface MemoryMark {
  readonly entries: Entries;
}

export class MemoryKv extends MemoryView implements OrderedKv, CommitTarget {
  private current: Entries = undefined;
  private lastSeq = 0;
  isClosed = false;
  /** While a transaction is open: who changed each key last, and which ranges were deleted. */
  private changes: OrderedMap<number> = undefined;
  private rangeChanges: { readonly range: KeyRange; readonly seq: number }[] = [];
  private readonly transactions = new Set<MemoryTransaction>();

  /** @param blobBytes  values of that many bytes and more are said to be blobs */
  constructor(blobBytes: number = resolveOptions().blobBytes) {
    super(blobBytes);
  }

  get seq(): number {
    return this.lastSeq;
  }

  get isUpToDate(): boolean {
    return true;
  }

  async upToDate(): Promise<void> {
    this.entries();
  }

  snapshot(): Snapshot {
    return new MemorySnapshot(this, this.entries());
  }

  /** The state to come back to. */
  mark(): MemoryMark {
    return { entries: this.entries() };
  }

  /** Makes a marked state the newest one, in O(1). For open transactions every key has changed. */
  rewind({ entries }: MemoryMark): void {
    this.entries();
    this.current = entries;
    this.lastSeq++;
    if (this.transactions.size > 0) this.rangeChanges.push({ range: {}, seq: this.lastSeq });
  }

  begin(_options: TransactionOptions = {}): Transaction {
    const transaction = new MemoryTransaction(this, this.entries());
    this.transactions.add(transaction);
    return transaction;
  }

  workMemory(): WorkMemory {
    return { set: () => undefined };
  }

  load(options: LoadOptions = {}): Load {
    this.entries();
    return new MemoryLoad(this, options);
  }

  batch(): WriteBatch {
    return new MemoryBatch();
  }

  async put(key: Bytes, value: Bytes, _options?: WriteOptions): Promise<void> {
    this.entries();
    this.applyAll([putOf(key, value)]);
  }

  async delete(key: Bytes, _options?: WriteOptions): Promise<void> {
    this.entries();
    this.applyAll([deleteOf(key)]);
  }

  async deleteRange(range: KeyRange, _options?: WriteOptions): Promise<void> {
    this.entries();
    this.applyAll([deleteRangeOf(range)]);
  }

  async putStream(key: Bytes, source: ValueSource, _options?: WriteOptions): Promise<void> {
    this.entries();
    checkKey(key);
    const own = copyOf(key);
    const value = await readWhole(source);
    this.entries();
    this.applyAll([putOf(own, value)]);
  }

  async write(batch: WriteBatch, _options?: WriteOptions): Promise<void> {
    this.entries();
    if (!(batch instanceof MemoryBatch))
      throw new LsmError('the batch belongs to another store', 'BadOptions');
    this.applyAll(batch.operations);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const transaction of [...this.transactions]) transaction.rollback();
    this.current = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** See `CommitTarget`, as the next three. */
  applyAll(operations: readonly Operation[]): number {
    const real = operations.filter(({ range }) => range === undefined || !isEmptyRange(range));
    if (real.length === 0) return this.lastSeq;
    this.lastSeq++;
    for (const operation of real) {
      this.current = apply(this.current, operation);
      if (this.transactions.size === 0) continue;
      if (operation.range !== undefined)
        this.rangeChanges.push({ range: operation.range, seq: this.lastSeq });
      else this.changes = mapPut(this.changes, operation.key, this.lastSeq);
    }
    return this.lastSeq;
  }

  isKeyChanged(key: Bytes, seq: number): boolean {
    const last = mapGet(this.changes, key);
    if (last !== undefined && last.value > seq) return true;
    return this.rangeChanges.some((change) => change.seq > seq && includes(change.range, key));
  }

  isRangeChanged(range: KeyRange, seq: number): boolean {
    if (this.rangeChanges.some((change) => change.seq > seq && overlap(change.range, range))) return true;
    let change = mapAtLeast(this.changes, range.low ?? NO_BYTES);
    while (change !== undefined && includes(range, change.key)) {
      if (change.value > seq) return true;
      change = mapAtLeast(this.changes, change.key, true);
    }
    return false;
  }

  forget(transaction: MemoryTransaction): void {
    this.transactions.delete(transaction);
    if (this.transactions.size > 0) return;
    this.changes = undefined;
    this.rangeChanges = [];
  }

  protected entries(): Entries {
    if (this.isClosed) throw closed('store');
    return this.current;
  }

  protected isOver(): boolean {
    return this.isClosed;
  }
}

class MemorySnapshot extends MemoryView implements Snapshot {
  override readonly isFrozen = true;
  readonly seq: number;
  private isReleased = false;

  constructor(
    private readonly store: MemoryKv,
    private readonly frozen: Entries,
  ) {
    super(store.blobBytes);
    this.seq = store.seq;
  }

  release(): void {
    this.isReleased = true;
  }

  [Symbol.dispose](): void {
    this.release();
  }

  protected entries(): Entries {
    if (this.isReleased) throw closed('snapshot');
    if (this.store.isClosed) throw closed('store');
    return this.frozen;
  }

  protected isOver(): boolean {
    return this.store.isClosed;
  }
}
