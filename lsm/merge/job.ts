/**
 * What flushes and merges have in common: a computation that can stop between slices of work, and the tables it gives.
 * A job knows nothing of the file: whoever drives it writes each finished table where there is room.
 */
import type { FinishedTable, TableBuilder, TableBuilderOptions } from '../table/table-builder.js';
import type { KeySpan } from './spans.js';

/** Why a job stops for a moment. */
export type JobStep =
  /** One to two milliseconds have passed: others may have their turn. */
  | { readonly kind: 'slice' }
  /** A table is to be written. How long its bytes are valid depends on the builders: see table-output.ts. */
  | { readonly kind: 'table'; readonly table: FinishedTable };

export interface JobStats {
  /** Entries that were read; those of tables that stay as they are do not count. */
  readonly entriesIn: number;
  readonly entriesOut: number;
  /** Bytes of the input tables, or of the memtable. */
  readonly bytesIn: number;
  /** Bytes of the tables that were written. */
  readonly bytesOut: number;
  /** Tombstones that are in no output; range tombstones are not counted. */
  readonly tombstonesDropped: number;
}

export interface JobResult {
  /** Blobs whose entry was dropped: each once. */
  readonly droppedBlobs: readonly number[];
  /** Ids of input tables that are not rewritten: they go to the output level as they are, or stay there. */
  readonly moved: readonly number[];
  readonly stats: JobStats;
}

/** A running job: yields steps, and in the end returns its result. `return()` abandons it. */
export type RunningJob = Generator<JobStep, JobResult, void>;

/** What a job needs to know beside its inputs. Plain data: may be sent to another thread. */
export interface JobRules {
  /** Target bytes of a table. */
  readonly tableBytes: number;
  /** Sequence number of the oldest open transaction, or Infinity: greater ones must be kept with their entries. */
  readonly keepSeqsAbove: number;
  /** Where tables below the output lie: ascending, disjoint. undefined: not known, so every tombstone stays. */
  readonly deeperSpans: readonly KeySpan[] | undefined;
}

export interface JobParams extends JobRules {
  readonly builder: TableBuilderOptions;
  /** See TableOutputParams. */
  readonly builders?: readonly TableBuilder[] | undefined;
  /** Each call a new id. */
  nextTableId(): number;
}
