/**
 * The memory of small transactions, used again by those that follow: their arrays cost more to make than to fill.
 */
import { Memtable } from '../memtable/memtable.js';
import { MAX_ARENA_BYTES } from '../options.js';
import { OpsBuffer } from './write-batch.js';

/** What is larger is let go. */
const KEPT_BYTES = 64 * 1024;
/** So many of a kind are kept: as many transactions as usually end together. */
const KEPT_COUNT = 16;

export class TransactionSpares {
  private readonly overlays: Memtable[] = [];
  private readonly batches: OpsBuffer[] = [];

  /** @param transactionBytes  the option of that name */
  constructor(private readonly transactionBytes: number) {}

  /** An empty overlay with room for an operation of so many bytes. */
  takeOverlay(opsBytes: number): Memtable {
    const spare = this.overlays.pop();
    if (spare !== undefined && spare.hasRoom(opsBytes)) return spare;
    const capacity = Math.max(2 * this.transactionBytes, 2 * opsBytes + 4096);
    return new Memtable({
      capacityBytes: Math.min(MAX_ARENA_BYTES, capacity),
      shared: false,
      growable: true,
      baseSeq: 0,
    });
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
