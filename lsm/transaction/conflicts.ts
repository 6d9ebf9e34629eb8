/**
 * Conflicts, found by sequence number: was a key, or anything in a range, written after a given number? Layers are
 * asked newest first; one whose greatest number is old enough ends the search among those above the levels.
 */
import type { Bytes } from '../base/bytes.js';
import type { Layer } from '../read/layer.js';
import type { EntryRegisters } from '../read/source-cursor.js';
import { LookupHash } from '../table/bloom.js';

const hash = new LookupHash();

/** Whether a write with a number above `seq` changed the key. */
export function isKeyNewer(
  layers: readonly Layer[],
  key: Bytes,
  offset: number,
  length: number,
  seq: number,
  out: EntryRegisters,
): boolean {
  hash.forget();
  for (const layer of layers) {
    if (layer.maxSeq > seq && layer.newestSeq(key, offset, length, hash, out) > seq) return true;
  }
  return false;
}

/** Whether a write with a number above `seq` changed anything in [low, high). */
export function isRangeNewer(
  layers: readonly Layer[],
  low: Bytes | undefined,
  high: Bytes | undefined,
  seq: number,
): boolean {
  for (const layer of layers) {
    if (layer.maxSeq > seq && layer.hasNewerIn(low, high, seq)) return true;
  }
  return false;
}
