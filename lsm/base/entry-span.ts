/**
 * Entries that follow each other, read at once: their keys, and where their values lie. What lies in one block is parsed
 * in one go, and no entry of it goes through every cursor of a scan by itself.
 */
import { NO_BYTES, type Bytes } from './bytes.js';

/** So many entries at most. */
export const SPAN_ENTRIES = 256;
const FIRST_KEY_BYTES = 2048;
/** Longer than any key. */
const WHOLE_KEYS = 0x3fff_ffff;
/** Up to this many bytes a loop is faster than a call of the runtime. */
const SHORT_COPY = 48;

/** Filled by `Cursor.read` and `Cursor.readKeys`. */
export class EntrySpan {
  count = 0;
  /** The value of entry i begins at `bytes[valueAt[i]]`; see `Cursor.isFresh`. */
  bytes: Bytes = NO_BYTES;
  readonly valueAt = new Int32Array(SPAN_ENTRIES);
  /** The key of entry i, or the end of it, is `keys[keyAt[i], keyEnds[i])`: copies. */
  keys: Bytes = new Uint8Array(FIRST_KEY_BYTES);
  readonly keyAt = new Int32Array(SPAN_ENTRIES);
  readonly keyEnds = new Int32Array(SPAN_ENTRIES);
  /** Of a key that has more bytes, its last ones may do: so many of them are there. */
  tailBytes = WHOLE_KEYS;
  /** Count of the store's reads, as the values were found. */
  reads = -1;
  private used = 0;

  /** Begins with an entry. */
  begin(bytes: Bytes, valueAt: number, key: Bytes, offset: number, length: number): void {
    this.bytes = bytes;
    this.count = 0;
    this.used = 0;
    this.append(valueAt, key, offset, length);
  }

  /** Appends an entry whose value lies in the same bytes. The caller sees to it that there is room for an entry. */
  append(valueAt: number, key: Bytes, offset: number, length: number): void {
    if (length > this.tailBytes) {
      offset += length - this.tailBytes;
      length = this.tailBytes;
    }
    const at = this.used;
    const end = at + length;
    if (end > this.keys.length) this.grow(end);
    const { keys } = this;
    if (length <= SHORT_COPY) for (let i = 0; i < length; i++) keys[at + i] = key[offset + i]!;
    else keys.set(key.subarray(offset, offset + length), at);
    this.used = end;
    const n = this.count++;
    this.valueAt[n] = valueAt;
    this.keyAt[n] = at;
    this.keyEnds[n] = end;
  }

  /** @returns where in `keys`, which may be another array then, there is room for so many bytes that no other key gets */
  reserve(length: number): number {
    const at = this.used;
    const end = at + length;
    if (end > this.keys.length) this.grow(end);
    this.used = end;
    return at;
  }

  /** Makes room for `bytes` bytes of keys and as many again. */
  private grow(bytes: number): void {
    const grown = new Uint8Array(bytes * 2);
    grown.set(this.keys.subarray(0, this.used));
    this.keys = grown;
  }

  /** There are so many entries now; the keys of those that were added take reserved room up to `used`. */
  endAt(count: number, used: number): void {
    this.count = count;
    this.used = used;
  }

  /** Appends an entry whose key was written to reserved room. */
  appendReserved(valueAt: number, keyAt: number, keyEnd: number): void {
    const n = this.count++;
    this.valueAt[n] = valueAt;
    this.keyAt[n] = keyAt;
    this.keyEnds[n] = keyEnd;
  }

  /** Lets go of the values. */
  forget(): void {
    this.bytes = NO_BYTES;
    this.count = 0;
  }

  /** The same values lie elsewhere now: in `bytes`, each `by` further on. */
  moveTo(bytes: Bytes, by: number): void {
    this.bytes = bytes;
    if (by !== 0) for (let i = 0; i < this.count; i++) this.valueAt[i]! += by;
  }
}
