/**
 * The shape of a store: where in the order of keys its tables lie, as numbers, for pictures. Keys are placed by their
 * rank among all bounds of tables, so that equal distances mean equal numbers of bounds, not of keys.
 */
import { compareBytes, type Bytes } from '../base/bytes.js';
import type { StoreFile } from './store-file.js';

export interface KeySpanDump {
  readonly id: number;
  readonly bytes: number;
  readonly entries: number;
  /** Share of its entries that are tombstones. */
  readonly tombstoneShare: number;
  /** Ranks of its bounds, 0 to `KeyMap.bounds.length - 1`, both included. */
  readonly from: number;
  readonly to: number;
}

export interface RunDump {
  readonly level: number;
  /** Which run of level 0; 0 below. */
  readonly order: number;
  readonly bytes: number;
  readonly tables: readonly KeySpanDump[];
}

export interface KeyMap {
  /** The distinct bounds of tables, ascending; an unbounded one counts as the first or the last. */
  readonly bounds: readonly Bytes[];
  /** Newest first. */
  readonly runs: readonly RunDump[];
  /** Pairs of tables of neighbouring runs that share keys: the newer one first. */
  readonly overlaps: readonly (readonly [id: number, below: number])[];
}

/** @throws LsmError when the manifest cannot be read */
export function mapKeys(file: StoreFile): KeyMap {
  const { runs } = file.state.version;
  const all: Bytes[] = [];
  for (const { tables } of runs) {
    for (const { lowKey, highKey } of tables) {
      if (lowKey.length > 0) all.push(lowKey);
      if (highKey !== undefined) all.push(highKey);
    }
  }
  all.sort(compareBytes);
  const bounds = all.filter((key, i) => i === 0 || compareBytes(all[i - 1]!, key) !== 0);
  const last = Math.max(0, bounds.length - 1);
  const dumps = runs.map(({ level, order, tables }): RunDump => {
    const spans = tables.map((meta) => ({
      id: meta.id,
      bytes: meta.dataBytes,
      entries: meta.entryCount,
      tombstoneShare: meta.entryCount === 0 ? 0 : meta.tombstoneCount / meta.entryCount,
      from: meta.lowKey.length === 0 ? 0 : rankOf(bounds, meta.lowKey),
      to: meta.highKey === undefined ? last : rankOf(bounds, meta.highKey),
    }));
    return { level, order, bytes: spans.reduce((sum, { bytes }) => sum + bytes, 0), tables: spans };
  });
  const overlaps: [number, number][] = [];
  for (let i = 0; i + 1 < dumps.length; i++) overlaps.push(...overlapsOf(dumps[i]!, dumps[i + 1]!));
  return { bounds, runs: dumps, overlaps };
}

function rankOf(bounds: readonly Bytes[], key: Bytes): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(bounds[middle]!, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Both are ascending and disjoint. */
function overlapsOf(upper: RunDump, lower: RunDump): [number, number][] {
  const pairs: [number, number][] = [];
  let first = 0;
  for (const table of upper.tables) {
    while (first < lower.tables.length && lower.tables[first]!.to < table.from) first++;
    for (let i = first; i < lower.tables.length && lower.tables[i]!.from <= table.to; i++) {
      pairs.push([table.id, lower.tables[i]!.id]);
    }
  }
  return pairs;
}
