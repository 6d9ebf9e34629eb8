/** Sorts rows: in memory, the first few only when there is a limit, on disk when they are many. */
import type { OrderedKv } from '../../lsm/index.js';
import { readDouble } from '../bson/read.js';
import { copyDocument } from '../bson/writer.js';
import type { Value } from '../bson/value.js';
import { ElmoError } from '../errors.js';
import type { Operation } from '../operation/operation.js';
import { END, PAUSE, ROW, type Pulled, type RowMetadata, type RowSource } from '../operation/row-source.js';
import { HeldMemory } from './held-memory.js';
import { KeyedRows } from './keyed-rows.js';
import { MergeRuns } from './merge-runs.js';
import { StageStats } from './plan-stats.js';
import { compareBytes, type SortKeys } from './sort-key.js';
import { SlicedSort } from './sliced-sort.js';
import { Spill } from './spill.js';
import { RECORD_ID_BYTES, StoredRow, storedMetadata } from './stored-row.js';

/** Bytes that a sort holds before it goes to disk, where it may. */
const MAX_HELD_BYTES = 48 * 1024 * 1024;
/** What a row costs beside its bytes. */
const ROW_OVERHEAD = 160;

interface SortedRow {
  readonly key: Uint8Array | undefined;
  readonly values: readonly Value[] | undefined;
  readonly row: Uint8Array;
  readonly recordId: number;
  readonly metadata: RowMetadata | undefined;
  /** Rows that compare equal stay in the order they came. */
  readonly sequence: number;
}

export interface SortOptions {
  readonly kv: OrderedKv;
  readonly operation: Operation;
  /** 0: all rows are wanted. */
  readonly limit: number;
  readonly allowsDisk: boolean;
  readonly maxBytes?: number;
  /** Whether rows that compare equal come by their record ids, in the order of an index's entries; else as they came. */
  readonly tiesByRecord?: boolean;
  /** Whether rows keep what `$meta` says of them. */
  readonly keepsMetadata?: boolean;
}

export class SortRows implements RowSource {
  bytes: Uint8Array = new Uint8Array([5, 0, 0, 0, 0]);
  at = 0;
  recordId = -1;
  metadata: RowMetadata | undefined = undefined;
  readonly stats = new StageStats();
  /** The rows in memory, if all are wanted and keys of bytes are all there is to say of them; else `rows` has them. */
  private readonly keyed: KeyedRows | undefined;
  private rows: SortedRow[] = [];
  private rowBytes = 0;
  private readonly memory: HeldMemory;
  private sequence = 0;
  /** The number of the next row that goes to disk at once. */
  private spilled = 0;
  private next = 0;
  private isSorted = false;
  private spill: Spill | undefined;
  /** Rows that were held are on their way to disk. */
  private isFlushing = false;
  private readonly maxBytes: number;
  private readonly stored = new StoredRow();
  private runs = 0;
  private sorting: SlicedSort<SortedRow> | undefined;
  private merged: MergeRuns | undefined;

  constructor(
    readonly source: RowSource,
    readonly keys: SortKeys,
    private readonly options: SortOptions,
  ) {
    const { sortBytes } = options.operation.settings;
    this.maxBytes =
      options.maxBytes ?? (options.allowsDisk ? Math.min(MAX_HELD_BYTES, sortBytes) : sortBytes);
    this.memory = new HeldMemory(options.kv);
    options.operation.trace?.addSort(this.stats);
    const isKeyed = keys.collation === undefined && options.limit === 0 && options.keepsMetadata !== true;
    this.keyed = isKeyed ? new KeyedRows(options.tiesByRecord === true) : undefined;
  }

  get isAtEnd(): boolean {
    if (!this.isSorted || this.spill !== undefined) return false;
    return this.keyed === undefined ? this.next === this.rows.length : this.keyed.isAtEnd;
  }

  pull(): Pulled {
    if (!this.isSorted) {
      const pulled = this.fill();
      if (pulled === PAUSE) return PAUSE;
    }
    return this.spill === undefined ? this.fromMemory() : this.fromDisk(this.spill);
  }

  private fill(): Pulled {
    const { source } = this;
    for (;;) {
      // what is on its way to disk is not held beside rows that come
      if (this.isFlushing && this.flush(this.spill!)) return PAUSE;
      const pulled = source.pull();
      if (pulled === PAUSE) return PAUSE;
      if (pulled === END) break;
      if (this.take() && this.options.operation.look()) return PAUSE;
    }
    if (this.spill === undefined) {
      if (!this.sortRows()) return PAUSE;
    } else {
      if (this.flush(this.spill) || this.spill.complete()) return PAUSE;
      this.openRuns(this.spill);
    }
    this.isSorted = true;
    source.close();
    return ROW;
  }

