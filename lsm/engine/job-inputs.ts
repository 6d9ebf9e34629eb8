/** What flushes and merges must know of the rest of the store. */
import { tablesOf, type Version } from '../manifest/version.js';
import { tableSpan, unionOfSpans, type KeySpan } from '../merge/spans.js';

/** Where tables older than a level-0 run of this order lie: ascending, disjoint. */
export function deeperSpansOf(version: Version, order: number): KeySpan[] {
  const spans: KeySpan[] = [];
  for (const run of version.runs) {
    if (run.level === 0 && run.order >= order) continue;
    for (const table of run.tables) spans.push(tableSpan(table));
  }
  return unionOfSpans(spans);
}

/** Total bytes of a version's tables. */
export function tableBytesOf(version: Version): number {
  let bytes = 0;
  for (const table of tablesOf(version)) bytes += table.dataBytes;
  return bytes;
}
