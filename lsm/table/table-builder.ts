/**
 * Builds a whole table in one buffer, which is used again for the next. The layout is told in format.ts.
 *
 * What must stay true: entries come in order (keys ascending, versions of one key newest first) and all versions of a
 * key go to one table; two tables of a run do not overlap.
 */
import { compareBytes, copyOf, NO_BYTES, writeU32, type Bytes } from '../base/bytes.js';
import { checked, invariant } from '../base/invariant.js';
import { VarintReader } from '../base/varint.js';
import type { Cipher } from '../env/cipher.js';
import { KIND_BLOB, KIND_DELETE, KIND_LZ4, KIND_RAW } from '../key/entry-kind.js';
import type { TableMeta } from '../manifest/table-meta.js';
import type { CodecName } from '../options.js';
import { BlockBuilder, copyInto } from './block-builder.js';
import { bloomBytes, keyHash, writeBloom } from './bloom.js';
import { BlockPacker, CODEC_LZ4, CODEC_NONE, codecId, packsBlocks } from './codec.js';
import { TableLayout, writeFooter } from './footer.js';
import {
  BLOCK_HEADER_BYTES,
  FLAG_SEQS,
  FOOTER_BYTES,
  PIECE_HEADER_BYTES,
  SECTION_BLOB_IDS,
  SECTION_FILTER,
  SECTION_FOOTER,
  SECTION_INDEX,
  SECTION_TOMBSTONES,
  type TableRangeTombstone,
} from './format.js';
import { lz4Decompress } from './lz4.js';
import { finishPiece, pieceBytes } from './piece.js';
import { blobIdsRoom, tombstonesRoom, writeBlobIds, writeTombstones } from './sections.js';
import { TableIndexBuilder } from './table-index.js';
import { ValuePacker } from './value-packer.js';

const MIN_FIRST_BYTES = 64 * 1024;
const MAX_FIRST_BYTES = 8 * 1024 * 1024;

export interface TableBuilderOptions {
  /** Target bytes of a block. */
  readonly blockBytes: number;
  readonly codec: CodecName;
  readonly bloomBitsPerKey: number;
  readonly cipher: Cipher | undefined;
}

export interface FinishedTable {
  /** The table; a view of the builder's buffer, valid until `reset`. */
  readonly bytes: Bytes;
  /** Lacks only `offset` and `extentBytes`, which are 0. */
  readonly meta: TableMeta;
}

export class TableBuilder {
  /** Entries added. */
  entryCount = 0;

  private readonly codec: number;
  private readonly cipher: Cipher | undefined;
  private readonly bloomBitsPerKey: number;
  private readonly valuePacker: ValuePacker | undefined;
  private readonly blockPacker: BlockPacker | undefined;
  private readonly block: BlockBuilder;
  private readonly index = new TableIndexBuilder();
  private readonly varints = new VarintReader();

  private readonly firstBytes: number;
  private tableId = 0;
  private buffer: Bytes = NO_BYTES;
  /** Bytes of `buffer` that are finished. */
  private end = 0;
  private spare: Bytes = NO_BYTES;
  private hashes = new Int32Array(1024);
  private hashCount = 0;
  private firstKey: Bytes = NO_BYTES;
  private blobIds: number[] = [];
  private tombstones: TableRangeTombstone[] = [];
  private tombstonesBytes = 0;
  private boundLow: Bytes = NO_BYTES;
  private boundHigh: Bytes | undefined = undefined;
  private tombstoneCount = 0;
  private blobCount = 0;
  private rawBytes = 0;
  private maxSeq = 0;
  private lastSeq = 0;

  /**
   * @param expectedBytes  of a table, about: room that is made at once leaves no smaller arrays behind
   * @throws LsmError BadOptions when this runtime does not have the codec
   */
  constructor(options: TableBuilderOptions, expectedBytes = 0) {
    this.firstBytes = Math.min(MAX_FIRST_BYTES, Math.max(MIN_FIRST_BYTES, expectedBytes));
    this.codec = codecId(options.codec);
    this.cipher = options.cipher;
    this.bloomBitsPerKey = options.bloomBitsPerKey;
    this.valuePacker = this.codec === CODEC_LZ4 ? new ValuePacker() : undefined;
    this.blockPacker = packsBlocks(this.codec) ? new BlockPacker(this.codec) : undefined;
    this.block = new BlockBuilder(options.blockBytes);
  }

