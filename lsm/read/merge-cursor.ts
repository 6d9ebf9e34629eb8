/**
 * Several sorted sources as one: every entry of each, ordered by key, then by source (newest, the first given, first),
 * then as inside the source. Backward is the exact reverse.
 *
 * What must stay true while `isValid`: `order[0, live)` lists the sources that have an entry, in the order in which the
 * merge will yield their current entries; `order[0]` is the entry at the cursor. Forward, each other source stands at its
 * first entry after that one; backward, at its last entry before it. A change of direction seeks every other source
 * rather than stepping it, so that entries added to a memtable meanwhile cannot disturb the order.
 *
 * Relies on sources keeping their key registers good until they move themselves. `next` and `previous` of a cursor that
 * is not valid do nothing.
 */
import { NO_BYTES, compareRanges, type Bytes } from '../base/bytes.js';
import { LsmError } from '../errors.js';
import type { EntrySpan } from '../base/entry-span.js';
import { SourceCursor } from './source-cursor.js';

/** From this many live sources on, an entry's place among the others is found by halving instead of stepping. */
const HALVING_FROM = 6;
/** So many ties of heads before a look whether all keys share more bytes by now. */
const TIE_LIMIT = 64;

const NO_HEADS = new Int32Array(0);

export class MergeCursor extends SourceCursor {
  /** Index of the source the entry at the cursor comes from. */
  rank = 0;
  /** The only source, when there is one only: readers may use it directly. */
  readonly sole: SourceCursor | undefined;
  private readonly order: Int32Array;
  /** Per live source but the first: four key bytes after the first `base`, see `headOf`. Kept when there are three or more. */
  private readonly heads: Int32Array;
  /** How many bytes the keys of all live sources share, at least: what lies between two keys shares what they do. */
  private base = 0;
  /** How often heads did not decide since they were taken. */
  private ties = 0;
  /** Key bytes shared by the two sources last compared. */
  private sharedLength = 0;
  private live = 0;
  private isForward = true;
  /** The key at the cursor, kept while the sources move, with room for a zero byte after it. */
  private pivot: Bytes = NO_BYTES;

  /**
   * @param sources  newest first; owned from here on: `close` closes them
   * @throws LsmError BadOptions if a cursor is given twice
   */
  constructor(private readonly sources: readonly SourceCursor[]) {
    super();
    const count = sources.length;
    for (let i = 1; i < count; i++) {
      if (sources.indexOf(sources[i]!) === i) continue;
      throw new LsmError('a merge needs cursors of its own: one was given twice', 'BadOptions');
    }
    this.sole = count === 1 ? sources[0] : undefined;
    this.order = new Int32Array(count);
    this.heads = count < 3 ? NO_HEADS : new Int32Array(count);
  }

  /** How many sources there are. */
  get sourceCount(): number {
    return this.sources.length;
  }

  first(): void {
    this.isForward = true;
    for (const source of this.sources) source.first();
    this.sort();
  }

  last(): void {
    this.isForward = false;
    for (const source of this.sources) source.last();
    this.sort();
  }

  seekAtLeast(key: Bytes, offset: number, length: number): void {
    this.isForward = true;
    for (const source of this.sources) source.seekAtLeast(key, offset, length);
    this.sort();
  }

  seekBefore(key: Bytes, offset: number, length: number): void {
    this.isForward = false;
    for (const source of this.sources) source.seekBefore(key, offset, length);
    this.sort();
  }

  next(): void {
    if (!this.isValid) return;
    if (!this.isForward) this.turn(true);
    const winner = this.order[0]!;
    const source = this.sources[winner]!;
    source.next();
    this.place(winner, source);
  }

  previous(): void {
    if (!this.isValid) return;
    if (this.isForward) this.turn(false);
    const winner = this.order[0]!;
    const source = this.sources[winner]!;
    source.previous();
    this.place(winner, source);
  }

  /** Over entries that come before those of any other source. */
  override skipPlain(bound: Bytes | undefined, most: number): number {
    if (!this.isValid || !this.isForward) return 0;
    const skipped = this.sources[this.order[0]!]!.skipPlain(this.nextOfOthers(bound), most);
    if (skipped > 0) this.load();
    return skipped;
  }

  override take(bound: Bytes | undefined, maxSeq: number, most: number, span: EntrySpan): void {
    if (!this.isValid || !this.isForward) return;
    this.sources[this.order[0]!]!.take(this.nextOfOthers(bound), maxSeq, most, span);
    this.load();
  }

