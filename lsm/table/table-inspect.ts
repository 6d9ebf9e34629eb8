/**
 * A table under the magnifying glass: `verifyTable` checks all that must hold of one, `dumpBlock` shows what a block
 * holds. Both read the file, not the cache.
 */
import {
  compareBytes,
  compareRanges,
  copyOf,
  NO_BYTES,
  readU16,
  readU32,
  type Bytes,
} from '../base/bytes.js';
import { VarintReader } from '../base/varint.js';
import { KIND_BLOB, KIND_DELETE, KIND_LZ4 } from '../key/entry-kind.js';
import type { CodecName } from '../options.js';
import { BlockCursor } from './block-cursor.js';
import type { BlockLoader } from './block-loader.js';
import { keyHash, type BloomFilter } from './bloom.js';
import { codecName, unpackValue, ValueScratch } from './codec.js';
import { BLOCK_HEADER_BYTES, DIRECTORY_ENTRY_BYTES, FLAG_SEQS, GROUP_ENTRIES } from './format.js';
import type { TableIndex } from './table-index.js';
import type { TableReader } from './table-reader.js';

export interface EntryDump {
  readonly key: Bytes;
  readonly kind: number;
  readonly seq: number;
  readonly storedLength: number;
  readonly rawLength: number;
  /** Of the stored value, from the start of the plain block. */
  readonly valueOffset: number;
}

export interface BlockDump {
  readonly block: number;
  /** Of the block in the file. */
  readonly offset: number;
  /** Bytes on disk. */
  readonly storedBytes: number;
  /** Bytes once it is opened and unpacked. */
  readonly plainBytes: number;
  readonly codec: CodecName | undefined;
  readonly hasSeqs: boolean;
  /** What all of its keys begin with. */
  readonly prefix: Bytes;
  readonly entries: readonly EntryDump[];
}

/** Shows sequence numbers as stored, whatever the table was committed with. @throws LsmError Corrupt */
export function dumpBlock(reader: TableReader, block: number): BlockDump {
  const index = reader.needIndex();
  if (!(block >= 0 && block < index.blockCount)) {
    throw reader.damaged(`block ${block} expected, it has ${index.blockCount}`, 0);
  }
  const loader = reader.newLoader();
  loadPlain(reader, index, block, loader, NO_BYTES);
  const { bytes, base, length } = loader;
  const offset = reader.meta.offset + index.offsets[block]!;
  const cursor = new BlockCursor();
  cursor.openBlock(bytes, base, length, reader.fileName, offset);
  const entries: EntryDump[] = [];
  for (cursor.first(); cursor.isValid; cursor.next()) {
    entries.push({
      key: copyOf(cursor.keyBytes, 0, cursor.keyLength),
      kind: cursor.kind,
      seq: cursor.seq,
      storedLength: cursor.storedLength,
      rawLength: cursor.rawLength,
      valueOffset: cursor.valueOffset - base,
    });
  }
  const prefixAt = base + BLOCK_HEADER_BYTES + readU32(bytes, base + 16);
  return {
    block,
    offset,
    storedBytes: index.blockLength(block),
    plainBytes: length,
    codec: codecName(bytes[base + 10]!),
    hasSeqs: (bytes[base + 11]! & FLAG_SEQS) !== 0,
    prefix: copyOf(bytes, prefixAt, readU16(bytes, base + 14)),
    entries,
  };
}

/** Reads a block past the cache. @returns the buffer to pass to the next call */
function loadPlain(
  reader: TableReader,
  index: TableIndex,
  block: number,
  loader: BlockLoader,
  buffer: Bytes,
): Bytes {
  const length = index.blockLength(block);
  if (buffer.length < length) buffer = new Uint8Array(length);
  reader.readBlocks(block, block + 1, buffer);
  reader.decodeBlock(block, buffer, 0, loader);
  return buffer;
}

/**
 * Reads the whole table and checks it: checksums, the order of keys and versions, the bounds and counts in the manifest,
 * the index, the directories of the blocks, that every value unpacks, and that the filter knows every key.
 * @throws LsmError Corrupt at the first thing that does not hold
 */
export function verifyTable(reader: TableReader): void {
  const steps = verifySteps(reader);
  while (steps.next().done !== true);
}

