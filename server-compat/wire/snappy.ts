/**
 * Snappy, the raw block format (no framing), as OP_COMPRESSED has it. Source: github.com/google/snappy,
 * format_description.txt.
 *
 *   block     varint length of the plain bytes | element*
 *   literal   tag xxxxxx00: x < 60: length x + 1; 60 … 63: length - 1 in the next 1 … 4 bytes | the bytes
 *   copy      tag ooolll01 o: length lll + 4, offset 11 bits · llllll10 oo: length + 1, 16 bits · llllll11 oooo: 32 bits
 */
import { WireError } from './header.js';

const HASH_BITS = 14;
/** Matches are looked for within blocks of this many bytes, so that offsets fit 16 bits. */
const BLOCK_BYTES = 1 << 16;
const LEAST_MATCH = 4;

/** @throws WireError if the bytes are no snappy block, or hold more than `maxBytes` */
export function uncompressSnappy(from: Uint8Array, maxBytes: number): Uint8Array {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = from[at++];
    if (byte === undefined || shift > 28) throw new WireError('a snappy block has no length');
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (length > maxBytes)
    throw new WireError(`a snappy block of ${length} bytes; expected at most ${maxBytes}`);
  const to = new Uint8Array(length);
  let end = 0;
  while (at < from.length) {
    const tag = from[at++]!;
    let count = tag >>> 2;
    if ((tag & 3) === 0) {
      if (count >= 60) {
        const bytes = count - 59;
        count = 0;
        for (let i = 0; i < bytes; i++) count += (from[at + i] ?? 0) * 2 ** (8 * i);
        at += bytes;
      }
      count++;
      if (at + count > from.length || end + count > length)
        throw new WireError('a snappy literal is cut off');
      to.set(from.subarray(at, at + count), end);
      at += count;
      end += count;
      continue;
    }
    let offset: number;
    if ((tag & 3) === 1) {
      count = ((tag >>> 2) & 7) + 4;
      offset = ((tag >>> 5) << 8) | (from[at++] ?? 0);
    } else {
      const bytes = (tag & 3) === 2 ? 2 : 4;
      offset = 0;
      for (let i = 0; i < bytes; i++) offset += (from[at + i] ?? 0) * 2 ** (8 * i);
      at += bytes;
      count++;
    }
    if (offset === 0 || offset > end || end + count > length || at > from.length)
      throw new WireError('a snappy copy points outside');
    if (offset >= count) to.copyWithin(end, end - offset, end - offset + count);
    else for (let i = 0; i < count; i++) to[end + i] = to[end - offset + i]!;
    end += count;
  }
  if (end !== length) throw new WireError('a snappy block is cut off');
  return to;
}

const heads = new Int32Array(1 << HASH_BITS);

export function compressSnappy(from: Uint8Array): Uint8Array {
  const to = new Uint8Array(32 + from.length + Math.ceil(from.length / 6));
  let end = 0;
  let rest = from.length;
  while (rest >= 0x80) {
    to[end++] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  to[end++] = rest;
  for (let start = 0; start < from.length; start += BLOCK_BYTES)
    end = compressBlock(from, start, Math.min(start + BLOCK_BYTES, from.length), to, end);
  return to.subarray(0, end);
}

function compressBlock(from: Uint8Array, start: number, limit: number, to: Uint8Array, end: number): number {
  heads.fill(-1);
  let literal = start;
  let at = start;
  let misses = 32;
  while (at + LEAST_MATCH <= limit) {
    const word = from[at]! | (from[at + 1]! << 8) | (from[at + 2]! << 16) | (from[at + 3]! << 24);
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS);
    const candidate = heads[slot]!;
    heads[slot] = at;
    if (
      candidate < 0 ||
      from[candidate] !== from[at] ||
      from[candidate + 1] !== from[at + 1] ||
      from[candidate + 2] !== from[at + 2] ||
      from[candidate + 3] !== from[at + 3]
    ) {
      at += misses++ >>> 5;
      continue;
    }
    misses = 32;
    let length = LEAST_MATCH;
    while (at + length < limit && from[candidate + length] === from[at + length]) length++;
    end = writeLiteral(from, literal, at, to, end);
    end = writeCopies(at - candidate, length, to, end);
    at += length;
    literal = at;
  }
  return writeLiteral(from, literal, limit, to, end);
}

function writeLiteral(from: Uint8Array, start: number, limit: number, to: Uint8Array, end: number): number {
  const count = limit - start;
  if (count === 0) return end;
  const code = count - 1;
  if (code < 60) to[end++] = code << 2;
  else if (code < 0x100) {
    to[end++] = 60 << 2;
    to[end++] = code;
  } else {
    to[end++] = 61 << 2;
    to[end++] = code;
    to[end++] = code >>> 8;
  }
  to.set(from.subarray(start, limit), end);
  return end + count;
}

function writeCopies(offset: number, length: number, to: Uint8Array, end: number): number {
  while (length > 0) {
    const count = Math.min(length, 64);
    to[end++] = ((count - 1) << 2) | 2;
    to[end++] = offset;
    to[end++] = offset >>> 8;
    length -= count;
  }
  return end;
}
