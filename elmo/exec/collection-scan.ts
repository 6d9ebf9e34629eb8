/** All records of a collection in the order of their ids, those that match. */
import type { Cursor, ReadView } from '../../lsm/index.js';
import { afterKeyspace, RecordIdReader, type KeyBounds } from '../keys/key-layout.js';
import type { Operation } from '../operation/operation.js';
import { END, PAUSE, ROW, type Pulled, type RowMetadata, type RowSource } from '../operation/row-source.js';
import type { Matcher } from '../query/filter.js';
import { StageStats } from './plan-stats.js';

const NOTHING = new Uint8Array([5, 0, 0, 0, 0]);

export class CollectionScan implements RowSource {
  bytes: Uint8Array = NOTHING;
  at = 0;
  readonly metadata: RowMetadata | undefined = undefined;
  readonly stats = new StageStats();
  private readonly cursor: Cursor;
  private readonly ids = new RecordIdReader();
  private isOpen = true;

  /**
   * @param bounds  of the record keys
   * @param matcher  undefined: all match
   */
  constructor(
    view: ReadView,
    bounds: KeyBounds,
    readonly direction: 'forward' | 'backward',
    private readonly matcher: Matcher | undefined,
    private readonly operation: Operation,
  ) {
    this.cursor = view.scan(bounds, direction);
    this.stats.seeks = 1;
  }

  pull(): Pulled {
    const { cursor, matcher, stats, operation } = this;
    if (!this.isOpen) return END;
    for (;;) {
      if (operation.shouldPause()) return PAUSE;
      if (!cursor.next()) {
        stats.isAtEnd = true;
        this.close();
        return END;
      }
      stats.documents++;
      cursor.loadValue();
      if (matcher === undefined || matcher.matches(cursor.valueBytes, cursor.valueOffset)) {
        this.bytes = cursor.valueBytes;
        this.at = cursor.valueOffset;
        stats.returned++;
        return ROW;
      }
    }
  }

  /** Id of the current record. */
  get recordId(): number {
    if (!this.isOpen) return -1;
    const { keyBytes, keyLength } = this.cursor;
    return this.ids.readAt(keyBytes, afterKeyspace(keyBytes), keyLength);
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.cursor.close();
  }
}
