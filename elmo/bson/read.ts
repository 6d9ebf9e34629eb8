/**
 * Numbers and text out of raw BSON, without an object a value. Nothing here checks bounds: the bytes have passed
 * `validate.ts`, or come out of the store, whose checksums vouch for them.
 */
import { LONGEST_ASCII, readAscii } from './ascii-text.js';

const scratchWords = new Int32Array(2);
const scratchDouble = new Float64Array(scratchWords.buffer);
scratchDouble[0] = 1;
/** The machine's own order of bytes; BSON is little-endian. */
const HIGH_WORD = scratchWords[1] === 0 ? 0 : 1;
const LOW_WORD = 1 - HIGH_WORD;

export function readInt32(from: Uint8Array, at: number): number {
  return from[at]! | (from[at + 1]! << 8) | (from[at + 2]! << 16) | (from[at + 3]! << 24);
}

export function readDouble(from: Uint8Array, at: number): number {
  scratchWords[LOW_WORD] = readInt32(from, at);
  scratchWords[HIGH_WORD] = readInt32(from, at + 4);
  return scratchDouble[0]!;
}

/** A double of its two halves. */
export function doubleOfWords(high: number, low: number): number {
  scratchWords[LOW_WORD] = low;
  scratchWords[HIGH_WORD] = high;
  return scratchDouble[0]!;
}

/** The upper 32 bits of a double, signed; the lower ones are then in `lowWordOfDouble`. */
export function highWordOfDouble(value: number): number {
  scratchDouble[0] = value;
  return scratchWords[HIGH_WORD]!;
}

/** The lower 32 bits of the double last given to `highWordOfDouble`. */
export function lowWordOfDouble(): number {
  return scratchWords[LOW_WORD]!;
}

/** A 64-bit signed integer as the nearest double: exact within ±2^53. */
export function readInt64AsDouble(from: Uint8Array, at: number): number {
  return readInt32(from, at + 4) * 0x1_0000_0000 + (readInt32(from, at) >>> 0);
}

/** A 64-bit signed integer, exactly. Costs an allocation; not for hot paths. */
export function readInt64(from: Uint8Array, at: number): bigint {
  return (BigInt(readInt32(from, at + 4)) << 32n) | BigInt(readInt32(from, at) >>> 0);
}

/** @returns the offset of the next NUL at or after `at`; `from.length` if there is none */
export function endOfCString(from: Uint8Array, at: number): number {
  while (from[at]! > 0) at++; // false as well beyond the last byte
  return at;
}

interface NativeText {
  utf8Slice(this: Uint8Array, start: number, end: number): string;
}
/** The runtime's own decoder, which takes any Uint8Array. */
const { utf8Slice } = Buffer.prototype as unknown as NativeText;

/**
 * UTF-8 text. Bytes that are not UTF-8 become U+FFFD.
 * @param end  offset after the last byte
 */
export function readText(from: Uint8Array, at: number, end: number): string {
  return end - at > LONGEST_ASCII
    ? utf8Slice.call(from, at, end)
    : (readAscii(from, at, end - at) ?? utf8Slice.call(from, at, end));
}
