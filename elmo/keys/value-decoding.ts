/**
 * Keys back to BSON, for queries that an index covers: with the type bits of the key each value comes back bit by bit,
 * but for the names of the elements of arrays, which become 0, 1, 2 ….
 */
import { BsonError } from '../bson/errors.js';
import {
  ARRAY,
  BINARY,
  BOOL,
  CODE,
  CODE_WITH_SCOPE,
  DATE,
  DB_POINTER,
  MAX_KEY,
  MIN_KEY,
  MISSING,
  NULL,
  OBJECT,
  OBJECT_ID,
  REGEX,
  STRING,
  SYMBOL,
  TIMESTAMP,
  UNDEFINED,
} from '../bson/types.js';
import type { BsonWriter } from '../bson/writer.js';
import { MAX_DEPTH } from '../bson/validate.js';
import { DecodedNumber, EncodedNumber } from './number-decoding.js';
import { orderedVarintLengthOf, readOrderedVarint } from './ordered-varint.js';
import {
  TAG_ARRAY,
  TAG_BINARY,
  TAG_CODE,
  TAG_CODE_WITH_SCOPE,
  TAG_DATE,
  TAG_DATE_BEFORE_1970,
  TAG_DATE_FAR,
  TAG_DB_POINTER,
  TAG_END,
  TAG_FALSE,
  TAG_INFINITY,
  TAG_MAX_KEY,
  TAG_MIN_KEY,
  TAG_NAN,
  TAG_NULL,
  TAG_OBJECT,
  TAG_OBJECT_ID,
  TAG_REGEX,
  TAG_STRING,
  TAG_TIMESTAMP,
  TAG_TRUE,
  TAG_UNDEFINED,
} from './tags.js';
import { BITS_SYMBOL, type TypeBitsReader } from './type-bits.js';

/** Where the type byte of an element goes that is not known yet. */
const UNKNOWN = MISSING;

/** Reads the values of a key one after another. */
export class KeyReader {
  /** Offset of the next value. */
  at = 0;
  private key: Uint8Array = new Uint8Array(0);
  private limit = 0;
  private flip = 0;
  private depth = 0;
  private readonly number = new EncodedNumber();
  private readonly decoded = new DecodedNumber();

  /** Starts at the first value of a key, after the keyspace. */
  open(key: Uint8Array, at = 0, limit = key.length): void {
    this.key = key;
    this.at = at;
    this.limit = limit;
  }

  /**
   * Writes the bytes of the next value into a document.
   * @param typeBits  of this key, read in step with the values
   * @returns the value's type byte
   * @throws BsonError if the key is damaged
   */
  readValue(into: BsonWriter, typeBits: TypeBitsReader, isDescending = false): number {
    this.flip = isDescending ? 0xff : 0;
    this.depth = 0;
    return this.value(into, typeBits);
  }

  private value(into: BsonWriter, typeBits: TypeBitsReader): number {
    if (this.depth > MAX_DEPTH) throw new BsonError('a key is nested too deep', 'depth', this.at);
    const tag = this.byte();
    if (tag >= TAG_NAN && tag <= TAG_INFINITY) {
      this.number.read(this.key, this.at - 1, this.limit, this.flip);
      this.at = this.number.end;
      this.decoded.resolve(this.number, typeBits);
      this.decoded.write(into);
      return this.decoded.type;
    }
    switch (tag) {
      case TAG_STRING:
        this.copyText(into);
        return typeBits.next() === BITS_SYMBOL ? SYMBOL : STRING;
      case TAG_OBJECT_ID:
        this.copy(into, 12);
        return OBJECT_ID;
      case TAG_DATE:
      case TAG_DATE_BEFORE_1970:
      case TAG_DATE_FAR:
        this.copyDate(into, tag === TAG_DATE ? 6 : 8);
        return DATE;
      case TAG_FALSE:
      case TAG_TRUE:
        into.writeByte(tag - TAG_FALSE);
        return BOOL;
      case TAG_NULL:
        return NULL;
      case TAG_UNDEFINED:
        return UNDEFINED;
      case TAG_MIN_KEY:
        return MIN_KEY;
      case TAG_MAX_KEY:
        return MAX_KEY;
      default:
        return this.longValue(tag, into, typeBits);
    }
  }

