/**
 * Writes a value of unknown length into extents of its own; see blob-format.ts for how it lies there.
 *
 * The extents are asked for as the value grows, each twice as long as the one before (64 KiB to 4 MiB); neighbours in
 * the file count as one. `finish` gives back every unit that is not needed. Until the owner publishes them the extents
 * are lent: whoever fails in between calls `abandon`, and nothing is left of the blob.
 */
import { NO_BYTES, writeU32, type Bytes } from '../base/bytes.js';
import { crc32 } from '../base/checksum.js';
import { EXTENT_UNIT, extentBytesFor, totalBytes, type Extent } from '../base/extent.js';
import { invariant } from '../base/invariant.js';
import type { Cipher } from '../env/cipher.js';
import type { File } from '../env/file-system.js';
import { LsmError } from '../errors.js';
import { MAX_VALUE_BYTES } from '../options.js';
import {
  CHUNK_BYTES,
  CRC_BYTES,
  IDENTITY_BYTES,
  chunkChecksum,
  storedBytes,
  writeIdentity,
} from './blob-format.js';
import { encodeBlobDescriptor } from './descriptor.js';

const FIRST_BYTES = 64 * 1024;
const LARGEST_BYTES = 4 * 1024 * 1024;

/** Where extents come from and go back to; `ExtentMap` has both. */
export type AllocateExtent = (bytes: number) => Extent;
export type GiveBackExtent = (extent: Extent) => void;

export interface FinishedBlob {
  readonly id: number;
  /** Bytes of the value. */
  readonly length: number;
  /** What the entry stores; see descriptor.ts. */
  readonly descriptor: Bytes;
  /** Still lent. */
  readonly extents: readonly Extent[];
}

export class BlobWriter {
  /** Bytes of the value so far. */
  length = 0;
  private checksum = 0;
  private extents: Extent[] = [];
  /** Bytes of `extents`. */
  private room = 0;
  /** Bytes written into them. */
  private written = 0;
  private nextBytes = FIRST_BYTES;
  /** Plain bytes of the chunk that is being filled, then room for its checksum. */
  private chunk: Bytes = NO_BYTES;
  private filled = 0;
  private sealed: Bytes = NO_BYTES;
  private chunkNumber = 0;
  private isOpen = true;
  private readonly identity: Bytes = new Uint8Array(IDENTITY_BYTES);

  constructor(
    private readonly file: File,
    private readonly allocate: AllocateExtent,
    private readonly giveBack: GiveBackExtent,
    readonly id: number,
    private readonly cipher: Cipher | undefined = undefined,
  ) {
    invariant(id > 0, 'a blob has a positive id');
  }

  /**
   * Tells, before the first `write`, how long the value is thought to be, so that it gets one extent of that size.
   * More or fewer bytes may follow.
   */
  expect(length: number): void {
    invariant(this.isOpen && this.length === 0 && this.room === 0, 'a blob is begun already');
    const bytes = storedBytes(length, this.overhead);
    if (bytes > 0) this.extend(bytes);
  }

  /**
   * Adds bytes to the value; they may be reused after the call.
   * @throws LsmError BadValue when the value gets too long; Io, DiskFull. Then the caller abandons the blob.
   */
  write(bytes: Bytes): void {
    invariant(this.isOpen, 'a blob is written to after its end');
    if (this.length + bytes.length > MAX_VALUE_BYTES) {
      throw new LsmError(`a value has at most ${MAX_VALUE_BYTES} bytes`, 'BadValue');
    }
    if (this.chunk.length === 0) this.chunk = new Uint8Array(CHUNK_BYTES + CRC_BYTES);
    for (let at = 0; at < bytes.length;) {
      const count = Math.min(bytes.length - at, CHUNK_BYTES - this.filled);
      this.chunk.set(bytes.subarray(at, at + count), this.filled);
      this.filled += count;
      at += count;
      if (this.filled === CHUNK_BYTES) this.flushChunk();
    }
    this.length += bytes.length;
  }

  /**
   * Writes what is left and gives back the space that is not needed. The bytes are durable after the next sync of the
   * file.
   * @throws LsmError Io, DiskFull. Then the caller abandons the blob.
   */
  finish(): FinishedBlob {
    invariant(this.isOpen, 'a blob is finished after its end');
    if (this.filled > 0) this.flushChunk();
    this.giveBackTail();
    this.isOpen = false;
    this.release();
    const { id, length, checksum, extents } = this;
    return { id, length, descriptor: encodeBlobDescriptor({ id, length, checksum, extents }), extents };
  }

  /** Gives every extent back. Safe to call twice; after `finish` the extents are the caller's, and it does nothing. */
  abandon(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.release();
    for (const extent of this.extents) this.giveBack(extent);
    this.extents = [];
  }

  private get overhead(): number {
    return this.cipher === undefined ? 0 : this.cipher.overhead;
  }

  private flushChunk(): void {
    const plainLength = this.filled;
    this.checksum = crc32(this.chunk, 0, plainLength, this.checksum);
    writeIdentity(this.identity, this.id, this.chunkNumber);
    let stored = this.chunk;
    let length = plainLength;
    if (this.cipher !== undefined) {
      if (this.sealed.length === 0) this.sealed = new Uint8Array(CHUNK_BYTES + this.overhead + CRC_BYTES);
      stored = this.sealed;
      length = this.cipher.seal(this.chunk, 0, plainLength, stored, 0, this.identity);
    }
    writeU32(stored, length, chunkChecksum(this.identity, stored, 0, length));
    this.append(stored, length + CRC_BYTES);
    this.filled = 0;
    this.chunkNumber++;
  }

  /** Writes bytes behind what is written, in as many extents as it takes. */
  private append(bytes: Bytes, length: number): void {
    while (this.room < this.written + length) {
      this.extend(this.nextBytes);
      this.nextBytes = Math.min(this.nextBytes * 2, LARGEST_BYTES);
    }
    // The end is reached with the last extent or the ones right before it: search from the back.
    let index = this.extents.length;
    let start = this.room;
    do start -= this.extents[--index]!.bytes;
    while (start > this.written);
    for (let at = 0; at < length; index++) {
      const extent = this.extents[index]!;
      const inside = this.written - start;
      const count = Math.min(length - at, extent.bytes - inside);
      this.file.write(bytes, at, count, extent.offset + inside);
      at += count;
      this.written += count;
      start += extent.bytes;
    }
  }

  private extend(bytes: number): void {
    const extent = this.allocate(bytes);
    this.room += extent.bytes;
    const last = this.extents[this.extents.length - 1];
    if (last !== undefined && last.offset + last.bytes === extent.offset) {
      this.extents[this.extents.length - 1] = { offset: last.offset, bytes: last.bytes + extent.bytes };
    } else this.extents.push(extent);
  }

  private giveBackTail(): void {
    const needed = extentBytesFor(this.written);
    while (this.room > needed) {
      const last = this.extents.pop()!;
      const spare = Math.min(last.bytes, this.room - needed);
      const kept = last.bytes - spare;
      this.giveBack({ offset: last.offset + kept, bytes: spare });
      if (kept > 0) this.extents.push({ offset: last.offset, bytes: kept });
      this.room -= spare;
    }
    invariant(totalBytes(this.extents) === needed && needed % EXTENT_UNIT === 0, 'a blob has spare space');
  }

  private release(): void {
    this.chunk = NO_BYTES;
    this.sealed = NO_BYTES;
  }
}
