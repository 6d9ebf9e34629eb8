/**
 * The record ids of an index within bounds, read many at once: for a scan of which nothing else is asked, on a view that
 * is frozen. See index-scan.ts for all others.
 */
import { EntrySpan, SPAN_ENTRIES, type Cursor, type ReadView } from '../../lsm/index.js';
import { MOST_ID_BYTES, RecordIdReader, type KeyBounds } from '../keys/key-layout.js';
import type { Operation } from '../operation/operation.js';
import { END, PAUSE, ROW, type Pulled } from '../operation/row-source.js';
import type { RecordIdSource } from './index-scan.js';
import { StageStats } from './plan-stats.js';
import type { Screen } from './screen.js';
import { isFirstTime, RecordIdSet } from './record-id-set.js';
import { Spare } from './spare.js';

/** Entries read at once, first; later ones twice as many as before. */
const FIRST_SPAN = 4;
const LARGEST_SPAN = 32;
/** The same where many of them are left out. */
const FIRST_SCREENED = 32;
const LARGEST_SCREENED = SPAN_ENTRIES;

class Ahead {
  readonly span = new EntrySpan();
  /** Backward a span may be filled though fewer are wanted. */
  readonly ids = new Float64Array(LARGEST_SCREENED + SPAN_ENTRIES);
  /** Ids that were left out before each of them. */
  readonly leftOut = new Int32Array(LARGEST_SCREENED + SPAN_ENTRIES);

  constructor() {
    this.span.tailBytes = MOST_ID_BYTES;
  }
}

const spare = new Spare(() => new Ahead());

export interface IndexIdsOptions {
  readonly direction: 'forward' | 'backward';
  /** Whether the ids are in the values: then the direction is forward. */
  readonly isUnique: boolean;
  /** Whether a record may come several times, and is wanted once. */
  readonly hasDuplicates: boolean;
  /** So many ids will be pulled at most; Infinity: perhaps all. */
  readonly wanted: number;
  /** Leaves ids out; undefined: none is. */
  readonly screen?: Screen | undefined;
}

export class IndexIds implements RecordIdSource {
  readonly stats = new StageStats();
  recordId = -1;
  leftOut = 0;
  /** Ids left out behind the last that was read. */
  private leftOutBehind = 0;
  private readonly screen: Screen | undefined;
  /** What was read; the current id is number `next - 1`. */
  private readonly ahead: Ahead;
  private next = 0;
  private count = 0;
  private most: number;
  private cursor: Cursor | undefined;
  private nextRange = 0;
  private isOpen = true;
  private readonly seen: RecordIdSet | undefined;
  private readonly reader = new RecordIdReader();

  /**
   * @param view  frozen
   * @param ranges  keys, ascending; visited in reverse when the direction is backward
   */
  constructor(
    private readonly view: ReadView,
    private readonly ranges: readonly KeyBounds[],
    private readonly operation: Operation,
    private readonly options: IndexIdsOptions,
  ) {
    this.ahead = spare.take();
    this.seen = options.hasDuplicates ? new RecordIdSet() : undefined;
    // which of several entries of a record are left out would show in what is counted
    this.screen = options.hasDuplicates || options.screen?.isOfUse !== true ? undefined : options.screen;
    const first = this.screen === undefined ? FIRST_SPAN : FIRST_SCREENED;
    this.most = options.wanted > LARGEST_SPAN ? first : Math.max(1, options.wanted);
  }

  pull(): Pulled {
    const { stats, operation, seen, ahead } = this;
    this.leftOut = 0;
    if (!this.isOpen) return END;
    for (;;) {
      if (operation.shouldPause()) return PAUSE;
      if (this.next === this.count && !this.readOn()) {
        this.leaveOut(this.leftOutBehind);
        return END;
      }
      const recordId = ahead.ids[this.next]!;
      if (this.screen !== undefined) this.leaveOut(ahead.leftOut[this.next]!);
      this.next++;
      stats.keys++;
      if (seen !== undefined && !isFirstTime(seen, recordId, stats)) continue;
      this.recordId = recordId;
      stats.returned++;
      return ROW;
    }
  }

  private leaveOut(ids: number): void {
    this.leftOut = ids;
    this.stats.keys += ids;
    this.stats.returned += ids;
  }

  peek(ids: Float64Array, most: number): number {
    const from = this.next - 1;
    const count = Math.min(most, this.count - from);
    for (let i = 0; i < count; i++) ids[i] = this.ahead.ids[from + i]!;
    return count;
  }

  /** Reads the next ids, some or many. @returns false: there is none */
  private readOn(): boolean {
    this.next = 0;
    this.count = 0;
    while (this.count < this.most) {
      const cursor = this.cursor ?? this.openNext();
      if (cursor === undefined) break;
      if (this.read(cursor)) continue;
      cursor.close();
      this.cursor = undefined;
    }
    if (this.count === 0) {
      this.stats.isAtEnd = true;
      this.close();
      return false;
    }
    this.most = Math.min(this.screen === undefined ? LARGEST_SPAN : LARGEST_SCREENED, this.most * 2);
    return true;
  }

  /** Appends ids that a cursor gives at once. @returns false: it is at its end */
  private read(cursor: Cursor): boolean {
    const { reader, count } = this;
    const { span, ids } = this.ahead;
    // one by one they take longer than so many at once, of which most are left out
    const most = this.screen === undefined ? this.most - count : Math.max(this.most - count, FIRST_SCREENED);
    const { isUnique } = this.options;
    const found = isUnique ? cursor.read(span, most) : cursor.readKeys(span, most);
    const { bytes, valueAt, keys, keyAt, keyEnds } = span;
    if (isUnique) for (let i = 0; i < found; i++) ids[count + i] = reader.readAt(bytes, valueAt[i]!);
    else for (let i = 0; i < found; i++) ids[count + i] = reader.readBefore(keys, keyEnds[i]!, keyAt[i]!);
    this.count = this.screen === undefined ? count + found : this.choose(this.screen, count, count + found);
    return found > 0;
  }

  /** Takes those away that are left out. @returns where the others end */
  private choose(screen: Screen, from: number, to: number): number {
    const { ids, leftOut } = this.ahead;
    const count = screen.sift(ids, from, to, leftOut, this.leftOutBehind);
    this.leftOutBehind = screen.gapBehind;
    return count;
  }

  private openNext(): Cursor | undefined {
    const { ranges } = this;
    if (this.nextRange === ranges.length) return undefined;
    const { direction } = this.options;
    const range = ranges[direction === 'forward' ? this.nextRange : ranges.length - 1 - this.nextRange]!;
    this.nextRange++;
    this.stats.seeks++;
    this.cursor = this.view.scan(range, direction);
    return this.cursor;
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.cursor?.close();
    this.cursor = undefined;
    this.ahead.span.forget();
    spare.give(this.ahead);
  }
}
