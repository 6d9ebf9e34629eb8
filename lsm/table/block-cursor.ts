/**
 * A cursor over the entries of one plain block; the layout is told in format.ts.
 *
 * A search looks at the heads of the groups, then goes through one group without rebuilding keys: knowing how many bytes
 * the target shares with the key before, the shared length of an entry alone tells most often on which side it lies.
 *
 * The key at the cursor is rebuilt in a buffer of the cursor's own; the value lies in the block. Every length read from
 * the block is checked before it is used: a block that is not what our builder writes throws `Corrupt`.
 */
import { compareRanges, NO_BYTES, readU16, readU32, type Bytes } from '../base/bytes.js';
import { VarintReader } from '../base/varint.js';
import { corrupt, type LsmError } from '../errors.js';
import { KIND_BLOB, KIND_DELETE, KIND_LZ4 } from '../key/entry-kind.js';
import { MAX_KEY_BYTES } from '../options.js';
import { SourceCursor } from '../read/source-cursor.js';
import {
  directoryHead,
  doPartsAddUp,
  FIRST_NOTE,
  HAS_DIRECTORY,
  HAS_SEQS,
  isNotedPrefix,
  NOTE_FLAG_BITS,
} from './block-notes.js';
import { BLOCK_HEADER_BYTES, DIRECTORY_ENTRY_BYTES, FLAG_SEQS, GROUP_ENTRIES } from './format.js';

const varints = new VarintReader();
const NO_NOTES = new Int32Array(0);
/** Up to this many bytes a loop is faster than a call of the runtime. */
const SHORT_COPY = 64;

export class BlockCursor extends SourceCursor {
  entryCount = 0;
  /** Index in the block of the entry at the cursor; meaningful while `isValid`. */
  entryIndex = 0;
  /** Whether the last `search` found the key itself. */
  isExact = false;
  /** Not 0: the sequence number of every entry, whatever the block says. */
  protected fixedSeq = 0;
  /** The block, and where its parts lie in the array. */
  protected block: Bytes = NO_BYTES;
  protected blockBase = 0;
  protected prefixAt = 0;
  protected prefixLength = 0;
  private directoryAt = 0;
  /** Where the directory is noted, see block-notes.ts; -1: only the block has it. */
  private directoryNote = -1;
  private notes: Int32Array = NO_NOTES;
  private keysAt = 0;
  protected keysEnd = 0;
  private groupCount = 0;
  protected hasSeqs = false;
  private hasPrefix = false;
  /** The entry at the cursor: bytes shared with the key before (after the prefix), its suffix, where the next one lies. */
  protected shared = 0;
  protected suffixAt = 0;
  protected suffixLength = 0;
  protected nextAt = 0;
  protected valueAt = 0;
  /** Key bytes shared in the last comparison with a group. */
  private sharedBytes = 0;
  /** The group whose entries `marks` tells of, or -1: for each, where it begins, its value, its suffix, shared bytes. */
  private markedGroup = -1;
  private marks: number[] | undefined = undefined;
  private file = '';
  private position = 0;

  /**
   * Sets the cursor on a block; unpositioned.
   * @param file, position  where the block lies on disk, for errors
   * @throws LsmError Corrupt when the parts of the block do not add up
   */
  openBlock(bytes: Bytes, base: number, length: number, file: string, position: number): void {
    this.isValid = false;
    this.file = file;
    this.position = position;
    if (length < BLOCK_HEADER_BYTES || base + length > bytes.length) throw this.damaged('it is too short');
    const entryCount = readU16(bytes, base + 12);
    const prefixLength = readU16(bytes, base + 14);
    const valuesLength = readU32(bytes, base + 16);
    if (!doPartsAddUp(entryCount, prefixLength, valuesLength, readU32(bytes, base + 20), length)) {
      throw this.damaged('the lengths of its parts do not add up');
    }
    const hasSeqs = (bytes[base + 11]! & FLAG_SEQS) !== 0;
    this.setParts(bytes, base, length, entryCount, prefixLength, valuesLength, hasSeqs);
  }

