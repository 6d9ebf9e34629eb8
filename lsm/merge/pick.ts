/**
 * Which tables to merge next: a pure decision from the manifest.
 *
 * Level 0 is due when it has `levelZeroRuns` runs; level n >= 1 when its bytes pass levelOneBytes x levelFactor^(n-1).
 * The level furthest beyond its target goes first. A level that is due gives a window of adjacent tables to the level
 * below: one rich in tombstones if there is one, else the window whose rewriting costs least for each byte it moves
 * down. When no level is due, tombstones sink to where they can be dropped, and small neighbours become one table.
 *
 * What must stay true:
 * - inputs hold every table of the output level within the bounds of the other inputs taken together, so that no output
 *   can span a table that stays; of level 0 they hold the oldest runs, so that nothing that stays above is older;
 * - a plan changes the version in a way that cannot repeat for ever (fewer runs, tables deeper, fewer tombstones or
 *   fewer tables), so that merging comes to rest when writing does.
 */
import { compareBytes, type Bytes } from '../base/bytes.js';
import type { TableMeta } from '../manifest/table-meta.js';
import type { Version } from '../manifest/version.js';
import { planOf, type MergeOptions, type MergePlan, type MergeReason, type PickState } from './plan.js';
import { anyWithin, endsBefore, hullOf, tablesWithin, tableSpan } from './spans.js';

export type { MergeOptions, MergePlan, MergeReason, PickState } from './plan.js';
export { planMergeAll } from './plan.js';

export interface LevelScore {
  readonly level: number;
  readonly runs: number;
  readonly tables: number;
  readonly bytes: number;
  readonly entries: number;
  readonly tombstones: number;
  readonly rangeTombstones: number;
  /** Runs in level 0, bytes below. */
  readonly target: number;
  /** 1 and more: due for a merge. */
  readonly score: number;
}

/** Tables of one level that are merged at once. */
const WINDOW_TABLES = 8;
/** A table is rich in tombstones when this share of its entries is. A merge rewrites a rich one, whatever else it passes. */
export const RICH_SHARE = 0.2;
/** A range tombstone weighs as much as this many tombstones. */
const RANGE_WEIGHT = 100;
/** Neighbours filled less than this on average become one table. */
const SMALL_FILL = 0.5;
/** Fewer small neighbours than this are left alone. */
const SMALL_COUNT = 4;
/** Small neighbours that are joined at once. */
const SMALL_WINDOW = 32;
/** An output overlaps at most this many tables of the next level. */
export const NEXT_LEVEL_TABLES = 10;

/** Target of a level: runs for level 0, else bytes. */
function targetOf(level: number, options: MergeOptions): number {
  if (level === 0) return options.levelZeroRuns;
  return options.levelOneBytes * options.levelFactor ** (level - 1);
}

/** Every level that has tables, in order. For diagnosis, and for choosing the level that is due. */
export function levelScores(version: Version, options: MergeOptions): LevelScore[] {
  const scores: LevelScore[] = [];
  for (const run of version.runs) {
    const { level } = run;
    let { runs, tables, bytes, entries, tombstones, rangeTombstones } = scores[scores.length - 1] ?? EMPTY;
    if (scores.length > 0 && scores[scores.length - 1]!.level === level) scores.pop();
    else runs = tables = bytes = entries = tombstones = rangeTombstones = 0;
    runs++;
    tables += run.tables.length;
    for (const table of run.tables) {
      bytes += table.dataBytes;
      entries += table.entryCount;
      tombstones += table.tombstoneCount;
      rangeTombstones += table.rangeTombstoneCount;
    }
    const target = targetOf(level, options);
    const score = (level === 0 ? runs : bytes) / target;
    scores.push({ level, runs, tables, bytes, entries, tombstones, rangeTombstones, target, score });
  }
  return scores;
}

const EMPTY = { runs: 0, tables: 0, bytes: 0, entries: 0, tombstones: 0, rangeTombstones: 0 };

/** @returns undefined when nothing is worth doing */
export function pickMerge(version: Version, state: PickState): MergePlan | undefined {
  const due = levelScores(version, state.options)
    .filter((level) => level.score >= (level.level === 0 ? 1 : 1 + Number.EPSILON))
    .sort((a, b) => b.score - a.score || a.level - b.level);
  for (const { level, score } of due) {
    const plan =
      level === 0 ? pickLevelZero(version, state, score) : pickWindow(version, state, level, score);
    if (plan !== undefined) return plan;
  }
  return pickTombstones(version, state) ?? pickSmallTables(version, state);
}

