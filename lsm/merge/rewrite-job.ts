/**
 * The work of flushes and merges: reads sources in merged order, keeps what the drop rule keeps, and gives tables. Stops
 * after each slice of work and at each finished table.
 */
import { VarintReader } from '../base/varint.js';
import { keyAfter } from '../base/bytes.js';
import { invariant } from '../base/invariant.js';
import { KIND_BLOB } from '../key/entry-kind.js';
import { MergeCursor } from '../read/merge-cursor.js';
import type { SourceCursor } from '../read/source-cursor.js';
import type { DeletionFragment } from './deletions.js';
import { DropRule, lastingFragments } from './drop-rule.js';
import type { InputTables } from './input-tables.js';
import type { JobParams, JobResult, RunningJob } from './job.js';
import type { KeySpan } from './spans.js';
import { TableOutput } from './table-output.js';

/** A slice ends after this much work, one to two milliseconds: an entry counts one, and 256 bytes of value one more. */
const SLICE_WORK = 4096;
/** A table that is fuller than this share may be ended to let an input table pass. */
const PASS_FILL = 0.25;

/** Why the loop stopped. */
const STOP_SLICE = 0;
const STOP_TABLE = 1;
const STOP_PASS = 2;

export interface RewriteInputs {
  /** Newest first; the job closes them. */
  readonly sources: readonly SourceCursor[];
  readonly fragments: readonly DeletionFragment[];
  /** Live snapshots, ascending. */
  readonly snapshots: readonly number[];
  /** Tables one level below the output: ascending, disjoint. */
  readonly nextLevel: readonly KeySpan[];
  /** Entries of all sources together. */
  readonly entryCount: number;
  /** Bytes of all sources together, for the statistics. */
  readonly bytesIn: number;
  /** Blobs of tables that were left out because all of their keys are deleted. */
  readonly droppedBlobs: readonly number[];
  /** The tables of the sources; undefined when they are not tables. */
  readonly tables: InputTables | undefined;
}

export class RewriteJob {
  private readonly cursor: MergeCursor;
  /** Stands where the cursor does: the only source, where there is one only. */
  private readonly entry: SourceCursor;
  private readonly isMerged: boolean;
  private readonly rule: DropRule;
  private readonly output: TableOutput;
  private readonly tables: InputTables | undefined;
  private readonly left: Float64Array;
  private readonly maxSeqs: Float64Array;
  private readonly packed: Uint8Array;
  private readonly leastToPass: number;
  private readonly inputs: RewriteInputs;
  private readonly droppedBlobs: number[];
  private readonly moved: number[];
  private readonly varints: VarintReader;
  private entriesRead: number;
  private entriesPassed: number;
  /** Whether the rule has decided to keep the entry at the cursor, which is not added yet. */
  private isDecided: boolean;
  /** The key written last, as the rule counts keys. */
  private keyWritten: number;
  private passRank: number;
  private passCount: number;

  constructor(inputs: RewriteInputs, params: JobParams) {
    const ruling = {
      fragments: inputs.fragments,
      snapshots: inputs.snapshots,
      keepSeqsAbove: params.keepSeqsAbove,
      deeperSpans: params.deeperSpans,
    };
    this.cursor = new MergeCursor(inputs.sources);
    this.entry = this.cursor.sole ?? this.cursor;
    this.isMerged = this.cursor.sole === undefined;
    this.rule = new DropRule(ruling);
    this.output = new TableOutput({
      builder: params.builder,
      builders: params.builders,
      tableBytes: params.tableBytes,
      nextTableId: params.nextTableId,
      fragments: lastingFragments(ruling),
      nextLevel: inputs.nextLevel,
    });
    this.tables = inputs.tables;
    this.left = inputs.tables?.left ?? new Float64Array(inputs.sources.length).fill(Infinity);
    this.maxSeqs = inputs.tables?.maxSeqs ?? new Float64Array(inputs.sources.length);
    this.packed = inputs.tables?.packed ?? new Uint8Array(inputs.sources.length);
    this.leastToPass = PASS_FILL * params.tableBytes;
    this.inputs = inputs;
    this.droppedBlobs = [...inputs.droppedBlobs];
    this.moved = [];
    this.varints = new VarintReader();
    this.entriesRead = 0;
    this.entriesPassed = 0;
    this.isDecided = false;
    this.keyWritten = 0;
    this.passRank = 0;
    this.passCount = 0;
  }