/** The same, a step for each block: whoever takes the steps decides when. */
export function verifySteps(reader: TableReader): Generator<undefined, void> {
  return new TableVerifier(reader).steps();
}

class TableVerifier {
  private readonly cursor = new BlockCursor();
  private readonly loader: BlockLoader;
  private readonly scratch = new ValueScratch();
  private readonly varints = new VarintReader();
  private readonly filter: BloomFilter | undefined;
  private readonly blobIds: ReadonlySet<number>;
  private readonly seenBlobs = new Set<number>();
  private lastKey: Bytes = NO_BYTES;
  private lastSeq = 0;
  private entryCount = 0;
  private tombstoneCount = 0;
  private blobCount = 0;
  /** Of the block at hand, in the table. */
  private offset = 0;

  constructor(private readonly reader: TableReader) {
    this.loader = reader.newLoader();
    this.filter = reader.readFilter();
    this.blobIds = new Set(reader.blobIds());
  }

  *steps(): Generator<undefined, void> {
    const { reader } = this;
    const { meta } = reader;
    const index = reader.needIndex();
    let buffer: Bytes = NO_BYTES;
    for (let block = 0; block < index.blockCount; block++) {
      this.offset = index.offsets[block]!;
      const before = this.entryCount;
      buffer = loadPlain(reader, index, block, this.loader, buffer);
      if (block > 0) this.checkBelow(index.separator(block - 1), block);
      this.checkBlock();
      if (block < index.blockCount - 1 && compareBytes(this.lastKey, index.separator(block)) > 0) {
        this.fail(`the separator after block ${block} is smaller than its last key`);
      }
      const counted = index.entriesBefore[block + 1]! - index.entriesBefore[block]!;
      this.expectCount(`entries in block ${block}`, counted, this.entryCount - before);
      yield;
    }
    this.offset = index.offsets[index.blockCount]!;
    this.expectCount('entries', meta.entryCount, this.entryCount);
    this.expectCount('tombstones', meta.tombstoneCount, this.tombstoneCount);
    this.expectCount('blobs', meta.blobCount, this.blobCount);
    this.expectCount('blob ids', this.blobIds.size, this.seenBlobs.size);
    this.checkTombstones();
  }

  /** The last key before a block may equal its first only if they are versions of one key. */
  private checkBelow(separator: Bytes, block: number): void {
    const { loader, cursor, reader } = this;
    cursor.openBlock(
      loader.bytes,
      loader.base,
      loader.length,
      reader.fileName,
      reader.meta.offset + this.offset,
    );
    cursor.first();
    const order = compareRanges(cursor.keyBytes, 0, cursor.keyLength, separator, 0, separator.length);
    if (order < 0 || (order === 0 && compareBytes(this.lastKey, separator) !== 0)) {
      this.fail(`the separator before block ${block} is not smaller than its first key`);
    }
  }

  private checkBlock(): void {
    const { loader, cursor, reader } = this;
    const position = reader.meta.offset + this.offset;
    cursor.openBlock(loader.bytes, loader.base, loader.length, reader.fileName, position);
    const hasSeqs = (loader.bytes[loader.base + 11]! & FLAG_SEQS) !== 0;
    let valueEnd = loader.base + BLOCK_HEADER_BYTES;
    for (cursor.first(); cursor.isValid; cursor.next()) {
      if (cursor.entryIndex % GROUP_ENTRIES === 0) this.checkDirectory(valueEnd);
      if (cursor.valueOffset !== valueEnd) this.fail('values do not follow each other');
      valueEnd += cursor.storedLength;
      if (!hasSeqs && cursor.seq !== 0) this.fail('a sequence number where there is none');
      this.checkEntry();
    }
    const valuesLength = readU32(loader.bytes, loader.base + 16);
    if (valueEnd !== loader.base + BLOCK_HEADER_BYTES + valuesLength) this.fail('values are left over');
  }