  /** Begins a new table; what `finish` returned expires. */
  reset(tableId: number): void {
    this.tableId = tableId;
    this.entryCount = 0;
    this.end = 0;
    this.hashCount = 0;
    this.firstKey = NO_BYTES;
    this.blobIds = [];
    this.tombstones = [];
    this.tombstonesBytes = 0;
    this.boundLow = NO_BYTES;
    this.boundHigh = undefined;
    this.tombstoneCount = 0;
    this.blobCount = 0;
    this.rawBytes = 0;
    this.maxSeq = 0;
    this.lastSeq = 0;
    this.index.reset();
    this.block.trim();
    this.block.reset();
  }

  /**
   * Adds an entry. The key and the value are copied.
   * @param kind  KIND_RAW is packed here when the codec is lz4 and it pays; KIND_LZ4 is unpacked when it is another
   * @param storedLength  bytes of the value as given; @param rawLength  bytes of the value unpacked, or of the blob
   * @param isPacked  of KIND_RAW: it is known that to pack it does not pay
   */
  add(
    keyBytes: Bytes,
    keyOffset: number,
    keyLength: number,
    kind: number,
    seq: number,
    valueBytes: Bytes,
    valueOffset: number,
    storedLength: number,
    rawLength: number,
    isPacked = false,
  ): void {
    const block = this.block;
    block.reserveValue(storedLength > rawLength || kind === KIND_BLOB ? storedLength : rawLength);
    this.rawBytes += keyLength;
    if (kind === KIND_RAW) {
      this.rawBytes += rawLength;
      const packed = isPacked
        ? 0
        : (this.valuePacker?.pack(valueBytes, valueOffset, storedLength, block.buffer, block.valueEnd) ?? 0);
      if (packed > 0) {
        kind = KIND_LZ4;
        storedLength = packed;
      } else copyInto(valueBytes, valueOffset, storedLength, block.buffer, block.valueEnd);
    } else if (kind === KIND_LZ4 && this.codec !== CODEC_LZ4) {
      this.rawBytes += rawLength;
      const length = lz4Decompress(
        valueBytes,
        valueOffset,
        storedLength,
        block.buffer,
        block.valueEnd,
        rawLength,
      );
      invariant(length === rawLength, 'a packed value unpacks');
      kind = KIND_RAW;
      storedLength = rawLength;
    } else {
      copyInto(valueBytes, valueOffset, storedLength, block.buffer, block.valueEnd);
      if (kind === KIND_LZ4) this.rawBytes += rawLength;
      else if (kind === KIND_BLOB) this.noteBlob(valueBytes, valueOffset, storedLength);
      else {
        invariant(kind === KIND_DELETE && storedLength === 0, 'an entry of a table is a value or a deletion');
        this.tombstoneCount++;
      }
    }
    if (seq > this.maxSeq) this.maxSeq = seq;
    if (this.entryCount === 0) this.firstKey = copyOf(keyBytes, keyOffset, keyLength);
    else if (checked) this.checkVersions(keyBytes, keyOffset, keyLength, seq);
    this.lastSeq = seq;
    this.entryCount++;
    if (!block.add(keyBytes, keyOffset, keyLength, kind, seq, storedLength, rawLength)) {
      this.startBlock(keyBytes, keyOffset, keyLength, storedLength);
      block.add(keyBytes, keyOffset, keyLength, kind, seq, storedLength, rawLength);
    }
    if (this.bloomBitsPerKey > 0) {
      const hash = keyHash(keyBytes, keyOffset, keyLength);
      const count = this.hashCount;
      if (count === 0 || this.hashes[count - 1] !== hash) this.addHash(hash);
    }
  }

  private noteBlob(descriptor: Bytes, offset: number, length: number): void {
    const id = this.varints.read(descriptor, offset, offset + length);
    invariant(this.varints.end >= 0, 'a blob descriptor begins with an id');
    this.blobIds.push(id);
    this.blobCount++;
  }

