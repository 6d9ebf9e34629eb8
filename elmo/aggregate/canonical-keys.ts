/**
 * Bytes that are equal for equal values: what groups, sets and joins look up. Numbers of all types are equal by value, a
 * missing value is null, strings are equal by the collation.
 */
import { readInt32, readText } from '../bson/read.js';
import { ARRAY, OBJECT, STRING, SYMBOL } from '../bson/types.js';
import { ElementWalker } from '../bson/walk.js';
import type { CollationSpec } from '../collation/collation.js';
import { collationKey } from '../collation/key.js';
import { KeyWriter } from '../keys/value-encoding.js';

const encoder = new TextEncoder();

export class CanonicalKeys {
  /** What was appended since `clear` is its [0, length). */
  readonly writer = new KeyWriter();
  private readonly keyOf: ((text: string) => string) | undefined;

  constructor(collation: CollationSpec | undefined) {
    this.keyOf = collation === undefined ? undefined : collationKey(collation);
  }

  clear(): void {
    this.writer.clear();
  }

  append(type: number, from: Uint8Array, at: number): void {
    if (this.keyOf === undefined) this.writer.append(type, from, at);
    else this.appendCollated(type, from, at, this.keyOf);
  }

  private appendCollated(type: number, from: Uint8Array, at: number, keyOf: (text: string) => string): void {
    const { writer } = this;
    if (type === STRING || type === SYMBOL) {
      const key = encoder.encode(keyOf(readText(from, at + 4, at + 3 + readInt32(from, at))));
      writer.appendString(key, 0, key.length);
    } else if (type === OBJECT || type === ARRAY) {
      const walker = new ElementWalker();
      writer.appendByte(type);
      walker.open(from, at);
      while (walker.next()) {
        writer.appendByte(1);
        if (type === OBJECT) writer.appendBytes(from, walker.nameStart, walker.nameEnd + 1);
        this.appendCollated(walker.type, from, walker.valueStart, keyOf);
      }
      writer.appendByte(0);
    } else writer.append(type, from, at);
  }
}
