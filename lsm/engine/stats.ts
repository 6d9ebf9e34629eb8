/** What a store tells of itself: plain data for people and programs. */
import { levelScores, type LevelScore } from '../merge/pick.js';
import type { MergeRecord } from '../merge/schedule.js';
import type { PinInfo, PinnedVersionInfo } from '../space/pins.js';
import type { SpaceStats } from '../space/extents.js';
import { totalBytes } from '../base/extent.js';
import type { CacheStats } from '../cache/block-cache.js';
import type { StoreParts } from './parts.js';

export interface TransactionInfo {
  readonly label: string;
  readonly ageMs: number;
  /** Bytes of its own entries in memory. */
  readonly memoryBytes: number;
  readonly pendingTables: number;
}

export interface LsmStats {
  readonly path: string;
  readonly seq: number;
  readonly version: number;
  readonly fileBytes: number;
  readonly isReadOnly: boolean;
  /** Why the store takes no writes any more: a failed sync. */
  readonly failure: string | undefined;
  readonly levels: readonly LevelScore[];
  readonly space: SpaceStats;
  readonly pins: {
    readonly count: number;
    readonly versions: readonly PinnedVersionInfo[];
    readonly oldest: readonly PinInfo[];
  };
  readonly transactions: readonly TransactionInfo[];
  readonly memtables: { readonly count: number; readonly entries: number; readonly bytes: number };
  readonly logs: { readonly count: number; readonly bytes: number };
  readonly blobs: { readonly count: number; readonly bytes: number };
  readonly cache: CacheStats;
  readonly writes: {
    /** Bytes of operations taken. */
    readonly bytes: number;
    /** Bytes that flushes and merges wrote to tables. */
    readonly tableBytes: number;
    /** Table bytes for each byte flushed. */
    readonly amplification: number;
    readonly waiting: number;
  };
  readonly merges: readonly MergeRecord[];
  /** The last error of a flush or merge that has not been made good since. */
  readonly backgroundError: string | undefined;
}

export function gatherStats(parts: StoreParts): LsmStats {
  const {
    env,
    open,
    live,
    writes,
    pins,
    transactions,
    logs,
    cache,
    scheduler,
    flusher,
    written,
    background,
  } = parts;
  const { state, extents } = open.manifest;
  const nowMs = env.clock.nowMs();
  const { mergedBytes } = written;
  const arrived = written.flushedBytes + written.adoptedBytes;
  let blobBytes = 0;
  for (const own of state.blobs.values()) blobBytes += totalBytes(own);
  const error = flusher.error ?? scheduler.error ?? background.error;
  return {
    path: parts.path,
    seq: writes.lastSeq,
    version: state.version.number,
    fileBytes: open.file.size(),
    isReadOnly: parts.options.readOnly,
    failure: writes.refusedWith?.message,
    levels: levelScores(state.version, parts.options),
    space: extents.stats(),
    pins: { count: pins.count, versions: pins.versions(nowMs), oldest: pins.list(nowMs) },
    transactions: transactions.list(nowMs),
    memtables: { count: live.frozenCount + 1, entries: live.memtableEntries, bytes: live.memtableMemory },
    logs: { count: logs?.count ?? 0, bytes: logs?.byteLength ?? 0 },
    blobs: { count: state.blobs.size, bytes: blobBytes },
    cache: cache.stats(),
    writes: {
      bytes: writes.bytesWritten,
      tableBytes: arrived + mergedBytes,
      amplification: arrived === 0 ? 0 : (arrived + mergedBytes) / arrived,
      waiting: writes.queued,
    },
    merges: scheduler.log,
    backgroundError: error?.message,
  };
}
