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

/** One slab after another of a length. */
class Slabs {
  bytes: Bytes = NO_BYTES;
  private used = 0;

  constructor(private readonly slabBytes: number) {}

  take(length: number): number {
    if (this.used + length > this.bytes.length) {
      this.bytes = new Uint8Array(this.slabBytes);
      this.used = 0;
    }
    const at = this.used;
    this.used += length;
    return at;
  }
}

/** Cuts strings from one slab after another. */
export class Slab {
  /** The slab that the last string was cut from. */
  bytes: Bytes = NO_BYTES;
  private readonly short = new Slabs(SHORT_SLAB_BYTES);
  private readonly long = new Slabs(LONG_SLAB_BYTES);

  /** Makes room for `length` bytes, at most MAX_SLAB_STRING, in `bytes`. @returns where */
  take(length: number): number {
    const slabs = length <= MAX_SHORT ? this.short : this.long;
    const at = slabs.take(length);
    this.bytes = slabs.bytes;
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
