/**
 * The range tombstones of all sources of a read, flattened: disjoint ascending fragments, each with the newest source
 * that has a tombstone over it and, in that source, the greatest sequence number of one.
 *
 * That is all a reader needs. Over a key, a tombstone of source `rank` hides every entry of older sources, and leaves
 * those of newer sources alone; in the source itself it hides the entries with a sequence number that is not 0 and is
 * smaller than its own. Other tombstones of the same or of older sources add nothing.
 */
import { NO_BYTES, compareBytes, compareRanges, type Bytes } from '../base/bytes.js';

/** Every key of [low, high) is deleted. */
export interface TombstoneRecord {
  /** Empty: from the first key. */
  readonly low: Bytes;
  /** undefined: to the last key. */
  readonly high: Bytes | undefined;
  readonly seq: number;
}

interface RankedTombstone {
  readonly low: Bytes;
  readonly high: Bytes | undefined;
  readonly rank: number;
  readonly seq: number;
}

/** Fragments are immutable; a reader keeps its own place among them with a `TombstonePlace`. */
export class TombstoneView {
  private constructor(
    private readonly lows: readonly Bytes[],
    private readonly highs: readonly (Bytes | undefined)[],
    private readonly ranks: Int32Array,
    private readonly seqs: Float64Array,
  ) {}

  /**
   * @param lists    per source, newest first: its tombstones in any order
   * @param maxSeqs  per source: tombstones with a greater sequence number are not seen
   * @param low      tombstones that lie wholly outside [low, high) are left out
   * @returns undefined when no tombstone is seen
   */
  static build(
    lists: readonly (readonly TombstoneRecord[])[],
    maxSeqs: readonly number[],
    low?: Bytes,
    high?: Bytes,
  ): TombstoneView | undefined {
    const seen: RankedTombstone[] = [];
    for (let rank = 0; rank < lists.length; rank++) {
      const maxSeq = maxSeqs[rank]!;
      for (const tombstone of lists[rank]!) {
        if (tombstone.seq > maxSeq) continue;
        if (tombstone.high !== undefined && compareBytes(tombstone.low, tombstone.high) >= 0) continue;
        if (high !== undefined && compareBytes(tombstone.low, high) >= 0) continue;
        if (low !== undefined && tombstone.high !== undefined && compareBytes(tombstone.high, low) <= 0)
          continue;
        seen.push({ low: tombstone.low, high: tombstone.high, rank, seq: tombstone.seq });
      }
    }
    return seen.length === 0 ? undefined : TombstoneView.flatten(seen);
  }

  get count(): number {
    return this.lows.length;
  }

  low(fragment: number): Bytes {
    return this.lows[fragment]!;
  }

  high(fragment: number): Bytes | undefined {
    return this.highs[fragment];
  }

  /** Index of the newest source with a tombstone over the fragment. */
  rank(fragment: number): number {
    return this.ranks[fragment]!;
  }

  /** Greatest sequence number of a tombstone of that source over the fragment. */
  seq(fragment: number): number {
    return this.seqs[fragment]!;
  }

  /** Whether an entry that lies in the fragment is deleted by it. */
  hides(fragment: number, rank: number, seq: number): boolean {
    const own = this.ranks[fragment]!;
    return rank > own || (rank === own && seq !== 0 && seq < this.seqs[fragment]!);
  }

