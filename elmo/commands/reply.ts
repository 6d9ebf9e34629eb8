/** Writes the reply of a command field by field; documents of the store pass through as they lie. */
import {
  ARRAY,
  BINARY,
  BOOL,
  DATE,
  DOUBLE,
  INT32,
  INT64,
  NULL,
  OBJECT,
  OBJECT_ID,
  STRING,
  TIMESTAMP,
} from '../bson/types.js';
import type { Value } from '../bson/value.js';
import { BsonWriter } from '../bson/writer.js';
import { refuseEmbeddedNul } from '../catalog/raw-document.js';
import type { RawDocument } from '../operation/requests.js';

const names = new Map<string, Uint8Array>();
const MOST_NAMES = 4096;
const textEncoder = new TextEncoder();
/** What stands before an element of an array, at most: a type, its index as text. */
const MOST_INDEX_BYTES = 9;
/** Shorter arrays of documents find room as they are written. */
const LONG_ARRAY_BYTES = 16 * 1024;
/** What a reply says behind its documents, and a checksum. */
const BYTES_BEHIND = 512;

function nameBytes(name: string): Uint8Array {
  let bytes = names.get(name);
  if (bytes === undefined) {
    refuseEmbeddedNul(name);
    bytes = textEncoder.encode(name);
    if (names.size < MOST_NAMES) names.set(name, bytes);
  }
  return bytes;
}

export class ReplyWriter extends BsonWriter {
  int32(name: string, value: number): this {
    this.writeName(INT32, nameBytes(name));
    this.writeInt32(value);
    return this;
  }

  /** A count: an int, or a long if it is too large for one. */
  count(name: string, value: number): this {
    return value === (value | 0) ? this.int32(name, value) : this.int64(name, value);
  }

  /** @param value  a whole number within ±2^53, or any bigint of 64 bits */
  int64(name: string, value: number | bigint): this {
    this.writeName(INT64, nameBytes(name));
    this.writeLong(value);
    return this;
  }

  double(name: string, value: number): this {
    this.writeName(DOUBLE, nameBytes(name));
    this.writeDouble(value);
    return this;
  }

  bool(name: string, value: boolean): this {
    this.writeName(BOOL, nameBytes(name));
    this.writeByte(value ? 1 : 0);
    return this;
  }

  text(name: string, value: string): this {
    this.writeName(STRING, nameBytes(name));
    this.writeText(value);
    return this;
  }

  /** @param ms  since 1970 */
  date(name: string, ms: number): this {
    this.writeName(DATE, nameBytes(name));
    this.writeLong(Math.trunc(ms));
    return this;
  }

  timestamp(name: string, seconds: number, increment: number): this {
    this.writeName(TIMESTAMP, nameBytes(name));
    this.writeInt64(seconds, increment);
    return this;
  }

  /** @param id  twelve bytes */
  objectId(name: string, id: Uint8Array): this {
    this.writeName(OBJECT_ID, nameBytes(name));
    this.writeRange(id, 0, 12);
    return this;
  }

  binary(name: string, bytes: Uint8Array, subtype = 0): this {
    this.writeName(BINARY, nameBytes(name));
    this.writeInt32(bytes.length);
    this.writeByte(subtype);
    this.writeRange(bytes, 0, bytes.length);
    return this;
  }

  document(name: string, raw: RawDocument): this {
    this.writeName(OBJECT, nameBytes(name));
    this.writeRange(raw, 0, raw.length);
    return this;
  }

  /** All fields of a document, as they lie. */
  fieldsOf(raw: RawDocument): this {
    this.writeRange(raw, 4, raw.length - 1);
    return this;
  }

  /** Appends nothing for a missing value. */
  value(name: string, value: Value): this {
    if (value.isMissing) return this;
    this.writeName(value.type, nameBytes(name));
    this.writeRange(value.bytes, value.at, value.end);
    return this;
  }

  /** @returns what `endDocument` wants when the fields are written */
  beginObject(name: string): number {
    this.writeName(OBJECT, nameBytes(name));
    return this.beginDocument();
  }

  /** @returns what `endDocument` wants when the elements are written */
  beginArray(name: string): number {
    this.writeName(ARRAY, nameBytes(name));
    return this.beginDocument();
  }

  /** A document whose fields `fill` writes. */
  object(name: string, fill: (into: this) => void): this {
    this.writeName(OBJECT, nameBytes(name));
    const start = this.beginDocument();
    fill(this);
    this.endDocument(start);
    return this;
  }

  /** An array of documents, as they lie. */
  documents(name: string, documents: readonly RawDocument[]): this {
    const start = this.beginArray(name);
    this.makeRoomFor(documents);
    for (let i = 0; i < documents.length; i++) {
      this.writeIndex(OBJECT, i);
      const raw = documents[i]!;
      this.writeRange(raw, 0, raw.length);
    }
    this.endDocument(start);
    return this;
  }

  /**
   * Room for a long array and what follows is made at once: to grow step by step would write to two or three times as much
   * memory that nobody has touched.
   */
  private makeRoomFor(documents: readonly RawDocument[]): void {
    let bytes = 0;
    for (const { length } of documents) bytes += length + MOST_INDEX_BYTES;
    if (bytes > LONG_ARRAY_BYTES) this.reserve(bytes + BYTES_BEHIND);
  }

  /** An array whose documents `fill` writes one by one. */
  objects<T>(name: string, items: readonly T[], fill: (item: T, into: this) => void): this {
    const start = this.beginArray(name);
    items.forEach((item, i) => {
      this.writeIndex(OBJECT, i);
      const inner = this.beginDocument();
      fill(item, this);
      this.endDocument(inner);
    });
    this.endDocument(start);
    return this;
  }

  texts(name: string, items: readonly string[]): this {
    const start = this.beginArray(name);
    items.forEach((item, i) => {
      this.writeIndex(STRING, i);
      this.writeText(item);
    });
    this.endDocument(start);
    return this;
  }

  values(name: string, items: readonly Value[]): this {
    const start = this.beginArray(name);
    items.forEach((item, i) => {
      this.writeIndex(item.type, i);
      this.writeRange(item.bytes, item.at, item.end);
    });
    this.endDocument(start);
    return this;
  }

  null(name: string): this {
    this.writeName(NULL, nameBytes(name));
    return this;
  }

  int32s(name: string, items: readonly number[]): this {
    const start = this.beginArray(name);
    items.forEach((item, i) => {
      this.writeIndex(INT32, i);
      this.writeInt32(item);
    });
    this.endDocument(start);
    return this;
  }

  longs(name: string, items: readonly bigint[]): this {
    const start = this.beginArray(name);
    items.forEach((item, i) => {
      this.writeIndex(INT64, i);
      this.writeLong(item);
    });
    this.endDocument(start);
    return this;
  }

  private writeLong(value: number | bigint): void {
    if (typeof value === 'bigint')
      this.writeInt64(Number(value >> 32n) | 0, Number(value & 0xffff_ffffn) | 0);
    else {
      const high = Math.floor(value / 0x1_0000_0000);
      this.writeInt64(high | 0, (value - high * 0x1_0000_0000) | 0);
    }
  }
}
