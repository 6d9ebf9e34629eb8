/** Values read in pieces: those that lie with their key, and the streaming shared with blobs. */
import { NO_BYTES, type Bytes } from '../base/bytes.js';
import { LsmError } from '../errors.js';
import type { ValueReader } from '../ordered-kv.js';

export abstract class PieceReader implements ValueReader {
  abstract readonly length: number;
  protected isClosed = false;

  abstract read(into: Bytes, offset: number, count: number, position: number): number;

  async *stream(start = 0, chunkBytes = 65_536): AsyncGenerator<Bytes> {
    try {
      for (let position = start; position < this.length;) {
        const chunk = new Uint8Array(Math.min(chunkBytes, this.length - position));
        const got = this.read(chunk, 0, chunk.length, position);
        if (got === 0) return;
        position += got;
        yield got === chunk.length ? chunk : chunk.subarray(0, got);
      }
    } finally {
      this.close();
    }
  }

  close(): void {
    this.isClosed = true;
  }

  /** @returns how many bytes there are to read. @throws LsmError Closed, BadRange */
  protected clamp(into: Bytes, offset: number, count: number, position: number): number {
    if (this.isClosed) throw new LsmError('the value reader is closed', 'Closed');
    const isWhole = Number.isInteger(offset) && Number.isInteger(count) && Number.isInteger(position);
    if (!isWhole || offset < 0 || count < 0 || position < 0 || offset + count > into.length) {
      throw new LsmError(
        `cannot read ${count} bytes at ${position} into ${into.length} bytes from ${offset}`,
        'BadRange',
      );
    }
    return Math.max(0, Math.min(count, this.length - position));
  }
}

/** A value in memory. */
export class InlineValueReader extends PieceReader {
  readonly length: number;

  constructor(private bytes: Bytes) {
    super();
    this.length = bytes.length;
  }

  read(into: Bytes, offset: number, count: number, position: number): number {
    const n = this.clamp(into, offset, count, position);
    if (n > 0) into.set(this.bytes.subarray(position, position + n), offset);
    return n;
  }

  override close(): void {
    super.close();
    this.bytes = NO_BYTES;
  }
}
