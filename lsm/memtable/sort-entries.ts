/**
 * Sorts entries by their keys. A native sort of 64-bit numbers does the most of it: each number holds 44 bits of a key
 * after what all keys of its group share, and below them the entry's place. Entries whose bits are equal make a group of
 * their own, sorted by what follows; small groups are sorted by comparing.
 *
 *   key      shared bytes | 5 bytes and a half | …
 *   number   44 bits of the key | 20 bits: the entry's place in the group
 *
 * Of equal keys the later entry comes first, as the newer version.
 */
import { compareRanges, type Bytes } from '../base/bytes.js';
import { invariant } from '../base/invariant.js';
import { keyLengthAt, keyOffsetAt } from './arena-keys.js';

/** Entries a number's lower bits can tell apart. */
const MOST_IN_GROUP = 1 << 20;
const PLACE_MASK = MOST_IN_GROUP - 1;
/** Groups up to this size are sorted by comparing. */
const FEW = 12;
/** Entries whose room is kept: 1.5 MB. */
const KEPT_ENTRIES = 1 << 17;

/**
 * @param offsets  of operations with a key, without flags; sorted in place
 * @param arena    which holds the operations
 */
export function sortEntries(arena: Bytes, offsets: Int32Array): void {
  if (offsets.length > MOST_IN_GROUP) {
    mergeHalves(arena, offsets);
    return;
  }
  new Sorter(arena, offsets).sort(0, offsets.length, 0);
}

/** What a sort works with; kept for the next one unless it is large, because fresh memory costs as much as the sorting. */
class Room {
  readonly numbers: BigUint64Array;
  /** The same memory: the lower and the upper half of each number. */
  readonly halves: Uint32Array;
  readonly places: Int32Array;

  constructor(entries: number) {
    this.numbers = new BigUint64Array(entries);
    this.halves = new Uint32Array(this.numbers.buffer);
    this.places = new Int32Array(entries);
  }
}

let kept = new Room(0);

function roomFor(entries: number): Room {
  if (entries <= kept.places.length) return kept;
  if (entries > KEPT_ENTRIES) return new Room(entries);
  kept = new Room(Math.min(KEPT_ENTRIES, Math.max(entries, kept.places.length * 2)));
  return kept;
}

class Sorter {
  private readonly numbers: BigUint64Array;
  private readonly halves: Uint32Array;
  private readonly places: Int32Array;

  constructor(
    private readonly arena: Bytes,
    private readonly offsets: Int32Array,
  ) {
    const { numbers, halves, places } = roomFor(offsets.length);
    this.numbers = numbers;
    this.halves = halves;
    this.places = places;
  }

  /** Sorts entries [from, to), whose keys share their first `depth` bytes. */
  sort(from: number, to: number, depth: number): void {
    if (to - from <= FEW) {
      this.insert(from, to, depth);
      return;
    }
    const { arena, offsets, numbers, halves, places } = this;
    const shared = this.sharedBytes(from, to, depth);
    for (let i = from; i < to; i++) {
      const at = offsets[i]!;
      const length = keyLengthAt(arena, at);
      const key = keyOffsetAt(at, length);
      const place = i - from;
      places[i] = at;
      halves[2 * i + 1] = fourBytes(arena, key + shared, length - shared);
      halves[2 * i] = (fourBytes(arena, key + shared + 4, length - shared - 4) & ~PLACE_MASK) | place;
    }
    numbers.subarray(from, to).sort();
    for (let i = from; i < to; i++) offsets[i] = places[from + (halves[2 * i]! & PLACE_MASK)]!;
    let start = from;
    for (let i = from + 1; i <= to; i++) {
      if (i < to && this.isTied(i)) continue;
      if (i - start > 1) this.settle(start, i, shared);
      start = i;
    }
  }

  /** Whether the bits of the entries at i - 1 and i are equal. */
  private isTied(i: number): boolean {
    const { halves } = this;
    return (
      halves[2 * i + 1] === halves[2 * i - 1] && ((halves[2 * i]! ^ halves[2 * i - 2]!) & ~PLACE_MASK) === 0
    );
  }

  /** Sorts entries whose bits after `shared` bytes are equal: a key may end among them, for which zeros stand. */
  private settle(from: number, to: number, shared: number): void {
    // Entries mostly come in the order of what their keys end in, such as the number of a record.
    if (this.isAscending(from, to, shared)) return;
    const { arena, offsets } = this;
    let isLonger = true;
    for (let i = from; i < to && isLonger; i++) isLonger = keyLengthAt(arena, offsets[i]!) >= shared + 5;
    if (isLonger) this.sort(from, to, shared + 5);
    else this.insert(from, to, shared);
  }

  private isAscending(from: number, to: number, depth: number): boolean {
    const { offsets } = this;
    for (let i = from + 1; i < to; i++)
      if (this.compare(offsets[i - 1]!, offsets[i]!, depth) >= 0) return false;
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
function fourBytes(bytes: Bytes, at: number, left: number): number {
  if (left >= 4)
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  let number = 0;
  if (left > 0) number = bytes[at]! << 24;
  if (left > 1) number |= bytes[at + 1]! << 16;
  if (left > 2) number |= bytes[at + 2]! << 8;
  return number >>> 0;
}

function mergeHalves(arena: Bytes, offsets: Int32Array): void {
  const half = offsets.length >>> 1;
  const low = offsets.slice(0, half);
  const high = offsets.subarray(half);
  sortEntries(arena, low);
  sortEntries(arena, high);
  let i = 0;
  let j = 0;
  let at = 0;
  while (i < half && j < high.length)
    offsets[at++] = compareEntries(arena, low[i]!, high[j]!, 0) < 0 ? low[i++]! : high[j++]!;
  while (i < half) offsets[at++] = low[i++]!;
  invariant(at === half + j, 'what is left lies in its place');
}
