/** All records of a collection in the order of their ids, those that match. */
import { EntrySpan, SPAN_ENTRIES, type Cursor, type ReadView } from '../../lsm/index.js';
import { afterKeyspace, RecordIdReader, type KeyBounds } from '../keys/key-layout.js';
import type { Operation } from '../operation/operation.js';
import {
  END,
  PAUSE,
  ROW,
  type CodedRows,
  type Pulled,
  type RowMetadata,
  type RowSource,
} from '../operation/row-source.js';
import type { Matcher } from '../query/filter.js';
import type { CodedRecords } from './coded-records.js';
import { StageStats } from './plan-stats.js';
import type { Screen } from './screen.js';
import { Spare } from './spare.js';

const NOTHING = new Uint8Array([5, 0, 0, 0, 0]);
/** Records read at once, first; later ones twice as many as before. */
const FIRST_SPAN = 2;

const spare = new Spare(() => new EntrySpan());

export class CollectionScan implements RowSource {
  bytes: Uint8Array = NOTHING;
  at = 0;
  readonly metadata: RowMetadata | undefined = undefined;
  private readonly cursor: Cursor;
  private readonly ids = new RecordIdReader();
  private isOpen = true;
  /** What was read; the current record is number `next - 1`. */
  private readonly span: EntrySpan;
  private next = 0;
  private most: number;

  /**
   * @param view  where it is not frozen, what it shows of each record is looked at when its turn comes
   * @param bounds  of the record keys
   * @param matcher  undefined: all match
   * @param screen  is told how many records were read
   * @param stats  where it counts what it does
   * @param coded  what the records have that would be given, or undefined
   */
  constructor(
    view: ReadView,
    bounds: KeyBounds,
    readonly direction: 'forward' | 'backward',
    private readonly matcher: Matcher | undefined,
    private readonly operation: Operation,
    private readonly screen?: Screen,
    readonly stats: StageStats = new StageStats(),
    private readonly coded?: CodedRecords,
  ) {
    this.cursor = view.scan(bounds, direction);
    this.span = spare.take();
    this.most = view.isFrozen ? FIRST_SPAN : 1;
    this.stats.seeks = 1;
  }

  pull(): Pulled {
    const { cursor, matcher, stats, operation, span } = this;
    if (!this.isOpen) return END;
    for (;;) {
      if (operation.shouldPause()) return PAUSE;
      if (this.next === span.count) {
        if (!this.readOn()) return END;
      } else if (!cursor.isFresh(span)) cursor.refresh(span);
      const at = span.valueAt[this.next++]!;
      stats.documents++;
      if (matcher === undefined || matcher.matches(span.bytes, at)) {
        this.bytes = span.bytes;
        this.at = at;
        stats.returned++;
        return ROW;
      }
    }
  }

  takeCoded(): CodedRows | undefined {
    const { coded, stats } = this;
    if (coded === undefined) return undefined;
    stats.documents = coded.looked;
    stats.returned = coded.count;
    stats.isAtEnd = true;
    this.close();
    return coded;
  }

  private readOn(): boolean {
    const { cursor, span } = this;
    this.next = 0;
    if (cursor.read(span, this.most) === 0) {
      this.stats.isAtEnd = true;
      this.close();
      return false;
    }
    if (this.most > 1 && this.most < SPAN_ENTRIES) this.most *= 2;
    return true;
  }

  /** Id of the current record. */
  get recordId(): number {
    if (!this.isOpen || this.next === 0) return -1;
    const { keys, keyAt, keyEnds } = this.span;
    const start = keyAt[this.next - 1]!;
    return this.ids.readAt(keys, afterKeyspace(keys, start), keyEnds[this.next - 1]);
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.cursor.close();
    this.screen?.close(this.stats.documents);
    this.span.forget();
    spare.give(this.span);
  }
}
