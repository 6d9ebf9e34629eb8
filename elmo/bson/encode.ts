/**
 * Values of JavaScript to BSON, as the official driver turns them: a number that is an integer of 32 bits becomes an
 * int32, any other a double (-0 too), a bigint a long; instances of the package `bson` of any major version become what
 * they stand for; `toBSON` is called; functions and symbols are left out; undefined is null, or left out on request.
 */
import { types } from 'node:util';
import { BsonError } from './errors.js';
import { encodeInstance } from './encode-instance.js';
import { ShapePlace, type FieldWriter } from './encode-shapes.js';
import {
  ARRAY,
  BINARY,
  BOOL,
  CODE,
  DATE,
  DOUBLE,
  INT32,
  INT64,
  NULL,
  OBJECT,
  REGEX,
  STRING,
} from './types.js';
import { MAX_DEPTH } from './validate.js';
import { BsonWriter, refuseNul } from './writer.js';

export interface EncodeOptions {
  /** Whether fields that are undefined are left out; else they become null. In arrays they are always null. */
  readonly ignoreUndefined?: boolean;
  /** Whether functions become code; else they are left out. */
  readonly serializeFunctions?: boolean;
  /** How deep documents may nest, the outermost included. */
  readonly maxDepth?: number;
}

/** What a message may nest: commands wrap documents of the greatest depth. */
export const MAX_MESSAGE_DEPTH: number = MAX_DEPTH + 20;

const EMPTY_NAME = '';
const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));
/** Places for documents by the name of their first field; when there are more, all are forgotten. */
const MOST_PLACES = 256;
/** An encoder of more documents than this writes them side by side in memory that they share, as long as they are not large. */
const FEW = 16;
const LARGE = 4096;
const SLAB_BYTES = 1 << 16;
const LEAST_ROOM = 1024;
const { hasOwnProperty } = Object.prototype;

/** Encodes one document after another; one encoder per set of options, kept and used again. */
export class Encoder extends BsonWriter implements FieldWriter {
  ignoreUndefined: boolean;
  readonly serializeFunctions: boolean;
  readonly maxDepth: number;
  /** Timestamps written so far: only documents that have one need a look at theirs. */
  timestampCount = 0;
  /** The objects that are being written, outermost first. */
  private ancestors: (object | undefined)[] = [];
  private depth = 0;
  view: DataView = NO_VIEW;
  private viewed: Uint8Array | undefined = undefined;
  private readonly places = new Map<string, ShapePlace>();
  /** Documents encoded, up to FEW, and the length of the last. */
  private count = 0;
  private lastLength = 0;
  /** Whether `bytes` holds documents that were handed out. */
  private isSlab = false;

  constructor({
    ignoreUndefined = false,
    serializeFunctions = false,
    maxDepth = MAX_MESSAGE_DEPTH,
  }: EncodeOptions = {}) {
    super();
    this.ignoreUndefined = ignoreUndefined;
    this.serializeFunctions = serializeFunctions;
    this.maxDepth = maxDepth;
  }

  /**
   * @returns the document's bytes, a copy that is the caller's (see `toBytes`)
   * @throws BsonError if the value is no document, holds itself, or has a NUL in a name
   */
  encode(document: object): Uint8Array {
    if (this.depth > 0) return new Encoder(this).encode(document); // asked by a toBSON on the way
    if (this.count < FEW) this.count++;
    else if (this.lastLength <= LARGE) return this.encodeInSlab(document);
    if (this.isSlab) this.setBytes(NO_BYTES, false);
    this.clear();
    this.append(document);
    this.lastLength = this.length;
    return this.toBytes();
  }

  /** Writes where it stays, behind other documents: nothing is copied. */
  private encodeInSlab(document: object): Uint8Array {
    if (!this.isSlab || this.bytes.length - this.length < LEAST_ROOM + 2 * this.lastLength)
      this.setBytes(new Uint8Array(SLAB_BYTES), true);
    const { bytes, length: start } = this;
    this.append(document);
    const { length: end } = this;
    this.lastLength = end - start;
    if (this.bytes === bytes) return new Uint8Array(bytes.buffer, start, end - start);
    // it grew out of the slab
    const copy = this.bytes.slice(start, end);
    this.setBytes(NO_BYTES, false);
    return copy;
  }

  private setBytes(bytes: Uint8Array, isSlab: boolean): void {
    this.bytes = bytes;
    this.length = 0;
    this.isSlab = isSlab;
  }

