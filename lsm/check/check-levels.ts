/**
 * Whether a version keeps its rules (see manifest/version.ts), from what the manifest tells of its tables; no table is
 * read.
 */
import { compareBytes, type Bytes } from '../base/bytes.js';
import type { TableMeta } from '../manifest/table-meta.js';
import { areDisjoint, type Run, type Version } from '../manifest/version.js';
import type { Problem } from './report.js';

/**
 * @param compare  the order of keys
 * @returns every problem; [] when all is well
 */
export function checkLevels(
  version: Version,
  compare: (a: Bytes, b: Bytes) => number = compareBytes,
): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<number>();
  version.runs.forEach((run, i) => {
    const before = version.runs[i - 1];
    if (before !== undefined) problems.push(...checkRunOrder(before, run));
    problems.push(...checkRun(run, compare));
    for (const { id } of run.tables) {
      if (seen.has(id)) problems.push({ code: 'TableTwice', message: `table ${id} is in the version twice` });
      seen.add(id);
    }
  });
  return problems;
}

function nameOf(run: Run): string {
  return run.level === 0 ? `run ${run.order} of level 0` : `level ${run.level}`;
}

function checkRunOrder(before: Run, run: Run): Problem[] {
  const isSorted =
    before.level < run.level || (before.level === 0 && run.level === 0 && before.order > run.order);
  if (isSorted) return [];
  return [{ code: 'RunOrder', message: `${nameOf(run)} stands behind ${nameOf(before)}` }];
}

function checkRun(run: Run, compare: (a: Bytes, b: Bytes) => number): Problem[] {
  const problems: Problem[] = [];
  const where = nameOf(run);
  if (run.tables.length === 0) problems.push({ code: 'RunEmpty', message: `${where} has no table` });
  run.tables.forEach((table, i) => {
    const before = run.tables[i - 1];
    if (before !== undefined && !areDisjoint(before, table)) {
      const message = `table ${table.id} of ${where} is not above table ${before.id}`;
      problems.push({ code: 'TableOrder', message });
    }
    if (table.highKey !== undefined && compare(table.lowKey, table.highKey) > 0) {
      problems.push({
        code: 'TableBounds',
        message: `table ${table.id} of ${where} has its bounds reversed`,
      });
    }
    const wrong = wrongCount(table);
    if (wrong !== undefined) {
      problems.push({ code: 'TableCounts', message: `table ${table.id} of ${where}: ${wrong}` });
    }
  });
  return problems;
}

function wrongCount(table: TableMeta): string | undefined {
  const { entryCount, tombstoneCount, rangeTombstoneCount, blobCount } = table;
  if (entryCount + rangeTombstoneCount === 0) return 'it has neither entry nor range tombstone';
  if (tombstoneCount + blobCount > entryCount) {
    return `${tombstoneCount} tombstones and ${blobCount} blobs among ${entryCount} entries`;
  }
  if (table.dataBytes > table.extentBytes) {
    return `${table.dataBytes} bytes in an extent of ${table.extentBytes}`;
  }
  const isUnbounded = table.lowKey.length === 0 || table.highKey === undefined;
  if (isUnbounded && rangeTombstoneCount === 0) return 'it is unbounded, but has no range tombstone';
  return undefined;
}
