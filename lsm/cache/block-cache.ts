/**
 * Blocks of tables in memory, bounded in bytes. Knows nothing of files: who misses a block reads it himself, into the
 * place that `reserve` gives, and calls `commit` when it has proved good.
 *
 * Blocks up to `frameBytes` lie in frames (frame-pool.ts), in a few big chunks that are allocated when first needed; a frame
 * is taken from the block of its size that was not used for longest (CLOCK), and a size whose blocks leave sooner than
 * those of another gets a chunk of that one. Taking a frame adds one to its generation: a cursor that kept frame and
 * generation asks `isCurrent` whether its block left. Longer blocks: see oversize-blocks.ts.
 *
 * The indexes and filters of open tables count against the same budget: see `claimMeta`; so does what is lent to work on
 * much of the store at once: see work-memory.ts. All results are in registers.
 */
import { NO_BYTES, type Bytes } from '../base/bytes.js';
import { checked, invariant } from '../base/invariant.js';
import { letGo } from '../base/let-go.js';
import { FramePool } from './frame-pool.js';
import { MetaAccount, type MetaShare } from './meta-account.js';
import { OversizeBlocks } from './oversize-blocks.js';

const CHUNK_BYTES = 1024 * 1024;
/** `frame` of a block that lies in no frame and stays where it is. */
export const NO_FRAME = -1;
/** `frame` of the oversize block in slot 0; others follow downwards. */
const FIRST_OVERSIZE = -2;
/** So many frames exist whatever the budget, so that a few blocks can be in use at once. */
const MIN_FRAMES = 4;
/** Indexes of tables may take this much even when the budget is 0: nothing can be read without them. */
const MIN_META_BYTES = 64 * 1024;
/** This share of the budget is never lent: what work reads again and again has to lie somewhere. */
const KEPT_SHARE = 1 / 8;
const EXPIRED = 0xdb;
/** At most so many numbers may be noted beside a frame. */
const MAX_NOTES = 42;
/** A frame of fewer bytes has room for fewer: these, and two for each of this many bytes. */
const LEAST_NOTES = 10;
const BYTES_PER_NOTES = 512;

/** The numbers of a frame begin with the cache's own: the table of its block (low 32 bits, and above), */
const TABLE_LOW = 0;
/** or NO_TABLE, */
const TABLE_HIGH = 1;
/** the block, */
const BLOCK = 2;
/** its length, */
const LENGTH = 3;
/** the frame's generation, */
const GENERATION = 4;
/** how often the clock spares it; */
const USES = 5;
/** then come the reader's notes. */
const NOTES = 6;
/** Numbers in a line of memory: those of a frame fill whole lines. */
const LINE_NUMBERS = 16;
const NO_TABLE = -1;
const TWO_32 = 4_294_967_296;

export interface CacheStats {
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  /** Bytes held: frames, oversize blocks, indexes and filters. */
  readonly bytes: number;
  readonly frameBytes: number;
  readonly oversizeBytes: number;
  readonly metaBytes: number;
  /** Bytes that work takes beside the cache. */
  readonly lentBytes: number;
  /** Blocks held. */
  readonly blocks: number;
}

export class BlockCache {
  /** After `find` or `reserve`: the block is `bytes[base, base + length)`, valid until its frame is taken. */
  bytes: Bytes = NO_BYTES;
  base = 0;
  length = 0;
  /**
   * To ask `isCurrent(frame, generation)` later. 0 or more: a frame; NO_FRAME: an array that nobody else uses; below:
   * an oversize block.
   */
  frame = NO_FRAME;
  generation = 0;
  /**
   * What is known of each frame, close together, for each line of memory costs a wait: numbers of the cache, and from
   * `notesOf(frame)` on `notesPerFrame` of whoever reads blocks, which stay as long as the block does. Replaced when it
   * grows: read it through the cache.
   */
  numbers = new Int32Array(0);
  /** How many frames were taken from their blocks: as long as it stays the same, what lay in any frame still does. */
  expiries = 0;
  readonly frameBytes: number;
  readonly notesPerFrame: number;
  private readonly numbersPerFrame: number;

  private hits = 0;
  private misses = 0;
  private evictions = 0;

