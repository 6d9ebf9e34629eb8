/**
 * When to merge: one merge after another, for as long as one is due. An error is reported and the merge tried again
 * later; it never stops the store. Writers are slowed, by little at first, when merges do not keep up.
 */
import type { Bytes } from '../base/bytes.js';
import type { Clock } from '../env/env.js';
import { LsmError } from '../errors.js';
import type { TableMeta } from '../manifest/table-meta.js';
import type { Version } from '../manifest/version.js';
import type { ResolvedOptions } from '../options.js';
import { mergeSpecOf, type JobOutcome, type JobRunner } from './job-runner.js';
import { pickMerge, planMergeAll, type MergeOptions, type MergePlan, type PickState } from './pick.js';

/** What a merge changes. */
export interface MergeChange {
  readonly plan: MergePlan;
  /** Tables of the version that go, by id; one that goes up or down a level is among `addTables` too. */
  readonly removeTables: readonly number[];
  /** Tables of `plan.outputLevel` that come. */
  readonly addTables: readonly TableMeta[];
  /** Those of `addTables` that are new: their extents are lent. */
  readonly newTables: readonly TableMeta[];
  readonly droppedBlobs: readonly number[];
  /** Where the next merge out of the input level begins; undefined: as before. */
  readonly pointer: Bytes | undefined;
}

/** What is remembered of a merge, for statistics. */
export interface MergeRecord {
  /** Milliseconds since 1970. */
  readonly endedAtMs: number;
  readonly ms: number;
  readonly reason: MergePlan['reason'];
  readonly score: number;
  readonly inputLevel: number;
  readonly outputLevel: number;
  readonly inputTables: number;
  readonly outputTables: number;
  /** Tables that were not rewritten. */
  readonly movedTables: number;
  /** Bytes of the tables that came from above the output level. */
  readonly bytesPromoted: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly entriesIn: number;
  readonly entriesOut: number;
  readonly tombstonesDropped: number;
}

export interface MergeSchedulerParts {
  readonly clock: Clock;
  readonly options: MergeOptions & Pick<ResolvedOptions, 'autoMerge'>;
  readonly runner: JobRunner;
  version(): Version;
  pickState(): Omit<PickState, 'options'>;
  /** Makes the change durable and visible. New tables are the owner's from the call on, whether it succeeds or not. */
  publish(change: MergeChange): Promise<void>;
  /** No merge is due: a chance to move tables to better places. @returns whether there may be more to do */
  tidy(): Promise<boolean>;
  /** Told of each error once, unless it is a cancellation. */
  onError(error: LsmError): void;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 10_000;
/** How many merges are remembered. */
const RECORDS = 100;

export class MergeScheduler {
  /** Why merges fail at present, if they do. */
  error: LsmError | undefined = undefined;
  private readonly records: MergeRecord[] = [];
  private working: Promise<void> | undefined = undefined;
  private isPoked = false;
  private pauses = 0;
  private isClosed = false;
  private retryMs = FIRST_RETRY_MS;
  private cancelRetry: (() => void) | undefined = undefined;

  constructor(private readonly parts: MergeSchedulerParts) {}

  /** Whether a merge is under way. */
  get isBusy(): boolean {
    return this.working !== undefined;
  }

  /** The last merges, oldest first. */
  get log(): readonly MergeRecord[] {
    return this.records;
  }

  /** Something was written: looks whether a merge is due. While a failure waits for its retry, does nothing. */
  poke(): void {
    this.isPoked = true;
    if (this.isStopped() || !this.parts.options.autoMerge || this.cancelRetry !== undefined) return;
    if (this.working === undefined) this.start(() => this.mergeWhileDue());
  }

  /** Resolves when no merge runs and none is due, or the merge that is due waits for its retry. */
  async idle(): Promise<void> {
    while (this.working !== undefined) await this.working;
  }

  /** No merge begins until `resume`; pauses nest. Resolves when the running one has ended. */
  async pause(): Promise<void> {
    this.pauses++;
    await this.idle();
  }

  resume(): void {
    this.pauses--;
    if (this.pauses === 0) this.poke();
  }

  /** Everything becomes one run at the deepest level, without what is dead. @throws what the merge throws */
  async mergeAll(): Promise<void> {
    while (this.working !== undefined) await this.working;
    if (this.isClosed) throw new LsmError('the store is closed', 'Closed');
    const plan = planMergeAll(this.parts.version(), this.parts.pickState().busyTables);
    if (plan === undefined) return;
    let failure: unknown;
    this.start(async () => {
      try {
        await this.carryOut(plan);
      } catch (error) {
        failure = error;
      }
    });
    await this.working;
    if (failure !== undefined) throw failure;
  }

