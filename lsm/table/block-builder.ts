/**
 * Builds one block after another in a buffer of its own; the layout is told in format.ts. Values go to their place at
 * once; of the keys only the bytes not shared with the key before are kept, and written out when the block is finished,
 * since only then the block's common prefix is known.
 */
import { NO_BYTES, sharedPrefixLength, writeU16, writeU32, type Bytes } from '../base/bytes.js';
import { invariant } from '../base/invariant.js';
import { varintLength, writeVarint } from '../base/varint.js';
import { KIND_LZ4 } from '../key/entry-kind.js';
import { BLOCK_HEADER_BYTES, DIRECTORY_ENTRY_BYTES, GROUP_ENTRIES } from './format.js';

const MAX_PREFIX = 0xffff;
const MAX_ENTRIES = 0xffff;
/** Up to this many bytes a loop is faster than a call of the runtime. */
const SHORT_COPY = 96;

/** Copies between two arrays; the ranges must not overlap. */
export function copyInto(from: Bytes, offset: number, length: number, into: Bytes, at: number): void {
  if (length > SHORT_COPY) into.set(from.subarray(offset, offset + length), at);
  else for (let i = 0; i < length; i++) into[at + i] = from[offset + i]!;
}

export class BlockBuilder {
  /** The block being built; replaced when it must grow. */
  buffer: Bytes;
  /** Where the next value belongs in `buffer`. */
  valueEnd = BLOCK_HEADER_BYTES;
  entryCount = 0;
  /** Bytes of the block if it were finished now; may be a little too many. */
  estimatedBytes = 0;
  /** Whether an entry of the block has a sequence number other than 0. */
  hasSeqs = false;
  /** The last key added is `lastKey[0, lastKeyLength)`; stays after `finish`. */
  lastKey: Bytes = new Uint8Array(64);
  lastKeyLength = 0;

  private prefixLength = 0;
  /** Bytes of the keys region if there were no common prefix, without sequence numbers. */
  private keysBytes = 0;
  private seqsBytes = 0;
  /** Kept parts of keys: the whole key for the first of a group, what follows the shared bytes for others. */
  private parts: Bytes = new Uint8Array(1024);
  private partsEnd = 0;
  private shared = new Int32Array(256);
  private partLength = new Int32Array(256);
  private meta = new Int32Array(256);
  private rawLength = new Int32Array(256);
  private seqs = new Float64Array(256);

  constructor(private readonly blockBytes: number) {
    this.buffer = new Uint8Array(blockBytes * 2 + BLOCK_HEADER_BYTES);
  }

  /** Forgets the last key too: the next one begins a new table. */
  reset(): void {
    this.begin();
    this.lastKeyLength = 0;
  }

  /** Begins the next block. */
  begin(): void {
    this.valueEnd = BLOCK_HEADER_BYTES;
    this.entryCount = 0;
    this.estimatedBytes = 0;
    this.hasSeqs = false;
    this.prefixLength = 0;
    this.keysBytes = 0;
    this.seqsBytes = 0;
    this.partsEnd = 0;
  }

  /** Makes room for a value of `length` bytes at `buffer[valueEnd…]`. */
  reserveValue(length: number): void {
    this.growBuffer(this.valueEnd + length);
  }

  /**
   * Adds an entry whose stored value already lies at `buffer[valueEnd, valueEnd + storedLength)`.
   * @returns false, with nothing changed, when the entry would make the block too long
   */
  add(
    key: Bytes,
    offset: number,
    length: number,
    kind: number,
    seq: number,
    storedLength: number,
    rawLength: number,
  ): boolean {
    const count = this.entryCount;
    const last = this.lastKey;
    const shared = sharedPrefixLength(last, 0, this.lastKeyLength, key, offset, length);
    invariant(
      shared === this.lastKeyLength || (shared < length && last[shared]! < key[offset + shared]!),
      'entries are added in order',
    );
    const isFirstOfGroup = (count & (GROUP_ENTRIES - 1)) === 0;
    const partFrom = isFirstOfGroup ? 0 : shared;
    const partLength = length - partFrom;
    let prefixLength = count === 0 ? length : this.prefixLength;
    if (count > 0 && shared < prefixLength) prefixLength = shared;
    if (prefixLength > MAX_PREFIX) prefixLength = MAX_PREFIX;
    const meta = storedLength * 4 + kind;
    let entryBytes = partLength + smallVarint(partFrom) + smallVarint(partLength) + smallVarint(meta);
    if (kind === KIND_LZ4) entryBytes += smallVarint(rawLength);
    const keysBytes = this.keysBytes + entryBytes;
    const seqsBytes = this.seqsBytes + (seq === 0 ? 1 : varintLength(seq));
    const hasSeqs = this.hasSeqs || seq !== 0;
    const valueEnd = this.valueEnd + storedLength;
    const bytes = this.bytesWith(prefixLength, count + 1, valueEnd, keysBytes, seqsBytes, hasSeqs);
    if (count > 0 && (bytes > this.blockBytes || count === MAX_ENTRIES)) return false;
    if (count === this.shared.length) this.growEntries();
    if (length > last.length) this.growLastKey(length);
    this.keepKey(key, offset, length, shared, partFrom);
    this.shared[count] = partFrom;
    this.partLength[count] = partLength;
    this.meta[count] = meta;
    this.rawLength[count] = rawLength;
    this.seqs[count] = seq;
    this.prefixLength = prefixLength;
    this.keysBytes = keysBytes;
    this.seqsBytes = seqsBytes;
    this.hasSeqs = hasSeqs;
    this.valueEnd = valueEnd;
    this.entryCount = count + 1;
    this.estimatedBytes = bytes;
    return true;
  }

