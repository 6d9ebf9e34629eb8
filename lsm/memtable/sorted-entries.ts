/**
 * The entries of a frozen memtable in order, as plain arrays: what a flush reads, in this thread or another. Where the
 * arrays lie in shared memory nothing is copied on the way.
 */
import { compareRanges, type Bytes } from '../base/bytes.js';
import { KIND_DELETE } from '../key/entry-kind.js';
import { SourceCursor } from '../read/source-cursor.js';
import { DELETION_FLAG, OFFSET_MASK, keyLengthAt, keyOffsetAt } from './arena-keys.js';
import { OpsReader } from './ops-reader.js';
import type { RangeTombstoneRecord } from './range-tombstones.js';

/** Structured-clonable. Must not be changed. */
export interface SortedEntries {
  /** Operations; see ops-reader.ts. */
  readonly arena: Uint8Array;
  /** Of each entry's operation in the arena, perhaps with DELETION_FLAG; ascending by key, newest version first. */
  readonly offsets: Int32Array;
  /** Of each entry: its sequence number less `baseSeq`. */
  readonly seqs: Uint32Array;
  readonly baseSeq: number;
  readonly count: number;
  /** Ascending by `low`. */
  readonly tombstones: RangeTombstoneRecord[];
}

/** Reads the operation of an entry; an entry with DELETION_FLAG is a deletion whatever its operation says. */
export function readEntry(op: OpsReader, arena: Bytes, entry: number): void {
  op.read(arena, entry & OFFSET_MASK, arena.length);
  if ((entry & DELETION_FLAG) === 0) return;
  op.kind = KIND_DELETE;
  op.valueLength = 0;
  op.rawLength = 0;
}

/** Entries that are touched together; a power of two. */
const AHEAD = 16;

export class SortedEntriesCursor extends SourceCursor {
  private index = -1;
  /** What `touchAhead` read: kept, so that no compiler leaves the reads out. */
  protected touched = 0;
  private readonly op = new OpsReader();

  constructor(private readonly entries: SortedEntries) {
    super();
    this.keyBytes = entries.arena;
    this.valueBytes = entries.arena;
  }

  override first(): void {
    this.moveTo(0);
  }

  override last(): void {
    this.moveTo(this.entries.count - 1);
  }

  override seekAtLeast(key: Bytes, offset: number, length: number): void {
    this.moveTo(this.lowerBound(key, offset, length));
  }

  override seekBefore(key: Bytes, offset: number, length: number): void {
    this.moveTo(this.lowerBound(key, offset, length) - 1);
  }

  override next(): void {
    if (!this.isValid) return;
    const index = this.index + 1;
    if ((index & (AHEAD - 1)) === 1) this.touchAhead(index);
    this.moveTo(index);
  }

  override previous(): void {
    if (this.isValid) this.moveTo(this.index - 1);
  }

  override refresh(): void {
    // The arena never moves.
  }

  override close(): void {
    this.isValid = false;
  }

  /** The first entry with a key not below the given one. */
  private lowerBound(key: Bytes, offset: number, length: number): number {
    const { arena, offsets } = this.entries;
    let low = 0;
    let high = this.entries.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = offsets[middle]! & OFFSET_MASK;
      const keyLength = keyLengthAt(arena, at);
      if (compareRanges(arena, keyOffsetAt(at, keyLength), keyLength, key, offset, length) < 0)
        low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Reads a byte of each of the next entries, so that they wait for memory together. */
  private touchAhead(index: number): void {
    const { arena, offsets, count } = this.entries;
    const end = Math.min(index + AHEAD, count);
    let sum = 0;
    for (let i = index; i < end; i++) sum += arena[offsets[i]! & OFFSET_MASK]!;
    this.touched = sum;
  }

  private moveTo(index: number): void {
    const { arena, offsets, seqs, baseSeq, count } = this.entries;
    this.index = index;
    this.isValid = index >= 0 && index < count;
    if (!this.isValid) return;
    const op = this.op;
    readEntry(op, arena, offsets[index]!);
    this.keyOffset = op.keyOffset;
    this.keyLength = op.keyLength;
    this.kind = op.kind;
    this.seq = baseSeq + seqs[index]!;
    this.valueOffset = op.valueOffset;
    this.storedLength = op.valueLength;
    this.rawLength = op.rawLength;
  }
}
