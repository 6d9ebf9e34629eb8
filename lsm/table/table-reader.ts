/**
 * Reads one table. What it needs to find blocks (footer, index, filter) is read at first use, in one go as a rule, and
 * may be dropped again at any moment that the cache asks for it; blocks come from the cache, or from the file.
 *
 * Every physical read is checked: checksum, table id and, in an encrypted file, the seal.
 */
import { compareRanges, type Bytes } from '../base/bytes.js';
import type { LookupBatch } from '../base/lookup-batch.js';
import type { BlockCache } from '../cache/block-cache.js';
import { MetaShare } from '../cache/meta-account.js';
import type { Cipher } from '../env/cipher.js';
import type { File } from '../env/file-system.js';
import { corrupt, type LsmError } from '../errors.js';
import { KIND_LZ4, KIND_RAW } from '../key/entry-kind.js';
import type { TableMeta } from '../manifest/table-meta.js';
import type { EntryRegisters } from '../read/source-cursor.js';
import { BlockCursor } from './block-cursor.js';
import { BlockLoader } from './block-loader.js';
import { FIRST_NOTE, HAS_ENTRIES, isNotedPrefix, noteBlock } from './block-notes.js';
import { BloomFilter, isBloom, type LookupHash } from './bloom.js';
import { ABSENT, findNotedEntry, notedValueAt, UNDECIDED } from './entry-notes.js';
import { estimateRange } from './estimate.js';
import {
  PLACE_BLOB_IDS,
  PLACE_FILTER,
  PLACE_INDEX,
  PLACE_TOMBSTONES,
  readFooter,
  type TableLayout,
} from './footer.js';
import {
  BLOCK_HEADER_BYTES,
  FOOTER_BYTES,
  PIECE_HEADER_BYTES,
  SECTION_BLOB_IDS,
  SECTION_FILTER,
  SECTION_INDEX,
  SECTION_TOMBSTONES,
  type TableRangeTombstone,
} from './format.js';
import { readThrough } from './lz4.js';
import { checkPiece, openSealed } from './piece.js';
import { readBlobIds, readTombstones } from './sections.js';
import { TableCursor, type TableCursorOptions } from './table-cursor.js';
import { dumpBlock, verifySteps, verifyTable, type BlockDump } from './table-inspect.js';
import { readTableIndex, type TableIndex } from './table-index.js';

/** After so many lookups in a row that found their key the filter is not asked, until one does not. */
const TRUSTED_HITS = 32;
/** A filter that found no room is tried again after so many lookups. */
const FILTER_RETRY = 1024;
/**
 * The filter of a table of more entries is brought into memory when so many lookups have asked for it: its hundreds of
 * kilobytes are a large part of what a store takes that is opened for a few documents.
 */
const SMALL_FILTER_ENTRIES = 32_768;
const LOOKUPS_BEFORE_FILTER = 8;

/** The cursor that looks into a block for a single key. */
class Probe extends BlockCursor {
  constructor(fixedSeq: number) {
    super();
    this.fixedSeq = fixedSeq;
  }

  /** Opens the block in the registers of the cache. @throws LsmError Corrupt */
  openCached(cache: BlockCache, file: string, position: number): void {
    const { bytes, base, length, frame } = cache;
    if (frame < 0) this.openBlock(bytes, base, length, file, position);
    else this.openNoted(bytes, base, length, cache.numbers, cache.notesOf(frame), file, position);
  }

  /** Moves on while the key at the cursor is older than the target's reader: @returns whether a version was found */
  toVersion(key: Bytes, offset: number, length: number, maxSeq: number): boolean {
    while (this.isValid && compareRanges(this.keyBytes, 0, this.keyLength, key, offset, length) === 0) {
      if (this.seq <= maxSeq) return true;
      this.next();
    }
    return false;
  }
}

export class TableReader {
  readonly cipher: Cipher | undefined;
  readonly fileName: string;
  private readonly loader: BlockLoader;
  private readonly probe: Probe;
  private layout: TableLayout | undefined;
  private index: TableIndex | undefined;
  private filter: BloomFilter | undefined;
  private tombstones: TableRangeTombstone[] | undefined;
  private hasFilter: boolean;
  /** Lookups in a row that found their key, up to TRUSTED_HITS. */
  private hitsInRow = 0;
  /** Lookups left until the filter is tried again. */
  private filterPause: number;
  private readonly indexShare: MetaShare;
  private readonly filterShare: MetaShare;

