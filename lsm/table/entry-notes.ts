/**
 * The entries of a block that has few, as numbers beside the cache's frame (see block-notes.ts): a lookup then reads
 * nothing of the block but the value. In place of the directory, from `at` on, for n entries:
 *
 *   0          bytes of each key after the prefix: the same for all, at most 4
 *   1 + i      these bytes of entry i, big-endian, zeros behind, as a signed number that sorts like its bytes
 *   1 + n + .. two to a number, the lower half first, for n + 1 entries: where its value begins in `values` + its
 *              kind * 16384; the one after the last tells where the values end
 */
import type { Bytes } from '../base/bytes.js';
import { KIND_LZ4, KIND_RAW } from '../key/entry-kind.js';
import { DIRECTORY_ENTRY_BYTES, GROUP_ENTRIES } from './format.js';

/** Values that lie further away cannot be noted. */
const MAX_VALUES_BYTES = 16_383;
const KIND_SHIFT = 14;

/** No entry of the block has the key. */
export const ABSENT = -1;
/** The block itself must be searched. */
export const UNDECIDED = -2;

/** Numbers that `noteEntries` needs for so many entries. */
export function numbersForEntries(count: number): number {
  return 1 + count + ((count + 2) >>> 1);
}

/**
 * Notes the entries of a block without sequence numbers.
 * @param keysAt  where the directory begins, which the keys follow
 * @param end     of the block
 * @returns false: they cannot be noted, or are not what our builder writes
 */
export function noteEntries(
  bytes: Bytes,
  keysAt: number,
  end: number,
  count: number,
  valuesLength: number,
  notes: Int32Array,
  at: number,
): boolean {
  if (valuesLength > MAX_VALUES_BYTES) return false;
  const offsetsAt = at + 1 + count;
  let from = keysAt + ((count + GROUP_ENTRIES - 1) >>> 4) * DIRECTORY_ENTRY_BYTES;
  let keyBytes = 0;
  let tail = 0;
  let valueAt = 0;
  for (let i = 0; i < count; i++) {
    if (from + 3 > end) return false;
    const shared = bytes[from]!;
    const suffixLength = bytes[from + 1]!;
    let meta = bytes[from + 2]!;
    from += 3;
    for (let shift = 7; meta >>> shift !== 0; shift += 7) {
      if (shift > 14 || from >= end) return false;
      meta = (meta & ((1 << shift) - 1)) | (bytes[from++]! << shift);
    }
    const kind = meta & 3;
    if (kind === KIND_LZ4) while (from < end && bytes[from++]! > 127);
    if (i === 0) keyBytes = suffixLength;
    if (keyBytes > 4 || shared + suffixLength !== keyBytes) return false;
    if (shared !== 0 && (i & (GROUP_ENTRIES - 1)) === 0) return false;
    if (from + suffixLength > end) return false;
    const before = tail;
    tail = shared === 0 ? 0 : tail & (-1 << (32 - 8 * shared));
    for (let n = shared; n < keyBytes; n++) tail |= bytes[from++]! << (24 - 8 * n);
    if (i > 0 && (before ^ 0x8000_0000) >= (tail ^ 0x8000_0000)) return false;
    notes[at + 1 + i] = tail ^ 0x8000_0000;
    noteOffset(notes, offsetsAt, i, valueAt | (kind << KIND_SHIFT));
    valueAt += meta >>> 2;
    if (valueAt > valuesLength) return false;
  }
  if (from !== end || valueAt !== valuesLength) return false;
  noteOffset(notes, offsetsAt, count, valueAt);
  notes[at] = keyBytes;
  return true;
}

function noteOffset(notes: Int32Array, at: number, entry: number, number: number): void {
  const where = at + (entry >>> 1);
  notes[where] = (entry & 1) === 0 ? number : notes[where]! | (number << 16);
}

/**
 * Finds the entry with a key of which the block's prefix has been compared.
 * @param rest  where the key's bytes after the prefix are
 * @returns its index, if its value lies in the block as it is; or ABSENT, or UNDECIDED
 */
export function findNotedEntry(
  notes: Int32Array,
  at: number,
  count: number,
  key: Bytes,
  rest: number,
  restLength: number,
): number {
  if (restLength !== notes[at]!) return ABSENT;
  let tail = 0;
  for (let n = 0; n < restLength; n++) tail |= key[rest + n]! << (24 - 8 * n);
  tail ^= 0x8000_0000;
  let low = at + 1;
  let high = low + count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (notes[middle]! < tail) low = middle + 1;
    else high = middle;
  }
  const entry = low - at - 1;
  if (entry === count || notes[low] !== tail) return ABSENT;
  return notedNumber(notes, at, count, entry) >>> KIND_SHIFT === KIND_RAW ? entry : UNDECIDED;
}

/** Where the value of a noted entry begins in `values`; of the one after the last, where they end. */
export function notedValueAt(notes: Int32Array, at: number, count: number, entry: number): number {
  return notedNumber(notes, at, count, entry) & MAX_VALUES_BYTES;
}

function notedNumber(notes: Int32Array, at: number, count: number, entry: number): number {
  return (notes[at + 1 + count + (entry >>> 1)]! >>> ((entry & 1) << 4)) & 0xffff;
}
