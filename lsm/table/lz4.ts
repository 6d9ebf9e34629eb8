/**
 * Compression of one value, or of one block, by itself: sequences in the manner of LZ4.
 *
 *   sequence:  token u8 = literalCount << 4 | (matchLength - 4)
 *              [more of literalCount, when it is 15: bytes to add, as long as they are 255]
 *              literals
 *              distance u16le   1 to 65535: how far back in the output the match starts
 *              [more of matchLength, when its four bits are 15: the same way]
 *   The input may end after the literals of a sequence (its four match bits are then 0), or after a match. There is no
 *   rule about the last bytes of a block, so that even short values pack.
 *
 *   "abcdabcdabcdabcdX":  48 61 62 63 64 04 00 10 58   (4 literals, 12 bytes from 4 back; 1 literal)
 *
 * On disk since format 1. The decoder trusts nothing: what is malformed gives -1.
 */
import { NO_BYTES, type Bytes } from '../base/bytes.js';

const MIN_MATCH = 4;
const MAX_DISTANCE = 65_535;
/** Positions in the hash table are 31-bit; it is cleared when they run out. */
const MAX_POSITION = 0x3fff_ffff;
const TABLE_BITS = 14;
/** Up to this many bytes a loop is faster than a call of the runtime. */
const SHORT_COPY = 192;

/** Views of the arrays last read from and written to: words are copied through them, at any offset. */
let sourceBytes: Bytes = NO_BYTES;
let source = new DataView(NO_BYTES.buffer);
let targetBytes: Bytes = NO_BYTES;
let target = new DataView(NO_BYTES.buffer);

