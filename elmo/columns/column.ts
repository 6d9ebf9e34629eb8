/**
 * The values that the records of a collection have at one path, as codes: the first value met is FIRST_CODE, the next
 * different one the code after it, and so on. Values are different when their bytes are, or their types.
 *
 * A wide column is one of numbers, dates and the like that almost all differ: the code is FIRST_CODE + type, the value
 * itself lies beside it.
 */
import { ByteTable } from '../bson/byte-table.js';
import { ARRAY, MISSING, OBJECT, SYMBOL, VALUE_BYTES } from '../bson/types.js';
import { BsonWriter } from '../bson/writer.js';
import { endOfValue } from '../bson/walk.js';
import { WIDE_BYTES, type ValuesByCode } from '../operation/row-source.js';
import { FIRST_CODE, LONGEST_VALUE, NO_VALUE, UNCODED } from './codes.js';
import { PageColumn } from './page-column.js';
import { PlainPath } from './plain-path.js';

export class Column extends PageColumn implements ValuesByCode {
  /** Whether a text may be found in a value that is no string: symbols are texts, arrays have elements. */
  hasOtherTexts = false;
  /** Of a wide column: where the value last read is, and how long. */
  wideAt = 0;
  wideLength = 0;
  /** Values that a wide column could hold. */
  private narrowValues = 0;
  private toldBytes = 0;
  /** Documents it was asked about, and those of them that got no code. */
  private asked = 0;
  private uncoded = 0;
  private readonly place: PlainPath;
  /** Values, their type bytes before them. */
  private readonly values = new ByteTable();
  private readonly entry = new Uint8Array(1 + LONGEST_VALUE);
  private readonly writer = new BsonWriter();

  /**
   * @param path  plain
   * @param slot  its place in pages
   * @param most  values it may have, and documents without a code, unless they are a few of many
   * @param isWide  whether it holds values of few bytes, however many there are
   */
  constructor(
    path: string,
    slot: number,
    private readonly most: number,
    readonly isWide: boolean,
  ) {
    super(path, slot);
    this.place = new PlainPath(path);
  }

  /** One more than the largest code. */
  get codeEnd(): number {
    return FIRST_CODE + this.values.count;
  }

  /** Bytes of memory that its values take since this was last asked. */
  takeGrowth(): number {
    const { heldBytes } = this.values;
    const grown = heldBytes - this.toldBytes;
    this.toldBytes = heldBytes;
    return grown;
  }

  /** The code of what a document has, a new one for a new value; UNCODED as well when it is full. */
  override codeOf(bytes: Uint8Array, at: number): number {
    const { place } = this;
    this.asked++;
    const isRead = place.read(bytes, at);
    if (isRead && place.type === MISSING) return NO_VALUE;
    if (this.isWide) return isRead ? this.wideCode(place.type, place.valueStart) : UNCODED;
    const code = isRead ? this.codeOfValue(bytes, place.type, place.valueStart, true) : UNCODED;
    if (code === UNCODED && ++this.uncoded > this.most && this.uncoded > this.asked / 4) this.isFull = true;
    return code;
  }

  private wideCode(type: number, at: number): number {
    const length = VALUE_BYTES[type]!;
    if (length < 0 || length > WIDE_BYTES) return UNCODED;
    this.wideAt = at;
    this.wideLength = length;
    return FIRST_CODE + type;
  }

  /** Whether, of the values it could not hold all of, a wide column could hold most. */
  get shouldBeWide(): boolean {
    return !this.isWide && this.narrowValues > 0.9 * this.values.count;
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
    if (!isNew || values.count >= this.most) {
      const known = values.find(entry, 0, 1 + length);
      if (known >= 0) return FIRST_CODE + known;
      if (isNew) this.isFull = true;
      return isNew ? UNCODED : -1;
    }
    const number = values.add(entry, 0, 1 + length);
    if (values.isNew && length <= WIDE_BYTES) this.narrowValues++;
    if (type === ARRAY || type === SYMBOL) this.hasOtherTexts = true;
    return FIRST_CODE + number;
  }

  typeOf(code: number): number {
    if (code === NO_VALUE) return MISSING;
    return this.isWide ? code - FIRST_CODE : this.values.bytes[this.values.starts[code - FIRST_CODE]!]!;
  }

  get valueBytes(): Uint8Array {
    return this.values.bytes;
  }

  valueAt(code: number): number {
    return this.values.starts[code - FIRST_CODE]! + 1;
  }

  /**
   * A document that has at the path what the code stands for, and nothing else. Valid until the next call.
   * @param code  NO_VALUE or more
   */
  documentOf(code: number): Uint8Array {
    const { writer } = this;
    writer.clear();
    this.writeDocument(0, code);
    return writer.bytes;
  }

  /** @param part  of the path, which is a field of the document */
  private writeDocument(part: number, code: number): void {
    const { writer, values, place } = this;
    const start = writer.beginDocument();
    if (code !== NO_VALUE) {
      const { names } = place;
      const name = names[part]!.bytes;
      if (part < names.length - 1) {
        writer.writeName(OBJECT, name);
        this.writeDocument(part + 1, code);
      } else {
        writer.writeName(this.typeOf(code), name);
        writer.writeRange(values.bytes, this.valueAt(code), values.starts[code - FIRST_CODE + 1]!);
      }
    }
    writer.endDocument(start);
  }
}