  /** Writes a document behind what was written before. */
  append(document: object): void {
    refuseAsDocument(document);
    const { ignoreUndefined, length } = this;
    try {
      const place = this.placeOf(document);
      if (place === undefined || !this.writeShaped(place, document)) this.writeDocument(document);
    } catch (error) {
      this.ancestors = [];
      this.depth = 0;
      this.length = length;
      this.ignoreUndefined = ignoreUndefined;
      throw error;
    }
  }

  /** Where documents with the same first field come; undefined: it has none. */
  private placeOf(document: object): ShapePlace | undefined {
    for (const name in document) {
      const known = this.places.get(name);
      if (known !== undefined) return known;
      if (this.places.size === MOST_PLACES) this.places.clear();
      const place = new ShapePlace();
      this.places.set(name, place);
      return place;
    }
    return undefined;
  }

  /** Length and elements of a plain object, an array or a map. */
  writeDocument(value: object): void {
    const start = this.enter(value);
    if (Array.isArray(value)) this.writeElements(value);
    else if (value instanceof Map || (isForeign(value) && types.isMap(value))) this.writeEntries(value);
    else this.writeFields(value as Record<string, unknown>);
    this.leave(start);
  }

  writeShaped(place: ShapePlace, object: object): boolean {
    const start = this.enter(object);
    const isWritten = place.write(this, object);
    this.leave(start);
    if (!isWritten) this.length = start;
    return isWritten;
  }

  /** Opens the document of an object. @returns where it starts */
  private enter(value: object): number {
    const { ancestors, depth } = this;
    for (let i = 0; i < depth; i++)
      if (ancestors[i] === value) throw new BsonError('Cannot convert circular structure to BSON', 'cycle');
    if (depth >= this.maxDepth) throw new BsonError(`nested deeper than ${this.maxDepth} levels`, 'depth');
    ancestors[depth] = value;
    this.depth = depth + 1;
    return this.beginDocument();
  }

  private leave(start: number): void {
    this.endDocument(start);
    this.ancestors[--this.depth] = undefined;
  }

  writeArray(place: ShapePlace, array: readonly unknown[]): void {
    const start = this.enter(array);
    for (let i = 0; i < array.length; i++) {
      const value = array[i];
      if (typeof value === 'object' && value !== null) {
        const at = this.length;
        this.writeIndex(OBJECT, i);
        if (this.writeShaped(place, value)) continue;
        this.length = at;
      }
      if (value === undefined) this.writeIndex(NULL, i);
      else this.writeElement(EMPTY_NAME, i, value);
    }
    this.leave(start);
  }

  room(count: number): number {
    this.reserve(count);
    const { bytes } = this;
    if (this.viewed !== bytes) {
      this.viewed = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.length;
  }

  private writeElements(array: readonly unknown[]): void {
    for (let i = 0; i < array.length; i++) {
      const value = array[i];
      if (value === undefined) this.writeIndex(NULL, i);
      else this.writeElement(EMPTY_NAME, i, value);
    }
  }

  private writeEntries(map: ReadonlyMap<unknown, unknown>): void {
    for (const [name, value] of map) this.writeElement(String(name), -1, value);
  }

  private writeFields(object: Record<string, unknown>): void {
    const source = convert(object) as Record<string, unknown>;
    if (typeof source !== 'object' || source === null)
      throw new BsonError('toBSON function did not return an object', 'class');
    // a third of what Object.keys costs
    for (const name in source)
      if (hasOwnProperty.call(source, name)) this.writeElement(name, -1, source[name]);
  }

  /** One element; `index` is that of an array's element, or -1 and the name counts. */
  writeElement(name: string, index: number, value: unknown): void {
    // a switch on typeof would compare strings
    if (typeof value === 'string') {
      this.writeHead(STRING, name, index);
      this.writeText(value);
    } else if (typeof value === 'number') {
      this.writeNumber(name, index, value);
    } else if (typeof value === 'object') {
      if (value === null) this.writeHead(NULL, name, index);
      else this.writeObject(name, index, value);
    } else if (typeof value === 'boolean') {
      this.writeHead(BOOL, name, index);
      this.bytes[this.length++] = value ? 1 : 0;
    } else if (typeof value === 'bigint') {
      this.writeHead(INT64, name, index);
      this.writeInt64(Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asIntN(32, value)));
    } else if (typeof value === 'undefined') {
      if (!this.ignoreUndefined || index >= 0) this.writeHead(NULL, name, index);
    } else if (typeof value === 'function' && this.serializeFunctions) {
      this.writeHead(CODE, name, index);
      this.writeText(String(value));
    } // functions otherwise, and symbols, have no form
  }

