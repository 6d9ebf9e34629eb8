/**
 * Stretches of keys covered by tables: who overlaps whom, told from the manifest alone.
 *
 * A span includes both ends (a table's `highKey` is a key it may hold). Spans that only touch count as overlapping:
 * a range tombstone that ends at a key makes its table touch the next one, and to merge both is always right.
 */
import { compareBytes, compareRanges, type Bytes } from '../base/bytes.js';
import type { TableMeta } from '../manifest/table-meta.js';

/** Keys from `low` (empty: from the first) to `high` (undefined: to the last), both included. */
export interface KeySpan {
  readonly low: Bytes;
  readonly high: Bytes | undefined;
}

/** Whether every key of a span that ends at `high` lies below `low`. */
export function endsBefore(high: Bytes | undefined, low: Bytes): boolean {
  return high !== undefined && compareBytes(high, low) < 0;
}

/** The greater of two upper ends. */
export function laterEnd(a: Bytes | undefined, b: Bytes | undefined): Bytes | undefined {
  if (a === undefined || b === undefined) return undefined;
  return compareBytes(a, b) >= 0 ? a : b;
}

export function tableSpan(table: TableMeta): KeySpan {
  return { low: table.lowKey, high: table.highKey };
}

/** The smallest span around some tables. @returns undefined when there is none */
export function hullOf(tables: Iterable<TableMeta>): KeySpan | undefined {
  let hull: KeySpan | undefined;
  for (const table of tables) {
    if (hull === undefined) {
      hull = tableSpan(table);
      continue;
    }
    const low = compareBytes(table.lowKey, hull.low) < 0 ? table.lowKey : hull.low;
    hull = { low, high: laterEnd(table.highKey, hull.high) };
  }
  return hull;
}

/** The tables of a run (ascending, disjoint) that overlap a span. */
export function tablesWithin(tables: readonly TableMeta[], span: KeySpan): readonly TableMeta[] {
  const first = firstReaching(tables, span.low);
  let end = first;
  while (end < tables.length && !endsBefore(span.high, tables[end]!.lowKey)) end++;
  return tables.slice(first, end);
}

/** Index of the first table of a run that does not end below `low`. */
function firstReaching(tables: readonly TableMeta[], low: Bytes): number {
  let from = 0;
  let to = tables.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (endsBefore(tables[middle]!.highKey, low)) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Whether any table of a run overlaps a span. */
export function anyWithin(tables: readonly TableMeta[], span: KeySpan): boolean {
  const first = firstReaching(tables, span.low);
  return first < tables.length && !endsBefore(span.high, tables[first]!.lowKey);
}

/** The same keys as ascending disjoint spans. */
export function unionOfSpans(spans: Iterable<KeySpan>): KeySpan[] {
  const sorted = [...spans].sort((a, b) => compareBytes(a.low, b.low));
  const union: KeySpan[] = [];
  for (const span of sorted) {
    const last = union[union.length - 1];
    if (last === undefined || endsBefore(last.high, span.low)) union.push(span);
    else union[union.length - 1] = { low: last.low, high: laterEnd(last.high, span.high) };
  }
  return union;
}

/**
 * Asks ascending keys whether some span holds them. Costs one comparison a key.
 * Keys must not descend from call to call.
 */
export class SpanSweep {
  private at = 0;

  /** @param spans  ascending and disjoint */
  constructor(private readonly spans: readonly KeySpan[]) {}

  /** Whether a span holds the key. */
  holds(key: Bytes, offset: number, length: number): boolean {
    while (this.at < this.spans.length) {
      const { low, high } = this.spans[this.at]!;
      if (high !== undefined && compareRanges(high, 0, high.length, key, offset, length) < 0) {
        this.at++;
        continue;
      }
      return compareRanges(low, 0, low.length, key, offset, length) <= 0;
    }
    return false;
  }
}

/** Whether some of the spans (ascending, disjoint) holds a key of [low, high); an empty low and an absent high are open. */
export function spansMeetRange(spans: readonly KeySpan[], low: Bytes, high: Bytes | undefined): boolean {
  let from = 0;
  let to = spans.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (endsBefore(spans[middle]!.high, low)) from = middle + 1;
    else to = middle;
  }
  return from < spans.length && (high === undefined || compareBytes(spans[from]!.low, high) < 0);
}
