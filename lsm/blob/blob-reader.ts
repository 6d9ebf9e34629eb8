/**
 * Reads a blob, at any offset, chunk by chunk; see blob-format.ts for how it lies in its extents. Every chunk is verified
 * each time it comes from the file.
 *
 * The one chunk last read is kept in a `ChunkBuffer`. Reads are synchronous, so many readers can share one buffer:
 * thousands of open readers then cost their descriptors only.
 */
import { NO_BYTES, readU32, type Bytes } from '../base/bytes.js';
import { crc32 } from '../base/checksum.js';
import { totalBytes } from '../base/extent.js';
import { invariant } from '../base/invariant.js';
import type { Cipher } from '../env/cipher.js';
import type { File } from '../env/file-system.js';
import { corrupt } from '../errors.js';
import {
  CHUNK_BYTES,
  CRC_BYTES,
  IDENTITY_BYTES,
  chunkChecksum,
  storedBytes,
  writeIdentity,
} from './blob-format.js';
import type { BlobDescriptor } from './descriptor.js';

/** Room for one chunk, and whose it is. */
export class ChunkBuffer {
  bytes: Bytes = NO_BYTES;
  owner: BlobReader | undefined = undefined;
  /** Number of the chunk in `bytes`; meaningful while there is an owner. */
  chunk = 0;

  /** Makes room, and forgets what was there. */
  clear(bytes: number): void {
    this.owner = undefined;
    if (this.bytes.length < bytes) this.bytes = new Uint8Array(bytes);
  }
}

export class BlobReader {
  /** Bytes of the value. */
  readonly length: number;
  private readonly overhead: number;
  private readonly identity: Bytes;

  /**
   * @param fileName  for errors
   * @param buffer    may be shared by any number of readers
   * @throws LsmError Corrupt when the extents are too short for the value
   */
  constructor(
    private readonly file: File,
    private readonly descriptor: BlobDescriptor,
    private readonly cipher: Cipher | undefined = undefined,
    private readonly fileName: string = file.path,
    private readonly buffer: ChunkBuffer = new ChunkBuffer(),
  ) {
    this.length = descriptor.length;
    this.overhead = cipher === undefined ? 0 : cipher.overhead;
    this.identity = new Uint8Array(IDENTITY_BYTES);
    const stored = storedBytes(this.length, this.overhead);
    const room = totalBytes(descriptor.extents);
    if (room < stored) {
      const what = `blob ${descriptor.id} needs ${stored} bytes, its extents have ${room}`;
      throw corrupt(what, fileName, descriptor.extents[0]?.offset ?? 0);
    }
  }

  /**
   * Reads up to `count` bytes of the value from `position` into `into[offset…]`.
   * @returns how many bytes were read: 0 at or past the end
   * @throws LsmError Corrupt, Io
   */
  read(into: Bytes, offset: number, count: number, position: number): number {
    invariant(position >= 0 && offset >= 0, 'a blob is read before its start');
    const total = Math.max(0, Math.min(count, this.length - position, into.length - offset));
    for (let done = 0; done < total;) {
      const at = position + done;
      const chunk = Math.floor(at / CHUNK_BYTES);
      const inside = at - chunk * CHUNK_BYTES;
      const plain = this.chunkBytes(chunk);
      const taken = Math.min(total - done, this.plainLength(chunk) - inside);
      into.set(plain.subarray(inside, inside + taken), offset + done);
      done += taken;
    }
    return total;
  }

  /** The whole value, in an array of its own. */
  readAll(): Bytes {
    const value = new Uint8Array(this.length);
    this.read(value, 0, this.length, 0);
    return value;
  }

  /**
   * Reads all of the value and compares it with the descriptor's checksum.
   * @throws LsmError Corrupt, Io
   */
  verify(): void {
    let checksum = 0;
    for (let chunk = 0; chunk * CHUNK_BYTES < this.length; chunk++) {
      checksum = crc32(this.chunkBytes(chunk), 0, this.plainLength(chunk), checksum);
    }
    if (checksum !== this.descriptor.checksum) {
      const what = `blob ${this.descriptor.id} does not match its checksum`;
      throw corrupt(what, this.fileName, this.descriptor.extents[0]?.offset ?? 0);
    }
  }

  private plainLength(chunk: number): number {
    return Math.min(CHUNK_BYTES, this.length - chunk * CHUNK_BYTES);
  }

  /** The buffer, holding the plain bytes of a chunk from its start. */
  private chunkBytes(chunk: number): Bytes {
    const buffer = this.buffer;
    if (buffer.owner === this && buffer.chunk === chunk) return buffer.bytes;
    const length = this.plainLength(chunk) + this.overhead;
    buffer.clear(length + CRC_BYTES);
    const position = chunk * (CHUNK_BYTES + this.overhead + CRC_BYTES);
    this.readStored(buffer.bytes, length + CRC_BYTES, position);

    writeIdentity(this.identity, this.descriptor.id, chunk);
    const checksum = chunkChecksum(this.identity, buffer.bytes, 0, length);
    if (checksum !== readU32(buffer.bytes, length)) throw this.damaged(chunk, 'does not match its checksum');
    if (this.cipher !== undefined) {
      const plain = this.cipher.open(buffer.bytes, 0, length, buffer.bytes, 0, this.identity);
      if (plain < 0) throw this.damaged(chunk, 'does not open with the key of the file');
    }
    buffer.owner = this;
    buffer.chunk = chunk;
    return buffer.bytes;
  }

  /** Reads bytes of the stretch that the extents are together. */
  private readStored(into: Bytes, length: number, position: number): void {
    let start = 0;
    let done = 0;
    for (const extent of this.descriptor.extents) {
      const inside = position + done - start;
      if (inside < extent.bytes) {
        const count = Math.min(length - done, extent.bytes - inside);
        const got = this.file.read(into, done, count, extent.offset + inside);
        if (got < count) {
          const what = `the file ends inside blob ${this.descriptor.id}`;
          throw corrupt(what, this.fileName, extent.offset + inside + got);
        }
        done += count;
        if (done === length) return;
      }
      start += extent.bytes;
    }
  }

  private damaged(chunk: number, what: string): Error {
    const offset = this.offsetOf(chunk * (CHUNK_BYTES + this.overhead + CRC_BYTES));
    return corrupt(`chunk ${chunk} of blob ${this.descriptor.id} ${what}`, this.fileName, offset);
  }

  /** Byte of the file at which a byte of the stretch lies. */
  private offsetOf(position: number): number {
    let inside = position;
    for (const extent of this.descriptor.extents) {
      if (inside < extent.bytes) return extent.offset + inside;
      inside -= extent.bytes;
    }
    return 0;
  }
}
