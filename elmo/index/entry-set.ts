/**
 * Entries of one document in one index, distinct, in the order of their keys. They lie in one array, key and value one
 * behind the other, which is used again for the next document: most documents have one entry in an index, and making
 * arrays of its own for each is what inserting many would mostly do.
 *
 *   bytes    key | value | key | value …      in the order in which they were added
 *   bounds   start, valueStart, end           of each entry, in the order of their keys
 */
import { compareRanges } from '../bson/compare.js';
import type { KeyWriter } from '../keys/value-encoding.js';

const NO_BYTES = new Uint8Array(0);
/** Numbers an entry has in the bounds. */
const STRIDE = 3;
const FIRST_BYTES = 64;
/** Larger arrays are let go when the next document comes. */
const KEPT_BYTES = 1 << 16;

export class EntrySet {
  count = 0;
  /** At which paths the document has arrays, in a wildcard index. */
  readonly arrayPaths = new Set<string>();
  /** Where all keys and values lie; another array after any call that adds. */
  bytes: Uint8Array = NO_BYTES;
  private length = 0;
  private bounds = new Int32Array(STRIDE);

  clear(): void {
    this.count = this.length = 0;
    if (this.arrayPaths.size > 0) this.arrayPaths.clear();
    if (this.bytes.length > KEPT_BYTES) this.bytes = NO_BYTES;
    if (this.bounds.length > KEPT_BYTES) this.bounds = new Int32Array(STRIDE);
  }

  /** Where the key of the n-th entry starts; it ends where the value starts. */
  keyStart(n: number): number {
    return this.bounds[n * STRIDE]!;
  }

  /** Where the value of the n-th entry starts. */
  valueStart(n: number): number {
    return this.bounds[n * STRIDE + 1]!;
  }

  valueEnd(n: number): number {
    return this.bounds[n * STRIDE + 2]!;
  }

  /** A copy. */
  key(n: number): Uint8Array {
    return this.bytes.slice(this.keyStart(n), this.valueStart(n));
  }

  /** A copy. */
  value(n: number): Uint8Array {
    return this.bytes.slice(this.valueStart(n), this.valueEnd(n));
  }

  /** Adds an entry unless it is there. */
  add(key: KeyWriter, value: KeyWriter): void {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const start = this.keyStart(middle);
      const length = this.valueStart(middle) - start;
      const order = compareRanges(this.bytes, start, length, key.bytes, 0, key.length);
      if (order === 0) return;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    this.insert(low, key.bytes, 0, key.length, value.bytes, 0, value.length);
  }

  /** Adds the n-th entry of another set, whose key is above all here. */
  push(from: EntrySet, n: number): void {
    const valueStart = from.valueStart(n);
    this.insert(
      this.count,
      from.bytes,
      from.keyStart(n),
      valueStart,
      from.bytes,
      valueStart,
      from.valueEnd(n),
    );
  }

  /** Order of the keys of the n-th entry here and the m-th of another set. */
  compareKeys(n: number, other: EntrySet, m: number): number {
    const start = this.keyStart(n);
    const otherStart = other.keyStart(m);
    const length = this.valueStart(n) - start;
    const otherLength = other.valueStart(m) - otherStart;
    return compareRanges(this.bytes, start, length, other.bytes, otherStart, otherLength);
  }

  /** Whether the n-th entry here and the m-th of another set have the same value. */
  hasSameValue(n: number, other: EntrySet, m: number): boolean {
    const start = this.valueStart(n);
    const otherStart = other.valueStart(m);
    const length = this.valueEnd(n) - start;
    const otherLength = other.valueEnd(m) - otherStart;
    return compareRanges(this.bytes, start, length, other.bytes, otherStart, otherLength) === 0;
  }

  private insert(
    n: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueFrom: number,
    valueTo: number,
  ): void {
    const start = this.length;
    const valueStart = start + keyEnd - keyStart;
    const end = valueStart + valueTo - valueFrom;
    if (end > this.bytes.length) this.grow(end);
    copyPart(key, keyStart, keyEnd, this.bytes, start);
    copyPart(value, valueFrom, valueTo, this.bytes, valueStart);
    this.length = end;
    const at = n * STRIDE;
    const used = this.count * STRIDE;
    if (used === this.bounds.length) {
      const grown = new Int32Array(used * 2);
      grown.set(this.bounds);
      this.bounds = grown;
    }
    const { bounds } = this;
    if (at < used) bounds.copyWithin(at + STRIDE, at, used);
    bounds[at] = start;
    bounds[at + 1] = valueStart;
    bounds[at + 2] = end;
    this.count++;
  }

  private grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2, FIRST_BYTES));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

function copyPart(from: Uint8Array, start: number, end: number, into: Uint8Array, at: number): void {
  if (end - start <= 32) for (let i = start; i < end; i++) into[at++] = from[i]!;
  else into.set(from.subarray(start, end), at);
}
