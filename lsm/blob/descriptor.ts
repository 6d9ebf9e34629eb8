/**
 * What an entry of kind `KIND_BLOB` stores in place of its value: which blob it is, how long, and where it lies.
 *
 *   varint  blobId
 *   varint  length       bytes of the value
 *   u32le   checksum     CRC-32 of the whole value
 *   varint  extentCount
 *   then, for each extent, in the order in which the value lies in them:
 *   varint  offset / 4096
 *   varint  bytes / 4096
 *
 *   blob 5, 300 bytes, one unit at byte 8192:  05 | ac 02 | 78 56 34 12 | 01 | 02 01
 *
 * Blob ids are positive and unique for ever in one file. Id and length come first, so that both are known without
 * decoding the rest. How the bytes lie inside the extents is told in blob-writer.ts.
 * On disk since format 1.
 */
import { readU32, writeU32, type Bytes } from '../base/bytes.js';
import { EXTENT_UNIT, findOverlap, isExtent, type Extent } from '../base/extent.js';
import { VarintReader, varintLength, writeVarint } from '../base/varint.js';
import { corrupt } from '../errors.js';
import { MAX_VALUE_BYTES } from '../options.js';

export interface BlobDescriptor {
  readonly id: number;
  /** Bytes of the value. */
  readonly length: number;
  /** CRC-32 of the whole value. */
  readonly checksum: number;
  /** In the order of the value; disjoint. */
  readonly extents: readonly Extent[];
}

export function encodeBlobDescriptor(descriptor: BlobDescriptor): Bytes {
  const { id, length, checksum, extents } = descriptor;
  let size = varintLength(id) + varintLength(length) + 4 + varintLength(extents.length);
  for (const extent of extents) {
    size += varintLength(extent.offset / EXTENT_UNIT) + varintLength(extent.bytes / EXTENT_UNIT);
  }
  const bytes = new Uint8Array(size);
  let at = writeVarint(bytes, 0, id);
  at = writeVarint(bytes, at, length);
  writeU32(bytes, at, checksum);
  at = writeVarint(bytes, at + 4, extents.length);
  for (const extent of extents) {
    at = writeVarint(bytes, at, extent.offset / EXTENT_UNIT);
    at = writeVarint(bytes, at, extent.bytes / EXTENT_UNIT);
  }
  return bytes;
}

const varints = new VarintReader();

/**
 * Decodes `bytes[offset, offset + size)`.
 * @param fileName  for the error: where the descriptor was read
 * @param position  for the error: the byte of the file at which the descriptor, or what holds it, begins
 * @throws LsmError Corrupt unless it is a descriptor, whole, with disjoint extents no shorter than the value
 */
export function decodeBlobDescriptor(
  bytes: Bytes,
  offset: number,
  size: number,
  fileName: string,
  position = 0,
): BlobDescriptor {
  const limit = Math.min(offset + size, bytes.length);
  const refuse = (what: string): Error => corrupt(`a blob descriptor ${what}`, fileName, position);
  let at = offset;
  const next = (field: string): number => {
    const value = varints.read(bytes, at, limit);
    if (varints.end < 0) throw refuse(`ends inside its ${field}`);
    at = varints.end;
    return value;
  };
  const id = next('id');
  if (id < 1) throw refuse('has no id');
  const length = next('length');
  if (length > MAX_VALUE_BYTES) throw refuse(`tells of ${length} bytes, more than a value can have`);
  if (at + 4 > limit) throw refuse('ends inside its checksum');
  const checksum = readU32(bytes, at);
  at += 4;
  const count = next('count of extents');
  if (count * 2 > limit - at) throw refuse(`tells of ${count} extents in ${limit - at} bytes`);
  const extents: Extent[] = [];
  let room = 0;
  for (let i = 0; i < count; i++) {
    const extent = { offset: next('extents') * EXTENT_UNIT, bytes: next('extents') * EXTENT_UNIT };
    if (!isExtent(extent.offset, extent.bytes)) {
      throw refuse(`has an extent of ${extent.bytes} bytes at ${extent.offset}`);
    }
    room += extent.bytes;
    extents.push(extent);
  }
  if (at !== limit) throw refuse(`is followed by ${limit - at} bytes`);
  if (room < length) throw refuse(`has ${length} bytes in extents of ${room}`);
  if (findOverlap(extents)) throw refuse('has extents that overlap');
  return { id, length, checksum, extents };
}

/**
 * The id of the blob alone.
 * @returns 0 when the bytes are no descriptor
 */
export function blobIdOf(bytes: Bytes, offset: number, size: number): number {
  const id = varints.read(bytes, offset, Math.min(offset + size, bytes.length));
  return varints.end < 0 ? 0 : id;
}

/**
 * The length of the value alone, in bytes.
 * @returns -1 when the bytes are no descriptor
 */
export function blobLengthOf(bytes: Bytes, offset: number, size: number): number {
  const limit = Math.min(offset + size, bytes.length);
  varints.read(bytes, offset, limit);
  if (varints.end < 0) return -1;
  const length = varints.read(bytes, varints.end, limit);
  return varints.end < 0 || length > MAX_VALUE_BYTES ? -1 : length;
}
