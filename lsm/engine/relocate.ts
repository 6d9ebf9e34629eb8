/**
 * Shrinks the file in place: tables and blobs from its end move into free space before them, as they are. Each step
 * copies, then makes the new places durable by an edit of the manifest; what readers still hold stays until they are
 * gone, so a compaction beside long-lived readers gets as far as it can.
 */
import type { Extent } from '../base/extent.js';
import type { File } from '../env/file-system.js';
import type { LsmError } from '../errors.js';
import { isSyncFailure, type ManifestLog } from '../manifest/manifest-log.js';
import type { ManifestState, VersionChange } from '../manifest/manifest-state.js';
import type { TableMeta } from '../manifest/table-meta.js';
import { tablesOf } from '../manifest/version.js';
import type { ExtentMap } from '../space/extents.js';
import type { LiveState } from './live-state.js';
import type { SpaceKeeper } from './space-keeper.js';

/** So many bytes move between two edits. */
const STEP_BYTES = 32 * 1024 * 1024;
const COPY_BYTES = 1024 * 1024;
/** Less free space than this is left alone while the store works. */
const LEAST_FREE_BYTES = 8 * 1024 * 1024;

interface Movable {
  readonly level: number;
  readonly order: number;
  readonly table: TableMeta | undefined;
  readonly blobId: number;
  readonly part: number;
  readonly extent: Extent;
}

interface Move {
  readonly what: Movable;
  readonly to: Extent;
}

export interface RelocateParts {
  readonly file: File;
  readonly live: LiveState;
  readonly manifest: ManifestLog;
  readonly extents: ExtentMap;
  readonly space: SpaceKeeper;
  yieldSlice(): Promise<void>;
  onFatal(cause: LsmError): void;
}

/** Closes the gaps of the file. No merge and no other relocation may run meanwhile; flushes and deletions may. */
export async function relocateAll(parts: RelocateParts): Promise<void> {
  const { extents, space, live } = parts;
  let budget = 64 + 4 * [...listMovable(parts)].length;
  // First, so that the place it leaves is closed with the others.
  await live.rewriteManifest();
  while (budget > 0) {
    space.release();
    const moves = pickMoves(parts);
    budget -= Math.max(1, moves.length);
    if (moves.length > 0) await carryOut(parts, moves);
    else if (!(await openGap(parts))) break;
    if (extents.awaiting().length > 0 && space.release() === 0) break;
  }
  space.trim(true);
}

/**
 * One step: moves tables and blobs from the end of the file, if enough of the file is free.
 * @param share  of the file that is free at least, for it to be worth it
 * @returns whether anything moved
 */
export async function relocateTail(parts: RelocateParts, share: number): Promise<boolean> {
  const { extents, space } = parts;
  space.release();
  const { freeBytes, endBytes } = extents.stats();
  if (freeBytes < Math.max(LEAST_FREE_BYTES, share * endBytes)) return false;
  const moves = pickMoves(parts);
  if (moves.length === 0) return false;
  await carryOut(parts, moves);
  space.trim(false);
  return true;
}

function* listMovable({ manifest }: RelocateParts): Generator<Movable> {
  for (const { level, order, tables } of manifest.state.version.runs) {
    for (const table of tables) {
      const extent = { offset: table.offset, bytes: table.extentBytes };
      yield { level, order, table, blobId: 0, part: 0, extent };
    }
  }
  for (const [blobId, own] of manifest.state.blobs) {
    for (let part = 0; part < own.length; part++) {
      yield { level: 0, order: 0, table: undefined, blobId, part, extent: own[part]! };
    }
  }
}

/** From the end of the file on: whatever fits into free space below it. */
function pickMoves(parts: RelocateParts): Move[] {
  const moves: Move[] = [];
  let bytes = 0;
  const candidates = [...listMovable(parts)].sort((a, b) => b.extent.offset - a.extent.offset);
  for (const what of candidates) {
    if (bytes >= STEP_BYTES) break;
    const to = parts.extents.allocateBelow(what.extent.bytes, what.extent.offset);
    if (to === undefined) continue;
    moves.push({ what, to });
    bytes += what.extent.bytes;
  }
  return moves;
}

/** Nothing fits: what lies right behind the lowest gap moves away, so that the gap grows. @returns false: there is no gap */
async function openGap(parts: RelocateParts): Promise<boolean> {
  const segments = parts.extents.partition();
  const gap = segments.findIndex(({ state }) => state === 'free');
  if (gap < 0 || gap === segments.length - 1) return false;
  const after = segments[gap]!.offset + segments[gap]!.bytes;
  for (const what of listMovable(parts)) {
    if (what.extent.offset !== after) continue;
    await carryOut(parts, [{ what, to: parts.space.allocate(what.extent.bytes) }]);
    return true;
  }
  if (parts.manifest.state.manifest.offset !== after) return false;
  await parts.live.rewriteManifest();
  return true;
}

async function carryOut(parts: RelocateParts, moves: readonly Move[]): Promise<void> {
  const { live, manifest } = parts;
  const giveBack = (given: readonly Move[]): void => given.forEach(({ to }) => parts.space.giveBack(to));
  try {
    for (const { what, to } of moves) await copy(parts, what.extent, to);
  } catch (error) {
    giveBack(moves);
    throw error;
  }
  let present = moves;
  try {
    await live.publish(() => {
      present = moves.filter(({ what }) => isThere(manifest.state, what));
      // What was deleted meanwhile does not move.
      giveBack(moves.filter((move) => !present.includes(move)));
      return present.length === 0 ? undefined : changeOf(manifest.state, present);
    });
  } catch (error) {
    if (isSyncFailure(error)) parts.onFatal(error);
    else giveBack(present);
    throw error;
  }
}

function isThere({ version, blobs }: ManifestState, { table, blobId, part, extent }: Movable): boolean {
  if (table === undefined) return blobs.get(blobId)?.[part] === extent;
  for (const present of tablesOf(version)) if (present === table) return true;
  return false;
}

function changeOf({ blobs }: ManifestState, moves: readonly Move[]): VersionChange {
  const tables = moves.filter(({ what }) => what.table !== undefined);
  const places = new Map<number, Extent[]>();
  for (const { what, to } of moves) {
    if (what.table !== undefined) continue;
    const place = places.get(what.blobId) ?? [...blobs.get(what.blobId)!];
    place[what.part] = to;
    places.set(what.blobId, place);
  }
  return {
    removeTables: tables.map(({ what }) => what.table!.id),
    addTables: tables.map(({ what, to }) => ({
      level: what.level,
      order: what.order,
      meta: { ...what.table!, offset: to.offset },
    })),
    removeBlobs: [...places.keys()],
    addBlobs: [...places].map(([id, extents]) => ({ id, extents })),
  };
}

async function copy({ file, yieldSlice }: RelocateParts, from: Extent, to: Extent): Promise<void> {
  const buffer = new Uint8Array(Math.min(COPY_BYTES, from.bytes));
  for (let at = 0; at < from.bytes; at += buffer.length) {
    const n = Math.min(buffer.length, from.bytes - at);
    const got = file.read(buffer, 0, n, from.offset + at);
    buffer.fill(0, got, n);
    file.write(buffer, 0, n, to.offset + at);
    await yieldSlice();
  }
}