  private readonly pool: FramePool;
  /** The size of the frame last asked for. */
  private lastClass = 0;
  private usedFrames = 0;
  /** Open addressing: frame + 1, or 0. */
  private slots = new Int32Array(16);
  private slotMask = 15;
  private pendingFrame = -1;

  private readonly oversize: OversizeBlocks;
  private pendingOversize: Bytes | undefined = undefined;

  /** The budget, less what is lent. */
  private budgetBytes: number;
  private lentBytes = 0;

  private readonly meta = new MetaAccount();

  private readonly keepsBlocks: boolean;

  /**
   * @param cacheBytes     the budget; 0: nothing is kept, a few frames are used in turn
   * @param blockBytes     length of the usual block
   * @param isScribbling   overwrite what expires, so that stale views show
   */
  constructor(
    private readonly cacheBytes: number,
    blockBytes: number,
    private readonly isScribbling = checked,
  ) {
    this.frameBytes = (blockBytes + 63) & ~63;
    this.notesPerFrame = Math.min(MAX_NOTES, LEAST_NOTES + 2 * Math.floor(this.frameBytes / BYTES_PER_NOTES));
    this.numbersPerFrame = (NOTES + this.notesPerFrame + LINE_NUMBERS - 1) & ~(LINE_NUMBERS - 1);
    this.keepsBlocks = cacheBytes > 0;
    this.budgetBytes = cacheBytes;
    this.oversize = new OversizeBlocks(cacheBytes / 2, Math.max(64, this.frameBytes >>> 2), isScribbling);
    this.pool = new FramePool(this.frameBytes, Math.min(CHUNK_BYTES, cacheBytes / 8));
  }

  /** Looks for a block; the result is in the registers. Marks it as used. */
  find(tableId: number, block: number): boolean {
    const { slots, slotMask, numbers, numbersPerFrame } = this;
    const low = tableId | 0;
    const high = (tableId / TWO_32) | 0;
    for (let slot = hashOf(low, block) & slotMask; ; slot = (slot + 1) & slotMask) {
      const frame = slots[slot]! - 1;
      if (frame < 0) break;
      const at = frame * numbersPerFrame;
      if (numbers[at] === low && numbers[at + BLOCK] === block && numbers[at + TABLE_HIGH] === high) {
        this.hits++;
        if (numbers[at + USES] !== 2) numbers[at + USES] = 2;
        this.pointTo(frame);
        this.length = numbers[at + LENGTH]!;
        return true;
      }
    }
    if (this.oversize.count > 0 && this.findOversize(tableId, block)) return true;
    this.misses++;
    return false;
  }

  /**
   * Looks for many blocks, each step for all of them before the next: the waits for memory overlap.
   * @param tables, blocks  of each; a block below 0 is not looked for
   * @param frames  gets the frame of each, -1: it lies in none
   * @returns a number that tells nothing
   */
  findFrames(tables: Float64Array, blocks: Int32Array, count: number, frames: Int32Array): number {
    const { slots, slotMask, numbers, numbersPerFrame } = this;
    for (let i = 0; i < count; i++) {
      const block = blocks[i]!;
      frames[i] = block < 0 ? -1 : slots[hashOf(tables[i]! | 0, block) & slotMask]! - 1;
    }
    let touched = 0;
    for (let i = 0; i < count; i++) {
      const at = frames[i]! * numbersPerFrame;
      if (at < 0) continue;
      touched += numbers[at]!;
      for (let line = LINE_NUMBERS; line < numbersPerFrame; line += LINE_NUMBERS)
        touched += numbers[at + line]!;
    }
    for (let i = 0; i < count; i++)
      if (frames[i]! >= 0) frames[i] = this.frameFrom(frames[i]!, tables[i]!, blocks[i]!);
    return touched;
  }

  /** The frame of a block, if it is the one its slot tells first, or else by its slots. */
  private frameFrom(frame: number, tableId: number, block: number): number {
    const { numbers } = this;
    const at = frame * this.numbersPerFrame;
    const isIt =
      numbers[at] === (tableId | 0) &&
      numbers[at + BLOCK] === block &&
      numbers[at + TABLE_HIGH] === ((tableId / TWO_32) | 0);
    if (!isIt) return this.find(tableId, block) ? Math.max(-1, this.frame) : -1;
    this.hits++;
    if (numbers[at + USES] !== 2) numbers[at + USES] = 2;
    return frame;
  }

