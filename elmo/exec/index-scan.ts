/**
 * Entries of an index within bounds, as record ids; with `Fetch` on top, as documents. Bounds are byte ranges of keys,
 * ascending and disjoint; where several fields are bounded, entries between the ranges of a later field are stepped over
 * by seeking.
 */
import type { Cursor, ReadView } from '../../lsm/index.js';
import type { IndexEntries, KeyBounds } from '../keys/key-layout.js';
import type { Operation } from '../operation/operation.js';
import { END, PAUSE, ROW, type Pulled } from '../operation/row-source.js';
import { StageStats } from './plan-stats.js';

/** Decides, of an entry within the outer bounds, whether it is wanted. */
export interface EntryCheck {
  /**
   * @returns undefined: wanted; a key: go on at this key or after it (before it, backwards); 'skip': not wanted
   */
  check(
    key: Uint8Array,
    keyLength: number,
    valuesStart: number,
    valuesEnd: number,
  ): Uint8Array | 'skip' | undefined;
}

export class IndexScan {
  readonly stats = new StageStats();
  /** Of the current entry. */
  recordId = -1;
  private cursor: Cursor | undefined;
  private nextRange = 0;
  private isOpen = true;

  /**
   * @param ranges  keys, ascending; visited in reverse when the direction is backward
   * @param entries  of the index; a reader of keys of its own
   */
  constructor(
    private readonly view: ReadView,
    private readonly ranges: readonly KeyBounds[],
    readonly direction: 'forward' | 'backward',
    readonly entries: IndexEntries,
    private readonly check: EntryCheck | undefined,
    private readonly operation: Operation,
    /** Records seen, of a multikey index; undefined: each comes once. */
    private readonly seen: Set<number> | undefined,
  ) {}

  /** Moves to the next entry that is wanted; see `recordId`, `key`, `value…`. */
  pull(): Pulled {
    const { stats, operation, entries, check, seen } = this;
    if (!this.isOpen) return END;
    for (;;) {
      if (operation.shouldPause()) return PAUSE;
      const cursor = this.cursor ?? this.openNext();
      if (cursor === undefined) {
        stats.isAtEnd = true;
        this.close();
        return END;
      }
      if (!cursor.next()) {
        cursor.close();
        this.cursor = undefined;
        continue;
      }
      stats.keys++;
      cursor.loadValue();
      const { keyBytes, keyLength } = cursor;
      entries.parse(
        keyBytes,
        keyLength,
        cursor.valueBytes,
        cursor.valueOffset,
        cursor.valueOffset + cursor.valueLength,
      );
      if (check !== undefined) {
        const verdict = check.check(keyBytes, keyLength, entries.valuesStart, entries.valuesEnd);
        if (verdict !== undefined) {
          if (verdict !== 'skip') this.seek(cursor, verdict);
          continue;
        }
      }
      const { recordId } = entries;
      if (seen !== undefined) {
        if (seen.has(recordId)) {
          stats.duplicates++;
          continue;
        }
        seen.add(recordId);
      }
      this.recordId = recordId;
      stats.returned++;
      return ROW;
    }
  }

  /** Stands before the entry at `key`, so that the next step reaches it. */
  private seek(cursor: Cursor, key: Uint8Array): void {
    this.stats.seeks++;
    const isForward = this.direction === 'forward';
    if (cursor.seek(key, isForward ? 'GE' : 'LE')) cursor.previous();
    else {
      cursor.close();
      this.cursor = undefined;
    }
  }

  private openNext(): Cursor | undefined {
    const { ranges } = this;
    if (this.nextRange === ranges.length) return undefined;
    const isForward = this.direction === 'forward';
    const range = ranges[isForward ? this.nextRange : ranges.length - 1 - this.nextRange]!;
    this.nextRange++;
    this.stats.seeks++;
    this.cursor = this.view.scan(range, this.direction);
    return this.cursor;
  }

  /** The current entry's key, until the next pull. */
  get keyBytes(): Uint8Array {
    return this.cursor!.keyBytes;
  }
  get keyLength(): number {
    return this.cursor!.keyLength;
  }
  get valueBytes(): Uint8Array {
    return this.cursor!.valueBytes;
  }
  get valueOffset(): number {
    return this.cursor!.valueOffset;
  }
  get valueLength(): number {
    return this.cursor!.valueLength;
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.cursor?.close();
    this.cursor = undefined;
  }
}
