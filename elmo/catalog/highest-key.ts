/**
 * The highest key a unique index may have: what is put above it is nobody's, so that there is nothing to look up. Keys that
 * ascend, as `_id`s and numbers of orders do, are all of that kind.
 *
 * Every put of an entry is noted when it is made, committed or not, and never taken back: what is known is a bound from
 * above, whatever transactions are open.
 */
import type { KeyBounds } from '../keys/key-layout.js';
import type { WriteUnit } from '../operation/write-unit.js';

const NO_KEY = new Uint8Array(0);
const FIRST_BYTES = 32;

export class HighestKey {
  private key: Uint8Array = NO_KEY;
  private length = 0;
  /** Whether what was in the store before the first note is below as well. */
  private isKnown = false;

  /** @param bounds  of the index's keys */
  constructor(private readonly bounds: KeyBounds) {}

  /** An entry is put: its key is `bytes[start, end)`. */
  note(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    if (!this.isAbove(bytes, start, end)) return;
    const length = end - start;
    if (length > this.key.length) this.key = new Uint8Array(Math.max(length, FIRST_BYTES));
    const { key } = this;
    for (let i = 0; i < length; i++) key[i] = bytes[start + i]!;
    this.length = length;
  }

  /** Whether no entry has the key `bytes[start, end)` or one above it, in any unit. */
  isBelow(bytes: Uint8Array, unit: WriteUnit, start = 0, end: number = bytes.length): boolean {
    if (!this.isKnown) {
      if (unit.isTransaction) return false; // its view is not the newest
      this.learn(unit);
    }
    return this.isAbove(bytes, start, end);
  }

  /** Whether a key is above the highest. */
  private isAbove(bytes: Uint8Array, start: number, end: number): boolean {
    const { key, length } = this;
    for (let i = 0; i < length; i++) {
      if (start + i === end) return false;
      const difference = bytes[start + i]! - key[i]!;
      if (difference !== 0) return difference > 0;
    }
    return end - start > length;
  }

  private learn({ view }: WriteUnit): void {
    const cursor = view.scan(this.bounds, 'backward');
    if (cursor.next()) this.note(cursor.key());
    cursor.close();
    this.isKnown = true;
  }
}
