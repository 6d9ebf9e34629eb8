/** What a transaction declared as read, and the check of its reads and writes against later commits. */
import { compareBytes, copyOf, type Bytes } from '../base/bytes.js';
import { LsmError } from '../errors.js';
import type { Memtable } from '../memtable/memtable.js';
import type { KeyRange } from '../ordered-kv.js';
import type { Layer } from '../read/layer.js';
import type { RunReader } from '../read/run-reader.js';
import { EntryRegisters } from '../read/source-cursor.js';
import { MAX_SEQ } from '../read/view.js';
import { LookupHash } from '../table/bloom.js';
import { isKeyNewer, isRangeNewer } from './conflicts.js';

/** Entries looked at between two chances to yield. */
const SLICE_ENTRIES = 2048;

export class TransactionReads {
  private readonly keys: Bytes[] = [];
  private readonly ranges: { low: Bytes | undefined; high: Bytes | undefined }[] = [];

  addKey(key: Bytes): void {
    this.keys.push(copyOf(key));
  }

  addRange({ low, high }: KeyRange): void {
    this.ranges.push({
      low: low === undefined ? undefined : copyOf(low),
      high: high === undefined ? undefined : copyOf(high),
    });
  }

  /** @throws LsmError WriteConflict if a declared read was changed after `seq` */
  check(layers: readonly Layer[], seq: number, out: EntryRegisters): void {
    for (const key of this.keys) {
      if (isKeyNewer(layers, key, 0, key.length, seq, out)) {
        throw conflict('a key it declared as read');
      }
    }
    for (const { low, high } of this.ranges) {
      if (isRangeNewer(layers, low, high, seq)) throw conflict('a range it declared as read');
    }
  }

  /** @throws LsmError WriteConflict if a key or range written in the overlay was changed after `seq` */
  checkWrites(overlay: Memtable, layers: readonly Layer[], seq: number, out: EntryRegisters): void {
    for (const { low, high } of overlay.tombstones.records()) {
      if (isRangeNewer(layers, low.length === 0 ? undefined : low, high, seq))
        throw conflict('a range it deleted');
    }
    const cursor = overlay.cursor();
    for (cursor.first(); cursor.isValid; cursor.next()) {
      const { keyBytes, keyOffset, keyLength } = cursor;
      if (isKeyNewer(layers, keyBytes, keyOffset, keyLength, seq, out)) throw conflict('a key it wrote');
    }
    cursor.close();
  }

  /**
   * The same for pending tables, which may be much more than what was committed meanwhile: so the newer entries of the
   * store are looked up in them.
   */
  async checkRuns(
    runs: readonly RunReader[],
    layers: readonly Layer[],
    seq: number,
    out: EntryRegisters,
    yieldSlice: () => Promise<void>,
  ): Promise<void> {
    for (const run of runs) {
      if (run.rangeTombstoneCount === 0) continue;
      for (const { low, high } of run.tombstones().records()) {
        if (isRangeNewer(layers, low.length === 0 ? undefined : low, high, seq))
          throw conflict('a range it deleted');
      }
    }
    const own = new EntryRegisters();
    const hash = new LookupHash();
    for (const layer of layers) {
      if (layer.maxSeq <= seq) continue;
      for (const { low, high, seq: deletedAt } of layer.tombstones()?.records() ?? []) {
        if (deletedAt > seq && runs.some((run) => hasEntryIn(run, low, high)))
          throw conflict('a key it wrote');
      }
      const cursor = layer.cursor();
      let looked = 0;
      for (cursor.first(); cursor.isValid; cursor.next()) {
        if (++looked % SLICE_ENTRIES === 0) await yieldSlice();
        if (cursor.seq <= seq) continue;
        const { keyBytes, keyOffset, keyLength } = cursor;
        hash.forget();
        if (runs.some((run) => run.find(keyBytes, keyOffset, keyLength, hash, MAX_SEQ, own))) {
          throw conflict('a key it wrote');
        }
      }
      cursor.close();
    }
    out.seq = 0;
  }
}

function hasEntryIn(run: RunReader, low: Bytes, high: Bytes | undefined): boolean {
  if (!run.mayOverlap(low, high)) return false;
  const cursor = run.cursor();
  cursor.seekAtLeast(low, 0, low.length);
  let isInside = cursor.isValid;
  if (isInside && high !== undefined) {
    const key = copyOf(cursor.keyBytes, cursor.keyOffset, cursor.keyLength);
    isInside = compareBytes(key, high) < 0;
  }
  cursor.close();
  return isInside;
}

function conflict(what: string): LsmError {
  return new LsmError(
    `the transaction cannot commit: ${what} was changed by a later commit`,
    'WriteConflict',
  );
}
