/**
 * BSON to values of JavaScript, as the official driver turns it: the same classes, the same options, the same results.
 * Only for documents that leave the engine; inside they stay bytes. The bytes have passed `validate.ts`. What is handed
 * out never shares memory with them, except embedded documents that are asked for `raw`.
 */
import { BsonError } from './errors.js';
import { NameCache } from './name-cache.js';
import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  DBRef,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
} from './package.js';
import type { Document } from './package.js';
import { Shapes, type FieldReader, type ReaderPlace } from './shapes.js';
import { endOfCString, readDouble, readInt32, readInt64, readInt64AsDouble, readText } from './read.js';
import {
  ARRAY,
  BINARY,
  BOOL,
  CODE,
  CODE_WITH_SCOPE,
  DATE,
  DB_POINTER,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  MAX_KEY,
  MIN_KEY,
  NULL,
  OBJECT,
  OBJECT_ID,
  REGEX,
  STRING,
  SYMBOL,
  TIMESTAMP,
  UNDEFINED,
} from './types.js';
import { endOfValue } from './walk.js';

export interface DecodeOptions {
  /** Longs within ±2^53 become numbers (default), else all are `Long`. */
  readonly promoteLongs?: boolean;
  /** Int32, doubles, symbols and longs become numbers and strings (default), else instances of their classes. */
  readonly promoteValues?: boolean;
  /** Binaries become Buffers. */
  readonly promoteBuffers?: boolean;
  /** Longs become bigints. */
  readonly useBigInt64?: boolean;
  /** Regular expressions become `BSONRegExp`, not RegExp. */
  readonly bsonRegExp?: boolean;
  /** Embedded documents become views of their bytes. */
  readonly raw?: boolean;
}

const OLD_BINARY = 2;
const NEW_UUID = 4;
const DOLLAR = 0x24;

/** One decoder per set of options, kept and used again. */
export class Decoder implements FieldReader {
  private readonly promoteLongs: boolean;
  private readonly promoteValues: boolean;
  private readonly promoteBuffers: boolean;
  private readonly useBigInt64: boolean;
  private readonly bsonRegExp: boolean;
  private readonly raw: boolean;
  private readonly names = new NameCache();
  private readonly shapes: Shapes;
  end = 0;

  /** @throws BsonError if the options contradict each other */
  constructor({
    promoteLongs = true,
    promoteValues = true,
    promoteBuffers = false,
    useBigInt64 = false,
    bsonRegExp = false,
    raw = false,
  }: DecodeOptions = {}) {
    if (useBigInt64 && !(promoteValues && promoteLongs))
      throw new BsonError('Must either request bigint or Long for int64 deserialization', 'class');
    this.promoteLongs = promoteLongs && promoteValues;
    this.promoteValues = promoteValues;
    this.promoteBuffers = promoteBuffers && promoteValues;
    this.useBigInt64 = useBigInt64;
    this.bsonRegExp = bsonRegExp;
    this.raw = raw;
    this.shapes = new Shapes({ numbers: promoteValues, objects: !raw });
  }

  /** The document at `at`. */
  decode(bytes: Uint8Array, at = 0): Document {
    return this.readObject(bytes, at);
  }

  /** One value; that of MISSING is undefined. */
  decodeValue(bytes: Uint8Array, type: number, at: number): unknown {
    return type === 0 ? undefined : this.readValue(bytes, type, at);
  }

  private readObject(bytes: Uint8Array, start: number): Document {
    return this.readAt(this.shapes.placeOf(bytes, start), bytes, start);
  }

  private readAt(place: ReaderPlace, bytes: Uint8Array, start: number): Document {
    place.uses++;
    const { reader } = place;
    if (reader !== undefined) return reader(this, bytes, start);
    place.missed(bytes, start);
    return this.readPlain(bytes, start);
  }

  readPlain(bytes: Uint8Array, start: number): Document {
    return this.readFields({}, bytes, start, start + 4, true);
  }

  readRest(
    bytes: Uint8Array,
    start: number,
    at: number,
    names: readonly string[],
    values: readonly unknown[],
  ): Document {
    const object: Document = {};
    for (let n = 0; n < values.length; n++) object[names[n]!] = values[n];
    return this.readFields(object, bytes, start, at, true);
  }

  readMore(object: Document, bytes: Uint8Array, start: number, at: number): Document {
    return this.readFields(object, bytes, start, at, true);
  }

