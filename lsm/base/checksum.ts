/**
 * The checksum of everything on disk: CRC-32 (IEEE 802.3), as in zlib; 5 GB/s with the runtime's own code.
 */
import { crc32 as zlibCrc32 } from 'node:zlib';
import type { Bytes } from './bytes.js';

/**
 * CRC-32 of `length` bytes at `offset`.
 * @param seed  the checksum of the bytes before these, to continue it
 * @returns an unsigned 32-bit number
 */
export function crc32(bytes: Bytes, offset: number, length: number, seed = 0): number {
  return zlibCrc32(bytes.subarray(offset, offset + length), seed);
}
