/**
 * The memory of a block cache: chunks, each cut into frames of one size. Blocks are as long as their entries make them, and a
 * frame for the longest of them would be half empty under many: so there are sizes from the whole down to a half, in
 * steps of an eighth, and a chunk changes its size as blocks of another one need room.
 *
 * A frame has a number: its chunk's, and behind `shift` bits its place in the chunk. All numbers of a chunk are there,
 * whatever its size; those behind its last frame are not used.
 */
import type { Bytes } from '../base/bytes.js';

const STEPS = 8;
const SMALLEST_STEPS = 4;
/** Frames begin with a line of memory. */
const LINE_BYTES = 64;
/** Chunks of fewer frames are not cut into smaller ones: a few blocks have to be in use at once. */
const LEAST_FRAMES = 8;
/** A size takes a chunk of another one when so many times as large a share of its own frames was taken meanwhile. */
const MORE_TAKEN = 2;
/** A size gets its first chunk when so large a part of one would be used. */
const WORTH_A_CHUNK = 1 / 2;

export class FramePool {
  /** Bytes of a chunk. */
  readonly chunkBytes: number;
  /** Numbers of frames of a chunk: 1 << shift. */
  readonly shift: number;
  /** Sizes of frames, ascending; a class is an index of them. */
  readonly sizes: readonly number[];
  readonly chunks: Uint8Array<ArrayBuffer>[] = [];
  readonly views: DataView[] = [];
  /** Of each chunk. */
  private readonly classes: number[] = [];
  /** The bytes of a frame of each chunk. */
  private readonly frameSizes: number[] = [];
  /** Of each class: frames that hold nothing, its chunks, and where its clock stands: in which of these, at which frame. */
  private readonly free: number[][];
  private readonly chunksOf: number[][];
  private readonly handChunk: number[];
  private readonly handFrame: number[];
  /** Of each class, since classes were last compared: frames taken from their blocks, */
  private readonly taken: number[];
  /** in all, */
  private takes = 0;
  /** and blocks that lie in larger frames, because the class has none. */
  private readonly wanted: number[];
  private readonly framesPerChunk: readonly number[];

  /**
   * @param frameBytes  of the largest frames
   * @param chunkBytes  of a chunk at most, unless it has one frame
   */
  constructor(frameBytes: number, chunkBytes: number) {
    let whole = 1;
    while (frameBytes * whole * 2 <= chunkBytes) whole *= 2;
    this.chunkBytes = whole * frameBytes;
    const sizes: number[] = [];
    for (let steps = SMALLEST_STEPS; whole >= LEAST_FRAMES && steps < STEPS; steps++) {
      const size = Math.ceil((frameBytes * steps) / STEPS / LINE_BYTES) * LINE_BYTES;
      if (size < frameBytes && size !== sizes[sizes.length - 1]) sizes.push(size);
    }
    sizes.push(frameBytes);
    this.sizes = sizes;
    this.framesPerChunk = sizes.map((size) => Math.floor(this.chunkBytes / size));
    this.shift = 32 - Math.clz32(this.framesPerChunk[0]! - 1);
    this.free = sizes.map(() => []);
    this.chunksOf = sizes.map(() => []);
    this.handChunk = sizes.map(() => 0);
    this.handFrame = sizes.map(() => 0);
    this.taken = sizes.map(() => 0);
    this.wanted = sizes.map(() => 0);
  }

  /** Numbers of frames that there are, used or not. */
  get frameEnd(): number {
    return this.chunks.length << this.shift;
  }

  /** How many of the largest a chunk has. */
  get framesOfLargest(): number {
    return this.framesPerChunk[this.framesPerChunk.length - 1]!;
  }

  get heldBytes(): number {
    return this.chunks.length * this.chunkBytes;
  }

  /** The class of the smallest frames that hold so many bytes, which are no more than the largest do. */
  classFor(length: number): number {
    const { sizes } = this;
    let found = 0;
    while (sizes[found]! < length) found++;
    return found;
  }

  private classOf(frame: number): number {
    return this.classes[frame >>> this.shift]!;
  }

  bytesOf(frame: number): Bytes {
    return this.chunks[frame >>> this.shift]!;
  }

  /** Where the frame begins in its chunk. */
  baseOf(frame: number): number {
    return (frame & ((1 << this.shift) - 1)) * this.frameSizes[frame >>> this.shift]!;
  }

  sizeOf(frame: number): number {
    return this.frameSizes[frame >>> this.shift]!;
  }

  hasFree(frameClass: number): boolean {
    return this.free[frameClass]!.length > 0;
  }

  /** A frame that holds nothing; undefined: there is none. */
  takeFree(frameClass: number): number | undefined {
    return this.free[frameClass]!.pop();
  }

  giveBack(frame: number): void {
    this.free[this.classOf(frame)]!.push(frame);
  }