  private findOversize(tableId: number, block: number): boolean {
    const found = this.oversize.find(tableId, block);
    if (found === undefined) return false;
    this.hits++;
    this.bytes = found.bytes;
    this.base = 0;
    this.length = found.length;
    this.pointToOversize(found.slot);
    return true;
  }

  private pointToOversize(slot: number): void {
    this.frame = FIRST_OVERSIZE - slot;
    this.generation = this.oversize.generations[slot]!;
  }

  /** Whether the block that `frame` and `generation` once told of is still there. */
  isCurrent(frame: number, generation: number): boolean {
    if (frame >= 0) return this.numbers[frame * this.numbersPerFrame + GENERATION] === generation;
    return frame === NO_FRAME || this.oversize.generations[FIRST_OVERSIZE - frame] === generation;
  }

  /** Gives a place for a block of `length` bytes, in the registers; it is nobody's until `commit`. */
  reserve(length: number): void {
    this.length = length;
    if (length > this.frameBytes) {
      this.reserveOversize(length);
      return;
    }
    const { pool } = this;
    // One that was reserved, and whose block was not read, may be too small.
    if (this.pendingFrame >= 0 && pool.sizeOf(this.pendingFrame) < length) {
      pool.giveBack(this.pendingFrame);
      this.pendingFrame = -1;
    }
    if (this.pendingFrame < 0) this.pendingFrame = this.takeFrame(pool.classFor(length));
    this.pointTo(this.pendingFrame);
  }

  private reserveOversize(length: number): void {
    const { oversize, pendingOversize } = this;
    if (pendingOversize !== undefined) oversize.giveBack(pendingOversize);
    this.pendingOversize = undefined;
    this.base = 0;
    this.frame = NO_FRAME;
    if (!this.keepsBlocks || !oversize.hasRoomFor(length)) {
      this.bytes = new Uint8Array(length);
      return;
    }
    this.pendingOversize = oversize.take(length);
    this.bytes = this.pendingOversize;
    this.shrink();
  }

  /** The place last reserved now holds this block. A cold one is the first to go. */
  commit(tableId: number, block: number, isCold: boolean): void {
    if (this.frame < 0) {
      if (this.pendingOversize === undefined) return;
      this.pendingOversize = undefined;
      this.pointToOversize(this.oversize.insert(tableId, block, this.bytes, this.length));
      return;
    }
    const frame = this.frame;
    invariant(frame === this.pendingFrame, 'a block is committed where it was reserved');
    this.pendingFrame = -1;
    if (!this.keepsBlocks) return;
    const { numbers } = this;
    const at = frame * this.numbersPerFrame;
    numbers[at + TABLE_LOW] = tableId | 0;
    numbers[at + TABLE_HIGH] = (tableId / TWO_32) | 0;
    numbers[at + BLOCK] = block;
    numbers[at + LENGTH] = this.length;
    numbers[at + USES] = isCold ? 0 : 1;
    this.usedFrames++;
    this.insertSlot(frame);
  }

  /** Puts the block of a frame into the registers. */
  show(frame: number): void {
    this.pointTo(frame);
    this.length = this.numbers[frame * this.numbersPerFrame + LENGTH]!;
  }

  private pointTo(frame: number): void {
    const { pool } = this;
    this.bytes = pool.bytesOf(frame);
    this.base = pool.baseOf(frame);
    this.frame = frame;
    this.generation = this.numbers[frame * this.numbersPerFrame + GENERATION]!;
  }

  /** Where the reader's notes of a frame begin in `numbers`. */
  notesOf(frame: number): number {
    return frame * this.numbersPerFrame + NOTES;
  }

  /** A view of the array that a frame lies in. */
  viewOf(frame: number): DataView {
    return this.pool.views[frame >>> this.pool.shift]!;
  }

  /** Whether a further block of the size last read can be held without another one leaving. */
  get hasRoom(): boolean {
    return this.keepsBlocks && (this.pool.hasFree(this.lastClass) || this.hasRoomForChunk());
  }

