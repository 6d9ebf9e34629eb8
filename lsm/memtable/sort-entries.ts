/**
 * Sorts entries by their keys, byte by byte from behind over four bytes that follow what all keys of a group share. Entries
 * whose four bytes are equal make a group of their own, sorted by what follows; small groups are sorted by comparing. No
 * step of it compares entries one with the other while there are many, and each goes through arrays from their start to
 * their end, which is a third of what a sort of numbers takes.
 *
 *   key      shared bytes | head: 4 bytes | …
 *
 * Of equal keys the later entry comes first, as the newer version.
 */
import { compareRanges, type Bytes } from '../base/bytes.js';
import { keyLengthAt, keyOffsetAt } from './arena-keys.js';

const HEAD_BYTES = 4;
/** Values of a byte. */
const DIGITS = 256;
/** Groups up to this size are sorted by comparing. */
const FEW = 12;
/** Entries whose room is kept: 1.5 MB. */
const KEPT_ENTRIES = 1 << 17;

/**
 * @param offsets  of operations with a key, without flags; sorted in place
 * @param arena    which holds the operations
 */
export function sortEntries(arena: Bytes, offsets: Int32Array): void {
  new Sorter(arena, offsets).sort(0, offsets.length, 0);
}

/** What a sort works with; kept for the next one unless it is large, because fresh memory costs as much as the sorting. */
class Room {
  readonly heads: Uint32Array;
  /** Where heads and offsets go in every other step. */
  readonly otherHeads: Uint32Array;
  readonly otherOffsets: Int32Array;
  /** How many entries have each value of each byte of the head; then, where the next of them goes. */
  readonly counts = new Int32Array(HEAD_BYTES * DIGITS);

  constructor(entries: number) {
    this.heads = new Uint32Array(entries);
    this.otherHeads = new Uint32Array(entries);
    this.otherOffsets = new Int32Array(entries);
  }
}

let kept = new Room(0);

function roomFor(entries: number): Room {
  if (entries <= kept.heads.length) return kept;
  if (entries > KEPT_ENTRIES) return new Room(entries);
  kept = new Room(Math.min(KEPT_ENTRIES, Math.max(entries, kept.heads.length * 2)));
  return kept;
}

class Sorter {
  private readonly room: Room;

  constructor(
    private readonly arena: Bytes,
    private readonly offsets: Int32Array,
  ) {
    this.room = roomFor(offsets.length);
  }

  /** Sorts entries [from, to), whose keys share their first `depth` bytes. */
  sort(from: number, to: number, depth: number): void {
    if (to - from <= FEW) {
      this.insert(from, to, depth);
      return;
    }
    const shared = this.sharedBytes(from, to, depth);
    this.takeHeads(from, to, shared);
    this.sortByHeads(from, to);
    const { heads } = this.room;
    let start = from;
    for (let i = from + 1; i <= to; i++) {
      if (i < to && heads[i] === heads[i - 1]) continue;
      if (i - start > 1) this.settle(start, i, shared);
      start = i;
    }
  }

  /** Notes the four bytes that follow the shared ones, and counts each. */
  private takeHeads(from: number, to: number, shared: number): void {
    const { arena, offsets } = this;
    const { heads, counts } = this.room;
    counts.fill(0);
    for (let i = from; i < to; i++) {
      const at = offsets[i]!;
      const length = keyLengthAt(arena, at);
      const head = headOf(arena, keyOffsetAt(at, length) + shared, length - shared);
      heads[i] = head;
      counts[head & 0xff]!++;
      counts[DIGITS + ((head >>> 8) & 0xff)]!++;
      counts[2 * DIGITS + ((head >>> 16) & 0xff)]!++;
      counts[3 * DIGITS + (head >>> 24)]!++;
    }
  }

  /** Sorts by the heads; entries with equal ones stay in their order. */
  private sortByHeads(from: number, to: number): void {
    const { counts, otherHeads, otherOffsets } = this.room;
    let { heads } = this.room;
    let { offsets } = this;
    let nextHeads = otherHeads;
    let nextOffsets = otherOffsets;
    for (let byte = 0; byte < HEAD_BYTES; byte++) {
      const base = byte * DIGITS;
      const shift = byte * 8;
      if (counts[base + ((heads[from]! >>> shift) & 0xff)] === to - from) continue;
      let start = from;
      for (let digit = base; digit < base + DIGITS; digit++) {
        const count = counts[digit]!;
        counts[digit] = start;
        start += count;
      }
      for (let i = from; i < to; i++) {
        const head = heads[i]!;
        const place = counts[base + ((head >>> shift) & 0xff)]!++;
        nextHeads[place] = head;
        nextOffsets[place] = offsets[i]!;
      }
      [heads, nextHeads] = [nextHeads, heads];
      [offsets, nextOffsets] = [nextOffsets, offsets];
    }
    if (heads !== otherHeads) return;
    nextHeads.set(heads.subarray(from, to), from);
    nextOffsets.set(offsets.subarray(from, to), from);
  }

