/** Batches for the tests of the memtable, and a model of it: a plain list. */
import { compareBytes, copyOf, type Bytes } from '../../../lsm/base/bytes.js';
import { writeVarint } from '../../../lsm/base/varint.js';
import { KIND_BLOB, KIND_DELETE, KIND_RANGE_DELETE, KIND_RAW } from '../../../lsm/key/entry-kind.js';
import type { Memtable } from '../../../lsm/memtable/memtable.js';
import type { SourceCursor } from '../../../lsm/read/source-cursor.js';

export interface Operation {
  readonly kind: number;
  /** Of a range deletion: low. */
  readonly key: Bytes;
  /** Of a range deletion: high; of a blob: its descriptor. */
  readonly value: Bytes;
}

export const text = (value: string): Bytes => Uint8Array.from(Buffer.from(value, 'latin1'));
export const hex = (value: Bytes): string => Buffer.from(value).toString('hex');

export const put = (key: Bytes, value: Bytes = text('v')): Operation => ({ kind: KIND_RAW, key, value });
export const remove = (key: Bytes): Operation => ({ kind: KIND_DELETE, key, value: text('') });
export const removeRange = (low: Bytes, high: Bytes): Operation => ({
  kind: KIND_RANGE_DELETE,
  key: low,
  value: high,
});

/** A blob whose descriptor tells a length, followed by other bytes. */
export function putBlob(key: Bytes, blobId: number, length: number): Operation {
  const descriptor = new Uint8Array(24);
  const end = writeVarint(descriptor, writeVarint(descriptor, 0, blobId), length);
  return { kind: KIND_BLOB, key, value: copyOf(descriptor, 0, end + 4) };
}

export function encode(operations: readonly Operation[]): Bytes {
  const size = operations.reduce((sum, { key, value }) => sum + key.length + value.length + 20, 0);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const { kind, key, value } of operations) {
    bytes[at++] = kind;
    at = writeVarint(bytes, at, key.length);
    bytes.set(key, at);
    at += key.length;
    if (kind === KIND_DELETE) continue;
    at = writeVarint(bytes, at, value.length);
    bytes.set(value, at);
    at += value.length;
  }
  return copyOf(bytes, 0, at);
}

/** Applies operations as one batch, with bytes before and after it that are not part of it. */
export function apply(
  memtable: Memtable,
  operations: readonly Operation[],
  seq: number,
  protectedSeq: number,
): void {
  const ops = encode(operations);
  const padded = new Uint8Array(ops.length + 9).fill(0xee);
  padded.set(ops, 5);
  memtable.apply(padded, 5, ops.length, seq, protectedSeq);
}

export interface ModelEntry {
  readonly key: Bytes;
  readonly kind: number;
  readonly value: Bytes;
  readonly seq: number;
}

/** One entry as text, to compare. */
export const show = (entry: ModelEntry): string =>
  `${hex(entry.key)}@${entry.seq} ${entry.kind} ${hex(entry.value)}`;

export function showCursor(cursor: SourceCursor): string {
  const { keyBytes, keyOffset, keyLength, valueBytes, valueOffset, storedLength, seq, kind } = cursor;
  const key = copyOf(keyBytes, keyOffset, keyLength);
  return show({ key, kind, value: copyOf(valueBytes, valueOffset, storedLength), seq });
}

export function forward(cursor: SourceCursor): string[] {
  const seen: string[] = [];
  for (cursor.first(); cursor.isValid; cursor.next()) seen.push(showCursor(cursor));
  return seen;
}

export function backward(cursor: SourceCursor): string[] {
  const seen: string[] = [];
  for (cursor.last(); cursor.isValid; cursor.previous()) seen.push(showCursor(cursor));
  return seen;
}

/** Versions in a list, newest first within a key; the obvious way. */
export class ModelMemtable {
  entries: ModelEntry[] = [];

  apply(operations: readonly Operation[], seq: number, protectedSeq: number): void {
    for (const { kind, key, value } of operations) {
      if (kind === KIND_RANGE_DELETE) this.hide(key, value, seq);
      else this.insert({ key, kind, value, seq }, protectedSeq);
    }
  }

  /** First entry with key >= the given one. */
  lowerBound(key: Bytes): number {
    const at = this.entries.findIndex((entry) => compareBytes(entry.key, key) >= 0);
    return at < 0 ? this.entries.length : at;
  }

  find(key: Bytes, maxSeq: number): ModelEntry | undefined {
    return this.entries.find((entry) => entry.seq <= maxSeq && compareBytes(entry.key, key) === 0);
  }

  range(low: Bytes | undefined, high: Bytes | undefined): ModelEntry[] {
    return this.entries.filter(
      ({ key }) =>
        (low === undefined || compareBytes(key, low) >= 0) &&
        (high === undefined || compareBytes(key, high) < 0),
    );
  }

  rollbackAbove(seq: number): void {
    this.entries = this.entries.filter((entry) => entry.seq <= seq);
  }

  private insert(entry: ModelEntry, protectedSeq: number): void {
    const at = this.lowerBound(entry.key);
    const newest = this.entries[at];
    const isReplaced =
      newest !== undefined &&
      compareBytes(newest.key, entry.key) === 0 &&
      newest.seq > protectedSeq &&
      newest.kind !== KIND_BLOB;
    this.entries.splice(at, isReplaced ? 1 : 0, entry);
  }

  /** What was written under the same number before a range deletion is deleted by it. */
  private hide(low: Bytes, high: Bytes, seq: number): void {
    const hidden = this.range(low, high.length === 0 ? undefined : high).filter((entry) => entry.seq === seq);
    const done = new Set<string>();
    for (const entry of hidden) {
      if (done.has(hex(entry.key))) continue;
      done.add(hex(entry.key));
      if (entry.kind === KIND_DELETE) continue;
      const deletion = { key: entry.key, kind: KIND_DELETE, value: text(''), seq };
      this.entries.splice(this.entries.indexOf(entry), entry.kind === KIND_BLOB ? 0 : 1, deletion);
    }
  }
}
