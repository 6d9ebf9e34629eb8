/**
 * Looks up the keys of a batch, each step for all of them before the next, so that the waits for memory overlap: where
 * each would lie, in which frames of the cache, what is noted of these, and the values.
 *
 * Only values come of it that lie as they are in blocks of the cache, as almost all do that are read again and again. No file is read, so that nothing leaves the cache meanwhile.
 */
import { keyAfter } from '../base/bytes.js';
import { BATCH_KEYS, type LookupBatch } from '../base/lookup-batch.js';
import type { LookupHash } from '../table/bloom.js';
import type { TableReader } from '../table/table-reader.js';
import type { Layer } from './layer.js';
import type { EntryRegisters } from './source-cursor.js';

const LINE_BYTES = 64;
/** What lies further on in a value the processor fetches by itself. */
const TOUCHED_BYTES = 1024;
/** For fewer keys all layers are asked. */
const WORTH_A_LOOK = 8;
/** The table of each key of the batch at hand. */
const readers = new Array<TableReader | undefined>(BATCH_KEYS).fill(undefined);

/** What may have keys of the batch at hand, or hide some. */
const concerned: Layer[] = [];

/** @param all  the layers, newest first; none is a transaction's own */
export function lookupMany(
  all: readonly Layer[],
  batch: LookupBatch,
  seq: number,
  hash: LookupHash,
  out: EntryRegisters,
): void {
  const { count, blocks, frames } = batch;
  if (count === 0) return;
  const layers = all.length === 1 || count < WORTH_A_LOOK ? all : concernedOf(all, batch);
  const mayHide = layers.some((layer) => layer.tombstones() !== undefined);
  let any: TableReader | undefined;
  for (let i = 0; i < count; i++) {
    const reader = tableOf(layers, batch, i, mayHide, seq, hash, out);
    readers[i] = reader;
    if (reader === undefined) blocks[i] = -1;
    else {
      any = reader;
      reader.locateIn(batch, i);
    }
  }
  if (any !== undefined) {
    batch.source = any.cache;
    batch.expiries = any.cache.expiries;
    batch.touched = any.cache.findFrames(batch.tables, blocks, count, frames);
    for (let i = 0; i < count; i++) if (frames[i]! >= 0) readers[i]!.findInFrame(batch, i, seq, out);
    touchValues(batch);
  }
  // Holds on to nothing that is closed.
  readers.fill(undefined, 0, count);
  concerned.length = 0;
}

function concernedOf(all: readonly Layer[], batch: LookupBatch): readonly Layer[] {
  const { count, keys, keyAt, keyEnds } = batch;
  let least = 0;
  let greatest = 0;
  for (let i = 1; i < count; i++) {
    if (batch.compare(i, greatest) > 0) greatest = i;
    else if (batch.compare(i, least) < 0) least = i;
  }
  const low = keys.subarray(keyAt[least]!, keyEnds[least]!);
  const high = keyAfter(keys.subarray(keyAt[greatest]!, keyEnds[greatest]!));
  concerned.length = 0;
  for (const layer of all) if (layer.mayOverlap(low, high)) concerned.push(layer);
  return concerned;
}

/** The table of the newest layer that may have the key; undefined where a memtable has it, a range tombstone covers it, or none has it. */
function tableOf(
  layers: readonly Layer[],
  { keys, keyAt, keyEnds }: LookupBatch,
  i: number,
  mayHide: boolean,
  seq: number,
  hash: LookupHash,
  out: EntryRegisters,
): TableReader | undefined {
  const at = keyAt[i]!;
  const length = keyEnds[i]! - at;
  hash.forget();
  for (let n = 0; n < layers.length; n++) {
    const layer = layers[n]!;
    if (mayHide && layer.coveringSeq(keys, at, length, seq) !== 0) return undefined;
    const { memtable, run } = layer;
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