function pickLevelZero(version: Version, state: PickState, score: number): MergePlan | undefined {
  const runs: (readonly TableMeta[])[] = [];
  const levelZero = version.runs.filter((run) => run.level === 0);
  for (let i = levelZero.length - 1; i >= 0; i--) {
    const { tables } = levelZero[i]!;
    if (tables.some((table) => state.busyTables.has(table.id))) break;
    runs.unshift(tables);
  }
  const all = runs.flat();
  if (all.length === 0) return undefined;
  const lower = tablesOf(version, 1);
  if (!isSmall(all, state) && !all.some((table) => isRich(table, state)) && areDisjoint(all, lower)) {
    return planOf(version, { reason: 'level-zero', score, inputLevel: 0, outputLevel: 1, moves: all });
  }
  const overlapped = tablesWithin(lower, hullOf(all)!);
  if (overlapped.some((table) => state.busyTables.has(table.id))) return undefined;
  const inputs = overlapped.length > 0 ? [...runs, overlapped] : runs;
  return planOf(version, {
    reason: 'level-zero',
    score,
    inputLevel: 0,
    outputLevel: 1,
    inputs,
    includesOutputLevel: overlapped.length > 0,
  });
}

/** Whether no two of the tables overlap, nor any of them a table of the run `lower`. */
function areDisjoint(tables: readonly TableMeta[], lower: readonly TableMeta[]): boolean {
  const sorted = [...tables].sort((a, b) => compareBytes(a.lowKey, b.lowKey));
  for (let i = 0; i < sorted.length; i++) {
    if (i > 0 && !endsBefore(sorted[i - 1]!.highKey, sorted[i]!.lowKey)) return false;
    if (anyWithin(lower, tableSpan(sorted[i]!))) return false;
  }
  return true;
}

/** The best window of a level beyond its target, down to the next level. */
function pickWindow(version: Version, state: PickState, level: number, score: number): MergePlan | undefined {
  const tables = tablesOf(version, level);
  const lower = tablesOf(version, level + 1);
  const window = bestWindow(tables, lower, level, state);
  if (window === undefined) return undefined;
  const hull = hullOf(window);
  const overlapped = hull === undefined ? [] : tablesWithin(lower, hull);
  return planDown(version, state, 'level-size', score, level, window, overlapped);
}

/** From `window` in `level` to the level below: by reference where nothing is in the way and nothing to be dropped. */
function planDown(
  version: Version,
  state: PickState,
  reason: MergeReason,
  score: number,
  level: number,
  window: readonly TableMeta[],
  overlapped: readonly TableMeta[],
): MergePlan {
  const pointer = window[window.length - 1]!.highKey;
  const base = { reason, score, inputLevel: level, outputLevel: level + 1, pointer };
  if (overlapped.length > 0)
    return planOf(version, { ...base, inputs: [window, overlapped], includesOutputLevel: true });
  const dropsNow = (table: TableMeta): boolean =>
    isRich(table, state) && !overlapsDeeper(version, level + 1, table);
  if (window.some(dropsNow)) return planOf(version, { ...base, inputs: [window] });
  return planOf(version, { ...base, moves: window });
}

/**
 * Of all windows of adjacent tables the one with the smallest share of rewriting; a window of tables rich in tombstones
 * before all others. One pass over both levels.
 */
function bestWindow(
  tables: readonly TableMeta[],
  lower: readonly TableMeta[],
  level: number,
  state: PickState,
): readonly TableMeta[] | undefined {
  const { first, end, bytesBefore } = overlaps(tables, lower);
  const total = tables.reduce((sum, table) => sum + table.dataBytes, 0);
  const excess = Math.max(total - targetOf(level, state.options), 1);
  const start = startAfter(tables, state.levelPointers.get(level));
  let best: readonly TableMeta[] | undefined;
  let bestCost = Infinity;
  for (let n = 0; n < tables.length; n++) {
    const from = (start + n) % tables.length;
    let moved = 0;
    let rich = 0;
    let to = from;
    while (to < tables.length && to - from < WINDOW_TABLES && moved < excess) {
      const table = tables[to]!;
      if (isBusy(table, lower, first[to]!, end[to]!, state.busyTables)) break;
      moved += table.dataBytes;
      if (isRich(table, state)) rich++;
      to++;
    }
    if (to === from) continue;
    const rewritten = bytesBefore[Math.max(end[to - 1]!, first[from]!)]! - bytesBefore[first[from]!]!;
    const cost = rewritten / moved - (rich / (to - from)) * 1e6;
    if (cost >= bestCost) continue;
    bestCost = cost;
    best = tables.slice(from, to);
  }
  return best;
}

/** For each table the range [first, end) of tables of `lower` it overlaps, and the bytes of `lower` before each index. */
function overlaps(
  tables: readonly TableMeta[],
  lower: readonly TableMeta[],
): { first: Int32Array; end: Int32Array; bytesBefore: Float64Array } {
  const bytesBefore = new Float64Array(lower.length + 1);
  for (let i = 0; i < lower.length; i++) bytesBefore[i + 1] = bytesBefore[i]! + lower[i]!.dataBytes;
  const first = new Int32Array(tables.length);
  const end = new Int32Array(tables.length);
  let a = 0;
  let b = 0;
  for (let i = 0; i < tables.length; i++) {
    const { lowKey, highKey } = tables[i]!;
    while (a < lower.length && endsBefore(lower[a]!.highKey, lowKey)) a++;
    if (b < a) b = a;
    while (b < lower.length && !endsBefore(highKey, lower[b]!.lowKey)) b++;
    first[i] = a;
    end[i] = b;
    // The last table overlapped may overlap the next one too.
    if (b > a) b--;
  }
  return { first, end, bytesBefore };
}

