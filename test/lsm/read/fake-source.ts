/**
 * A source over entries in an array, as hostile as the contract of sources allows: its key buffer is scribbled over when
 * it moves, its value bytes whenever any source of the same `FakeCache` reads, until `refresh`.
 */
import { compareBytes, type Bytes } from '../../../lsm/base/bytes.js';
import { KIND_DELETE, KIND_RAW } from '../../../lsm/key/entry-kind.js';
import { SourceCursor } from '../../../lsm/read/source-cursor.js';

export interface Entry {
  readonly key: Bytes;
  readonly seq: number;
  /** undefined: a deletion. */
  readonly value: Bytes | undefined;
}

export class FakeCache {
  /** Reads of any source. */
  reads = 0;
  readonly sources: FakeSource[] = [];
}

export class FakeSource extends SourceCursor {
  /** How often it moved, seeks included. */
  moves = 0;
  isClosed = false;
  private at = 0;

  /**
   * @param entries    in the order of a source: keys ascending, newer first
   * @param keyOffset  where in its key buffer the key lies: 0 as in tables, or not, as in memtables
   */
  constructor(
    readonly entries: readonly Entry[],
    private readonly cache = new FakeCache(),
    private readonly shift = 0,
  ) {
    super();
    cache.sources.push(this);
  }

  first(): void {
    this.stand(0);
  }

  last(): void {
    this.stand(this.entries.length - 1);
  }

  seekAtLeast(key: Bytes, offset: number, length: number): void {
    this.stand(this.countBelow(key.slice(offset, offset + length)));
  }

  seekBefore(key: Bytes, offset: number, length: number): void {
    this.stand(this.countBelow(key.slice(offset, offset + length)) - 1);
  }

  next(): void {
    if (!this.isValid) throw new Error('a source that is not valid was moved');
    this.stand(this.at + 1);
  }

  previous(): void {
    if (!this.isValid) throw new Error('a source that is not valid was moved');
    this.stand(this.at - 1);
  }

  override skipPlain(bound: Bytes | undefined, most: number): number {
    const from = this.at;
    let to = from;
    for (; to < from + most && to + 1 < this.entries.length; to++) {
      const { key, seq, value } = this.entries[to + 1]!;
      const isBelow = bound === undefined || compareBytes(key, bound) < 0;
      if (this.entries[to]!.seq !== 0 || seq !== 0 || value === undefined || !isBelow) break;
    }
    if (to > from) this.stand(to);
    return to - from;
  }

  refresh(): void {
    const value = this.entries[this.at]!.value ?? new Uint8Array(0);
    this.valueBytes = new Uint8Array(value.length + 4).fill(0xdb);
    this.valueBytes.set(value, 2);
    this.valueOffset = 2;
    this.storedLength = value.length;
    this.rawLength = value.length;
  }

  close(): void {
    this.isClosed = true;
  }

  private stand(at: number): void {
    if (this.isClosed) throw new Error('a closed source was moved');
    this.moves++;
    this.cache.reads++;
    for (const source of this.cache.sources) source.valueBytes.fill(0xdb);
    this.keyBytes.fill(0xdb);
    this.at = at;
    const entry = this.entries[at];
    this.isValid = entry !== undefined;
    if (entry === undefined) return;
    this.keyBytes = new Uint8Array(entry.key.length + this.shift + 3).fill(0xdb);
    this.keyBytes.set(entry.key, this.shift);
    this.keyOffset = this.shift;
    this.keyLength = entry.key.length;
    this.kind = entry.value === undefined ? KIND_DELETE : KIND_RAW;
    this.seq = entry.seq;
    this.refresh();
  }

  private countBelow(key: Bytes): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes(this.entries[middle]!.key, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Key bytes and value bytes at a cursor, copied. */
export function keyAt(cursor: { keyBytes: Bytes; keyOffset: number; keyLength: number }): Bytes {
  return cursor.keyBytes.slice(cursor.keyOffset, cursor.keyOffset + cursor.keyLength);
}

export function storedAt(cursor: { valueBytes: Bytes; valueOffset: number; storedLength: number }): Bytes {
  return cursor.valueBytes.slice(cursor.valueOffset, cursor.valueOffset + cursor.storedLength);
}

/** Entries in the order of a source. */
export function sourceOrder(a: Entry, b: Entry): number {
  return compareBytes(a.key, b.key) || b.seq - a.seq;
}
