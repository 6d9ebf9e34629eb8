/**
 * A stretch of the store's file. Every extent begins at, and is as long as, a multiple of `EXTENT_UNIT`, and lies at or
 * after `FIRST_EXTENT`: the bytes before it are the two meta slots.
 */

/** All offsets and sizes of extents are multiples of this many bytes. On disk since format 1. */
export const EXTENT_UNIT = 4096;
/** Byte offset of the first extent: after two meta slots. On disk since format 1. */
export const FIRST_EXTENT = 8192;
/** Offsets in the file, counted in units, are below this: a file has at most 16 TiB. */
export const MAX_EXTENT_UNITS = 2 ** 32 - 1;

export interface Extent {
  /** Byte offset in the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** The length of the smallest extent that holds `bytes` bytes. */
export function extentBytesFor(bytes: number): number {
  return Math.ceil(bytes / EXTENT_UNIT) * EXTENT_UNIT;
}

/** Whether an extent keeps to the rules above. For bytes from disk. */
export function isExtent(offset: number, bytes: number): boolean {
  return (
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(bytes) &&
    offset % EXTENT_UNIT === 0 &&
    bytes % EXTENT_UNIT === 0 &&
    offset >= FIRST_EXTENT &&
    bytes > 0 &&
    (offset + bytes) / EXTENT_UNIT <= MAX_EXTENT_UNITS
  );
}

/** How many bytes a list of extents has. */
export function totalBytes(extents: readonly Extent[]): number {
  let sum = 0;
  for (const extent of extents) sum += extent.bytes;
  return sum;
}

/** The first two extents of a list that share bytes, or undefined. The list may be in any order. */
export function findOverlap(extents: readonly Extent[]): readonly [Extent, Extent] | undefined {
  const sorted = [...extents].sort((a, b) => a.offset - b.offset);
  for (let i = 1; i < sorted.length; i++) {
    const before = sorted[i - 1]!;
    const after = sorted[i]!;
    if (before.offset + before.bytes > after.offset) return [before, after];
  }
  return undefined;
}