function isBusy(
  table: TableMeta,
  lower: readonly TableMeta[],
  first: number,
  end: number,
  busy: ReadonlySet<number>,
): boolean {
  if (busy.size === 0) return false;
  if (busy.has(table.id)) return true;
  for (let i = first; i < end; i++) if (busy.has(lower[i]!.id)) return true;
  return false;
}

/** Index of the first table that begins after the pointer; 0 when there is none. */
function startAfter(tables: readonly TableMeta[], pointer: Bytes | undefined): number {
  if (pointer === undefined) return 0;
  const index = tables.findIndex((table) => compareBytes(table.lowKey, pointer) > 0);
  return Math.max(index, 0);
}

/** Whether a merge could drop so much from the table that it is worth one. */
function isRich(table: TableMeta, state: PickState): boolean {
  const weight = table.tombstoneCount + RANGE_WEIGHT * table.rangeTombstoneCount;
  return weight > 0 && weight >= RICH_SHARE * table.entryCount && table.maxSeq <= state.keepSeqsAbove;
}

/** Tombstones sink one level at a time, and are dropped where nothing lies below them. */
function pickTombstones(version: Version, state: PickState): MergePlan | undefined {
  for (const { level, tables } of version.runs) {
    if (level === 0) continue;
    const lower = tablesOf(version, level + 1);
    for (let i = 0; i < tables.length; i++) {
      const window: TableMeta[] = [];
      while (i < tables.length && window.length < WINDOW_TABLES && isRich(tables[i]!, state)) {
        window.push(tables[i++]!);
      }
      if (window.length === 0) continue;
      const overlapped = tablesWithin(lower, hullOf(window)!);
      if ([...window, ...overlapped].some((table) => state.busyTables.has(table.id))) continue;
      if (window.some((table) => overlapsDeeper(version, level, table))) {
        return planDown(version, state, 'tombstones', 0, level, window, overlapped);
      }
      return planOf(version, {
        reason: 'tombstones',
        score: 0,
        inputLevel: level,
        outputLevel: level,
        inputs: [window],
        includesOutputLevel: true,
      });
    }
  }
  return undefined;
}

/** Neighbours that together fill less than half of their tables; none of them as big as the others together. */
function pickSmallTables(version: Version, state: PickState): MergePlan | undefined {
  for (const { level, tables } of version.runs) {
    if (level === 0 || tables.length < SMALL_COUNT) continue;
    const lower = tablesOf(version, level + 1);
    for (let from = 0; from + SMALL_COUNT <= tables.length; from++) {
      const window = smallWindow(tables, from, state);
      if (window === undefined) continue;
      // Else the limit on overlapped tables would cut the outputs as small as they were.
      if (tablesWithin(lower, hullOf(window)!).length > NEXT_LEVEL_TABLES) continue;
      return planOf(version, {
        reason: 'small-tables',
        score: 0,
        inputLevel: level,
        outputLevel: level,
        inputs: [window],
        includesOutputLevel: true,
      });
    }
  }
  return undefined;
}

/** The longest window of small tables from `from`. */
function smallWindow(
  tables: readonly TableMeta[],
  from: number,
  state: PickState,
): readonly TableMeta[] | undefined {
  let bytes = 0;
  let largest = 0;
  let to = from;
  for (; to < tables.length && to - from < SMALL_WINDOW; to++) {
    const table = tables[to]!;
    if (state.busyTables.has(table.id) || table.rangeTombstoneCount > 0) break;
    if (table.dataBytes > SMALL_FILL * state.options.tableBytes) break;
    bytes += table.dataBytes;
    largest = Math.max(largest, table.dataBytes);
  }
  return to - from >= SMALL_COUNT && largest * 2 <= bytes ? tables.slice(from, to) : undefined;
}

/** Whether tables are filled so little that they are better rewritten than moved. */
function isSmall(tables: readonly TableMeta[], state: PickState): boolean {
  const bytes = tables.reduce((sum, table) => sum + table.dataBytes, 0);
  return tables.length > 1 && bytes < SMALL_FILL * tables.length * state.options.tableBytes;
}

function tablesOf(version: Version, level: number): readonly TableMeta[] {
  return version.runs.find((run) => run.level === level)?.tables ?? [];
}

/** Whether a table of a level below `level` overlaps this one. */
function overlapsDeeper(version: Version, level: number, table: TableMeta): boolean {
  return version.runs.some((run) => run.level > level && anyWithin(run.tables, tableSpan(table)));
}
