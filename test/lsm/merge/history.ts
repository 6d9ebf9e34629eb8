/**
 * A history of writes as plain data, cut into sources, and what a reader of them sees: the rules of reading, said as
 * simply as possible, against which merges are checked.
 */
import * as fc from 'fast-check';
import { compareBytes, type Bytes } from '../../../lsm/base/bytes.js';
import { varintLength, writeVarint } from '../../../lsm/base/varint.js';
import { encodeBlobDescriptor } from '../../../lsm/blob/descriptor.js';
import { KIND_BLOB, KIND_DELETE, KIND_RANGE_DELETE, KIND_RAW } from '../../../lsm/key/entry-kind.js';
import { Memtable } from '../../../lsm/memtable/memtable.js';
import type { SortedEntries } from '../../../lsm/memtable/sorted-entries.js';
import type { RangeDeletion } from '../../../lsm/merge/deletions.js';
import type { SourceCursor } from '../../../lsm/read/source-cursor.js';

export type Write =
  | { readonly kind: 'put' | 'blob'; readonly key: number; readonly bytes: number }
  | { readonly kind: 'delete'; readonly key: number }
  | { readonly kind: 'range'; readonly low: number | undefined; readonly high: number | undefined };

export interface ModelEntry {
  readonly key: Bytes;
  readonly seq: number;
  readonly kind: number;
  /** The number of the write that put it there. */
  readonly value: number;
}

export interface ModelSource {
  /** By key; within a key newest first. */
  readonly entries: readonly ModelEntry[];
  readonly deletions: readonly RangeDeletion[];
}

export const KEYS = 40;
export const NEWEST = Number.MAX_SAFE_INTEGER;

/** Keys that are prefixes of one another among them. */
export function keyOf(index: number): Bytes {
  const text = `key${String(index >> 1).padStart(3, '0')}${index & 1 ? 'x'.repeat(1 + (index % 7)) : ''}`;
  return new Uint8Array(new TextEncoder().encode(text));
}

/** A write of sequence number `seq` carries it in its first bytes; the rest is hard to pack. */
function valueOf(seq: number, bytes: number): Bytes {
  const value = new Uint8Array(8 + bytes);
  writeVarint(value, 0, seq);
  for (let i = 8, state = seq * 2_654_435_761; i < value.length; i++) {
    state = Math.imul(state ^ (state >>> 15), 2_246_822_519) + i;
    value[i] = state >>> 24;
  }
  return value;
}

export const writes: fc.Arbitrary<Write[]> = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({ kind: fc.constant('put' as const), key: keyIndex(), bytes: sizes() }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('blob' as const), key: keyIndex(), bytes: sizes() }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('delete' as const), key: keyIndex() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('range' as const),
        low: fc.option(keyIndex(), { nil: undefined }),
        high: fc.option(keyIndex(), { nil: undefined }),
      }),
    },
  ),
  { maxLength: 120 },
);

function keyIndex(): fc.Arbitrary<number> {
  return fc.nat({ max: KEYS - 1 });
}

function sizes(): fc.Arbitrary<number> {
  return fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 900 }), fc.integer({ min: 2000, max: 4500 }));
}

/** Writes numbered from `firstSeq`, as one source. */
export function sourceOf(part: readonly Write[], firstSeq: number): ModelSource {
  const entries: ModelEntry[] = [];
  const deletions: RangeDeletion[] = [];
  part.forEach((write, i) => {
    const seq = firstSeq + i;
    if (write.kind === 'range') {
      const low = write.low === undefined ? new Uint8Array(0) : keyOf(write.low);
      const high = write.high === undefined ? undefined : keyOf(write.high);
      if (high === undefined || compareBytes(low, high) < 0) deletions.push({ low, high, seq });
    } else {
      const kind = write.kind === 'put' ? KIND_RAW : write.kind === 'blob' ? KIND_BLOB : KIND_DELETE;
      entries.push({ key: keyOf(write.key), seq, kind, value: seq });
    }
  });
  entries.sort((a, b) => compareBytes(a.key, b.key) || b.seq - a.seq);
  return { entries, deletions };
}

