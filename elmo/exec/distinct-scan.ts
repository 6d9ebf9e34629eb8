/**
 * The different values of one field of an index: from each to the next by a seek, whatever number of entries is between.
 * A document without the field has an entry of null.
 */
import { prefixEnd, type Cursor } from '../../lsm/index.js';
import type { IndexScanPlan, QueryPlan } from '../plan/query-plan.js';
import { isFixed } from '../plan/sort-order.js';
import { ValueEnds } from '../keys/value-ends.js';
import { END, PAUSE, ROW, type Pulled, type RowMetadata, type RowSource } from '../operation/row-source.js';
import { entriesOf, pathsOf } from './build-rows.js';
import { KeyDocument } from './key-rows.js';
import { StageStats } from './plan-stats.js';
import type { RowsRequest } from './planned-rows.js';

/** Which field of the plan's index has the values; undefined: the plan does not allow for it. */
export function distinctField({ access, isCovered }: QueryPlan, path: string): number | undefined {
  if (access.kind !== 'ixscan' || !isCovered) return undefined;
  const { index, fieldIntervals, filter, keyFilter, checked, given } = access;
  if (filter !== undefined || keyFilter !== undefined || checked !== undefined || given !== undefined)
    return undefined;
  if (index.isMultikey || index.kind !== 'ordered' || access.direction !== 'forward') return undefined;
  const field = index.fields.findIndex((each) => each.path === path);
  return field >= 0 && fieldIntervals.slice(0, field).every(isFixed) ? field : undefined;
}

export class DistinctScan implements RowSource {
  readonly at = 0;
  readonly recordId = -1;
  readonly metadata: RowMetadata | undefined = undefined;
  readonly stats = new StageStats();
  private readonly document: KeyDocument;
  private readonly entries;
  private readonly descending: readonly boolean[];
  private readonly ends = new ValueEnds();
  private cursor: Cursor | undefined;
  private next = 0;
  private hasGiven = false;

  /** @param field  whose values are wanted; the fields before it have one value */
  constructor(
    private readonly plan: IndexScanPlan,
    field: number,
    private readonly request: Pick<RowsRequest, 'view' | 'operation'>,
  ) {
    const { index } = plan;
    this.entries = entriesOf(index);
    this.document = new KeyDocument(pathsOf(index));
    this.descending = index.fields.slice(0, field + 1).map(({ direction }) => direction < 0);
  }

  get bytes(): Uint8Array {
    return this.document.writer.bytes;
  }

  pull(): Pulled {
    const { stats, request } = this;
    if (request.operation.shouldPause()) return PAUSE;
    for (;;) {
      const cursor = this.cursor ?? this.open();
      if (cursor === undefined) {
        stats.isAtEnd = true;
        return END;
      }
      if (!(this.hasGiven ? this.goOn(cursor) : cursor.next())) {
        cursor.close();
        this.cursor = undefined;
        continue;
      }
      this.hasGiven = true;
      stats.keys++;
      this.read(cursor);
      stats.returned++;
      return ROW;
    }
  }

  private open(): Cursor | undefined {
    const range = this.plan.ranges[this.next++];
    if (range === undefined) return undefined;
    this.hasGiven = false;
    this.stats.seeks++;
    this.cursor = this.request.view.scan(range);
    return this.cursor;
  }

  /** Moves behind all entries with the same value. */
  private goOn(cursor: Cursor): boolean {
    const { entries } = this;
    let at = entries.valuesStart;
    for (const isDescending of this.descending)
      at = this.ends.endOf(cursor.keyBytes, at, entries.valuesEnd, isDescending);
    const target = prefixEnd(cursor.keyBytes.subarray(0, at));
    this.stats.seeks++;
    return target !== undefined && cursor.seek(target, 'GE');
  }

  private read(cursor: Cursor): void {
    cursor.loadValue();
    const { entries } = this;
    entries.parse(
      cursor.keyBytes,
      cursor.keyLength,
      cursor.valueBytes,
      cursor.valueOffset,
      cursor.valueOffset + cursor.valueLength,
    );
    this.document.read({ entries, place: cursor });
  }

  close(): void {
    this.cursor?.close();
    this.cursor = undefined;
    this.next = this.plan.ranges.length;
  }
}
