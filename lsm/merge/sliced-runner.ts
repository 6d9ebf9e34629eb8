/**
 * Runs jobs in time slices: on the store's own thread where there is no other, and inside the worker. A merge stands
 * still while a flush runs.
 */
import { extentBytesFor, type Extent } from '../base/extent.js';
import { BlockCache } from '../cache/block-cache.js';
import type { Cipher } from '../env/cipher.js';
import type { Clock } from '../env/env.js';
import type { File } from '../env/file-system.js';
import { LsmError } from '../errors.js';
import type { TableMeta } from '../manifest/table-meta.js';
import { sortEntries } from '../memtable/sort-entries.js';
import { ReadWindows } from '../table/table-cursor.js';
import { TableReader } from '../table/table-reader.js';
import { newBuilder } from './table-output.js';
import type { FinishedTable, TableBuilder, TableBuilderOptions } from '../table/table-builder.js';
import { driveJob, driveJobNow } from './drive.js';
import { flushJob } from './flush-job.js';
import type { JobParams, JobRules, RunningJob } from './job.js';
import type { FlushSpec, JobOutcome, JobOwner, JobRunner, MergeSpec, TableForm } from './job-runner.js';
import { LoadJob } from './load-job.js';
import { mergeJob } from './merge-job.js';

/** Space and ids for a job; the space may have to be asked for elsewhere. */
export interface JobSupplies {
  allocate(bytes: number): Extent | Promise<Extent>;
  giveBack(extent: Extent): void;
  nextTableId(): number;
}

export interface SlicedRunnerParts {
  readonly file: File;
  readonly cipher: Cipher | undefined;
  readonly form: TableForm;
  readonly clock: Clock;
  /** Milliseconds a job may hold the event loop. */
  readonly sliceMs: number;
  /** Whether a job ends with a sync of the file, so that the one of the manifest has less to do. */
  readonly isSyncing: boolean;
}

/** Bytes each input run of a merge reads at once, and how many buffers for it are kept. */
const WINDOW_BYTES = 128 * 1024;
const KEPT_WINDOWS = 16;
/** A table is written in pieces of this many bytes. */
const WRITE_BYTES = 1024 * 1024;
/** Indexes of tables in merges are kept in a cache of their own. */
const CACHE_BYTES = 8 * 1024 * 1024;

/** What one job is up to. */
interface Run {
  isCancelled: boolean;
  sliceEndMs: number;
  readonly isFlush: boolean;
  readonly supplies: JobSupplies;
  readonly lent: Extent[];
}

type Builders = readonly TableBuilder[];

/** A flush or a merge that has not begun. */
interface Job {
  run(): RunningJob;
}

/** A merge writes one table while it builds the next; a flush writes few, and waits for each. */
const FLUSH_BUILDERS = 1;
const MERGE_BUILDERS = 2;

export class SlicedRunner implements JobRunner {
  private readonly runs = new Set<Run>();
  private readonly cache: BlockCache;
  private readonly builder: TableBuilderOptions;
  /** The buffers of a table are large: those of jobs that ended are used again. A flush runs beside a merge at most. */
  private readonly spareBuilders: TableBuilder[] = [];
  private readonly windows = new ReadWindows(WINDOW_BYTES, KEPT_WINDOWS);
  private flushes: Promise<unknown> = Promise.resolve();
  private merges: Promise<unknown> = Promise.resolve();
  private flushCount = 0;
  private isClosed = false;

  constructor(
    private readonly parts: SlicedRunnerParts,
    private readonly supplies: JobSupplies,
  ) {
    this.cache = new BlockCache(CACHE_BYTES, parts.form.blockBytes);
    this.builder = { ...parts.form, cipher: parts.cipher };
  }

  /** @param supplies  where space and ids for this job come from, if not from the runner's owner */
  flush(spec: FlushSpec, supplies = this.supplies): Promise<JobOutcome> {
    if (this.isClosed) return Promise.reject(new LsmError('the store is closed', 'Closed'));
    const run = this.startRun(true, supplies);
    const make = (builders: Builders): Job => this.flushJob(spec, supplies, builders);
    this.flushCount++;
    const done = this.flushes.then(() => this.execute(run, outputBytesOf(spec), make));
    this.flushes = done.then(ignore, ignore).then(() => this.flushCount--);
    return done;
  }

  /** @param supplies  see flush */
  merge(spec: MergeSpec, supplies = this.supplies): Promise<JobOutcome> {
    if (this.isClosed) return Promise.reject(new LsmError('the store is closed', 'Closed'));
    const run = this.startRun(false, supplies);
    const readers = this.readersOf(spec);
    const done = this.merges
      .then(() =>
        this.execute(run, spec.tableBytes, (builders) => this.mergeJob(readers, spec, supplies, builders)),
      )
      .finally(() => dropReaders(readers));
    this.merges = done.then(ignore, ignore);
    return done;
  }