function setSource(bytes: Bytes): void {
  sourceBytes = bytes;
  source = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Tells that packed bytes will be read from an array whose view is at hand: spares making one. */
export function readThrough(bytes: Bytes, view: DataView): void {
  sourceBytes = bytes;
  source = view;
}

function setTarget(bytes: Bytes): void {
  targetBytes = bytes;
  target = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Copies `length` bytes, at least 8, in words, the last two of which may overlap those before: exactly these bytes are
 * read and written. Within one array, where `to` lies at least 8 behind `at`, a range that overlaps itself repeats.
 */
function copyWords(from: DataView, at: number, into: DataView, to: number, length: number): void {
  const last = at + length - 8;
  const shift = to - at;
  for (; at < last; at += 8) {
    into.setInt32(at + shift, from.getInt32(at, true), true);
    into.setInt32(at + shift + 4, from.getInt32(at + 4, true), true);
  }
  into.setInt32(last + shift, from.getInt32(last, true), true);
  into.setInt32(last + shift + 4, from.getInt32(last + 4, true), true);
}

/** Keeps its hash table between inputs: entries left by earlier inputs are recognised by their position. */
export class Lz4Compressor {
  private readonly table = new Int32Array(1 << TABLE_BITS);
  /** The position of the next input's first byte; smaller ones in the table belong to earlier inputs. */
  private start = 1;

  /**
   * Packs `length` bytes at `offset` into `into[at…]`, which has room for `limit` bytes.
   * @returns bytes written, or 0 when they would be more than `limit`
   */
  compress(from: Bytes, offset: number, length: number, into: Bytes, at: number, limit: number): number {
    if (this.start + length > MAX_POSITION) {
      this.table.fill(0);
      this.start = 1;
    }
    const start = this.start;
    this.start += length;
    const table = this.table;
    if (from !== sourceBytes) setSource(from);
    const view = source;
    const toPosition = start - offset;
    const shift = length <= 512 ? 21 : length <= 4096 ? 20 : 32 - TABLE_BITS;
    const end = offset + length;
    const lastWord = end - MIN_MATCH;
    const outEnd = at + limit;
    let out = at;
    let anchor = offset;
    let i = offset;
    let misses = 0;
    while (i <= lastWord) {
      const word = view.getInt32(i, true);
      const slot = Math.imul(word, -1640531535) >>> shift;
      const candidate = table[slot]!;
      table[slot] = i + toPosition;
      let match = candidate - toPosition;
      if (candidate < start || i - match > MAX_DISTANCE || view.getInt32(match, true) !== word) {
        i += 1 + (misses++ >>> 5);
        continue;
      }
      misses = 0;
      let matchEnd = i + MIN_MATCH;
      const distance = i - match;
      while (
        matchEnd <= lastWord &&
        view.getInt32(matchEnd, true) === view.getInt32(matchEnd - distance, true)
      ) {
        matchEnd += 4;
      }
      while (matchEnd < end && from[matchEnd] === from[matchEnd - distance]) matchEnd++;
      while (i > anchor && match > offset && from[i - 1] === from[match - 1]) {
        i--;
        match--;
      }
      const extra = matchEnd - i - MIN_MATCH;
      const literals = i - anchor;
      if (out + literals + ((literals / 255) | 0) + ((extra / 255) | 0) + 5 > outEnd) return 0;
      out = writeLiterals(from, anchor, literals, into, out, extra < 15 ? extra : 15);
      into[out++] = distance;
      into[out++] = distance >>> 8;
      if (extra >= 15) out = writeLength(into, out, extra - 15);
      i = matchEnd;
      anchor = matchEnd;
      if (i <= lastWord) {
        const near = i - 2;
        table[Math.imul(view.getInt32(near, true), -1640531535) >>> shift] = near + toPosition;
      }
    }
    const literals = end - anchor;
    if (literals > 0) {
      if (out + literals + ((literals / 255) | 0) + 2 > outEnd) return 0;
      out = writeLiterals(from, anchor, literals, into, out, 0);
    }
    return out - at;
  }
}

function writeLength(into: Bytes, at: number, rest: number): number {
  while (rest >= 255) {
    into[at++] = 255;
    rest -= 255;
  }
  into[at++] = rest;
  return at;
}

function writeLiterals(
  from: Bytes,
  offset: number,
  count: number,
  into: Bytes,
  at: number,
  matchBits: number,
): number {
  if (count < 15) into[at++] = (count << 4) | matchBits;
  else {
    into[at++] = 0xf0 | matchBits;
    at = writeLength(into, at, count - 15);
  }
  if (count > SHORT_COPY) into.set(from.subarray(offset, offset + count), at);
  else if (count >= 8) {
    if (into !== targetBytes) setTarget(into);
    copyWords(source, offset, target, at, count);
  } else for (let i = 0; i < count; i++) into[at + i] = from[offset + i]!;
  return at + count;
}

/** Whether `packedLength` bytes can unpack to `rawLength` at all: guards allocations. */
export function lz4CanHold(packedLength: number, rawLength: number): boolean {
  return rawLength <= packedLength * 255 + 64;
}

/**
 * Unpacks `length` bytes at `offset` into `into[at…]`, which must come to exactly `rawLength` bytes.
 * @returns `rawLength`, or -1 when the input is malformed or does not fit; `into` may then be partly written
 */
export function lz4Decompress(
  from: Bytes,
  offset: number,
  length: number,
  into: Bytes,
  at: number,
  rawLength: number,
): number {
  const inEnd = offset + length;
  const outEnd = at + rawLength;
  if (inEnd > from.length || outEnd > into.length) return -1;
  if (from !== sourceBytes) setSource(from);
  if (into !== targetBytes) setTarget(into);
  const sourceView = source;
  const targetView = target;
  let i = offset;
  let out = at;
  while (i < inEnd) {
    const token = from[i++]!;
    let literals = token >>> 4;
    if (literals === 15) {
      let more: number;
      do {
        if (i >= inEnd) return -1;
        more = from[i++]!;
        literals += more;
      } while (more === 255);
    }
    if (literals > inEnd - i || literals > outEnd - out) return -1;
    if (literals < 8) for (const stop = i + literals; i < stop;) into[out++] = from[i++]!;
    else {
      if (literals > SHORT_COPY) into.set(from.subarray(i, i + literals), out);
      else copyWords(sourceView, i, targetView, out, literals);
      i += literals;
      out += literals;
    }
    if (i === inEnd) {
      if ((token & 15) !== 0) return -1;
      break;
    }
    if (inEnd - i < 2) return -1;
    const distance = from[i]! | (from[i + 1]! << 8);
    i += 2;
    if (distance === 0 || distance > out - at) return -1;
    let matchLength = token & 15;
    if (matchLength === 15) {
      let more: number;
      do {
        if (i >= inEnd) return -1;
        more = from[i++]!;
        matchLength += more;
      } while (more === 255);
    }
    matchLength += MIN_MATCH;
    if (matchLength > outEnd - out) return -1;
    if (matchLength > SHORT_COPY) copyMatch(into, out, distance, matchLength);
    else if (distance >= 8 && matchLength >= 8) {
      copyWords(targetView, out - distance, targetView, out, matchLength);
    } else {
      for (let n = out, stop = out + matchLength; n < stop; n++) into[n] = into[n - distance]!;
    }
    out += matchLength;
  }
  return out === outEnd ? rawLength : -1;
}

/** A long match; where it overlaps itself, in pieces that double. */
function copyMatch(into: Bytes, at: number, distance: number, length: number): void {
  if (distance >= length) {
    into.copyWithin(at, at - distance, at - distance + length);
    return;
  }
  let done = distance;
  into.copyWithin(at, at - distance, at);
  while (done < length) {
    const piece = done < length - done ? done : length - done;
    into.copyWithin(at + done, at, at + piece);
    done += piece;
  }
}
