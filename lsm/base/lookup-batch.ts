/**
 * Keys to be looked up together. One lookup after the other waits for memory several times, for each time it must know
 * where to look next; those of a batch take each of these steps together, so that the waits overlap.
 */
import { NO_BYTES, compareRanges, type Bytes } from './bytes.js';

/** So many keys at most. */
export const BATCH_KEYS = 64;
const FIRST_KEY_BYTES = 1024;

/** Filled with keys by whoever asks, with places of values by `ReadView.lookupMany`. */
export class LookupBatch {
  count = 0;
  /** Key i is `keys[keyAt[i], keyEnds[i])`. */
  keys: Bytes = new Uint8Array(FIRST_KEY_BYTES);
  readonly keyAt = new Int32Array(BATCH_KEYS);
  readonly keyEnds = new Int32Array(BATCH_KEYS);
  /** The value of key i begins at `bytes[i][valueAt[i]]`; -1: to be looked up by itself, whether it is there or not. */
  readonly bytes: Bytes[] = new Array<Bytes>(BATCH_KEYS).fill(NO_BYTES);
  readonly valueAt = new Int32Array(BATCH_KEYS);
  /** How long the value is. */
  readonly lengths = new Int32Array(BATCH_KEYS);
  /** Where the values lie, and how often something had left it as they were found. */
  source: { readonly expiries: number } | undefined = undefined;
  expiries = 0;
  /** For the store, as it looks: the table and block in which the key is sought, and the block's frame in the cache. */
  readonly tables = new Float64Array(BATCH_KEYS);
  readonly blocks = new Int32Array(BATCH_KEYS);
  readonly frames = new Int32Array(BATCH_KEYS);
  /** Bytes of the key that all keys of the block share. */
  readonly known = new Int32Array(BATCH_KEYS);
  /** Keeps the runtime from leaving out what is read only to be near. */
  touched = 0;

  clear(): void {
    this.count = 0;
    this.source = undefined;
  }

  /** Whether the values still lie where they were found: as long as nothing that was read since took their place. */
  get isFresh(): boolean {
    return this.source === undefined || this.source.expiries === this.expiries;
  }

  /** Appends a key. The caller sees to it that there is room for one. */
  add(key: Bytes, offset: number, length: number): void {
    const n = this.count++;
    const at = n === 0 ? 0 : this.keyEnds[n - 1]!;
    if (at + length > this.keys.length) {
      const grown = new Uint8Array((at + length) * 2);
      grown.set(this.keys.subarray(0, at));
      this.keys = grown;
    }
    const { keys } = this;
    for (let i = 0; i < length; i++) keys[at + i] = key[offset + i]!;
    this.keyAt[n] = at;
    this.keyEnds[n] = at + length;
    this.valueAt[n] = -1;
  }

  /** Order of two keys. */
  compare(a: number, b: number): number {
    const { keys, keyAt, keyEnds } = this;
    const at = keyAt[a]!;
    const other = keyAt[b]!;
    return compareRanges(keys, at, keyEnds[a]! - at, keys, other, keyEnds[b]! - other);
  }

  /** Tells where the value of key i lies. */
  found(i: number, bytes: Bytes, valueAt: number, length: number): void {
    this.bytes[i] = bytes;
    this.valueAt[i] = valueAt;
    this.lengths[i] = length;
  }

  /** Lets go of the values. */
  forget(): void {
    this.bytes.fill(NO_BYTES);
    this.clear();
  }
}
