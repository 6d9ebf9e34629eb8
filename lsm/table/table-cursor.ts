/**
 * A cursor over the entries of a table. Single blocks come from the cache; a scan that misses several blocks in a row
 * of a full cache reads ahead into a buffer of its own, and leaves the cache to others.
 *
 * The block under the cursor may leave the cache at any other read: the cursor notices by the frame's generation, and
 * loads it again when it moves, or when `refresh` is called.
 */
import { NO_BYTES, compareBytes, type Bytes } from '../base/bytes.js';
import { NO_FRAME } from '../cache/block-cache.js';
import { KIND_LZ4 } from '../key/entry-kind.js';
import type { EntrySpan } from '../base/entry-span.js';
import { BlockSpans } from './block-spans.js';
import type { BlockLoader } from './block-loader.js';
import { readThrough } from './lz4.js';
import type { TableIndex } from './table-index.js';
import type { TableReader } from './table-reader.js';

export interface TableCursorOptions {
  /** Bytes read at once by a scan. Default 256 KiB. */
  readonly readAheadBytes?: number;
  /** False: reads ahead from the first block on, never looks into the cache. Default true. */
  readonly useCache?: boolean;
  /** Where buffers for reading ahead come from, and return to when the cursor closes. Default: new ones. */
  readonly windows?: ReadWindows;
}

/**
 * Buffers for reading ahead, used again: as garbage they would pile up faster than they are collected, for a thread that
 * merges makes little else.
 */
export class ReadWindows {
  private readonly spares: Bytes[] = [];

  /** @param bytes  of each; @param most  so many are kept */
  constructor(
    readonly bytes: number,
    private readonly most: number,
  ) {}

  take(bytes: number): Bytes {
    const spare = bytes <= this.bytes ? this.spares.pop() : undefined;
    return spare ?? new Uint8Array(Math.max(bytes, this.bytes));
  }

  /** Takes back a buffer that nobody looks at any more. */
  give(window: Bytes): void {
    if (window.length === this.bytes && this.spares.length < this.most) this.spares.push(window);
  }
}

const NO_VIEW = new DataView(NO_BYTES.buffer);
const READ_AHEAD_BYTES = 256 * 1024;
/** The first read-ahead of a scan is this long, later ones twice as long as the one before. */
const FIRST_READ_AHEAD_BYTES = 64 * 1024;
/** So many blocks in a row are read one by one before reading ahead. */
const PATIENCE = 2;

export class TableCursor extends BlockSpans {
  /** The table under the cursor; undefined when there is none. */
  protected reader: TableReader | undefined;
  private readonly readAheadBytes: number;
  private readonly useCache: boolean;
  private readonly windows: ReadWindows | undefined;
  private blockNumber = -1;
  /** What was last asked of a block and a bound, spans of one scan ask it again and again. */
  private belowBlock = -1;
  private belowBound: Bytes | undefined = undefined;
  private isKnownBelow = false;
  /** Frame and generation of the block; NO_FRAME: it does not lie in the cache. */
  private frame = NO_FRAME;
  private generation = 0;
  /** Blocks missed in a row. */
  private missesInRow = 0;
  /** Bytes of the next read-ahead. */
  private aheadBytes: number;
  /** Blocks [windowFrom, windowTo) of `windowReader`, as on disk, the first of them at offset `windowOffset`. */
  private window: Bytes = NO_BYTES;
  private windowReader: TableReader | undefined = undefined;
  private windowFrom = 0;
  private windowTo = 0;
  private windowOffset = 0;
  private viewed: Bytes = NO_BYTES;
  private view = NO_VIEW;
  private loader: BlockLoader | undefined = undefined;
  private loaderOf: TableReader | undefined = undefined;

  constructor(reader: TableReader | undefined, options: TableCursorOptions = {}) {
    super();
    this.windows = options.windows;
    this.readAheadBytes = options.readAheadBytes ?? options.windows?.bytes ?? READ_AHEAD_BYTES;
    this.useCache = options.useCache ?? true;
    this.aheadBytes = this.useCache
      ? Math.min(FIRST_READ_AHEAD_BYTES, this.readAheadBytes)
      : this.readAheadBytes;
    this.reader = undefined;
    this.setReader(reader);
  }

  protected setReader(reader: TableReader | undefined): void {
    this.reader = reader;
    this.belowBlock = -1;
    this.fixedSeq = reader === undefined ? 0 : reader.meta.commitSeq;
  }

  override first(): void {
    this.startSeek();
    this.toFirst(0);
    if (!this.isValid) this.leaveForward();
  }

