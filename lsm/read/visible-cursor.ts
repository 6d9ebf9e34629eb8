/**
 * What a reader sees of a merge: of each key the newest version that is not too new for it, without the keys that are
 * deleted by themselves or by a range tombstone, inside [low, high).
 *
 * A move is a step of the merge in the direction it last went. Forward, the merge stands at the entry. Backward, a key's
 * oldest version comes first, so its newest one is known only when the merge has left the key: the entry is then held
 * here, as copies of its key and stored value. A change of direction seeks.
 *
 * Relies on sources for: after an entry with sequence number 0, a source has no older entry of that key.
 */
import { NO_BYTES, compareRanges, copyOf, type Bytes } from '../base/bytes.js';
import { checked, invariant } from '../base/invariant.js';
import { KIND_DELETE, KIND_LZ4 } from '../key/entry-kind.js';
import type { SeekMode } from '../ordered-kv.js';
import { readThrough } from '../table/lz4.js';
import type { EntrySpan } from '../base/entry-span.js';
import type { MergeCursor } from './merge-cursor.js';
import type { SourceCursor } from './source-cursor.js';
import { TombstonePlace, TombstoneView, type TombstoneRecord } from './tombstone-view.js';

/** An entry at the cursor: registers as in `SourceCursor`. */
export type EntryView = Pick<
  SourceCursor,
  | 'keyBytes'
  | 'keyOffset'
  | 'keyLength'
  | 'kind'
  | 'seq'
  | 'valueBytes'
  | 'valueOffset'
  | 'storedLength'
  | 'rawLength'
>;

/** Before any move. */
const FRESH = 0;
/** The merge stands at the entry. */
const AT_ENTRY = 1;
/** The entry is held; the merge stands before it. */
const HELD = 2;
/** A key was sought and is not there; it is the mark. */
const GAP = 3;
const BEFORE_FIRST = 4;
const AFTER_LAST = 5;

/** Up to this many bytes a loop is faster than a call of the runtime. */
const SHORT_COPY = 96;
/** So many entries hidden by range tombstones are walked over before the sources are sent past the fragment. */
const WALK_LIMIT = 8;

export class VisibleCursor {
  isValid = false;
  /** The entry, while `isValid`. Its value registers need `refresh` when anything else was read since. */
  entry: EntryView;
  private readonly source: SourceCursor;
  private readonly isMerged: boolean;
  private readonly oldestRank: number;
  private readonly maxSeqs: Float64Array;
  private readonly low: Bytes | undefined;
  private readonly high: Bytes | undefined;
  private readonly tombstones: TombstoneView | undefined;
  private readonly tombstonePlace: TombstonePlace | undefined;
  /** Made by the first step backward. */
  private held: HeldEntry | undefined = undefined;
  private place = FRESH;
  /** A key: the one last decided (forward), the one held (backward), or the one sought; room for a zero byte after it. */
  private mark: Bytes = NO_BYTES;
  private markLength = 0;
  /** Forward: whether further entries of the marked key are to be passed over. */
  private isDecided = false;
  /** Source and sequence number of the entry that decided it. */
  private decidedRank = 0;
  private decidedSeq = 0;

  /**
   * @param merge       over all sources, newest first
   * @param maxSeqs     per source: entries with a greater sequence number are not seen
   * @param tombstones  per source: its range tombstones; undefined when none has any
   * @param low         the bounds are copied
   */
  constructor(
    private readonly merge: MergeCursor,
    maxSeqs: readonly number[],
    tombstones: readonly (readonly TombstoneRecord[])[] | undefined,
    low: Bytes | undefined,
    high: Bytes | undefined,
  ) {
    this.source = merge.sole ?? merge;
    this.isMerged = merge.sole === undefined;
    this.oldestRank = merge.sourceCount - 1;
    this.maxSeqs = new Float64Array(maxSeqs);
    this.low = low === undefined || low.length === 0 ? undefined : copyOf(low);
    this.high = high === undefined ? undefined : copyOf(high);
    this.tombstones =
      tombstones === undefined ? undefined : TombstoneView.build(tombstones, maxSeqs, this.low, this.high);
    this.tombstonePlace = this.tombstones === undefined ? undefined : new TombstonePlace(this.tombstones);
    this.entry = this.source;
  }

