/**
 * What the readers of one store share: the place where packed values are unpacked, access to blobs, and a count of reads.
 */
import { NO_BYTES, type Bytes } from '../base/bytes.js';
import type { Slab } from '../base/slab.js';
import { KIND_LZ4 } from '../key/entry-kind.js';
import type { ValueReader } from '../ordered-kv.js';
import { lz4CanHold, lz4Decompress } from '../table/lz4.js';

/** Values outside the tables. A descriptor is what an entry of KIND_BLOB stores. */
export interface BlobAccess {
  /**
   * Opens a value to read it in pieces.
   * @param release  called once, when the reader is closed
   * @throws LsmError Corrupt if the descriptor does not decode
   */
  open(descriptor: Bytes, offset: number, length: number, release: () => void): ValueReader;
  /** A copy of the whole value, its checksum verified. @throws LsmError Corrupt */
  readWhole(descriptor: Bytes, offset: number, length: number): Bytes;
}

/** What a cursor needs of its store. */
export interface CursorContext {
  /** False once the store is closed. */
  readonly isOpen: boolean;
  /** How many reads of the store there were. */
  readonly reads: { n: number };
  readonly unpacker: ValueUnpacker;
  /** Where short values that callers keep are cut from. */
  readonly slab: Slab;
  readonly blobs: BlobAccess;
  /** Path of the store, for errors. */
  readonly file: string;
}

/** A scratch array larger than this is let go when a smaller one will do. */
const KEPT_BYTES = 1 << 20;

/** Brings stored values into readable form. The result registers are valid until the next `unpack`. */
export class ValueUnpacker {
  bytes: Bytes = NO_BYTES;
  offset = 0;
  length = 0;
  private scratch: Bytes = NO_BYTES;

  /**
   * A raw value stays where it is, a packed one goes to the scratch array.
   * @returns false if the stored bytes are damaged
   */
  unpack(kind: number, bytes: Bytes, offset: number, storedLength: number, rawLength: number): boolean {
    if (kind !== KIND_LZ4) {
      this.bytes = bytes;
      this.offset = offset;
      this.length = storedLength;
      return storedLength === rawLength;
    }
    // Nothing larger is allocated for a length read from disk than the packed bytes can make.
    if (!lz4CanHold(storedLength, rawLength)) return false;
    const { length } = this.scratch;
    if (length < rawLength || (length > KEPT_BYTES && rawLength * 4 < length)) {
      this.scratch = new Uint8Array(Math.max(4096, rawLength + (rawLength >>> 1)));
    }
    this.bytes = this.scratch;
    this.offset = 0;
    this.length = rawLength;
    return lz4Decompress(bytes, offset, storedLength, this.scratch, 0, rawLength) === rawLength;
  }
}
