/**
 * Who has which bytes of the file, from the meta slots on to its end. Computed from what the manifest and the logs say
 * alone, so that extents which overlap, or lie past the end of a file that was cut off, show as what they are.
 */
import { EXTENT_UNIT, FIRST_EXTENT, type Extent } from '../base/extent.js';
import type { StoreFile } from './store-file.js';

/** Problem of a segment that shares bytes with the one before it. */
export const OVERLAPS = 'overlaps the one before';

export type SpaceUse = 'meta' | 'manifest' | 'table' | 'blob' | 'log-blob' | 'free';

export interface SpaceSegment extends Extent {
  readonly use: SpaceUse;
  /** Of the table or blob; 0 for others. */
  readonly id: number;
  readonly level: number;
  /** What is wrong with the place, or ''. */
  readonly problem: string;
}

export interface SpaceDump {
  readonly fileBytes: number;
  /** Ascending; free stretches between them. */
  readonly segments: readonly SpaceSegment[];
  readonly tableBytes: number;
  readonly blobBytes: number;
  /** Blobs that only a log tells of. */
  readonly logBlobBytes: number;
  readonly manifestBytes: number;
  readonly freeBytes: number;
  /** Stretches that the free bytes are in. */
  readonly fragments: number;
  readonly largestFreeBytes: number;
  /** Free bytes at the end of the file. */
  readonly freeTailBytes: number;
  /** Share of the free bytes that is not in the largest stretch: 0 (all in one) to nearly 1. */
  readonly fragmentation: number;
}

/** @throws LsmError when the manifest cannot be read */
export function describeSpace(file: StoreFile): SpaceDump {
  const owned = ownedSegments(file).sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  // A last unit that the file does not reach to the end of counts as whole.
  const end = Math.ceil(file.fileBytes / EXTENT_UNIT) * EXTENT_UNIT;
  const segments: SpaceSegment[] = [];
  let reached = 0;
  for (const segment of owned) {
    if (segment.offset > reached) segments.push(freeSegment(reached, segment.offset));
    let problem = '';
    if (segment.offset < reached) problem = OVERLAPS;
    if (segment.offset + segment.bytes > end) problem = 'reaches past the end of the file';
    segments.push({ ...segment, problem });
    reached = Math.max(reached, segment.offset + segment.bytes);
  }
  if (reached < end) segments.push(freeSegment(reached, end));
  return { fileBytes: file.fileBytes, segments, ...sumsOf(segments) };
}

function sumsOf(segments: readonly SpaceSegment[]): Omit<SpaceDump, 'fileBytes' | 'segments'> {
  const bytesOf = (use: SpaceUse): number =>
    segments.reduce((sum, segment) => (segment.use === use ? sum + segment.bytes : sum), 0);
  const free = segments.filter(({ use }) => use === 'free');
  const freeBytes = bytesOf('free');
  const largestFreeBytes = free.reduce((largest, { bytes }) => Math.max(largest, bytes), 0);
  const last = segments[segments.length - 1];
  return {
    tableBytes: bytesOf('table'),
    blobBytes: bytesOf('blob'),
    logBlobBytes: bytesOf('log-blob'),
    manifestBytes: bytesOf('manifest'),
    freeBytes,
    fragments: free.length,
    largestFreeBytes,
    freeTailBytes: last?.use === 'free' ? last.bytes : 0,
    fragmentation: freeBytes === 0 ? 0 : 1 - largestFreeBytes / freeBytes,
  };
}

function ownedSegments(file: StoreFile): SpaceSegment[] {
  const { state, logs } = file;
  const owned: SpaceSegment[] = [segment({ offset: 0, bytes: FIRST_EXTENT }, 'meta')];
  owned.push(segment(state.manifest, 'manifest'));
  for (const { level, tables } of state.version.runs) {
    for (const { id, offset, extentBytes } of tables) {
      owned.push(segment({ offset, bytes: extentBytes }, 'table', id, level));
    }
  }
  for (const [id, extents] of state.blobs) {
    for (const extent of extents) owned.push(segment(extent, 'blob', id));
  }
  for (const log of logs) {
    if (log.isObsolete) continue;
    for (const { id, extents } of log.blobs) {
      if (state.blobs.has(id)) continue;
      for (const extent of extents) owned.push(segment(extent, 'log-blob', id));
    }
  }
  return owned;
}

function segment({ offset, bytes }: Extent, use: SpaceUse, id = 0, level = 0): SpaceSegment {
  return { offset, bytes, use, id, level, problem: '' };
}

function freeSegment(from: number, to: number): SpaceSegment {
  return segment({ offset: from, bytes: to - from }, 'free');
}
