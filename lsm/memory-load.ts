/** A load of `MemoryKv`: the puts in their order, applied at once at the commit. */
import { mapGet, mapPut, type OrderedMap } from './base/ordered-map.js';
import { checkKey } from './key/validate.js';
import { copyOf, type Bytes } from './base/bytes.js';
import { putOf, type Operation } from './memory-batch.js';
import type { CommitTarget } from './memory-transaction.js';
import { closed } from './memory-view.js';
import type { Load, LoadOptions } from './ordered-kv.js';

export class MemoryLoad implements Load {
  private readonly operations: Operation[] = [];
  private seen: OrderedMap<true> = undefined;
  private hasEqualKeys = false;
  private isOpen = true;

  constructor(
    private readonly store: Pick<CommitTarget, 'applyAll' | 'isClosed'>,
    private readonly options: LoadOptions,
  ) {}

  put(key: Bytes, keyLength: number, value: Bytes, valueLength: number): void {
    this.checkOpen();
    const own = copyOf(key, 0, keyLength);
    checkKey(own);
    if (this.options.isDistinct === true) {
      this.hasEqualKeys ||= mapGet(this.seen, own) !== undefined;
      this.seen = mapPut(this.seen, own, true);
    }
    this.operations.push(putOf(own, copyOf(value, 0, valueLength)));
  }

  async settle(): Promise<void> {
    this.checkOpen();
  }

  async commit(): Promise<boolean> {
    this.checkOpen();
    this.isOpen = false;
    if (this.hasEqualKeys) return false;
    this.store.applyAll(this.operations);
    return true;
  }

  rollback(): void {
    this.isOpen = false;
  }

  private checkOpen(): void {
    if (this.store.isClosed) throw closed('store');
    if (!this.isOpen) throw closed('load');
  }
}
