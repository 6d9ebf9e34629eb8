/**
 * Range tombstones of one source: each deletes the keys of [low, high) that were written before it.
 *
 * Held as disjoint stretches of the whole key space: stretch i reaches from bounds[i] to bounds[i + 1] (the last one
 * without end) and has the sequence numbers of the tombstones over it, newest first. What must stay true: bounds[0] is
 * empty, bounds ascend strictly, neighbours differ in their numbers. So a tombstone costs at most two stretches, and one
 * that covers others which no reader needs takes their place.
 */
import { NO_BYTES, compareBytes, compareRanges, copyOf, type Bytes } from '../base/bytes.js';

/** Deletes the keys of [low, high) with a sequence number below `seq`. Plain data: may be sent to another thread. */
export interface RangeTombstoneRecord {
  /** Empty: open. */
  readonly low: Bytes;
  /** undefined: open. */
  readonly high: Bytes | undefined;
  readonly seq: number;
}

/** A stretch of keys and the newest tombstone over it. */
export interface TombstoneFragment {
  readonly low: Bytes;
  readonly high: Bytes | undefined;
  readonly seq: number;
}

const NO_SEQS: readonly number[] = [];
const NO_FRAGMENTS: readonly TombstoneFragment[] = [];
/** Memory of a stretch beside the bytes of its bound, roughly. */
const STRETCH_BYTES = 160;

export class RangeTombstones {
  /** Stretches that some tombstone covers: 0 exactly when there is no tombstone. Disjoint tombstones count one each. */
  count = 0;
  /** Greatest sequence number of a tombstone; 0 when there is none. */
  maxSeq = 0;
  private bounds: Bytes[] = [NO_BYTES];
  private lists: (readonly number[])[] = [NO_SEQS];
  private boundBytes = 0;
  private cached: readonly TombstoneFragment[] | undefined = undefined;
  private cachedSeq = 0;
  /** Where the last key was found: the next one often lies there too. */
  private lastStretch = 0;

  /** Memory in use, in bytes, roughly. */
  get memoryBytes(): number {
    return this.boundBytes + this.lists.length * STRETCH_BYTES;
  }

  /**
   * Copies the bounds. An empty range adds nothing.
   * @param low   empty or undefined: open
   * @param high  undefined: open
   * @param seq   1 or more
   * @param protectedSeq  older tombstones with a number above this that the new one covers are forgotten: no reader
   *                      needs them. Default: all are kept
   */
  add(
    low: Bytes | undefined,
    high: Bytes | undefined,
    seq: number,
    protectedSeq = Number.MAX_SAFE_INTEGER,
  ): void {
    const from = low ?? NO_BYTES;
    if (high !== undefined && compareBytes(from, high) >= 0) return;
    const begin = this.stretchAt(from, 0, from.length);
    const end = high === undefined ? this.bounds.length - 1 : this.stretchAt(high, 0, high.length);
    // Replace the stretches begin..end by: what of `begin` lies below low, the covered part, what of `end` lies above.
    const bounds: Bytes[] = [];
    const lists: (readonly number[])[] = [];
    const before = begin > 0 ? this.lists[begin - 1] : undefined;
    const push = (bound: Bytes, list: readonly number[]): void => {
      const last = lists.length > 0 ? lists[lists.length - 1] : before;
      if (last !== undefined && sameSeqs(last, list)) return;
      bounds.push(bound);
      lists.push(list);
    };
    const first = this.bounds[begin]!;
    const startsInside = compareBytes(first, from) < 0;
    if (startsInside) push(first, this.lists[begin]!);
    for (let i = begin; i <= end; i++) {
      const bound = this.bounds[i]!;
      if (high !== undefined && compareBytes(bound, high) >= 0) {
        push(bound, this.lists[i]!);
        break;
      }
      push(i === begin && startsInside ? copyOf(from) : bound, withSeq(this.lists[i]!, seq, protectedSeq));
      if (i === end && high !== undefined) push(copyOf(high), this.lists[i]!);
    }
    this.replace(begin, end + 1, bounds, lists);
    // The stretch after the replaced ones may now equal its neighbour.
    this.joinAt(begin + bounds.length);
    if (seq > this.maxSeq) this.maxSeq = seq;
    this.cached = undefined;
  }

  addAll(records: Iterable<RangeTombstoneRecord>): void {
    for (const record of records) this.add(record.low, record.high, record.seq);
  }

  /** Greatest seq <= maxSeq of a tombstone over the key; 0 when there is none. */
  coveringSeq(key: Bytes, offset: number, length: number, maxSeq: number): number {
    if (this.count === 0) return 0;
    if (!this.isIn(this.lastStretch, key, offset, length))
      this.lastStretch = this.stretchAt(key, offset, length);
    return newestAtMost(this.lists[this.lastStretch]!, maxSeq);
  }

  /**
   * The tombstones, ascending by `low`: joined where ranges of one number touch, without those no reader needs.
   * @param low   with `high`: only those that share a key with [low, high), as far as its stretches reach
   * @param high  undefined: open
   */
  records(low: Bytes = NO_BYTES, high?: Bytes): RangeTombstoneRecord[] {
    const records: RangeTombstoneRecord[] = [];
    if (this.count === 0) return records;
    const open = new Map<number, { low: Bytes; high: Bytes | undefined; seq: number }>();
    for (let i = this.stretchAt(low, 0, low.length); i < this.lists.length; i++) {
      const bound = this.bounds[i]!;
      if (high !== undefined && compareBytes(bound, high) >= 0) {
        for (const record of open.values()) record.high = bound;
        break;
      }
      const list = this.lists[i]!;
      for (const [seq, record] of open) {
        if (list.includes(seq)) continue;
        record.high = bound;
        open.delete(seq);
      }
      for (const seq of list) {
        if (open.has(seq)) continue;
        const record = { low: bound, high: undefined, seq };
        open.set(seq, record);
        records.push(record);
      }
    }
    return records;
  }

