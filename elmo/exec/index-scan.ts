/**
 * Entries of an index within bounds, as record ids; with `Fetch` on top, as documents. Bounds are byte ranges of keys,
 * ascending and disjoint; where several fields are bounded, entries between the ranges of a later field are stepped over
 * by seeking.
 */
import type { Cursor, ReadView } from '../../lsm/index.js';
import type { EntryReader, KeyBounds } from '../keys/key-layout.js';
import type { Operation } from '../operation/operation.js';
import { END, PAUSE, ROW, type Pulled } from '../operation/row-source.js';
import { StageStats } from './plan-stats.js';
import { isFirstTime, RecordIdSet } from './record-id-set.js';

/** Decides, of an entry within the outer bounds, whether it is wanted. */
export interface EntryCheck {
  /**
   * @returns undefined: wanted; a key: go on at this key or after it (backwards: before it)
   */
  check(key: Uint8Array, valuesStart: number, valuesEnd: number): Uint8Array | undefined;
}

export interface IndexScanOptions {
  readonly check?: EntryCheck | undefined;
  /** Whether a record may come several times, and is wanted once. */
  readonly hasDuplicates: boolean;
  /** Whether values are read too: type bits for covered plans. */
  readonly needsValues: boolean;
}

/** What gives record ids: a scan of an index, or a combination of scans. */
export interface RecordIdSource {
  pull(): Pulled;
  readonly recordId: number;
  /**
   * Ids that the next pulls give, but for those that came before; the current one first.
   * @param most  1 or more
   * @returns how many are known, 1 or more
   */
  peek?(ids: Float64Array, most: number): number;
  /** Records before the current one, or before the end, that need not be looked up, since the pull before. */
  readonly leftOut?: number;
  close(): void;
}

export class IndexScan implements RecordIdSource {
  readonly stats = new StageStats();
  /** Of the current entry. */
  recordId = -1;
  private cursor: Cursor | undefined;
  private isPositioned = false;
  private nextRange = 0;
  private isOpen = true;
  private readonly isForward: boolean;
  private readonly seen: RecordIdSet | undefined;
  private readonly check: EntryCheck | undefined;
  private readonly loadsValues: boolean;

  /**
   * @param ranges  keys, ascending; visited in reverse when the direction is backward
   * @param entries  of the index; a reader of keys of its own
   */
  constructor(
    private readonly view: ReadView,
    private readonly ranges: readonly KeyBounds[],
    direction: 'forward' | 'backward',
    readonly entries: EntryReader,
    private readonly operation: Operation,
    options: IndexScanOptions,
  ) {
    this.isForward = direction === 'forward';
    this.check = options.check;
    this.seen = options.hasDuplicates ? new RecordIdSet() : undefined;
    this.loadsValues = options.needsValues || entries.isUnique;
  }

  /** Moves to the next entry that is wanted; see `recordId`, `cursorAt`. */
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
      if (this.isPositioned) this.isPositioned = false;
      else if (!cursor.next()) {
        this.leaveRange(cursor);
        continue;
      }
      stats.keys++;
      const { keyBytes, keyLength } = cursor;
      if (this.loadsValues) cursor.loadValue();
      entries.parse(
        keyBytes,
        keyLength,
        cursor.valueBytes,
        cursor.valueOffset,
        cursor.valueOffset + cursor.valueLength,
      );
      if (check !== undefined) {
        const target = check.check(keyBytes, entries.valuesStart, entries.valuesEnd);
        if (target !== undefined) {
          this.seek(cursor, target);
          continue;
        }
      }
      const { recordId } = entries;
      if (seen !== undefined && !isFirstTime(seen, recordId, stats)) continue;
      this.recordId = recordId;
      stats.returned++;
      return ROW;
    }
  }

  private seek(cursor: Cursor, target: Uint8Array): void {
    this.stats.seeks++;
    let isValid = cursor.seek(target, this.isForward ? 'GE' : 'LE');
    // backwards the target is an upper bound that is not included
    if (isValid && !this.isForward && isKey(cursor, target)) isValid = cursor.next();
    if (isValid) this.isPositioned = true;
    else this.leaveRange(cursor);
  }

  private leaveRange(cursor: Cursor): void {
    cursor.close();
    this.cursor = undefined;
  }

  private openNext(): Cursor | undefined {
    const { ranges } = this;
    if (this.nextRange === ranges.length) return undefined;
    const range = ranges[this.isForward ? this.nextRange : ranges.length - 1 - this.nextRange]!;
    this.nextRange++;
    this.stats.seeks++;
    this.cursor = this.view.scan(range, this.isForward ? 'forward' : 'backward');
    return this.cursor;
  }

  /** The cursor at the current entry, until the next pull. */
  get place(): Cursor {
    return this.cursor!;
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.cursor?.close();
    this.cursor = undefined;
  }
}

function isKey({ keyBytes, keyLength }: Cursor, key: Uint8Array): boolean {
  if (keyLength !== key.length) return false;
  for (let i = 0; i < keyLength; i++) if (keyBytes[i] !== key[i]) return false;
  return true;
}
