/**
 * Short byte strings that are handed out for good, cut from larger arrays: an array of its own costs many times as much as
 * the bytes in it. Whoever keeps one string keeps its slab, 8 KiB, alive, as with the pool of Node's `Buffer`.
 */
import { copyOf, type Bytes } from './bytes.js';

const SLAB_BYTES = 8192;
/** Longer strings get an array of their own. */
export const MAX_SLAB_STRING = 1024;

/** Cuts strings from one slab after another. */
export class Slab {
  bytes: Bytes = new Uint8Array(SLAB_BYTES);
  private used = 0;

  /** Makes room for `length` bytes, at most MAX_SLAB_STRING, in `bytes`. @returns where */
  take(length: number): number {
    if (this.used + length > SLAB_BYTES) {
      this.bytes = new Uint8Array(SLAB_BYTES);
      this.used = 0;
    }
    const at = this.used;
    this.used += length;
    return at;
  }

  /** A copy of a range, the caller's to keep. */
  copy(from: Bytes, offset: number, length: number): Bytes {
    if (length > MAX_SLAB_STRING || length <= 32) return copyOf(from, offset, length);
    const at = this.take(length);
    this.bytes.set(from.subarray(offset, offset + length), at);
    return this.bytes.subarray(at, at + length);
  }
}