  override takeKeysBack(bound: Bytes | undefined, maxSeq: number, most: number, span: EntrySpan): number {
    if (!this.isValid || this.isForward) return 0;
    const { order, sources } = this;
    if (this.live > 1) {
      // What lies above the next entry of any other source: a key right above that one's is the bound.
      const { keyBytes, keyOffset, keyLength } = sources[order[1]!]!;
      if (bound === undefined || compareRanges(keyBytes, keyOffset, keyLength, bound, 0, bound.length) >= 0) {
        bound = new Uint8Array(keyLength + 1);
        bound.set(keyBytes.subarray(keyOffset, keyOffset + keyLength));
      }
    }
    const taken = sources[order[0]!]!.takeKeysBack(bound, maxSeq, most, span);
    if (taken > 0) this.load();
    return taken;
  }

  /** The key of the first entry of any other source, or the bound if that is smaller. */
  private nextOfOthers(bound: Bytes | undefined): Bytes | undefined {
    if (this.live < 2) return bound;
    const { keyBytes, keyOffset, keyLength } = this.sources[this.order[1]!]!;
    return bound === undefined || compareRanges(keyBytes, keyOffset, keyLength, bound, 0, bound.length) < 0
      ? keyBytes.subarray(keyOffset, keyOffset + keyLength)
      : bound;
  }

  /**
   * Moves the sources from index `fromRank` on past the keys below `bound` (undefined: to their end) without walking
   * over them. For a cursor that moves forward.
   */
  skipForward(fromRank: number, bound: Bytes | undefined): void {
    if (!this.isForward) this.turn(true);
    for (let i = 0; i < this.live; i++) {
      const index = this.order[i]!;
      if (index < fromRank) continue;
      const source = this.sources[index]!;
      if (bound === undefined) this.drop(i--);
      else if (compareKey(source, bound) < 0) {
        source.seekAtLeast(bound, 0, bound.length);
        if (!source.isValid) this.drop(i--);
      }
    }
    this.sortLive();
  }

  /** Moves the sources from index `fromRank` on before the keys at or above `bound`. For a cursor that moves backward. */
  skipBackward(fromRank: number, bound: Bytes): void {
    if (this.isForward) this.turn(false);
    for (let i = 0; i < this.live; i++) {
      const index = this.order[i]!;
      if (index < fromRank) continue;
      const source = this.sources[index]!;
      if (bound.length === 0) this.drop(i--);
      else if (compareKey(source, bound) >= 0) {
        source.seekBefore(bound, 0, bound.length);
        if (!source.isValid) this.drop(i--);
      }
    }
    this.sortLive();
  }

  refresh(): void {
    if (!this.isValid) return;
    this.sources[this.rank]!.refresh();
    this.load();
  }

  close(): void {
    this.live = 0;
    this.isValid = false;
    for (const source of this.sources) source.close();
  }

  /** Orders all sources anew, each standing where it stands. */
  private sort(): void {
    this.live = 0;
    for (let i = 0; i < this.sources.length; i++) if (this.sources[i]!.isValid) this.order[this.live++] = i;
    this.sortLive();
  }

  /** Orders the live sources anew. Insertion sort: there are few, and after a skip they are almost in order. */
  private sortLive(): void {
    const { order, live } = this;
    for (let i = 1; i < live; i++) {
      const index = order[i]!;
      let at = i;
      while (at > 0 && this.follows(this.compareWhole(order[at - 1]!, index))) {
        order[at] = order[at - 1]!;
        at--;
      }
      order[at] = index;
    }
    if (live > 2) this.takeHeads();
    this.load();
  }

  private drop(position: number): void {
    this.order.copyWithin(position, position + 1, this.live);
    this.live--;
  }

  /** Puts the source that stood first, and has moved, at its place. */
  private place(index: number, source: SourceCursor): void {
    const { order, live } = this;
    if (!source.isValid) this.drop(0);
    else if (live > 1 && this.follows(this.compareWhole(index, order[1]!))) {
      order[0] = order[1]!;
      order[1] = index;
      if (live > 2) this.placeByHead(index, source);
    }
    this.load();
  }