  private checkVersions(keyBytes: Bytes, offset: number, length: number, seq: number): void {
    const { lastKey, lastKeyLength } = this.block;
    const isSame =
      length === lastKeyLength &&
      compareBytes(lastKey.subarray(0, lastKeyLength), keyBytes.subarray(offset, offset + length)) === 0;
    invariant(!isSame || seq < this.lastSeq, 'versions of a key come newest first');
  }

  private addHash(hash: number): void {
    if (this.hashCount === this.hashes.length) {
      const grown = new Int32Array(this.hashCount * 2);
      grown.set(this.hashes);
      this.hashes = grown;
    }
    this.hashes[this.hashCount++] = hash;
  }

  /** Finishes the block, and brings the value that did not fit any more to the next. */
  private startBlock(key: Bytes, offset: number, length: number, storedLength: number): void {
    const block = this.block;
    const { valueEnd, lastKeyLength } = block;
    if (this.spare.length < storedLength) this.spare = new Uint8Array(Math.max(1024, storedLength));
    copyInto(block.buffer, valueEnd, storedLength, this.spare, 0);
    this.finishBlock();
    this.index.addSeparator(block.lastKey, lastKeyLength, key, offset, length);
    block.begin();
    block.reserveValue(storedLength);
    copyInto(this.spare, 0, storedLength, block.buffer, block.valueEnd);
  }

  private finishBlock(): void {
    const block = this.block;
    const length = block.finish();
    this.reserve(pieceBytes(length + 4, this.cipher));
    const at = this.end;
    const body = at + PIECE_HEADER_BYTES;
    const buffer = this.buffer;
    const plainLength = length - PIECE_HEADER_BYTES;
    let bodyLength = 0;
    if (this.blockPacker !== undefined) {
      bodyLength = this.blockPacker.pack(block.buffer, PIECE_HEADER_BYTES, plainLength, buffer, body + 4);
    }
    let codec = this.codec;
    if (bodyLength > 0) {
      writeU32(buffer, body, plainLength);
      bodyLength += 4;
    } else {
      if (this.blockPacker !== undefined) codec = CODEC_NONE;
      buffer.set(block.buffer.subarray(PIECE_HEADER_BYTES, length), body);
      bodyLength = plainLength;
    }
    const flags = block.hasSeqs ? FLAG_SEQS : 0;
    const bytes = finishPiece(buffer, at, bodyLength, this.tableId, at, codec, flags, this.cipher);
    this.end = at + bytes;
    this.index.addBlock(bytes, block.entryCount);
  }

  /** Tombstones added from now on are clipped to [low, high); empty and undefined: open. Undone by `reset`. */
  setBounds(low: Bytes, high: Bytes | undefined): void {
    this.boundLow = copyOf(low);
    this.boundHigh = high === undefined ? undefined : copyOf(high);
  }

  /**
   * Adds a deletion of [low, high); an empty low is open, and so is an absent high. Clipped to the bounds, if set; what
   * lies outside of them is left out.
   */
  addRangeTombstone(low: Bytes, high: Bytes | undefined, seq: number): void {
    if (compareBytes(low, this.boundLow) < 0) low = this.boundLow;
    const bound = this.boundHigh;
    if (bound !== undefined && (high === undefined || compareBytes(high, bound) > 0)) high = bound;
    if (high !== undefined && compareBytes(low, high) >= 0) return;
    this.tombstones.push({ low: copyOf(low), high: high === undefined ? undefined : copyOf(high), seq });
    this.tombstonesBytes += low.length + (high === undefined ? 0 : high.length) + 16;
    if (seq > this.maxSeq) this.maxSeq = seq;
  }

  /** Bytes the table would have if it were finished now, approximately. */
  get estimatedBytes(): number {
    return (
      this.end +
      this.block.estimatedBytes +
      this.index.estimatedBytes +
      ((this.hashCount * this.bloomBitsPerKey) >>> 3) +
      this.tombstonesBytes +
      this.blobIds.length * 2 +
      FOOTER_BYTES
    );
  }

  /** Nothing was added, no range tombstone either. */
  get isEmpty(): boolean {
    return this.entryCount === 0 && this.tombstones.length === 0;
  }

