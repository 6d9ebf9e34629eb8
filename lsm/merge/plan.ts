/**
 * What a merge is to do: plain data, made by pick.ts, complete with all that the job must know of the rest of the version.
 */
import type { Bytes } from '../base/bytes.js';
import type { TableMeta } from '../manifest/table-meta.js';
import type { Run, Version } from '../manifest/version.js';
import type { ResolvedOptions } from '../options.js';
import { hullOf, tablesWithin, tableSpan, unionOfSpans, type KeySpan } from './spans.js';

export type MergeOptions = Pick<
  ResolvedOptions,
  'levelZeroRuns' | 'levelFactor' | 'levelOneBytes' | 'tableBytes'
>;

export interface PickState {
  readonly options: MergeOptions;
  /** Per level: where the last merge out of it ended; windows of equal cost are taken in turns from here. */
  readonly levelPointers: ReadonlyMap<number, Bytes>;
  /** Ids of tables that something else works on. */
  readonly busyTables: ReadonlySet<number>;
  /** Sequence number of the oldest open transaction: tombstones above it cannot be dropped yet. */
  readonly keepSeqsAbove: number;
}

export type MergeReason = 'level-zero' | 'level-size' | 'tombstones' | 'small-tables' | 'all';

export interface MergePlan {
  readonly reason: MergeReason;
  /** How far its level was beyond its target; 0 where that was not the reason. */
  readonly score: number;
  readonly inputLevel: number;
  readonly outputLevel: number;
  /** What to rewrite: runs, newest first, each ascending and disjoint. Empty when `moves` is all there is to do. */
  readonly inputs: readonly (readonly TableMeta[])[];
  /** Whether the last of the inputs lies in the output level already. */
  readonly includesOutputLevel: boolean;
  /** Tables that go to the output level as they are. */
  readonly moves: readonly TableMeta[];
  /** Whether no deeper level overlaps the inputs. */
  readonly isBottom: boolean;
  /** Where tables of deeper levels lie: ascending, disjoint; only what overlaps the inputs. */
  readonly deeperSpans: readonly KeySpan[];
  /** The tables one level below the outputs that overlap the inputs: an output overlaps few of them. */
  readonly nextLevel: readonly KeySpan[];
  /** The new pointer of `inputLevel`; undefined: unchanged. */
  readonly pointer: Bytes | undefined;
}

/**
 * Everything into one run at the deepest level: drops all that is dead. Runs that are busy stay, and all newer ones.
 * @returns undefined when there is nothing to merge
 */
export function planMergeAll(version: Version, busyTables: ReadonlySet<number>): MergePlan | undefined {
  const isBusy = (run: Run): boolean => run.tables.some((table) => busyTables.has(table.id));
  const runs = version.runs.slice(version.runs.findLastIndex(isBusy) + 1);
  if (runs.length === 0) return undefined;
  const deepest = Math.max(1, ...runs.map((run) => run.level));
  return {
    reason: 'all',
    score: 0,
    inputLevel: runs[0]!.level,
    outputLevel: deepest,
    inputs: runs.map((run) => run.tables),
    includesOutputLevel: runs[runs.length - 1]!.level === deepest,
    moves: [],
    isBottom: true,
    deeperSpans: [],
    nextLevel: [],
    pointer: undefined,
  };
}

/** The decision itself; what is absent is empty, false or unchanged. */
export interface PlanBase {
  readonly reason: MergeReason;
  readonly score: number;
  readonly inputLevel: number;
  readonly outputLevel: number;
  readonly inputs?: readonly (readonly TableMeta[])[];
  readonly includesOutputLevel?: boolean;
  readonly moves?: readonly TableMeta[];
  readonly pointer?: Bytes | undefined;
}

/** Completes a plan with what lies below its outputs. */
export function planOf(version: Version, base: PlanBase): MergePlan {
  const inputs = base.inputs ?? [];
  const hull = hullOf(inputs.flat());
  const deeper: KeySpan[] = [];
  let nextLevel: readonly KeySpan[] = [];
  for (const run of version.runs) {
    if (hull === undefined || run.level <= base.outputLevel) continue;
    const spans = tablesWithin(run.tables, hull).map(tableSpan);
    if (run.level === base.outputLevel + 1) nextLevel = spans;
    deeper.push(...spans);
  }
  const deeperSpans = unionOfSpans(deeper);
  return {
    reason: base.reason,
    score: base.score,
    inputLevel: base.inputLevel,
    outputLevel: base.outputLevel,
    inputs,
    includesOutputLevel: base.includesOutputLevel ?? false,
    moves: base.moves ?? [],
    isBottom: deeperSpans.length === 0,
    deeperSpans,
    nextLevel,
    pointer: base.pointer,
  };
}