  /** @returns false to pause, then call again */
  private sortRows(): boolean {
    if (this.keyed !== undefined) return this.keyed.sort(() => this.options.operation.look());
    this.sorting ??= new SlicedSort(this.rows, this.compare);
    const sorted = this.sorting.run(() => this.options.operation.look());
    if (sorted === undefined) return false;
    this.rows = sorted;
    this.sorting = undefined;
    return true;
  }

  /** Takes the source's row. @returns whether to pause */
  private take(): boolean {
    const { source, keys, keyed } = this;
    const { bytes, at } = source;
    if (keyed !== undefined) return this.takeKeyed(keyed);
    const hasCollation = keys.collation !== undefined;
    const key = hasCollation ? undefined : keys.keyOf(bytes, at);
    const limit = this.options.limit;
    const heap = this.rows;
    if (limit > 0 && heap.length === limit && key !== undefined) {
      const last = heap[0]!.key!;
      if (compareBytes(key, key.length, last, last.length) >= 0) return false;
    }
    const metadata = this.options.keepsMetadata === true ? source.metadata : undefined;
    if (this.spill !== undefined && key !== undefined)
      return this.spill.add(key, this.stored.of(bytes, at, source.recordId, metadata), this.sequence++);
    const row = copyDocument(bytes, at);
    const sorted: SortedRow = {
      key,
      values: hasCollation ? keys.valuesOf(bytes, at) : undefined,
      row,
      recordId: source.recordId,
      metadata,
      sequence: this.sequence++,
    };
    if (limit > 0 && this.spill === undefined) return this.takeTop(sorted, limit);
    heap.push(sorted);
    return this.account(row.length + (key?.length ?? 0) + ROW_OVERHEAD);
  }

  /** The same for rows by keys of bytes. */
  private takeKeyed(keyed: KeyedRows): boolean {
    const { source, spill } = this;
    const { bytes, at } = source;
    const key = this.keys.findKey(bytes, at);
    if (spill === undefined)
      return this.account(keyed.add(key.bytes, key.length, bytes, at, source.recordId) + ROW_OVERHEAD);
    const row = this.stored.of(bytes, at, source.recordId);
    return spill.add(key.bytes.subarray(0, key.length), row, this.spilled++);
  }

  private account(bytes: number): boolean {
    this.setBytes(this.rowBytes + bytes);
    if (this.rowBytes > this.stats.memoryBytes) this.stats.memoryBytes = this.rowBytes;
    if (this.rowBytes <= this.maxBytes) return false;
    if (!this.options.allowsDisk)
      throw new ElmoError(
        'QueryExceededMemoryLimitNoDiskUseAllowed',
        `Sort exceeded memory limit of ${this.maxBytes} bytes, but did not opt in to external sorting.`,
      );
    this.stats.usedDisk = true;
    this.spill ??= new Spill(this.options.kv, this.options.operation);
    return this.flush(this.spill);
  }

  private setBytes(bytes: number): void {
    this.rowBytes = bytes;
    this.memory.set(bytes);
  }

  /** Moves what is in memory to disk, until it has to pause. @returns whether to pause, then call again */
  private flush(spill: Spill): boolean {
    const { keyed } = this;
    if (this.keys.collation !== undefined) this.isFlushing = this.flushRun(spill);
    else this.isFlushing = keyed === undefined ? this.flushRows(spill) : this.flushKeyed(keyed, spill);
    return this.isFlushing;
  }

  private flushRows(spill: Spill): boolean {
    const { rows } = this;
    while (rows.length > 0) {
      const row = rows.pop()!;
      if (spill.add(row.key!, this.stored.of(row.row, 0, row.recordId, row.metadata), row.sequence))
        return true;
    }
    this.setBytes(0);
    return false;
  }

  private flushKeyed(keyed: KeyedRows, spill: Spill): boolean {
    // rows that are read later are told apart from those held by greater numbers
    if (this.spilled < keyed.count) this.spilled = keyed.count;
    while (keyed.count > 0) {
      const key = keyed.pop();
      if (spill.add(key, this.stored.of(keyed.bytes, keyed.at, keyed.recordId), keyed.count)) return true;
    }
    keyed.endPops();
    this.setBytes(0);
    return false;
  }

