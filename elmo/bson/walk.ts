/**
 * Walking documents that stay bytes. A document is an array of bytes and an offset; what a step finds is left in
 * registers (`type`, `nameStart`, `valueStart` …), never in a new object.
 *
 *   document   int32 length of all of it | element* | 00
 *   element    type u8 | name, ending in 00 | value
 *   {a: 1}:    0c 00 00 00 | 10 61 00 01 00 00 00 | 00
 *
 * The bytes have passed `validate.ts`. Damaged ones may give nonsense or a `BsonError`, but never an endless loop: every
 * step goes forward.
 */
import { BsonError } from './errors.js';
import { readInt32 } from './read.js';
import { BINARY, COUNTED, DB_POINTER, MISSING, REGEX, SELF_COUNTED, VALUE_BYTES } from './types.js';

/** Offset after the value of the given type at `at`. */
export function endOfValue(from: Uint8Array, type: number, at: number): number {
  const bytes = VALUE_BYTES[type]!;
  return bytes >= 0 ? at + bytes : endOfLongValue(from, type, at, bytes);
}

function endOfLongValue(from: Uint8Array, type: number, at: number, bytes: number): number {
  if (bytes === COUNTED) return at + 4 + counted(from, at);
  if (bytes === SELF_COUNTED) return at + Math.max(counted(from, at), 4);
  switch (type) {
    case BINARY:
      return at + 5 + counted(from, at);
    case DB_POINTER:
      return at + 16 + counted(from, at);
    case REGEX:
      return afterCString(from, afterCString(from, at));
    default:
      throw new BsonError(`unknown type 0x${type.toString(16)}`, 'type', at);
  }
}

function counted(from: Uint8Array, at: number): number {
  const n = readInt32(from, at);
  if (n < 0) throw new BsonError('a length is negative', 'length', at);
  return n;
}

function afterCString(from: Uint8Array, at: number): number {
  while (from[at]! > 0) at++; // false as well beyond the last byte
  return at + 1;
}

/** Length in bytes of the document at `at`. */
export function documentLength(from: Uint8Array, at: number): number {
  return readInt32(from, at);
}

/** A field name or array index as it stands in documents: made once, compared byte by byte. */
export class FieldName {
  readonly bytes: Uint8Array;

  constructor(readonly text: string) {
    this.bytes = utf8Of(text);
  }
}

const textEncoder = new TextEncoder();

/** UTF-8. Names are short and ASCII as a rule, and a loop is then several times as cheap as the encoder. */
function utf8Of(text: string): Uint8Array {
  const { length } = text;
  if (length > 32) return textEncoder.encode(text);
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const character = text.charCodeAt(i);
    if (character >= 0x80) return textEncoder.encode(text);
    bytes[i] = character;
  }
  return bytes;
}

/**
 * One element after another.
 *
 *   walker.open(document, 0);
 *   while (walker.next()) … walker.type, walker.valueStart …
 */
export class ElementWalker {
  /** Type byte of the element; `MISSING` before the first and after the last. */
  type: number = MISSING;
  /** Where the name starts; it ends (at its NUL) at `nameEnd`. */
  nameStart = 0;
  nameEnd = 0;
  valueStart = 0;
  /** Offset after the value, where the next element starts. */
  valueEnd = 0;
  bytes: Uint8Array = NOTHING;
  private limit = 0;

  /** Starts before the first element of the document (or array) at `at`. */
  open(bytes: Uint8Array, at: number): void {
    this.bytes = bytes;
    this.type = MISSING;
    this.valueEnd = at + 4;
    this.limit = Math.min(at + readInt32(bytes, at) - 1, bytes.length);
  }

  /** @returns false after the last element */
  next(): boolean {
    const bytes = this.bytes;
    let at = this.valueEnd;
    if (at >= this.limit) {
      this.type = MISSING;
      return false;
    }
    const type = bytes[at]!;
    this.type = type;
    this.nameStart = ++at;
    while (bytes[at]! > 0) at++; // false as well beyond the last byte
    this.nameEnd = at++;
    this.valueStart = at;
    const fixed = VALUE_BYTES[type]!;
    this.valueEnd = fixed >= 0 ? at + fixed : endOfLongValue(bytes, type, at, fixed);
    return true;
  }

  isNamed(name: FieldName): boolean {
    const wanted = name.bytes;
    const length = wanted.length;
    if (this.nameEnd - this.nameStart !== length) return false;
    for (let i = 0; i < length; i++) if (this.bytes[this.nameStart + i] !== wanted[i]) return false;
    return true;
  }
}

const NOTHING = new Uint8Array([5, 0, 0, 0, 0]);

/** Finds fields by name; the value found is in `type` and `valueStart`. */
export class FieldFinder {
  /** Type of the field found, or `MISSING`. */
  type: number = MISSING;
  /** Where the field's name starts; its type byte is just before. */
  nameStart = 0;
  valueStart = 0;

  /**
   * Looks for the first field of that name in the document (or array) at `at`.
   * @returns whether there is one
   */
  find(bytes: Uint8Array, at: number, name: FieldName): boolean {
    const wanted = name.bytes;
    const length = wanted.length;
    const first = length === 0 ? 0 : wanted[0]!;
    const limit = Math.min(at + readInt32(bytes, at) - 1, bytes.length);
    at += 4;
    while (at < limit) {
      const type = bytes[at++]!;
      let end = at;
      if (bytes[at] === first) {
        let i = 0;
        while (i < length && bytes[at + i] === wanted[i]) i++;
        if (i === length && bytes[at + i] === 0) {
          this.type = type;
          this.nameStart = at;
          this.valueStart = at + length + 1;
          return true;
        }
        end += i;
      }
      // the name's NUL, four bytes at a time; what is beyond the last byte is not > 0 either
      while (bytes[end]! > 0) {
        if (!(bytes[end + 1]! > 0)) end += 1;
        else if (!(bytes[end + 2]! > 0)) end += 2;
        else if (!(bytes[end + 3]! > 0)) end += 3;
        else end += 4;
      }
      end++;
      const fixed = VALUE_BYTES[type]!;
      at = fixed >= 0 ? end + fixed : endOfLongValue(bytes, type, end, fixed);
    }
    this.type = MISSING;
    return false;
  }
}
