/** Merges runs of rows that were spilled one after another, each in order: where strings compare by a collation. */
import type { Cursor } from '../../lsm/index.js';
import type { Value } from '../bson/value.js';
import type { SortKeys } from './sort-key.js';

interface Head {
  readonly cursor: Cursor;
  readonly run: number;
  values: readonly Value[];
}

export class MergeRuns {
  private readonly heads: Head[] = [];
  private current: Head | undefined;

  /** @param cursors  of the runs, in the order they were spilled */
  constructor(
    cursors: readonly Cursor[],
    private readonly keys: SortKeys,
  ) {
    cursors.forEach((cursor, run) => {
      if (cursor.next()) this.insert({ cursor, run, values: this.valuesAt(cursor) });
      else cursor.close();
    });
  }

  /** Moves to the next row in order: see `cursor`, whose value is loaded. */
  next(): boolean {
    const { current } = this;
    if (current !== undefined) {
      if (current.cursor.next()) {
        current.values = this.valuesAt(current.cursor);
        this.insert(current);
      } else current.cursor.close();
    }
    this.current = this.heads.pop();
    this.current?.cursor.loadValue();
    return this.current !== undefined;
  }

  get cursor(): Cursor {
    return this.current!.cursor;
  }

  private valuesAt(cursor: Cursor): readonly Value[] {
    cursor.loadValue();
    return this.keys.valuesOf(cursor.valueBytes, cursor.valueOffset);
  }

  /** Keeps the least one last. */
  private insert(head: Head): void {
    const { heads, keys } = this;
    let low = 0;
    let high = heads.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = heads[middle]!;
      const order = keys.compareTuples(head.values, other.values) || head.run - other.run;
      if (order > 0) high = middle;
      else low = middle + 1;
    }
    heads.splice(low, 0, head);
  }

  close(): void {
    this.current?.cursor.close();
    for (const { cursor } of this.heads) cursor.close();
    this.heads.length = 0;
    this.current = undefined;
  }
}
