/**
 * Packs values, each by itself, where that saves a quarter: each later read pays for unpacking it. Values of one
 * collection resemble each other, and to try one costs a third of all that a flush costs: after many in a row that did
 * not pack, only some of those that follow are tried, until one does.
 */
import type { Bytes } from '../base/bytes.js';
import { Lz4Compressor } from './lz4.js';

/** Values shorter than this are stored as they are. */
const MIN_PACKED_VALUE = 12;
/** Values in a row that did not pack, until most are stored untried. */
const PATIENCE = 32;
/** From then on one of so many is tried. */
const UNTRIED = 16;

export class ValuePacker {
  private readonly lz4 = new Lz4Compressor();
  /** Tries in a row that were in vain. */
  private misses = 0;
  /** Values to let pass before the next try. */
  private untried = 0;

  /**
   * Packs `length` bytes at `offset` into `into[at…]`, which has room for `length` bytes.
   * @returns bytes written; 0: the value stays as it is
   */
  pack(bytes: Bytes, offset: number, length: number, into: Bytes, at: number): number {
    if (length < MIN_PACKED_VALUE) return 0;
    if (this.untried > 0) {
      this.untried--;
      return 0;
    }
    const limit = length - (length >>> 2) - 2;
    const packed = this.lz4.compress(bytes, offset, length, into, at, limit);
    if (packed > 0) this.misses = 0;
    else if (++this.misses >= PATIENCE) this.untried = UNTRIED - 1;
    return packed;
  }
}
