/**
 * A column of a time-series bucket, packed: binary data of subtype 7. Bytes that tell what follows:
 *   0x00             the end
 *   a type of BSON   an empty name (a zero byte) and a value
 *   0x80 … 0xdf      distances from the last value, in 1 + (low four bits) words; the high four bits tell the scale of doubles
 *   0xf0, 0xf1, 0xf2 documents, whose leaves are columns of their own: a document that shows their shape, then the above for
 *                    whichever leaf has no value left, up to a zero byte. 0xf0: arrays are leaves; 0xf2: they are arrays
 */
import { validateDocument, type Document } from '../../elmo/index.js';
import {
  BsonType,
  elementsOf,
  isElementType,
  literalAt,
  type Element,
  type Literal,
} from './bson-elements.js';
import { ColumnStream, type Scale } from './column-stream.js';
import { ABSENT, WORD_BYTES } from './simple8b.js';

/** By the high four bits; 8: doubles are their bits. */
const SCALES: Readonly<Record<number, Scale>> = { 8: undefined, 9: 1, 10: 10, 11: 100, 12: 1e4, 13: 1e8 };
const END = 0;
const WITH_WHOLE_ARRAYS = 0xf0;
const OF_ARRAYS = 0xf2;

/** A document or array of the shape, or a leaf of it. */
type Shape =
  | { readonly name: string; readonly stream: ColumnStream }
  | { readonly name: string; readonly isArray: boolean; readonly parts: readonly Shape[] };

/**
 * The values of a column, row by row; `undefined` where a row has none. Rows at the end that have none may not be told.
 * @throws Error when it is damaged
 */
export function* columnValues(bytes: Uint8Array): Generator<unknown> {
  yield* new ColumnReader(bytes).values();
}

class ColumnReader {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  *values(): Generator<unknown> {
    const stream = new ColumnStream();
    for (;;) {
      while (stream.hasMore) yield stream.take();
      const control = this.control();
      if (control === END) return;
      if (control >= WITH_WHOLE_ARRAYS && control <= OF_ARRAYS) {
        let last: unknown;
        for (const value of this.documents(control)) {
          last = value ?? last;
          yield value;
        }
        stream.beginWith(last);
      } else {
        const literal = this.feed(stream, control);
        if (literal !== undefined) yield stream.begin(literal);
      }
    }
  }

  private control(): number {
    const control = this.bytes[this.at++];
    if (control === undefined) throw new Error('it breaks off');
    return control;
  }

  /** @returns the value, where the byte tells one; else the stream has more */
  private feed(stream: ColumnStream, control: number): Literal | undefined {
    const scale = SCALES[control >> 4];
    if (control >> 4 in SCALES) {
      for (let words = 1 + (control & 15); words > 0; words--) {
        if (this.at + WORD_BYTES > this.bytes.length) throw new Error('it breaks off');
        stream.push(this.view.getBigUint64(this.at, true), scale);
        this.at += WORD_BYTES;
      }
      return undefined;
    }
    if (!isElementType(control))
      throw new Error(`it has the byte 0x${control.toString(16)} at ${this.at - 1}`);
    if (this.control() !== 0) throw new Error('a value in it has a name');
    const literal = literalAt(this.bytes, this.at, control);
    this.at += literal.bytes.length;
    return literal;
  }

  private *documents(kind: number): Generator<unknown> {
    const reference = literalAt(this.bytes, this.at, BsonType.document).bytes;
    validateDocument(reference);
    this.at += reference.length;
    const streams: ColumnStream[] = [];
    const isArray = kind === OF_ARRAYS;
    const shape = shapeOf(
      { name: '', type: isArray ? BsonType.array : BsonType.document, bytes: reference },
      kind,
      streams,
    );
    if (streams.length === 0) throw new Error('documents in it have no leaves');
    for (;;) {
      const row = new Map<ColumnStream, unknown>();
      for (const stream of streams) {
        if (stream.hasMore) {
          row.set(stream, stream.take());
          continue;
        }
        const control = this.control();
        if (control === END) return;
        const literal = this.feed(stream, control);
        row.set(stream, literal === undefined ? stream.take() : stream.begin(literal));
      }
      yield built(shape, row);
    }
  }
}

function shapeOf(element: Element, kind: number, streams: ColumnStream[]): Shape {
  const { name, type, bytes } = element;
  const isArray = type === BsonType.array;
  if (type === BsonType.document || (isArray && kind !== WITH_WHOLE_ARRAYS)) {
    const parts = elementsOf(bytes).map((part) => shapeOf(part, kind, streams));
    return { name, isArray, parts };
  }
  const stream = new ColumnStream();
  stream.begin(element);
  streams.push(stream);
  return { name, stream };
}

/** @returns ABSENT when nothing of it is there; what is empty in the shape always is */
function built(shape: Shape, row: ReadonlyMap<ColumnStream, unknown>): unknown {
  if ('stream' in shape) return row.get(shape.stream);
  const fields: [string, unknown][] = [];
  for (const part of shape.parts) {
    const value = built(part, row);
    if (value !== ABSENT) fields.push([part.name, value]);
  }
  if (fields.length === 0 && shape.parts.length > 0) return ABSENT;
  return shape.isArray ? fields.map(([, value]) => value) : (Object.fromEntries(fields) as Document);
}
