/** What a store tells of itself: plain data for people and programs. */
import type { LevelScore } from '../merge/pick.js';
import type { PinInfo, PinnedVersionInfo } from '../space/pins.js';
import type { SpaceStats } from '../space/extents.js';

export interface TransactionInfo {
  readonly label: string;
  readonly ageMs: number;
  /** Bytes of its own entries in memory. */
  readonly memoryBytes: number;
  readonly pendingTables: number;
}

export interface MergeRecord {
  readonly reason: string;
  readonly inputLevel: number;
  readonly outputLevel: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Bytes written for each byte that went down a level. */
  readonly rewrittenPerPromoted: number;
  readonly tombstonesDropped: number;
  readonly ms: number;
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
  readonly pins: { readonly count: number; readonly versions: readonly PinnedVersionInfo[]; readonly oldest: readonly PinInfo[] };
  readonly transactions: readonly TransactionInfo[];
  readonly memtables: { readonly count: number; readonly entries: number; readonly bytes: number };
  readonly logs: { readonly count: number; readonly bytes: number };
  readonly blobs: { readonly count: number; readonly bytes: number };
  readonly cache: {
    readonly hits: number;
    readonly misses: number;
    readonly bytes: number;
    readonly evictions: number;
  };
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
