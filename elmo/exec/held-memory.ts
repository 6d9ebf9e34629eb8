/**
 * What a stage holds of rows, told to the store when it is much: the store's cache then makes do with less, so that both
 * together take little more than the cache alone.
 */
import type { OrderedKv, WorkMemory } from '../../lsm/index.js';

/** Up to so many bytes the store is not told: what is read again and again would leave the cache for little. */
const LEAST_BYTES = 16 << 20;
/** It is told of changes of so many bytes. */
const STEP_BYTES = 2 << 20;

export class HeldMemory {
  private told = 0;
  private memory: WorkMemory | undefined;

  constructor(private readonly kv: OrderedKv) {}

  /** @param bytes  held now. What was read from the store before may have expired afterwards */
  set(bytes: number): void {
    const change = bytes - this.told;
    if (change < STEP_BYTES && change > -STEP_BYTES) return;
    if (bytes < LEAST_BYTES) this.clear();
    else this.tell(bytes);
  }

  /** Nothing is held any more. */
  clear(): void {
    if (this.told > 0) this.tell(0);
  }

  private tell(bytes: number): void {
    this.memory ??= this.kv.workMemory();
    this.memory.set(bytes);
    this.told = bytes;
  }
}
