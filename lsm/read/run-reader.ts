/**
 * A run: tables that are disjoint and ascending, read as one sorted source.
 */
import { compareBytes, compareRanges, sharedPrefixLength, type Bytes } from '../base/bytes.js';
import { RangeTombstones } from '../memtable/range-tombstones.js';
import type { LookupHash } from '../table/bloom.js';
import { RunCursor } from '../table/run-cursor.js';
import type { TableReader } from '../table/table-reader.js';
import type { EntryRegisters, SourceCursor } from './source-cursor.js';

export class RunReader {
  /** Greatest sequence number in any of the tables. */
  readonly maxSeq: number;
  /** How many range tombstones the tables hold. */
  readonly rangeTombstoneCount: number;
  private readonly lows: Bytes[];
  /** Bytes that every low key begins with. */
  private readonly prefixLength: number;
  /** The four bytes of each low key after the common prefix, as a big-endian number. */
  private readonly heads: Float64Array;
  private tombstoneView: RangeTombstones | undefined;

  constructor(readonly tables: readonly TableReader[]) {
    this.lows = tables.map((table) => table.meta.lowKey);
    this.maxSeq = 0;
    this.rangeTombstoneCount = 0;
    for (const { meta } of tables) {
      if (meta.maxSeq > this.maxSeq) this.maxSeq = meta.maxSeq;
      this.rangeTombstoneCount += meta.rangeTombstoneCount;
    }
    const first = this.lows[0];
    const last = this.lows[this.lows.length - 1];
    this.prefixLength =
      first === undefined || last === undefined
        ? 0
        : sharedPrefixLength(first, 0, first.length, last, 0, last.length);
    this.heads = new Float64Array(tables.length);
    for (let i = 0; i < tables.length; i++) {
      const low = this.lows[i]!;
      this.heads[i] = headAt(low, this.prefixLength, low.length);
    }
    this.tombstoneView = undefined;
  }

  /** Index of the last table whose low key is <= the key; -1 when the key lies before the run. */
  tableIndex(key: Bytes, offset: number, length: number): number {
    const { lows, heads, prefixLength } = this;
    const count = lows.length;
    if (count === 0) return -1;
    const first = lows[0]!;
    if (prefixLength > 0) {
      const shared = sharedPrefixLength(key, offset, length, first, 0, prefixLength);
      if (shared < prefixLength) {
        if (shared === length) return -1;
        return key[offset + shared]! < first[shared]! ? -1 : count - 1;
      }
    }
    const head = headAt(key, offset + prefixLength, offset + length);
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const h = heads[middle]!;
      let isAtMost = h < head;
      if (h === head) {
        const candidate = lows[middle]!;
        isAtMost = compareRanges(candidate, 0, candidate.length, key, offset, length) <= 0;
      }
      if (isAtMost) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Newest entry of the key with seq <= maxSeq, range tombstones not looked at. */
  find(
    key: Bytes,
    offset: number,
    length: number,
    hash: LookupHash,
    maxSeq: number,
    out: EntryRegisters,
  ): boolean {
    const at = this.tableIndex(key, offset, length);
    return at >= 0 && this.tables[at]!.find(key, offset, length, hash, maxSeq, out);
  }

  /** The only table within whose bounds the key lies. */
  tableFor(key: Bytes, offset: number, length: number): TableReader | undefined {
    const at = this.tableIndex(key, offset, length);
    if (at < 0) return undefined;
    const table = this.tables[at]!;
    const { highKey } = table.meta;
    const isBeyond =
      highKey !== undefined && compareRanges(highKey, 0, highKey.length, key, offset, length) < 0;
    return isBeyond ? undefined : table;
  }

  /** Greatest seq <= maxSeq of a range tombstone over the key; 0 if none. */
  coveringSeq(key: Bytes, offset: number, length: number, maxSeq: number): number {
    return this.rangeTombstoneCount === 0 ? 0 : this.tombstones().coveringSeq(key, offset, length, maxSeq);
  }

  /** All range tombstones of the run; reads them from the tables at the first call. */
  tombstones(): RangeTombstones {
    if (this.tombstoneView === undefined) {
      const view = new RangeTombstones();
      for (const table of this.tables) {
        if (table.meta.rangeTombstoneCount > 0) view.addAll(table.rangeTombstones());
      }
      this.tombstoneView = view;
    }
    return this.tombstoneView;
  }

  cursor(): SourceCursor {
    return new RunCursor(this.tables);
  }

  /** Whether a table's bounds overlap [low, high). */
  mayOverlap(low: Bytes | undefined, high: Bytes | undefined): boolean {
    const { tables } = this;
    if (tables.length === 0) return false;
    if (high !== undefined && compareBytes(tables[0]!.meta.lowKey, high) >= 0) return false;
    const at = low === undefined ? 0 : Math.max(0, this.tableIndex(low, 0, low.length));
    for (let i = at; i < tables.length; i++) {
      const { lowKey, highKey } = tables[i]!.meta;
      if (high !== undefined && compareBytes(lowKey, high) >= 0) return false;
      if (low === undefined || highKey === undefined || compareBytes(highKey, low) >= 0) return true;
    }
    return false;
  }

  estimate(low: Bytes | undefined, high: Bytes | undefined): { count: number; bytes: number } {
    let count = 0;
    let bytes = 0;
    for (const table of this.tablesIn(low, high)) {
      const part = table.estimate(low, high);
      count += part.count;
      bytes += part.bytes;
    }
    return { count, bytes };
  }

  /** The tables whose bounds overlap [low, high). */
  tablesIn(low: Bytes | undefined, high: Bytes | undefined): TableReader[] {
    const { tables } = this;
    const found: TableReader[] = [];
    const from = low === undefined ? 0 : Math.max(0, this.tableIndex(low, 0, low.length));
    for (let i = from; i < tables.length; i++) {
      const { lowKey, highKey } = tables[i]!.meta;
      if (high !== undefined && compareBytes(lowKey, high) >= 0) break;
      if (low === undefined || highKey === undefined || compareBytes(highKey, low) >= 0)
        found.push(tables[i]!);
    }
    return found;
  }

  /** Whether anything in [low, high) carries a greater sequence number than `seq`. Reads the tables that may. */
  hasNewerIn(low: Bytes | undefined, high: Bytes | undefined, seq: number): boolean {
    if (this.maxSeq <= seq) return false;
    if (this.rangeTombstoneCount > 0 && this.tombstones().overlapsNewer(low, high, seq)) return true;
    for (const table of this.tablesIn(low, high)) {
      if (table.meta.maxSeq <= seq) continue;
      const cursor = new RunCursor([table]);
      if (low === undefined) cursor.first();
      else cursor.seekAtLeast(low, 0, low.length);
      for (; cursor.isValid; cursor.next()) {
        const { keyBytes, keyOffset, keyLength } = cursor;
        if (high !== undefined && compareRanges(keyBytes, keyOffset, keyLength, high, 0, high.length) >= 0)
          break;
        if (cursor.seq > seq) {
          cursor.close();
          return true;
        }
      }
      cursor.close();
    }
    return false;
  }
}

function headAt(bytes: Bytes, at: number, end: number): number {
  let head = 0;
  for (let i = 0; i < 4; i++) head = head * 256 + (at + i < end ? bytes[at + i]! : 0);
  return head;
}