  /**
   * The same for a block that `noteBlock` has noted: its bytes are not looked at.
   * @throws LsmError Corrupt as `openBlock` does
   */
  protected openNoted(
    bytes: Bytes,
    base: number,
    length: number,
    notes: Int32Array,
    at: number,
    file: string,
    position: number,
  ): void {
    const counts = notes[at]!;
    if (counts === 0) return this.openBlock(bytes, base, length, file, position);
    const values = notes[at + 1]!;
    this.isValid = false;
    this.file = file;
    this.position = position;
    const hasSeqs = (values & HAS_SEQS) !== 0;
    this.setParts(bytes, base, length, counts & 0xffff, counts >>> 16, values >>> NOTE_FLAG_BITS, hasSeqs);
    if ((values & HAS_DIRECTORY) !== 0) {
      this.notes = notes;
      this.directoryNote = at + FIRST_NOTE;
    }
  }

  private setParts(
    bytes: Bytes,
    base: number,
    length: number,
    entryCount: number,
    prefixLength: number,
    valuesLength: number,
    hasSeqs: boolean,
  ): void {
    const groupCount = (entryCount + GROUP_ENTRIES - 1) >>> 4;
    this.block = bytes;
    this.blockBase = base;
    this.entryCount = entryCount;
    this.groupCount = groupCount;
    this.prefixAt = base + BLOCK_HEADER_BYTES + valuesLength;
    this.prefixLength = prefixLength;
    this.directoryAt = this.prefixAt + prefixLength;
    this.keysAt = this.directoryAt + groupCount * DIRECTORY_ENTRY_BYTES;
    this.keysEnd = base + length;
    this.directoryNote = -1;
    this.hasSeqs = hasSeqs;
    this.hasPrefix = false;
    this.markedGroup = -1;
    this.valueBytes = bytes;
  }

  /** The same block has come to lie elsewhere; the cursor keeps its entry. */
  protected rebaseBlock(bytes: Bytes, base: number): void {
    const by = base - this.blockBase;
    this.block = bytes;
    this.blockBase = base;
    this.prefixAt += by;
    this.directoryAt += by;
    this.keysAt += by;
    this.keysEnd += by;
    this.suffixAt += by;
    this.nextAt += by;
    this.valueAt += by;
    this.directoryNote = -1;
    this.markedGroup = -1;
    this.valueBytes = bytes;
    this.valueOffset += by;
  }

  first(): void {
    this.isValid = false;
    this.readEntry(0, this.keysAt, this.blockBase + BLOCK_HEADER_BYTES);
    if (this.shared !== 0) throw this.damaged('the first entry of a group shares bytes');
    this.rebuildAfterSearch(NO_BYTES, 0);
  }

  last(): void {
    this.isValid = false;
    this.goTo(this.entryCount - 1, 0);
  }

  seekAtLeast(key: Bytes, offset: number, length: number): void {
    if (this.search(key, offset, length)) this.rebuildAfterSearch(key, offset + this.prefixLength);
  }

  seekBefore(key: Bytes, offset: number, length: number): void {
    const index = (this.search(key, offset, length) ? this.entryIndex : this.entryCount) - 1;
    this.isValid = false;
    if (index >= 0) this.goTo(index, 0);
  }

  next(): void {
    this.nextInBlock();
  }

  previous(): void {
    this.previousInBlock();
  }

  refresh(): void {
    // The bytes of one block stay where they are.
  }

  close(): void {
    this.isValid = false;
    this.block = NO_BYTES;
    this.valueBytes = NO_BYTES;
  }

  /** @returns isValid: false when the block has no further entry */
  protected nextInBlock(): boolean {
    const index = this.entryIndex + 1;
    if (!this.isValid || index >= this.entryCount) return (this.isValid = false);
    const sharedLimit = (index & (GROUP_ENTRIES - 1)) === 0 ? 0 : this.keyLength - this.prefixLength;
    this.readEntry(index, this.nextAt, this.valueAt + this.storedLength);
    if (this.shared > sharedLimit) throw this.damaged('an entry shares more bytes than the key before has');
    this.setSuffix();
    return true;
  }

