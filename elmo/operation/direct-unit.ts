/** A batch of one's own. Between its first `put` and its `commit` nothing else may run. */
import type { OrderedKv, ReadView, WriteBatch } from '../../lsm/index.js';
import type { KeyBounds } from '../keys/key-layout.js';
import type { Claims } from './claims.js';
import { OwnKeys } from './own-keys.js';
import { MustWait, type CountTarget, type WriteUnit } from './write-unit.js';

const MOST_POPPED = 8;

export class DirectUnit implements WriteUnit {
  readonly isTransaction = false;
  readonly snapshotSeq = Infinity;
  private readonly batch: WriteBatch;
  /** What was put or deleted of unique keys. */
  private readonly own = new OwnKeys();
  private readonly targets: CountTarget[] = [];
  private readonly documents: number[] = [];
  private readonly bytes: number[] = [];
  private onCommit: (() => void)[] = [];
  private onRollback: (() => void)[] = [];

  /** @param write  makes the batch visible, synchronously; resolves when it is as durable as asked */
  constructor(
    private readonly kv: OrderedKv,
    private readonly claims: Claims,
    private readonly write: (batch: WriteBatch, isDurable: boolean) => Promise<void>,
  ) {
    this.batch = kv.batch();
  }

  get view(): ReadView {
    return this.kv;
  }

  /** Bytes put so far: who writes much commits now and then. */
  get byteLength(): number {
    return this.batch.byteLength;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.checkUpToDate();
    const own = this.own.get(key);
    return own === undefined ? this.kv.get(key) : (own ?? undefined);
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.checkFree(key);
    this.batch.put(key, value);
  }

  delete(key: Uint8Array): void {
    this.checkFree(key);
    this.batch.delete(key);
  }

  putRecord(key: Uint8Array, keyLength: number, document: Uint8Array): void {
    this.checkPartFree(key, 0, keyLength);
    this.batch.putPart(key, 0, keyLength, document, 0, document.length);
  }

  putUnique(bytes: Uint8Array, start: number, valueStart: number, end: number): void {
    this.checkPartFree(bytes, start, valueStart);
    this.batch.putPart(bytes, start, valueStart, bytes, valueStart, end);
    this.own.put(bytes, start, valueStart, end);
  }

  deleteUnique(bytes: Uint8Array, start: number, end: number): void {
    this.checkPartFree(bytes, start, end);
    this.batch.deletePart(bytes, start, end);
    this.own.delete(bytes, start, end);
  }

  putEntry(key: Uint8Array, value: Uint8Array): void {
    this.batch.put(key, value);
  }

  deleteEntry(key: Uint8Array): void {
    this.batch.delete(key);
  }

  putEntryPart(bytes: Uint8Array, start: number, valueStart: number, end: number): void {
    this.batch.putPart(bytes, start, valueStart, bytes, valueStart, end);
  }

  deleteEntryPart(bytes: Uint8Array, start: number, end: number): void {
    this.batch.deletePart(bytes, start, end);
  }

  deleteRange(bounds: KeyBounds): void {
    this.batch.deleteRange(bounds);
  }

  useKeyspace(_keyspace: number): void {
    // a unit of one stretch is over before anybody can change the catalog
  }

  claimKeyspace(keyspace: number): void {
    this.checkUpToDate();
    const user = this.claims.otherUser(keyspace);
    if (user !== undefined) throw new MustWait(user.ended);
  }

  count(target: CountTarget, documents: number, bytes: number): void {
    const { targets } = this;
    let i = targets.length - 1;
    while (i >= 0 && targets[i] !== target) i--;
    if (i >= 0) {
      this.documents[i]! += documents;
      this.bytes[i]! += bytes;
    } else {
      targets.push(target);
      this.documents.push(documents);
      this.bytes.push(bytes);
    }
  }

  afterCommit(run: () => void): void {
    this.onCommit.push(run);
  }

  afterRollback(run: () => void): void {
    this.onRollback.push(run);
  }

  /**
   * Makes it visible, in this very stretch. The unit can then be used again.
   * @returns resolves when as durable as asked
   */
  commit(isDurable = false): Promise<void> {
    const { batch, kv } = this;
    let written: Promise<void> | undefined;
    if (batch.count > 0) {
      const { seq } = kv;
      try {
        written = this.write(batch, isDurable);
      } catch (error) {
        this.rollback();
        throw error;
      }
      batch.clear();
      if (kv.seq === seq) return this.commitLater(written);
    }
    const { onCommit } = this;
    this.addCounts(this.targets, this.documents, this.bytes);
    this.clear();
    for (const run of onCommit) run();
    return written ?? Promise.resolve();
  }

  /** The store has not taken the write yet, or refuses it. The unit is free meanwhile. */
  private async commitLater(written: Promise<void>): Promise<void> {
    const { onCommit, onRollback } = this;
    const [targets, documents, bytes] = [[...this.targets], [...this.documents], [...this.bytes]];
    this.clear();
    try {
      await written;
    } catch (error) {
      for (let i = onRollback.length - 1; i >= 0; i--) onRollback[i]!();
      throw error;
    }
    this.addCounts(targets, documents, bytes);
    for (const run of onCommit) run();
  }

  private addCounts(
    targets: readonly CountTarget[],
    documents: readonly number[],
    bytes: readonly number[],
  ): void {
    for (let i = 0; i < targets.length; i++) targets[i]!.add(documents[i]!, bytes[i]!);
  }

  /** Forgets what was put. */
  rollback(): void {
    const { onRollback } = this;
    this.batch.clear();
    this.clear();
    for (let i = onRollback.length - 1; i >= 0; i--) onRollback[i]!();
  }

  /** @throws MustWait while the store holds writes back: what is read does not show them, so nothing may be decided by it */
  checkUpToDate(): void {
    if (!this.kv.isUpToDate) throw new MustWait(this.kv.upToDate());
  }

  /** @throws MustWait if an open transaction has written the key, or while the store holds writes back */
  checkFree(key: Uint8Array): void {
    this.checkUpToDate();
    if (this.claims.isEmpty) return;
    const owner = this.claims.ownerOf(key);
    if (owner !== undefined) throw new MustWait(owner.ended);
  }

  private checkPartFree(bytes: Uint8Array, start: number, end: number): void {
    this.checkUpToDate();
    if (!this.claims.isEmpty) this.checkFree(bytes.subarray(start, end));
  }

  private clear(): void {
    this.own.clear();
    empty(this.targets);
    empty(this.documents);
    empty(this.bytes);
    if (this.onCommit.length > 0) this.onCommit = [];
    if (this.onRollback.length > 0) this.onRollback = [];
  }
}

/** To truncate an array gives its memory back, which the next write would have to ask for again. */
function empty(list: unknown[]): void {
  if (list.length > MOST_POPPED) list.length = 0;
  while (list.length > 0) list.pop();
}
