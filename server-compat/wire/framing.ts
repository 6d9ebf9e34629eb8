/**
 * Cuts the bytes of a socket into messages. A message that came in one piece is a view of that piece; one that came in
 * several is put together once, in an array of its exact length.
 */
import { HEADER_BYTES, MAX_MESSAGE_BYTES, readInt32Le, WireError } from './header.js';

export class FrameReader {
  /** What has come and was not returned yet: pieces in order. */
  private pieces: Uint8Array[] = [];
  private offset = 0;
  private available = 0;

  /** @param maxMessageBytes  may be changed: it concerns the messages whose length was not looked at yet */
  constructor(public maxMessageBytes = MAX_MESSAGE_BYTES) {}

  /** Bytes that wait for the rest of their message. */
  get waitingBytes(): number {
    return this.available;
  }

  /** Whether a whole message waits, or one that cannot be. */
  get hasMessage(): boolean {
    return this.available >= 4 && this.available >= readInt32Le(this.peek(4), 0);
  }

  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.pieces.push(piece);
    this.available += piece.length;
  }

  /**
   * @returns the next whole message, header included, or undefined until more has come
   * @throws WireError if the length in its header cannot be
   */
  next(): Uint8Array | undefined {
    if (this.available < 4) return undefined;
    const length = readInt32Le(this.peek(4), 0);
    if (length < HEADER_BYTES || length > this.maxMessageBytes)
      throw new WireError(
        `a message of ${length} bytes; expected ${HEADER_BYTES} to ${this.maxMessageBytes}`,
      );
    return this.available < length ? undefined : this.take(length);
  }

  private peek(count: number): Uint8Array {
    const first = this.pieces[0]!;
    if (first.length - this.offset >= count) return first.subarray(this.offset, this.offset + count);
    const bytes = new Uint8Array(count);
    this.copyInto(bytes);
    return bytes;
  }

  /** Copies the first bytes that wait, without taking them. */
  private copyInto(bytes: Uint8Array): void {
    let filled = 0;
    let from = this.offset;
    for (const piece of this.pieces) {
      const count = Math.min(piece.length - from, bytes.length - filled);
      bytes.set(piece.subarray(from, from + count), filled);
      filled += count;
      from = 0;
      if (filled === bytes.length) return;
    }
  }

  private take(length: number): Uint8Array {
    const message = this.peek(length);
    this.available -= length;
    let left = length;
    while (left > 0) {
      const rest = this.pieces[0]!.length - this.offset;
      if (rest > left) {
        this.offset += left;
        return message;
      }
      left -= rest;
      this.pieces.shift();
      this.offset = 0;
    }
    return message;
  }
}
