/**
 * The block index of a table: which block may hold a key.
 *
 *   blockCount varint | prefixLength varint | prefix: what all separators begin with
 *   for each block: length varint (on disk) | entryCount varint | but for the last block: separatorLength varint (after
 *   the prefix) | separator
 * The separator after a block is a key, as short as possible, that is >= all keys of the block, and < all keys of the
 * next unless a key's versions lie in both. The last block needs none.
 *
 * In memory: the separators in one array, and of each the four bytes after the prefix as a number that sorts the same.
 */
import { compareRanges, sharedPrefixLength, type Bytes } from '../base/bytes.js';
import { VarintReader, varintLength, writeVarint } from '../base/varint.js';

/** Collects the index of a table being built. */
export class TableIndexBuilder {
  blockCount = 0;
  private lengths: number[] = [];
  private counts: number[] = [];
  private separators: Bytes = new Uint8Array(4096);
  private separatorsEnd = 0;
  /** Where each separator ends. */
  private ends: number[] = [];

  reset(): void {
    this.blockCount = 0;
    this.lengths = [];
    this.counts = [];
    this.separatorsEnd = 0;
    this.ends = [];
  }

  addBlock(length: number, entryCount: number): void {
    this.lengths.push(length);
    this.counts.push(entryCount);
    this.blockCount++;
  }

  /** Between the block last added, whose last key is given, and the next, whose first key is. */
  addSeparator(last: Bytes, lastLength: number, next: Bytes, nextOffset: number, nextLength: number): void {
    const room = Math.max(lastLength, nextLength);
    if (this.separatorsEnd + room > this.separators.length) {
      const grown = new Uint8Array(Math.max(this.separatorsEnd + room, this.separators.length * 2));
      grown.set(this.separators.subarray(0, this.separatorsEnd));
      this.separators = grown;
    }
    const at = this.separatorsEnd;
    const length = writeSeparator(last, lastLength, next, nextOffset, nextLength, this.separators, at);
    this.separatorsEnd = at + length;
    this.ends.push(this.separatorsEnd);
  }

  /** Bytes that `write` takes, or a few more. */
  get estimatedBytes(): number {
    return 16 + this.blockCount * 8 + this.separatorsEnd;
  }

  /** @returns bytes written */
  write(into: Bytes, at: number): number {
    const { separators, ends } = this;
    const start = at;
    const separatorCount = this.blockCount - 1;
    let prefixLength = 0;
    if (separatorCount > 0) {
      const lastFrom = separatorCount > 1 ? ends[separatorCount - 2]! : 0;
      const lastLength = ends[separatorCount - 1]! - lastFrom;
      prefixLength = sharedPrefixLength(separators, 0, ends[0]!, separators, lastFrom, lastLength);
    }
    at = writeVarint(into, at, this.blockCount);
    at = writeVarint(into, at, prefixLength);
    into.set(separators.subarray(0, prefixLength), at);
    at += prefixLength;
    let from = 0;
    for (let block = 0; block < this.blockCount; block++) {
      at = writeVarint(into, at, this.lengths[block]!);
      at = writeVarint(into, at, this.counts[block]!);
      if (block >= separatorCount) continue;
      const end = ends[block]!;
      from += prefixLength;
      at = writeVarint(into, at, end - from);
      into.set(separators.subarray(from, end), at);
      at += end - from;
      from = end;
    }
    return at - start;
  }

  /** Bytes that `write` needs, exactly enough or more. */
  get roomNeeded(): number {
    let room = 24 + this.separatorsEnd * 2;
    for (let block = 0; block < this.blockCount; block++) {
      room += varintLength(this.lengths[block]!) + varintLength(this.counts[block]!) + 4;
    }
    return room;
  }
}

/**
 * Writes the shortest key s with last <= s < next that is easy to find; where last == next, that key.
 * @returns its length: at most that of the longer of the two
 */
export function writeSeparator(
  last: Bytes,
  lastLength: number,
  next: Bytes,
  nextOffset: number,
  nextLength: number,
  into: Bytes,
  at: number,
): number {
  const shared = sharedPrefixLength(last, 0, lastLength, next, nextOffset, nextLength);
  into.set(last.subarray(0, lastLength), at);
  if (shared >= lastLength || shared >= nextLength) return lastLength;
  const low = last[shared]!;
  const high = next[nextOffset + shared]!;
  if (low + 1 < high || shared + 1 < nextLength) {
    into[at + shared] = low + 1;
    return shared + 1;
  }
  for (let i = shared + 1; i < lastLength; i++) {
    if (last[i] === 0xff) continue;
    into[at + i] = last[i]! + 1;
    return i + 1;
  }
  return lastLength;
}