  /** @returns how many fragments begin at or before the key */
  countAtOrBefore(key: Bytes, offset: number, length: number): number {
    let low = 0;
    let high = this.lows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const bound = this.lows[middle]!;
      if (compareRanges(bound, 0, bound.length, key, offset, length) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Cuts the key space at every bound, then paints the pieces with the tombstones, strongest first; a painted piece stays
   * as it is. Pieces that were painted are skipped by links, so the whole is O(n log n).
   */
  private static flatten(tombstones: RankedTombstone[]): TombstoneView {
    const cuts = distinctBounds(tombstones);
    const painter = new Int32Array(cuts.length).fill(-1);
    const nextFree = new Int32Array(cuts.length + 1);
    for (let i = 0; i < nextFree.length; i++) nextFree[i] = i;
    tombstones.sort((a, b) => a.rank - b.rank || b.seq - a.seq);
    for (let index = 0; index < tombstones.length; index++) {
      const { low, high } = tombstones[index]!;
      const end = high === undefined ? cuts.length : positionOf(cuts, high);
      let piece = freeFrom(nextFree, positionOf(cuts, low));
      while (piece < end) {
        painter[piece] = index;
        nextFree[piece] = piece + 1;
        piece = freeFrom(nextFree, piece);
      }
    }
    const lows: Bytes[] = [];
    const highs: (Bytes | undefined)[] = [];
    const ranks: number[] = [];
    const seqs: number[] = [];
    for (let piece = 0; piece < cuts.length; piece++) {
      if (painter[piece]! < 0) continue;
      const { rank, seq } = tombstones[painter[piece]!]!;
      const high = cuts[piece + 1];
      const last = lows.length - 1;
      const isContinued =
        piece > 0 && painter[piece - 1]! >= 0 && last >= 0 && ranks[last] === rank && seqs[last] === seq;
      if (isContinued) highs[last] = high;
      else {
        lows.push(cuts[piece]!);
        highs.push(high);
        ranks.push(rank);
        seqs.push(seq);
      }
    }
    return new TombstoneView(lows, highs, Int32Array.from(ranks), Float64Array.from(seqs));
  }
}

/** All bounds, ascending, each once. The piece after the last one has no end. */
function distinctBounds(tombstones: readonly RankedTombstone[]): Bytes[] {
  const bounds: Bytes[] = [];
  for (const { low, high } of tombstones) {
    bounds.push(low);
    if (high !== undefined) bounds.push(high);
  }
  bounds.sort(compareBytes);
  return bounds.filter((bound, i) => i === 0 || compareBytes(bounds[i - 1]!, bound) !== 0);
}

/** Index of a bound that is known to be among the cuts. */
function positionOf(cuts: readonly Bytes[], bound: Bytes): number {
  let low = 0;
  let high = cuts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(cuts[middle]!, bound) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first piece from `piece` on that is not painted; shortens the links it follows. */
function freeFrom(nextFree: Int32Array, piece: number): number {
  let root = piece;
  while (nextFree[root] !== root) root = nextFree[root]!;
  while (nextFree[piece] !== root) {
    const next = nextFree[piece]!;
    nextFree[piece] = root;
    piece = next;
  }
  return root;
}

/** Where a reader stands among the fragments: in one of them, or in the gap between two. */
export class TombstonePlace {
  private from: Bytes = NO_BYTES;
  private to: Bytes | undefined = NO_BYTES;
  private fragment = -1;

  constructor(private readonly view: TombstoneView) {}

  /** @returns the fragment over the key, or -1 */
  fragmentAt(key: Bytes, offset: number, length: number): number {
    const { from, to } = this;
    const isInside =
      (to === undefined || compareRanges(key, offset, length, to, 0, to.length) < 0) &&
      compareRanges(key, offset, length, from, 0, from.length) >= 0;
    if (!isInside) this.locate(key, offset, length);
    return this.fragment;
  }

  private locate(key: Bytes, offset: number, length: number): void {
    const { view } = this;
    const index = view.countAtOrBefore(key, offset, length) - 1;
    const high = index < 0 ? NO_BYTES : view.high(index);
    const isCovered = high === undefined || compareRanges(key, offset, length, high, 0, high.length) < 0;
    this.fragment = isCovered ? index : -1;
    this.from = isCovered ? view.low(index) : high;
    this.to = isCovered ? high : index + 1 < view.count ? view.low(index + 1) : undefined;
  }
}
