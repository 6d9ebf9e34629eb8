/**
 * The filter of a table: answers "not here" without reading a block. A blocked Bloom filter: all bits of a key lie in
 * one line of 64 bytes, so that a lookup touches one cache line.
 *
 *   probes u8 | lines: 64 bytes each
 *   line of a key = floor(hash * lineCount / 2^32); bits: the top nine bits of successive steps of
 *   h = h * 0x5bd1e995 + 0x3c6ef372, from h = mix(hash)
 * On disk since format 1, as is `keyHash`.
 */
import type { Bytes } from '../base/bytes.js';

const LINE_BYTES = 64;
const LINE_BITS = LINE_BYTES * 8;
const MAX_PROBES = 16;
const HASH_SEED = 0x51ed270b;

/** 32 bits of hash of a key (murmur3's rounds). @returns a signed number */
export function keyHash(key: Bytes, offset: number, length: number): number {
  let h = HASH_SEED;
  const end = offset + length;
  let i = offset;
  for (const last = end - 4; i <= last; i += 4) {
    let k = key[i]! | (key[i + 1]! << 8) | (key[i + 2]! << 16) | (key[i + 3]! << 24);
    k = Math.imul(k, -862048943);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 461845907);
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) - 430675100) | 0;
  }
  if (i < end) {
    let k = key[i]!;
    if (i + 1 < end) k |= key[i + 1]! << 8;
    if (i + 2 < end) k |= key[i + 2]! << 16;
    k = Math.imul(k, -862048943);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 461845907);
  }
  h ^= length;
  h = Math.imul(h ^ (h >>> 16), -2048144789);
  h = Math.imul(h ^ (h >>> 13), -1028477387);
  return h ^ (h >>> 16);
}

/** The hash of a key that is looked up: computed once, for all tables, when the first filter is asked. */
export class LookupHash {
  private isKnown = false;
  private hash = 0;

  /** Another key is looked up. */
  forget(): void {
    this.isKnown = false;
  }

  /** @param key, offset, length  the same key until `forget` */
  of(key: Bytes, offset: number, length: number): number {
    if (!this.isKnown) {
      this.hash = keyHash(key, offset, length);
      this.isKnown = true;
    }
    return this.hash;
  }
}

function mix(hash: number): number {
  const h = Math.imul(hash, -1640531535);
  return h ^ (h >>> 15);
}

/** Bytes of a filter for `count` keys. */
export function bloomBytes(count: number, bitsPerKey: number): number {
  return 1 + LINE_BYTES * Math.max(1, Math.ceil((count * bitsPerKey) / LINE_BITS));
}

/** Writes the filter of the first `count` hashes. @returns bytes written: `bloomBytes` */
export function writeBloom(
  hashes: Int32Array,
  count: number,
  bitsPerKey: number,
  into: Bytes,
  at: number,
): number {
  const bytes = bloomBytes(count, bitsPerKey);
  const lineCount = (bytes - 1) / LINE_BYTES;
  const probes = Math.min(MAX_PROBES, Math.max(1, Math.round(bitsPerKey * 0.62)));
  into.fill(0, at, at + bytes);
  into[at] = probes;
  const lines = at + 1;
  for (let i = 0; i < count; i++) {
    const hash = hashes[i]!;
    const line = lines + Math.floor((hash >>> 0) * lineCount * 2 ** -32) * LINE_BYTES;
    let h = mix(hash);
    for (let probe = 0; probe < probes; probe++) {
      const bit = h >>> 23;
      into[line + (bit >>> 3)]! |= 1 << (bit & 7);
      h = (Math.imul(h, 0x5bd1e995) + 0x3c6ef372) | 0;
    }
  }
  return bytes;
}

/** A filter in memory. */
export class BloomFilter {
  private readonly lineCount: number;
  private readonly probes: number;

  /** @param bytes  what `writeBloom` wrote; check with `isBloom` when it comes from disk */
  constructor(private readonly bytes: Bytes) {
    this.lineCount = (bytes.length - 1) / LINE_BYTES;
    this.probes = bytes[0]!;
  }

  get memoryBytes(): number {
    return this.bytes.length;
  }

  /** False: no key with this hash was added. */
  mayContain(hash: number): boolean {
    const bytes = this.bytes;
    const line = 1 + Math.floor((hash >>> 0) * this.lineCount * 2 ** -32) * LINE_BYTES;
    let h = mix(hash);
    for (let probe = this.probes; probe > 0; probe--) {
      const bit = h >>> 23;
      if ((bytes[line + (bit >>> 3)]! & (1 << (bit & 7))) === 0) return false;
      h = (Math.imul(h, 0x5bd1e995) + 0x3c6ef372) | 0;
    }
    return true;
  }
}

/** Whether the bytes have the form of a filter. */
export function isBloom(bytes: Bytes): boolean {
  return (
    bytes.length > LINE_BYTES &&
    (bytes.length - 1) % LINE_BYTES === 0 &&
    bytes[0]! >= 1 &&
    bytes[0]! <= MAX_PROBES
  );
}
