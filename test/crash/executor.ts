/**
 * Runs a program on a store that may die at any call, and keeps the history of what the store acknowledged.
 *
 * Writes marked `hold` are not awaited at once; everything whose place in the order of commits is decided later than its
 * call (a commit, a stream) waits for them first, so that the order of the history is the order of the commits.
 */
import { LsmError } from '../../lsm/errors.js';
import type { LsmOptions } from '../../lsm/options.js';
import type { LabEnv } from '../support/lab-env.js';
import type { Op, Step, View } from '../support/programs.js';
import { keyOf } from '../support/values.js';
import { apply, chunksOf, loadAll, rangeOf, SourceBroke } from '../model/player.js';
import type { CrashStore, CrashTransaction } from './crash-store.js';
import type { History } from './history.js';

/** Turns after the clock moved past the interval of syncs, in which a sync surely ends. */
const TURNS_OF_A_SYNC = 12;

interface OpenTransaction {
  readonly transaction: CrashTransaction;
  ops: Op[];
  /** Marks by name: the store's own, and the count of operations at it. */
  readonly marks: Map<number, { savepoint: number; count: number }>;
}

export interface ExecutorHooks {
  /** A commit failed with something else than a conflict. Default: its outcome stays unknown. */
  onFailedCommit?(commit: number, error: unknown): Promise<void>;
  /** A step that commits nothing failed. */
  onFailedStep?(step: Step, error: unknown): void;
}

export class Executor {
  readonly #transactions = new Map<View, OpenTransaction>();
  readonly #snapshots = new Map<View, { release(): void }>();
  #held: Promise<void>[] = [];
  readonly #isFull: boolean;

  constructor(
    readonly env: LabEnv,
    readonly store: CrashStore,
    readonly options: LsmOptions,
    readonly history: History,
    readonly hooks: ExecutorHooks = {},
  ) {
    this.#isFull = options.durability === 'full';
  }

  /** Runs steps, then closes; stops when the power is gone. */
  async run(steps: readonly Step[]): Promise<void> {
    await this.runOpen(steps);
    if (this.env.disk.hasPower) await this.#close();
  }

