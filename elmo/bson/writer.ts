/**
 * Writes BSON piece by piece into one array that grows. Documents are opened and closed; their lengths are filled in
 * when they close. What is written is not checked: the caller keeps names free of NUL and closes what it opens.
 */
import { BsonError } from './errors.js';
import { highWordOfDouble, lowWordOfDouble, readInt32 } from './read.js';
import { MISSING } from './types.js';

interface NativeText {
  utf8Write(this: Uint8Array, text: string, offset: number): number;
}
const utf8Write = (Buffer.prototype as unknown as NativeText).utf8Write;

/** Above this many characters one native call is cheaper than a loop. */
const LOOP_CHARACTERS = 32;
const FIRST_BYTES = 1024;
const NOTHING = new Uint8Array(0);
/** What a writer that is used again may keep. */
const KEPT_BYTES = 1 << 20;
const MOST_BYTES = 0x7fff_ffff;

const SLAB_BYTES = 1 << 16;
/** Larger copies get memory of their own. */
const MOST_OF_SLAB = SLAB_BYTES >> 4;
let slab = new ArrayBuffer(SLAB_BYTES);
let slabUsed = 0;

/**
 * A copy of [start, end). Small ones share pieces of memory, which makes them five times as cheap; a piece lives as long
 * as one of its copies does.
 */
export function copyBytes(from: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start;
  if (length > MOST_OF_SLAB) return from.slice(start, end);
  if (length > SLAB_BYTES - slabUsed) {
    slab = new ArrayBuffer(SLAB_BYTES);
    slabUsed = 0;
  }
  const copy = new Uint8Array(slab, slabUsed, length);
  slabUsed += length;
  if (length <= 32) for (let i = 0; i < length; i++) copy[i] = from[start + i]!;
  else copy.set(start === 0 && end === from.length ? from : from.subarray(start, end));
  return copy;
}

/** A copy of the document at `at`. */
export function copyDocument(from: Uint8Array, at: number): Uint8Array {
  return copyBytes(from, at, at + readInt32(from, at));
}

/** Writers that are made for one query begin in a piece of memory that several share: that is twice as quick. */
const FIRST_SLAB_BYTES = 16 * FIRST_BYTES;
let firstSlab = new ArrayBuffer(FIRST_SLAB_BYTES);
let firstSlabUsed = 0;

function firstBytes(): Uint8Array {
  if (firstSlabUsed === FIRST_SLAB_BYTES) {
    firstSlab = new ArrayBuffer(FIRST_SLAB_BYTES);
    firstSlabUsed = 0;
  }
  firstSlabUsed += FIRST_BYTES;
  return new Uint8Array(firstSlab, firstSlabUsed - FIRST_BYTES, FIRST_BYTES);
}

/** Where a writer gets long arrays, if not from the runtime. */
export interface WriterMemory {
  /** @returns at least `bytes`, with anything in them; undefined: the runtime is to give them */
  take(bytes: number): Uint8Array | undefined;
  /** Takes back what `take` gave; anything else is left alone. */
  give(bytes: Uint8Array): void;
}

export class BsonWriter {
  /** What is written lies in [0, length). Another array after any call that writes. */
  bytes: Uint8Array = NOTHING;
  length = 0;

  constructor(private readonly memory?: WriterMemory) {}

  /** Forgets what was written. */
  clear(): void {
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = NOTHING;
  }

  /** Gives its array to whoever asked for it; what was written is forgotten here. */
  detach(): Uint8Array {
    const { bytes } = this;
    this.bytes = NOTHING;
    this.length = 0;
    return bytes;
  }

  /** A copy of what was written. Its memory may be part of a larger piece: never transfer it to another thread. */
  toBytes(): Uint8Array {
    return copyBytes(this.bytes, 0, this.length);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.grow(count);
  }

  private grow(count: number): void {
    const needed = this.length + count;
    if (needed > MOST_BYTES) throw new BsonError('a document is too large', 'size');
    if (this.bytes.length === 0 && needed <= FIRST_BYTES) {
      this.bytes = firstBytes();
      return;
    }
    const wanted = Math.min(Math.max(needed, this.bytes.length * 2, FIRST_BYTES), MOST_BYTES);
    const grown = this.memory?.take(wanted) ?? new Uint8Array(wanted);
    grown.set(this.bytes.subarray(0, this.length));
    this.memory?.give(this.bytes);
    this.bytes = grown;
  }

