/** A file over an array, for decoders that read one. */
import type { Bytes } from '../../lsm/base/bytes.js';
import type { File } from '../../lsm/env/file-system.js';

export class BytesFile implements File {
  readonly path = '/fuzz/file';

  constructor(public bytes: Bytes = new Uint8Array(0)) {}

  read(into: Bytes, offset: number, length: number, position: number): number {
    const n = Math.max(0, Math.min(length, this.bytes.length - position));
    if (n > 0) into.set(this.bytes.subarray(position, position + n), offset);
    return n;
  }

  write(from: Bytes, offset: number, length: number, position: number): void {
    if (position + length > this.bytes.length) this.truncate(position + length);
    this.bytes.set(from.subarray(offset, offset + length), position);
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  syncNow(): void {
    // nothing is ever lost
  }

  size(): number {
    return this.bytes.length;
  }

  truncate(length: number): void {
    const bytes = new Uint8Array(length);
    bytes.set(this.bytes.subarray(0, length));
    this.bytes = bytes;
  }

  close(): void {
    // nothing is held
  }
}