  /**
   * @param fileName  for errors; the file's path by default
   * @param usesFilter  false: the table is only scanned, its filter is not brought into memory
   */
  constructor(
    readonly file: File,
    readonly meta: TableMeta,
    readonly cache: BlockCache,
    cipher?: Cipher,
    fileName = file.path,
    private readonly usesFilter = true,
  ) {
    this.cipher = cipher;
    this.fileName = fileName;
    this.loader = new BlockLoader(meta.id, meta.offset, cipher, fileName);
    this.probe = new Probe(meta.commitSeq);
    this.layout = undefined;
    this.index = undefined;
    this.filter = undefined;
    this.tombstones = undefined;
    this.hasFilter = usesFilter;
    this.filterPause = meta.entryCount > SMALL_FILTER_ENTRIES ? LOOKUPS_BEFORE_FILTER : 0;
    this.indexShare = new MetaShare(() => (this.index = undefined));
    this.filterShare = new MetaShare(() => this.forgetFilter());
  }

  /** Bytes of index and filter held in memory now. */
  get memoryBytes(): number {
    return this.indexShare.bytes + this.filterShare.bytes;
  }

  /** Lets go of them, and of the range tombstones; they are read again when needed. */
  dropMemory(): void {
    this.cache.returnMeta(this.indexShare);
    this.cache.returnMeta(this.filterShare);
    this.index = undefined;
    this.filter = undefined;
    this.tombstones = undefined;
    this.filterPause = 0;
  }

  /** The table is gone: forgets its blocks too. */
  close(): void {
    this.dropMemory();
    this.cache.dropTable(this.meta.id);
  }

  /**
   * The newest version of a key with seq <= maxSeq: a deletion counts as one. Range tombstones are not looked at.
   * @param hash  of the key
   * @param out   filled when found; `out.bytes` is valid until the next read of the store
   * @throws LsmError Corrupt
   */
  find(
    key: Bytes,
    offset: number,
    length: number,
    hash: LookupHash,
    maxSeq: number,
    out: EntryRegisters,
  ): boolean {
    if (this.meta.commitSeq > maxSeq) return false;
    if (this.hitsInRow < TRUSTED_HITS && !this.mayContain(hash.of(key, offset, length))) return false;
    const index = this.needIndex();
    if (index.blockCount === 0) return false;
    let block = index.locate(key, offset, length);
    this.loadBlock(block, false);
    const noted = this.findNoted(key, offset, length, index.known, out);
    if (noted !== UNDECIDED) {
      if (noted === ABSENT) this.hitsInRow = 0;
      else if (this.hitsInRow < TRUSTED_HITS) this.hitsInRow++;
      return noted !== ABSENT;
    }
    const probe = this.probe;
    this.openInProbe(block);
    if (!probe.search(key, offset, length, index.known) || !probe.isExact) {
      this.hitsInRow = 0;
      return false;
    }
    if (this.hitsInRow < TRUSTED_HITS) this.hitsInRow++;
    if (probe.seq > maxSeq) {
      probe.seekAtLeast(key, offset, length);
      while (!probe.toVersion(key, offset, length, maxSeq)) {
        // Older versions may be in the next block: then this one ends with the key.
        if (probe.isValid || ++block >= index.blockCount) return false;
        this.loadBlock(block, false);
        this.openInProbe(block);
        probe.first();
      }
    }
    out.kind = probe.kind;
    out.seq = probe.seq;
    out.bytes = probe.valueBytes;
    out.offset = probe.valueOffset;
    out.storedLength = probe.storedLength;
    out.rawLength = probe.rawLength;
    if (probe.kind === KIND_LZ4) {
      const { cache } = this;
      if (cache.frame >= 0) readThrough(probe.valueBytes, cache.viewOf(cache.frame));
    }
    return true;
  }

  /** Finds a key by the notes of the block in the registers of the cache. @returns ABSENT, UNDECIDED, or else it is in `out` */
  private findNoted(key: Bytes, offset: number, length: number, known: number, out: EntryRegisters): number {
    const { cache } = this;
    if (cache.frame < 0) return UNDECIDED;
    const notes = cache.numbers;
    const at = cache.notesOf(cache.frame);
    if (notes[at] === 0 || (notes[at + 1]! & HAS_ENTRIES) === 0) return UNDECIDED;
    const count = notes[at]! & 0xffff;
    const prefixLength = notes[at]! >>> 16;
    if (!isNotedPrefix(notes, at, prefixLength, key, offset, length, known)) return UNDECIDED;
    const first = at + FIRST_NOTE;
    const rest = length - prefixLength;
    const entry = findNotedEntry(notes, first, count, key, offset + prefixLength, rest);
    if (entry < 0) return entry;
    const valueAt = notedValueAt(notes, first, count, entry);
    const storedLength = notedValueAt(notes, first, count, entry + 1) - valueAt;
    out.kind = KIND_RAW;
    out.seq = this.meta.commitSeq;
    out.bytes = cache.bytes;
    out.offset = cache.base + BLOCK_HEADER_BYTES + valueAt;
    out.storedLength = storedLength;
    out.rawLength = storedLength;
    return entry;
  }