/** An index in memory. */
export class TableIndex {
  /** Offset of block n in the table; one more tells where the blocks end. */
  readonly offsets: Int32Array;
  /** Entries in the blocks before block n; one more tells how many there are. */
  readonly entriesBefore: Int32Array;
  /** After `locate`: so many bytes at least all keys of the block share with the key that was sought. */
  known = 0;
  /** Bytes after the prefix that the key last compared shares with the separator. */
  private shared = 0;

  constructor(
    readonly blockCount: number,
    offsets: Int32Array,
    entriesBefore: Int32Array,
    private readonly prefix: Bytes,
    private readonly separators: Bytes,
    private readonly ends: Int32Array,
    private readonly heads: Int32Array,
  ) {
    this.offsets = offsets;
    this.entriesBefore = entriesBefore;
  }

  get memoryBytes(): number {
    return 200 + this.blockCount * 16 + this.separators.length + this.prefix.length;
  }

  /** Bytes of a block on disk. */
  blockLength(block: number): number {
    return this.offsets[block + 1]! - this.offsets[block]!;
  }

  /** The first block that may hold a key >= the given one: there, or at the start of the next, is the first such key. */
  locate(key: Bytes, offset: number, length: number): number {
    const { prefix, heads } = this;
    const separatorCount = heads.length;
    let high = separatorCount;
    this.known = 0;
    if (high === 0) return 0;
    const prefixLength = prefix.length;
    const within = prefixLength < length ? prefixLength : length;
    let n = 0;
    while (n < within && prefix[n] === key[offset + n]) n++;
    if (n < prefixLength) return n < length && key[offset + n]! > prefix[n]! ? high : 0;
    const at = offset + prefixLength;
    const restLength = length - prefixLength;
    const head = headOf(key, at, restLength);
    let low = 0;
    // What the key shares with the separators around the place still sought, all between them share.
    let sharedLow = 0;
    let sharedHigh = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const h = heads[middle]!;
      if (h !== head) {
        if (h < head) {
          low = middle + 1;
          sharedLow = 0;
        } else {
          high = middle;
          sharedHigh = 0;
        }
      } else if (this.isBelow(middle, key, at, restLength, sharedLow < sharedHigh ? sharedLow : sharedHigh)) {
        low = middle + 1;
        sharedLow = this.shared;
      } else {
        high = middle;
        sharedHigh = this.shared;
      }
    }
    if (low > 0 && low < separatorCount) {
      // heads that differ tell how much is shared: less than their four bytes
      const before = heads[low - 1]!;
      const after = heads[low]!;
      if (before !== head) sharedLow = Math.clz32(before ^ head) >>> 3;
      if (after !== head) sharedHigh = Math.clz32(after ^ head) >>> 3;
      const shared = sharedLow < sharedHigh ? sharedLow : sharedHigh;
      // a head that is filled up with zeros may share more than there is of the key
      this.known = shared < restLength ? prefixLength + shared : length;
    }
    return low;
  }

  /** Whether a separator is < the key, with which it shares `known` bytes at least; `shared` tells how many. */
  private isBelow(separator: number, key: Bytes, at: number, length: number, known: number): boolean {
    const { separators } = this;
    const from = separator === 0 ? 0 : this.ends[separator - 1]!;
    const size = this.ends[separator]! - from;
    const n = size < length ? size : length;
    let i = known;
    while (i < n && separators[from + i] === key[at + i]) i++;
    this.shared = i;
    return i < n ? separators[from + i]! < key[at + i]! : size < length;
  }

  /** Whether the separator after a block is below a key. */
  isSeparatorBelow(block: number, key: Bytes): boolean {
    const { prefix, separators, ends } = this;
    const order = compareRanges(prefix, 0, prefix.length, key, 0, Math.min(prefix.length, key.length));
    if (order !== 0) return order < 0;
    const from = block === 0 ? 0 : ends[block - 1]!;
    const length = ends[block]! - from;
    return compareRanges(separators, from, length, key, prefix.length, key.length - prefix.length) < 0;
  }

  /** How long the separator after a block is. */
  separatorLength(block: number): number {
    return this.prefix.length + this.ends[block]! - (block === 0 ? 0 : this.ends[block - 1]!);
  }

  /** Copies the separator after a block to where there is room for it. */
  copySeparator(block: number, into: Bytes): void {
    const { prefix, separators, ends } = this;
    let to = 0;
    for (; to < prefix.length; to++) into[to] = prefix[to]!;
    for (let from = block === 0 ? 0 : ends[block - 1]!; from < ends[block]!; from++)
      into[to++] = separators[from]!;
  }

  /** The separator after a block. */
  separator(block: number): Bytes {
    const key = new Uint8Array(this.separatorLength(block));
    this.copySeparator(block, key);
    return key;
  }
}

