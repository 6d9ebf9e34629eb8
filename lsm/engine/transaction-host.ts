/** Serves the open transactions: see transaction/host.ts for what they may ask. */
import type { LsmError } from '../errors.js';
import { collectSoon } from '../base/let-go.js';
import type { BlobWriter } from '../blob/blob-writer.js';
import type { BlockCache } from '../cache/block-cache.js';
import { LentMemory } from '../cache/work-memory.js';
import type { Clock } from '../env/env.js';
import { extentOf } from '../manifest/manifest-state.js';
import { isSyncFailure } from '../manifest/manifest-log.js';
import { tableMeta, type TableMeta } from '../manifest/table-meta.js';
import type { SortedEntries } from '../memtable/sorted-entries.js';
import type { FlushSpec, JobOutcome, JobRunner } from '../merge/job-runner.js';
import { TransactionSpares } from '../transaction/spares.js';
import { OpsBuffer } from '../transaction/write-batch.js';
import type { NewBlob, PreparedRuns, TransactionHost } from '../transaction/host.js';
import type { LogSet } from '../transaction/group-commit.js';
import type { ResolvedOptions } from '../options.js';
import type { Layer } from '../read/layer.js';
import { RunReader } from '../read/run-reader.js';
import { Hold, type HoldList } from '../read/snapshot.js';
import { MAX_SEQ, type ReadContext } from '../read/view.js';
import type { TableReader } from '../table/table-reader.js';
import type { BlobStore } from './blob-store.js';
import type { LiveState } from './live-state.js';
import type { SpaceKeeper } from './space-keeper.js';
import type { TransactionInfo } from './stats.js';
import type { WritePath } from './write-path.js';

/** What writing and merging tables takes beside the entries: the heap of a thread, tables being built, windows of others. */
const JOBS_BYTES = 24 << 20;
/** What work with pending tables takes at least, in whichever of its phases: reading many of them takes windows, too. */
const LEAST_WORK_BYTES = 48 << 20;

export interface HostParts {
  readonly context: ReadContext;
  readonly options: ResolvedOptions;
  readonly cache: BlockCache;
  /** Flushes and merges run in a worker thread. */
  readonly isShared: boolean;
  readonly clock: Clock;
  readonly live: LiveState;
  readonly holds: HoldList;
  readonly writes: WritePath;
  /** undefined when the store is open for reading only. */
  readonly logs: LogSet | undefined;
  readonly runner: JobRunner;
  readonly blobs: BlobStore;
  readonly space: SpaceKeeper;
  flushNow(spec: FlushSpec): JobOutcome;
  openTable(meta: TableMeta): TableReader;
  /** Frees what nobody needs any more, and cuts off the file's free tail if that is long. */
  trim(): void;
  onAdopted(tableBytes: number): void;
  onFatal(cause: LsmError): void;
}

/** What holds pending tables: a transaction, or a load. */
export interface OpenWork {
  readonly label: string;
  /** Milliseconds, by the store's clock, at which it began. */
  readonly since: number;
  readonly memoryBytes: number;
  readonly pendingTables: number;
  rollback(): void;
}

export class StoreTransactions implements TransactionHost {
  readonly context: ReadContext;
  readonly options: ResolvedOptions;
  readonly scratchOps = new OpsBuffer();
  readonly spares: TransactionSpares;
  private readonly open = new Set<OpenWork>();
  private readonly memory: LentMemory;
  private sliceEndMs = 0;

  constructor(private readonly parts: HostParts) {
    this.context = parts.context;
    this.options = parts.options;
    this.spares = new TransactionSpares(parts.options.transactionBytes, parts.isShared);
    this.memory = new LentMemory(parts.cache);
  }

  add<T extends OpenWork>(transaction: T): T {
    this.open.add(transaction);
    return transaction;
  }

  ended(transaction: object, usedSpace: boolean): void {
    this.open.delete(transaction as OpenWork);
    if (this.open.size === 0) this.spares.dropLarge();
    if (this.memory.isTaken) this.memoryChanged();
    // A small one that held nothing up costs no look at the file.
    if (this.open.size === 0 && (this.parts.space.release() > 0 || usedSpace)) this.parts.trim();
  }

  memoryChanged(): void {
    const largeBytes = this.options.transactionBytes / 2;
    let bytes = this.spares.largeBytes;
    let isAtWork = false;
    for (const { memoryBytes, pendingTables } of this.open) {
      if (pendingTables === 0 && memoryBytes < largeBytes) continue;
      bytes += memoryBytes;
      isAtWork = true;
    }
    this.memory.set(isAtWork ? Math.max(bytes + JOBS_BYTES, LEAST_WORK_BYTES) : bytes);
  }

  async rest(): Promise<void> {
    this.spares.dropLarge();
    this.memoryChanged();
    await this.parts.runner.letGo();
    collectSoon();
  }

  /** Ends all of them: the store closes. */
  rollbackAll(): void {
    for (const transaction of [...this.open]) transaction.rollback();
  }

  list(nowMs: number): TransactionInfo[] {
    return [...this.open].map((transaction) => ({
      label: transaction.label,
      ageMs: nowMs - transaction.since,
      memoryBytes: transaction.memoryBytes,
      pendingTables: transaction.pendingTables,
    }));
  }

