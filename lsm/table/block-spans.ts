/** A cursor over a block that reads many of its entries at once. */
import { compareRanges, type Bytes } from '../base/bytes.js';
import { SPAN_ENTRIES, type EntrySpan } from '../base/entry-span.js';
import { VarintReader } from '../base/varint.js';
import { KIND_LZ4, KIND_RAW } from '../key/entry-kind.js';
import { BlockCursor } from './block-cursor.js';
import { GROUP_ENTRIES } from './format.js';

/** Keys of which no more is wanted are not put together. */
const MOST_TAIL_BYTES = 16;
/** For fewer entries each is compared with the bound, for more its place is sought. */
const WORTH_A_SEARCH = 16;

const varints = new VarintReader();
/** Where the keys of the group at hand were put in a span, and where they end. */
const groupKeys = new Int32Array(GROUP_ENTRIES);
const groupEnds = new Int32Array(GROUP_ENTRIES);

export abstract class BlockSpans extends BlockCursor {
  /** From a valid entry forward, as `take` says. */
  protected takeInBlock(bound: Bytes | undefined, maxSeq: number, most: number, span: EntrySpan): void {
    const { count } = span;
    const isWorthIt = bound === undefined || most >= WORTH_A_SEARCH;
    if (isWorthIt && span.tailBytes <= MOST_TAIL_BYTES && !this.takeTails(bound, maxSeq, most, span)) return;
    const left = most - (span.count - count);
    if (left > 0) this.takeKeys(bound, maxSeq, left, span);
  }

  /**
   * The same for the ends of keys, which lie in the block or in the end of the key before: the keys themselves are not put
   * together. Stops where an end is neither, or an entry is of a kind that `takeKeys` knows.
   * @returns false: no other entry of the block lies below the bound
   */
  private takeTails(bound: Bytes | undefined, maxSeq: number, most: number, span: EntrySpan): boolean {
    const { block, keysEnd, prefixAt, prefixLength, hasSeqs } = this;
    const { tailBytes, valueAt: values, keyAt, keyEnds } = span;
    const first = this.entryIndex + 1;
    let end = Math.min(this.entryCount, first + most);
    if (first >= end || span.count === 0) return true;
    let { nextAt, valueAt, storedLength, keyLength } = this;
    let isBounded = false;
    if (bound !== undefined) {
      isBounded = this.search(bound, 0, bound.length) && this.entryIndex <= end;
      if (isBounded) end = Math.max(first, this.entryIndex);
      this.isValid = true;
    }
    const room = span.reserve((end - first) * tailBytes);
    const { keys } = span;
    let n = span.count;
    let to = room;
    let before = keyEnds[n - 1]!;
    let beforeStart = keyAt[n - 1]!;
    let sharedLimit = keyLength - prefixLength;
    let index = first;
    for (; index < end; index++) {
      const isFirstOfGroup = (index & (GROUP_ENTRIES - 1)) === 0;
      if (isFirstOfGroup) sharedLimit = 0;
      let at = nextAt;
      const shared = block[at]!;
      const suffix = block[at + 1]!;
      let meta = block[at + 2]!;
      at += 3;
      if (meta > 127) meta = (meta & 127) | (block[at++]! << 7);
      if (shared > sharedLimit || suffix > 127 || meta > 0x3fff || (meta & 3) !== KIND_RAW) break;
      if (hasSeqs) {
        if (suffix === 0 || isFirstOfGroup) break;
        const seq = varints.read(block, at, keysEnd);
        at = varints.end;
        if (at < 0 || seq > maxSeq) break;
      }
      const value = valueAt + storedLength;
      const within = shared + suffix;
      const length = prefixLength + within;
      if (at + suffix > keysEnd || value + (meta >>> 2) > prefixAt) break;
      const own = suffix < tailBytes ? suffix : tailBytes;
      const tail = length < tailBytes ? length : tailBytes;
      const start = to;
      // The bytes before the own ones are where they are in the key before.
      let from = before - keyLength + prefixLength + shared - (tail - own);
      if (own < tail && from < beforeStart) break;
      for (let i = own; i < tail; i++) keys[to++] = keys[from++]!;
      nextAt = at + suffix;
      for (let i = nextAt - own; i < nextAt; i++) keys[to++] = block[i]!;
      values[n] = value;
      keyAt[n] = start;
      keyEnds[n++] = to;
      before = to;
      beforeStart = start;
      valueAt = value;
      storedLength = meta >>> 2;
      keyLength = length;
      sharedLimit = within;
    }
    span.endAt(n, to);
    if (index > first || bound !== undefined) this.goTo(index - 1, 0);
    return !isBounded || index < end;
  }

