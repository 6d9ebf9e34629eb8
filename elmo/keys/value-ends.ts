/** Where the values of a key end, without decoding them: for seeks past all entries with the same first values. */
import { BsonError } from '../bson/errors.js';
import { EncodedNumber } from './number-decoding.js';
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
  TAG_INFINITY,
  TAG_NAN,
  TAG_OBJECT,
  TAG_OBJECT_ID,
  TAG_REGEX,
  TAG_STRING,
  TAG_TIMESTAMP,
} from './tags.js';

const OBJECT_ID_BYTES = 12;
const FIXED_BYTES: Readonly<Record<number, number>> = {
  [TAG_OBJECT_ID]: OBJECT_ID_BYTES,
  [TAG_DATE]: 6,
  [TAG_DATE_BEFORE_1970]: 8,
  [TAG_DATE_FAR]: 8,
};
const MOST_VARINT_BYTES = 8;

export class ValueEnds {
  private key: Uint8Array = new Uint8Array(0);
  private limit = 0;
  private flip = 0;
  private readonly number = new EncodedNumber();

  /**
   * Offset after the value that starts at `at`.
   * @param isDescending  whether it is stored inverted
   * @throws BsonError if it runs past `limit`
   */
  endOf(key: Uint8Array, at: number, limit: number, isDescending: boolean): number {
    this.key = key;
    this.limit = limit;
    this.flip = isDescending ? 0xff : 0;
    const end = this.value(at);
    if (end > limit) throw new BsonError('a key ends inside a value', 'length', at);
    return end;
  }

  private value(at: number): number {
    const { key, limit, flip } = this;
    if (at >= limit) throw new BsonError('a key ends inside a value', 'length', at);
    const tag = key[at]! ^ flip;
    if (tag >= TAG_NAN && tag <= TAG_INFINITY) {
      this.number.read(key, at, limit, flip);
      return this.number.end;
    }
    switch (tag) {
      case TAG_STRING:
      case TAG_CODE:
        return this.afterEnd(at + 1);
      case TAG_OBJECT:
        return this.afterFields(at + 1);
      case TAG_ARRAY:
        return this.afterElements(at + 1);
      case TAG_BINARY:
        return this.afterCounted(at + 1, 1);
      case TAG_DB_POINTER:
        return this.afterCounted(at + 1, OBJECT_ID_BYTES);
      case TAG_TIMESTAMP:
        return at + 5 + orderedVarintLengthOf(key[at + 5]! ^ flip);
      case TAG_REGEX:
        return this.afterEnd(this.afterEnd(at + 1));
      case TAG_CODE_WITH_SCOPE:
        return this.afterFields(this.afterEnd(at + 1));
      default:
        return at + 1 + (FIXED_BYTES[tag] ?? 0);
    }
  }

  private afterEnd(at: number): number {
    const found = this.key.indexOf(TAG_END ^ this.flip, at);
    return found < 0 ? this.limit + 1 : found + 1;
  }

  private afterCounted(at: number, more: number): number {
    const length = orderedVarintLengthOf(this.key[at]! ^ this.flip);
    const bytes = new Uint8Array(MOST_VARINT_BYTES);
    for (let i = 0; i < length; i++) bytes[i] = this.key[at + i]! ^ this.flip;
    return at + length + readOrderedVarint(bytes, 0) + more;
  }

  private afterFields(at: number): number {
    while (at < this.limit && (this.key[at]! ^ this.flip) !== TAG_END) at = this.value(this.afterEnd(at + 1));
    return at + 1;
  }

  private afterElements(at: number): number {
    while (at < this.limit && (this.key[at]! ^ this.flip) !== TAG_END) at = this.value(at);
    return at + 1;
  }
}
