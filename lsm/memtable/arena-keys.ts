/**
 * Keys of operations that lie in a memtable's arena, addressed by the offset of their operation (see ops-reader.ts;
 * its varints are minimal, so a key's offset follows from its length), and the heads that stand for them in a node.
 */
import type { Bytes } from '../base/bytes.js';

/**
 * Set in an entry's offset: the entry is a deletion of the key of that operation, whatever the operation says. So a
 * range deletion hides what was put earlier under the same sequence number, without new bytes.
 */
export const DELETION_FLAG = 0x4000_0000;
/** The offset without the flag. */
export const OFFSET_MASK = 0x3fff_ffff;

/** Length of the key of the operation at `at`. */
export function keyLengthAt(arena: Bytes, at: number): number {
  const first = arena[at + 1]!;
  if (first < 0x80) return first;
  const second = arena[at + 2]!;
  if (second < 0x80) return (first & 0x7f) | (second << 7);
  return (first & 0x7f) | ((second & 0x7f) << 7) | (arena[at + 3]! << 14);
}

/** Offset of the key of the operation at `at`, whose length is known. */
export function keyOffsetAt(at: number, keyLength: number): number {
  if (keyLength < 0x80) return at + 2;
  return keyLength < 0x4000 ? at + 3 : at + 4;
}

/** The smallest head: of a key that ends before its head begins. */
const LOWEST_HEAD = -0x8000_0000;

/**
 * Four bytes of a key as a signed number that orders as they do, padded with zeros.
 * @param remaining  bytes of the key from `at`; may be negative
 */
export function headAt(bytes: Bytes, at: number, remaining: number): number {
  if (remaining >= 4) {
    return (
      ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) ^ LOWEST_HEAD
    );
  }
  let head = 0;
  if (remaining > 0) head = bytes[at]! << 24;
  if (remaining > 1) head |= bytes[at + 1]! << 16;
  if (remaining > 2) head |= bytes[at + 2]! << 8;
  return head ^ LOWEST_HEAD;
}

/** How many leading bytes the keys of two operations share, up to `limit`. */
export function sharedKeyBytes(arena: Bytes, a: number, b: number, limit: number): number {
  const aLength = keyLengthAt(arena, a);
  const bLength = keyLengthAt(arena, b);
  const aKey = keyOffsetAt(a, aLength);
  const bKey = keyOffsetAt(b, bLength);
  const n = Math.min(aLength, bLength, limit);
  let i = 0;
  while (i < n && arena[aKey + i] === arena[bKey + i]) i++;
  return i;
}

/**
 * The place of the first byte from `from` in which two ranges differ; the shorter length when there is none. Four bytes
 * at a time: keys of one collection share long prefixes.
 */
export function firstDifference(
  a: Bytes,
  aOffset: number,
  aLength: number,
  b: Bytes,
  bOffset: number,
  bLength: number,
  from: number,
): number {
  const n = aLength < bLength ? aLength : bLength;
  let i = from;
  while (i + 4 <= n) {
    const x = aOffset + i;
    const y = bOffset + i;
    if (
      ((a[x]! ^ b[y]!) | (a[x + 1]! ^ b[y + 1]!) | (a[x + 2]! ^ b[y + 2]!) | (a[x + 3]! ^ b[y + 3]!)) !==
      0
    ) {
      break;
    }
    i += 4;
  }
  while (i < n && a[aOffset + i] === b[bOffset + i]) i++;
  return i;
}
