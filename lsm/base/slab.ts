/**
 * Byte strings that are handed out for good, cut from larger arrays: an array of its own costs many times as much as the
 * bytes in it. Whoever keeps one string keeps its slab alive, as with the pool of Node's `Buffer`: 8 KiB for a short one,
 * 32 KiB for one of more than 1 KiB.
 */
import { copyOf, NO_BYTES, type Bytes } from './bytes.js';

const SHORT_SLAB_BYTES = 8 * 1024;
const LONG_SLAB_BYTES = 32 * 1024;
/** Longer strings are cut from the larger slabs. */
const MAX_SHORT = 1024;
/** Longer strings get an array of their own. */
export const MAX_SLAB_STRING = 4096;

/** Cuts strings from one slab after another. */
export class Slab {
  /** The slab that the last string was cut from. */
  bytes: Bytes = NO_BYTES;
  private short: Bytes = NO_BYTES;
  private shortUsed = 0;
  private long: Bytes = NO_BYTES;
  private longUsed = 0;

  /** Makes room for `length` bytes, at most MAX_SLAB_STRING, in `bytes`. @returns where */
  take(length: number): number {
    return length <= MAX_SHORT ? this.takeShort(length) : this.takeLong(length);
  }

  private takeShort(length: number): number {
    if (this.shortUsed + length > this.short.length) {
      this.short = new Uint8Array(SHORT_SLAB_BYTES);
      this.shortUsed = 0;
    }
    this.bytes = this.short;
    const at = this.shortUsed;
    this.shortUsed += length;
    return at;
  }

  private takeLong(length: number): number {
    if (this.longUsed + length > this.long.length) {
      this.long = new Uint8Array(LONG_SLAB_BYTES);
      this.longUsed = 0;
    }
    this.bytes = this.long;
    const at = this.longUsed;
    this.longUsed += length;
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
