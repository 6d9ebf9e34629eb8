/**
 * What `localField` gives to look for, and `connectFromField`: all values its path leads to, elements of an array for an
 * array. A component of digits is the index of an element where an array stands. Nothing at all counts as null.
 */
import { readInt32, endOfCString } from '../../bson/read.js';
import { ARRAY, OBJECT, UNDEFINED, NULL } from '../../bson/types.js';
import { NULL_VALUE, Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { endOfValue, FieldFinder, FieldName } from '../../bson/walk.js';

const DIGITS = /^[0-9]+$/;

export class LocalValues {
  private readonly names: readonly FieldName[];
  private readonly isIndex: readonly boolean[];
  private readonly finder = new FieldFinder();

  constructor(path: string) {
    const components = path.split('.');
    this.names = components.map((component) => new FieldName(component));
    this.isIndex = components.map((component) => DIGITS.test(component));
  }

  /** At least one. Valid as long as the bytes. @throws ElmoError BadValue if one is undefined */
  of(bytes: Uint8Array, at: number): Value[] {
    const values = this.found(bytes, at);
    return values.length === 0 ? [NULL_VALUE] : values;
  }

  /** What is there. Valid as long as the bytes. @throws ElmoError BadValue if one is undefined */
  found(bytes: Uint8Array, at: number): Value[] {
    const values: Value[] = [];
    this.collect(bytes, OBJECT, at, 0, values);
    return values;
  }

  private collect(bytes: Uint8Array, type: number, at: number, part: number, into: Value[]): void {
    if (part === this.names.length) {
      if (type === ARRAY) eachElement(bytes, at, (element, start) => add(bytes, element, start, into));
      else add(bytes, type, at, into);
      return;
    }
    const { finder } = this;
    if (type === OBJECT) {
      if (finder.find(bytes, at, this.names[part]!))
        this.collect(bytes, finder.type, finder.valueStart, part + 1, into);
    } else if (type === ARRAY) {
      if (this.isIndex[part] === true && finder.find(bytes, at, this.names[part]!))
        this.collect(bytes, finder.type, finder.valueStart, part + 1, into);
      else
        eachElement(bytes, at, (element, start) => {
          if (element === OBJECT) this.collect(bytes, OBJECT, start, part, into);
        });
    }
  }
}

function add(bytes: Uint8Array, type: number, at: number, into: Value[]): void {
  if (type === UNDEFINED) throw new ElmoError('BadValue', 'cannot compare to undefined');
  into.push(type === NULL ? NULL_VALUE : new Value(type, bytes, at));
}

function eachElement(bytes: Uint8Array, array: number, see: (type: number, at: number) => void): void {
  const limit = array + readInt32(bytes, array) - 1;
  for (let at = array + 4; at < limit;) {
    const type = bytes[at]!;
    const value = endOfCString(bytes, at + 1) + 1;
    see(type, value);
    at = endOfValue(bytes, type, value);
  }
}