  override last(): void {
    this.startSeek();
    this.toLast(0);
    if (!this.isValid) this.leaveBackward();
  }

  override seekAtLeast(key: Bytes, offset: number, length: number): void {
    this.startSeek();
    const index = this.indexOrNone();
    if (index === undefined) return this.leaveForward();
    this.enterBlock(index.locate(key, offset, length), 0);
    super.seekAtLeast(key, offset, length);
    if (!this.isValid) this.nextBlock();
  }

  override seekBefore(key: Bytes, offset: number, length: number): void {
    this.startSeek();
    const index = this.indexOrNone();
    if (index === undefined) return this.leaveBackward();
    this.enterBlock(index.locate(key, offset, length), 0);
    super.seekBefore(key, offset, length);
    if (!this.isValid) this.previousBlock();
  }

  override next(): void {
    if (!this.isValid) return;
    if (!this.isBlockThere()) this.reload();
    if (!this.nextInBlock()) this.nextBlock();
  }

  override skipPlain(bound: Bytes | undefined, most: number): number {
    const { reader } = this;
    if (!this.isValid || reader!.meta.tombstoneCount > 0 || !this.isPlain) return 0;
    const limit = this.limitInBlock(bound);
    if (!this.isBlockThere()) this.reload();
    return this.skipInBlock(limit, most);
  }

  override take(bound: Bytes | undefined, maxSeq: number, most: number, span: EntrySpan): void {
    if (!this.isValid || this.fixedSeq > maxSeq) return;
    const limit = this.limitInBlock(bound);
    if (this.isBlockThere()) this.takeInBlock(limit, maxSeq, most, span);
  }

  override takeKeysBack(bound: Bytes | undefined, maxSeq: number, most: number, span: EntrySpan): number {
    if (!this.isValid || this.fixedSeq > maxSeq || !this.isBlockThere()) return 0;
    return this.takeKeysBackInBlock(bound, most, span);
  }

  private isBlockThere(): boolean {
    return this.frame === NO_FRAME || this.reader!.cache.isCurrent(this.frame, this.generation);
  }

  /** The bound, if keys of the block may lie beyond. May read the index, and blocks may leave the cache for it. */
  private limitInBlock(bound: Bytes | undefined): Bytes | undefined {
    if (bound === undefined) return undefined;
    if (bound !== this.belowBound || this.blockNumber !== this.belowBlock) {
      this.isKnownBelow = this.isBlockBelow(bound);
      this.belowBound = bound;
      this.belowBlock = this.blockNumber;
    }
    return this.isKnownBelow ? undefined : bound;
  }

  /** Whether all keys of the block are known to be < the bound. */
  private isBlockBelow(bound: Bytes): boolean {
    const { meta } = this.reader!;
    const index = this.reader!.needIndex();
    if (this.blockNumber < index.blockCount - 1) return index.isSeparatorBelow(this.blockNumber, bound);
    return meta.highKey !== undefined && compareBytes(meta.highKey, bound) < 0;
  }

  override previous(): void {
    if (!this.isValid) return;
    if (!this.isBlockThere()) this.reload();
    if (!this.previousInBlock()) this.previousBlock();
  }

  override refresh(): void {
    if (!this.isValid) return;
    if (!this.isBlockThere()) this.reload();
    if (this.kind === KIND_LZ4) this.offerView();
  }

  /** Whoever unpacks the value is spared making a view of the block, though cursors of a merge take turns. */
  private offerView(): void {
    const { block, frame } = this;
    if (frame >= 0) {
      readThrough(block, this.reader!.cache.viewOf(frame));
      return;
    }
    if (block !== this.viewed) {
      this.viewed = block;
      this.view = new DataView(block.buffer, block.byteOffset, block.byteLength);
    }
    readThrough(block, this.view);
  }

  override close(): void {
    super.close();
    this.belowBound = undefined;
    this.frame = NO_FRAME;
    this.viewed = NO_BYTES;
    this.view = NO_VIEW;
    this.windows?.give(this.window);
    this.window = NO_BYTES;
    this.windowReader = undefined;
    this.loader = undefined;
    this.loaderOf = undefined;
  }

  /** The table has no further entry: a run goes on with the next table. */
  protected leaveForward(): void {
    this.isValid = false;
  }

  protected leaveBackward(): void {
    this.isValid = false;
  }

  /** To the first entry of the table; isValid is false if there is none. `step` 1: the scan comes from the table before. */
  protected toFirst(step: number): void {
    this.isValid = false;
    if (this.indexOrNone() === undefined) return;
    this.enterBlock(0, step);
    super.first();
  }

