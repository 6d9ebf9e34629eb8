/**
 * A cursor over a run: tables that are disjoint and ascending, read as one sorted source. A table's index is first
 * read when the cursor comes to the table.
 */
import { compareRanges, type Bytes } from '../base/bytes.js';
import { TableCursor, type TableCursorOptions } from './table-cursor.js';
import type { TableReader } from './table-reader.js';

export class RunCursor extends TableCursor {
  private readonly tables: readonly TableReader[];
  private tableIndex = 0;

  constructor(tables: readonly TableReader[], options?: TableCursorOptions) {
    super(tables[0], options);
    this.tables = tables;
  }

  override first(): void {
    this.enterTable(0);
    super.first();
  }

  override last(): void {
    this.enterTable(this.tables.length - 1);
    super.last();
  }

  override seekAtLeast(key: Bytes, offset: number, length: number): void {
    this.enterTable(this.firstReaching(key, offset, length));
    super.seekAtLeast(key, offset, length);
  }

  override seekBefore(key: Bytes, offset: number, length: number): void {
    this.enterTable(this.lastBeginningBefore(key, offset, length));
    super.seekBefore(key, offset, length);
  }

  protected override leaveForward(): void {
    this.isValid = false;
    while (!this.isValid && this.tableIndex + 1 < this.tables.length) {
      this.enterTable(this.tableIndex + 1);
      this.toFirst(1);
    }
  }

  protected override leaveBackward(): void {
    this.isValid = false;
    while (!this.isValid && this.tableIndex > 0) {
      this.enterTable(this.tableIndex - 1);
      this.toLast(-1);
    }
  }

  private enterTable(index: number): void {
    if (index < 0) index = 0;
    else if (index >= this.tables.length) index = Math.max(0, this.tables.length - 1);
    if (index === this.tableIndex) return;
    this.tableIndex = index;
    this.setReader(this.tables[index]);
  }

  /** The first table whose bounds reach the key, or the last one. */
  private firstReaching(key: Bytes, offset: number, length: number): number {
    let low = 0;
    let high = this.tables.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const bound = this.tables[middle]!.meta.highKey;
      if (bound !== undefined && compareRanges(bound, 0, bound.length, key, offset, length) < 0)
        low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The last table whose bounds begin below the key, or the first one. */
  private lastBeginningBefore(key: Bytes, offset: number, length: number): number {
    let low = 0;
    let high = this.tables.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const bound = this.tables[middle]!.meta.lowKey;
      if (compareRanges(bound, 0, bound.length, key, offset, length) < 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
