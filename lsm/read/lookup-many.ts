/**
 * Looks up the keys of a batch, each step for all of them before the next, so that the waits for memory overlap: where
 * each would lie, in which frames of the cache, what is noted of these, and the values.
 *
 * Only values come of it that lie as they are in blocks of the cache, as almost all do that are read again and again. No file is read, so that nothing leaves the cache meanwhile.
 */
import { BATCH_KEYS, type LookupBatch } from '../base/lookup-batch.js';
import type { LookupHash } from '../table/bloom.js';
import type { TableReader } from '../table/table-reader.js';
import type { Layer } from './layer.js';
import type { EntryRegisters } from './source-cursor.js';

const LINE_BYTES = 64;
/** What lies further on in a value the processor fetches by itself. */
const TOUCHED_BYTES = 1024;
/** The table of each key of the batch at hand. */
const readers = new Array<TableReader | undefined>(BATCH_KEYS).fill(undefined);

/** @param layers  newest first, without range tombstones; no layer is a transaction's own */
export function lookupMany(
  layers: readonly Layer[],
  batch: LookupBatch,
  seq: number,
  hash: LookupHash,
  out: EntryRegisters,
): void {
  const { count, blocks, frames } = batch;
  let any: TableReader | undefined;
  for (let i = 0; i < count; i++) {
    const reader = tableOf(layers, batch, i, seq, hash, out);
    readers[i] = reader;
    if (reader === undefined) blocks[i] = -1;
    else {
      any = reader;
      reader.locateIn(batch, i);
    }
  }
  if (any === undefined) return;
  batch.source = any.cache;
  batch.expiries = any.cache.expiries;
  batch.touched = any.cache.findFrames(batch.tables, blocks, count, frames);
  for (let i = 0; i < count; i++) if (frames[i]! >= 0) readers[i]!.findInFrame(batch, i, seq, out);
  touchValues(batch);
  readers.fill(undefined, 0, count); // holds on to no table that is closed
}

/** The table of the newest layer that may have the key; undefined where a memtable has it, or none. */
function tableOf(
  layers: readonly Layer[],
  { keys, keyAt, keyEnds }: LookupBatch,
  i: number,
  seq: number,
  hash: LookupHash,
  out: EntryRegisters,
): TableReader | undefined {
  const at = keyAt[i]!;
  const length = keyEnds[i]! - at;
  hash.forget();
  for (let n = 0; n < layers.length; n++) {
    const { memtable, run } = layers[n]!;
    if (memtable !== undefined) {
      if (!memtable.isEmpty && memtable.find(keys, at, length, seq, out)) return undefined;
      continue;
    }
    const reader = run!.tableFor(keys, at, length);
    if (reader === undefined || reader.meta.commitSeq > seq) continue;
    if (n + 1 === layers.length || reader.mayContain(hash.of(keys, at, length))) return reader;
  }
  return undefined;
}

/** Reads a byte of each line of memory that the values take. */
function touchValues(batch: LookupBatch): void {
  const { count, bytes, valueAt, lengths } = batch;
  let { touched } = batch;
  for (let i = 0; i < count; i++) {
    const at = valueAt[i]!;
    if (at < 0) continue;
    const value = bytes[i]!;
    const length = lengths[i]! < TOUCHED_BYTES ? lengths[i]! : TOUCHED_BYTES;
    for (let n = 0; n < length; n += LINE_BYTES) touched += value[at + n]!;
  }
  batch.touched = touched;
}