  /** Makes it the last key, which has room for it and shares its first bytes, and keeps what comes from `partFrom` on. */
  private keepKey(key: Bytes, offset: number, length: number, shared: number, partFrom: number): void {
    const { lastKey } = this;
    const partLength = length - partFrom;
    if (this.partsEnd + partLength > this.parts.length) this.growParts(partLength);
    const { parts, partsEnd } = this;
    if (partLength <= SHORT_COPY && partFrom === shared)
      for (let i = 0; i < partLength; i++)
        lastKey[shared + i] = parts[partsEnd + i] = key[offset + shared + i]!;
    else {
      copyInto(key, offset + partFrom, partLength, parts, partsEnd);
      copyInto(key, offset + shared, length - shared, lastKey, shared);
    }
    this.partsEnd = partsEnd + partLength;
    this.lastKeyLength = length;
  }

  private bytesWith(
    prefixLength: number,
    count: number,
    valueEnd: number,
    keysBytes: number,
    seqsBytes: number,
    hasSeqs: boolean,
  ): number {
    const groups = (count + GROUP_ENTRIES - 1) >>> 4;
    return (
      valueEnd +
      prefixLength +
      groups * (DIRECTORY_ENTRY_BYTES - prefixLength) +
      keysBytes +
      (hasSeqs ? seqsBytes : 0)
    );
  }

  /**
   * Writes what comes after the values, and the header but for the piece's.
   * @returns bytes of the block in `buffer`, the room for the piece's header included; valid until `begin`
   */
  finish(): number {
    const { entryCount, prefixLength, parts } = this;
    invariant(entryCount > 0, 'a block has entries');
    const groups = (entryCount + GROUP_ENTRIES - 1) >>> 4;
    const directory = this.valueEnd + prefixLength;
    const keys = directory + groups * DIRECTORY_ENTRY_BYTES;
    this.growBuffer(keys + this.keysBytes + this.seqsBytes);
    const buffer = this.buffer;
    copyInto(parts, 0, prefixLength, buffer, this.valueEnd);
    let at = keys;
    let part = 0;
    let values = 0;
    for (let i = 0; i < entryCount; i++) {
      let partLength = this.partLength[i]!;
      let shared = this.shared[i]! - prefixLength;
      if ((i & (GROUP_ENTRIES - 1)) === 0) {
        shared = 0;
        part += prefixLength;
        partLength -= prefixLength;
        const entry = directory + (i >>> 4) * DIRECTORY_ENTRY_BYTES;
        for (let n = 0; n < 4; n++) buffer[entry + n] = n < partLength ? parts[part + n]! : 0;
        writeU16(buffer, entry + 4, at - keys);
        writeU16(buffer, entry + 6, values);
      }
      const meta = this.meta[i]!;
      at = writeSmallVarint(buffer, at, shared);
      at = writeSmallVarint(buffer, at, partLength);
      at = writeSmallVarint(buffer, at, meta);
      if ((meta & 3) === KIND_LZ4) at = writeSmallVarint(buffer, at, this.rawLength[i]!);
      if (this.hasSeqs) at = writeVarint(buffer, at, this.seqs[i]!);
      copyInto(parts, part, partLength, buffer, at);
      at += partLength;
      part += partLength;
      values += meta >>> 2;
    }
    writeU16(buffer, 12, entryCount);
    writeU16(buffer, 14, prefixLength);
    writeU32(buffer, 16, this.valueEnd - BLOCK_HEADER_BYTES);
    writeU32(buffer, 20, at - keys);
    return at;
  }

  private growBuffer(length: number): void {
    if (length <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(length, this.buffer.length * 2));
    grown.set(this.buffer.subarray(0, this.valueEnd));
    this.buffer = grown;
  }

  private growEntries(): void {
    const length = this.shared.length * 2;
    this.shared = grownTo(this.shared, length);
    this.partLength = grownTo(this.partLength, length);
    this.meta = grownTo(this.meta, length);
    this.rawLength = grownTo(this.rawLength, length);
    const seqs = new Float64Array(length);
    seqs.set(this.seqs);
    this.seqs = seqs;
  }

  private growParts(by: number): void {
    const grown = new Uint8Array(Math.max(this.partsEnd + by, this.parts.length * 2));
    grown.set(this.parts.subarray(0, this.partsEnd));
    this.parts = grown;
  }

  private growLastKey(length: number): void {
    const grown = new Uint8Array(Math.max(length, this.lastKey.length * 2));
    grown.set(this.lastKey);
    this.lastKey = grown;
  }

  /** Lets go of the memory that a rare huge entry needed. */
  trim(): void {
    const usual = this.blockBytes * 2 + BLOCK_HEADER_BYTES;
    if (this.buffer.length > usual * 4) this.buffer = new Uint8Array(usual);
    if (this.parts.length > usual * 4) this.parts = NO_BYTES;
  }
}

function grownTo(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(length);
  grown.set(array);
  return grown;
}

/** `varintLength` of a number below 2^31. */
function smallVarint(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

/** `writeVarint` of a number below 2^31. */
function writeSmallVarint(into: Bytes, at: number, value: number): number {
  while (value >= 0x80) {
    into[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  into[at++] = value;
  return at;
}