  checkWritable(): void {
    const refusal = this.parts.writes.refusedWith;
    if (refusal !== undefined) throw refusal;
  }

  takeHold(label: string): Hold {
    const { holds, live, writes, clock } = this.parts;
    return holds.add(new Hold(writes.lastSeq, live.state, clock.nowMs(), label));
  }

  holdAgain(hold: Hold): Hold {
    return this.parts.holds.add(new Hold(hold.seq, hold.state, hold.since, 'cursor of a transaction'));
  }

  releaseHold(hold: Hold): void {
    this.parts.holds.remove(hold);
  }

  currentLayers(): readonly Layer[] {
    return this.parts.live.state.layers;
  }

  nowMs(): number {
    return this.parts.clock.nowMs();
  }

  get isShared(): boolean {
    return this.parts.isShared;
  }

  currentSeq(): number {
    return this.parts.writes.lastSeq;
  }

  expectRuns(): void {
    this.parts.runner.prepare();
  }

  async buildRun(entries: SortedEntries, isUnsorted = false): Promise<RunReader> {
    return this.runOf((await this.parts.runner.flush({ ...this.flushSpec(entries), isUnsorted })).tables);
  }

  buildRunNow(entries: SortedEntries): RunReader {
    return this.runOf(this.parts.flushNow(this.flushSpec(entries)).tables);
  }

  async mergeRuns(runs: readonly RunReader[]): Promise<{ run: RunReader; droppedBlobs: readonly number[] }> {
    const outcome = await this.parts.runner.merge({
      runs: runs.map((run) => run.tables.map((table) => table.meta)),
      nextLevel: [],
      passTombstoneShare: -1,
      tableBytes: this.options.tableBytes,
      keepSeqsAbove: MAX_SEQ,
      deeperSpans: undefined,
    });
    return { run: this.runOf(outcome.tables), droppedBlobs: outcome.droppedBlobs };
  }

  dropRun(run: RunReader): void {
    for (const table of run.tables) {
      table.close();
      this.parts.space.giveBack(extentOf(table.meta));
    }
  }

  newBlobWriter(): BlobWriter {
    return this.parts.blobs.newWriter();
  }

  dropBlob(blob: NewBlob): void {
    // Where only the sync of a commit failed, the commit itself is there.
    if (this.parts.live.knowsBlob(blob.id)) return;
    for (const extent of blob.extents) this.parts.space.giveBack(extent);
  }

  fits(bytes: number): boolean {
    return this.parts.writes.fits(bytes);
  }

  commitOps(ops: OpsBuffer, blobs: readonly NewBlob[], sync: boolean, check: () => void): Promise<void> {
    const { writes } = this.parts;
    return writes.commit(ops.length, sync, () => {
      check();
      if (ops.count > 0) writes.apply(ops.bytes, 0, ops.length, ops.count, ops.segments, blobs);
    });
  }

  commitRuns(prepare: () => Promise<PreparedRuns>, isInTurn: boolean): Promise<void> {
    const run = async (): Promise<void> => this.adopt(await prepare());
    return isInTurn ? run() : this.parts.writes.exclusive(run);
  }

  async yieldSlice(): Promise<void> {
    const { clock } = this.parts;
    if (clock.nowMs() < this.sliceEndMs) return;
    await clock.turn();
    this.sliceEndMs = clock.nowMs() + this.options.sliceMs;
  }

  /** Makes pending runs part of the store, above everything committed so far. */
  private async adopt({ runs, blobs, letGo }: PreparedRuns): Promise<void> {
    const { writes, live, logs } = this.parts;
    // What was committed before must not be lost where this is kept, and must lie below it.
    await logs!.sync();
    await writes.freezeWhenPossible();
    const first = writes.lastSeq + 1;
    const commitSeq = writes.lastSeq + runs.length;
    const addTables = runs.flatMap((run, i) =>
      run.tables.map(({ meta }) => ({
        level: 0,
        order: first + i,
        meta: { ...meta, commitSeq, maxSeq: commitSeq },
      })),
    );
    try {
      await live.publish(
        () => ({
          addTables,
          addBlobs: blobs.map(({ id, extents }) => ({ id, extents })),
          dataSeq: commitSeq,
        }),
        () => {
          writes.lastSeq = commitSeq;
          live.raiseActiveOrder(commitSeq + 1);
        },
      );
    } catch (error) {
      if (isSyncFailure(error)) {
        // The file may tell of them, or not: their space must not be used for anything else.
        letGo();
        this.parts.onFatal(error);
      }
      throw error;
    }
    letGo();
    let bytes = 0;
    for (const { meta } of addTables) bytes += meta.dataBytes;
    this.parts.onAdopted(bytes);
  }

  private flushSpec(entries: SortedEntries): FlushSpec {
    return {
      entries,
      snapshots: [],
      tableBytes: this.options.tableBytes,
      keepSeqsAbove: MAX_SEQ,
      // Every tombstone stays: it hides what lies in the snapshot.
      deeperSpans: undefined,
    };
  }

  private runOf(tables: readonly TableMeta[]): RunReader {
    return new RunReader(tables.map((meta) => this.parts.openTable(tableMeta(meta))));
  }
}