  /** Finds where a key would lie, for `findInFrame`: fills entry i of a batch. */
  locateIn(batch: LookupBatch, i: number): void {
    const index = this.needIndex();
    const at = batch.keyAt[i]!;
    batch.tables[i] = this.meta.id;
    if (index.blockCount === 0) batch.blocks[i] = -1;
    else {
      batch.blocks[i] = index.locate(batch.keys, at, batch.keyEnds[i]! - at);
      batch.known[i] = index.known;
    }
  }

  /** Finds the value of entry i of a batch in the frame it tells: the newest version, if it is not too new and as it is. */
  findInFrame(batch: LookupBatch, i: number, maxSeq: number, out: EntryRegisters): void {
    const { keys } = batch;
    const at = batch.keyAt[i]!;
    const length = batch.keyEnds[i]! - at;
    const known = batch.known[i]!;
    this.cache.show(batch.frames[i]!);
    const noted = this.findNoted(keys, at, length, known, out);
    if (noted === ABSENT) return;
    if (noted !== UNDECIDED) {
      batch.found(i, out.bytes, out.offset, out.storedLength);
      return;
    }
    const probe = this.probe;
    this.openInProbe(batch.blocks[i]!);
    const isThere = probe.search(keys, at, length, known) && probe.isExact;
    if (isThere && probe.kind === KIND_RAW && probe.seq <= maxSeq)
      batch.found(i, probe.valueBytes, probe.valueOffset, probe.storedLength);
  }

  /** Opens a block that is in the registers of the cache. */
  private openInProbe(block: number): void {
    const cache = this.cache;
    const position = this.meta.offset + this.needIndex().offsets[block]!;
    this.probe.openCached(cache, this.fileName, position);
  }

  /** False: the table has no entry whose key has this hash. */
  mayContain(hash: number): boolean {
    const filter = this.filter;
    if (filter === undefined) return this.mayContainUnloaded(hash);
    this.filterShare.wasUsed = true;
    return filter.mayContain(hash);
  }

  private mayContainUnloaded(hash: number): boolean {
    if (!this.hasFilter) return true;
    if (this.filterPause > 0) {
      this.filterPause--;
      return true;
    }
    if (this.index === undefined) this.needIndex();
    else this.loadFilter(undefined, 0);
    return this.filter === undefined ? true : this.filter.mayContain(hash);
  }

  private forgetFilter(): void {
    this.filter = undefined;
    this.filterPause = FILTER_RETRY;
  }

  /** Deletions of ranges; with the table's own sequence number if it has one. @throws LsmError Corrupt */
  rangeTombstones(): readonly TableRangeTombstone[] {
    if (this.meta.rangeTombstoneCount === 0) return [];
    this.tombstones ??= this.loadTombstones();
    return this.tombstones;
  }

  /** Ids of the blobs that entries of the table refer to, ascending. @throws LsmError Corrupt */
  blobIds(): number[] {
    if (this.meta.blobCount === 0) return [];
    const [at, body] = this.readSection(PLACE_BLOB_IDS, SECTION_BLOB_IDS);
    const ids = readBlobIds(body);
    if (ids === undefined) throw this.damaged('blob ids: malformed', at);
    return ids;
  }

  /** Entries and bytes within [low, high), from the index alone; an absent bound is open. */
  estimate(low: Bytes | undefined, high: Bytes | undefined): { count: number; bytes: number } {
    return estimateRange(this.needIndex(), this.meta, low, high);
  }

  cursor(options?: TableCursorOptions): TableCursor {
    return new TableCursor(this, options);
  }

  /** Reads everything and checks it against everything. @throws LsmError Corrupt with the position of the damage */
  verify(): void {
    verifyTable(this);
  }

  /** The same, block by block. @throws LsmError Corrupt, from a step */
  verifySteps(): Generator<undefined, void> {
    return verifySteps(this);
  }

  /** What a block holds, for people. */
  showBlock(block: number): BlockDump {
    return dumpBlock(this, block);
  }

