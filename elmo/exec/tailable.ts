/**
 * A cursor on a capped collection that stays open at its end and goes on when documents are added. With awaitData a batch
 * waits for some, up to a time.
 */
import type { CollectionState } from '../catalog/collection-state.js';
import { ElmoError } from '../errors.js';
import type { OperationClock } from '../operation/operation.js';
import { collectionGone, type BatchOptions, type ElmoCursor, type RawBatch } from './cursor.js';

/** How long an awaiting batch waits when the client does not say. */
const DEFAULT_AWAIT_MS = 1000;

/** Opens the documents behind a record. */
export type OpenAfter = (recordId: number) => ElmoCursor & { readonly lastRecordId: number };

export interface WaitingClock extends OperationClock {
  after(delayMs: number, run: () => void): () => void;
}

export class TailableCursor implements ElmoCursor {
  private inner: (ElmoCursor & { readonly lastRecordId: number }) | undefined;
  private lastRecordId = 0;
  private isClosed = false;
  private wakeUp: (() => void) | undefined;

  /**
   * @param isCollectionGone  whether the collection has been dropped or renamed
   * @param isGone  whether records behind which the cursor stands have been overwritten: its place is lost
   */
  constructor(
    private readonly open: OpenAfter,
    private readonly state: CollectionState,
    private readonly clock: WaitingClock,
    readonly isAwaiting: boolean,
    private readonly isCollectionGone: () => boolean,
    private readonly isGone: (recordId: number) => boolean,
    isEmpty: boolean,
  ) {
    // a tailable cursor on nothing has no place to stay at
    this.endsAtOnce = isEmpty;
  }

  private readonly endsAtOnce: boolean;

  async nextBatch(maxDocuments: number, maxBytes: number, options: BatchOptions = {}): Promise<RawBatch> {
    if (this.endsAtOnce) {
      this.close();
      return { documents: [], isLast: true };
    }
    const deadline = this.clock.nowMs() + (options.maxTimeMs ?? DEFAULT_AWAIT_MS);
    for (;;) {
      if (this.isClosed) throw new ElmoError('CursorKilled', 'the cursor was killed while it was read');
      if (this.isCollectionGone()) {
        this.close();
        throw collectionGone();
      }
      // what is added while the documents are read may be behind their snapshot: nobody wakes for it again
      let isAdded = false;
      const note = (): void => void (isAdded = true);
      this.state.waiters.add(note);
      let batch;
      try {
        batch = await this.readOn(maxDocuments, maxBytes);
      } finally {
        this.state.waiters.delete(note);
      }
      if (batch.documents.length > 0 || maxDocuments === 0) return batch;
      const leftMs = deadline - this.clock.nowMs();
      if (!this.isAwaiting || this.isFirst || leftMs <= 0) {
        this.isFirst = false;
        return batch;
      }
      if (!isAdded) await this.waitForMore(leftMs, options.signal);
      if (options.signal?.aborted === true) throw new ElmoError('Interrupted', 'operation was interrupted');
    }
  }

  /** The first batch does not wait. */
  private isFirst = true;

  private async readOn(maxDocuments: number, maxBytes: number): Promise<RawBatch> {
    if (this.inner === undefined) {
      if (this.lastRecordId > 0 && this.isGone(this.lastRecordId)) {
        this.close();
        throw new ElmoError('CappedPositionLost', 'the record the cursor stood at has been overwritten');
      }
      this.inner = this.open(this.lastRecordId);
    }
    const { inner } = this;
    const batch = await inner.nextBatch(maxDocuments, maxBytes);
    if (inner.lastRecordId > 0) this.lastRecordId = inner.lastRecordId;
    if (batch.isLast) this.inner = undefined;
    if (batch.documents.length > 0) this.isFirst = false;
    return { documents: batch.documents, isLast: false };
  }

  private waitForMore(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.state.waiters.delete(done);
        signal?.removeEventListener('abort', done);
        this.wakeUp = undefined;
        resolve();
      };
      const cancel = this.clock.after(ms, done);
      this.state.waiters.add(done);
      signal?.addEventListener('abort', done);
      this.wakeUp = done;
    });
  }

  close(): void {
    this.isClosed = true;
    this.inner?.close();
    this.wakeUp?.();
  }
}