  private takeKeys(bound: Bytes | undefined, maxSeq: number, most: number, span: EntrySpan): void {
    const { block, keysEnd, prefixAt, prefixLength, hasSeqs } = this;
    const first = this.entryIndex + 1;
    const end = Math.min(this.entryCount, first + most);
    const into = this.keyBytes;
    // What the registers say of the last entry that was taken is written to them once, when no other is.
    let { nextAt, valueAt, storedLength, keyLength, shared, suffixAt, suffixLength, seq } = this;
    let sharedLimit = keyLength - prefixLength;
    let index = first;
    for (; index < end; index++) {
      const isFirstOfGroup = (index & (GROUP_ENTRIES - 1)) === 0;
      if (isFirstOfGroup) sharedLimit = 0;
      let at = nextAt;
      const sharedNow = block[at]!;
      const suffixNow = block[at + 1]!;
      let meta = block[at + 2]!;
      at += 3;
      if (meta > 127) meta = (meta & 127) | (block[at++]! << 7);
      // What is longer, packed or a deletion, or another version, is left to `next`.
      if (sharedNow > 127 || suffixNow > 127 || meta > 0x3fff || (meta & 3) !== KIND_RAW) break;
      let seqNow = 0;
      if (hasSeqs) {
        if (suffixNow === 0 || isFirstOfGroup) break;
        seqNow = varints.read(block, at, keysEnd);
        at = varints.end;
        if (at < 0 || seqNow > maxSeq) break;
      }
      const valueNow = valueAt + storedLength;
      const within = sharedNow + suffixNow;
      const length = prefixLength + within;
      if (at + suffixNow > keysEnd || valueNow + (meta >>> 2) > prefixAt) break;
      if (sharedNow > sharedLimit || length > into.length) break;
      for (let i = 0, k = prefixLength + sharedNow; i < suffixNow; i++) into[k + i] = block[at + i]!;
      if (bound !== undefined && compareRanges(into, 0, length, bound, 0, bound.length) >= 0)
        return this.goTo(index - 1, 0);
      span.append(valueNow, into, 0, length);
      nextAt = at + suffixNow;
      valueAt = valueNow;
      storedLength = meta >>> 2;
      keyLength = length;
      shared = sharedNow;
      suffixAt = at;
      suffixLength = suffixNow;
      seq = seqNow;
      sharedLimit = within;
    }
    if (index === first) return;
    this.entryIndex = index - 1;
    this.keyLength = keyLength;
    this.kind = KIND_RAW;
    if (this.fixedSeq === 0) this.seq = seq;
    this.storedLength = this.rawLength = storedLength;
    this.valueAt = this.valueOffset = valueAt;
    this.shared = shared;
    this.suffixAt = suffixAt;
    this.suffixLength = suffixLength;
    this.nextAt = nextAt;
  }

  /** From a valid entry backward, that one included, as `takeKeysBack` says. A group is taken whole if there is room. */
  protected takeKeysBackInBlock(bound: Bytes | undefined, most: number, span: EntrySpan): number {
    if (this.hasSeqs) return 0;
    let index = this.entryIndex;
    let taken = 0;
    while (index >= 0 && taken < most) {
      const wanted = Math.min((index & (GROUP_ENTRIES - 1)) + 1, SPAN_ENTRIES - span.count);
      if (wanted === 0) break;
      const found = this.takeGroupBack(index, wanted, bound, span);
      taken += found;
      if (found < wanted) break;
      index -= found;
    }
    if (taken > 1) this.goTo(this.entryIndex - taken + 1, 0);
    return taken;
  }

  /** Appends up to `most` keys of a group from entry `last` downward. @returns how many */
  private takeGroupBack(last: number, most: number, bound: Bytes | undefined, span: EntrySpan): number {
    const { block, keysEnd, prefixAt, prefixLength } = this;
    const first = last & ~(GROUP_ENTRIES - 1);
    let at = this.groupStart(first >>> 4);
    let before = -1;
    let sharedLimit = 0;
    /** Entries of the group up to this one are not taken. */
    let stop = -1;
    for (let n = 0; n <= last - first; n++) {
      const shared = block[at]!;
      const suffixLength = block[at + 1]!;
      let meta = block[at + 2]!;
      at += 3;
      if (meta > 127) meta = (meta & 127) | (block[at++]! << 7);
      if (shared > 127 || suffixLength > 127 || meta > 0x3fff) return 0;
      if ((meta & 3) === KIND_LZ4) return 0;
      if ((meta & 3) !== KIND_RAW) stop = n;
      if (at + suffixLength > keysEnd || shared > sharedLimit) return 0;
      const length = prefixLength + shared + suffixLength;
      const to = span.reserve(length);
      const { keys } = span;
      if (before < 0) for (let i = 0; i < prefixLength; i++) keys[to + i] = block[prefixAt + i]!;
      else for (let i = 0, end = prefixLength + shared; i < end; i++) keys[to + i] = keys[before + i]!;
      for (let i = 0, k = to + prefixLength + shared; i < suffixLength; i++) keys[k + i] = block[at + i]!;
      groupKeys[n] = to;
      groupEnds[n] = to + length;
      if (bound !== undefined && compareRanges(keys, to, length, bound, 0, bound.length) < 0) stop = n;
      at += suffixLength;
      sharedLimit = shared + suffixLength;
      before = to;
    }
    let taken = 0;
    for (let n = last - first; n > stop && taken < most; n--, taken++)
      span.appendReserved(0, groupKeys[n]!, groupEnds[n]!);
    return taken;
  }
}