  /** To the next greater key that is seen; from the start, or before the first key: to the first. @returns isValid */
  next(): boolean {
    const { source } = this;
    this.isValid = false;
    switch (this.place) {
      case AT_ENTRY:
        this.decide();
        source.next();
        break;
      case HELD:
        this.isDecided = false;
        source.seekAtLeast(this.mark, 0, this.markLength + 1);
        break;
      case GAP:
        this.toAtLeastMark();
        break;
      case AFTER_LAST:
        return false;
      default:
        this.isDecided = false;
        if (this.low === undefined) source.first();
        else source.seekAtLeast(this.low, 0, this.low.length);
    }
    return this.settleForward();
  }

  /** Like so many calls of `next`. @returns how many found an entry */
  advance(most: number): number {
    const { source, high, tombstones } = this;
    let moved = 0;
    while (moved < most) {
      if (this.place === AT_ENTRY && tombstones === undefined) moved += source.skipPlain(high, most - moved);
      if (moved === most || !this.next()) break;
      moved++;
    }
    return moved;
  }

  /**
   * From an entry on which a span ends, forward over those that can be read at once, which are appended to it.
   * @param most  how many
   */
  take(most: number, span: EntrySpan): void {
    if (this.place !== AT_ENTRY || this.tombstones !== undefined) return;
    this.source.take(this.high, this.maxSeqs[this.isMerged ? this.merge.rank : 0]!, most, span);
  }

  /** From an entry with which a span ends, backward over others, whose keys are appended to it. @param most  how many */
  takeKeysBack(most: number, span: EntrySpan): void {
    if (this.place !== HELD || this.tombstones !== undefined || !this.source.isValid) return;
    const maxSeq = this.maxSeqs[this.isMerged ? this.merge.rank : 0]!;
    if (this.source.takeKeysBack(this.low, maxSeq, most, span) > 0) this.settleBackward();
  }

  /** To the next smaller key that is seen; from the start, or after the last key: to the last. @returns isValid */
  previous(): boolean {
    const { source } = this;
    this.isValid = false;
    switch (this.place) {
      case HELD:
        break;
      case AT_ENTRY:
        this.setMark(source.keyBytes, source.keyOffset, source.keyLength);
        source.seekBefore(this.mark, 0, this.markLength);
        break;
      case GAP:
        this.toBeforeMark(0);
        break;
      case BEFORE_FIRST:
        return false;
      default:
        if (this.high === undefined) source.last();
        else source.seekBefore(this.high, 0, this.high.length);
    }
    return this.settleBackward();
  }

  /**
   * EQ: to the key itself; LE: or else to the greatest below it; GE: or else to the smallest above it. After an EQ that
   * found nothing, `next` and `previous` go to the neighbours of the key.
   * @param key  1 byte or more; copied
   * @returns isValid
   */
  seek(key: Bytes, mode: SeekMode): boolean {
    this.isValid = false;
    this.setMark(key, 0, key.length);
    if (mode === 'GE') {
      this.toAtLeastMark();
      return this.settleForward();
    }
    if (mode === 'LE') {
      this.toBeforeMark(1);
      return this.settleBackward();
    }
    return this.seekExactly();
  }

  /** Makes the value registers of the entry good again. */
  refresh(): void {
    if (this.place === AT_ENTRY) this.source.refresh();
    else if (this.place === HELD) this.held!.offerView();
  }

  close(): void {
    this.isValid = false;
    this.place = AFTER_LAST;
    this.merge.close();
  }

  private seekExactly(): boolean {
    const { source, mark, markLength } = this;
    this.place = GAP;
    if (this.isMarkBelow(this.low) || !this.isMarkBelow(this.high, true)) return false;
    source.seekAtLeast(mark, 0, markLength);
    while (source.isValid && this.isAtMark()) {
      const rank = this.isMerged ? this.merge.rank : 0;
      if (source.seq <= this.maxSeqs[rank]!) {
        if (source.kind === KIND_DELETE || this.hidingFragment(rank, source.seq) >= 0) return false;
        return this.stand();
      }
      source.next();
    }
    return false;
  }

