/**
 * Entries that follow each other, read at once: where each value lies, and what tells its key when it is asked for. What
 * lies in one block is parsed in one go, and no entry of it goes through every cursor of a scan by itself.
 */
import { NO_BYTES, type Bytes } from './bytes.js';

/** So many entries at most. */
export const SPAN_ENTRIES = 64;

/** Filled by `Cursor.read`. */
export class EntrySpan {
  count = 0;
  /** The value of entry i begins at `bytes[valueAt[i]]`; see `Cursor.isFresh`. */
  bytes: Bytes = NO_BYTES;
  readonly valueAt = new Int32Array(SPAN_ENTRIES);
  /** After `findKey`: the key is `keyBytes[0, keyLength)`. */
  keyBytes: Bytes = new Uint8Array(64);
  keyLength = 0;
  /** Count of the store's reads, as the values were found. */
  reads = -1;
  /** Of entry i: bytes its key shares with the key before it, where the others lie in `bytes`, and its length. */
  private readonly shared = new Int32Array(SPAN_ENTRIES);
  private readonly suffixAt = new Int32Array(SPAN_ENTRIES);
  private readonly keyLengths = new Int32Array(SPAN_ENTRIES);
  private firstKey: Bytes = new Uint8Array(64);

  /** Begins with an entry; its key is copied. */
  begin(bytes: Bytes, valueAt: number, keyBytes: Bytes, keyOffset: number, keyLength: number): void {
    if (this.firstKey.length < keyLength) this.firstKey = new Uint8Array(keyLength * 2);
    const into = this.firstKey;
    if (keyLength <= 48) for (let i = 0; i < keyLength; i++) into[i] = keyBytes[keyOffset + i]!;
    else into.set(keyBytes.subarray(keyOffset, keyOffset + keyLength));
    this.bytes = bytes;
    this.valueAt[0] = valueAt;
    this.keyLengths[0] = keyLength;
    this.count = 1;
  }

  /** Appends an entry of the same bytes. The caller sees to it that there is room. */
  append(valueAt: number, shared: number, suffixAt: number, keyLength: number): void {
    const n = this.count++;
    this.valueAt[n] = valueAt;
    this.shared[n] = shared;
    this.suffixAt[n] = suffixAt;
    this.keyLengths[n] = keyLength;
  }

  /** Puts the key of entry i together. */
  findKey(i: number): void {
    const { bytes, shared, suffixAt, firstKey } = this;
    let end = this.keyLengths[i]!;
    if (this.keyBytes.length < end) this.keyBytes = new Uint8Array(end * 2);
    const into = this.keyBytes;
    this.keyLength = end;
    for (let n = i; n > 0 && end > 0; n--) {
      const from = shared[n]!;
      const source = suffixAt[n]! - from;
      for (let k = from; k < end; k++) into[k] = bytes[source + k]!;
      if (from < end) end = from;
    }
    for (let k = 0; k < end; k++) into[k] = firstKey[k]!;
  }

  /** The same entries lie elsewhere now: in `bytes`, each `by` further on. */
  moveTo(bytes: Bytes, by: number): void {
    this.bytes = bytes;
    if (by === 0) return;
    for (let i = 0; i < this.count; i++) {
      this.valueAt[i]! += by;
      this.suffixAt[i]! += by;
    }
  }
}