/** Four bytes, zeros behind the end, as a signed number that sorts like the bytes. */
function headOf(bytes: Bytes, at: number, length: number): number {
  const b0 = length > 0 ? bytes[at]! : 0;
  const b1 = length > 1 ? bytes[at + 1]! : 0;
  const b2 = length > 2 ? bytes[at + 2]! : 0;
  const b3 = length > 3 ? bytes[at + 3]! : 0;
  return ((b0 << 24) | (b1 << 16) | (b2 << 8) | b3) ^ 0x8000_0000;
}

/**
 * Reads an index.
 * @param dataEnd  where the blocks must end
 * @returns undefined when the bytes are malformed, or do not agree with the given numbers
 */
export function readTableIndex(
  bytes: Bytes,
  dataEnd: number,
  blockCount: number,
  entryCount: number,
): TableIndex | undefined {
  const varints = new VarintReader();
  const limit = bytes.length;
  if (varints.read(bytes, 0, limit) !== blockCount || varints.end < 0 || blockCount * 2 > limit)
    return undefined;
  const prefixLength = varints.read(bytes, varints.end, limit);
  if (varints.end < 0 || prefixLength > limit - varints.end) return undefined;
  let at = varints.end + prefixLength;
  const prefix = bytes.slice(at - prefixLength, at);
  const offsets = new Int32Array(blockCount + 1);
  const entriesBefore = new Int32Array(blockCount + 1);
  const separatorCount = Math.max(0, blockCount - 1);
  const ends = new Int32Array(separatorCount);
  const heads = new Int32Array(separatorCount);
  const separators = new Uint8Array(limit);
  let separatorsEnd = 0;
  for (let block = 0; block < blockCount; block++) {
    // Numbers of one byte, and a length of two, are read here: a table is opened by code that has never run before.
    let length = bytes[at]!;
    const more = bytes[at + 1]!;
    if (length >= 0x80 && more < 0x80) {
      length = (length & 0x7f) | (more << 7);
      at += 2;
    } else {
      length = varints.read(bytes, at, limit);
      if ((at = varints.end) < 0) return undefined;
    }
    let count = bytes[at]!;
    if (count < 0x80) at++;
    else {
      count = varints.read(bytes, at, limit);
      if ((at = varints.end) < 0) return undefined;
    }
    if (length > dataEnd - offsets[block]! || count > entryCount - entriesBefore[block]!) return undefined;
    offsets[block + 1] = offsets[block]! + length;
    entriesBefore[block + 1] = entriesBefore[block]! + count;
    if (block >= separatorCount) continue;
    let separatorLength = bytes[at]!;
    if (separatorLength < 0x80) at++;
    else {
      separatorLength = varints.read(bytes, at, limit);
      if ((at = varints.end) < 0) return undefined;
    }
    if (separatorLength > limit - at) return undefined;
    for (let i = 0; i < separatorLength; i++) separators[separatorsEnd + i] = bytes[at + i]!;
    heads[block] = headOf(bytes, at, separatorLength);
    separatorsEnd += separatorLength;
    ends[block] = separatorsEnd;
    at += separatorLength;
  }
  if (at !== limit || offsets[blockCount] !== dataEnd || entriesBefore[blockCount] !== entryCount)
    return undefined;
  const kept = separators.slice(0, separatorsEnd);
  return new TableIndex(blockCount, offsets, entriesBefore, prefix, kept, ends, heads);
}
