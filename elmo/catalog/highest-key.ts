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

export class HighestKey {
  private key: Uint8Array = NO_KEY;
  /** Whether what was in the store before the first note is below as well. */
  private isKnown = false;

  /** @param bounds  of the index's keys */
  constructor(private readonly bounds: KeyBounds) {}

  /** An entry is put. @param key  kept, not copied */
  note(key: Uint8Array): void {
    if (isAbove(key, this.key)) this.key = key;
  }

  /** Whether no entry has this key or one above it, in any unit. */
  isBelow(key: Uint8Array, unit: WriteUnit): boolean {
    if (!this.isKnown) {
      if (unit.isTransaction) return false; // its view is not the newest
      this.learn(unit);
    }
    return isAbove(key, this.key);
  }

  private learn({ view }: WriteUnit): void {
    const cursor = view.scan(this.bounds, 'backward');
    if (cursor.next()) this.note(cursor.key());
    cursor.close();
    this.isKnown = true;
  }
}

function isAbove(a: Uint8Array, b: Uint8Array): boolean {
  const { length } = b;
  for (let i = 0; i < length; i++) {
    if (i === a.length) return false;
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference > 0;
  }
  return a.length > length;
}
