/**
 * The open transaction of a session. A key that somebody else has written since it began, or writes in a transaction that
 * is still open, is refused when it is written, not only at the commit.
 */
import { LsmError, type ReadView, type Transaction } from '../../lsm/index.js';
import type { KeyBounds } from '../keys/key-layout.js';
import type { ClaimOwner, Claims } from './claims.js';
import { writeConflict, type CountTarget, type WriteUnit } from './write-unit.js';

/** A point in a transaction to which a statement that fails returns. */
export interface UnitMark {
  readonly savepoint: number;
  readonly claims: number;
  readonly counts: number;
  readonly commits: number;
  readonly rollbacks: number;
}

interface Count {
  readonly target: CountTarget;
  readonly documents: number;
  readonly bytes: number;
}

const CONFLICTS: ReadonlySet<string> = new Set(['WriteConflict', 'TransactionTooOld']);

export class TransactionUnit implements WriteUnit, ClaimOwner {
  readonly isTransaction = true;
  readonly ended: Promise<void>;
  private end: () => void = () => undefined;
  private isEnded = false;
  private readonly claimed: string[] = [];
  private readonly keyspaces = new Set<number>();
  private readonly counts: Count[] = [];
  private readonly onCommit: (() => void)[] = [];
  private readonly onRollback: (() => void)[] = [];

  /** @param write  commits the transaction; resolves when it is as durable as asked */
  constructor(
    private readonly transaction: Transaction,
    private readonly claims: Claims,
    private readonly write: (transaction: Transaction, isDurable: boolean) => Promise<void>,
  ) {
    this.ended = new Promise((resolve) => (this.end = resolve));
  }

  get view(): ReadView {
    return this.transaction;
  }

  get snapshotSeq(): number {
    return this.transaction.seq;
  }

  /** Whether it has written anything. */
  get hasWrites(): boolean {
    return this.claimed.length > 0;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.transaction.get(key);
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.claim(key);
    this.transaction.put(key, value);
  }

  delete(key: Uint8Array): void {
    this.claim(key);
    this.transaction.delete(key);
  }

  putRecord(key: Uint8Array, keyLength: number, document: Uint8Array): void {
    this.put(key.subarray(0, keyLength), document);
  }

  putUnique(bytes: Uint8Array, start: number, valueStart: number, end: number): void {
    this.put(bytes.subarray(start, valueStart), bytes.subarray(valueStart, end));
  }

  deleteUnique(bytes: Uint8Array, start: number, end: number): void {
    this.delete(bytes.subarray(start, end));
  }

  putEntry(key: Uint8Array, value: Uint8Array): void {
    this.transaction.put(key, value);
  }

  deleteEntry(key: Uint8Array): void {
    this.transaction.delete(key);
  }

  putEntryPart(bytes: Uint8Array, start: number, valueStart: number, end: number): void {
    this.transaction.put(bytes.subarray(start, valueStart), bytes.subarray(valueStart, end));
  }

  deleteEntryPart(bytes: Uint8Array, start: number, end: number): void {
    this.transaction.delete(bytes.subarray(start, end));
  }

  deleteRange(bounds: KeyBounds): void {
    this.transaction.deleteRange(bounds);
  }

  useKeyspace(keyspace: number): void {
    if (this.keyspaces.has(keyspace)) return;
    this.keyspaces.add(keyspace);
    this.claims.use(keyspace, this);
  }

  claimKeyspace(keyspace: number): void {
    if (this.claims.otherUser(keyspace, this) !== undefined) throw writeConflict();
    this.useKeyspace(keyspace);
  }

  count(target: CountTarget, documents: number, bytes: number): void {
    this.counts.push({ target, documents, bytes });
  }

  afterCommit(run: () => void): void {
    this.onCommit.push(run);
  }

  afterRollback(run: () => void): void {
    this.onRollback.push(run);
  }

  /** Sets a mark; give it back by `rollbackTo` or `release`. */
  mark(): UnitMark {
    return {
      savepoint: this.transaction.savepoint(),
      claims: this.claimed.length,
      counts: this.counts.length,
      commits: this.onCommit.length,
      rollbacks: this.onRollback.length,
    };
  }

  /** Undoes what was done since the mark, and forgets the mark. */
  rollbackTo(mark: UnitMark): void {
    this.transaction.rollbackTo(mark.savepoint);
    this.transaction.releaseSavepoint(mark.savepoint);
    this.claims.release(this.claimed.splice(mark.claims));
    this.counts.length = mark.counts;
    this.onCommit.length = mark.commits;
    for (const run of this.onRollback.splice(mark.rollbacks).reverse()) run();
  }

  release(mark: UnitMark): void {
    this.transaction.releaseSavepoint(mark.savepoint);
  }

  /** Makes room when it has written much: awaited between statements. */
  settle(): Promise<void> {
    return this.transaction.settle();
  }

  /** @throws ElmoError WriteConflict; it is then rolled back */
  async commit(isDurable = false): Promise<void> {
    try {
      await this.write(this.transaction, isDurable);
    } catch (error) {
      this.rollback();
      throw error instanceof LsmError && CONFLICTS.has(error.code) ? writeConflict(error) : error;
    }
    for (const { target, documents, bytes } of this.counts) target.add(documents, bytes);
    for (const run of this.onCommit) run();
    this.finish();
  }

  /** Forgets what was written. Safe to call twice. */
  rollback(): void {
    if (this.isEnded) return;
    this.transaction.rollback();
    for (const run of this.onRollback.splice(0).reverse()) run();
    this.finish();
  }

  private finish(): void {
    this.isEnded = true;
    this.claims.release(this.claimed);
    this.claims.leave(this.keyspaces, this);
    this.end();
  }

  private claim(key: Uint8Array): void {
    const owner = this.claims.ownerOf(key);
    if (owner === this) return;
    if (owner !== undefined || this.transaction.hasConflict(key)) throw writeConflict();
    this.claimed.push(this.claims.claim(key, this));
  }
}