/** The same writes in a memtable, every version kept. */
export function memtableOf(part: readonly Write[], firstSeq: number, shared = false): Memtable {
  const memtable = new Memtable({ capacityBytes: 1 << 20, shared, growable: false, baseSeq: firstSeq });
  part.forEach((write, i) => {
    const ops = opOf(write, firstSeq + i);
    memtable.apply(ops, 0, ops.length, firstSeq + i, NEWEST);
  });
  memtable.freeze();
  return memtable;
}

export function sortedOf(part: readonly Write[], firstSeq: number, shared = false): SortedEntries {
  return memtableOf(part, firstSeq, shared).exportSorted();
}

function opOf(write: Write, seq: number): Bytes {
  if (write.kind === 'range') {
    const low = write.low === undefined ? new Uint8Array(0) : keyOf(write.low);
    const high = write.high === undefined ? new Uint8Array(0) : keyOf(write.high);
    return encodeOp(KIND_RANGE_DELETE, low, high);
  }
  const key = keyOf(write.key);
  if (write.kind === 'delete') return encodeOp(KIND_DELETE, key, undefined);
  if (write.kind === 'put') return encodeOp(KIND_RAW, key, valueOf(seq, write.bytes));
  const extents = [{ offset: 4096 * (1000 + seq), bytes: 4096 }];
  return encodeOp(
    KIND_BLOB,
    key,
    encodeBlobDescriptor({ id: seq, length: write.bytes, checksum: 0, extents }),
  );
}

export function encodeOp(kind: number, key: Bytes, value: Bytes | undefined): Bytes {
  const size =
    1 + varintLength(key.length) + key.length + (value ? varintLength(value.length) + value.length : 0);
  const op = new Uint8Array(size);
  op[0] = kind;
  let at = writeVarint(op, 1, key.length);
  op.set(key, at);
  at += key.length;
  if (value !== undefined) op.set(value, writeVarint(op, at, value.length));
  return op;
}

function covers(deletion: RangeDeletion, key: Bytes): boolean {
  if (compareBytes(deletion.low, key) > 0) return false;
  return deletion.high === undefined || compareBytes(key, deletion.high) < 0;
}

/** Greatest seq <= maxSeq of a tombstone over the key; 0 when there is none. */
function coveringSeq(source: ModelSource, key: Bytes, maxSeq: number): number {
  let seq = 0;
  for (const deletion of source.deletions) {
    if (deletion.seq <= maxSeq && deletion.seq > seq && covers(deletion, key)) seq = deletion.seq;
  }
  return seq;
}

/** What a reader at `maxSeq` sees of a key in sources, newest first: the number of a write, or undefined. */
export function readModel(sources: readonly ModelSource[], key: Bytes, maxSeq: number): number | undefined {
  for (const source of sources) {
    const covered = coveringSeq(source, key, maxSeq);
    const entry = source.entries.find((e) => compareBytes(e.key, key) === 0 && e.seq <= maxSeq);
    if (entry !== undefined) {
      return (entry.seq !== 0 && entry.seq < covered) || entry.kind === KIND_DELETE ? undefined : entry.value;
    }
    if (covered > 0) return undefined;
  }
  return undefined;
}

/** Sequence number of the last change of a key that the sources still know of. */
export function newestSeq(sources: readonly ModelSource[], key: Bytes): number {
  let newest = 0;
  for (const source of sources) {
    newest = Math.max(newest, coveringSeq(source, key, NEWEST));
    for (const entry of source.entries) {
      if (compareBytes(entry.key, key) === 0) newest = Math.max(newest, entry.seq);
    }
  }
  return newest;
}

/** Everything a cursor yields, as a model source without tombstones. @param unpack  the value's bytes */
export function entriesOf(cursor: SourceCursor, unpack: (cursor: SourceCursor) => Bytes): ModelEntry[] {
  const entries: ModelEntry[] = [];
  for (cursor.first(); cursor.isValid; cursor.next()) {
    const key = cursor.keyBytes.slice(cursor.keyOffset, cursor.keyOffset + cursor.keyLength);
    const { seq, kind } = cursor;
    entries.push({ key, seq, kind, value: kind === KIND_DELETE ? seq : writeNumberOf(unpack(cursor)) });
  }
  return entries;
}

/** The number of the write that made a value: both values and blob descriptors begin with it. */
export function writeNumberOf(value: Bytes): number {
  let number = 0;
  let scale = 1;
  for (const byte of value) {
    number += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
    scale *= 128;
  }
  return number;
}