  /**
   * The fields from `at` on of the document at `start`.
   * @param mayBeReference  false: it is no `DBRef`, whatever its names
   */
  private readFields(
    object: Document,
    bytes: Uint8Array,
    start: number,
    at: number,
    mayBeReference: boolean,
  ): Document {
    const names = this.names;
    const limit = start + readInt32(bytes, start) - 1;
    let dollars = 0;
    while (at < limit) {
      const type = bytes[at++]!;
      const isDollar = bytes[at] === DOLLAR;
      const name = names.read(bytes, at);
      at = names.end;
      if (isDollar) {
        dollars++;
        if (name !== '$ref' && name !== '$id' && name !== '$db') mayBeReference = false;
      }
      let value: unknown;
      // the commonest types without a further call
      if (type === STRING) {
        const end = at + 4 + readInt32(bytes, at);
        value = readText(bytes, at + 4, end - 1);
        at = end;
      } else if (type === INT32 && this.promoteValues) {
        value = readInt32(bytes, at);
        at += 4;
      } else {
        value = this.readValue(bytes, type, at);
        at = this.end;
      }
      if (name === '__proto__') defineField(object, name, value);
      else object[name] = value;
    }
    this.end = limit + 1;
    return dollars > 1 && mayBeReference ? asReference(object) : object;
  }

  /** Short arrays are made of what they hold: one that grows has room for many from its first element on. */
  readArray(bytes: Uint8Array, start: number, place?: ReaderPlace): unknown[] {
    const limit = start + readInt32(bytes, start) - 1;
    let at = start + 4;
    let array: unknown[] = [];
    if (at < limit) {
      const first = this.readElement(bytes, at, place);
      if ((at = this.end) >= limit) array = [first];
      else {
        const second = this.readElement(bytes, at, place);
        if ((at = this.end) >= limit) array = [first, second];
        else {
          array = [first, second, this.readElement(bytes, at, place)];
          for (at = this.end; at < limit; at = this.end) array.push(this.readElement(bytes, at, place));
        }
      }
    }
    this.end = limit + 1;
    return array;
  }

  private readElement(bytes: Uint8Array, at: number, place: ReaderPlace | undefined): unknown {
    // the name of one of the first ten is a digit
    const valueAt = bytes[at + 1] !== 0 && bytes[at + 2] === 0 ? at + 3 : endOfCString(bytes, at + 1) + 1;
    const type = bytes[at]!;
    return type === OBJECT && place !== undefined
      ? this.readAt(place, bytes, valueAt)
      : this.readValue(bytes, type, valueAt);
  }

  readValue(bytes: Uint8Array, type: number, at: number): unknown {
    switch (type) {
      case STRING:
        return this.readString(bytes, at);
      case INT32:
        this.end = at + 4;
        return this.promoteValues ? readInt32(bytes, at) : new Int32(readInt32(bytes, at));
      case DOUBLE:
        this.end = at + 8;
        return this.promoteValues ? readDouble(bytes, at) : new Double(readDouble(bytes, at));
      case OBJECT_ID:
        this.end = at + 12;
        return objectIdAt(bytes, at);
      case DATE:
        this.end = at + 8;
        return new Date(readInt64AsDouble(bytes, at));
      case BOOL:
        this.end = at + 1;
        return bytes[at] === 1;
      case NULL:
        this.end = at;
        return null;
      case OBJECT:
        if (!this.raw) return this.readObject(bytes, at);
        this.end = at + readInt32(bytes, at);
        return bytes.subarray(at, this.end);
      case ARRAY:
        return this.readArray(bytes, at);
      case INT64:
        this.end = at + 8;
        return this.readLong(bytes, at);
      default:
        return this.readRareValue(bytes, type, at);
    }
  }

  private readString(bytes: Uint8Array, at: number): string {
    this.end = at + 4 + readInt32(bytes, at);
    return readText(bytes, at + 4, this.end - 1);
  }

  private readLong(bytes: Uint8Array, at: number): unknown {
    if (this.useBigInt64) return readInt64(bytes, at);
    const low = readInt32(bytes, at);
    const high = readInt32(bytes, at + 4);
    if (this.promoteLongs && isSafe(high, low)) return high * 0x1_0000_0000 + (low >>> 0);
    return new Long(low, high);
  }

