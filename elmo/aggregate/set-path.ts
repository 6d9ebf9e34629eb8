/**
 * A document with one path set to a value, or without it: fields stay where they are, a new one comes last; what stands in
 * the way and is no document gives way to one. Arrays on the way give way too, or, if asked for, have the rest of the path
 * set in each of their elements.
 */
import { endOfCString, readInt32 } from '../bson/read.js';
import { ARRAY, MISSING, OBJECT } from '../bson/types.js';
import { MISSING_VALUE, writeElement, type Value } from '../bson/value.js';
import { documentLength, ElementWalker, endOfValue, FieldName } from '../bson/walk.js';
import type { BsonWriter } from '../bson/writer.js';

export class PathSetter {
  private readonly names: readonly FieldName[];
  private readonly walkers: readonly ElementWalker[];

  constructor(
    path: string,
    private readonly goesThroughArrays = false,
  ) {
    this.names = path.split('.').map((component) => new FieldName(component));
    this.walkers = this.names.map(() => new ElementWalker());
  }

  /** Appends the document at `at` with the path set to `value`. */
  write(bytes: Uint8Array, at: number, value: Value, into: BsonWriter): void {
    this.writeLevel(bytes, at, 0, value, into);
  }

  /** Appends the document at `at` without what is at the path. */
  writeWithout(bytes: Uint8Array, at: number, into: BsonWriter): void {
    this.writeLevel(bytes, at, 0, MISSING_VALUE, into);
  }

  private writeLevel(bytes: Uint8Array, at: number, level: number, value: Value, into: BsonWriter): void {
    const name = this.names[level]!;
    const walker = this.walkers[level]!;
    const start = into.beginDocument();
    let isDone = false;
    walker.open(bytes, at);
    /** Where those fields begin that are not written yet and stay as they are. */
    let from = walker.valueEnd;
    while (!isDone && walker.next()) {
      if (!walker.isNamed(name)) continue;
      isDone = true;
      const isLast = level === this.names.length - 1;
      if (!isLast && walker.type !== OBJECT && value.type === MISSING) break; // nothing is at the path
      into.writeRange(bytes, from, walker.nameStart - 1);
      from = walker.valueEnd;
      if (isLast) writeElement(into, name.bytes, value);
      else if (walker.type === OBJECT) {
        into.writeName(OBJECT, name.bytes);
        this.writeLevel(bytes, walker.valueStart, level + 1, value, into);
      } else if (walker.type === ARRAY && this.goesThroughArrays) {
        into.writeName(ARRAY, name.bytes);
        this.writeElements(bytes, walker.valueStart, level + 1, value, into);
      } else this.writeNew(level, value, into);
    }
    into.writeRange(bytes, from, at + documentLength(bytes, at) - 1);
    if (!isDone && value.type !== MISSING) this.writeNew(level, value, into);
    into.endDocument(start);
  }

  /** The array at `at` with the path from `level` on set in each element; what is no document gives way to one. */
  private writeElements(bytes: Uint8Array, at: number, level: number, value: Value, into: BsonWriter): void {
    const start = into.beginDocument();
    const limit = at + readInt32(bytes, at) - 1;
    let index = 0;
    for (let element = at + 4; element < limit; index++) {
      const type = bytes[element]!;
      const valueAt = endOfCString(bytes, element + 1) + 1;
      into.writeIndex(type === ARRAY ? ARRAY : OBJECT, index);
      if (type === ARRAY) this.writeElements(bytes, valueAt, level, value, into);
      else if (type === OBJECT) this.writeLevel(bytes, valueAt, level, value, into);
      else {
        const inner = into.beginDocument();
        this.writeNew(level, value, into);
        into.endDocument(inner);
      }
      element = endOfValue(bytes, type, valueAt);
    }
    into.endDocument(start);
  }

  /** The element of a path of which nothing is there. */
  private writeNew(level: number, value: Value, into: BsonWriter): void {
    const name = this.names[level]!;
    if (level === this.names.length - 1) {
      writeElement(into, name.bytes, value);
      return;
    }
    into.writeName(OBJECT, name.bytes);
    const start = into.beginDocument();
    this.writeNew(level + 1, value, into);
    into.endDocument(start);
  }
}
