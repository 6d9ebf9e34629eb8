/**
 * What a lookup needs of a block before it comes to its keys, as numbers beside the cache's frame: the block's header and
 * directory lie in two lines of memory far from each other, and each costs the wait for one. The notes of a frame:
 *
 *   0      entryCount + prefixLength * 65536; 0: nothing is noted, the block is to be opened and checked
 *   1      valuesLength * 8 + 4 when entries are noted + 2 when the directory is + 1 when they carry sequence numbers
 *   2 - 9  the end of the prefix, four bytes each, big-endian: its last four in 2, those before them in 3, and so on, zeros
 *          before a shorter one
 *  10 ...  of a block with few entries: see entry-notes.ts; or else
 *  10 + 2n of group n: its head, as a signed number that sorts like its bytes
 *  11 + 2n where it begins in `keys` + where its values begin in `values` * 65536
 */
import { readU16, readU32, type Bytes } from '../base/bytes.js';
import { noteEntries, numbersForEntries } from './entry-notes.js';
import { BLOCK_HEADER_BYTES, DIRECTORY_ENTRY_BYTES, FLAG_SEQS, GROUP_ENTRIES } from './format.js';

/** Where the end of the prefix is noted, and in how many numbers. */
const PREFIX_NOTE = 2;
const PREFIX_NOTES = 8;
/** Where the entries, or the groups, of a block begin in its notes. */
export const FIRST_NOTE = PREFIX_NOTE + PREFIX_NOTES;
/** Flags of the second number. */
export const HAS_SEQS = FLAG_SEQS;
export const HAS_DIRECTORY = 2;
export const HAS_ENTRIES = 4;
export const NOTE_FLAG_BITS = 3;

/**
 * Notes a block at `notes[at, at + room)`, a directory only if it fits; one that is not what our builder writes gets no
 * notes.
 */
export function noteBlock(
  bytes: Bytes,
  base: number,
  length: number,
  notes: Int32Array,
  at: number,
  room: number,
): void {
  notes[at] = 0;
  if (length < BLOCK_HEADER_BYTES) return;
  const entryCount = readU16(bytes, base + 12);
  const prefixLength = readU16(bytes, base + 14);
  const valuesLength = readU32(bytes, base + 16);
  if (!doPartsAddUp(entryCount, prefixLength, valuesLength, readU32(bytes, base + 20), length)) return;
  const groupCount = (entryCount + GROUP_ENTRIES - 1) >>> 4;
  const seqs = bytes[base + 11]! & HAS_SEQS;
  let entry = base + BLOCK_HEADER_BYTES + valuesLength + prefixLength;
  notes[at] = entryCount | (prefixLength << 16);
  notes[at + 1] = (valuesLength << NOTE_FLAG_BITS) | seqs;
  for (let n = 0; n < PREFIX_NOTES; n++)
    notes[at + PREFIX_NOTE + n] = lastFour(bytes, entry - 4 * n, prefixLength - 4 * n);
  const first = at + FIRST_NOTE;
  if (seqs === 0 && FIRST_NOTE + numbersForEntries(entryCount) <= room) {
    if (noteEntries(bytes, entry, base + length, entryCount, valuesLength, notes, first)) {
      notes[at + 1]! |= HAS_ENTRIES;
      return;
    }
  }
  if (FIRST_NOTE + groupCount * 2 > room) return;
  notes[at + 1]! |= HAS_DIRECTORY;
  for (let n = first, end = n + groupCount * 2; n < end; n += 2) {
    notes[n] = directoryHead(bytes, entry);
    notes[n + 1] = readU32(bytes, entry + 4);
    entry += DIRECTORY_ENTRY_BYTES;
  }
}

/** Four bytes as a signed number that sorts like them. */
export function directoryHead(bytes: Bytes, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) ^ 0x8000_0000;
}

/** The last four of `length` bytes before `end` as a number, zeros before fewer. */
export function lastFour(bytes: Bytes, end: number, length: number): number {
  let number = 0;
  for (let i = length < 4 ? end - length : end - 4; i < end; i++) number = (number << 8) | bytes[i]!;
  return number;
}

/**
 * Whether a key begins with the prefix of a noted block.
 * @param known  so many of its bytes are known to be those of all keys of the block
 * @returns false, too, when the notes do not tell
 */
export function isNotedPrefix(
  notes: Int32Array,
  at: number,
  prefixLength: number,
  key: Bytes,
  offset: number,
  length: number,
  known: number,
): boolean {
  if (length < prefixLength) return false;
  let unknown = prefixLength - known;
  if (unknown > 4 * PREFIX_NOTES) return false;
  let end = offset + prefixLength;
  for (let note = at + PREFIX_NOTE; unknown > 0; note++, end -= 4, unknown -= 4) {
    const differing = lastFour(key, end, end - offset) ^ notes[note]!;
    if (unknown >= 4 ? differing !== 0 : differing << ((4 - unknown) << 3) !== 0) return false;
  }
  return true;
}

/** Whether the parts that a block's header tells of make up its length. */
export function doPartsAddUp(
  entryCount: number,
  prefixLength: number,
  valuesLength: number,
  keysLength: number,
  length: number,
): boolean {
  const directoryLength = ((entryCount + GROUP_ENTRIES - 1) >>> 4) * DIRECTORY_ENTRY_BYTES;
  const parts = BLOCK_HEADER_BYTES + valuesLength + prefixLength + directoryLength + keysLength;
  return entryCount !== 0 && parts === length;
}