  /** The same where keys have no order of bytes: what is written at a stretch is a run of its own. */
  private flushRun(spill: Spill): boolean {
    if (!this.sortRows()) return true;
    const { rows } = this;
    const run = runKey(this.runs++);
    this.setBytes(0);
    for (let i = 0; i < rows.length; i++) {
      const { row, recordId, metadata } = rows[i]!;
      if (spill.add(run, this.stored.of(row, 0, recordId, metadata), i)) {
        this.rows = rows.slice(i + 1);
        return true;
      }
    }
    this.rows = [];
    return false;
  }

  /** Keeps the least `limit` rows: a heap with the greatest of them on top. */
  private takeTop(row: SortedRow, limit: number): boolean {
    const heap = this.rows;
    if (heap.length < limit) {
      heap.push(row);
      this.siftUp(heap.length - 1);
      return this.account(row.row.length + ROW_OVERHEAD);
    }
    if (this.compare(row, heap[0]!) >= 0) return false;
    this.rowBytes -= heap[0]!.row.length + ROW_OVERHEAD;
    heap[0] = row;
    this.siftDown();
    return this.account(row.row.length + ROW_OVERHEAD);
  }

  private siftUp(i: number): void {
    const heap = this.rows;
    while (i > 0) {
      const parent = (i - 1) >>> 1;
      if (this.compare(heap[i]!, heap[parent]!) <= 0) return;
      [heap[i], heap[parent]] = [heap[parent]!, heap[i]!];
      i = parent;
    }
  }

  private siftDown(): void {
    const heap = this.rows;
    for (let i = 0; ;) {
      let greatest = i;
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < heap.length && this.compare(heap[child]!, heap[greatest]!) > 0) greatest = child;
      if (greatest === i) return;
      [heap[i], heap[greatest]] = [heap[greatest]!, heap[i]!];
      i = greatest;
    }
  }

  private readonly compare = (a: SortedRow, b: SortedRow): number =>
    (a.key === undefined
      ? this.keys.compareTuples(a.values!, b.values!)
      : compareBytes(a.key, a.key.length, b.key!, b.key!.length)) ||
    (this.options.tiesByRecord === true ? a.recordId - b.recordId : a.sequence - b.sequence);

  private fromMemory(): Pulled {
    const { keyed } = this;
    if (this.options.operation.shouldPause()) return PAUSE;
    if (keyed !== undefined) return this.fromKeyed(keyed);
    if (this.next === this.rows.length) {
      this.stats.isAtEnd = true;
      return END;
    }
    const { row, recordId, metadata } = this.rows[this.next++]!;
    this.bytes = row;
    this.recordId = recordId;
    this.metadata = metadata;
    this.stats.returned++;
    return ROW;
  }

  private fromKeyed(keyed: KeyedRows): Pulled {
    if (keyed.isAtEnd) {
      this.stats.isAtEnd = true;
      return END;
    }
    keyed.take();
    this.bytes = keyed.bytes;
    this.at = keyed.at;
    this.recordId = keyed.recordId;
    this.stats.returned++;
    return ROW;
  }

  private openRuns(spill: Spill): void {
    if (this.keys.collation === undefined) return;
    const cursors = Array.from({ length: this.runs }, (_, run) => spill.scan(runKey(run)));
    this.merged = new MergeRuns(cursors, this.keys);
  }

  private fromDisk(spill: Spill): Pulled {
    if (this.options.operation.shouldPause()) return PAUSE;
    if (!(this.merged ?? spill).next()) {
      this.stats.isAtEnd = true;
      return END;
    }
    const { valueBytes, valueOffset, valueLength } = this.merged?.cursor ?? spill.place;
    this.bytes = valueBytes;
    this.at = valueOffset;
    this.recordId = readDouble(valueBytes, valueOffset + valueLength - RECORD_ID_BYTES);
    if (this.options.keepsMetadata === true)
      this.metadata = storedMetadata(valueBytes, valueOffset, valueLength - RECORD_ID_BYTES);
    this.stats.returned++;
    return ROW;
  }

  close(): void {
    this.source.close();
    this.merged?.close();
    this.spill?.close();
    this.keyed?.clear();
    this.memory.clear();
    this.rows = [];
    this.next = 0;
  }
}

/** What the keys of a run start with. */
function runKey(run: number): Uint8Array {
  const key = new Uint8Array(4);
  new DataView(key.buffer).setUint32(0, run);
  return key;
}
