/**
 * The memory of small transactions, used again by those that follow: their arrays cost more to make than to fill.
 */
import { Memtable } from '../memtable/memtable.js';
import { MAX_ARENA_BYTES } from '../options.js';
import { OpsBuffer } from './write-batch.js';

/** What is larger is let go. */
const KEPT_BYTES = 64 * 1024;
/** One is filled while one is flushed. */
const KEPT_LARGE = 2;
/** So many of a kind are kept: as many transactions as usually end together. */
const KEPT_COUNT = 16;

export class TransactionSpares {
  private readonly overlays: Memtable[] = [];
  private readonly batches: OpsBuffer[] = [];

  /** Overlays of a transaction that has flushed before. */
  private readonly large: Memtable[] = [];

  /**
   * @param transactionBytes  the option of that name
   * @param isShared  flushes run in another thread: overlays lie in shared memory, so that nothing is copied there
   */
  constructor(
    private readonly transactionBytes: number,
    private readonly isShared = false,
  ) {}

  /** An empty overlay with room for an operation of so many bytes. */
  takeOverlay(opsBytes: number): Memtable {
    const spare = this.overlays.pop();
    if (spare !== undefined && spare.hasRoom(opsBytes)) return spare;
    return this.newOverlay(opsBytes, undefined);
  }

  /** The same for a transaction that will fill it. */
  takeLargeOverlay(opsBytes: number): Memtable {
    const spare = this.large.pop();
    if (spare !== undefined && spare.hasRoom(opsBytes)) return spare;
    return this.newOverlay(opsBytes, this.capacityFor(opsBytes));
  }

  /** Takes back an overlay that was flushed and of which nothing is looked at any more. */
  giveLargeOverlay(overlay: Memtable): void {
    if (this.large.length >= KEPT_LARGE || overlay.memoryBytes > 4 * this.transactionBytes) return;
    overlay.recycle();
    this.large.push(overlay);
  }

  /** Bytes of the large ones that are kept. */
  get largeBytes(): number {
    return this.large.reduce((bytes, overlay) => bytes + overlay.memoryBytes, 0);
  }

  /** Lets go of the large ones: no transaction is open. */
  dropLarge(): void {
    this.large.length = 0;
  }

  private capacityFor(opsBytes: number): number {
    return Math.min(MAX_ARENA_BYTES, Math.max(2 * this.transactionBytes, 2 * opsBytes + 4096));
  }

  private newOverlay(opsBytes: number, firstBytes: number | undefined): Memtable {
    const capacityBytes = this.capacityFor(opsBytes);
    const room = firstBytes === undefined ? {} : { firstBytes };
    return new Memtable({ capacityBytes, shared: this.isShared, growable: true, baseSeq: 0, ...room });
  }

  /** Takes back an overlay of which nothing is looked at any more. */
  giveOverlay(overlay: Memtable): void {
    if (this.overlays.length >= KEPT_COUNT || overlay.memoryBytes > KEPT_BYTES) return;
    overlay.recycle();
    this.overlays.push(overlay);
  }

  /** An empty batch. */
  takeOps(): OpsBuffer {
    return this.batches.pop() ?? new OpsBuffer();
  }

  /** Takes back a batch that was written. */
  giveOps(ops: OpsBuffer): void {
    if (this.batches.length >= KEPT_COUNT || ops.bytes.length > KEPT_BYTES) return;
    ops.clear();
    this.batches.push(ops);
  }
}
