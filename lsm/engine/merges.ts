/** How the results of merges, and range deletions that cover whole tables, become part of the store. */
import type { Bytes } from '../base/bytes.js';
import type { Extent } from '../base/extent.js';
import type { Clock } from '../env/env.js';
import type { LsmError } from '../errors.js';
import { isSyncFailure } from '../manifest/manifest-log.js';
import { extentOf } from '../manifest/manifest-state.js';
import type { TableMeta } from '../manifest/table-meta.js';
import { tablesOf, type Version } from '../manifest/version.js';
import type { FlushSpec, JobOutcome, JobRunner, MergeSpec } from '../merge/job-runner.js';
import type { PickState } from '../merge/pick.js';
import type { MergeChange } from '../merge/schedule.js';
import { endsBefore } from '../merge/spans.js';
import type { HoldList } from '../read/snapshot.js';
import type { Pins } from '../space/pins.js';
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

  /** Ids of the tables of this moment that lie wholly inside [low, high). */
  coveredTables(low: Bytes | undefined, high: Bytes | undefined): number[] {
    const covered: number[] = [];
    for (const { tables } of this.parts.live.version.runs) {
      for (const { id, lowKey, highKey } of tables) {
        if (high !== undefined && !endsBefore(highKey, high)) continue;
        if (low === undefined || !endsBefore(lowKey, low)) covered.push(id);
      }
    }
    return covered;
  }

  /** Takes tables out of the store, those that are still there. All that they hold was deleted by a durable write. */
  async drop(ids: ReadonlySet<number>): Promise<void> {
    const { live } = this.parts;
    try {
      await live.publish((version) => {
        const gone = [...tablesOf(version)].filter(({ id }) => ids.has(id));
        if (gone.length === 0) return undefined;
        const removeBlobs = gone.flatMap((meta) =>
          meta.blobCount === 0 ? [] : [...live.tableReader(meta).blobIds()],
        );
        return { removeTables: gone.map(({ id }) => id), removeBlobs };
      });
    } catch (error) {
      if (isSyncFailure(error)) this.parts.onFatal(error);
      throw error;
    }
  }

  /** Whether runs came in that are newer than a memtable which is not flushed yet. */
  get hasRunsAboveMemtables(): boolean {
    return this.tablesAboveMemtables(this.parts.live.version).size > 0;
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

/** Runs merges whose inputs stay where they are meanwhile: a range deletion may take them out of the version. */
export class PinningRunner implements JobRunner {
  constructor(
    private readonly runner: JobRunner,
    private readonly pins: Pins,
    private readonly version: () => number,
    private readonly clock: Clock,
  ) {}

  flush(spec: FlushSpec): Promise<JobOutcome> {
    return this.runner.flush(spec);
  }

  async merge(spec: MergeSpec): Promise<JobOutcome> {
    const pin = this.pins.pin(this.version(), this.clock.nowMs(), 'merge');
    try {
      return await this.runner.merge(spec);
    } finally {
      this.pins.unpin(pin);
    }
  }

  cancelMerges(): void {
    this.runner.cancelMerges();
  }

  prepare(): void {
    this.runner.prepare();
  }

  letGo(): Promise<void> {
    return this.runner.letGo();
  }

  close(): Promise<void> {
    return this.runner.close();
  }
}

function idsOf(version: Version): Set<number> {
  const ids = new Set<number>();
  for (const run of version.runs) for (const { id } of run.tables) ids.add(id);
  return ids;
}
