/**
 * How much of a table a range holds, from the index alone: whole blocks are counted, and where a bound falls into a
 * block, its place between the block's neighbours is taken for its place among the entries.
 */
import { NO_BYTES, compareBytes, sharedPrefixLength, type Bytes } from '../base/bytes.js';
import type { TableMeta } from '../manifest/table-meta.js';
import type { TableIndex } from './table-index.js';

/** So many bytes tell two keys apart well enough. */
const DIGITS = 8;

/** @returns entries and bytes on disk within [low, high); an absent bound is open */
export function estimateRange(
  index: TableIndex,
  meta: TableMeta,
  low: Bytes | undefined,
  high: Bytes | undefined,
): { count: number; bytes: number } {
  if (index.blockCount === 0) return { count: 0, bytes: 0 };
  const from = low === undefined ? 0 : positionOf(index, meta, low);
  const to = high === undefined ? index.blockCount : positionOf(index, meta, high);
  if (to <= from) return { count: 0, bytes: 0 };
  return {
    count: Math.round(at(index.entriesBefore, to) - at(index.entriesBefore, from)),
    bytes: Math.round(at(index.offsets, to) - at(index.offsets, from)),
  };
}

/** Where the key lies, in blocks: 2.5 = in the middle of the third. */
function positionOf(index: TableIndex, meta: TableMeta, key: Bytes): number {
  if (compareBytes(key, meta.lowKey) <= 0) return 0;
  if (meta.highKey !== undefined && compareBytes(key, meta.highKey) > 0) return index.blockCount;
  const block = index.locate(key, 0, key.length);
  if (block === 0) below.take(meta.lowKey);
  else below.copy(index, block - 1);
  if (block === index.blockCount - 1) above.take(meta.highKey ?? NO_BYTES);
  else above.copy(index, block);
  return block + shareBelow(key);
}

/** A key that is looked at for a moment. */
class Neighbour {
  bytes: Bytes = NO_BYTES;
  length = 0;
  private room: Bytes = new Uint8Array(64);

  take(key: Bytes): void {
    this.bytes = key;
    this.length = key.length;
  }

  copy(index: TableIndex, block: number): void {
    this.length = index.separatorLength(block);
    if (this.length > this.room.length) this.room = new Uint8Array(this.length);
    index.copySeparator(block, this.room);
    this.bytes = this.room;
  }

  digitAt(i: number, lowest: number): number {
    return i < this.length ? this.bytes[i]! - lowest : 0;
  }

  /** Whether its byte at `i`, if there is one, is from `least` to `most`. */
  isWithin(i: number, least: number, most: number): boolean {
    return i >= this.length || (this.bytes[i]! >= least && this.bytes[i]! <= most);
  }
}

const below = new Neighbour();
const above = new Neighbour();
const sought = new Neighbour();

/**
 * Where `key` lies between `below` and `above`, from 0 to 1, by the bytes after what these share, which are read as digits:
 * of base 10 where all three have decimal digits, 95 where they have printable characters, or else 256.
 */
function shareBelow(key: Bytes): number {
  sought.take(key);
  const shared = sharedPrefixLength(below.bytes, 0, below.length, above.bytes, 0, above.length);
  let from = 0;
  let to = 0;
  let value = 0;
  for (let i = shared; i < shared + DIGITS; i++) {
    const isDecimal = areWithin(i, 0x30, 0x39);
    const isPrintable = areWithin(i, 0x20, 0x7e);
    const base = isDecimal ? 10 : isPrintable ? 95 : 256;
    const lowest = isDecimal ? 0x30 : isPrintable ? 0x20 : 0;
    from = from * base + below.digitAt(i, lowest);
    to = to * base + above.digitAt(i, lowest);
    value = value * base + sought.digitAt(i, lowest);
  }
  if (to <= from) return 0.5;
  const share = (value - from) / (to - from);
  return share < 0 ? 0 : share > 1 ? 1 : share;
}

function areWithin(i: number, least: number, most: number): boolean {
  return below.isWithin(i, least, most) && above.isWithin(i, least, most) && sought.isWithin(i, least, most);
}

function at(sums: Int32Array, position: number): number {
  const block = Math.floor(position);
  const below = sums[block]!;
  return block === position ? below : below + (sums[block + 1]! - below) * (position - block);
}