  /** The index, read when it is not in memory. */
  needIndex(): TableIndex {
    this.indexShare.wasUsed = true;
    return this.index ?? this.loadIndex();
  }

  /** Codec that the footer tells. */
  get codec(): number {
    return this.needLayout().codec;
  }

  private needLayout(): TableLayout {
    if (this.layout === undefined) this.loadIndex();
    return this.layout!;
  }

  /** The filter from the file, whatever the cache has room for; undefined when the table has none. */
  readFilter(): BloomFilter | undefined {
    if (this.needLayout().lengths[PLACE_FILTER] === 0) return undefined;
    const [at, body] = this.readSection(PLACE_FILTER, SECTION_FILTER);
    return this.asFilter(body, at);
  }

  /** Brings a block into the registers of the cache: plain, as `BlockCursor` reads it. @throws LsmError Corrupt */
  loadBlock(block: number, isCold: boolean): void {
    const { cache, meta } = this;
    if (!cache.find(meta.id, block)) this.readBlock(block, isCold);
  }

  /** Reads a block that is not in the cache into it. */
  readBlock(block: number, isCold: boolean): void {
    const { cache, meta, loader } = this;
    const index = this.needIndex();
    const offset = index.offsets[block]!;
    const length = index.blockLength(block);
    const { codec } = this.layout!;
    if (loader.isDirect(codec)) {
      cache.reserve(length);
      this.readFile(cache.bytes, cache.base, length, offset);
      loader.checkDirect(cache.bytes, cache.base, length, offset);
    } else {
      const staging = loader.staging(length);
      this.readFile(staging, 0, length, offset);
      const body = loader.open(codec, staging, 0, length, offset);
      cache.reserve(PIECE_HEADER_BYTES + loader.plainLength);
      loader.unpack(body, cache.bytes, cache.base);
    }
    cache.commit(meta.id, block, isCold);
    this.noteBlock();
  }

  /** Notes the block in the registers of the cache. */
  private noteBlock(): void {
    const { cache } = this;
    const { bytes, base, length, frame, numbers, notesPerFrame } = cache;
    if (frame >= 0) noteBlock(bytes, base, length, numbers, cache.notesOf(frame), notesPerFrame);
  }

  /**
   * Reads the whole blocks `from` to `to` (excluded) as they are on disk into `into`.
   * @returns bytes read
   */
  readBlocks(from: number, to: number, into: Bytes): number {
    const { offsets } = this.needIndex();
    const length = offsets[to]! - offsets[from]!;
    this.readFile(into, 0, length, offsets[from]!);
    return length;
  }

  /**
   * Makes a block plain that `readBlocks` brought; its registers `loader.bytes`, `base` and `length` tell where it is:
   * in place when the table is neither packed nor encrypted, or else in the loader's own buffer, until its next block.
   */
  decodeBlock(block: number, bytes: Bytes, at: number, loader: BlockLoader): void {
    const index = this.needIndex();
    loader.decode(this.layout!.codec, bytes, at, index.blockLength(block), index.offsets[block]!);
  }

  /** A loader of one's own, for blocks outside the cache. */
  newLoader(): BlockLoader {
    return new BlockLoader(this.meta.id, this.meta.offset, this.cipher, this.fileName);
  }

  private readFile(into: Bytes, at: number, length: number, offset: number): void {
    const position = this.meta.offset + offset;
    const got = this.file.read(into, at, length, position);
    if (got !== length) throw this.damaged(`the file ends ${length - got} bytes too early`, offset);
  }

