/**
 * What a crash left may lie in the system's memory alone: written and not synced, or part of a sync that failed, after which
 * the system holds the bytes and will never write them. Such bytes read well, and are gone after a power cut. So what a
 * recovery builds on is written once more where it lies, and synced.
 */
import type { Extent } from '../base/extent.js';
import type { File } from '../env/file-system.js';

const PIECE_BYTES = 64 * 1024;

/** Writes the bytes [from, end) of a file again, as they are; a sync must follow. */
export function rewriteBytes(file: File, from: number, end: number): void {
  const piece = new Uint8Array(Math.min(PIECE_BYTES, Math.max(0, end - from)));
  for (let at = from; at < end; at += piece.length) {
    const count = file.read(piece, 0, Math.min(piece.length, end - at), at);
    if (count > 0) file.write(piece, 0, count, at);
  }
}

/** The same for extents, of which the last may reach over the end of the file. */
export function rewriteExtents(file: File, extents: readonly Extent[]): void {
  for (const { offset, bytes } of extents) rewriteBytes(file, offset, offset + bytes);
}