  /** Cancels the running merge and waits for its end. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.cancelRetry?.();
    this.cancelRetry = undefined;
    if (this.working !== undefined) this.parts.runner.cancelMerges();
    await this.idle();
  }

  private isStopped(): boolean {
    return this.isClosed || this.pauses > 0;
  }

  private start(work: () => Promise<void>): void {
    const working = work().finally(() => {
      this.working = undefined;
      if (this.isPoked) this.poke();
    });
    this.working = working;
  }

  private async mergeWhileDue(): Promise<void> {
    // Not in the turn of whoever poked.
    await this.parts.clock.turn();
    while (!this.isStopped()) {
      this.isPoked = false;
      try {
        const plan = pickMerge(this.parts.version(), {
          ...this.parts.pickState(),
          options: this.parts.options,
        });
        if (plan === undefined) {
          if (await this.parts.tidy()) continue;
          return;
        }
        await this.carryOut(plan);
        this.error = undefined;
        this.retryMs = FIRST_RETRY_MS;
      } catch (error) {
        this.failed(error);
        return;
      }
    }
  }

  private failed(error: unknown): void {
    if (error instanceof LsmError && error.code === 'Aborted' && this.isStopped()) return;
    this.error =
      error instanceof LsmError ? error : new LsmError('a merge failed unexpectedly', 'Io', undefined, error);
    if (!this.isClosed) {
      this.cancelRetry = this.parts.clock.after(this.retryMs, () => {
        this.cancelRetry = undefined;
        this.poke();
      });
      this.retryMs = Math.min(LAST_RETRY_MS, this.retryMs * 2);
    }
    this.parts.onError(this.error);
  }

  private async carryOut(plan: MergePlan): Promise<void> {
    const { runner, options, clock } = this.parts;
    let outcome = NOTHING_DONE;
    if (plan.inputs.length > 0) {
      const { keepSeqsAbove } = this.parts.pickState();
      outcome = await runner.merge(mergeSpecOf(plan, options.tableBytes, keepSeqsAbove));
    }
    await this.parts.publish(changeOf(plan, outcome));
    this.records.push(recordOf(plan, outcome, clock.wallMs()));
    if (this.records.length > RECORDS) this.records.shift();
  }
}

const NOTHING_DONE: JobOutcome = {
  tables: [],
  moved: [],
  droppedBlobs: [],
  stats: { entriesIn: 0, entriesOut: 0, bytesIn: 0, bytesOut: 0, tombstonesDropped: 0, ms: 0 },
};

/** What carrying out a plan changes in the version. */
export function changeOf(plan: MergePlan, outcome: JobOutcome): MergeChange {
  const moved = new Set(outcome.moved);
  const removeTables = plan.moves.map((table) => table.id);
  const addTables = [...plan.moves];
  plan.inputs.forEach((run, i) => {
    const isInPlace = plan.includesOutputLevel && i === plan.inputs.length - 1;
    for (const table of run) {
      const stays = moved.has(table.id);
      if (stays && isInPlace) continue;
      removeTables.push(table.id);
      if (stays) addTables.push(table);
    }
  });
  addTables.push(...outcome.tables);
  return {
    plan,
    removeTables,
    addTables,
    newTables: outcome.tables,
    droppedBlobs: outcome.droppedBlobs,
    pointer: plan.pointer,
  };
}

function recordOf(plan: MergePlan, outcome: JobOutcome, endedAtMs: number): MergeRecord {
  const { stats } = outcome;
  const above = plan.includesOutputLevel ? plan.inputs.slice(0, -1) : plan.inputs;
  let bytesPromoted = 0;
  for (const table of [...above.flat(), ...plan.moves]) bytesPromoted += table.dataBytes;
  return {
    endedAtMs,
    ms: stats.ms,
    reason: plan.reason,
    score: plan.score,
    inputLevel: plan.inputLevel,
    outputLevel: plan.outputLevel,
    inputTables: plan.inputs.reduce((sum, run) => sum + run.length, plan.moves.length),
    outputTables: outcome.tables.length,
    movedTables: plan.moves.length + outcome.moved.length,
    bytesPromoted,
    bytesIn: stats.bytesIn,
    bytesOut: stats.bytesOut,
    entriesIn: stats.entriesIn,
    entriesOut: stats.entriesOut,
    tombstonesDropped: stats.tombstonesDropped,
  };
}

/** The delay at three times `slowdownRuns`, per MiB written. */
const FULL_DELAY_MS = 8;

/**
 * How long a writer should wait for each MiB it writes, in milliseconds: nothing below `slowdownRuns` runs in level 0,
 * then more and more, up to a bound at three times as many. A frozen memtable that waits for its flush counts as a run
 * to come once there is a second.
 */
export function writeDelayMs(
  levelZeroRuns: number,
  frozenMemtables: number,
  options: Pick<ResolvedOptions, 'slowdownRuns'>,
): number {
  const runs = levelZeroRuns + Math.max(0, frozenMemtables - 1);
  const share = (runs - options.slowdownRuns) / (2 * options.slowdownRuns);
  if (share <= 0) return 0;
  return FULL_DELAY_MS * Math.min(share, 1) ** 2;
}
