/**
 * Several runs become one. Of each key the newest version stays: readers of older versions of the store keep the older
 * tables. Tables whose keys are all deleted by newer inputs are not even read; tables that no other input reaches into
 * stay as they are.
 */
import type { SourceCursor } from '../read/source-cursor.js';
import { codecId } from '../table/codec.js';
import { RunCursor } from '../table/run-cursor.js';
import type { ReadWindows } from '../table/table-cursor.js';
import type { TableReader } from '../table/table-reader.js';
import { deletionFragments, isSpanDeleted, type RangeDeletion } from './deletions.js';
import { InputTables } from './input-tables.js';
import type { JobParams } from './job.js';
import { RewriteJob } from './rewrite-job.js';
import { tableSpan, type KeySpan } from './spans.js';

export interface MergeJobParams extends JobParams {
  /** Tables one level below the output: ascending, disjoint. */
  readonly nextLevel: readonly KeySpan[];
  /** Tables with a greater share of tombstones are rewritten even if nothing else reaches into them. */
  readonly passTombstoneShare: number;
  /** What each input run reads at once. */
  readonly windows: ReadWindows;
}

/** Tables filled less than this are rewritten even if nothing else reaches into them. */
const PASS_FILL = 0.5;

/** @param runs  newest first, each disjoint and ascending */
export function mergeJob(runs: readonly (readonly TableReader[])[], params: MergeJobParams): RewriteJob {
  const fragments = deletionFragments(runs.map(deletionsOf), []);
  const droppedBlobs: number[] = [];
  const inputs: TableReader[][] = [];
  let entryCount = 0;
  let bytesIn = 0;
  for (let rank = 0; rank < runs.length; rank++) {
    const tables: TableReader[] = [];
    for (const table of runs[rank]!) {
      if (isSpanDeleted(fragments, tableSpan(table.meta), rank)) {
        if (table.meta.blobCount > 0) droppedBlobs.push(...table.blobIds());
        continue;
      }
      tables.push(table);
      entryCount += table.meta.entryCount;
      bytesIn += table.meta.dataBytes;
    }
    // A run without tables keeps its place: ranks count all runs.
    inputs.push(tables);
  }
  const { windows } = params;
  const sources: SourceCursor[] = inputs.map((tables) => new RunCursor(tables, { windows, useCache: false }));
  const limits = {
    leastBytes: PASS_FILL * params.tableBytes,
    tombstoneShare: params.passTombstoneShare,
  };
  const tables = new InputTables(inputs, sources, fragments, limits, codecId(params.builder.codec));
  return new RewriteJob(
    {
      sources,
      fragments,
      snapshots: [],
      nextLevel: params.nextLevel,
      entryCount,
      bytesIn,
      droppedBlobs,
      tables,
    },
    params,
  );
}

/** The range tombstones of a run. */
function deletionsOf(tables: readonly TableReader[]): RangeDeletion[] {
  return tables.flatMap((table) => (table.meta.rangeTombstoneCount > 0 ? [...table.rangeTombstones()] : []));
}