  /** From where the merge stands, forward to an entry that is seen. */
  private settleForward(): boolean {
    const { source, merge, high, maxSeqs, isMerged, tombstones } = this;
    let walked = 0;
    while (source.isValid) {
      if (
        high !== undefined &&
        compareRanges(source.keyBytes, source.keyOffset, source.keyLength, high, 0, high.length) >= 0
      ) {
        break;
      }
      const rank = isMerged ? merge.rank : 0;
      if (source.seq <= maxSeqs[rank]! && !this.isAlreadyDecided(rank)) {
        const fragment = tombstones === undefined ? -1 : this.hidingFragment(rank, source.seq);
        if (fragment < 0) {
          if (source.kind !== KIND_DELETE) return this.stand();
          this.decide();
        } else {
          this.decide();
          const covering = tombstones!.rank(fragment);
          if (++walked >= WALK_LIMIT && isMerged && rank > covering) {
            walked = 0;
            merge.skipForward(covering + 1, tombstones!.high(fragment));
            continue;
          }
        }
      }
      source.next();
    }
    this.place = AFTER_LAST;
    return false;
  }

  /** From where the merge stands, at the oldest version of a key, backward to an entry that is seen. */
  private settleBackward(): boolean {
    const { source, merge, low, isMerged, tombstones } = this;
    let walked = 0;
    while (source.isValid) {
      if (
        low !== undefined &&
        compareRanges(source.keyBytes, source.keyOffset, source.keyLength, low, 0, low.length) < 0
      ) {
        break;
      }
      const fragment = this.gather();
      if (fragment === SEEN) {
        this.place = HELD;
        this.entry = this.held!;
        this.isValid = true;
        return true;
      }
      if (fragment >= 0 && ++walked >= WALK_LIMIT && isMerged && source.isValid) {
        walked = 0;
        merge.skipBackward(tombstones!.rank(fragment) + 1, tombstones!.low(fragment));
      }
    }
    this.place = BEFORE_FIRST;
    return false;
  }

  /**
   * Moves the merge before all versions of the key it stands at, keeping the newest that is not too new.
   * @returns SEEN, UNSEEN, or the fragment that hides it
   */
  private gather(): number {
    const { source, merge, maxSeqs, isMerged, tombstones } = this;
    const held = (this.held ??= new HeldEntry());
    this.setMark(source.keyBytes, source.keyOffset, source.keyLength);
    held.keyBytes = this.mark;
    held.keyLength = this.markLength;
    let result = UNSEEN;
    let rank: number;
    do {
      rank = isMerged ? merge.rank : 0;
      const { seq, kind } = source;
      if (seq <= maxSeqs[rank]!) {
        const fragment = tombstones === undefined ? -1 : this.hidingFragment(rank, seq);
        if (fragment >= 0) result = fragment;
        else if (kind === KIND_DELETE) result = UNSEEN;
        else {
          result = SEEN;
          // The merge came here in the move before this one: the block may have left the cache since.
          source.refresh();
          held.take(source);
        }
      }
      source.previous();
    } while (source.isValid && !this.isOtherKey(rank) && this.isAtMark());
    return result;
  }

  /** Backward: whether the entry is known to be of another key than the one after it, without a comparison. */
  private isOtherKey(rankAfter: number): boolean {
    return this.source.seq === 0 && rankAfter === (this.isMerged ? this.merge.rank : 0);
  }

  /** Forward: whether the entry is an older version of a key that was decided. */
  private isAlreadyDecided(rank: number): boolean {
    if (!this.isDecided) return false;
    if (this.decidedSeq === 0 && this.decidedRank === rank) {
      if (checked) invariant(!this.isAtMark(), 'a source has an entry after one with sequence number 0');
      return false;
    }
    return this.isAtMark();
  }

