/**
 * What a command notes of itself where the profiler writes it down, beside what every command does (plan-trace.ts): the keys
 * its writes have put into indexes and taken out, and each statement by itself.
 */
import { ElmoError } from '../errors.js';
import type { Value } from '../bson/value.js';
import type { Looked, PlanTrace, QueryShape } from './plan-trace.js';

/** What came of the statement of a write. */
export interface WriteFigures {
  readonly kind: 'update' | 'delete';
  readonly isMulti: boolean;
  /** Matched, or deleted. */
  readonly matched: number;
  readonly modified: number;
  readonly upserted: number;
  /** Whether the document is given back. */
  readonly returnsDocument?: boolean;
}

/** Keys of indexes. */
export interface KeyCounts {
  readonly inserted: number;
  readonly deleted: number;
}

/** What an entry of the profiler says of plans and keys. */
export interface PlanNotes {
  /** Undefined: there was no plan. */
  readonly summary: string | undefined;
  readonly looked: Looked;
  readonly hasSort: boolean;
  readonly usedDisk: boolean;
  readonly stages: Value | undefined;
  readonly shape: QueryShape | undefined;
  readonly keys: KeyCounts;
}

/** One statement of a write that is over. */
export interface StatementNotes {
  /** Among those of its command. */
  readonly index: number;
  readonly elapsedMs: number;
  readonly plan: PlanNotes;
  /** Undefined: it has failed. */
  readonly figures: WriteFigures | undefined;
  readonly error: ElmoError | undefined;
}

export class ProfileNotes {
  readonly statements: StatementNotes[] = [];
  private keys: KeyCounts = { inserted: 0, deleted: 0 };
  private startedMs = 0;

  /** @param isByStatement  whether each statement is written down by itself */
  constructor(
    readonly isByStatement: boolean,
    private readonly nowMs: () => number,
  ) {}

  get keyCounts(): KeyCounts {
    return this.keys;
  }

  addKeys(inserted: number, deleted: number): void {
    this.keys = { inserted: this.keys.inserted + inserted, deleted: this.keys.deleted + deleted };
  }

  /** What has been counted since is given up, and done again. */
  backTo(keys: KeyCounts): void {
    this.keys = keys;
  }

  beginStatement(): void {
    this.startedMs = this.nowMs();
  }

  /** @param outcome  what came of it, or why it has failed */
  endStatement(index: number, trace: PlanTrace, outcome: WriteFigures | ElmoError): void {
    if (!this.isByStatement) return;
    const elapsedMs = this.nowMs() - this.startedMs;
    const isError = outcome instanceof ElmoError;
    const [figures, error] = isError ? [undefined, outcome] : [outcome, undefined];
    this.statements.push({ index, elapsedMs, plan: planNotes(trace, figures), figures, error });
    this.keys = { inserted: 0, deleted: 0 };
    trace.forgetPlans();
  }
}

/** @param write  what came of it, if it is a write's */
export function planNotes(trace: PlanTrace, write?: WriteFigures): PlanNotes {
  return {
    summary: trace.summary,
    looked: trace.looked(),
    hasSort: trace.hasSort,
    usedDisk: trace.usedDisk,
    stages: trace.profile === undefined ? undefined : trace.stages(write),
    shape: trace.shape,
    keys: trace.profile?.keyCounts ?? { inserted: 0, deleted: 0 },
  };
}