  private readRareValue(bytes: Uint8Array, type: number, at: number): unknown {
    switch (type) {
      case DECIMAL128:
        this.end = at + 16;
        return new Decimal128(ownBuffer(bytes, at, at + 16));
      case BINARY:
        return this.readBinary(bytes, at);
      case TIMESTAMP:
        this.end = at + 8;
        return new Timestamp({ i: readInt32(bytes, at) >>> 0, t: readInt32(bytes, at + 4) >>> 0 });
      case REGEX:
        return this.readRegex(bytes, at);
      case UNDEFINED:
        this.end = at;
        return undefined;
      case MIN_KEY:
        this.end = at;
        return new MinKey();
      case MAX_KEY:
        this.end = at;
        return new MaxKey();
      case SYMBOL: {
        const text = this.readString(bytes, at);
        return this.promoteValues ? text : new BSONSymbol(text);
      }
      case CODE:
        return new Code(this.readString(bytes, at));
      case CODE_WITH_SCOPE: {
        const code = this.readString(bytes, at + 4);
        return new Code(code, this.readFields({}, bytes, this.end, this.end + 4, false)); // a scope is no DBRef
      }
      case DB_POINTER: {
        const namespace = this.readString(bytes, at);
        const id = objectIdAt(bytes, this.end);
        this.end += 12;
        return new DBRef(namespace, id);
      }
      default:
        return endOfValue(bytes, type, at); // throws: no such type
    }
  }

  private readBinary(bytes: Uint8Array, start: number): unknown {
    const subtype = bytes[start + 4]!;
    let at = start + 5;
    this.end = at + readInt32(bytes, start);
    if (subtype === OLD_BINARY) at += 4;
    const content = ownBuffer(bytes, at, this.end);
    if (this.promoteBuffers) return content;
    return subtype === NEW_UUID && content.length === 16 ? new UUID(content) : new Binary(content, subtype);
  }

  /** A pattern that JavaScript cannot compile stays a `BSONRegExp`. */
  private readRegex(bytes: Uint8Array, at: number): unknown {
    const patternEnd = endOfCString(bytes, at);
    const flagsEnd = endOfCString(bytes, patternEnd + 1);
    this.end = flagsEnd + 1;
    const pattern = readText(bytes, at, patternEnd);
    const flags = readText(bytes, patternEnd + 1, flagsEnd);
    if (this.bsonRegExp) return new BSONRegExp(pattern, flags);
    let own = '';
    for (const flag of flags) {
      if (flag === 'm' || flag === 'i') own += flag;
      else if (flag === 's') own += 'g';
    }
    try {
      return new RegExp(pattern, own);
    } catch {
      return new BSONRegExp(pattern, flags);
    }
  }
}

/** Whether an int64 is within ±2^53, both included. */
function isSafe(high: number, low: number): boolean {
  return (high < 0x20_0000 && high >= -0x20_0000) || (high === 0x20_0000 && low === 0);
}

function defineField(object: Document, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

/** {$ref, $id, …} becomes a `DBRef`, if it is one. */
function asReference(object: Document): Document {
  const { $ref, $id, $db, ...fields } = object as Record<string, unknown>;
  const isReference =
    typeof $ref === 'string' &&
    $id !== undefined &&
    $id !== null &&
    (!('$db' in object) || typeof $db === 'string');
  return isReference ? new DBRef($ref, $id as ObjectId, $db as string | undefined, fields) : object;
}

/** A copy, as the Buffer that callers of the driver expect. */
function ownBuffer(bytes: Uint8Array, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  if (copy.length <= 32) for (let i = 0; i < copy.length; i++) copy[i] = bytes[start + i]!;
  else copy.set(bytes.subarray(start, end));
  return copy;
}

type ObjectIdReader = new (bytes: Uint8Array, at: number) => ObjectId;
/** Whether the package's ObjectId reads at an offset, which it does though its types do not say so. */
function readsAtOffset(): boolean {
  const bytes = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13);
  try {
    return new (ObjectId as unknown as ObjectIdReader)(bytes, 1).toHexString() === '0102030405060708090a0b0c';
  } catch {
    return false;
  }
}

/** Found out with the first one: the package is loaded when something of it is first used. */
let objectIdAt = (bytes: Uint8Array, at: number): ObjectId => {
  const Reader = ObjectId as unknown as ObjectIdReader;
  objectIdAt = readsAtOffset()
    ? (from, offset) => new Reader(from, offset)
    : (from, offset) => new ObjectId(from.slice(offset, offset + 12));
  return objectIdAt(bytes, at);
};

const decoder = new Decoder();

/** One document with the default options. */
export function decodeDocument(bytes: Uint8Array, at = 0): Document {
  return decoder.decode(bytes, at);
}
