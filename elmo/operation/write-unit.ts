/**
 * What a write statement writes through. It reads the newest state and its own changes; everything it puts becomes visible
 * at once, or not at all. Two kinds: a batch of its own, committed in the synchronous stretch that made it, and the open
 * transaction of a client's session.
 */
import type { OrderedKv, ReadView, Transaction, WriteBatch } from '../../lsm/index.js';
import { ElmoError } from '../errors.js';

export interface WriteUnit {
  /** What plans read: for a transaction its snapshot and its own writes, else the newest state. */
  readonly view: ReadView;
  readonly isTransaction: boolean;
  /** The newest value, own writes included. A copy. */
  get(key: Uint8Array): Uint8Array | undefined;
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  deleteRange(low: Uint8Array, high: Uint8Array): void;
  /** Runs when all of it has become visible; not if it is given up. */
  afterCommit(run: () => void): void;
  /** Runs if it is given up. */
  afterRollback(run: () => void): void;
}

export const TRANSIENT = 'TransientTransactionError';

export function writeConflict(): ElmoError {
  return new ElmoError(
    'WriteConflict',
    'Caused by :: Write conflict during plan execution and yielding is disabled. :: Please retry your operation or multi-document transaction.',
    { errorLabels: [TRANSIENT] },
  );
}

function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}

/** A batch of one's own. Between its first `put` and its `commit` nothing else may run. */
export class DirectUnit implements WriteUnit {
  readonly isTransaction = false;
  private readonly batch: WriteBatch;
  /** What was put or deleted of the keys that are asked for again; null: deleted. */
  private readonly own = new Map<string, Uint8Array | null>();
  private onCommit: (() => void)[] = [];
  private onRollback: (() => void)[] = [];

  constructor(private readonly kv: OrderedKv) {
    this.batch = kv.batch();
  }

  get view(): ReadView {
    return this.kv;
  }

  get isEmpty(): boolean {
    return this.batch.count === 0;
  }

  get byteLength(): number {
    return this.batch.byteLength;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    if (this.own.size > 0) {
      const own = this.own.get(keyText(key));
      if (own !== undefined) return own ?? undefined;
    }
    return this.kv.get(key);
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.batch.put(key, value);
  }

  /** A put that `get` has to see before the commit. */
  remember(key: Uint8Array, value: Uint8Array | null): void {
    this.own.set(keyText(key), value);
  }

  delete(key: Uint8Array): void {
    this.batch.delete(key);
  }

  deleteRange(low: Uint8Array, high: Uint8Array): void {
    this.batch.deleteRange({ low, high });
  }

  afterCommit(run: () => void): void {
    this.onCommit.push(run);
  }

  afterRollback(run: () => void): void {
    this.onRollback.push(run);
  }

  /**
   * Makes it visible, in this very stretch.
   * @returns resolves when as durable as asked
   */
  commit(isDurable = false): Promise<void> {
    const { batch, onCommit } = this;
    let written: Promise<void> | undefined;
    if (batch.count > 0) {
      written = this.kv.write(batch, isDurable ? { sync: true } : undefined);
      batch.clear();
    }
    this.clear();
    for (const run of onCommit) run();
    return written ?? Promise.resolve();
  }

  /** Forgets what was put. */
  rollback(): void {
    const { onRollback } = this;
    this.batch.clear();
    this.clear();
    for (const run of onRollback) run();
  }

  private clear(): void {
    if (this.own.size > 0) this.own.clear();
    if (this.onCommit.length > 0) this.onCommit = [];
    if (this.onRollback.length > 0) this.onRollback = [];
  }
}

/** The open transaction of a session. */
export class TransactionUnit implements WriteUnit {
  readonly isTransaction = true;
  private onCommit: (() => void)[] = [];
  private onRollback: (() => void)[] = [];

  constructor(readonly transaction: Transaction) {}

  get view(): ReadView {
    return this.transaction;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.transaction.get(key);
  }

  /** @throws ElmoError WriteConflict if somebody committed a change of the key since the transaction began */
  put(key: Uint8Array, value: Uint8Array): void {
    if (this.transaction.hasConflict(key)) throw writeConflict();
    this.transaction.put(key, value);
  }

  delete(key: Uint8Array): void {
    if (this.transaction.hasConflict(key)) throw writeConflict();
    this.transaction.delete(key);
  }

  deleteRange(low: Uint8Array, high: Uint8Array): void {
    this.transaction.deleteRange({ low, high });
  }

  afterCommit(run: () => void): void {
    this.onCommit.push(run);
  }

  afterRollback(run: () => void): void {
    this.onRollback.push(run);
  }

  /** A mark to which a statement that fails returns. */
  mark(): { savepoint: number; commits: number; rollbacks: number } {
    return {
      savepoint: this.transaction.savepoint(),
      commits: this.onCommit.length,
      rollbacks: this.onRollback.length,
    };
  }

  /** Undoes what was done since the mark. */
  rollbackTo(mark: { savepoint: number; commits: number; rollbacks: number }): void {
    this.transaction.rollbackTo(mark.savepoint);
    this.transaction.releaseSavepoint(mark.savepoint);
    this.onCommit.length = mark.commits;
    for (const run of this.onRollback.splice(mark.rollbacks)) run();
  }

  release(mark: { savepoint: number }): void {
    this.transaction.releaseSavepoint(mark.savepoint);
  }

  committed(): void {
    for (const run of this.onCommit.splice(0)) run();
  }

  rolledBack(): void {
    for (const run of this.onRollback.splice(0)) run();
  }
}
