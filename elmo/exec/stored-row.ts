/** Rows of a sort on disk: the document, behind it what `$meta` says of it if that is kept, and the record id. */
import { ARRAY, DOUBLE, NULL, OBJECT } from '../bson/types.js';
import { doubleValue } from '../bson/value.js';
import { documentLength, ElementWalker } from '../bson/walk.js';
import { readDouble, readText } from '../bson/read.js';
import { BsonWriter, copyDocument } from '../bson/writer.js';
import type { RowMetadata } from '../operation/row-source.js';

export const RECORD_ID_BYTES = 8;

export class StoredRow {
  private bytes = new Uint8Array(0);
  private view = new DataView(this.bytes.buffer);

  /** @returns bytes that the next call writes over */
  of(from: Uint8Array, at: number, recordId: number, metadata?: RowMetadata): Uint8Array {
    const length = documentLength(from, at);
    const told = metadata === undefined ? undefined : encodedMetadata(metadata);
    const whole = length + (told?.length ?? 0);
    const total = whole + RECORD_ID_BYTES;
    if (total > this.bytes.length) {
      this.bytes = new Uint8Array(total * 2);
      this.view = new DataView(this.bytes.buffer);
    }
    this.bytes.set(from.subarray(at, at + length));
    if (told !== undefined) this.bytes.set(told, length);
    this.view.setFloat64(whole, recordId, true);
    return this.bytes.subarray(0, total);
  }
}

/** What stands behind the document, of a row of `length` bytes without its record id. */
export function storedMetadata(bytes: Uint8Array, at: number, length: number): RowMetadata | undefined {
  const document = documentLength(bytes, at);
  return document === length ? undefined : decodedMetadata(bytes, at + document);
}

type Told = number | null | Uint8Array;

const names = new TextEncoder();

function encodedMetadata(metadata: RowMetadata): Uint8Array {
  const writer = new BsonWriter();
  const start = writer.beginDocument();
  for (const [name, value] of Object.entries(metadata) as [string, Told | undefined][]) {
    if (value === undefined) continue;
    const field = names.encode(name);
    if (value === null) writer.writeName(NULL, field);
    else if (typeof value === 'number') {
      const { bytes, at, end } = doubleValue(value);
      writer.writeName(DOUBLE, field);
      writer.writeRange(bytes, at, end);
    } else {
      writer.writeName(name === 'sortKey' ? ARRAY : OBJECT, field);
      writer.writeRange(value, 0, value.length);
    }
  }
  writer.endDocument(start);
  return writer.toBytes();
}

function decodedMetadata(bytes: Uint8Array, at: number): RowMetadata {
  const metadata: Record<string, Told> = {};
  const walker = new ElementWalker();
  walker.open(bytes, at);
  while (walker.next()) {
    const { type, valueStart } = walker;
    metadata[readText(bytes, walker.nameStart, walker.nameEnd)] =
      type === NULL
        ? null
        : type === DOUBLE
          ? readDouble(bytes, valueStart)
          : copyDocument(bytes, valueStart);
  }
  return metadata;
}
