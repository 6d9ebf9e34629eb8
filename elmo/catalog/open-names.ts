/**
 * What is known by name, the names used last. A few are simply kept: the package of the LRU takes longer to load than a store
 * takes to open, and most stores never need it.
 */
import { LRUCache } from 'lru-cache';

/** So many are kept without an LRU. */
const FEW = 64;

export class OpenNames<T extends object | symbol> {
  private readonly few = new Map<string, T>();
  private lru: LRUCache<string, T> | undefined = undefined;

  /** @param most  names that are kept; 1 up */
  constructor(private readonly most: number) {}

  /** What was told of a name last; undefined: nothing, or it was not used for long. */
  get(name: string): T | undefined {
    return this.lru === undefined ? this.few.get(name) : this.lru.get(name);
  }

  set(name: string, value: T): void {
    const { few, most } = this;
    if (this.lru === undefined && most > FEW && (few.has(name) || few.size < FEW)) {
      few.set(name, value);
      return;
    }
    this.lru ??= this.lruOfFew();
    this.lru.set(name, value);
  }

  private lruOfFew(): LRUCache<string, T> {
    const lru = new LRUCache<string, T>({ max: this.most });
    for (const [name, value] of this.few) lru.set(name, value);
    this.few.clear();
    return lru;
  }

  clear(): void {
    this.few.clear();
    this.lru?.clear();
  }
}
