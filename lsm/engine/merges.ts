/** How the results of merges, and range deletions that cover whole tables, become part of the store. */
import type { Bytes } from '../base/bytes.js';
import type { Extent } from '../base/extent.js';
import { LsmError } from '../errors.js';
import { isSyncFailure } from '../manifest/manifest-log.js';
import { extentOf } from '../manifest/manifest-state.js';
import type { TableMeta } from '../manifest/table-meta.js';
import type { Version } from '../manifest/version.js';
import type { PickState } from '../merge/pick.js';
import type { MergeChange } from '../merge/schedule.js';
import { endsBefore } from '../merge/spans.js';
import type { HoldList } from '../read/snapshot.js';
import type { LiveState } from './live-state.js';

export interface MergesParts {
  readonly live: LiveState;
  readonly holds: HoldList;
  readonly levelPointers: ReadonlyMap<number, Bytes>;
  lastSeq(): number;
  giveBack(extent: Extent): void;
  onMerged(tableBytes: number): void;
  onFatal(cause: LsmError): void;
}

export class Merges {
  constructor(private readonly parts: MergesParts) {}

  pickState(): Omit<PickState, 'options'> {
    const { live, holds, levelPointers } = this.parts;
    const oldest = holds.oldestHold;
    return {
      levelPointers,
      busyTables: this.tablesAboveMemtables(live.version),
      keepSeqsAbove: oldest === undefined ? this.parts.lastSeq() : oldest.seq,
    };
  }

  /** Makes a merge's result current, if its inputs are still what they were. */
  async publish(change: MergeChange): Promise<void> {
    const { live } = this.parts;
    const { outputLevel, inputLevel } = change.plan;
    let isPublished = false;
    try {
      isPublished = await live.publish((version) => {
        const present = idsOf(version);
        if (!change.removeTables.every((id) => present.has(id))) return undefined;
        return {
          removeTables: change.removeTables,
          addTables: change.addTables.map((meta) => ({ level: outputLevel, order: 0, meta })),
          removeBlobs: change.droppedBlobs,
          levelPointers: change.pointer === undefined ? [] : [{ level: inputLevel, key: change.pointer }],
        };
      });
    } catch (error) {
      if (isSyncFailure(error)) this.parts.onFatal(error);
      else this.giveBack(change.newTables);
      throw error;
    }
    if (!isPublished) this.giveBack(change.newTables);
    else this.parts.onMerged(change.newTables.reduce((sum, table) => sum + table.dataBytes, 0));
  }

  /**
   * Drops the tables that lie wholly inside [low, high), which was deleted by a write that is durable by now.
   * @param seq  number of that write: newer tables stay
   * @returns how many tables went
   */
  async dropCovered(low: Bytes | undefined, high: Bytes | undefined, seq: number): Promise<number> {
    const { live } = this.parts;
    let count = 0;
    await live.publish((version) => {
      const gone = coveredTables(version, low, high, seq);
      count = gone.length;
      if (count === 0) return undefined;
      const removeBlobs = gone.flatMap((meta) =>
        meta.blobCount === 0 ? [] : [...live.tableReader(meta).blobIds()],
      );
      return { removeTables: gone.map(({ id }) => id), removeBlobs };
    });
    return count;
  }

  /** Whether `dropCovered` would find anything. */
  hasCovered(low: Bytes | undefined, high: Bytes | undefined, seq: number): boolean {
    return coveredTables(this.parts.live.version, low, high, seq).length > 0;
  }

  /** A memtable that is not flushed yet will lie below runs that came in after it: those must stay in level 0. */
  private tablesAboveMemtables(version: Version): ReadonlySet<number> {
    const oldest = this.parts.live.oldestFrozen;
    const busy = new Set<number>();
    if (oldest === undefined) return busy;
    for (const run of version.runs) {
      if (run.level === 0 && run.order > oldest.layer.order) for (const { id } of run.tables) busy.add(id);
    }
    return busy;
  }

  private giveBack(tables: readonly TableMeta[]): void {
    for (const table of tables) this.parts.giveBack(extentOf(table));
  }
}

function coveredTables(
  version: Version,
  low: Bytes | undefined,
  high: Bytes | undefined,
  seq: number,
): TableMeta[] {
  const covered: TableMeta[] = [];
  for (const run of version.runs) {
    for (const meta of run.tables) {
      if (meta.maxSeq > seq || meta.commitSeq > seq) continue;
      if (high !== undefined && !endsBefore(meta.highKey, high)) continue;
      if (low === undefined || !endsBefore(meta.lowKey, low)) covered.push(meta);
    }
  }
  return covered;
}

function idsOf(version: Version): Set<number> {
  const ids = new Set<number>();
  for (const run of version.runs) for (const { id } of run.tables) ids.add(id);
  return ids;
}