  /** Runs the job: the tables come in the order of their keys. Abandoning the generator closes the sources. */
  *run(): RunningJob {
    const { cursor, entry, output } = this;
    try {
      if (this.inputs.sources.length > 0) cursor.first();
      while (entry.isValid) {
        const stop = this.work();
        if (stop !== STOP_SLICE) {
          const table = output.finishBefore(entry);
          if (table !== undefined) yield { kind: 'table', table };
          if (stop === STOP_PASS) this.pass();
        }
        this.foresee();
        yield { kind: 'slice' };
      }
      const last = output.finish(undefined);
      if (last !== undefined) yield { kind: 'table', table: last };
      return this.result();
    } finally {
      cursor.close();
    }
  }

  /** Works until the slice is over, a table must end before the entry at the cursor, or tables can pass. */
  private work(): number {
    const { cursor, entry, isMerged, rule, output, left, maxSeqs, packed } = this;
    for (let done = 0; done < SLICE_WORK && entry.isValid;) {
      const rank = isMerged ? cursor.rank : 0;
      if (!this.isDecided) {
        if (left[rank] === 0 && this.enterTable(rank)) return STOP_PASS;
        const { keyBytes, keyOffset, keyLength } = entry;
        if (!rule.keeps(keyBytes, keyOffset, keyLength, rank, entry.kind, entry.seq)) {
          if (entry.kind === KIND_BLOB) this.dropBlob();
          left[rank]!--;
          this.entriesRead++;
          done++;
          entry.next();
          continue;
        }
        if (rule.keyNumber !== this.keyWritten && output.mustCutBefore(keyBytes, keyOffset, keyLength)) {
          this.isDecided = true;
          return STOP_TABLE;
        }
      }
      this.isDecided = false;
      this.keyWritten = rule.keyNumber;
      output.add(entry, rule.seq, entry.seq !== 0 ? entry.seq : maxSeqs[rank]!, packed[rank] !== 0);
      left[rank]!--;
      this.entriesRead++;
      done += 1 + (entry.storedLength >>> 8);
      entry.next();
    }
    return STOP_SLICE;
  }

  /** A source begins a table. @returns whether the table and perhaps some after it pass */
  private enterTable(rank: number): boolean {
    const tables = this.tables!;
    tables.enter(rank);
    const pending = this.output.pendingBytes;
    if (pending > 0 && pending < this.leastToPass) return false;
    const { keyBytes, keyOffset, keyLength } = this.entry;
    // Its first entry is an older version of a key that was seen already.
    if (this.rule.isSameKey(keyBytes, keyOffset, keyLength)) return false;
    this.passRank = rank;
    this.passCount = tables.passable(rank);
    return this.passCount > 0;
  }

  private pass(): void {
    const passed = this.tables!.pass(this.passRank, this.passCount);
    for (const { meta } of passed) {
      this.moved.push(meta.id);
      this.entriesPassed += meta.entryCount;
    }
    const { highKey } = passed[passed.length - 1]!.meta;
    invariant(highKey !== undefined, 'a table that passes is bounded');
    const after = keyAfter(highKey);
    this.cursor.seekAtLeast(after, 0, after.length);
  }

  /** Tells the output how much is to come, judged by what has come. */
  private foresee(): void {
    if (this.entriesRead === 0) return;
    const remaining = Math.max(0, this.inputs.entryCount - this.entriesRead - this.entriesPassed);
    const bytes = this.output.bytesOut + this.output.pendingBytes;
    this.output.expect((remaining * bytes) / this.entriesRead);
  }

  private dropBlob(): void {
    const { valueBytes, valueOffset, storedLength } = this.entry;
    const id = this.varints.read(valueBytes, valueOffset, valueOffset + storedLength);
    if (this.varints.end >= 0) this.droppedBlobs.push(id);
  }

  private result(): JobResult {
    return {
      droppedBlobs: this.droppedBlobs,
      moved: this.moved,
      stats: {
        entriesIn: this.entriesRead,
        entriesOut: this.output.entriesOut,
        bytesIn: this.inputs.bytesIn,
        bytesOut: this.output.bytesOut,
        tombstonesDropped: this.rule.tombstonesDropped,
      },
    };
  }
}
