/** What the tests of blobs share: a file in memory, a map of its space, values, a cipher that is quick and no good. */
import type { Cipher } from '../../../lsm/env/cipher.js';
import type { File } from '../../../lsm/env/file-system.js';
import { MemoryFileSystem } from '../../../lsm/env/memory-files.js';
import { BlobReader } from '../../../lsm/blob/blob-reader.js';
import { BlobWriter, type FinishedBlob } from '../../../lsm/blob/blob-writer.js';
import { decodeBlobDescriptor, type BlobDescriptor } from '../../../lsm/blob/descriptor.js';
import { crc32 } from '../../../lsm/base/checksum.js';
import { readU32, writeU32 } from '../../../lsm/base/bytes.js';
import { ExtentMap } from '../../../lsm/space/extents.js';

export const CHUNK = 65_536;

/** Inverts the bits and adds a checksum over them and the `aad`. */
export const flipCipher: Cipher = {
  overhead: 28,
  seal(plain, offset, length, into, at, aad) {
    for (let i = length - 1; i >= 0; i--) into[at + 24 + i] = plain[offset + i]! ^ 0xff;
    into.fill(0xaa, at, at + 24);
    writeU32(into, at + 24 + length, crc32(into, at + 24, length, crc32(aad, 0, aad.length)));
    return length + 28;
  },
  open(sealed, offset, length, into, at, aad) {
    const plain = length - 28;
    if (plain < 0) return -1;
    const tag = crc32(sealed, offset + 24, plain, crc32(aad, 0, aad.length));
    if (tag !== readU32(sealed, offset + 24 + plain)) return -1;
    for (let i = 0; i < plain; i++) into[at + i] = sealed[offset + 24 + i]! ^ 0xff;
    return plain;
  },
};

/** Bytes that tell their own place. */
export function valueOf(length: number): Uint8Array {
  const value = new Uint8Array(length);
  for (let i = 0; i < length; i++) value[i] = i * 31 + (i >>> 8) * 7 + (i >>> 16);
  return value;
}

export class BlobBench {
  readonly file: File = new MemoryFileSystem().open('store', 'create');

  constructor(
    readonly extents = new ExtentMap(0),
    readonly cipher: Cipher | undefined = undefined,
  ) {}

  writer(id = 5): BlobWriter {
    return new BlobWriter(
      this.file,
      (bytes) => this.extents.allocate(bytes),
      (extent) => this.extents.giveBack(extent),
      id,
      this.cipher,
    );
  }

  write(value: Uint8Array, pieceBytes = 10_000, id = 5): FinishedBlob {
    const writer = this.writer(id);
    for (let at = 0; at < value.length; at += pieceBytes) writer.write(value.subarray(at, at + pieceBytes));
    return writer.finish();
  }

  describe(blob: FinishedBlob): BlobDescriptor {
    return decodeBlobDescriptor(blob.descriptor, 0, blob.descriptor.length, 'store');
  }

  reader(blob: FinishedBlob): BlobReader {
    return new BlobReader(this.file, this.describe(blob), this.cipher);
  }
}
