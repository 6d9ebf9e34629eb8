/**
 * OP_COMPRESSED: another message, packed.
 *
 *   offset  size  field (after the header)
 *        0     4  originalOpcode
 *        4     4  uncompressedSize   of the message's body
 *        8     1  compressorId       0 none, 1 snappy, 2 zlib, 3 zstd
 *        9     n  the packed body
 *
 * Source: MongoDB manual, "Wire Compression"; drivers' specification "OP_COMPRESSED".
 */
import * as zlib from 'node:zlib';
import {
  HEADER_BYTES,
  MAX_MESSAGE_BYTES,
  OP_COMPRESSED,
  readInt32Le,
  WireError,
  writeInt32Le,
} from './header.js';
import { compressSnappy, uncompressSnappy } from './snappy.js';

export type CompressorName = 'snappy' | 'zlib' | 'zstd';

interface Compressor {
  readonly id: number;
  compress(bytes: Uint8Array): Uint8Array;
  uncompress(bytes: Uint8Array, length: number): Uint8Array;
}

interface ZstdOfNewerRuntimes {
  zstdCompressSync?(bytes: Uint8Array): Uint8Array;
  zstdDecompressSync?(bytes: Uint8Array, options: { maxOutputLength: number }): Uint8Array;
}
const { zstdCompressSync, zstdDecompressSync } = zlib as ZstdOfNewerRuntimes;

const compressors = new Map<CompressorName, Compressor>([
  ['snappy', { id: 1, compress: compressSnappy, uncompress: uncompressSnappy }],
  [
    'zlib',
    {
      id: 2,
      compress: (bytes) => zlib.deflateSync(bytes, { level: 6 }),
      uncompress: (bytes, length) => zlib.inflateSync(bytes, { maxOutputLength: Math.max(length, 1) }),
    },
  ],
]);
if (zstdCompressSync !== undefined && zstdDecompressSync !== undefined)
  compressors.set('zstd', {
    id: 3,
    compress: zstdCompressSync,
    uncompress: (bytes, length) => zstdDecompressSync(bytes, { maxOutputLength: Math.max(length, 1) }),
  });

/** What this runtime can pack, by the names of the handshake. */
export const COMPRESSORS: ReadonlyMap<CompressorName, Compressor> = compressors;

const BY_ID = new Map([...COMPRESSORS].map(([name, compressor]) => [compressor.id, name]));

/**
 * @param message  a whole OP_COMPRESSED
 * @param maxBytes  of the message inside
 * @returns the message inside, with a header, and how it was packed
 * @throws WireError
 */
export function uncompressMessage(
  message: Uint8Array,
  maxBytes = MAX_MESSAGE_BYTES,
): {
  message: Uint8Array;
  compressor: CompressorName | undefined;
} {
  if (message.length < HEADER_BYTES + 9) throw new WireError('OP_COMPRESSED is cut off');
  const opCode = readInt32Le(message, HEADER_BYTES);
  const length = readInt32Le(message, HEADER_BYTES + 4);
  const id = message[HEADER_BYTES + 8]!;
  if (opCode === OP_COMPRESSED) throw new WireError('OP_COMPRESSED inside OP_COMPRESSED');
  if (length < 0 || length > maxBytes - HEADER_BYTES)
    throw new WireError(`a compressed message of ${length} bytes`);
  const packed = message.subarray(HEADER_BYTES + 9);
  const name = BY_ID.get(id);
  if (id !== 0 && name === undefined) throw new WireError(`unknown compressor ${id}`);
  let body: Uint8Array;
  try {
    body = name === undefined ? packed : COMPRESSORS.get(name)!.uncompress(packed, length);
  } catch (error) {
    throw error instanceof WireError ? error : new WireError(`${name} data is damaged`, { cause: error });
  }
  if (body.length !== length)
    throw new WireError(`expected ${length} uncompressed bytes, got ${body.length}`);
  const whole = new Uint8Array(HEADER_BYTES + length);
  whole.set(message.subarray(0, HEADER_BYTES));
  writeInt32Le(whole, 0, whole.length);
  writeInt32Le(whole, 12, opCode);
  whole.set(body, HEADER_BYTES);
  return { message: whole, compressor: name };
}

/** Packs a whole message. */
export function compressMessage(message: Uint8Array, name: CompressorName): Uint8Array {
  const compressor = COMPRESSORS.get(name)!;
  const packed = compressor.compress(message.subarray(HEADER_BYTES));
  const whole = new Uint8Array(HEADER_BYTES + 9 + packed.length);
  whole.set(message.subarray(0, HEADER_BYTES));
  writeInt32Le(whole, 0, whole.length);
  writeInt32Le(whole, 12, OP_COMPRESSED);
  writeInt32Le(whole, HEADER_BYTES, readInt32Le(message, 12));
  writeInt32Le(whole, HEADER_BYTES + 4, message.length - HEADER_BYTES);
  whole[HEADER_BYTES + 8] = compressor.id;
  whole.set(packed, HEADER_BYTES + 9);
  return whole;
}
