/**
 * What a load has gathered becomes tables of one run: its entries are sorted, and of equal keys the first, the newest,
 * stays. They are older than every reader, hide nothing, and none of them is a deletion: the rules of flushes and merges
 * have nothing to decide, and to ask them takes as long as writing the tables.
 */
import type { Bytes } from '../base/bytes.js';
import { invariant } from '../base/invariant.js';
import { SortedEntriesCursor, type SortedEntries } from '../memtable/sorted-entries.js';
import type { JobParams, JobResult, RunningJob } from './job.js';
import { TableOutput } from './table-output.js';

/** A slice ends after this much work, one to two milliseconds: an entry counts one, and 256 bytes of value one more. */
const SLICE_WORK = 4096;

export class LoadJob {
  private readonly cursor: SortedEntriesCursor;
  private readonly output: TableOutput;
  private entriesRead = 0;
  /** The key written last, in the arena. */
  private lastOffset = 0;
  private lastLength = -1;

  /** @param entries  sorted by sort-entries.ts */
  constructor(
    private readonly entries: SortedEntries,
    params: JobParams,
  ) {
    invariant(entries.tombstones.length === 0, 'a load deletes nothing');
    this.cursor = new SortedEntriesCursor(entries);
    this.output = new TableOutput({
      builder: params.builder,
      builders: params.builders,
      tableBytes: params.tableBytes,
      nextTableId: params.nextTableId,
      fragments: [],
      nextLevel: [],
    });
  }

  /** Runs the job: the tables come in the order of their keys. */
  *run(): RunningJob {
    const { cursor, output } = this;
    cursor.first();
    while (cursor.isValid) {
      if (this.work()) {
        const table = output.finishBefore(cursor);
        if (table !== undefined) yield { kind: 'table', table };
      }
      const bytes = output.bytesOut + output.pendingBytes;
      output.expect(((this.entries.count - this.entriesRead) * bytes) / Math.max(1, this.entriesRead));
      yield { kind: 'slice' };
    }
    const last = output.finish(undefined);
    if (last !== undefined) yield { kind: 'table', table: last };
    return this.result();
  }

  /** Works until the slice is over. @returns whether a table must end before the entry at the cursor */
  private work(): boolean {
    const { cursor, output } = this;
    const { arena, baseSeq } = this.entries;
    let { lastOffset, lastLength } = this;
    let isFull = false;
    for (let done = 0; done < SLICE_WORK && cursor.isValid; done++) {
      const { keyOffset, keyLength } = cursor;
      if (keyLength !== lastLength || !isSame(arena, keyOffset, lastOffset, keyLength)) {
        isFull = output.mustCutBefore(arena, keyOffset, keyLength);
        if (isFull) break;
        output.add(cursor, 0, baseSeq, false);
        done += cursor.storedLength >>> 8;
        lastOffset = keyOffset;
        lastLength = keyLength;
      }
      this.entriesRead++;
      cursor.next();
    }
    this.lastOffset = lastOffset;
    this.lastLength = lastLength;
    return isFull;
  }

  private result(): JobResult {
    return {
      droppedBlobs: [],
      moved: [],
      stats: {
        entriesIn: this.entriesRead,
        entriesOut: this.output.entriesOut,
        bytesIn: this.entries.arena.length,
        bytesOut: this.output.bytesOut,
        tombstonesDropped: 0,
      },
    };
  }
}

/** Whether two keys of one length are equal, from their ends: neighbours differ there. */
function isSame(arena: Bytes, a: number, b: number, length: number): boolean {
  for (let i = length - 1; i >= 0; i--) if (arena[a + i] !== arena[b + i]) return false;
  return true;
}