  /** Runs steps, ends what they left open, and leaves the store open. */
  async runOpen(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (!this.env.disk.hasPower) return;
      await this.#run(step);
    }
    await this.#join();
    if (this.env.disk.hasPower) this.#letGo();
  }

  async #run(step: Step): Promise<void> {
    try {
      await this.#do(step);
    } catch (error) {
      if (error instanceof SourceBroke) return;
      this.hooks.onFailedStep?.(step, error);
    }
  }

  async #do(step: Step): Promise<void> {
    const { store } = this;
    switch (step.do) {
      case 'write': {
        if (step.at !== 'store') return this.#inTransaction(step.at, step.op);
        const { op } = step;
        const written = this.#commit([op], step.sync, () => this.#write(op, step.sync));
        if (step.hold && this.hooks.onFailedCommit === undefined) this.#held.push(written);
        else await this.#wait(written);
        return;
      }
      case 'batch': {
        const batch = store.batch();
        for (const op of step.ops) apply(batch, op);
        return this.#wait(this.#commit(step.ops, step.sync, () => store.write(batch, { sync: step.sync })));
      }
      case 'load': {
        await this.#join();
        const keys = new Set(step.puts.map(([, key]) => key));
        const isRefused = step.isDistinct === true && keys.size < step.puts.length;
        const load = async (): Promise<void> => {
          await loadAll(store, step);
        };
        return this.#wait(isRefused ? load().catch(() => undefined) : this.#commit(step.puts, true, load));
      }
      case 'stream':
        return this.#stream(step);
      case 'snapshot':
        this.#snapshots.get(step.slot)?.release();
        this.#snapshots.set(step.slot, store.snapshot());
        return;
      case 'release':
        this.#snapshots.get(step.slot)?.release();
        this.#snapshots.delete(step.slot);
        return;
      case 'begin':
        if (this.#transactions.has(step.slot)) return;
        this.#transactions.set(step.slot, { transaction: store.begin(), ops: [], marks: new Map() });
        return;
      case 'savepoint':
      case 'rollbackTo':
      case 'settleTransaction':
      case 'commit':
      case 'rollback':
        return this.#end(step);
      case 'join':
        return this.#join();
      case 'tick':
        await this.#join();
        return this.#tick();
      case 'flush': {
        const { ackedCount } = this.history;
        await this.#wait(store.flush());
        if (this.env.disk.hasPower) {
          this.history.durableCount = Math.max(this.history.durableCount, ackedCount);
        }
        return;
      }
      case 'settle':
      case 'mergeAll':
      case 'compact':
        return this.#wait(store[step.do]());
      default:
        return;
    }
  }

  async #stream(step: Step & { do: 'stream' }): Promise<void> {
    const op: Op = ['put', step.key, step.value];
    const source = chunksOf(step.value, step.chunk, step.breaks);
    if (step.at !== 'store') {
      const open = this.#transactions.get(step.at);
      if (open === undefined) return;
      await this.#wait(open.transaction.putStream(keyOf(step.key), source));
      open.ops.push(op);
      return;
    }
    await this.#join();
    const put = (): Promise<void> =>
      this.store.putStream(keyOf(step.key), source, step.breaks ? undefined : { sync: step.sync });
    if (step.breaks) await this.#wait(put());
    else await this.#wait(this.#commit([op], step.sync, put));
  }

  #inTransaction(slot: View, op: Op): void {
    const open = this.#transactions.get(slot);
    if (open === undefined) return;
    apply(open.transaction, op);
    open.ops.push(op);
  }

  async #end(step: Step & { slot: View }): Promise<void> {
    const open = this.#transactions.get(step.slot);
    if (open === undefined) return;
    const { transaction } = open;
    switch (step.do) {
      case 'savepoint':
        open.marks.set(step.mark, { savepoint: transaction.savepoint(), count: open.ops.length });
        return;
      case 'rollbackTo': {
        const mark = open.marks.get(step.mark);
        if (mark === undefined) return;
        transaction.rollbackTo(mark.savepoint);
        open.ops.length = mark.count;
        for (const [name, other] of open.marks) {
          if (other.savepoint > mark.savepoint) open.marks.delete(name);
        }
        return;
      }
      case 'settleTransaction':
        return this.#wait(transaction.settle());
      case 'rollback':
        this.#transactions.delete(step.slot);
        transaction.rollback();
        return;
      case 'commit': {
        this.#transactions.delete(step.slot);
        await this.#join();
        const commit = async (): Promise<void> => {
          await transaction.commit({ sync: step.sync });
        };
        // Nothing is in it: that it is acknowledged says nothing of what was written before.
        if (open.ops.length === 0) return this.#wait(commit());
        return this.#wait(this.#commit(open.ops, step.sync, commit));
      }
      default:
        return;
    }
  }

  /** Notes a commit and its outcome; never rejects. */
  async #commit(ops: readonly Op[], sync: boolean | undefined, run: () => Promise<void>): Promise<void> {
    const commit = this.history.begin(ops);
    try {
      await run();
      this.history.acknowledge(commit, sync ?? this.#isFull);
    } catch (error) {
      if (error instanceof LsmError && error.code === 'WriteConflict') this.history.refuse(commit);
      else await this.hooks.onFailedCommit?.(commit, error);
    }
  }

  #write(op: Op, sync: boolean | undefined): Promise<void> {
    if (op[0] === 'put') {
      const batch = this.store.batch();
      apply(batch, op);
      return this.store.write(batch, { sync });
    }
    if (op[0] === 'delete') return this.store.delete(keyOf(op[1]), { sync });
    return this.store.deleteRange(rangeOf(op[1], op[2]), { sync });
  }

  /** Lets the interval of syncs pass: what was acknowledged before is durable then. */
  async #tick(): Promise<void> {
    const { ackedCount } = this.history;
    this.env.clock.advance((this.options.syncIntervalMs ?? 100) * 2);
    for (let n = 0; n < TURNS_OF_A_SYNC; n++) await this.env.clock.turn();
    if (this.hooks.onFailedCommit === undefined && this.env.disk.hasPower) {
      this.history.durableCount = Math.max(this.history.durableCount, ackedCount);
    }
  }

  async #join(): Promise<void> {
    const held = this.#held;
    this.#held = [];
    if (held.length > 0) await this.#wait(Promise.all(held));
  }

  #letGo(): void {
    try {
      for (const snapshot of this.#snapshots.values()) snapshot.release();
      for (const { transaction } of this.#transactions.values()) transaction.rollback();
    } catch (error) {
      this.hooks.onFailedStep?.({ do: 'join' }, error);
    }
  }

  async #close(): Promise<void> {
    try {
      await this.#wait(this.store.close());
      if (this.env.disk.hasPower) this.history.allDurable();
    } catch (error) {
      this.hooks.onFailedStep?.({ do: 'reopen' }, error);
    }
  }

  async #wait(work: Promise<unknown>): Promise<void> {
    await this.env.drive(work);
  }
}