  private checkDirectory(valueAt: number): void {
    const { cursor } = this;
    const { bytes, base } = this.loader;
    const prefixLength = readU16(bytes, base + 14);
    const directory = base + BLOCK_HEADER_BYTES + readU32(bytes, base + 16) + prefixLength;
    const at = directory + (cursor.entryIndex / GROUP_ENTRIES) * DIRECTORY_ENTRY_BYTES;
    for (let i = 0; i < 4; i++) {
      const expected = prefixLength + i < cursor.keyLength ? cursor.keyBytes[prefixLength + i] : 0;
      if (bytes[at + i] !== expected) this.fail('the head of a group is not that of its first key');
    }
    if (base + BLOCK_HEADER_BYTES + readU16(bytes, at + 6) !== valueAt) {
      this.fail('the values of a group are not where the directory says');
    }
    const { entryIndex, keyLength } = cursor;
    const key = copyOf(cursor.keyBytes, 0, keyLength);
    // A search uses the directory, the walk does not: they must meet.
    const probe = new BlockCursor();
    const position = this.reader.meta.offset + this.offset;
    probe.openBlock(bytes, base, this.loader.length, this.reader.fileName, position);
    probe.seekAtLeast(key, 0, keyLength);
    if (!probe.isExact || probe.entryIndex > entryIndex) this.fail('a key is not found where it is');
  }

  private checkEntry(): void {
    const { cursor, reader } = this;
    const { meta } = reader;
    const { keyBytes, keyLength, kind, seq } = cursor;
    const order = compareRanges(keyBytes, 0, keyLength, this.lastKey, 0, this.lastKey.length);
    if (this.entryCount > 0) {
      if (order < 0) this.fail('keys are not in order');
      if (order === 0 && seq >= this.lastSeq && meta.commitSeq === 0) {
        this.fail('versions of a key are not in order');
      }
    }
    if (compareRanges(keyBytes, 0, keyLength, meta.lowKey, 0, meta.lowKey.length) < 0) {
      this.fail('a key lies below the bounds of the table');
    }
    const { highKey } = meta;
    if (highKey !== undefined && compareRanges(keyBytes, 0, keyLength, highKey, 0, highKey.length) > 0) {
      this.fail('a key lies above the bounds of the table');
    }
    if (meta.commitSeq === 0 && meta.maxSeq !== 0 && seq > meta.maxSeq) {
      this.fail(`sequence numbers up to ${meta.maxSeq} expected, got ${seq}`);
    }
    if (this.filter !== undefined && !this.filter.mayContain(keyHash(keyBytes, 0, keyLength))) {
      this.fail('the filter does not know a key');
    }
    if (kind === KIND_DELETE) this.tombstoneCount++;
    else if (kind === KIND_BLOB) this.checkBlob();
    else if (kind === KIND_LZ4) this.checkPacked();
    if (order !== 0 || this.entryCount === 0) this.lastKey = copyOf(keyBytes, 0, keyLength);
    this.lastSeq = seq;
    this.entryCount++;
  }

  private checkBlob(): void {
    const { valueBytes, valueOffset, storedLength } = this.cursor;
    const id = this.varints.read(valueBytes, valueOffset, valueOffset + storedLength);
    if (!this.blobIds.has(id)) this.fail(`blob ${id} is not in the list of blob ids`);
    this.seenBlobs.add(id);
    this.blobCount++;
  }

  private checkPacked(): void {
    const { kind, valueBytes, valueOffset, storedLength, rawLength } = this.cursor;
    if (!unpackValue(kind, valueBytes, valueOffset, storedLength, rawLength, this.scratch)) {
      this.fail('a packed value is malformed');
    }
  }

  private checkTombstones(): void {
    const { meta } = this.reader;
    for (const { low, high, seq } of this.reader.rangeTombstones()) {
      if (high !== undefined && compareBytes(low, high) >= 0) this.fail('a range tombstone is reversed');
      if (compareBytes(low, meta.lowKey) < 0)
        this.fail('a range tombstone reaches below the bounds of the table');
      const { highKey } = meta;
      if (highKey !== undefined && (high === undefined || compareBytes(high, highKey) > 0)) {
        this.fail('a range tombstone reaches above the bounds of the table');
      }
      if (meta.maxSeq !== 0 && seq > meta.maxSeq) {
        this.fail(`sequence numbers up to ${meta.maxSeq} expected, got ${seq}`);
      }
    }
  }

  private expectCount(what: string, expected: number, actual: number): void {
    if (expected !== actual) this.fail(`${expected} ${what} expected, got ${actual}`);
  }

  private fail(what: string): never {
    throw this.reader.damaged(what, this.offset);
  }
}
