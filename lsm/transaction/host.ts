/** What a transaction asks of the store it belongs to. */
import type { BlobWriter } from '../blob/blob-writer.js';
import type { SortedEntries } from '../memtable/sorted-entries.js';
import type { ResolvedOptions } from '../options.js';
import type { Layer } from '../read/layer.js';
import type { RunReader } from '../read/run-reader.js';
import type { Hold } from '../read/snapshot.js';
import type { ReadContext } from '../read/view.js';
import type { Extent } from '../base/extent.js';
import type { TransactionSpares } from './spares.js';
import type { OpsBuffer } from './write-batch.js';

/** A blob written but not yet part of any version. */
export interface NewBlob {
  readonly id: number;
  readonly length: number;
  readonly extents: readonly Extent[];
}

/** What a large commit makes part of the store. */
export interface PreparedRuns {
  /** Oldest first. */
  readonly runs: readonly RunReader[];
  readonly blobs: readonly NewBlob[];
  /** Called when they belong to the store, or when nobody can tell: the transaction frees them no more. */
  letGo(): void;
}

export interface TransactionHost {
  readonly context: ReadContext;
  readonly options: ResolvedOptions;
  /** Scratch space for encoding one operation. */
  readonly scratchOps: OpsBuffer;
  /** Small overlays and encoded batches are used again: most transactions are small and short. */
  readonly spares: TransactionSpares;
  /** Flushes run in another thread. */
  readonly isShared: boolean;
  nowMs(): number;
  /** @throws LsmError Closed, ReadOnly */
  checkWritable(): void;
  takeHold(label: string): Hold;
  /** Another hold on the same state. */
  holdAgain(hold: Hold): Hold;
  releaseHold(hold: Hold): void;
  /** A transaction or a load takes more memory than it did, or less, and much of it. */
  memoryChanged(): void;
  /** Gives back what only writing takes: large overlays, and what jobs need, unless one runs. */
  rest(): Promise<void>;
  ended(transaction: object, usedSpace: boolean): void;
  /** The layers that a reader of this moment would see. */
  currentLayers(): readonly Layer[];
  /** Number of the last committed write. */
  currentSeq(): number;
  /** Runs will be built soon. */
  expectRuns(): void;
  /** Writes entries to pending tables: in the file, in no version. */
  buildRun(entries: SortedEntries, isUnsorted?: boolean): Promise<RunReader>;
  /** The same at once, holding the event loop. */
  buildRunNow(entries: SortedEntries): RunReader;
  /** Merges pending runs (newest first) to one. The inputs stay. */
  mergeRuns(runs: readonly RunReader[]): Promise<{ run: RunReader; droppedBlobs: readonly number[] }>;
  /** Frees the space of pending tables. */
  dropRun(run: RunReader): void;
  newBlobWriter(): BlobWriter;
  dropBlob(blob: NewBlob): void;
  /** Whether operations of this size fit a memtable. */
  fits(bytes: number): boolean;
  /** In its turn among the writes: `check` (throws to refuse), then the operations. */
  commitOps(ops: OpsBuffer, blobs: readonly NewBlob[], sync: boolean, check: () => void): Promise<void>;
  /**
   * In its turn: `prepare` (throws to refuse), then the pending runs become part of the store by one manifest edit.
   * @param isInTurn  it is the caller's turn already
   */
  commitRuns(prepare: () => Promise<PreparedRuns>, isInTurn: boolean): Promise<void>;
  /** A turn of the event loop, when this one has lasted long enough. */
  yieldSlice(): Promise<void>;
}
