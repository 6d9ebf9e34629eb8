/**
 * How a blob lies in its extents. The extents, one after another, are one stretch of bytes; in it the chunks of the value
 * lie back to back, so that chunk i begins at i * (65536 + overhead + 4) and may run on into the next extent.
 *
 * Chunk: 65,536 bytes of the value; the last one has the rest. An empty value has no chunk.
 *   offset  size  field
 *        0     n  bytes   of the value; sealed (n = plain bytes + overhead) when the file is encrypted
 *        n     4  crc     u32le  CRC-32 of identity and bytes
 * identity, 12 bytes, also the `aad` of a sealed chunk: u48le blob id, u48le number of the chunk.
 *
 * What follows the last chunk in its unit of 4096 bytes is undefined. So a read at any offset verifies the chunks it
 * touches and no others, and a chunk of another blob, or from another place, does not pass.
 *   chunk 0 of blob 5, value "hi":  68 69 | f9 2f 52 cc
 * On disk since format 1.
 */
import { writeU48, type Bytes } from '../base/bytes.js';
import { crc32 } from '../base/checksum.js';

/** Bytes of the value in every chunk but the last. On disk since format 1. */
export const CHUNK_BYTES = 65_536;
export const CRC_BYTES = 4;
export const IDENTITY_BYTES = 12;

/** How many chunks a value has. */
export function chunkCount(length: number): number {
  return Math.ceil(length / CHUNK_BYTES);
}

/** Bytes a value takes in its extents. */
export function storedBytes(length: number, overhead: number): number {
  return length + chunkCount(length) * (overhead + CRC_BYTES);
}

/** Fills `into` with the identity of a chunk. */
export function writeIdentity(into: Bytes, blobId: number, chunk: number): void {
  writeU48(into, 0, blobId);
  writeU48(into, 6, chunk);
}

/** The checksum of a chunk's stored bytes. */
export function chunkChecksum(identity: Bytes, bytes: Bytes, offset: number, length: number): number {
  return crc32(bytes, offset, length, crc32(identity, 0, IDENTITY_BYTES));
}
