/**
 * Range tombstones of several sources, cut into disjoint fragments: what a merge needs to know of them at each key.
 *
 * Of a fragment only the newest source that has a tombstone over it counts: every entry of an older source is hidden,
 * every entry of a newer one is not. Inside that source a tombstone hides entries with seq != 0 and seq < its own. Of
 * tombstones that the same snapshots see, the newest is enough.
 */
import { NO_BYTES, compareBytes, type Bytes } from '../base/bytes.js';
import { endsBefore, type KeySpan } from './spans.js';

/** All keys of [low, high) are deleted; an empty low and an absent high are open. */
export interface RangeDeletion {
  readonly low: Bytes;
  readonly high: Bytes | undefined;
  readonly seq: number;
}

/** [low, high), see RangeDeletion. */
export interface DeletionFragment {
  readonly low: Bytes;
  readonly high: Bytes | undefined;
  /** Rank of the newest source with a tombstone here: 0 is the newest of all. */
  readonly rank: number;
  /** Ascending, not empty: of that source, the newest tombstone for each set of snapshots that see it. */
  readonly seqs: readonly number[];
}

/** A max-heap by seq of tombstones that may have ended already; those are dropped when they come to the top. */
class ActiveDeletions {
  private readonly heap: { seq: number; end: number }[] = [];

  push(seq: number, end: number): void {
    const { heap } = this;
    let at = heap.length;
    heap.push({ seq, end });
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (heap[parent]!.seq >= seq) break;
      this.swap(at, parent);
      at = parent;
    }
  }

  /** The greatest seq of those that end after `position`; -1 when there is none. */
  newest(position: number): number {
    const { heap } = this;
    while (heap.length > 0 && heap[0]!.end <= position) this.pop();
    return heap.length > 0 ? heap[0]!.seq : -1;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) return;
      if (child + 1 < heap.length && heap[child + 1]!.seq > heap[child]!.seq) child++;
      if (heap[child]!.seq <= heap[at]!.seq) return;
      this.swap(at, child);
      at = child;
    }
  }

  private swap(a: number, b: number): void {
    const kept = this.heap[a]!;
    this.heap[a] = this.heap[b]!;
    this.heap[b] = kept;
  }
}

/** How many of the ascending numbers are below `seq`. */
function countBelow(numbers: readonly number[], seq: number): number {
  let n = 0;
  while (n < numbers.length && numbers[n]! < seq) n++;
  return n;
}

/**
 * @param bySource   the tombstones of each source, newest source first
 * @param snapshots  sequence numbers of live snapshots, ascending; [] when only the newest state matters
 * @returns ascending and disjoint
 */
export function deletionFragments(
  bySource: readonly (readonly RangeDeletion[])[],
  snapshots: readonly number[],
): DeletionFragment[] {
  const bounds = boundsOf(bySource);
  if (bounds.length === 0) return [];
  const position = (key: Bytes): number => {
    let from = 0;
    let to = bounds.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (compareBytes(bounds[middle]!, key) < 0) from = middle + 1;
      else to = middle;
    }
    return from;
  };
  const starting: { rank: number; bucket: number; seq: number; end: number }[][] = bounds.map(() => []);
  bySource.forEach((deletions, rank) => {
    for (const { low, high, seq } of deletions) {
      const end = high === undefined ? bounds.length : position(high);
      const bucket = countBelow(snapshots, seq);
      const start = position(low);
      if (start < end) starting[start]!.push({ rank, bucket, seq, end });
    }
  });
  const active = bySource.map(() =>
    Array.from({ length: snapshots.length + 1 }, () => new ActiveDeletions()),
  );
  const fragments: DeletionFragment[] = [];
  for (let at = 0; at < bounds.length; at++) {
    for (const { rank, bucket, seq, end } of starting[at]!) active[rank]![bucket]!.push(seq, end);
    for (let rank = 0; rank < active.length; rank++) {
      const seqs = active[rank]!.map((heap) => heap.newest(at)).filter((seq) => seq >= 0);
      if (seqs.length === 0) continue;
      appendFragment(fragments, { low: bounds[at]!, high: bounds[at + 1], rank, seqs });
      break;
    }
  }
  return fragments;
}

/** Every bound of every tombstone, ascending, once. An open low is the empty key. */
function boundsOf(bySource: readonly (readonly RangeDeletion[])[]): Bytes[] {
  const all: Bytes[] = [];
  for (const deletions of bySource) {
    for (const { low, high } of deletions) {
      all.push(low.length === 0 ? NO_BYTES : low);
      if (high !== undefined) all.push(high);
    }
  }
  all.sort(compareBytes);
  return all.filter((key, i) => i === 0 || compareBytes(all[i - 1]!, key) !== 0);
}

/** Appends a fragment, or lengthens the last one when they say the same and touch. */
function appendFragment(fragments: DeletionFragment[], next: DeletionFragment): void {
  const last = fragments[fragments.length - 1];
  const touches = last?.high !== undefined && compareBytes(last.high, next.low) === 0;
  if (
    touches &&
    last.rank === next.rank &&
    last.seqs.length === next.seqs.length &&
    last.seqs.every((seq, i) => seq === next.seqs[i])
  ) {
    fragments[fragments.length - 1] = { ...last, high: next.high };
  } else {
    fragments.push(next);
  }
}

/** Index of the first fragment that reaches past `key`. */
function firstPast(fragments: readonly DeletionFragment[], key: Bytes): number {
  let from = 0;
  let to = fragments.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const { high } = fragments[middle]!;
    if (high !== undefined && compareBytes(high, key) <= 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Whether every key of a span, in a source of this rank, is deleted by newer sources. */
export function isSpanDeleted(fragments: readonly DeletionFragment[], span: KeySpan, rank: number): boolean {
  let at = firstPast(fragments, span.low);
  let reached = span.low;
  for (; at < fragments.length; at++) {
    const fragment = fragments[at]!;
    if (fragment.rank >= rank || compareBytes(fragment.low, reached) > 0) return false;
    if (fragment.high === undefined) return true;
    if (span.high !== undefined && compareBytes(fragment.high, span.high) > 0) return true;
    reached = fragment.high;
  }
  return false;
}

/** Whether a fragment holds a key of the span. */
export function meetsSpan(fragments: readonly DeletionFragment[], span: KeySpan): boolean {
  const at = firstPast(fragments, span.low);
  return at < fragments.length && !endsBefore(span.high, fragments[at]!.low);
}