  /** Whether no entry has a sequence number of its own: each is the last version of its key. */
  protected get isPlain(): boolean {
    return !this.hasSeqs && this.fixedSeq === 0;
  }

  /** From a valid entry forward to the last one of the block with key < `bound`, `most` entries away at most. @returns how many away it is */
  protected skipInBlock(bound: Bytes | undefined, most: number): number {
    const from = this.entryIndex;
    let to = this.entryCount - 1;
    if (bound !== undefined && this.search(bound, 0, bound.length)) to = this.entryIndex - 1;
    if (to > from + most) to = from + most;
    else if (to < from) to = from;
    this.goTo(to, 0);
    return to - from;
  }

  /** @returns isValid: false when the block has no entry before */
  protected previousInBlock(): boolean {
    const index = this.entryIndex;
    if (!this.isValid || index === 0) return (this.isValid = false);
    const isInGroup = (index & (GROUP_ENTRIES - 1)) !== 0;
    this.goTo(index - 1, isInGroup ? this.shared : 0);
    return true;
  }

  /**
   * Goes to the first entry with key >= the target: fills the registers but for the key's bytes and length.
   * @param known  so many bytes of the target are known to be those of all keys of the block
   * @returns false, and isValid is false, when there is none; sets `isExact`
   */
  search(key: Bytes, offset: number, length: number, known = 0): boolean {
    const { block, prefixLength, prefixAt } = this;
    this.isExact = false;
    const within = prefixLength < length ? prefixLength : length;
    let n = known;
    const notesAt = this.directoryNote - FIRST_NOTE;
    if (notesAt >= 0 && isNotedPrefix(this.notes, notesAt, prefixLength, key, offset, length, n))
      n = prefixLength;
    while (n < within && block[prefixAt + n] === key[offset + n]) n++;
    if (n < prefixLength) {
      if (n < length && key[offset + n]! > block[prefixAt + n]!) return (this.isValid = false);
      this.readEntry(0, this.keysAt, this.blockBase + BLOCK_HEADER_BYTES);
      if (this.shared !== 0) throw this.damaged('the first entry of a group shares bytes');
      return true;
    }
    const target = offset + prefixLength;
    const targetLength = length - prefixLength;
    const group = this.groupCount === 1 ? 0 : this.findGroup(key, target, targetLength);
    return this.searchGroup(group, key, target, targetLength);
  }

