/**
 * Batch bytes ("ops"): a sequence of operations, as a log record and a memtable's arena hold them.
 *
 *   kind u8 | varint keyLength | key | [varint valueLength | value]     no value part for KIND_DELETE
 *
 * KIND_RANGE_DELETE: key = low bound, value = high bound, either empty when open.
 * Example, put "k" = "hi" then delete "k":  01 | 01 | 6b | 02 | 68 69   00 | 01 | 6b
 *
 * Operations of one batch apply in order. A sequence number orders an entry against a range tombstone, so a batch takes
 * one number per *segment*: a range deletion that follows other operations begins the next segment (see `forEachSegment`).
 */
import { NO_BYTES, copyOf, type Bytes } from '../base/bytes.js';
import { invariant } from '../base/invariant.js';
import { varintLength, writeVarint } from '../base/varint.js';
import { LsmError, corrupt } from '../errors.js';
import { KIND_BLOB, KIND_DELETE, KIND_RANGE_DELETE, KIND_RAW } from '../key/entry-kind.js';
import { checkKey, checkKeyLength, checkPart, checkRange, checkValue } from '../key/validate.js';
import { OpsReader } from '../memtable/ops-reader.js';
import { MAX_ARENA_BYTES } from '../options.js';
import type { KeyRange, WriteBatch } from '../ordered-kv.js';

const FIRST_BYTES = 256;
const KEPT_BYTES = 2 * 1024 * 1024;

/** Operations encoded one after another in a growing array. */
export class OpsBuffer {
  bytes: Bytes;
  length = 0;
  count = 0;
  /** Segments begun: 0 when empty. */
  segments = 0;
  private hasEntry = false;

  constructor(initialBytes = FIRST_BYTES) {
    this.bytes = new Uint8Array(initialBytes);
  }

  put(
    kind: number,
    key: Bytes,
    keyOffset: number,
    keyLength: number,
    value: Bytes,
    from: number,
    length: number,
  ): void {
    this.head(kind, key, keyOffset, keyLength, varintLength(length) + length);
    if (kind === KIND_RANGE_DELETE) {
      if (this.hasEntry || this.segments === 0) this.segments++;
      this.hasEntry = false;
    } else {
      this.hasEntry = true;
      if (this.segments === 0) this.segments = 1;
    }
    this.length = writeVarint(this.bytes, this.length, length);
    copyInto(value, from, length, this.bytes, this.length);
    this.length += length;
  }

  delete(key: Bytes, keyOffset: number, keyLength: number): void {
    this.head(KIND_DELETE, key, keyOffset, keyLength, 0);
    this.hasEntry = true;
    if (this.segments === 0) this.segments = 1;
  }

  /** Forgets everything; an array of usual size is kept. */
  clear(): void {
    if (this.bytes.length > KEPT_BYTES) this.bytes = new Uint8Array(FIRST_BYTES);
    this.length = 0;
    this.count = 0;
    this.segments = 0;
    this.hasEntry = false;
  }

  private head(kind: number, key: Bytes, keyOffset: number, keyLength: number, more: number): void {
    const need = this.length + 11 + keyLength + more;
    if (need > this.bytes.length) this.grow(need);
    this.bytes[this.length] = kind;
    this.length = writeVarint(this.bytes, this.length + 1, keyLength);
    copyInto(key, keyOffset, keyLength, this.bytes, this.length);
    this.length += keyLength;
    this.count++;
  }

