/** A transaction of `MemoryKv`: a map of its own, and the operations that made it, to be repeated at the commit. */
import { copyOf, type Bytes } from './base/bytes.js';
import { LsmError } from './errors.js';
import { checkKey, checkRange } from './key/validate.js';
import {
  apply,
  deleteOf,
  deleteRangeOf,
  putOf,
  readWhole,
  type Entries,
  type Operation,
} from './memory-batch.js';
import type { MemoryCursor } from './memory-cursor.js';
import { MemoryView, closed } from './memory-view.js';
import type { Direction, KeyRange, Transaction, ValueSource, WriteOptions } from './ordered-kv.js';

/** The store, as its transactions see it. */
export interface CommitTarget {
  readonly seq: number;
  readonly blobBytes: number;
  readonly isClosed: boolean;
  /** Makes the operations the last commit. @returns its sequence number */
  applyAll(operations: readonly Operation[]): number;
  /** Whether a commit after `seq` changed the key. */
  isKeyChanged(key: Bytes, seq: number): boolean;
  /** Whether a commit after `seq` changed anything in the range. */
  isRangeChanged(range: KeyRange, seq: number): boolean;
  /** The transaction is over. */
  forget(transaction: MemoryTransaction): void;
}

export class MemoryTransaction extends MemoryView implements Transaction {
  readonly seq: number;
  isOpen = true;
  private own: Entries;
  private readonly operations: Operation[] = [];
  private readonly readKeys: Bytes[] = [];
  private readonly readRanges: KeyRange[] = [];
  /** Each mark with what there was at it. */
  private marks: { readonly mark: number; readonly own: Entries; readonly operationCount: number }[] = [];
  private lastMark = 0;
  /** Open cursors, with the last mark set before each. */
  private readonly cursors = new Map<MemoryCursor, number>();

  constructor(
    private readonly store: CommitTarget,
    snapshot: Entries,
  ) {
    super(store.blobBytes);
    this.own = snapshot;
    this.seq = store.seq;
  }

  put(key: Bytes, value: Bytes): void {
    this.entries();
    this.note(putOf(key, value));
  }

  delete(key: Bytes): void {
    this.entries();
    this.note(deleteOf(key));
  }

  deleteRange(range: KeyRange): void {
    this.entries();
    this.note(deleteRangeOf(range));
  }

  async putStream(key: Bytes, source: ValueSource): Promise<void> {
    this.entries();
    checkKey(key);
    const ownKey = copyOf(key);
    const value = await readWhole(source);
    this.put(ownKey, value);
  }

  declareRead(key: Bytes): void {
    this.entries();
    checkKey(key);
    this.readKeys.push(copyOf(key));
  }

  declareReadRange(range: KeyRange): void {
    this.entries();
    checkRange(range);
    const { low, high } = range;
    this.readRanges.push({ low: low && copyOf(low), high: high && copyOf(high) });
  }

  hasConflict(key: Bytes): boolean {
    this.entries();
    checkKey(key);
    return this.store.isKeyChanged(key, this.seq);
  }

  savepoint(): number {
    this.entries();
    const mark = ++this.lastMark;
    this.marks.push({ mark, own: this.own, operationCount: this.operations.length });
    return mark;
  }

  rollbackTo(savepoint: number): void {
    const { own, operationCount } = this.marks[this.markIndex(savepoint)]!;
    this.own = own;
    this.operations.length = operationCount;
    this.marks.length = this.markIndex(savepoint) + 1;
    for (const [cursor, mark] of this.cursors) if (mark >= savepoint) cursor.close();
  }

  releaseSavepoint(savepoint: number): void {
    this.marks.length = this.markIndex(savepoint);
  }

  async rest(): Promise<void> {
    this.entries();
  }

  async settle(): Promise<void> {
    this.entries();
  }

  async commit(_options?: WriteOptions): Promise<number> {
    this.entries();
    const isConflicting = this.findConflict();
    this.end();
    if (isConflicting) {
      throw new LsmError(
        'another transaction committed a change to what this one wrote or declared as read',
        'WriteConflict',
      );
    }
    return this.store.applyAll(this.operations);
  }

  rollback(): void {
    if (this.isOpen) this.end();
  }

  [Symbol.dispose](): void {
    this.rollback();
  }

  protected entries(): Entries {
    if (!this.isOpen) throw closed('transaction');
    if (this.store.isClosed) throw closed('store');
    return this.own;
  }

  protected isOver(): boolean {
    return !this.isOpen || this.store.isClosed;
  }

  protected override openCursor(range: KeyRange, direction: Direction): MemoryCursor {
    const cursor = super.openCursor(range, direction, (ended) => this.cursors.delete(ended));
    this.cursors.set(cursor, this.lastMark);
    return cursor;
  }

  private note(operation: Operation): void {
    this.own = apply(this.own, operation);
    this.operations.push(operation);
  }

  private markIndex(savepoint: number): number {
    this.entries();
    const index = this.marks.findIndex(({ mark }) => mark === savepoint);
    if (index < 0) throw new LsmError(`there is no savepoint ${savepoint} in this transaction`, 'NotFound');
    return index;
  }

  private findConflict(): boolean {
    const { store, seq } = this;
    for (const operation of this.operations) {
      if (
        operation.range === undefined
          ? store.isKeyChanged(operation.key, seq)
          : store.isRangeChanged(operation.range, seq)
      ) {
        return true;
      }
    }
    return (
      this.readKeys.some((key) => store.isKeyChanged(key, seq)) ||
      this.readRanges.some((range) => store.isRangeChanged(range, seq))
    );
  }

  private end(): void {
    this.isOpen = false;
    for (const cursor of this.cursors.keys()) cursor.close();
    this.marks = [];
    this.store.forget(this);
  }
}
