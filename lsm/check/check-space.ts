/**
 * Whether extents partition the file: every byte after the meta slots is in exactly one state, and the live bytes are
 * exactly those that the manifest uses, each for one owner.
 */
import { FIRST_EXTENT, type Extent } from '../base/extent.js';
import { extentOf, type ManifestState } from '../manifest/manifest-state.js';
import { tablesOf } from '../manifest/version.js';
import type { ExtentMap, ExtentState, Segment } from '../space/extents.js';
import type { Problem } from './report.js';

interface OwnedExtent extends Extent {
  readonly owner: string;
}

/** @returns every problem; [] when all is well */
export function checkSpace(extents: ExtentMap, state: ManifestState): Problem[] {
  const segments = extents.partition();
  return [
    ...checkPartition(segments, extents.end),
    ...checkCounts(segments, extents),
    ...checkOwners(segments, ownersOf(state)),
  ];
}

function checkPartition(segments: readonly Segment[], end: number): Problem[] {
  const problems: Problem[] = [];
  let expected = FIRST_EXTENT;
  for (const { offset, bytes } of segments) {
    if (offset > expected) problems.push(gap(expected, offset));
    if (offset < expected) {
      problems.push({ code: 'SpaceOverlap', message: `bytes ${offset} to ${expected} are in two segments` });
    }
    expected = offset + bytes;
  }
  if (expected !== end) problems.push(gap(expected, end));
  return problems;
}

function gap(from: number, to: number): Problem {
  return { code: 'SpaceGap', message: `bytes ${from} to ${to} are in no segment` };
}

function checkCounts(segments: readonly Segment[], extents: ExtentMap): Problem[] {
  const stats = extents.stats();
  const counted: Record<ExtentState, number> = { free: 0, lent: 0, live: 0, awaiting: 0 };
  for (const { bytes, state } of segments) counted[state] += bytes;
  let waiting = 0;
  for (const { bytes } of extents.awaiting()) waiting += bytes;

  const problems: Problem[] = [];
  const compare = (what: string, expected: number, got: number): void => {
    if (expected === got) return;
    problems.push({ code: 'SpaceCount', message: `${expected} ${what} bytes in segments, ${got} counted` });
  };
  compare('free', counted.free, stats.freeBytes);
  compare('lent', counted.lent, stats.lentBytes);
  compare('live', counted.live, stats.liveBytes);
  compare('awaiting', counted.awaiting, stats.awaitingBytes);
  compare('awaiting', counted.awaiting, waiting);
  return problems;
}

function ownersOf(state: ManifestState): OwnedExtent[] {
  const owned: OwnedExtent[] = [{ ...state.manifest, owner: 'the manifest' }];
  for (const table of tablesOf(state.version)) owned.push({ ...extentOf(table), owner: `table ${table.id}` });
  for (const [id, extents] of state.blobs) {
    for (const extent of extents) owned.push({ ...extent, owner: `blob ${id}` });
  }
  return owned.sort((a, b) => a.offset - b.offset);
}

/** Walks the live segments and the owned extents, both ascending, side by side. */
function checkOwners(segments: readonly Segment[], owned: readonly OwnedExtent[]): Problem[] {
  const problems: Problem[] = [];
  let at = 0;
  for (const segment of segments) {
    if (segment.state !== 'live') continue;
    const end = segment.offset + segment.bytes;
    let reached = segment.offset;
    for (; at < owned.length && owned[at]!.offset < end; at++) {
      const extent = owned[at]!;
      if (extent.offset < segment.offset) {
        problems.push(notLive(extent));
        continue;
      }
      if (extent.offset > reached) problems.push(lost(reached, extent.offset));
      if (extent.offset < reached) {
        const before = owned[at - 1]!;
        const message = `${extent.owner} at byte ${extent.offset} overlaps ${before.owner} at byte ${before.offset}`;
        problems.push({ code: 'SpaceOverlap', message });
      }
      reached = Math.max(reached, extent.offset + extent.bytes);
      if (reached > end) problems.push(notLive(extent));
    }
    if (reached < end) problems.push(lost(reached, end));
  }
  for (; at < owned.length; at++) problems.push(notLive(owned[at]!));
  return problems;
}

function lost(from: number, to: number): Problem {
  return { code: 'SpaceLost', message: `bytes ${from} to ${to} are live, but nobody's` };
}

function notLive({ owner, offset, bytes }: OwnedExtent): Problem {
  return { code: 'SpaceNotLive', message: `${bytes} bytes of ${owner} at byte ${offset} are not all live` };
}
