/** Scans of single keys: the entry of a unique index, or all entries with one value in the order of their records. */
import type { Cursor, ReadView } from '../../lsm/index.js';
import { appendRecordId, RecordIdReader } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { Operation } from '../operation/operation.js';
import { END, PAUSE, ROW, type Pulled } from '../operation/row-source.js';
import type { AscendingIds } from './combine-scans.js';
import type { RecordIdSource } from './index-scan.js';
import { StageStats } from './plan-stats.js';

/** The one record with a key of a unique index. */
export class UniqueLookup implements RecordIdSource {
  readonly stats = new StageStats();
  recordId = -1;
  private isDone = false;
  private readonly ids = new RecordIdReader();

  /** @param key  whole: keyspace and values */
  constructor(
    private readonly view: ReadView,
    private readonly key: Uint8Array,
  ) {}

  pull(): Pulled {
    const { view, stats } = this;
    if (this.isDone) return END;
    this.isDone = true;
    stats.isAtEnd = true;
    stats.seeks = 1;
    if (!view.lookup(this.key)) return END;
    stats.keys = 1;
    stats.returned = 1;
    this.recordId = this.ids.readAt(view.valueBytes, view.valueOffset, view.valueOffset + view.valueLength);
    return ROW;
  }

  close(): void {
    this.isDone = true;
  }
}

/** The records with one value in an index that is not unique, in the order of their ids. */
export class PointScan implements AscendingIds {
  readonly stats = new StageStats();
  recordId = -1;
  private cursor: Cursor | undefined;
  private isPositioned = false;
  private isOpen = true;
  private readonly ids = new RecordIdReader();
  private readonly key = new KeyWriter();

  /** @param prefix  keyspace and values */
  constructor(
    private readonly view: ReadView,
    private readonly prefix: Uint8Array,
    private readonly operation: Operation,
  ) {
    this.stats.seeks = 1;
  }

  skipTo(recordId: number): void {
    if (!this.isOpen || this.recordId >= recordId) return;
    const { key, prefix, stats } = this;
    this.cursor ??= this.view.scanPrefix(prefix);
    key.clear();
    key.appendBytes(prefix, 0, prefix.length);
    appendRecordId(key, recordId);
    stats.seeks++;
    if (this.cursor.seek(key.bytes.subarray(0, key.length), 'GE')) this.isPositioned = true;
    else this.close();
  }

  pull(): Pulled {
    if (!this.isOpen) return END;
    if (this.operation.shouldPause()) return PAUSE;
    this.cursor ??= this.view.scanPrefix(this.prefix);
    const { cursor, stats } = this;
    if (this.isPositioned) this.isPositioned = false;
    else if (!cursor.next()) {
      stats.isAtEnd = true;
      this.close();
      return END;
    }
    stats.keys++;
    stats.returned++;
    this.recordId = this.ids.readBefore(cursor.keyBytes, cursor.keyLength, this.prefix.length);
    return ROW;
  }

  close(): void {
    this.isOpen = false;
    this.cursor?.close();
    this.cursor = undefined;
  }
}