  /** More is to come of the document that ends here: it has no end until `endDocument`. */
  reopenDocument(): void {
    this.length--;
  }

  /** @returns what `endDocument` wants to know; also for arrays, and for a code with scope */
  beginDocument(): number {
    this.reserve(4);
    const start = this.length;
    this.length += 4;
    return start;
  }

  endDocument(start: number): void {
    this.writeByte(MISSING);
    this.setInt32(start, this.length - start);
  }

  /** Type byte and name of an element, whose value is to follow. */
  writeName(type: number, name: Uint8Array): void {
    this.writeByte(type);
    this.writeRange(name, 0, name.length);
    this.writeByte(0);
  }

  /** Type byte and name of an element of an array. */
  writeIndex(type: number, index: number): void {
    this.reserve(12);
    const bytes = this.bytes;
    let at = this.length;
    bytes[at++] = type;
    if (index < 10) bytes[at++] = 0x30 + index;
    else if (index < 100) {
      bytes[at++] = 0x30 + Math.floor(index / 10);
      bytes[at++] = 0x30 + (index % 10);
    } else {
      const digits = String(index);
      for (let i = 0; i < digits.length; i++) bytes[at++] = digits.charCodeAt(i);
    }
    bytes[at++] = 0;
    this.length = at;
  }

  writeByte(byte: number): void {
    this.reserve(1);
    this.bytes[this.length++] = byte;
  }

  writeInt32(value: number): void {
    this.reserve(4);
    this.setInt32(this.length, value);
    this.length += 4;
  }

  /** A 64-bit integer of its halves. */
  writeInt64(high: number, low: number): void {
    this.reserve(8);
    this.setInt32(this.length, low);
    this.setInt32(this.length + 4, high);
    this.length += 8;
  }

  writeDouble(value: number): void {
    const high = highWordOfDouble(value);
    this.writeInt64(high, lowWordOfDouble());
  }

  /** Bytes [start, end) of another array. */
  writeRange(from: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.reserve(count);
    if (count <= 32) {
      const bytes = this.bytes;
      const to = this.length - start;
      for (let i = start; i < end; i++) bytes[to + i] = from[i]!;
    } else this.bytes.set(from.subarray(start, end), this.length);
    this.length += count;
  }

  /** The value of a string: its length, UTF-8, NUL. Half of a surrogate pair becomes U+FFFD. */
  writeText(text: string): void {
    const length = text.length;
    this.reserve(length * 3 + 5);
    const start = this.length;
    let end = start + 4 + length;
    if (length > LOOP_CHARACTERS || !writeAscii(this.bytes, start + 4, text))
      end = start + 4 + utf8Write.call(this.bytes, text, start + 4);
    this.bytes[end++] = 0;
    this.length = end;
    this.setInt32(start, end - start - 4);
  }

  /** UTF-8 and NUL. The caller knows that there is no NUL inside. */
  writeCString(text: string): void {
    const length = text.length;
    this.reserve(length * 3 + 1);
    let end = this.length + length;
    if (length > LOOP_CHARACTERS || !writeAscii(this.bytes, this.length, text))
      end = this.length + utf8Write.call(this.bytes, text, this.length);
    this.bytes[end++] = 0;
    this.length = end;
  }

  setInt32(at: number, value: number): void {
    const bytes = this.bytes;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
  }
}

/** @returns false if the text is not ASCII; what is at `at` is then of no use */
function writeAscii(into: Uint8Array, at: number, text: string): boolean {
  let bits = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    into[at + i] = character;
    bits |= character;
  }
  return bits < 0x80;
}

/** The format ends names and patterns by NUL, so none can be inside. */
export function refuseNul(text: string, what: string): void {
  if (text.includes('\0'))
    throw new BsonError(`${what} ${JSON.stringify(text)} must not contain null bytes`, 'key');
}
