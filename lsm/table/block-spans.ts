/** A cursor over a block that reads many of its entries at once. */
import { compareRanges, type Bytes } from '../base/bytes.js';
import { SPAN_ENTRIES, type EntrySpan } from '../base/entry-span.js';
import { VarintReader } from '../base/varint.js';
import { KIND_LZ4, KIND_RAW } from '../key/entry-kind.js';
import { BlockCursor } from './block-cursor.js';
import { GROUP_ENTRIES } from './format.js';

const varints = new VarintReader();
/** Where the keys of the group at hand were put in a span, and where they end. */
const groupKeys = new Int32Array(GROUP_ENTRIES);
const groupEnds = new Int32Array(GROUP_ENTRIES);

export abstract class BlockSpans extends BlockCursor {
  /** From a valid entry forward, as `take` says. */
  protected takeInBlock(bound: Bytes | undefined, maxSeq: number, most: number, span: EntrySpan): void {
    const { block, keysEnd, prefixAt, prefixLength, hasSeqs } = this;
    let index = this.entryIndex;
    const end = Math.min(this.entryCount, index + 1 + most);
    let sharedLimit = this.keyLength - prefixLength;
    while (index + 1 < end) {
      if ((++index & (GROUP_ENTRIES - 1)) === 0) sharedLimit = 0;
      let at = this.nextAt;
      const shared = block[at]!;
      const suffixLength = block[at + 1]!;
      let meta = block[at + 2]!;
      at += 3;
      if (meta > 127) meta = (meta & 127) | (block[at++]! << 7);
      // What is longer, packed or a deletion, or another version, is left to `next`.
      if (shared > 127 || suffixLength > 127 || meta > 0x3fff || (meta & 3) !== KIND_RAW) return;
      let seq = 0;
      if (hasSeqs) {
        const isFirstOfGroup = (index & (GROUP_ENTRIES - 1)) === 0;
        if (suffixLength === 0 || isFirstOfGroup) return;
        seq = varints.read(block, at, keysEnd);
        at = varints.end;
        if (at < 0 || seq > maxSeq) return;
      }
      const valueAt = this.valueAt + this.storedLength;
      const keyLength = prefixLength + shared + suffixLength;
      const isSound =
        at + suffixLength <= keysEnd && valueAt + (meta >>> 2) <= prefixAt && shared <= sharedLimit;
      if (!isSound || keyLength > this.keyBytes.length) return;
      const into = this.keyBytes;
      for (let i = 0, k = prefixLength + shared; i < suffixLength; i++) into[k + i] = block[at + i]!;
      if (bound !== undefined && compareRanges(into, 0, keyLength, bound, 0, bound.length) >= 0)
        return this.goTo(index - 1, 0);
      this.entryIndex = index;
      this.keyLength = keyLength;
      this.kind = KIND_RAW;
      if (this.fixedSeq === 0) this.seq = seq;
      this.storedLength = this.rawLength = meta >>> 2;
      this.valueAt = this.valueOffset = valueAt;
      this.shared = shared;
      this.suffixAt = at;
      this.suffixLength = suffixLength;
      this.nextAt = at + suffixLength;
      sharedLimit = shared + suffixLength;
      span.append(valueAt, into, 0, keyLength);
    }
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