  /** To the last entry of the table; isValid is false if there is none. `step` -1: the scan comes from the table behind. */
  protected toLast(step: number): void {
    this.isValid = false;
    const index = this.indexOrNone();
    if (index === undefined) return;
    this.enterBlock(index.blockCount - 1, step);
    super.last();
  }

  /** The index of the table, or undefined when there is no table, or no block in it. */
  private indexOrNone(): TableIndex | undefined {
    if (this.reader === undefined || this.reader.meta.entryCount === 0) return undefined;
    const index = this.reader.needIndex();
    return index.blockCount === 0 ? undefined : index;
  }

  private startSeek(): void {
    this.isValid = false;
    this.missesInRow = 0;
    if (this.useCache) this.aheadBytes = Math.min(FIRST_READ_AHEAD_BYTES, this.readAheadBytes);
  }

  private nextBlock(): void {
    const block = this.blockNumber + 1;
    if (block >= this.reader!.needIndex().blockCount) return this.leaveForward();
    this.enterBlock(block, 1);
    super.first();
  }

  private previousBlock(): void {
    const block = this.blockNumber - 1;
    if (block < 0) return this.leaveBackward();
    this.enterBlock(block, -1);
    super.last();
  }

  /** Loads a block and opens it; `step` tells how the scan came to it: 1 forward, -1 backward, 0 by a seek. */
  private enterBlock(block: number, step: number): void {
    const reader = this.reader!;
    const { cache, meta, fileName } = reader;
    this.isValid = false;
    if (this.useCache && cache.find(meta.id, block)) this.missesInRow = 0;
    else {
      if (this.isInWindow(block) || this.readsAhead(step)) {
        this.enterFromWindow(block, step);
        return;
      }
      reader.readBlock(block, step !== 0);
    }
    const position = meta.offset + reader.needIndex().offsets[block]!;
    this.blockNumber = block;
    this.frame = cache.frame;
    this.generation = cache.generation;
    this.openBlock(cache.bytes, cache.base, cache.length, fileName, position);
  }

  private readsAhead(step: number): boolean {
    if (!this.useCache) return true;
    // What fits into memory beside everything else is worth keeping: the next scan finds it.
    return step !== 0 && ++this.missesInRow > PATIENCE && !this.reader!.cache.hasRoom;
  }

  private isInWindow(block: number): boolean {
    return this.windowReader === this.reader && block >= this.windowFrom && block < this.windowTo;
  }

  private enterFromWindow(block: number, step: number): void {
    const reader = this.reader!;
    if (!this.isInWindow(block)) this.fillWindow(block, step);
    if (this.loader === undefined || this.loaderOf !== reader) {
      this.loader = reader.newLoader();
      this.loaderOf = reader;
    }
    const loader = this.loader;
    const offset = reader.needIndex().offsets[block]!;
    reader.decodeBlock(block, this.window, offset - this.windowOffset, loader);
    this.blockNumber = block;
    this.frame = NO_FRAME;
    this.openBlock(loader.bytes, loader.base, loader.length, reader.fileName, reader.meta.offset + offset);
  }

  /** Reads the block and, as many as fit, those which the scan comes to next. */
  private fillWindow(block: number, step: number): void {
    const reader = this.reader!;
    const { offsets, blockCount } = reader.needIndex();
    const limit = this.aheadBytes;
    let from = block;
    let to = block + 1;
    if (step < 0) while (from > 0 && offsets[to]! - offsets[from - 1]! <= limit) from--;
    else while (to < blockCount && offsets[to + 1]! - offsets[from]! <= limit) to++;
    const length = offsets[to]! - offsets[from]!;
    this.windowReader = undefined;
    if (this.window.length < length) this.growWindow(Math.max(length, this.aheadBytes));
    reader.readBlocks(from, to, this.window);
    this.windowReader = reader;
    this.windowFrom = from;
    this.windowTo = to;
    this.windowOffset = offsets[from]!;
    this.aheadBytes = Math.min(this.readAheadBytes, this.aheadBytes * 2);
  }

  private growWindow(bytes: number): void {
    const { windows } = this;
    windows?.give(this.window);
    this.window = windows === undefined ? new Uint8Array(bytes) : windows.take(bytes);
  }

  /** The block left the cache: loads it again, the cursor keeps its entry. */
  private reload(): void {
    const reader = this.reader!;
    const { cache } = reader;
    reader.needIndex();
    reader.loadBlock(this.blockNumber, true);
    this.frame = cache.frame;
    this.generation = cache.generation;
    this.rebaseBlock(cache.bytes, cache.base);
  }
}