  private hasRoomForChunk(): boolean {
    return this.heldBytes() + this.pool.chunkBytes <= this.budgetBytes;
  }

  private get hasMinimum(): boolean {
    return this.pool.chunks.length * this.pool.framesOfLargest >= MIN_FRAMES;
  }

  private takeFrame(wanted: number): number {
    const { pool } = this;
    if (!this.keepsBlocks) return this.nextScratchFrame();
    const frameClass = pool.usableFor(wanted);
    this.lastClass = frameClass;
    const free = pool.takeFree(frameClass);
    if (free !== undefined) return free;
    if (!this.hasMinimum || this.hasRoomForChunk()) this.addChunk(frameClass);
    else {
      const chunk = pool.chunkFor(frameClass);
      if (chunk >= 0) {
        this.empty(chunk);
        pool.recut(chunk, frameClass);
      }
    }
    return pool.takeFree(frameClass) ?? this.takeUsed(frameClass);
  }

  /** The frame of the block of that size that was not used for longest. */
  private takeUsed(frameClass: number): number {
    const { pool, numbers, numbersPerFrame } = this;
    for (;;) {
      const frame = pool.nextOf(frameClass);
      const at = frame * numbersPerFrame;
      if (numbers[at + USES]! > 0) numbers[at + USES]!--;
      else if (numbers[at + TABLE_HIGH] !== NO_TABLE) {
        pool.noteTaken(frameClass);
        this.evict(frame);
        return frame;
      }
    }
  }

  /** Gives up all blocks of a chunk. */
  private empty(first: number): void {
    const { numbers, numbersPerFrame, pool } = this;
    for (let frame = first; frame < first + (1 << pool.shift); frame++) {
      const at = frame * numbersPerFrame;
      if (numbers[at + TABLE_HIGH] !== NO_TABLE) this.evict(frame);
      else numbers[at + GENERATION]!++;
      if (this.pendingFrame === frame) this.pendingFrame = -1;
    }
    // What is found there later does not lie where it did.
    this.expiries++;
  }

  /** Nothing is kept: the frames are used in turn. */
  private nextScratchFrame(): number {
    const { pool } = this;
    if (!this.hasMinimum) {
      this.addChunk(pool.sizes.length - 1);
      return pool.takeFree(pool.sizes.length - 1)!;
    }
    const frame = pool.nextOf(pool.sizes.length - 1);
    this.expire(frame);
    return frame;
  }

  private evict(frame: number): void {
    this.evictions++;
    this.forget(frame);
  }

  private forget(frame: number): void {
    this.removeSlot(frame);
    this.numbers[frame * this.numbersPerFrame + TABLE_HIGH] = NO_TABLE;
    this.usedFrames--;
    this.expire(frame);
  }

  private expire(frame: number): void {
    this.expiries++;
    this.numbers[frame * this.numbersPerFrame + GENERATION]!++;
    if (!this.isScribbling) return;
    const { pool } = this;
    const base = pool.baseOf(frame);
    pool.chunks[frame >>> pool.shift]!.fill(EXPIRED, base, base + pool.sizeOf(frame));
  }

  private heldBytes(): number {
    return this.pool.heldBytes + this.oversize.heldBytes + this.meta.bytes;
  }

  private addChunk(frameClass: number): void {
    const { pool } = this;
    const from = pool.frameEnd;
    pool.addChunk(frameClass);
    const room = this.numbers.length / this.numbersPerFrame;
    if (pool.frameEnd > room) this.growFrames(Math.max(pool.frameEnd, from * 2));
    for (let frame = from; frame < pool.frameEnd; frame++)
      this.numbers[frame * this.numbersPerFrame + TABLE_HIGH] = NO_TABLE;
  }

  private growFrames(length: number): void {
    const numbers = new Int32Array(length * this.numbersPerFrame);
    numbers.set(this.numbers);
    this.numbers = numbers;
    let slotCount = this.slots.length;
    while (slotCount < length * 2) slotCount *= 2;
    if (slotCount === this.slots.length) return;
    const old = this.slots;
    this.slots = new Int32Array(slotCount);
    this.slotMask = slotCount - 1;
    for (const value of old) if (value > 0) this.insertSlot(value - 1);
  }

