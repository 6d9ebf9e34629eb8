/**
 * All records of a collection that match, in the order of their ids. Where columns tell what is in a page of records, only
 * those are looked up that may match; the other pages are read, and told to the columns.
 */
import type { ReadView } from '../../lsm/index.js';
import { PAGE_IDS } from '../columns/codes.js';
import { appendRecordKey, type KeyBounds } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { Operation } from '../operation/operation.js';
import { END, PAUSE, ROW, type Pulled, type RowMetadata, type RowSource } from '../operation/row-source.js';
import type { Matcher } from '../query/filter.js';
import { CollectionScan } from './collection-scan.js';
import { Fetch } from './fetch.js';
import type { RecordIdSource } from './index-scan.js';
import { StageStats } from './plan-stats.js';
import type { Screen } from './screen.js';

/** When more records of a page may match, all of it is read: one after the other they are reached three times as quickly. */
const MANY = PAGE_IDS >>> 2;
/** Pages that are then read, at first; each time twice as many. */
const FIRST_RUN = 8;

const NOTHING = new Uint8Array([5, 0, 0, 0, 0]);

/** Ids of one page. */
class PageIds implements RecordIdSource {
  recordId = -1;
  /** And how many were left out. */
  readonly ids = new Float64Array(PAGE_IDS + 1);
  private next = 0;
  private count = 0;

  constructor(
    private readonly isForward: boolean,
    private readonly operation: Operation,
  ) {}

  /** @param count  of the ascending ids that were put into `ids` */
  begin(count: number): void {
    this.next = 0;
    this.count = count;
    if (!this.isForward) this.ids.subarray(0, count).reverse();
  }

  pull(): Pulled {
    if (this.operation.shouldPause()) return PAUSE;
    if (this.next === this.count) return END;
    this.recordId = this.ids[this.next++]!;
    return ROW;
  }

  peek(ids: Float64Array, most: number): number {
    const from = this.next - 1;
    const count = Math.min(most, this.count - from);
    for (let i = 0; i < count; i++) ids[i] = this.ids[from + i]!;
    return count;
  }

  close(): void {
    this.next = this.count;
  }
}

export class ColumnScan implements RowSource {
  bytes: Uint8Array = NOTHING;
  at = 0;
  recordId = -1;
  readonly metadata: RowMetadata | undefined = undefined;
  readonly stats = new StageStats();
  private readonly isForward: boolean;
  private readonly ids: PageIds;
  private readonly fetch: Fetch;
  private isFetching = false;
  /** Reads pages; undefined: none is read at present. */
  private run: CollectionScan | undefined;
  private isLearning = false;
  /** The page whose records are learnt. */
  private learning = -1;
  /** Pages that were known at the beginning. What lies behind them counts as one more, and is always read. */
  private readonly known: number;
  /** The page that comes next. */
  private page: number;
  private runPages = FIRST_RUN;
  private isOpen = true;

  /**
   * @param bounds  of the record keys of the whole collection
   * @param screen  one that is of use
   */
  constructor(
    private readonly view: ReadView,
    private readonly bounds: KeyBounds,
    private readonly keyspace: number,
    private readonly direction: 'forward' | 'backward',
    private readonly matcher: Matcher | undefined,
    private readonly operation: Operation,
    private readonly screen: Screen,
  ) {
    this.isForward = direction === 'forward';
    this.ids = new PageIds(this.isForward, operation);
    this.fetch = new Fetch(this.ids, view, keyspace, { matcher, screen, stats: this.stats });
    this.known = screen.columns.pages.length;
    this.page = this.isForward ? 0 : this.known;
    this.stats.seeks = 1;
  }

  pull(): Pulled {
    while (this.isOpen) {
      if (this.run !== undefined) {
        const pulled = this.isLearning ? this.pullLearning(this.run) : this.run.pull();
        if (pulled === ROW) return this.take(this.run);
        if (pulled === PAUSE) return PAUSE;
        this.endRun();
      } else if (this.isFetching) {
        const pulled = this.fetch.pull();
        if (pulled === PAUSE) return PAUSE;
        if (pulled === ROW) return this.take(this.fetch);
        this.isFetching = false;
      } else {
        if (this.operation.shouldPause()) return PAUSE;
        if (!this.begin()) break;
      }
    }
    this.stats.isAtEnd = true;
    this.close();
    return END;
  }

  private take({ bytes, at, recordId }: RowSource): Pulled {
    this.bytes = bytes;
    this.at = at;
    this.recordId = recordId;
    return ROW;
  }

  private pullLearning(run: CollectionScan): Pulled {
    const { matcher, stats } = this;
    for (;;) {
      const pulled = run.pull();
      if (pulled !== ROW) return pulled;
      this.learn(run);
      if (matcher === undefined || matcher.matches(run.bytes, run.at)) return ROW;
      stats.returned--;
    }
  }

  private endRun(): void {
    if (this.isLearning) this.screen.endPage();
    this.run = undefined;
    this.stats.isAtEnd = false;
  }

  private learn({ recordId, bytes, at }: CollectionScan): void {
    const { screen } = this;
    const page = Math.floor(recordId / PAGE_IDS);
    if (page !== this.learning) {
      screen.endPage();
      screen.beginPage(page);
      this.learning = page;
    }
    screen.learn(recordId, bytes, at);
  }

  /** Begins what comes next. @returns false: nothing does */
  private begin(): boolean {
    const { screen, page: number, known, isForward, ids } = this;
    if (isForward ? number > known : number < 0) return false;
    const page = number === known ? undefined : screen.columns.pages[number];
    if (!screen.knows(page)) {
      this.read(this.lastUnknown(number), true);
      return true;
    }
    const count = screen.candidates(page, number, ids.ids);
    if (count > MANY) {
      const last = isForward ? number + this.runPages - 1 : number - this.runPages + 1;
      this.read(Math.max(0, Math.min(known - 1, last)), false);
      this.runPages *= 2;
      return true;
    }
    this.stats.documents += ids.ids[PAGE_IDS]!;
    this.page += isForward ? 1 : -1;
    ids.begin(count);
    this.isFetching = count > 0;
    return true;
  }

  /** From an unknown page on to the last one before one that is known. */
  private lastUnknown(number: number): number {
    const { screen, isForward, known } = this;
    const { pages } = screen.columns;
    if (isForward) {
      while (number < known && !screen.knows(number + 1 === known ? undefined : pages[number + 1])) number++;
    } else while (number > 0 && !screen.knows(pages[number - 1])) number--;
    return number;
  }

  /** @param last  page, by the direction, from the next one on */
  private read(last: number, isLearning: boolean): void {
    const { view, bounds, direction, matcher, operation, isForward, page, known, stats } = this;
    const [least, most] = isForward ? [page, last] : [last, page];
    const range = {
      low: least === 0 ? bounds.low : this.recordKey(least),
      high: most === known ? bounds.high : this.recordKey(most + 1),
    };
    this.run = new CollectionScan(
      view,
      range,
      direction,
      isLearning ? undefined : matcher,
      operation,
      undefined,
      stats,
    );
    this.isLearning = isLearning;
    this.learning = -1;
    this.page = isForward ? last + 1 : last - 1;
  }

  private recordKey(page: number): Uint8Array {
    const key = new KeyWriter();
    appendRecordKey(key, this.keyspace, page * PAGE_IDS);
    return key.toBytes();
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.run?.close();
    this.fetch.close();
    this.screen.close(this.stats.documents);
  }
}