  /** Marks the key of the entry: what follows of it is older. */
  private decide(): void {
    const { source } = this;
    const rank = this.isMerged ? this.merge.rank : 0;
    if (source.seq === 0 && rank === this.oldestRank && !checked) {
      this.isDecided = false;
      return;
    }
    this.isDecided = true;
    this.decidedRank = rank;
    this.decidedSeq = source.seq;
    this.setMark(source.keyBytes, source.keyOffset, source.keyLength);
  }

  private stand(): true {
    this.place = AT_ENTRY;
    this.entry = this.source;
    this.isValid = true;
    return true;
  }

  /** The fragment that hides an entry of the key at the merge, or -1. */
  private hidingFragment(rank: number, seq: number): number {
    const place = this.tombstonePlace;
    if (place === undefined) return -1;
    const { source } = this;
    const fragment = place.fragmentAt(source.keyBytes, source.keyOffset, source.keyLength);
    return fragment >= 0 && this.tombstones!.hides(fragment, rank, seq) ? fragment : -1;
  }

  /** To the first entry at or above the marked key, inside the range. */
  private toAtLeastMark(): void {
    const { low } = this;
    this.isDecided = false;
    if (low !== undefined && this.isMarkBelow(low)) this.source.seekAtLeast(low, 0, low.length);
    else this.source.seekAtLeast(this.mark, 0, this.markLength);
  }

  /** To the last entry below the marked key (`extra` 0), or at or below it (1), inside the range. */
  private toBeforeMark(extra: number): void {
    const { high } = this;
    if (high !== undefined && !this.isMarkBelow(high)) this.source.seekBefore(high, 0, high.length);
    else this.source.seekBefore(this.mark, 0, this.markLength + extra);
  }

  /** Whether the marked key lies below a bound; `open` is the answer when there is no bound. */
  private isMarkBelow(bound: Bytes | undefined, open = false): boolean {
    if (bound === undefined) return open;
    return compareRanges(this.mark, 0, this.markLength, bound, 0, bound.length) < 0;
  }

  private isAtMark(): boolean {
    const { source, mark, markLength } = this;
    if (source.keyLength !== markLength) return false;
    const { keyBytes, keyOffset } = source;
    // Keys in order share their beginnings: the end tells sooner.
    for (let i = markLength - 1; i >= 0; i--) if (keyBytes[keyOffset + i] !== mark[i]) return false;
    return true;
  }

  private setMark(from: Bytes, offset: number, length: number): void {
    if (this.mark.length <= length) this.mark = new Uint8Array(Math.max(32, length * 2 + 1));
    const { mark } = this;
    if (length <= 48) for (let i = 0; i < length; i++) mark[i] = from[offset + i]!;
    else mark.set(from.subarray(offset, offset + length));
    mark[length] = 0;
    this.markLength = length;
  }
}

const SEEN = -1;
const UNSEEN = -2;

/** A copy of an entry that the merge has left. */
class HeldEntry implements EntryView {
  keyBytes: Bytes = NO_BYTES;
  keyOffset = 0;
  keyLength = 0;
  kind = 0;
  seq = 0;
  valueBytes: Bytes = NO_BYTES;
  valueOffset = 0;
  storedLength = 0;
  rawLength = 0;
  private view = new DataView(NO_BYTES.buffer);

  /** The source was looked at since: whoever unpacks the value reads from here again. */
  offerView(): void {
    if (this.kind === KIND_LZ4) readThrough(this.valueBytes, this.view);
  }

  take(source: SourceCursor): void {
    const { valueBytes, valueOffset, storedLength } = source;
    this.kind = source.kind;
    this.seq = source.seq;
    this.rawLength = source.rawLength;
    this.storedLength = storedLength;
    if (this.valueBytes.length < storedLength) {
      this.valueBytes = new Uint8Array(Math.max(128, storedLength * 2));
      this.view = new DataView(this.valueBytes.buffer);
    }
    const into = this.valueBytes;
    if (storedLength <= SHORT_COPY)
      for (let i = 0; i < storedLength; i++) into[i] = valueBytes[valueOffset + i]!;
    else into.set(valueBytes.subarray(valueOffset, valueOffset + storedLength));
  }
}
