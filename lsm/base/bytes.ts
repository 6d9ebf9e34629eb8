/**
 * Bytes in big arrays, addressed by offset. All of the engine's own buffers are plain `Uint8Array` (never `Buffer`):
 * one typed-array kind per access site keeps the hot loops monomorphic.
 */

/** A byte string. Keys are ordered as unsigned bytes, a prefix before its extensions. */
export type Bytes = Uint8Array;

export const NO_BYTES: Bytes = new Uint8Array(0);

/**
 * Order of two byte ranges as unsigned bytes.
 * @returns negative, 0 or positive
 */
export function compareRanges(
  a: Bytes,
  aOffset: number,
  aLength: number,
  b: Bytes,
  bOffset: number,
  bLength: number,
): number {
  const n = aLength < bLength ? aLength : bLength;
  for (let i = 0; i < n; i++) {
    const d = a[aOffset + i]! - b[bOffset + i]!;
    if (d !== 0) return d;
  }
  return aLength - bLength;
}

/** Order of two byte strings as unsigned bytes. */
export function compareBytes(a: Bytes, b: Bytes): number {
  return compareRanges(a, 0, a.length, b, 0, b.length);
}

export function equalBytes(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && compareRanges(a, 0, a.length, b, 0, b.length) === 0;
}

/** How many leading bytes two ranges share. */
export function sharedPrefixLength(
  a: Bytes,
  aOffset: number,
  aLength: number,
  b: Bytes,
  bOffset: number,
  bLength: number,
): number {
  const n = aLength < bLength ? aLength : bLength;
  let i = 0;
  while (i + 4 <= n) {
    const x = aOffset + i;
    const y = bOffset + i;
    if (((a[x]! ^ b[y]!) | (a[x + 1]! ^ b[y + 1]!) | (a[x + 2]! ^ b[y + 2]!) | (a[x + 3]! ^ b[y + 3]!)) !== 0)
      break;
    i += 4;
  }
  while (i < n && a[aOffset + i] === b[bOffset + i]) i++;
  return i;
}

/** Copies a range into an array of its own. */
export function copyOf(from: Bytes, offset = 0, length = from.length - offset): Bytes {
  const copy = new Uint8Array(length);
  if (length <= 32) for (let i = 0; i < length; i++) copy[i] = from[offset + i]!;
  else copy.set(from.subarray(offset, offset + length));
  return copy;
}

/** The smallest key greater than `key`. */
export function keyAfter(key: Bytes): Bytes {
  const after = new Uint8Array(key.length + 1);
  if (key.length <= 32) for (let i = 0; i < key.length; i++) after[i] = key[i]!;
  else after.set(key);
  return after;
}

/**
 * The smallest key greater than every key that starts with `prefix`.
 * @returns undefined when there is none (all bytes are 0xff, or the prefix is empty)
 */
export function prefixEnd(prefix: Bytes): Bytes | undefined {
  let n = prefix.length;
  while (n > 0 && prefix[n - 1] === 0xff) n--;
  if (n === 0) return undefined;
  const end = copyOf(prefix, 0, n);
  end[n - 1]!++;
  return end;
}

export function readU16(from: Bytes, at: number): number {
  return from[at]! | (from[at + 1]! << 8);
}

export function readU32(from: Bytes, at: number): number {
  return (from[at]! | (from[at + 1]! << 8) | (from[at + 2]! << 16) | (from[at + 3]! << 24)) >>> 0;
}

/** A 48-bit unsigned little-endian number. */
export function readU48(from: Bytes, at: number): number {
  return readU32(from, at) + readU16(from, at + 4) * 0x1_0000_0000;
}

export function writeU16(into: Bytes, at: number, value: number): void {
  into[at] = value;
  into[at + 1] = value >>> 8;
}

export function writeU32(into: Bytes, at: number, value: number): void {
  into[at] = value;
  into[at + 1] = value >>> 8;
  into[at + 2] = value >>> 16;
  into[at + 3] = value >>> 24;
}

export function writeU48(into: Bytes, at: number, value: number): void {
  writeU32(into, at, value >>> 0);
  writeU16(into, at + 4, Math.floor(value / 0x1_0000_0000));
}
