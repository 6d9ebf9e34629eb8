/**
 * Memory for long replies, shared by all connections of a server. A reply that its client reads at once gives its place to
 * the next one, whose pages are there already; one that waits keeps it until it is sent.
 *
 * Places are cut from pieces so large that `malloc` maps each by itself, and gives it back to the system as a whole. Arrays
 * of their own would lie between others in its heap, which stays as large as a storm of slow readers once made it.
 */
import type { WriterMemory } from '../../elmo/index.js';

/** Shorter arrays are not worth a place. */
const LEAST_BYTES = 32 * 1024;
const UNIT_BYTES = 64 * 1024;
/** A writer that has come that far is likely to go on, and each larger place is a copy. */
const LEAST_UNITS = 4;
/** More than the 32 MiB up to which `malloc` may come to take memory from its heap. */
const PIECE_UNITS = 576;
/** Longer ones get memory of their own. */
const MOST_UNITS = PIECE_UNITS / 2;

class Piece {
  readonly buffer = new ArrayBuffer(PIECE_UNITS * UNIT_BYTES);
  used = 0;
  private readonly isTaken = new Uint8Array(PIECE_UNITS);

  /** @returns where a place of so many units begins; -1: there is none */
  take(units: number): number {
    const { isTaken } = this;
    let free = 0;
    for (let unit = 0; unit < PIECE_UNITS; unit++) {
      free = isTaken[unit] === 0 ? free + 1 : 0;
      if (free < units) continue;
      const first = unit + 1 - units;
      isTaken.fill(1, first, unit + 1);
      this.used += units;
      return first * UNIT_BYTES;
    }
    return -1;
  }

  give(offset: number, length: number): void {
    const first = offset / UNIT_BYTES;
    const units = length / UNIT_BYTES;
    this.isTaken.fill(0, first, first + units);
    this.used -= units;
  }
}

export class ReplyMemory implements WriterMemory {
  private readonly pieces: Piece[] = [];

  /** @param onGarbage  called when a piece is left to the collector */
  constructor(private readonly onGarbage: () => void = () => undefined) {}

  /** Bytes of all pieces. */
  get pieceBytes(): number {
    return this.pieces.length * PIECE_UNITS * UNIT_BYTES;
  }

  /** Bytes that are lent. */
  get lentBytes(): number {
    return this.pieces.reduce((sum, { used }) => sum + used * UNIT_BYTES, 0);
  }

  /** @returns at least `bytes`, with anything in them; undefined: get them elsewhere */
  take(bytes: number): Uint8Array | undefined {
    const units = Math.max(LEAST_UNITS, Math.ceil(bytes / UNIT_BYTES));
    if (bytes < LEAST_BYTES || units > MOST_UNITS) return undefined;
    for (const piece of this.pieces) {
      const offset = piece.take(units);
      if (offset >= 0) return new Uint8Array(piece.buffer, offset, units * UNIT_BYTES);
    }
    const piece = new Piece();
    this.pieces.push(piece);
    return new Uint8Array(piece.buffer, piece.take(units), units * UNIT_BYTES);
  }

  /** Whether the array is one that was taken from here. */
  has({ buffer }: Uint8Array): boolean {
    return this.pieces.some((piece) => piece.buffer === buffer);
  }

  /** Takes back what `take` gave; anything else is left alone. */
  give(bytes: Uint8Array): void {
    const index = this.pieces.findIndex((piece) => piece.buffer === bytes.buffer);
    const piece = this.pieces[index];
    if (piece === undefined) return;
    piece.give(bytes.byteOffset, bytes.length);
    if (piece.used === 0 && index > 0) this.drop(index);
  }

  /** Lets go of the piece that is kept for the next reply. */
  releaseIdle(): void {
    if (this.pieces[0]?.used === 0) this.pieces.splice(0, 1);
  }

  private drop(index: number): void {
    this.pieces.splice(index, 1);
    this.onGarbage();
  }
}
