/**
 * What a unit has put or deleted of unique keys, to be asked for again before it is in the store. Most are never asked
 * for, so they are only copied one behind the other; the first question makes a map of them.
 */
import { keyText } from './write-unit.js';

const NO_BYTES = new Uint8Array(0);
const FIRST_BYTES = 256;
const FIRST_NUMBERS = 30;
/** Numbers for each key: start, valueStart, end; the last is DELETED if there is no value. */
const STRIDE = 3;
const DELETED = -1;
/** Larger arrays are let go when all is forgotten. */
const KEPT_BYTES = 1 << 18;

export class OwnKeys {
  /** Those that are in no list any more; null: deleted. */
  private readonly map = new Map<string, Uint8Array | null>();
  private bytes: Uint8Array = NO_BYTES;
  private length = 0;
  private bounds = new Int32Array(0);
  private used = 0;

  /** The key `from[start, valueStart)` was put with the value `from[valueStart, end)`. */
  put(from: Uint8Array, start: number, valueStart: number, end: number): void {
    const at = this.length;
    this.append(from, start, end);
    this.note(at, at + valueStart - start, this.length);
  }

  /** The key `from[start, end)` was deleted. */
  delete(from: Uint8Array, start: number, end: number): void {
    const at = this.length;
    this.append(from, start, end);
    this.note(at, this.length, DELETED);
  }

  /** The value, a copy that is not to be changed; null: deleted; undefined: neither put nor deleted. */
  get(key: Uint8Array): Uint8Array | null | undefined {
    if (this.used > 0) this.gather();
    return this.map.size === 0 ? undefined : this.map.get(keyText(key));
  }

  clear(): void {
    if (this.map.size > 0) this.map.clear();
    this.length = this.used = 0;
    if (this.bytes.length <= KEPT_BYTES) return;
    this.bytes = NO_BYTES;
    this.bounds = new Int32Array(0);
  }

  private gather(): void {
    const { map, bytes, bounds } = this;
    for (let i = 0; i < this.used; i += STRIDE) {
      const valueStart = bounds[i + 1]!;
      const end = bounds[i + 2]!;
      const text = keyText(bytes.subarray(bounds[i]!, valueStart));
      map.set(text, end === DELETED ? null : bytes.slice(valueStart, end));
    }
    this.length = this.used = 0;
  }

  private append(from: Uint8Array, start: number, end: number): void {
    const needed = this.length + end - start;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2, FIRST_BYTES));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    const { bytes } = this;
    for (let i = start, at = this.length; i < end; i++) bytes[at++] = from[i]!;
    this.length = needed;
  }

  private note(start: number, valueStart: number, end: number): void {
    if (this.used === this.bounds.length) {
      const grown = new Int32Array(Math.max(FIRST_NUMBERS, this.used * 2));
      grown.set(this.bounds);
      this.bounds = grown;
    }
    const { bounds } = this;
    bounds[this.used++] = start;
    bounds[this.used++] = valueStart;
    bounds[this.used++] = end;
  }
}
