/**
 * Where a merge stands in its input tables: notices that a table begins, and whether it can stay as it is because no
 * other input has a key between its first and its last.
 */
import { compareRanges } from '../base/bytes.js';
import type { SourceCursor } from '../read/source-cursor.js';
import type { TableReader } from '../table/table-reader.js';
import { meetsSpan, type DeletionFragment } from './deletions.js';
import { tableSpan } from './spans.js';

export interface PassLimits {
  /** Tables with fewer bytes are better rewritten than passed. */
  readonly leastBytes: number;
  /** Tables of which this share or more is tombstones are rewritten, to drop them; negative: all tables are. */
  readonly tombstoneShare: number;
}

export class InputTables {
  /** Per source: entries left in the table it is in; 0: it stands before a table. */
  readonly left: Float64Array;
  /** Per source: greatest sequence number of the table it is in. */
  readonly maxSeqs: Float64Array;
  /** Per source: 1 if the table it is in has the codec of the output, so that values in it are packed where that pays. */
  readonly packed: Uint8Array;
  /** Index of the table each source is in. */
  private readonly at: Int32Array;

  /**
   * @param runs     per source its tables, ascending
   * @param cursors  per source the cursor that reads them, as part of one merge that goes forward
   * @param codec    of the output
   */
  constructor(
    private readonly runs: readonly (readonly TableReader[])[],
    private readonly cursors: readonly SourceCursor[],
    private readonly fragments: readonly DeletionFragment[],
    private readonly limits: PassLimits,
    private readonly codec: number,
  ) {
    this.packed = new Uint8Array(runs.length);
    this.left = new Float64Array(runs.length);
    this.maxSeqs = new Float64Array(runs.length);
    this.at = new Int32Array(runs.length).fill(-1);
  }

  /** The source goes on to its next table with entries; lets go of what the one before held in memory. */
  enter(rank: number): void {
    const tables = this.runs[rank]!;
    let at = this.at[rank]!;
    do {
      if (at >= 0) tables[at]!.dropMemory();
      at++;
    } while (at < tables.length && tables[at]!.meta.entryCount === 0);
    this.at[rank] = at;
    this.left[rank] = at < tables.length ? tables[at]!.meta.entryCount : Infinity;
    if (at === tables.length) return;
    this.maxSeqs[rank] = tables[at]!.meta.maxSeq;
    this.packed[rank] = tables[at]!.codec === this.codec ? 1 : 0;
  }

  /**
   * How many tables of the source, from the one it has just entered, can stay as they are. The source is the one whose
   * entry comes next in the merge.
   */
  passable(rank: number): number {
    const tables = this.runs[rank]!;
    const first = this.at[rank]!;
    let count = 0;
    while (first + count < tables.length && this.isPassable(rank, tables[first + count]!, count === 0))
      count++;
    return count;
  }

  /**
   * Leaves tables out of the merge. The caller then seeks all sources past the last of them.
   * @returns the tables
   */
  pass(rank: number, count: number): readonly TableReader[] {
    const first = this.at[rank]!;
    const passed = this.runs[rank]!.slice(first, first + count);
    for (const reader of passed) reader.dropMemory();
    this.at[rank] = first + count - 1;
    this.left[rank] = 0;
    return passed;
  }

  private isPassable(rank: number, { meta }: TableReader, isCurrent: boolean): boolean {
    if (meta.highKey === undefined || meta.rangeTombstoneCount > 0) return false;
    if (meta.dataBytes < this.limits.leastBytes) return false;
    const { tombstoneShare } = this.limits;
    if (tombstoneShare < 0) return false;
    if (meta.tombstoneCount > 0 && meta.tombstoneCount >= tombstoneShare * meta.entryCount) return false;
    if (this.fragments.length > 0 && meetsSpan(this.fragments, tableSpan(meta))) return false;
    if (isCurrent) {
      const { keyBytes, keyOffset, keyLength } = this.cursors[rank]!;
      const { lowKey } = meta;
      if (compareRanges(keyBytes, keyOffset, keyLength, lowKey, 0, lowKey.length) !== 0) return false;
    }
    for (let other = 0; other < this.cursors.length; other++) {
      const cursor = this.cursors[other]!;
      if (other === rank || !cursor.isValid) continue;
      const { highKey } = meta;
      if (
        compareRanges(cursor.keyBytes, cursor.keyOffset, cursor.keyLength, highKey, 0, highKey.length) <= 0
      ) {
        return false;
      }
    }
    return true;
  }
}