  /**
   * Gives chunks back until the budget holds again.
   * @param isUrgent  their memory is needed now, and nothing is being read
   */
  private shrink(isUrgent = false): void {
    const { pool } = this;
    while (
      this.heldBytes() > this.budgetBytes &&
      (pool.chunks.length - 1) * pool.framesOfLargest >= MIN_FRAMES
    ) {
      this.empty(pool.frameEnd - (1 << pool.shift));
      const chunk = pool.removeLast();
      if (isUrgent) letGo(chunk);
    }
  }

  /** The slot where the block of a frame would lie best. */
  private homeOf(frame: number): number {
    const at = frame * this.numbersPerFrame;
    return hashOf(this.numbers[at + TABLE_LOW]!, this.numbers[at + BLOCK]!) & this.slotMask;
  }

  private insertSlot(frame: number): void {
    const { slots, slotMask } = this;
    let slot = this.homeOf(frame);
    while (slots[slot] !== 0) slot = (slot + 1) & slotMask;
    slots[slot] = frame + 1;
  }

  private removeSlot(frame: number): void {
    const { slots, slotMask } = this;
    let hole = this.homeOf(frame);
    while (slots[hole] !== frame + 1) hole = (hole + 1) & slotMask;
    // Those behind that may lie here move up, so that no search ends too early.
    for (let slot = (hole + 1) & slotMask; slots[slot] !== 0; slot = (slot + 1) & slotMask) {
      const other = slots[slot]! - 1;
      const home = this.homeOf(other);
      if (((slot - home) & slotMask) >= ((slot - hole) & slotMask)) {
        slots[hole] = slots[slot]!;
        hole = slot;
      }
    }
    slots[hole] = 0;
  }

  /** Forgets every block of a table that is gone. */
  dropTable(tableId: number): void {
    const low = tableId | 0;
    const high = (tableId / TWO_32) | 0;
    for (let frame = 0; frame < this.pool.frameEnd; frame++) {
      const at = frame * this.numbersPerFrame;
      if (this.numbers[at + TABLE_LOW] !== low || this.numbers[at + TABLE_HIGH] !== high) continue;
      this.forget(frame);
      this.pool.giveBack(frame);
    }
    this.oversize.dropTable(tableId);
  }

  /**
   * Lends memory to work, or takes it back: the blocks make do with the rest of the budget, as far as it is lent at all.
   * @param bytes  more than before; negative: fewer
   */
  lend(bytes: number): void {
    this.lentBytes += bytes;
    invariant(this.lentBytes >= 0, 'the cache takes back what it lent');
    this.budgetBytes = Math.max(this.cacheBytes * KEPT_SHARE, this.cacheBytes - this.lentBytes);
    this.shrink(true);
  }

  /** Bytes that indexes and filters may take together. */
  get metaLimit(): number {
    return Math.max(MIN_META_BYTES, this.budgetBytes / 2);
  }

  /**
   * Puts the memory of a table on the account, at the expense of what was not used since the clock last passed; when it
   * is needed, at the expense of anything.
   * @returns false when there is no room; always true when `isNeeded`
   */
  claimMeta(share: MetaShare, bytes: number, isNeeded: boolean): boolean {
    const { meta, metaLimit, lentBytes } = this;
    if (!meta.claim(share, bytes, metaLimit, isNeeded, lentBytes > 0)) return false;
    this.shrink();
    return true;
  }

  /** Takes the memory of a table off the account; nothing is claimed is fine. */
  returnMeta(share: MetaShare): void {
    this.meta.giveBack(share);
  }

  stats(): CacheStats {
    return {
      hits: this.hits,
      misses: this.misses,
      evictions: this.evictions + this.oversize.evictions,
      bytes: this.heldBytes(),
      frameBytes: this.pool.heldBytes,
      oversizeBytes: this.oversize.heldBytes,
      metaBytes: this.meta.bytes,
      lentBytes: this.lentBytes,
      blocks: this.usedFrames + this.oversize.count,
    };
  }
}

function hashOf(tableLow: number, block: number): number {
  const h = Math.imul(tableLow, -1640531535) ^ Math.imul(block, -2048144789);
  return h ^ (h >>> 15);
}