  /** Sorts entries whose heads after `shared` bytes are equal: a key may end within them, for which zeros stand. */
  private settle(from: number, to: number, shared: number): void {
    const depth = shared + HEAD_BYTES;
    if (!this.areLonger(from, to, depth)) this.insert(from, to, shared);
    // Entries mostly come in the order of what their keys end in, such as the number of a record.
    else if (!this.isAscending(from, to, depth)) this.sort(from, to, depth);
  }

  /** Whether all keys have at least so many bytes. */
  private areLonger(from: number, to: number, length: number): boolean {
    const { arena, offsets } = this;
    for (let i = from; i < to; i++) if (keyLengthAt(arena, offsets[i]!) < length) return false;
    return true;
  }

  /** Whether the keys, which share `depth` bytes, ascend, no two of them equal. */
  private isAscending(from: number, to: number, depth: number): boolean {
    const { arena, offsets } = this;
    let length = keyLengthAt(arena, offsets[from]!);
    let key = keyOffsetAt(offsets[from]!, length);
    for (let i = from + 1; i < to; i++) {
      const at = offsets[i]!;
      const nextLength = keyLengthAt(arena, at);
      const next = keyOffsetAt(at, nextLength);
      const common = length < nextLength ? length : nextLength;
      let n = depth;
      while (n < common && arena[key + n] === arena[next + n]) n++;
      if (n < common ? arena[key + n]! > arena[next + n]! : length >= nextLength) return false;
      key = next;
      length = nextLength;
    }
    return true;
  }

  private sharedBytes(from: number, to: number, depth: number): number {
    const { arena, offsets } = this;
    const first = offsets[from]!;
    let shared = keyLengthAt(arena, first);
    const firstKey = keyOffsetAt(first, shared);
    for (let i = from + 1; i < to && shared > depth; i++) {
      const at = offsets[i]!;
      const length = keyLengthAt(arena, at);
      const key = keyOffsetAt(at, length);
      if (length < shared) shared = length;
      let n = depth;
      while (n < shared && arena[key + n] === arena[firstKey + n]) n++;
      shared = n;
    }
    return shared;
  }

  private insert(from: number, to: number, depth: number): void {
    if (to - from > FEW) {
      this.compareAll(from, to, depth);
      return;
    }
    const { offsets } = this;
    for (let i = from + 1; i < to; i++) {
      const at = offsets[i]!;
      let j = i;
      for (; j > from && this.compare(offsets[j - 1]!, at, depth) > 0; j--) offsets[j] = offsets[j - 1]!;
      offsets[j] = at;
    }
  }

  private compareAll(from: number, to: number, depth: number): void {
    this.offsets.subarray(from, to).sort((a, b) => this.compare(a, b, depth));
  }

  private compare(a: number, b: number, depth: number): number {
    return compareEntries(this.arena, a, b, depth);
  }
}

/** Order of two entries; of equal keys the one put later (its operation lies higher) comes first. */
function compareEntries(arena: Bytes, a: number, b: number, depth: number): number {
  const aLength = keyLengthAt(arena, a);
  const bLength = keyLengthAt(arena, b);
  const aKey = keyOffsetAt(a, aLength);
  const bKey = keyOffsetAt(b, bLength);
  return compareRanges(arena, aKey + depth, aLength - depth, arena, bKey + depth, bLength - depth) || b - a;
}

/** Four bytes of a key as a number that orders as they do, padded with zeros. @param left  bytes from `at`; may be negative */
function headOf(bytes: Bytes, at: number, left: number): number {
  if (left >= 4)
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  let number = 0;
  if (left > 0) number = bytes[at]! << 24;
  if (left > 1) number |= bytes[at + 1]! << 16;
  if (left > 2) number |= bytes[at + 2]! << 8;
  return number >>> 0;
}