  /** Puts the source at position 1, just compared with the one before it, at its place among those after it. */
  private placeByHead(index: number, source: SourceCursor): void {
    const { order, live, heads } = this;
    if (this.sharedLength < this.base || this.ties > TIE_LIMIT) this.takeHeads();
    else heads[index] = headOf(source, this.base);
    let low = 2;
    let high = live;
    if (live < HALVING_FROM) while (low < high && this.comesAfter(index, order[low]!)) low++;
    else {
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (this.comesAfter(index, order[middle]!)) low = middle + 1;
        else high = middle;
      }
    }
    for (let i = 2; i < low; i++) order[i - 1] = order[i]!;
    order[low - 1] = index;
  }

  /** Finds out how many bytes all keys share, the first and the last having the least in common, and takes the heads after them. */
  private takeHeads(): void {
    const { order, live, sources } = this;
    let least = order[0]!;
    let greatest = least;
    // The source at position 1 may be out of place.
    for (const position of [1, live - 1]) {
      const index = order[position]!;
      if (this.compareWhole(index, least) < 0) least = index;
      if (this.compareWhole(index, greatest) > 0) greatest = index;
    }
    this.compareWhole(least, greatest);
    this.base = this.sharedLength;
    this.ties = 0;
    for (let i = 0; i < live; i++) this.heads[order[i]!] = headOf(sources[order[i]!]!, this.base);
  }

  /** Whether what was compared comes after the other in the present direction. */
  private follows(difference: number): boolean {
    return difference > 0 === this.isForward;
  }

  /** Whether the merge yields the entry of source `a` after that of source `b`, by heads. */
  private comesAfter(a: number, b: number): boolean {
    const headA = this.heads[a]!;
    const headB = this.heads[b]!;
    if (headA !== headB) return headA > headB === this.isForward;
    this.ties++;
    const difference = this.compareFrom(this.base + 4, a, b);
    return difference > 0 === this.isForward;
  }

  /** Order of the entries of two sources in the forward direction, never 0; leaves the count of shared key bytes. */
  private compareWhole(a: number, b: number): number {
    return this.compareFrom(0, a, b);
  }

  /** The same for keys that are known to share their first bytes, up to `from` (or their ends, padded with zeros). */
  private compareFrom(from: number, a: number, b: number): number {
    const one = this.sources[a]!;
    const other = this.sources[b]!;
    const oneBytes = one.keyBytes;
    const otherBytes = other.keyBytes;
    const oneOffset = one.keyOffset;
    const otherOffset = other.keyOffset;
    const length = one.keyLength < other.keyLength ? one.keyLength : other.keyLength;
    for (let i = from; i < length; i++) {
      const difference = oneBytes[oneOffset + i]! - otherBytes[otherOffset + i]!;
      if (difference !== 0) {
        this.sharedLength = i;
        return difference;
      }
    }
    this.sharedLength = length;
    return one.keyLength - other.keyLength || a - b;
  }

  /** Changes direction around the entry at the cursor: its source stays, each other one goes to the other side of it. */
  private turn(isForward: boolean): void {
    const { rank, keyLength } = this;
    if (this.pivot.length <= keyLength) this.pivot = new Uint8Array(keyLength * 2 + 64);
    const { pivot } = this;
    for (let i = 0; i < keyLength; i++) pivot[i] = this.keyBytes[this.keyOffset + i]!;
    pivot[keyLength] = 0;
    this.isForward = isForward;
    for (let i = 0; i < this.sources.length; i++) {
      const source = this.sources[i]!;
      // Entries of this key in newer sources lie before the pivot entry, those in older sources after it.
      const length = i < rank ? keyLength + 1 : keyLength;
      if (i === rank) continue;
      if (isForward) source.seekAtLeast(pivot, 0, length);
      else source.seekBefore(pivot, 0, length);
    }
    // The pivot's source is first in either direction: all others now stand beyond it.
    this.sort();
  }

  private load(): void {
    if (this.live === 0) {
      this.isValid = false;
      return;
    }
    const rank = this.order[0]!;
    const source = this.sources[rank]!;
    this.rank = rank;
    this.isValid = true;
    this.keyBytes = source.keyBytes;
    this.keyOffset = source.keyOffset;
    this.keyLength = source.keyLength;
    this.kind = source.kind;
    this.seq = source.seq;
    this.valueBytes = source.valueBytes;
    this.valueOffset = source.valueOffset;
    this.storedLength = source.storedLength;
    this.rawLength = source.rawLength;
  }
}

/** Four key bytes from position `at` on as a big-endian number, zero padded, less 2^31 (so that it is an int32). */
function headOf(source: SourceCursor, at: number): number {
  const { keyBytes, keyLength } = source;
  const from = source.keyOffset + at;
  if (keyLength >= at + 4) {
    return (
      ((keyBytes[from]! << 24) |
        (keyBytes[from + 1]! << 16) |
        (keyBytes[from + 2]! << 8) |
        keyBytes[from + 3]!) ^
      0x8000_0000
    );
  }
  let head = 0;
  for (let i = at; i < keyLength; i++) head |= keyBytes[from + i - at]! << (24 - 8 * (i - at));
  return head ^ 0x8000_0000;
}

function compareKey(source: SourceCursor, key: Bytes): number {
  const { keyBytes, keyOffset, keyLength } = source;
  const n = keyLength < key.length ? keyLength : key.length;
  for (let i = 0; i < n; i++) {
    const difference = keyBytes[keyOffset + i]! - key[i]!;
    if (difference !== 0) return difference;
  }
  return keyLength - key.length;
}
