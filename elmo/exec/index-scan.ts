/**
 * Entries of an index within bounds, as record ids; with `Fetch` on top, as documents. Bounds are byte ranges of keys,
 * ascending and disjoint; where several fields are bounded, entries between the ranges of a later field are stepped over
 * by seeking.
 */
import { SPAN_ENTRIES, type Cursor, type EntrySpan, type ReadView } from '../../lsm/index.js';
import { afterKeyspace, RecordIdReader, type EntryReader, type KeyBounds } from '../keys/key-layout.js';
import type { Operation } from '../operation/operation.js';
import { END, PAUSE, ROW, type Pulled } from '../operation/row-source.js';
import { StageStats } from './plan-stats.js';
import { RecordIdSet } from './record-id-set.js';
import { giveSpan, takeSpan } from './spans.js';

/** Entries read at once, first; later ones twice as many as before. */
const FIRST_SPAN = 4;

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
  /**
   * Whether nobody asks for more of an entry than its record id: then those of a view that is frozen are read many at
   * once. Not with a check.
   */
  readonly givesIdsAlone?: boolean;
}

/** What gives record ids: a scan of an index, or a combination of scans. */
export interface RecordIdSource {
  pull(): Pulled;
  readonly recordId: number;
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
  /** What was read ahead, if entries are; the current one is number `next - 1`. */
  private readonly span: EntrySpan | undefined;
  private next = 0;
  private most = FIRST_SPAN;
  private readonly ids = new RecordIdReader();

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
    const readsAhead =
      options.givesIdsAlone === true && view.isFrozen && !this.loadsValues && this.check === undefined;
    this.span = readsAhead ? takeSpan() : undefined;
  }

  /** Moves to the next entry that is wanted; see `recordId`, `cursorAt`. */
  pull(): Pulled {
    const { stats, operation, entries, check } = this;
    if (!this.isOpen) return END;
    if (this.span !== undefined) return this.pullAhead(this.span);
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
      if (this.isNew(entries.recordId)) return ROW;
    }
  }

  /** @returns false: the record came before */
  private isNew(recordId: number): boolean {
    const { stats, seen } = this;
    if (seen !== undefined) {
      stats.tested++;
      if (!seen.add(recordId)) {
        stats.duplicates++;
        return false;
      }
    }
    this.recordId = recordId;
    stats.returned++;
    return true;
  }

  private pullAhead(span: EntrySpan): Pulled {
    const { stats, operation, ids } = this;
    for (;;) {
      if (operation.shouldPause()) return PAUSE;
      if (this.next === span.count && !this.readOn(span)) return END;
      const n = this.next++;
      const start = afterKeyspace(span.keys, span.keyAt[n]!);
      stats.keys++;
      if (this.isNew(ids.readBefore(span.keys, span.keyEnds[n]!, start))) return ROW;
    }
  }

  private readOn(span: EntrySpan): boolean {
    this.next = 0;
    for (;;) {
      const cursor = this.cursor ?? this.openNext();
      if (cursor === undefined) {
        this.stats.isAtEnd = true;
        this.close();
        return false;
      }
      if (cursor.readKeys(span, this.most) > 0) break;
      this.leaveRange(cursor);
    }
    if (this.most < SPAN_ENTRIES) this.most *= 2;
    return true;
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
    if (this.span !== undefined) giveSpan(this.span);
  }
}

function isKey({ keyBytes, keyLength }: Cursor, key: Uint8Array): boolean {
  if (keyLength !== key.length) return false;
  for (let i = 0; i < keyLength; i++) if (keyBytes[i] !== key[i]) return false;
  return true;
}
