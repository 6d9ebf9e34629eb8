/**
 * Operations of `MemoryKv`: what they are made of, what they do to a map, and which keys they touch.
 */
import { NO_BYTES, compareBytes, copyOf, type Bytes } from './base/bytes.js';
import { mapDelete, mapDeleteRange, mapPut, type OrderedMap } from './base/ordered-map.js';
import { LsmError } from './errors.js';
import { checkKey, checkPart, checkRange, checkValue } from './key/validate.js';
import { MAX_VALUE_BYTES } from './options.js';
import type { KeyRange, ValueSource, WriteBatch } from './ordered-kv.js';

export type Entries = OrderedMap<Bytes>;

/** A put has a value; a delete has none; a range deletion has a range. */
export type Operation =
  | { readonly range: undefined; readonly key: Bytes; readonly value: Bytes | undefined }
  | { readonly range: KeyRange };

export function putOf(key: Bytes, value: Bytes): Operation {
  checkKey(key);
  checkValue(value);
  return { range: undefined, key: copyOf(key), value: copyOf(value) };
}

export function deleteOf(key: Bytes): Operation {
  checkKey(key);
  return { range: undefined, key: copyOf(key), value: undefined };
}

export function deleteRangeOf(range: KeyRange): Operation {
  checkRange(range);
  const { low, high } = range;
  return { range: { low: low && copyOf(low), high: high && copyOf(high) } };
}

export function apply(entries: Entries, operation: Operation): Entries {
  if (operation.range !== undefined) {
    return mapDeleteRange(entries, operation.range.low ?? NO_BYTES, operation.range.high);
  }
  const { key, value } = operation;
  return value === undefined ? mapDelete(entries, key) : mapPut(entries, key, value);
}

export function isEmptyRange(range: KeyRange): boolean {
  return range.high !== undefined && compareBytes(range.low ?? NO_BYTES, range.high) >= 0;
}

export function includes(range: KeyRange, key: Bytes): boolean {
  if (range.low !== undefined && compareBytes(key, range.low) < 0) return false;
  return range.high === undefined || compareBytes(key, range.high) < 0;
}

export function overlap(a: KeyRange, b: KeyRange): boolean {
  if (isEmptyRange(a) || isEmptyRange(b)) return false;
  if (a.high !== undefined && b.low !== undefined && compareBytes(a.high, b.low) <= 0) return false;
  return b.high === undefined || a.low === undefined || compareBytes(b.high, a.low) > 0;
}

/** The whole of a stream. @throws what the source throws; LsmError BadValue */
export async function readWhole(source: ValueSource): Promise<Bytes> {
  const chunks: Bytes[] = [];
  let length = 0;
  for await (const chunk of source) {
    checkValue(chunk);
    length += chunk.length;
    if (length > MAX_VALUE_BYTES) {
      throw new LsmError(`a value is at most ${MAX_VALUE_BYTES} bytes, the stream is longer`, 'BadValue');
    }
    chunks.push(copyOf(chunk));
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

export class MemoryBatch implements WriteBatch {
  operations: Operation[] = [];
  byteLength = 0;

  get count(): number {
    return this.operations.length;
  }

  put(key: Bytes, value: Bytes): this {
    this.operations.push(putOf(key, value));
    this.byteLength += key.length + value.length;
    return this;
  }

  delete(key: Bytes): this {
    this.operations.push(deleteOf(key));
    this.byteLength += key.length;
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
    return this.put(key.subarray(keyStart, keyEnd), value.subarray(valueStart, valueEnd));
  }

  deletePart(key: Bytes, keyStart: number, keyEnd: number): this {
    checkPart(key, keyStart, keyEnd);
    return this.delete(key.subarray(keyStart, keyEnd));
  }

  deleteRange(range: KeyRange): this {
    const operation = deleteRangeOf(range);
    if (isEmptyRange(range)) return this;
    this.operations.push(operation);
    this.byteLength += (range.low?.length ?? 0) + (range.high?.length ?? 0);
    return this;
  }

  clear(): this {
    this.operations = [];
    this.byteLength = 0;
    return this;
  }
}