  private longValue(tag: number, into: BsonWriter, typeBits: TypeBitsReader): number {
    switch (tag) {
      case TAG_OBJECT:
        this.copyFields(into, typeBits);
        return OBJECT;
      case TAG_ARRAY:
        this.copyElements(into, typeBits);
        return ARRAY;
      case TAG_BINARY: {
        const length = this.varint();
        into.writeInt32(length);
        this.copy(into, length + 1);
        return BINARY;
      }
      case TAG_TIMESTAMP: {
        const high = this.word();
        into.writeInt64(high, this.varint() | 0);
        return TIMESTAMP;
      }
      case TAG_REGEX:
        this.copyCString(into);
        this.copyCString(into);
        return REGEX;
      case TAG_DB_POINTER: {
        const length = this.varint();
        into.writeInt32(length + 1);
        this.copy(into, length);
        into.writeByte(0);
        this.copy(into, 12);
        return DB_POINTER;
      }
      case TAG_CODE:
        this.copyText(into);
        return CODE;
      case TAG_CODE_WITH_SCOPE: {
        const start = into.beginDocument();
        this.copyText(into);
        this.copyFields(into, typeBits);
        into.setInt32(start, into.length - start);
        return CODE_WITH_SCOPE;
      }
      default:
        throw new BsonError(`0x${tag.toString(16)} starts no value of a key`, 'type', this.at - 1);
    }
  }

  private byte(): number {
    if (this.at >= this.limit) throw new BsonError('a key ends inside a value', 'length', this.at);
    return this.key[this.at++]! ^ this.flip;
  }

  private word(): number {
    return (this.byte() << 24) | (this.byte() << 16) | (this.byte() << 8) | this.byte();
  }

  private varint(): number {
    const bytes = Uint8Array.of(this.byte(), 0, 0, 0, 0, 0, 0, 0);
    const length = orderedVarintLengthOf(bytes[0]!);
    if (length > 8) throw new BsonError('a number in a key is none', 'length', this.at);
    for (let i = 1; i < length; i++) bytes[i] = this.byte();
    return readOrderedVarint(bytes, 0);
  }

  private copy(into: BsonWriter, count: number): void {
    if (count > this.limit - this.at) throw new BsonError('a key ends inside a value', 'length', this.at);
    for (let i = 0; i < count; i++) into.writeByte(this.byte());
  }

  private copyCString(into: BsonWriter): void {
    let byte;
    do {
      byte = this.byte();
      into.writeByte(byte);
    } while (byte !== TAG_END);
  }

  private copyText(into: BsonWriter): void {
    const start = into.beginDocument();
    for (let byte = this.byte(); byte !== TAG_END; byte = this.byte())
      into.writeByte(byte === 1 ? this.byte() - 1 : byte);
    into.writeByte(0);
    into.setInt32(start, into.length - start - 4);
  }

  private copyDate(into: BsonWriter, count: number): void {
    let high = 0;
    for (let i = count; i > 4; i--) high = (high << 8) | this.byte();
    into.writeInt64(high, this.word());
  }

  private copyFields(into: BsonWriter, typeBits: TypeBitsReader): void {
    const start = into.beginDocument();
    this.depth++;
    while (this.byte() !== TAG_END) {
      const typeAt = into.length;
      into.writeByte(UNKNOWN);
      this.copyCString(into);
      const type = this.value(into, typeBits);
      into.bytes[typeAt] = type;
    }
    this.depth--;
    into.endDocument(start);
  }

  private copyElements(into: BsonWriter, typeBits: TypeBitsReader): void {
    const start = into.beginDocument();
    this.depth++;
    for (let index = 0; this.byte() !== TAG_END; index++) {
      this.at--;
      const typeAt = into.length;
      into.writeIndex(UNKNOWN, index);
      const type = this.value(into, typeBits);
      into.bytes[typeAt] = type;
    }
    this.depth--;
    into.endDocument(start);
  }
}