  /** The last group whose first key is < the target, or the first group. */
  private findGroup(key: Bytes, target: number, targetLength: number): number {
    const { block, directoryAt, notes, directoryNote } = this;
    const b0 = targetLength > 0 ? key[target]! : 0;
    const b1 = targetLength > 1 ? key[target + 1]! : 0;
    const b2 = targetLength > 2 ? key[target + 2]! : 0;
    const b3 = targetLength > 3 ? key[target + 3]! : 0;
    const head = ((b0 << 24) | (b1 << 16) | (b2 << 8) | b3) ^ 0x8000_0000;
    let low = 0;
    let high = this.groupCount;
    // What the target shares with the groups around the place still sought, all between them share.
    let sharedLow = 0;
    let sharedHigh = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const h =
        directoryNote >= 0
          ? notes[directoryNote + middle * 2]!
          : directoryHead(block, directoryAt + middle * DIRECTORY_ENTRY_BYTES);
      let isBelow = h < head;
      let shared = 0;
      if (h === head) {
        const known = sharedLow < sharedHigh ? sharedLow : sharedHigh;
        isBelow = this.isGroupBelow(middle, key, target, targetLength, known);
        shared = this.sharedBytes;
      }
      if (isBelow) {
        low = middle + 1;
        sharedLow = shared;
      } else {
        high = middle;
        sharedHigh = shared;
      }
    }
    return low === 0 ? 0 : low - 1;
  }

  /**
   * Whether the first key of a group is < the target; for groups whose head ties.
   * @param known  so many bytes are known to be shared; `sharedBytes` tells how many are
   */
  private isGroupBelow(
    group: number,
    key: Bytes,
    target: number,
    targetLength: number,
    known: number,
  ): boolean {
    const { block } = this;
    let at = this.groupStart(group);
    // Most numbers have one byte; that of the kind is the first in any case.
    at = block[at]! < 128 ? at + 1 : this.varint(at);
    let suffixLength = block[at++]!;
    if (!(suffixLength < 128)) {
      suffixLength = this.varint32(at - 1);
      at = varints.end;
    }
    const kind = block[at]! & 3;
    at = block[at]! < 128 ? at + 1 : this.varint(at);
    if (kind === KIND_LZ4) at = block[at]! < 128 ? at + 1 : this.varint(at);
    if (this.hasSeqs) at = block[at]! < 128 ? at + 1 : this.varint(at);
    if (!(at + suffixLength <= this.keysEnd)) throw this.damaged('a key runs past the end');
    const n = suffixLength < targetLength ? suffixLength : targetLength;
    let i = known;
    while (i < n && block[at + i] === key[target + i]) i++;
    this.sharedBytes = i;
    return i < n ? block[at + i]! < key[target + i]! : suffixLength < targetLength;
  }

  protected groupStart(group: number): number {
    if (this.directoryNote >= 0)
      return this.keysAt + (this.notes[this.directoryNote + group * 2 + 1]! & 0xffff);
    const at = this.directoryAt + group * DIRECTORY_ENTRY_BYTES;
    return this.keysAt + readU16(this.block, at + 4);
  }

  private groupValues(group: number): number {
    const valuesAt = this.blockBase + BLOCK_HEADER_BYTES;
    if (this.directoryNote >= 0) return valuesAt + (this.notes[this.directoryNote + group * 2 + 1]! >>> 16);
    const at = this.directoryAt + group * DIRECTORY_ENTRY_BYTES;
    return valuesAt + readU16(this.block, at + 6);
  }

  /** Finds the first entry >= the target in the group, or else the first of the next group. */
  private searchGroup(group: number, key: Bytes, target: number, targetLength: number): boolean {
    const { block, keysEnd, hasSeqs } = this;
    let index = group * GROUP_ENTRIES;
    const groupEnd = index + GROUP_ENTRIES;
    const end = groupEnd < this.entryCount ? groupEnd : this.entryCount;
    let at = this.groupStart(group);
    let valueAt = this.groupValues(group);
    /** Bytes that the target shares with the key before, which is smaller. */
    let matched = 0;
    for (; index < end; index++) {
      const entryAt = at;
      let shared = block[at++]!;
      if (shared > 127) {
        shared = this.varint32(entryAt);
        at = varints.end;
      }
      let suffixLength = block[at++]!;
      if (suffixLength > 127) {
        suffixLength = this.varint32(at - 1);
        at = varints.end;
      }
      let meta = block[at++]!;
      if (meta > 127) {
        meta = (meta & 127) | (block[at++]! << 7);
        if (meta > 0x3fff) {
          meta = this.varint32(at - 2);
          at = varints.end;
        }
      }
      if ((meta & 3) === KIND_LZ4) while (block[at++]! > 127);
      if (hasSeqs) while (block[at++]! > 127);
      if (!(at + suffixLength <= keysEnd)) throw this.damaged('a key runs past the end');
      if (shared === matched) {
        const rest = targetLength - matched;
        const n = suffixLength < rest ? suffixLength : rest;
        let j = 0;
        for (let t = target + matched; j < n && block[at + j] === key[t + j];) j++;
        if (j < suffixLength && (j === rest || block[at + j]! > key[target + matched + j]!)) {
          this.readEntry(index, entryAt, valueAt);
          return true;
        }
        if (j === rest) {
          this.isExact = true;
          this.readEntry(index, entryAt, valueAt);
          return true;
        }
        matched += j;
      } else if (shared < matched) {
        this.readEntry(index, entryAt, valueAt);
        return true;
      }
      at += suffixLength;
      valueAt += meta >>> 2;
    }
    if (index >= this.entryCount) return (this.isValid = false);
    this.readEntry(index, at, valueAt);
    if (this.shared !== 0) throw this.damaged('the first entry of a group shares bytes');
    this.isExact = compareRanges(block, this.suffixAt, this.suffixLength, key, target, targetLength) === 0;
    return true;
  }

  /** Reads the entry at `at` into the registers, but for its key. */
  private readEntry(index: number, at: number, valueAt: number): void {
    const block = this.block;
    let shared = block[at++]!;
    if (shared > 127) {
      shared = this.varint32(at - 1);
      at = varints.end;
    }
    let suffixLength = block[at++]!;
    if (suffixLength > 127) {
      suffixLength = this.varint32(at - 1);
      at = varints.end;
    }
    let meta = block[at++]!;
    if (meta > 127) {
      meta = (meta & 127) | (block[at++]! << 7);
      if (meta > 0x3fff) {
        meta = this.varint32(at - 2);
        at = varints.end;
      }
    }
    const kind = meta & 3;
    const storedLength = meta >>> 2;
    let rawLength = storedLength;
    if (kind === KIND_LZ4) {
      rawLength = block[at++]!;
      if (rawLength > 127) {
        rawLength = this.varint32(at - 1);
        at = varints.end;
      }
    }
    let seq = 0;
    if (this.hasSeqs) {
      seq = block[at++]!;
      if (seq > 127) {
        seq = varints.read(block, at - 1, this.keysEnd);
        at = varints.end;
        if (at < 0) throw this.damaged('a number is malformed');
      }
    }
    if (!(at + suffixLength <= this.keysEnd && valueAt + storedLength <= this.prefixAt)) {
      throw this.damaged('an entry runs past the end');
    }
    this.isValid = true;
    this.entryIndex = index;
    this.kind = kind;
    this.seq = this.fixedSeq !== 0 ? this.fixedSeq : seq;
    this.storedLength = storedLength;
    this.valueAt = valueAt;
    this.valueOffset = valueAt;
    this.shared = shared;
    this.suffixAt = at;
    this.suffixLength = suffixLength;
    this.nextAt = at + suffixLength;
    if (kind === KIND_BLOB) rawLength = this.blobLength(valueAt, storedLength);
    else if (kind === KIND_DELETE && storedLength !== 0) throw this.damaged('a deletion has a value');
    this.rawLength = rawLength;
  }

  /** The second number of a blob's descriptor. */
  private blobLength(at: number, length: number): number {
    const end = at + length;
    varints.read(this.block, at, end);
    if (varints.end < 0) throw this.damaged('a blob descriptor is malformed');
    const rawLength = varints.read(this.block, varints.end, end);
    if (varints.end < 0) throw this.damaged('a blob descriptor is malformed');
    return rawLength;
  }

  /** The offset after a number. */
  private varint(at: number): number {
    varints.read(this.block, at, this.keysEnd);
    if (varints.end < 0) throw this.damaged('a number is malformed');
    return varints.end;
  }

  /** A number below 2^31; `varints.end` is the offset after it. */
  private varint32(at: number): number {
    const value = varints.read(this.block, at, this.keysEnd);
    if (varints.end < 0 || value > 0x7fff_ffff) throw this.damaged('a number is malformed');
    return value;
  }

  /** Rebuilds the key where a search stopped: what the entry shares with the key before, the target shares too. */
  private rebuildAfterSearch(key: Bytes, target: number): void {
    this.loadPrefix();
    const { prefixLength, shared } = this;
    this.reserveKey(prefixLength + shared + this.suffixLength);
    const into = this.keyBytes;
    if (shared > SHORT_COPY) into.set(key.subarray(target, target + shared), prefixLength);
    else for (let i = 0; i < shared; i++) into[prefixLength + i] = key[target + i]!;
    this.setSuffix();
  }

  /** Completes the key from the one before it, which is in the buffer. */
  private setSuffix(): void {
    const at = this.prefixLength + this.shared;
    const suffixLength = this.suffixLength;
    const keyLength = at + suffixLength;
    if (keyLength > this.keyBytes.length) this.reserveKey(keyLength);
    const into = this.keyBytes;
    const { block, suffixAt } = this;
    if (suffixLength > SHORT_COPY) into.set(block.subarray(suffixAt, suffixAt + suffixLength), at);
    else for (let i = 0; i < suffixLength; i++) into[at + i] = block[suffixAt + i]!;
    this.keyLength = keyLength;
  }

  private loadPrefix(): void {
    if (this.hasPrefix) return;
    const { block, prefixAt, prefixLength } = this;
    this.reserveKey(prefixLength);
    const into = this.keyBytes;
    if (prefixLength > SHORT_COPY) into.set(block.subarray(prefixAt, prefixAt + prefixLength));
    else for (let i = 0; i < prefixLength; i++) into[i] = block[prefixAt + i]!;
    this.hasPrefix = true;
  }

  private reserveKey(length: number): void {
    if (length <= this.keyBytes.length) return;
    if (length > MAX_KEY_BYTES) throw this.damaged('a key is too long');
    const grown = new Uint8Array(Math.min(MAX_KEY_BYTES, Math.max(64, length, this.keyBytes.length * 2)));
    grown.set(this.keyBytes);
    this.keyBytes = grown;
  }

  /** Goes to an entry and rebuilds its key, of which the first `known` bytes after the prefix are in the buffer. */
  protected goTo(index: number, known: number): void {
    this.markGroup(index >>> 4);
    this.loadPrefix();
    const marks = this.marks!;
    let entry = (index & (GROUP_ENTRIES - 1)) * 4;
    this.readEntry(index, marks[entry]!, marks[entry + 1]!);
    const { block, prefixLength } = this;
    let end = this.shared + this.suffixLength;
    const keyLength = prefixLength + end;
    this.reserveKey(keyLength);
    const into = this.keyBytes;
    for (; end > known; entry -= 4) {
      const shared = marks[entry + 3]!;
      const from = shared > known ? shared : known;
      if (from < end) {
        const source = marks[entry + 2]! - shared;
        if (end - from > SHORT_COPY)
          into.set(block.subarray(source + from, source + end), prefixLength + from);
        else for (let i = from; i < end; i++) into[prefixLength + i] = block[source + i]!;
        end = from;
      }
    }
    this.keyLength = keyLength;
  }

  /** Finds where each entry of a group lies; checks that none shares more than the one before has. */
  private markGroup(group: number): void {
    if (this.markedGroup === group) return;
    // a typed array of this size would have memory outside the heap, which costs ten times as much to make
    this.marks ??= new Array<number>(GROUP_ENTRIES * 4).fill(0);
    const marks = this.marks;
    const from = group * GROUP_ENTRIES;
    const end = Math.min(from + GROUP_ENTRIES, this.entryCount);
    let at = this.groupStart(group);
    let valueAt = this.groupValues(group);
    let limit = 0;
    for (let index = from, entry = 0; index < end; index++, entry += 4) {
      this.readEntry(index, at, valueAt);
      if (this.shared > limit) throw this.damaged('an entry shares more bytes than the key before has');
      marks[entry] = at;
      marks[entry + 1] = valueAt;
      marks[entry + 2] = this.suffixAt;
      marks[entry + 3] = this.shared;
      limit = this.shared + this.suffixLength;
      at = this.nextAt;
      valueAt += this.storedLength;
    }
    this.markedGroup = group;
  }

  /** The error for a block that is not what its checksum vouches for. */
  protected damaged(what: string): LsmError {
    this.isValid = false;
    return corrupt(`block: ${what}`, this.file, this.position);
  }
}