  private writeNumber(name: string, index: number, value: number): void {
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
      this.writeHead(INT32, name, index);
      this.writeInt32(value);
    } else {
      this.writeHead(DOUBLE, name, index);
      this.writeDouble(value);
    }
  }

  private writeObject(name: string, index: number, given: object): void {
    let value = given;
    if (typeof (value as Convertible).toBSON === 'function') {
      const converted = convert(value);
      if (typeof converted !== 'object' || converted === null) {
        this.writeElement(name, index, converted);
        return;
      }
      value = converted;
    }
    const tag = (value as { _bsontype?: unknown })._bsontype;
    if (tag !== undefined && tag !== null) encodeInstance(this, name, index, value, tag);
    else if (Array.isArray(value)) {
      this.writeHead(ARRAY, name, index);
      this.writeDocument(value);
    } else if (value instanceof Date) {
      this.writeHead(DATE, name, index);
      this.writeMilliseconds(value.getTime());
    } else if (value instanceof Uint8Array) {
      this.writeHead(BINARY, name, index);
      this.writeInt32(value.length);
      this.writeByte(0);
      this.writeRange(value, 0, value.length);
    } else if (value instanceof RegExp) this.writeRegExp(name, index, value);
    else if (isForeign(value)) this.writeForeign(name, index, value);
    else {
      this.writeHead(OBJECT, name, index);
      this.writeDocument(value);
    }
  }

  /** An object of no class of this realm; test runners give each file a realm of its own. */
  private writeForeign(name: string, index: number, value: object): void {
    if (types.isDate(value)) this.writeObject(name, index, new Date(value.getTime()));
    else if (types.isUint8Array(value)) this.writeObject(name, index, new Uint8Array(value));
    else if (types.isRegExp(value)) this.writeRegExp(name, index, value);
    else {
      this.writeHead(OBJECT, name, index);
      this.writeDocument(value);
    }
  }

  /** A date; one that is none counts as 0, as it does for the driver. */
  writeMilliseconds(time: number): void {
    const milliseconds = Number.isNaN(time) ? 0 : time;
    const high = Math.floor(milliseconds / 0x1_0000_0000);
    this.writeInt64(high, (milliseconds - high * 0x1_0000_0000) | 0);
  }

  /** `g` becomes the flag s, as the driver has it. */
  private writeRegExp(name: string, index: number, value: RegExp): void {
    this.writeHead(REGEX, name, index);
    refuseNul(value.source, 'a regular expression');
    this.writeCString(value.source);
    this.writeCString(
      (value.ignoreCase ? 'i' : '') + (value.global ? 's' : '') + (value.multiline ? 'm' : ''),
    );
  }

  /** Type byte and name, or index, of an element. */
  writeHead(type: number, name: string, index: number): void {
    if (index >= 0) {
      this.writeIndex(type, index);
      return;
    }
    const length = name.length;
    this.reserve(length * 3 + 16);
    const bytes = this.bytes;
    let at = this.length;
    bytes[at++] = type;
    for (let i = 0; i < length; i++) {
      const character = name.charCodeAt(i);
      if ((character - 1) >>> 0 >= 0x7f) {
        this.writeWideHead(type, name);
        return;
      }
      bytes[at++] = character;
    }
    bytes[at++] = 0;
    this.length = at;
  }

  private writeWideHead(type: number, name: string): void {
    refuseNul(name, 'key');
    this.writeByte(type);
    this.writeCString(name);
  }
}

/** Whether an object is of another class than Object, or of another realm. */
function isForeign(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== Object.prototype && prototype !== null;
}

interface Convertible {
  toBSON?: unknown;
}

/** What `toBSON` makes of an object that has it. */
function convert(value: object): unknown {
  const { toBSON } = value as Convertible;
  return typeof toBSON === 'function' ? (toBSON as () => unknown).call(value) : value;
}

/** @throws BsonError if a value is none that can be a document by itself */
function refuseAsDocument(value: unknown): void {
  if (Array.isArray(value))
    throw new BsonError('serialize does not support an array as the root input', 'class');
  if (typeof value !== 'object' || value === null)
    throw new BsonError('serialize does not support non-object as the root input', 'class');
  if (typeof (value as { _bsontype?: unknown })._bsontype === 'string')
    throw new BsonError('BSON types cannot be serialized as a document', 'class');
  if (!isForeign(value)) return;
  if (
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isUint8Array(value) ||
    types.isAnyArrayBuffer(value)
  )
    throw new BsonError('date, regexp, typedarray, and arraybuffer cannot be BSON documents', 'class');
}

const encoder = new Encoder();

/** One document with the default options. */
export function encodeDocument(document: object): Uint8Array {
  return encoder.encode(document);
}