  /** A flush in one go, holding the event loop; for owners who lend space at once. */
  flushNow(spec: FlushSpec, owner: JobOwner): JobOutcome {
    const lent: Extent[] = [];
    const startMs = this.parts.clock.nowMs();
    const builders = this.takeBuilders(FLUSH_BUILDERS, outputBytesOf(spec));
    try {
      const job = this.flushJob(spec, owner, builders).run();
      const { result, tables } = driveJobNow(job, ({ bytes, meta }) => {
        const extent = owner.allocate(extentBytesFor(bytes.length));
        lent.push(extent);
        this.parts.file.write(bytes, 0, bytes.length, extent.offset);
        return { ...meta, offset: extent.offset, extentBytes: extent.bytes };
      });
      return { ...result, tables, stats: { ...result.stats, ms: this.parts.clock.nowMs() - startMs } };
    } catch (error) {
      for (const extent of lent) owner.giveBack(extent);
      throw error;
    } finally {
      this.spareBuilders.push(...builders);
    }
  }

  cancelMerges(): void {
    for (const run of this.runs) if (!run.isFlush) run.isCancelled = true;
  }

  prepare(): void {
    // all there is to take is memory, which is better taken late
  }

  letGo(): Promise<void> {
    if (this.runs.size === 0) this.spareBuilders.length = 0;
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const run of this.runs) run.isCancelled = true;
    await this.flushes;
    await this.merges;
  }

  private startRun(isFlush: boolean, supplies: JobSupplies): Run {
    const run: Run = { isCancelled: false, sliceEndMs: 0, isFlush, supplies, lent: [] };
    this.runs.add(run);
    return run;
  }

  private flushJob(spec: FlushSpec, supplies: JobSupplies, builders: Builders): Job {
    const { entries } = spec;
    const params = { ...this.jobParams(spec, supplies), builders };
    if (spec.isUnsorted !== true) return flushJob(entries, { ...params, snapshots: spec.snapshots });
    sortEntries(entries.arena, entries.offsets);
    return new LoadJob(entries, params);
  }

  private jobParams(rules: JobRules, supplies: JobSupplies): JobParams {
    return {
      tableBytes: rules.tableBytes,
      keepSeqsAbove: rules.keepSeqsAbove,
      deeperSpans: rules.deeperSpans,
      builder: this.builder,
      nextTableId: () => supplies.nextTableId(),
    };
  }

  private readersOf(spec: MergeSpec): TableReader[][] {
    const { file, cipher } = this.parts;
    return spec.runs.map((tables) =>
      tables.map((meta) => new TableReader(file, meta, this.cache, cipher, file.path, false)),
    );
  }

  private mergeJob(
    readers: TableReader[][],
    spec: MergeSpec,
    supplies: JobSupplies,
    builders: Builders,
  ): Job {
    return mergeJob(readers, {
      ...this.jobParams(spec, supplies),
      builders,
      nextLevel: spec.nextLevel,
      passTombstoneShare: spec.passTombstoneShare,
      windows: this.windows,
    });
  }

  private async execute(
    run: Run,
    tableBytes: number,
    make: (builders: Builders) => Job,
  ): Promise<JobOutcome> {
    const { clock, file } = this.parts;
    const builders = this.takeBuilders(run.isFlush ? FLUSH_BUILDERS : MERGE_BUILDERS, tableBytes);
    try {
      await this.rest(run);
      const startMs = clock.nowMs();
      const { result, tables } = await driveJob(
        make(builders).run(),
        (table) => this.place(run, table),
        () => this.rest(run),
        builders.length,
      );
      if (this.parts.isSyncing && tables.length > 0) await file.sync();
      return { ...result, tables, stats: { ...result.stats, ms: clock.nowMs() - startMs } };
    } catch (error) {
      for (const extent of run.lent) run.supplies.giveBack(extent);
      throw error;
    } finally {
      this.spareBuilders.push(...builders);
      this.runs.delete(run);
    }
  }

  private takeBuilders(count: number, tableBytes: number): Builders {
    return Array.from(
      { length: count },
      () => this.spareBuilders.pop() ?? newBuilder(this.builder, tableBytes),
    );
  }

  /** Between slices: lets the event loop and flushes go first. @throws LsmError Aborted, Closed */
  private async rest(run: Run): Promise<void> {
    const { clock, sliceMs } = this.parts;
    if (clock.nowMs() >= run.sliceEndMs) {
      await clock.turn();
      run.sliceEndMs = clock.nowMs() + sliceMs;
    }
    while (!run.isFlush && this.flushCount > 0 && !run.isCancelled) {
      await this.flushes;
      run.sliceEndMs = clock.nowMs() + sliceMs;
    }
    if (this.isClosed) throw new LsmError('the store is closing', 'Aborted');
    if (run.isCancelled) throw new LsmError('the merge was cancelled', 'Aborted');
  }

  private async place(run: Run, { bytes, meta }: FinishedTable): Promise<TableMeta> {
    const extent = await run.supplies.allocate(extentBytesFor(bytes.length));
    run.lent.push(extent);
    for (let at = 0; at < bytes.length; at += WRITE_BYTES) {
      if (at > 0) await this.rest(run);
      const length = Math.min(WRITE_BYTES, bytes.length - at);
      this.parts.file.write(bytes, at, length, extent.offset + at);
    }
    return { ...meta, offset: extent.offset, extentBytes: extent.bytes };
  }
}

/** Their indexes count against the runner's cache. */
function dropReaders(runs: readonly (readonly TableReader[])[]): void {
  for (const readers of runs) for (const reader of readers) reader.dropMemory();
}

function ignore(): void {}

/** What its first table may come to. */
function outputBytesOf({ tableBytes, entries }: FlushSpec): number {
  return Math.min(tableBytes, entries.arena.length);
}