  /**
   * What a reader at `maxSeq` sees deleted: disjoint, ascending, neighbours of one number joined. The array is shared
   * between callers: do not change it.
   */
  fragments(maxSeq: number): readonly TombstoneFragment[] {
    if (this.count === 0) return NO_FRAGMENTS;
    const seen = Math.min(maxSeq, this.maxSeq);
    if (this.cached !== undefined && this.cachedSeq === seen) return this.cached;
    const fragments: TombstoneFragment[] = [];
    let low = NO_BYTES;
    let current = 0;
    for (let i = 0; i < this.lists.length; i++) {
      const seq = newestAtMost(this.lists[i]!, seen);
      if (seq === current) continue;
      if (current !== 0) fragments.push({ low, high: this.bounds[i]!, seq: current });
      low = this.bounds[i]!;
      current = seq;
    }
    if (current !== 0) fragments.push({ low, high: undefined, seq: current });
    this.cached = fragments;
    this.cachedSeq = seen;
    return fragments;
  }

  /** Whether a tombstone shares a key with [low, high); undefined: open. */
  overlaps(low: Bytes | undefined, high: Bytes | undefined): boolean {
    return this.count > 0 && this.overlapsNewer(low, high, 0);
  }

  /** Whether a tombstone with a number above `seq` shares a key with [low, high); undefined: open. */
  overlapsNewer(low: Bytes | undefined, high: Bytes | undefined, seq: number): boolean {
    if (this.maxSeq <= seq) return false;
    const from = low ?? NO_BYTES;
    if (high !== undefined && compareBytes(from, high) >= 0) return false;
    for (let i = this.stretchAt(from, 0, from.length); i < this.lists.length; i++) {
      if (high !== undefined && compareBytes(this.bounds[i]!, high) >= 0) return false;
      const list = this.lists[i]!;
      if (list.length > 0 && list[0]! > seq) return true;
    }
    return false;
  }

  /** Forgets the tombstones with a number above `seq`. */
  rollbackAbove(seq: number): void {
    if (this.maxSeq <= seq) return;
    const bounds: Bytes[] = [];
    const lists: (readonly number[])[] = [];
    let maxSeq = 0;
    for (let i = 0; i < this.lists.length; i++) {
      const list = this.lists[i]!;
      const kept = list.length > 0 && list[0]! > seq ? list.filter((each) => each <= seq) : list;
      if (lists.length > 0 && sameSeqs(lists[lists.length - 1]!, kept)) continue;
      bounds.push(this.bounds[i]!);
      lists.push(kept);
      if (kept.length > 0 && kept[0]! > maxSeq) maxSeq = kept[0]!;
    }
    this.replace(0, this.lists.length, bounds, lists);
    this.maxSeq = maxSeq;
    this.cached = undefined;
  }

  clear(): void {
    this.rollbackAbove(-1);
  }

  /** The stretch that holds the key: the last one whose bound is <= key. */
  private stretchAt(key: Bytes, offset: number, length: number): number {
    const bounds = this.bounds;
    let low = 1;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const bound = bounds[middle]!;
      if (compareRanges(bound, 0, bound.length, key, offset, length) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Whether a stretch, if there is one at the index, holds the key. */
  private isIn(index: number, key: Bytes, offset: number, length: number): boolean {
    const { bounds } = this;
    if (index >= bounds.length) return false;
    const low = bounds[index]!;
    if (compareRanges(key, offset, length, low, 0, low.length) < 0) return false;
    if (index + 1 === bounds.length) return true;
    const high = bounds[index + 1]!;
    return compareRanges(key, offset, length, high, 0, high.length) < 0;
  }

  /** Puts new stretches in the place of [begin, end). */
  private replace(begin: number, end: number, bounds: Bytes[], lists: (readonly number[])[]): void {
    for (let i = begin; i < end; i++) this.countStretch(i, -1);
    if (bounds.length <= 64) {
      this.bounds.splice(begin, end - begin, ...bounds);
      this.lists.splice(begin, end - begin, ...lists);
    } else {
      this.bounds = this.bounds.slice(0, begin).concat(bounds, this.bounds.slice(end));
      this.lists = this.lists.slice(0, begin).concat(lists, this.lists.slice(end));
    }
    for (let i = begin; i < begin + bounds.length; i++) this.countStretch(i, 1);
  }

  private joinAt(index: number): void {
    if (index <= 0 || index >= this.lists.length) return;
    if (sameSeqs(this.lists[index - 1]!, this.lists[index]!)) this.replace(index, index + 1, [], []);
  }

  private countStretch(index: number, sign: number): void {
    if (this.lists[index]!.length > 0) this.count += sign;
    this.boundBytes += sign * (this.bounds[index]!.length + 8 * this.lists[index]!.length);
  }
}

/** The list with `seq` in its place, without the numbers in (protectedSeq, seq): those nobody needs. */
function withSeq(list: readonly number[], seq: number, protectedSeq: number): readonly number[] {
  let at = 0;
  while (at < list.length && list[at]! > seq) at++;
  let rest = at;
  while (rest < list.length && (list[rest] === seq || list[rest]! > protectedSeq)) rest++;
  const added = list.slice(0, at);
  added.push(seq);
  for (let i = rest; i < list.length; i++) added.push(list[i]!);
  return added;
}

/** The greatest number <= maxSeq of a descending list; 0 when there is none. */
function newestAtMost(list: readonly number[], maxSeq: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]! > maxSeq) low = middle + 1;
    else high = middle;
  }
  return low < list.length ? list[low]! : 0;
}

function sameSeqs(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
