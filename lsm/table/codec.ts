/**
 * How the bytes of a table are packed. `lz4` packs each value by itself (an entry of KIND_LZ4), and leaves the block as
 * it is; `lz4-block`, `deflate` and `zstd` pack whole blocks. The id is in the header of each block.
 */
import * as zlib from 'node:zlib';
import { NO_BYTES, type Bytes } from '../base/bytes.js';
import { LsmError } from '../errors.js';
import { KIND_LZ4 } from '../key/entry-kind.js';
import type { CodecName } from '../options.js';
import { Lz4Compressor, lz4CanHold, lz4Decompress } from './lz4.js';

/** On disk: never renumber. */
export const CODEC_NONE = 0;
export const CODEC_LZ4 = 1;
export const CODEC_LZ4_BLOCK = 2;
export const CODEC_DEFLATE = 3;
export const CODEC_ZSTD = 4;

const NAMES: readonly CodecName[] = ['none', 'lz4', 'lz4-block', 'deflate', 'zstd'];
const ZSTD_LEVEL = 1;
/** A deflated byte gives at most this many. */
const DEFLATE_LIMIT = 1040;

/** The parts of node:zlib that only newer runtimes have. */
interface ZstdRuntime {
  readonly zstdCompressSync?: (from: Bytes, options?: { params?: Record<number, number> }) => Bytes;
  readonly zstdDecompressSync?: (from: Bytes, options?: { maxOutputLength?: number }) => Bytes;
  readonly constants: Record<string, number | undefined>;
}
const zstdRuntime = zlib as unknown as ZstdRuntime;

/** @throws LsmError BadOptions when this runtime does not have the codec */
export function codecId(name: CodecName): number {
  if (name === 'zstd' && zstdRuntime.zstdCompressSync === undefined) throw withoutZstd();
  return NAMES.indexOf(name);
}

/** @returns undefined for an id that is none of ours */
export function codecName(id: number): CodecName | undefined {
  return NAMES[id];
}

/** Whether blocks of this codec are packed as a whole. */
export function packsBlocks(id: number): boolean {
  return id >= CODEC_LZ4_BLOCK;
}

/** Whether this runtime can read and write the codec. */
export function isCodecAvailable(name: CodecName): boolean {
  return name !== 'zstd' || zstdRuntime.zstdCompressSync !== undefined;
}

function withoutZstd(): LsmError {
  return new LsmError(
    `codec zstd needs a Node.js whose zlib has it (22.15, 23.8 or newer), this is ${process.version}`,
    'BadOptions',
  );
}

/** Packs blocks with one codec. */
export class BlockPacker {
  private readonly lz4: Lz4Compressor | undefined;

  /** @param codec  one for which `packsBlocks` */
  constructor(private readonly codec: number) {
    this.lz4 = codec === CODEC_LZ4_BLOCK ? new Lz4Compressor() : undefined;
  }

  /**
   * Packs `length` bytes at `offset` into `into[at…]`, which has room for `length` bytes.
   * @returns bytes written, or 0 when packing saves less than 1/16
   */
  pack(from: Bytes, offset: number, length: number, into: Bytes, at: number): number {
    const limit = length - (length >>> 4) - 1;
    if (limit <= 0) return 0;
    if (this.lz4 !== undefined) return this.lz4.compress(from, offset, length, into, at, limit);
    const plain = from.subarray(offset, offset + length);
    const packed =
      this.codec === CODEC_DEFLATE
        ? zlib.deflateRawSync(plain, { level: 1 })
        : zstdRuntime.zstdCompressSync!(plain, { params: zstdParameters() });
    if (packed.length > limit) return 0;
    into.set(packed, at);
    return packed.length;
  }
}

function zstdParameters(): Record<number, number> {
  const name = zstdRuntime.constants['ZSTD_c_compressionLevel'];
  return name === undefined ? {} : { [name]: ZSTD_LEVEL };
}

/** Whether `packedLength` bytes can unpack to `rawLength` at all: guards allocations. */
export function canUnpackTo(codec: number, packedLength: number, rawLength: number): boolean {
  if (codec === CODEC_LZ4_BLOCK) return lz4CanHold(packedLength, rawLength);
  if (codec === CODEC_DEFLATE) return rawLength <= packedLength * DEFLATE_LIMIT + 64;
  return true;
}

/**
 * Unpacks a block of `rawLength` bytes into `into[at…]`.
 * @returns `rawLength`, or -1 when the bytes are malformed
 * @throws LsmError BadOptions when this runtime does not have the codec
 */
export function unpackBlock(
  codec: number,
  from: Bytes,
  offset: number,
  length: number,
  into: Bytes,
  at: number,
  rawLength: number,
): number {
  if (codec === CODEC_LZ4_BLOCK) return lz4Decompress(from, offset, length, into, at, rawLength);
  if (codec === CODEC_ZSTD && zstdRuntime.zstdDecompressSync === undefined) throw withoutZstd();
  const packed = from.subarray(offset, offset + length);
  const options = { maxOutputLength: rawLength > 0 ? rawLength : 1 };
  let plain: Bytes;
  try {
    plain =
      codec === CODEC_DEFLATE
        ? zlib.inflateRawSync(packed, options)
        : zstdRuntime.zstdDecompressSync!(packed, options);
  } catch {
    return -1;
  }
  if (plain.length !== rawLength) return -1;
  into.set(plain, at);
  return rawLength;
}

/** Where `unpackValue` leaves a value; its buffer grows to the longest one. */
export class ValueScratch {
  /** The value is `bytes[offset, offset + length)`, valid until the next value or until the stored bytes expire. */
  bytes: Bytes = NO_BYTES;
  offset = 0;
  length = 0;
  private buffer: Bytes = NO_BYTES;

  /** A buffer of at least `length` bytes; what it held is gone. */
  room(length: number): Bytes {
    if (this.buffer.length < length)
      this.buffer = new Uint8Array(Math.max(256, length, this.buffer.length * 2));
    return this.buffer;
  }
}

/**
 * Brings a stored value into the form the user knows: in place, or unpacked into the scratch.
 * @returns false when the stored bytes are malformed
 */
export function unpackValue(
  kind: number,
  bytes: Bytes,
  offset: number,
  storedLength: number,
  rawLength: number,
  scratch: ValueScratch,
): boolean {
  if (kind !== KIND_LZ4) {
    scratch.bytes = bytes;
    scratch.offset = offset;
    scratch.length = storedLength;
    return true;
  }
  if (!lz4CanHold(storedLength, rawLength)) return false;
  const room = scratch.room(rawLength);
  scratch.bytes = room;
  scratch.offset = 0;
  scratch.length = rawLength;
  return lz4Decompress(bytes, offset, storedLength, room, 0, rawLength) === rawLength;
}
