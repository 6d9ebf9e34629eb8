/**
 * The data every peer is given. Seeded, and addressed by number: entry `i` can be made again at any time, so an answer
 * is checked against the generator and nothing but the generator stays in memory.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export const KEY_BYTES = 16;
export const VALUE_BYTES = 100;
/** Bytes of a key and its value before any packing. */
export const ENTRY_BYTES = KEY_BYTES + VALUE_BYTES;

/** A well mixed 32-bit number out of two. */
export function mix(a: number, b: number): number {
  let h = (Math.imul(a, 0x9e3779b1) ^ Math.imul(b + 0x7f4a7c15, 0x85ebca6b)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Every number of [0, count) exactly once, in an order that looks random and needs no memory (a Feistel network). */
export class Shuffle {
  private readonly halfBits: number;
  private readonly halfMask: number;

  constructor(
    readonly count: number,
    private readonly seed: number,
  ) {
    let bits = 1;
    while (2 ** (2 * bits) < count) bits++;
    this.halfBits = bits;
    this.halfMask = 2 ** bits - 1;
  }

  at(index: number): number {
    let n = index;
    do n = this.permute(n);
    while (n >= this.count);
    return n;
  }

  private permute(n: number): number {
    let left = Math.floor(n / 2 ** this.halfBits);
    let right = n & this.halfMask;
    for (let round = 0; round < 4; round++) {
      const next = left ^ (mix(right, this.seed + round) & this.halfMask);
      left = right;
      right = next;
    }
    return left * 2 ** this.halfBits + right;
  }
}

/** `number` as 16 decimal digits. */
export function writeDecimalKey(into: Uint8Array, number: number): void {
  for (let at = KEY_BYTES - 1; at >= 0; at--) {
    const rest = Math.floor(number / 10);
    into[at] = 48 + (number - rest * 10);
    number = rest;
  }
}

/** Key of entry `i`. Only even numbers are stored, so that absent keys lie between present ones. */
export function writeKey(into: Uint8Array, i: number): void {
  writeDecimalKey(into, 2 * i);
}

/** A key that is never stored, between those of the entries `i` and `i + 1`. */
export function writeMissingKey(into: Uint8Array, i: number): void {
  writeDecimalKey(into, 2 * i + 1);
}

/** Fills `into` with a value that compresses to about half: random bytes, then the same bytes again. */
export function writeValue(into: Uint8Array, i: number, generation: number, seed: number): void {
  const half = into.length >> 1;
  let state = mix(i, mix(generation, seed)) | 1;
  for (let at = 0; at < half; at++) {
    if ((at & 3) === 0) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
    }
    into[at] = state >>> ((at & 3) << 3);
  }
  into.copyWithin(half, 0, into.length - half);
}

/**
 * Addresses with long shared beginnings (about 80 bytes to the address before, in order): the lines of a file of real
 * ones when there is such a file, a made-up site otherwise; each list is followed by variations of itself.
 */
export class UrlKeys {
  private readonly lines: Uint8Array;
  private readonly starts: Uint32Array;
  readonly baseCount: number;

  constructor(file: string | undefined, seed: number) {
    this.lines = file === undefined ? madeUpUrls(200_000, seed) : readLines(file);
    const starts: number[] = [];
    for (let at = 0; at < this.lines.length;) {
      starts.push(at);
      const end = this.lines.indexOf(10, at);
      at = end < 0 ? this.lines.length : end + 1;
    }
    starts.push(this.lines.length + (this.lines.at(-1) === 10 ? 0 : 1));
    this.starts = Uint32Array.from(starts);
    this.baseCount = starts.length - 1;
  }

  /** Writes the `i`th key to the start of `into`. @returns its length */
  write(into: Uint8Array, i: number): number {
    const line = i % this.baseCount;
    const start = this.starts[line]!;
    let length = this.starts[line + 1]! - start - 1;
    for (let at = 0; at < length; at++) into[at] = this.lines[start + at]!;
    let round = Math.floor(i / this.baseCount);
    if (round > 0) {
      into[length++] = 63; // ?
      into[length++] = 118; // v
      into[length++] = 61; // =
      for (; round > 0; round = Math.floor(round / 10)) into[length++] = 48 + (round % 10);
    }
    return length;
  }
}

/** No key of `UrlKeys` is longer than this. */
export const MAX_URL_BYTES = 4096;

function readLines(file: string): Uint8Array {
  const bytes = readFileSync(file);
  const text = file.endsWith('.gz') ? gunzipSync(bytes) : bytes;
  return new Uint8Array(text.buffer, text.byteOffset, text.length);
}

function madeUpUrls(count: number, seed: number): Uint8Array {
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const site = mix(i >> 12, seed) % 1000;
    const folder = (mix(i >> 4, seed + 1) % 1_000_000).toString(36).padStart(4, 'a');
    lines.push(
      `https://www.example-${site}.org/archives/of/long/and/common/folder/names/${folder}/page-${i.toString(36)}`,
    );
  }
  return new TextEncoder().encode(`${lines.join('\n')}\n`);
}

/** A batch's keys and values, in arrays that are filled again for the next batch. */
export class BatchBuffer {
  readonly keys: Uint8Array[] = [];
  readonly values: Uint8Array[] = [];
  count = 0;

  constructor(size: number, allocate: (bytes: number) => Uint8Array) {
    for (let i = 0; i < size; i++) {
      this.keys.push(allocate(KEY_BYTES));
      this.values.push(allocate(VALUE_BYTES));
    }
  }

  add(i: number, generation: number, seed: number): void {
    writeKey(this.keys[this.count]!, i);
    writeValue(this.values[this.count]!, i, generation, seed);
    this.count++;
  }
}

/** Counts entries and sums up bytes of each key and value: touches what was read, and tells a wrong answer. */
export class Tally {
  count = 0;
  bytes = 0;
  sum = 0;

  add(
    key: Uint8Array,
    keyOffset: number,
    keyLength: number,
    value: Uint8Array,
    valueOffset: number,
    valueLength: number,
  ): void {
    this.count++;
    this.bytes += keyLength + valueLength;
    let h = keyLength + valueLength;
    if (keyLength >= 4) h ^= word(key, keyOffset + keyLength - 4);
    if (valueLength >= 4)
      h ^= Math.imul(
        word(value, valueOffset) ^ (word(value, valueOffset + valueLength - 4) >>> 3),
        0x85ebca6b,
      );
    this.sum = (this.sum + Math.imul(h, 0x9e3779b1)) | 0;
  }

  /** @throws Error when an answer was wrong */
  mustEqual(expected: Tally, what: string): void {
    if (this.count === expected.count && this.bytes === expected.bytes && this.sum === expected.sum) return;
    throw new Error(
      `${what}: wrong answer: ${this.count} entries, ${this.bytes} bytes, sum ${this.sum}; ` +
        `expected ${expected.count}, ${expected.bytes}, ${expected.sum}`,
    );
  }
}

function word(from: Uint8Array, at: number): number {
  return from[at]! | (from[at + 1]! << 8) | (from[at + 2]! << 16) | (from[at + 3]! << 24);
}
