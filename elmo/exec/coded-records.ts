/** What the records that a filter accepts have at some paths, where columns tell it of all of them. */
import { ABSENT, PAGE_IDS, WIDE_PAGE_BYTES } from '../columns/codes.js';
import type { Column } from '../columns/column.js';
import type { ColumnPage } from '../columns/column-page.js';
import { WIDE_BYTES, type CodedRows, type CodedValues } from '../operation/row-source.js';
import type { Screen } from './screen.js';

export class CodedRecords implements CodedRows {
  count = 0;
  /** Records that were looked at, those left out included. */
  looked = 0;
  readonly values: ReadonlyMap<string, CodedValues>;

  private constructor(
    private readonly columns: readonly Column[],
    pages: number,
  ) {
    this.values = new Map(
      columns.map((source) => {
        const codes = new Uint16Array(pages * PAGE_IDS);
        const wide = source.isWide ? new Uint8Array(pages * WIDE_PAGE_BYTES) : undefined;
        return [source.path, { codes, wide, source }] as const;
      }),
    );
  }

  /** @returns undefined: the records have to be read */
  static of(screen: Screen, paths: readonly string[], scratch: Float64Array): CodedRecords | undefined {
    const columns: Column[] = [];
    for (const path of paths) {
      const column = screen.columns.column(path);
      if (column === undefined) return undefined;
      columns.push(column);
    }
    const records = new CodedRecords(columns, screen.columns.pages.length);
    const areKnown = screen.decided(scratch, (count, leftOut, page) => {
      records.looked += leftOut;
      records.take(page, scratch, count);
      return true;
    });
    return areKnown ? records : undefined;
  }

  /** @param ids  of a page, `most` of them */
  private take({ codes, wide }: ColumnPage, ids: Float64Array, most: number): void {
    const first = this.columns[0]!;
    let count = 0;
    for (let i = 0; i < most; i++)
      if (codes[first.slot]![ids[i]! % PAGE_IDS] !== ABSENT) ids[count++] = ids[i]!;
    for (const { path, slot } of this.columns) {
      const from = codes[slot]!;
      const into = this.values.get(path)!;
      for (let i = 0; i < count; i++) into.codes[this.count + i] = from[ids[i]! % PAGE_IDS]!;
      if (into.wide !== undefined) this.copyWide(wide[slot]!, into.wide, ids, count);
    }
    this.count += count;
    this.looked += count;
  }

  private copyWide(from: Uint8Array, into: Uint8Array, ids: Float64Array, count: number): void {
    const words = new Int32Array(from.buffer);
    const to = new Int32Array(into.buffer, this.count * WIDE_BYTES, count * 2);
    for (let i = 0; i < count; i++) {
      const at = (ids[i]! % PAGE_IDS) * 2;
      to[2 * i] = words[at]!;
      to[2 * i + 1] = words[at + 1]!;
    }
  }
}
