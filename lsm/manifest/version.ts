/**
 * Which tables are live: an immutable value, replaced as a whole by each edit. Whoever holds a version can read all of
 * its tables for as long as it pins the version's number.
 *
 * What must stay true (see also check/check-levels.ts):
 * - the tables of a run are ascending and disjoint: each `highKey` is below the next `lowKey`; where a range tombstone
 *   ends a table the two may be equal, because the tombstone's end is not inside it;
 * - runs are sorted newest first: level 0 by `order` descending, then one run for each level 1, 2, …;
 * - no table is in a version twice; no run is empty.
 */
import { compareBytes, compareRanges, type Bytes } from '../base/bytes.js';
import { tableMeta, type TableMeta } from './table-meta.js';
import type { TableAddition, VersionEdit } from './version-edit.js';

export interface Run {
  readonly level: number;
  /** Of two runs in level 0 the one with the greater order is newer. 0 in the other levels. */
  readonly order: number;
  /** Not empty. */
  readonly tables: readonly TableMeta[];
}

export interface Version {
  /** Grows with every edit. */
  readonly number: number;
  /** Newest first. */
  readonly runs: readonly Run[];
}

/** A level is at most this; the format leaves room for more than any file can need. */
export const MAX_LEVEL = 63;

export const EMPTY_VERSION: Version = { number: 0, runs: [] };

/** Makes the error for an edit that does not fit: a bug of ours, or, when a manifest is read, damage. */
export type Refusal = (what: string) => Error;

export const refuseAsBug: Refusal = (what) => new Error(`broken invariant: ${what}`);

/**
 * The version after `edit`; `version` stays as it is. A table that is removed and added again has moved.
 * @throws what `refuse` makes, when the result would break one of the rules above
 */
export function applyEdit(version: Version, edit: VersionEdit, refuse: Refusal = refuseAsBug): Version {
  if (edit.version <= version.number) {
    throw refuse(`edit to version ${edit.version} of version ${version.number}`);
  }
  const removed = new Set(edit.removeTables);
  if (removed.size !== edit.removeTables.length) throw refuse('a table is removed twice');
  const added = groupByRun(edit.addTables, refuse);
  const addedIds = new Set<number>();
  for (const { meta } of edit.addTables) {
    if (addedIds.has(meta.id)) throw refuse(`table ${meta.id} is added twice`);
    addedIds.add(meta.id);
  }

  const runs: Run[] = [];
  let found = 0;
  for (const run of version.runs) {
    const additions = added.get(runKey(run.level, run.order));
    added.delete(runKey(run.level, run.order));
    let isChanged = additions !== undefined;
    for (const table of run.tables) {
      if (removed.has(table.id)) {
        found++;
        isChanged = true;
      } else if (addedIds.has(table.id)) throw refuse(`table ${table.id} is there already`);
    }
    if (!isChanged) {
      runs.push(run);
      continue;
    }
    const kept = found === 0 ? [...run.tables] : run.tables.filter((table) => !removed.has(table.id));
    for (const addition of additions ?? []) kept.push(tableMeta(addition.meta));
    if (kept.length > 0) runs.push(makeRun(run.level, run.order, kept, refuse));
  }
  if (found !== removed.size) throw refuse(`${removed.size - found} tables to remove are not there`);
  for (const additions of added.values()) {
    const { level, order } = additions[0]!;
    const tables = additions.map((addition) => tableMeta(addition.meta));
    runs.push(makeRun(level, level === 0 ? order : 0, tables, refuse));
  }
  runs.sort((a, b) => a.level - b.level || b.order - a.order);
  return { number: edit.version, runs };
}

function runKey(level: number, order: number): string {
  return level === 0 ? `0/${order}` : `${level}`;
}

function groupByRun(additions: readonly TableAddition[], refuse: Refusal): Map<string, TableAddition[]> {
  const groups = new Map<string, TableAddition[]>();
  for (const addition of additions) {
    if (addition.level < 0 || addition.level > MAX_LEVEL) throw refuse(`there is no level ${addition.level}`);
    const key = runKey(addition.level, addition.order);
    const group = groups.get(key);
    if (group) group.push(addition);
    else groups.set(key, [addition]);
  }
  return groups;
}

function makeRun(level: number, order: number, tables: TableMeta[], refuse: Refusal): Run {
  tables.sort((a, b) => compareBytes(a.lowKey, b.lowKey) || compareHighKeys(a.highKey, b.highKey));
  for (let i = 1; i < tables.length; i++) {
    const before = tables[i - 1]!;
    const after = tables[i]!;
    if (!areDisjoint(before, after)) {
      throw refuse(`tables ${before.id} and ${after.id} overlap in a run of level ${level}`);
    }
  }
  return { level, order, tables };
}

/** Order of two `highKey`s: undefined, unbounded, is greatest. */
export function compareHighKeys(a: Bytes | undefined, b: Bytes | undefined): number {
  if (a === undefined) return b === undefined ? 0 : 1;
  return b === undefined ? -1 : compareBytes(a, b);
}

/** Whether all of `before` lies below all of `after`. */
export function areDisjoint(before: TableMeta, after: TableMeta): boolean {
  if (before.highKey === undefined || after.lowKey.length === 0) return false;
  const order = compareBytes(before.highKey, after.lowKey);
  return order < 0 || (order === 0 && before.rangeTombstoneCount > 0);
}

/**
 * Index of the only table of a run that can hold an entry of the key: the last one with `lowKey` <= key.
 * @returns -1 when no table can
 */
export function findTable(tables: readonly TableMeta[], key: Bytes, offset: number, length: number): number {
  let low = 0;
  let high = tables.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const lowKey = tables[middle]!.lowKey;
    if (compareRanges(lowKey, 0, lowKey.length, key, offset, length) <= 0) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return -1;
  const highKey = tables[low - 1]!.highKey;
  if (highKey !== undefined && compareRanges(highKey, 0, highKey.length, key, offset, length) < 0) return -1;
  return low - 1;
}

/** Every table of a version, newest run first. */
export function* tablesOf(version: Version): Generator<TableMeta> {
  for (const run of version.runs) yield* run.tables;
}

/** The run of a level below 0, or undefined when the level is empty. */
export function runOfLevel(version: Version, level: number): Run | undefined {
  return version.runs.find((run) => run.level === level && level > 0);
}

/** How many runs level 0 has. */
export function levelZeroRuns(version: Version): number {
  let count = 0;
  while (count < version.runs.length && version.runs[count]!.level === 0) count++;
  return count;
}

/** The deepest level that has tables; 0 when there is none. */
export function deepestLevel(version: Version): number {
  const last = version.runs[version.runs.length - 1];
  return last === undefined ? 0 : last.level;
}
