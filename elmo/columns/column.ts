/**
 * The values that the records of a collection have at one path, as codes: the first value met is FIRST_CODE, the next
 * different one the code after it, and so on. Values are different when their bytes are, or their types.
 */
import { ByteTable } from '../bson/byte-table.js';
import { ARRAY, MISSING, OBJECT, SYMBOL } from '../bson/types.js';
import { BsonWriter } from '../bson/writer.js';
import { endOfValue } from '../bson/walk.js';
import { FIRST_CODE, LONGEST_VALUE, MOST_VALUES, NO_VALUE, UNCODED } from './codes.js';
import { PlainPath } from './plain-path.js';

/** Of memory, about, for `documentOf`. */
const DOCUMENT_BYTES = 160;

export class Column {
  /** False: it is gone, and another may have its slot. */
  isOpen = true;
  /** Whether more values were met than it can hold. */
  isFull = false;
  /** Whether a text may be found in a value that is no string: symbols are texts, arrays have elements. */
  hasOtherTexts = false;
  /** When it was last asked for, among all columns of a store. */
  lastUse = 0;
  private readonly place: PlainPath;
  /** Values, their type bytes before them. */
  private readonly values = new ByteTable();
  private readonly entry = new Uint8Array(1 + LONGEST_VALUE);
  private readonly documents: Uint8Array[] = [];

  /**
   * @param path  plain
   * @param slot  its place in pages
   */
  constructor(
    readonly path: string,
    readonly slot: number,
  ) {
    this.place = new PlainPath(path);
  }

  /** One more than the largest code. */
  get codeEnd(): number {
    return FIRST_CODE + this.values.count;
  }

  get heldBytes(): number {
    return this.values.heldBytes + this.documents.length * DOCUMENT_BYTES;
  }

  /** The code of what a document has, a new one for a new value; UNCODED as well when it is full. */
  codeOf(bytes: Uint8Array, at: number): number {
    const { place } = this;
    if (!place.read(bytes, at)) return UNCODED;
    if (place.type === MISSING) return NO_VALUE;
    return this.codeOfValue(bytes, place.type, place.valueStart, true);
  }

  /** The code of a value; -1: no record was met that has it. */
  find(bytes: Uint8Array, type: number, at: number): number {
    return this.codeOfValue(bytes, type, at, false);
  }

  private codeOfValue(bytes: Uint8Array, type: number, at: number, isNew: boolean): number {
    const { values, entry } = this;
    const length = endOfValue(bytes, type, at) - at;
    if (length > LONGEST_VALUE) return isNew ? UNCODED : -1;
    entry[0] = type;
    for (let i = 0; i < length; i++) entry[1 + i] = bytes[at + i]!;
    if (!isNew || values.count === MOST_VALUES) {
      const known = values.find(entry, 0, 1 + length);
      if (known >= 0) return FIRST_CODE + known;
      if (isNew) this.isFull = true;
      return isNew ? UNCODED : -1;
    }
    const number = values.add(entry, 0, 1 + length);
    if (type === ARRAY || type === SYMBOL) this.hasOtherTexts = true;
    return FIRST_CODE + number;
  }

  /**
   * A document that has at the path what the code stands for, and nothing else.
   * @param code  NO_VALUE or more
   */
  documentOf(code: number): Uint8Array {
    return (this.documents[code - NO_VALUE] ??= this.makeDocument(code));
  }

  private makeDocument(code: number): Uint8Array {
    const writer = new BsonWriter();
    const starts = [writer.beginDocument()];
    if (code !== NO_VALUE) {
      const { names } = this.place;
      const { bytes, starts: ends } = this.values;
      const at = ends[code - FIRST_CODE]!;
      for (let i = 0; i < names.length - 1; i++) {
        writer.writeName(OBJECT, names[i]!.bytes);
        starts.push(writer.beginDocument());
      }
      writer.writeName(bytes[at]!, names[names.length - 1]!.bytes);
      writer.writeRange(bytes, at + 1, ends[code - FIRST_CODE + 1]!);
    }
    while (starts.length > 0) writer.endDocument(starts.pop()!);
    return writer.toBytes();
  }
}
