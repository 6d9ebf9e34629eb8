/**
 * Memory that one piece of work on much of the store takes at a time: rows that a sort holds, overlays of a transaction.
 * It counts against the budget of the cache, so that both together take no more than the cache alone.
 */
import type { WorkMemory } from '../ordered-kv.js';
import type { BlockCache } from './block-cache.js';

export class LentMemory implements WorkMemory {
  private bytes = 0;

  constructor(private readonly cache: BlockCache) {}

  get isTaken(): boolean {
    return this.bytes > 0;
  }

  set(bytes: number): void {
    const more = bytes - this.bytes;
    if (more === 0) return;
    this.bytes = bytes;
    this.cache.lend(more);
  }
}
