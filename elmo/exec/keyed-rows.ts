/**
 * Rows held in memory to be sorted by keys of bytes. Keys and documents lie in a few large pieces, what is known of each
 * row in arrays of numbers: rows of their own objects would keep the collector busy, which copies all that stays.
 */
import { letGo } from '../../lsm/index.js';
import { documentLength } from '../bson/walk.js';
import { SlicedSort } from './sliced-sort.js';

const FIRST_PIECE_BYTES = 16 * 1024;
const PIECE_BYTES = 1024 * 1024;
const FIRST_ROWS = 64;
/** Bytes of a key that are compared as a number: what a double holds exactly. */
const HEAD_BYTES = 6;
const NOTHING = new Uint8Array([5, 0, 0, 0, 0]);

export class KeyedRows {
  count = 0;
  /** The row last taken. */
  bytes: Uint8Array = NOTHING;
  at = 0;
  recordId = -1;
  private pieces: Uint8Array<ArrayBuffer>[] = [];
  private used = 0;
  /** Of row i: its piece, where its key begins in it, how long that is, its record. The document follows the key. */
  private pieceOf = new Int32Array(FIRST_ROWS);
  private keyAt = new Int32Array(FIRST_ROWS);
  private keyLengths = new Int32Array(FIRST_ROWS);
  private recordIds = new Float64Array(FIRST_ROWS);
  /** Bytes that all keys begin with; of each key the bytes behind them as a number. */
  private sharedLength = 0;
  private heads = new Float64Array(0);
  private sorting: SlicedSort<number> | undefined;
  private order: readonly number[] | undefined;
  private next = 0;

  /** @param tiesByRecord  whether rows of equal keys come by their record ids; else as they came */
  constructor(private readonly tiesByRecord: boolean) {}

  /** Copies a row and its key. @returns how many bytes that takes */
  add(key: Uint8Array, keyLength: number, from: Uint8Array, at: number, recordId: number): number {
    const length = documentLength(from, at);
    const piece = this.pieceFor(keyLength + length);
    const to = this.used;
    if (this.count === this.pieceOf.length) this.grow();
    const n = this.count++;
    this.pieceOf[n] = this.pieces.length - 1;
    this.keyAt[n] = to;
    this.keyLengths[n] = keyLength;
    this.recordIds[n] = recordId;
    for (let i = 0; i < keyLength; i++) piece[to + i] = key[i]!;
    piece.set(from.subarray(at, at + length), to + keyLength);
    this.used = to + keyLength + length;
    return keyLength + length;
  }

  private pieceFor(length: number): Uint8Array<ArrayBuffer> {
    const { pieces } = this;
    const last = pieces[pieces.length - 1];
    if (last !== undefined && this.used + length <= last.length) return last;
    const usual = Math.min(PIECE_BYTES, FIRST_PIECE_BYTES << Math.min(pieces.length, 6));
    const piece = new Uint8Array(Math.max(usual, length));
    pieces.push(piece);
    this.used = 0;
    return piece;
  }

  private grow(): void {
    const room = this.pieceOf.length * 2;
    const longer = (from: Int32Array): Int32Array<ArrayBuffer> => {
      const grown = new Int32Array(room);
      grown.set(from);
      return grown;
    };
    this.pieceOf = longer(this.pieceOf);
    this.keyAt = longer(this.keyAt);
    this.keyLengths = longer(this.keyLengths);
    const ids = new Float64Array(room);
    ids.set(this.recordIds);
    this.recordIds = ids;
  }

  /**
   * Sorts in slices of time; then `take` gives the rows in order.
   * @param pause  asked now and then whether to stop
   * @returns false: it stopped; call again
   */
  sort(pause: () => boolean): boolean {
    if (this.sorting === undefined) {
      this.findHeads();
      this.sorting = new SlicedSort(
        Array.from({ length: this.count }, (_, i) => i),
        this.compare,
      );
    }
    this.order = this.sorting.run(pause);
    return this.order !== undefined;
  }

  private findHeads(): void {
    const { count } = this;
    let shared = count === 0 ? 0 : this.keyLengths[0]!;
    for (let i = 1; i < count && shared > 0; i++) shared = this.sharedWithFirst(i, shared);
    this.sharedLength = shared;
    this.heads = new Float64Array(count);
    for (let i = 0; i < count; i++) this.heads[i] = this.headOf(i);
  }

  private sharedWithFirst(row: number, most: number): number {
    const { pieces, pieceOf, keyAt, keyLengths } = this;
    const first = pieces[pieceOf[0]!]!;
    const firstAt = keyAt[0]!;
    const other = pieces[pieceOf[row]!]!;
    const otherAt = keyAt[row]!;
    const length = keyLengths[row]! < most ? keyLengths[row]! : most;
    let n = 0;
    while (n < length && first[firstAt + n] === other[otherAt + n]) n++;
    return n;
  }

  private headOf(row: number): number {
    const piece = this.pieces[this.pieceOf[row]!]!;
    const at = this.keyAt[row]! + this.sharedLength;
    const length = this.keyLengths[row]! - this.sharedLength;
    let head = 0;
    for (let i = 0; i < HEAD_BYTES; i++) head = head * 256 + (i < length ? piece[at + i]! : 0);
    return head;
  }

  private readonly compare = (a: number, b: number): number => {
    const { heads } = this;
    return heads[a]! - heads[b]! || this.compareRests(a, b);
  };

  /** Of rows whose heads are equal. */
  private compareRests(a: number, b: number): number {
    const { pieces, pieceOf, keyAt, keyLengths, recordIds } = this;
    const one = pieces[pieceOf[a]!]!;
    const other = pieces[pieceOf[b]!]!;
    const oneAt = keyAt[a]!;
    const otherAt = keyAt[b]!;
    const oneLength = keyLengths[a]!;
    const otherLength = keyLengths[b]!;
    const length = oneLength < otherLength ? oneLength : otherLength;
    for (let i = this.sharedLength; i < length; i++) {
      const difference = one[oneAt + i]! - other[otherAt + i]!;
      if (difference !== 0) return difference;
    }
    return oneLength - otherLength || (this.tiesByRecord ? recordIds[a]! - recordIds[b]! : a - b);
  }

  /** Whether `take` has given all rows. */
  get isAtEnd(): boolean {
    return this.next === this.count;
  }

  /** The next row in order, after `sort`: it is at `bytes[at]`. */
  take(): void {
    const row = this.order![this.next++]!;
    this.bytes = this.pieces[this.pieceOf[row]!]!;
    this.at = this.keyAt[row]! + this.keyLengths[row]!;
    this.recordId = this.recordIds[row]!;
  }

  /** The key of the row that came last, which is at `bytes[at]`, and is held no longer. */
  pop(): Uint8Array {
    const row = --this.count;
    const keyAt = this.keyAt[row]!;
    while (this.pieces.length > this.pieceOf[row]! + 1) letGo(this.pieces.pop()!);
    this.bytes = this.pieces[this.pieceOf[row]!]!;
    this.at = keyAt + this.keyLengths[row]!;
    this.recordId = this.recordIds[row]!;
    return this.bytes.subarray(keyAt, this.at);
  }

  /** After the last `pop`. */
  endPops(): void {
    for (const piece of this.pieces) letGo(piece);
    this.clear();
  }

  /** Holds no rows any more; the one last given stays good. */
  clear(): void {
    this.count = this.next = this.used = 0;
    this.pieces = [];
    this.sorting = undefined;
    this.order = [];
    this.heads = new Float64Array(0);
  }
}