  /** The next frame of a class that has some, in their order, again and again. */
  nextOf(frameClass: number): number {
    const chunks = this.chunksOf[frameClass]!;
    const at = this.handFrame[frameClass]!;
    const chunk = chunks[this.handChunk[frameClass]!]!;
    if (at + 1 < this.framesPerChunk[frameClass]!) this.handFrame[frameClass] = at + 1;
    else {
      this.handFrame[frameClass] = 0;
      this.handChunk[frameClass] = (this.handChunk[frameClass]! + 1) % chunks.length;
    }
    return (chunk << this.shift) + at;
  }

  /** Tells that a frame of the class was taken from its block. */
  noteTaken(frameClass: number): void {
    this.taken[frameClass]!++;
    this.takes++;
  }

  /**
   * Whether a chunk of another size is to be cut into frames of this class, because blocks of the class leave much sooner:
   * looked at now and then.
   * @returns the first frame of the chunk, the one that was not used for longest; -1: none is
   */
  chunkFor(frameClass: number): number {
    if (this.chunksOf[frameClass]!.length === 0) return this.chunkAtHand(this.leastTaken(frameClass));
    if (this.takes < this.framesOfLargest) return -1;
    const giver = this.leastTaken(frameClass);
    const isGiven = giver >= 0 && this.shareTaken(giver) * MORE_TAKEN < this.shareTaken(frameClass);
    this.takes = 0;
    this.taken.fill(0);
    this.wanted.fill(0);
    return isGiven ? this.chunkAtHand(giver) : -1;
  }

  /**
   * In frames of which class a block of this one is to lie: in larger ones, as long as there are few such blocks.
   * @returns the class itself or a larger one; it need not have frames yet
   */
  usableFor(frameClass: number): number {
    const largest = this.sizes.length - 1;
    if (frameClass === largest || this.chunksOf[frameClass]!.length > 0) return frameClass;
    if (++this.wanted[frameClass]! >= this.framesOfLargest * WORTH_A_CHUNK && this.chunks.length > 1)
      return frameClass;
    let larger = frameClass + 1;
    while (larger < largest && this.chunksOf[larger]!.length === 0) larger++;
    return larger;
  }

  /** The class with chunks whose blocks stay longest; -1: no other has any. */
  private leastTaken(besides: number): number {
    let found = -1;
    for (let other = 0; other < this.sizes.length; other++) {
      if (other === besides || this.chunksOf[other]!.length === 0) continue;
      if (found < 0 || this.shareTaken(other) < this.shareTaken(found)) found = other;
    }
    return found;
  }

  private shareTaken(frameClass: number): number {
    return this.taken[frameClass]! / (this.chunksOf[frameClass]!.length * this.framesPerChunk[frameClass]!);
  }

  /** The first frame of the chunk that the clock of a class comes to next, or is in. */
  private chunkAtHand(frameClass: number): number {
    return this.chunksOf[frameClass]![this.handChunk[frameClass]!]! << this.shift;
  }

  addChunk(frameClass: number): void {
    const chunk = new Uint8Array(this.chunkBytes);
    this.chunks.push(chunk);
    this.views.push(new DataView(chunk.buffer));
    this.classes.push(frameClass);
    this.frameSizes.push(this.sizes[frameClass]!);
    this.enlist(this.chunks.length - 1, frameClass);
  }

  /** Cuts the chunk of a frame anew. Whoever held something in it has given it up. */
  recut(frame: number, frameClass: number): void {
    const chunk = frame >>> this.shift;
    this.strike(chunk);
    this.classes[chunk] = frameClass;
    this.frameSizes[chunk] = this.sizes[frameClass]!;
    this.enlist(chunk, frameClass);
  }

  /** Takes the last chunk away, in which nothing is held. */
  removeLast(): Uint8Array<ArrayBuffer> {
    this.strike(this.chunks.length - 1);
    this.classes.pop();
    this.frameSizes.pop();
    this.views.pop();
    return this.chunks.pop()!;
  }

  private enlist(chunk: number, frameClass: number): void {
    this.chunksOf[frameClass]!.push(chunk);
    const free = this.free[frameClass]!;
    const first = chunk << this.shift;
    for (let n = this.framesPerChunk[frameClass]! - 1; n >= 0; n--) free.push(first + n);
  }

  private strike(chunk: number): void {
    const frameClass = this.classes[chunk]!;
    const chunks = this.chunksOf[frameClass]!;
    const place = chunks.indexOf(chunk);
    chunks.splice(place, 1);
    this.free[frameClass] = this.free[frameClass]!.filter((frame) => frame >>> this.shift !== chunk);
    const hand = this.handChunk[frameClass]!;
    if (place === hand) this.handFrame[frameClass] = 0;
    if (place < hand) this.handChunk[frameClass] = hand - 1;
    else if (hand >= chunks.length) this.handChunk[frameClass] = 0;
  }
}
