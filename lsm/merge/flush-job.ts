/**
 * A memtable's entries become tables of one run of level 0. Of each key the newest version stays, and each older one
 * that a live snapshot sees: pinned versions read the run in place of the memtable from then on.
 */
import { SortedEntriesCursor, type SortedEntries } from '../memtable/sorted-entries.js';
import { deletionFragments } from './deletions.js';
import type { JobParams } from './job.js';
import { RewriteJob } from './rewrite-job.js';

export interface FlushJobParams extends JobParams {
  /** Sequence numbers of live snapshots, ascending. */
  readonly snapshots: readonly number[];
}

export function flushJob(entries: SortedEntries, params: FlushJobParams): RewriteJob {
  return new RewriteJob(
    {
      sources: [new SortedEntriesCursor(entries)],
      fragments: deletionFragments([entries.tombstones], params.snapshots),
      snapshots: params.snapshots,
      nextLevel: [],
      entryCount: entries.count,
      bytesIn: entries.arena.length,
      droppedBlobs: [],
      tables: undefined,
    },
    params,
  );
}
