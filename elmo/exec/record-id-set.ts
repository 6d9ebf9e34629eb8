/** A set of record ids, a bit each: ids grow one by one, so those of a scan lie close together. */

import type { StageStats } from './plan-stats.js';

const BITS_PER_PIECE = 1 << 15;
const WORDS_PER_PIECE = BITS_PER_PIECE / 32;

export class RecordIdSet {
  private readonly pieces = new Map<number, Uint32Array>();
  private lastNumber = -1;
  private last: Uint32Array = new Uint32Array(0);

  /** @returns false if it was there already */
  add(id: number): boolean {
    const number = Math.floor(id / BITS_PER_PIECE);
    if (number !== this.lastNumber) {
      let piece = this.pieces.get(number);
      if (piece === undefined) this.pieces.set(number, (piece = new Uint32Array(WORDS_PER_PIECE)));
      this.last = piece;
      this.lastNumber = number;
    }
    const bit = id % BITS_PER_PIECE;
    const mask = 1 << (bit & 31);
    const word = this.last[bit >>> 5]!;
    if ((word & mask) !== 0) return false;
    this.last[bit >>> 5] = word | mask;
    return true;
  }

  get byteLength(): number {
    return this.pieces.size * WORDS_PER_PIECE * 4;
  }
}

/** Adds the id of a record that is wanted once, and counts. @returns false if it came before */
export function isFirstTime(seen: RecordIdSet, id: number, stats: StageStats): boolean {
  stats.tested++;
  if (seen.add(id)) return true;
  stats.duplicates++;
  return false;
}
