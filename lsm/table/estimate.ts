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
  const below = block === 0 ? meta.lowKey : index.separator(block - 1);
  const above = block === index.blockCount - 1 ? meta.highKey : index.separator(block);
  return block + shareBetween(below, key, above ?? NO_BYTES);
}

/**
 * Where `key` lies between the two, from 0 to 1, by the bytes after what they share: these are read as digits, of
 * base 10 where all three have decimal digits, 95 where they have printable characters, or else 256.
 */
function shareBetween(below: Bytes, key: Bytes, above: Bytes): number {
  const shared = sharedPrefixLength(below, 0, below.length, above, 0, above.length);
  let [from, to, value] = [0, 0, 0];
  for (let i = shared; i < shared + DIGITS; i++) {
    const [a, b, c] = [below[i], above[i], key[i]];
    const [lowest, base] = alphabetOf(a, b, c);
    from = from * base + digit(a, lowest);
    to = to * base + digit(b, lowest);
    value = value * base + digit(c, lowest);
  }
  if (to <= from) return 0.5;
  const share = (value - from) / (to - from);
  return share < 0 ? 0 : share > 1 ? 1 : share;
}

/** The least byte and the count of bytes of the alphabet that the bytes, where there are any, seem to come from. */
function alphabetOf(...bytes: (number | undefined)[]): readonly [lowest: number, base: number] {
  if (bytes.every((byte) => byte === undefined || (byte >= 0x30 && byte <= 0x39))) return [0x30, 10];
  if (bytes.every((byte) => byte === undefined || (byte >= 0x20 && byte <= 0x7e))) return [0x20, 95];
  return [0, 256];
}

function digit(byte: number | undefined, lowest: number): number {
  return byte === undefined ? 0 : byte - lowest;
}

function at(sums: Int32Array, position: number): number {
  const block = Math.floor(position);
  const below = sums[block]!;
  return block === position ? below : below + (sums[block + 1]! - below) * (position - block);
}
