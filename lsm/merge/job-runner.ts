/**
 * Whoever runs flushes and merges: a thread (job-thread.ts), or this one in time slices (sliced-runner.ts).
 *
 * What must stay true: a job that fails or is cancelled has given back every extent it was lent, and writes to none of
 * them any more; a job that succeeds leaves its outputs written, in extents that are the owner's to publish.
 */
import type { Extent } from '../base/extent.js';
import type { TableMeta } from '../manifest/table-meta.js';
import type { SortedEntries } from '../memtable/sorted-entries.js';
import type { CodecName } from '../options.js';
import type { JobResult, JobRules, JobStats } from './job.js';
import { RICH_SHARE, type MergePlan } from './pick.js';
import type { KeySpan } from './spans.js';

/** A memtable to write as one run. Plain data: may be sent to another thread. */
export interface FlushSpec extends JobRules {
  readonly entries: SortedEntries;
  /** They are those of a load, in no order yet: the job sorts them, in place. */
  readonly isUnsorted?: boolean;
  /** Sequence numbers of live snapshots, ascending: each sees the entries it saw before. */
  readonly snapshots: readonly number[];
}

/** Runs to make one of. Plain data: may be sent to another thread. */
export interface MergeSpec extends JobRules {
  /** Newest first, each ascending and disjoint. */
  readonly runs: readonly (readonly TableMeta[])[];
  /** Tables one level below the output: ascending, disjoint. */
  readonly nextLevel: readonly KeySpan[];
  /** Input tables that nothing reaches into stay as they are, unless this share of their entries or more is tombstones; negative: none stays. */
  readonly passTombstoneShare: number;
}

/** A finished job. Plain data: may be sent to another thread. */
export interface JobOutcome extends JobResult {
  /** New tables, written, each in its extent: ascending, disjoint. */
  readonly tables: readonly TableMeta[];
  readonly stats: JobStats & { readonly ms: number };
}

/** What a job asks of the store. */
export interface JobOwner {
  /** Lends space of exactly so many bytes, a multiple of 4096. */
  allocate(bytes: number): Extent;
  giveBack(extent: Extent): void;
  /** Each call a new id. */
  nextTableId(): number;
}

export interface JobRunner {
  /** Flushes run one after another, and before a merge goes on. Rejects with the LsmError that stopped it. */
  flush(spec: FlushSpec): Promise<JobOutcome>;
  /** Merges run one after another. */
  merge(spec: MergeSpec): Promise<JobOutcome>;
  /** Running and waiting merges reject with Aborted, soon. */
  cancelMerges(): void;
  /** A job is to come soon: takes now what it will need. */
  prepare(): void;
  /** Nothing is due: gives back at once what only jobs need, unless one runs. The next job takes it anew. */
  letGo(): Promise<void>;
  /** Cancels everything; resolves when nothing runs any more. Later jobs reject with Closed. */
  close(): Promise<void>;
}

/** How tables are read and written. Plain data: may be sent to another thread. */
export interface TableForm {
  readonly blockBytes: number;
  readonly codec: CodecName;
  readonly bloomBitsPerKey: number;
}

/** The job that carries a plan out. The plan has inputs. */
export function mergeSpecOf(plan: MergePlan, tableBytes: number, keepSeqsAbove: number): MergeSpec {
  return {
    runs: plan.inputs,
    nextLevel: plan.nextLevel,
    passTombstoneShare: plan.reason === 'all' ? 0 : RICH_SHARE,
    tableBytes,
    keepSeqsAbove,
    deeperSpans: plan.deeperSpans,
  };
}
