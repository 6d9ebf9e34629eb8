/**
 * Frozen memtables become tables, oldest first. A flush that fails is tried again, after a while or when a writer asks;
 * until then the log holds what the memtable does.
 */
import type { Extent } from '../base/extent.js';
import type { Clock } from '../env/env.js';
import type { LsmError } from '../errors.js';
import { isSyncFailure } from '../manifest/manifest-log.js';
import { extentOf } from '../manifest/manifest-state.js';
import type { JobRunner } from '../merge/job-runner.js';
import type { KeySpan } from '../merge/spans.js';
import type { HoldList } from '../read/snapshot.js';
import type { LogSet } from '../transaction/group-commit.js';
import { deeperSpansOf } from './job-inputs.js';
import type { LiveState, MemtableLayer } from './live-state.js';

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 10_000;

export interface FlusherParts {
  readonly clock: Clock;
  readonly live: LiveState;
  /** undefined when the store is open for reading only. */
  readonly logs: LogSet | undefined;
  readonly holds: HoldList;
  readonly runner: JobRunner;
  readonly tableBytes: number;
  lastSeq(): number;
  /** Gives back the tables of a flush that could not be published. */
  giveBack(extents: readonly Extent[]): void;
  /** Frees space that no version knows of, once no reader of the present state is left. */
  retireUnpublished(extents: readonly Extent[]): void;
  onFlushed(tableBytes: number): void;
  onError(error: LsmError): void;
  onFatal(cause: LsmError): void;
}

export class Flusher {
  error: LsmError | undefined = undefined;
  /** Flushes that failed so far. */
  failureCount = 0;
  private working: Promise<void> | undefined = undefined;
  private cancelRetry: (() => void) | undefined = undefined;
  private retryMs = FIRST_RETRY_MS;
  private isClosed = false;
  /** Called when the next flush has ended, well or not. */
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly parts: FlusherParts) {}

  get isBusy(): boolean {
    return this.working !== undefined;
  }

  /** Starts flushing what is frozen, unless that is under way. */
  poke(): void {
    if (this.isClosed || this.working !== undefined || this.parts.live.oldestFrozen === undefined) return;
    this.cancelRetry?.();
    this.cancelRetry = undefined;
    this.working = this.run().finally(() => {
      this.working = undefined;
      if (this.error === undefined && this.parts.live.oldestFrozen !== undefined) this.poke();
    });
  }

  /**
   * Resolves when nothing is frozen any more of what is older than `order`.
   * @throws what makes the flush fail
   */
  async drained(order = Infinity): Promise<void> {
    const { live } = this.parts;
    while (live.oldestFrozen !== undefined && live.oldestFrozen.layer.order < order) {
      this.poke();
      if (this.working === undefined) return;
      // Not for all that is frozen meanwhile: under steady writes that would have no end.
      await new Promise<void>((resolve) => this.waiting.push(resolve));
      if (this.error !== undefined) throw this.error;
    }
  }

  /** Tries at once what failed before. @throws what makes it fail now */
  async retry(): Promise<void> {
    this.poke();
    if (this.working !== undefined) await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (this.error !== undefined) throw this.error;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.cancelRetry?.();
    await this.working;
  }

  private wakeAll(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }

  private async run(): Promise<void> {
    const { live, clock } = this.parts;
    for (let next = live.oldestFrozen; next !== undefined; next = live.oldestFrozen) {
      try {
        await this.flush(next);
        this.error = undefined;
        this.retryMs = FIRST_RETRY_MS;
        this.wakeAll();
      } catch (error) {
        this.error = error as LsmError;
        this.failureCount++;
        if (isSyncFailure(error)) this.parts.onFatal(error);
        else if (!this.isClosed) {
          this.cancelRetry = clock.after(this.retryMs, () => this.poke());
          this.retryMs = Math.min(LAST_RETRY_MS, this.retryMs * 2);
        }
        this.parts.onError(this.error);
        this.wakeAll();
        return;
      }
    }
  }

  /**
   * Only where no older run lies below can a deletion be dropped already, and for no reader: one of an older version may
   * have tables there that are gone by now, and what this flush writes takes the memtable's place for him too.
   * @returns undefined: all deletions stay
   */
  private deeperSpans(order: number): KeySpan[] | undefined {
    const { live, holds } = this.parts;
    const oldest = holds.oldestHold;
    if (oldest !== undefined && oldest.state.versionNumber !== live.version.number) return undefined;
    return deeperSpansOf(live.version, order);
  }

  private async flush(target: MemtableLayer): Promise<void> {
    const { live, logs, holds, runner, clock } = this.parts;
    const { memtable, layer, logNumber } = target;
    // Not in the turn of the write that filled it, nor at the end of that turn.
    await clock.turn();
    await clock.turn();
    const entries = memtable.exportSorted();
    await clock.turn();
    const oldest = holds.oldestHold;
    const result = await runner.flush({
      entries,
      snapshots: holds.seqsUpTo(memtable.maxSeq),
      keepSeqsAbove: oldest === undefined ? this.parts.lastSeq() : oldest.seq,
      tableBytes: this.parts.tableBytes,
      deeperSpans: this.deeperSpans(layer.order),
    });
    const blobs = live.blobsOf(layer);
    const dropped = new Set(result.droppedBlobs);
    const used = [...blobs].filter(([id]) => !dropped.has(id));
    // Blobs that no entry refers to any more were never part of a version; an older reader may still look at them.
    const unused = [...blobs].filter(([id]) => dropped.has(id)).flatMap(([, extents]) => extents);
    try {
      await live.publish(
        () => ({
          addTables: result.tables.map((meta) => ({ level: 0, order: layer.order, meta })),
          addBlobs: used.map(([id, extents]) => ({ id, extents })),
          firstLog: logNumber + 1,
          dataSeq: memtable.maxSeq,
        }),
        () => live.finishFlush(target),
      );
    } catch (error) {
      if (!isSyncFailure(error)) {
        this.parts.giveBack(result.tables.map(extentOf));
      }
      throw error;
    }
    let tableBytes = 0;
    for (const { dataBytes } of result.tables) tableBytes += dataBytes;
    this.parts.onFlushed(tableBytes);
    try {
      await logs!.retireBelow(logNumber + 1);
    } catch (error) {
      // The flush is done; a log that is left over is in nobody's way.
      this.parts.onError(error as LsmError);
    }
    this.parts.retireUnpublished(unused);
  }
}
