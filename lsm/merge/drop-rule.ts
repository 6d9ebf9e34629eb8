/**
 * Which entries of a merge stay. Entries come in merged order: by key, and within a key newest first.
 *
 * - Of each key the newest version stays. An older version stays only if a live snapshot sees it: one with
 *   seq <= snapshot < seq of what hides it, be that a newer version or a range tombstone.
 * - A tombstone that stays by that rule goes nevertheless when no deeper table may hold its key, and no open
 *   transaction needs its sequence number to notice a conflict (seq <= keepSeqsAbove).
 * - A sequence number that no transaction and no snapshot needs is stored as 0; not so where a range tombstone of the
 *   same output hides the entry from newer readers, because entries with 0 are never hidden by their own source.
 */
import { compareRanges, type Bytes } from '../base/bytes.js';
import { KIND_DELETE } from '../key/entry-kind.js';
import { MAX_KEY_BYTES } from '../options.js';
import type { DeletionFragment } from './deletions.js';
import { spansMeetRange, SpanSweep, type KeySpan } from './spans.js';

export interface DropRuleParams {
  readonly fragments: readonly DeletionFragment[];
  /** Sequence numbers of live snapshots, ascending; [] in merges, whose older readers keep the older tables. */
  readonly snapshots: readonly number[];
  readonly keepSeqsAbove: number;
  /** Where tables below the output lie: ascending, disjoint. undefined: not known, so tombstones stay. */
  readonly deeperSpans: readonly KeySpan[] | undefined;
}

export class DropRule {
  /** The sequence number to store with the entry last asked about. */
  seq: number;
  /** Counts the keys seen: two entries have the same key when they have the same number. */
  keyNumber: number;
  /** Tombstones that were dropped because nothing is left for them to hide, or because they were hidden. */
  tombstonesDropped: number;
  private readonly fragments: readonly DeletionFragment[];
  private readonly snapshots: readonly number[];
  private readonly keepSeqsAbove: number;
  private readonly deeper: SpanSweep | undefined;
  private readonly key: Bytes;
  private keyLength: number;
  /** Sequence number of the next newer version of the key; -1 when there is none. */
  private newerSeq: number;
  private fragmentAt: number;
  /** The fragment that covers the key. */
  private covering: DeletionFragment | undefined;

  constructor(params: DropRuleParams) {
    this.seq = 0;
    this.keyNumber = 0;
    this.tombstonesDropped = 0;
    this.fragments = params.fragments;
    this.snapshots = params.snapshots;
    this.keepSeqsAbove = oldestNeeded(params);
    this.deeper = params.deeperSpans === undefined ? undefined : new SpanSweep(params.deeperSpans);
    this.key = new Uint8Array(MAX_KEY_BYTES);
    this.keyLength = -1;
    this.newerSeq = -1;
    this.fragmentAt = 0;
    this.covering = undefined;
  }

  /**
   * Decides about the next entry.
   * @param rank  of its source: 0 is the newest
   * @returns whether it stays; `seq` is then what to store
   */
  keeps(key: Bytes, offset: number, length: number, rank: number, kind: number, seq: number): boolean {
    if (!this.isSameKey(key, offset, length)) this.enter(key, offset, length);
    const newer = this.newerSeq;
    this.newerSeq = seq;
    let hider = newer >= 0 ? newer : Infinity;
    let isDeletedBelow = false;
    const covering = this.covering;
    if (covering !== undefined && rank >= covering.rank) {
      const deletion = rank > covering.rank ? covering.seqs[0]! : hidingSeq(covering.seqs, seq);
      if (deletion >= 0) {
        isDeletedBelow = true;
        if (deletion < hider) hider = deletion;
      }
    }
    if ((newer >= 0 || isDeletedBelow) && !this.isSeen(seq, hider)) {
      if (kind === KIND_DELETE) this.tombstonesDropped++;
      return false;
    }
    if (seq > this.keepSeqsAbove) {
      this.seq = seq;
      return true;
    }
    if (kind === KIND_DELETE && !this.hasDeeper(key, offset, length)) {
      this.tombstonesDropped++;
      return false;
    }
    this.seq = isDeletedBelow ? seq : 0;
    return true;
  }

  /** Whether the entry last asked about has this key. */
  isSameKey(key: Bytes, offset: number, length: number): boolean {
    if (length !== this.keyLength) return false;
    const own = this.key;
    // From the end: neighbours differ there.
    for (let i = length - 1; i >= 0; i--) if (own[i] !== key[offset + i]) return false;
    return true;
  }

  private enter(key: Bytes, offset: number, length: number): void {
    const own = this.key;
    if (length <= 48) for (let i = 0; i < length; i++) own[i] = key[offset + i]!;
    else own.set(key.subarray(offset, offset + length));
    this.keyLength = length;
    this.keyNumber++;
    this.newerSeq = -1;
    if (this.fragments.length > 0) this.cover(key, offset, length);
  }

  private cover(key: Bytes, offset: number, length: number): void {
    const { fragments } = this;
    this.covering = undefined;
    for (; this.fragmentAt < fragments.length; this.fragmentAt++) {
      const fragment = fragments[this.fragmentAt]!;
      const { low, high } = fragment;
      if (high !== undefined && compareRanges(high, 0, high.length, key, offset, length) <= 0) continue;
      if (compareRanges(low, 0, low.length, key, offset, length) <= 0) this.covering = fragment;
      return;
    }
  }

  /** Whether a live snapshot lies in [seq, hider). */
  private isSeen(seq: number, hider: number): boolean {
    const { snapshots } = this;
    for (let i = 0; i < snapshots.length; i++) {
      const snapshot = snapshots[i]!;
      if (snapshot >= seq) return snapshot < hider;
    }
    return false;
  }

  private hasDeeper(key: Bytes, offset: number, length: number): boolean {
    return this.deeper === undefined || this.deeper.holds(key, offset, length);
  }
}

/** The smallest of the ascending numbers that is greater than a seq which is not 0; -1 when there is none. */
function hidingSeq(seqs: readonly number[], seq: number): number {
  if (seq === 0) return -1;
  for (let i = 0; i < seqs.length; i++) if (seqs[i]! > seq) return seqs[i]!;
  return -1;
}

/** Sequence numbers up to this one are older than every snapshot and every open transaction. */
function oldestNeeded({ snapshots, keepSeqsAbove }: DropRuleParams): number {
  return snapshots.length > 0 ? Math.min(snapshots[0]!, keepSeqsAbove) : keepSeqsAbove;
}

/** The tombstones an output must carry on: those with a deeper table to hide, or a transaction that must see them. */
export function lastingFragments(params: DropRuleParams): DeletionFragment[] {
  const needed = oldestNeeded(params);
  const { deeperSpans } = params;
  const lasting: DeletionFragment[] = [];
  for (const fragment of params.fragments) {
    const meets = deeperSpans === undefined || spansMeetRange(deeperSpans, fragment.low, fragment.high);
    const seqs = meets ? fragment.seqs : fragment.seqs.filter((seq) => seq > needed);
    if (seqs.length > 0) lasting.push(seqs === fragment.seqs ? fragment : { ...fragment, seqs });
  }
  return lasting;
}