  private grow(need: number): void {
    if (need > MAX_ARENA_BYTES) {
      throw new LsmError(`a batch holds at most ${MAX_ARENA_BYTES} bytes, got ${need}`, 'TooLarge');
    }
    const grown = new Uint8Array(Math.min(MAX_ARENA_BYTES, Math.max(need, this.bytes.length * 2)));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

function copyInto(from: Bytes, offset: number, length: number, into: Bytes, at: number): void {
  if (length <= 40) for (let i = 0; i < length; i++) into[at + i] = from[offset + i]!;
  else if (offset === 0 && length === from.length) into.set(from, at);
  else into.set(from.subarray(offset, offset + length), at);
}

/** Stands for a descriptor to come: a blob without id and length. */
const NO_DESCRIPTOR: Bytes = new Uint8Array(2);

/** The batch that callers fill. Values of `blobBytes` and more are kept apart, to be written as blobs. */
export class KvBatch implements WriteBatch {
  readonly ops = new OpsBuffer();
  /** The values that become blobs, in the order of their operations. */
  large: Bytes[] = [];
  private largeBytes = 0;

  constructor(private readonly blobBytes: number) {}

  get count(): number {
    return this.ops.count;
  }

  get byteLength(): number {
    return this.ops.length + this.largeBytes;
  }

  put(key: Bytes, value: Bytes): this {
    checkKey(key);
    checkValue(value);
    if (value.length >= this.blobBytes) {
      this.large.push(copyOf(value));
      this.largeBytes += value.length;
      this.ops.put(KIND_BLOB, key, 0, key.length, NO_DESCRIPTOR, 0, NO_DESCRIPTOR.length);
    } else {
      this.ops.put(KIND_RAW, key, 0, key.length, value, 0, value.length);
    }
    return this;
  }

  delete(key: Bytes): this {
    checkKey(key);
    this.ops.delete(key, 0, key.length);
    return this;
  }

  putPart(
    key: Bytes,
    keyStart: number,
    keyEnd: number,
    value: Bytes,
    valueStart: number,
    valueEnd: number,
  ): this {
    checkPart(key, keyStart, keyEnd);
    checkPart(value, valueStart, valueEnd);
    const keyLength = keyEnd - keyStart;
    const length = valueEnd - valueStart;
    checkKeyLength(keyLength);
    if (length >= this.blobBytes)
      return this.put(key.subarray(keyStart, keyEnd), value.subarray(valueStart, valueEnd));
    this.ops.put(KIND_RAW, key, keyStart, keyLength, value, valueStart, length);
    return this;
  }

  deletePart(key: Bytes, keyStart: number, keyEnd: number): this {
    checkPart(key, keyStart, keyEnd);
    checkKeyLength(keyEnd - keyStart);
    this.ops.delete(key, keyStart, keyEnd - keyStart);
    return this;
  }

  deleteRange(range: KeyRange): this {
    checkRange(range);
    if (isEmptyRange(range)) return this;
    const low = range.low ?? NO_BYTES;
    const high = range.high ?? NO_BYTES;
    this.ops.put(KIND_RANGE_DELETE, low, 0, low.length, high, 0, high.length);
    return this;
  }

  clear(): this {
    this.ops.clear();
    if (this.large.length > 0) this.large = [];
    this.largeBytes = 0;
    return this;
  }
}

/** Whether no key can lie in the range: its bounds are equal, or `high` is the empty string. */
export function isEmptyRange(range: KeyRange): boolean {
  if (range.high === undefined) return false;
  if (range.high.length === 0) return true;
  const { low, high } = range;
  if (low === undefined || low.length !== high.length) return false;
  for (let i = 0; i < low.length; i++) if (low[i] !== high[i]) return false;
  return true;
}

/**
 * Calls `visit` with each stretch of ops that shares a sequence number.
 * @param segments  how many there are (1: the whole range, without a walk)
 */
export function forEachSegment(
  ops: Bytes,
  offset: number,
  length: number,
  segments: number,
  visit: (offset: number, length: number, index: number) => void,
): void {
  if (segments <= 1) {
    visit(offset, length, 0);
    return;
  }
  const reader = new OpsReader();
  const end = offset + length;
  let start = offset;
  let index = 0;
  let hasEntry = false;
  for (let at = offset; at < end; at = reader.end) {
    invariant(reader.read(ops, at, end), 'a batch holds whole operations');
    if (reader.kind !== KIND_RANGE_DELETE) hasEntry = true;
    else if (hasEntry) {
      visit(start, at - start, index++);
      start = at;
      hasEntry = false;
    }
  }
  visit(start, end - start, index);
}

/** How many sequence numbers encoded ops take. @throws LsmError Corrupt if they are not whole operations */
export function countSegments(ops: Bytes, offset: number, length: number, file: string): number {
  const reader = new OpsReader();
  const end = offset + length;
  let segments = 1;
  let hasEntry = false;
  for (let at = offset; at < end; at = reader.end) {
    if (!reader.read(ops, at, end)) throw corrupt('a record whose operations are not whole', file, 0);
    if (reader.kind !== KIND_RANGE_DELETE) hasEntry = true;
    else if (hasEntry) {
      segments++;
      hasEntry = false;
    }
  }
  return segments;
}