  /**
   * Completes the table.
   * @param commitSeq  not 0: readers take this number for that of every entry (see TableMeta)
   */
  finish(commitSeq = 0): FinishedTable {
    invariant(!this.isEmpty, 'a table holds something');
    if (this.block.entryCount > 0) this.finishBlock();
    const offsets: number[] = [];
    const lengths: number[] = [];
    const place = (length: number): void => {
      offsets.push(this.end - length);
      lengths.push(length);
    };
    place(this.tombstoneSection());
    place(this.blobIdSection());
    place(this.filterSection());
    place(this.indexSection());
    this.reserve(FOOTER_BYTES);
    const { blockCount } = this.index;
    writeFooter(
      this.buffer,
      this.end,
      new TableLayout(this.codec, blockCount, this.entryCount, offsets, lengths),
    );
    this.section(FOOTER_BYTES - PIECE_HEADER_BYTES, SECTION_FOOTER);
    return { bytes: this.buffer.subarray(0, this.end), meta: this.tableMeta(commitSeq) };
  }

  /** Completes a section whose body lies behind the room for its header. @returns its bytes */
  private section(bodyLength: number, kind: number): number {
    const bytes = finishPiece(
      this.buffer,
      this.end,
      bodyLength,
      this.tableId,
      this.end,
      kind,
      0,
      kind === SECTION_FOOTER ? undefined : this.cipher,
    );
    this.end += bytes;
    return bytes;
  }

  private tombstoneSection(): number {
    if (this.tombstones.length === 0) return 0;
    this.reserve(pieceBytes(tombstonesRoom(this.tombstones), this.cipher));
    const length = writeTombstones(this.tombstones, this.buffer, this.end + PIECE_HEADER_BYTES);
    return this.section(length, SECTION_TOMBSTONES);
  }

  private blobIdSection(): number {
    if (this.blobIds.length === 0) return 0;
    const ids = Array.from(new Set(this.blobIds)).sort((a, b) => a - b);
    this.reserve(pieceBytes(blobIdsRoom(ids.length), this.cipher));
    const length = writeBlobIds(ids, this.buffer, this.end + PIECE_HEADER_BYTES);
    return this.section(length, SECTION_BLOB_IDS);
  }

  private filterSection(): number {
    if (this.hashCount === 0) return 0;
    this.reserve(pieceBytes(bloomBytes(this.hashCount, this.bloomBitsPerKey), this.cipher));
    const at = this.end + PIECE_HEADER_BYTES;
    const length = writeBloom(this.hashes, this.hashCount, this.bloomBitsPerKey, this.buffer, at);
    return this.section(length, SECTION_FILTER);
  }

  private indexSection(): number {
    if (this.index.blockCount === 0) return 0;
    this.reserve(pieceBytes(this.index.roomNeeded, this.cipher));
    const length = this.index.write(this.buffer, this.end + PIECE_HEADER_BYTES);
    return this.section(length, SECTION_INDEX);
  }

  private tableMeta(commitSeq: number): TableMeta {
    let lowKey: Bytes | undefined;
    let highKey: Bytes | undefined = NO_BYTES;
    if (this.entryCount > 0) {
      lowKey = this.firstKey;
      highKey = copyOf(this.block.lastKey, 0, this.block.lastKeyLength);
    }
    for (const { low, high } of this.tombstones) {
      if (lowKey === undefined || compareBytes(low, lowKey) < 0) lowKey = low;
      if (highKey !== undefined && (high === undefined || compareBytes(high, highKey) > 0)) highKey = high;
    }
    return {
      id: this.tableId,
      offset: 0,
      extentBytes: 0,
      dataBytes: this.end,
      lowKey: lowKey!,
      highKey,
      entryCount: this.entryCount,
      tombstoneCount: this.tombstoneCount,
      rangeTombstoneCount: this.tombstones.length,
      blobCount: this.blobCount,
      rawBytes: this.rawBytes,
      maxSeq: commitSeq !== 0 ? commitSeq : this.maxSeq,
      commitSeq,
    };
  }

  /** Makes room for `bytes` more in the buffer. */
  private reserve(bytes: number): void {
    const needed = this.end + bytes;
    if (needed <= this.buffer.length) return;
    const grown = new Uint8Array(
      Math.max(needed + BLOCK_HEADER_BYTES, this.buffer.length * 2, this.firstBytes),
    );
    grown.set(this.buffer.subarray(0, this.end));
    this.buffer = grown;
  }
}
