/** A cursor over a block that reads many of its entries at once. */
import { compareRanges, type Bytes } from '../base/bytes.js';
import { VarintReader } from '../base/varint.js';
import { KIND_RAW } from '../key/entry-kind.js';
import type { EntrySpan } from '../base/entry-span.js';
import { BlockCursor } from './block-cursor.js';
import { GROUP_ENTRIES } from './format.js';

const varints = new VarintReader();

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
      span.append(valueAt, prefixLength + shared, at, keyLength);
    }
  }
}