  /** Reads footer, index, and the filter if there is room for it. */
  private loadIndex(): TableIndex {
    const { meta } = this;
    const size = meta.dataBytes;
    if (size < FOOTER_BYTES) throw this.damaged('shorter than a footer', 0);
    const wantsFilter = this.hasFilter && this.filter === undefined && this.filterPause === 0;
    const guess = 4096 + (size >>> 8) + (wantsFilter ? meta.entryCount * 1.25 : 0);
    const tailBytes = Math.min(size, Math.ceil(guess));
    // What is kept of it is copied: an array for each table would be garbage of a hundred kilobytes.
    let tail: Bytes = this.loader.staging(tailBytes).subarray(0, tailBytes);
    let tailAt = size - tailBytes;
    this.readFile(tail, 0, tailBytes, tailAt);
    const layout = (this.layout = this.parseFooter(tail, tailBytes - FOOTER_BYTES, size - FOOTER_BYTES));
    this.hasFilter = this.usesFilter && layout.lengths[PLACE_FILTER]! > 0;
    const needed = layout.offsets[wantsFilter && this.hasFilter ? PLACE_FILTER : PLACE_INDEX]!;
    if (needed < tailAt && layout.blockCount > 0) {
      const rest = new Uint8Array(size - needed);
      this.readFile(rest, 0, tailAt - needed, needed);
      rest.set(tail, tailAt - needed);
      tail = rest;
      tailAt = needed;
    }
    const at = layout.offsets[PLACE_INDEX]!;
    const body =
      layout.blockCount === 0
        ? new Uint8Array([0, 0])
        : this.openSection(tail, at - tailAt, layout.lengths[PLACE_INDEX]!, at, SECTION_INDEX);
    const index = readTableIndex(body, layout.dataEnd, layout.blockCount, meta.entryCount);
    if (index === undefined) throw this.damaged('block index: malformed', at);
    this.index = index;
    this.cache.returnMeta(this.indexShare);
    this.cache.claimMeta(this.indexShare, index.memoryBytes, true);
    if (wantsFilter && this.hasFilter) this.loadFilter(tail, tailAt);
    return index;
  }

  /** @param tail  bytes of the table from `tailAt` on, if they were read already */
  private loadFilter(tail: Bytes | undefined, tailAt: number): void {
    const { cache, filterShare } = this;
    const at = this.layout!.offsets[PLACE_FILTER]!;
    const length = this.layout!.lengths[PLACE_FILTER]!;
    if (length === 0) {
      this.hasFilter = false;
      return;
    }
    if (!cache.claimMeta(filterShare, length, false)) {
      this.filterPause = FILTER_RETRY;
      return;
    }
    try {
      if (tail === undefined) this.filter = this.readFilter();
      else
        this.filter = this.asFilter(
          this.openSection(tail, at - tailAt, length, at, SECTION_FILTER).slice(),
          at,
        );
    } catch (error) {
      cache.returnMeta(filterShare);
      throw error;
    }
  }

  private asFilter(body: Bytes, at: number): BloomFilter {
    if (!isBloom(body)) throw this.damaged('filter: malformed', at);
    return new BloomFilter(body);
  }

  private parseFooter(bytes: Bytes, at: number, offset: number): TableLayout {
    const { id, entryCount } = this.meta;
    const layout = readFooter(bytes, at, id, offset);
    if (typeof layout === 'string') throw this.damaged(`footer: ${layout}`, offset);
    if (layout.entryCount !== entryCount) {
      throw this.damaged(`footer: ${entryCount} entries expected, got ${layout.entryCount}`, offset);
    }
    return layout;
  }

  /** Reads a section from the file. @returns its offset in the table, and its body */
  private readSection(place: number, kind: number): [at: number, body: Bytes] {
    const { offsets, lengths } = this.needLayout();
    const at = offsets[place]!;
    const length = lengths[place]!;
    if (length === 0) throw this.damaged('a section is missing', at);
    const bytes = new Uint8Array(length);
    this.readFile(bytes, 0, length, at);
    return [at, this.openSection(bytes, 0, length, at, kind)];
  }

  /** Checks a section. @returns its plain body, a view or a copy */
  private openSection(bytes: Bytes, at: number, length: number, offset: number, kind: number): Bytes {
    const { meta, cipher } = this;
    const what = checkPiece(bytes, at, length, meta.id, offset, cipher !== undefined);
    if (what !== '') throw this.damaged(what, offset);
    if (bytes[at + 10] !== kind)
      throw this.damaged(`section ${kind} expected, got ${bytes[at + 10]}`, offset);
    if (cipher === undefined) return bytes.subarray(at + PIECE_HEADER_BYTES, at + length);
    const body = new Uint8Array(length);
    const plain = openSealed(bytes, at, length, meta.id, offset, body, 0, cipher);
    if (plain < 0) throw this.damaged('a section does not authenticate', offset);
    return body.subarray(0, plain);
  }

  private loadTombstones(): TableRangeTombstone[] {
    const [at, body] = this.readSection(PLACE_TOMBSTONES, SECTION_TOMBSTONES);
    const tombstones = readTombstones(body, this.meta.rangeTombstoneCount, this.meta.commitSeq);
    if (tombstones === undefined) throw this.damaged('range tombstones: malformed', at);
    return tombstones;
  }

  /** @param offset  in the table */
  damaged(what: string, offset: number): LsmError {
    return corrupt(`table ${this.meta.id}: ${what}`, this.fileName, this.meta.offset + offset);
  }
}
