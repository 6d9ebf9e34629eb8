/**
 * Writers made for the shapes that objects have (decision 0016). Whoever writes any object asks each for its fields by names
 * that vary, and writes each name character by character. Where plain objects with the same names in the same order come
 * again and again at one place, a function is made that knows the names: it looks whether they are those, reads each
 * field as code of one shape does, and writes type and name four bytes at a time. Values are looked at as ever, and what
 * is not of the kind that came first is written as ever.
 *
 * Where the runtime forbids making code from text, nothing is made, and all is written field by field.
 */
import { resultOf } from './made-code.js';
import { ARRAY, DATE, DOUBLE, INT32, OBJECT, STRING } from './types.js';

/** What writes values, and objects that have no shape. */
export interface FieldWriter {
  /** Of the bytes written into; current after `room`. */
  readonly view: DataView;
  /** What is written ends here. */
  length: number;
  /** Makes room for `count` more bytes. @returns `length` */
  room(count: number): number;
  /** An element with its name (`index` -1), whatever its value is. */
  writeElement(name: string, index: number, value: unknown): void;
  writeText(text: string): void;
  writeMilliseconds(time: number): void;
  /** A document, if the object has a shape that is known at that place. @returns false: nothing is written */
  writeShaped(place: ShapePlace, object: object): boolean;
  /** A document of an array; objects in it come at that place. */
  writeArray(place: ShapePlace, array: readonly unknown[]): void;
}

/** Writes the fields of an object. @returns false: it has another shape, and nothing is written */
type ShapeWriter = (writer: FieldWriter, object: object) => boolean;

/** So many objects must have come in vain, and be a quarter of all, before a writer is made. */
const WORTH = 64;
/** Writers of one place, which are asked in turn. A place for which they are too few is given up. */
const MOST_WRITERS = 4;
/** Objects with more fields have no writer, nor those with longer names. */
const MOST_FIELDS = 64;
const LONGEST_NAME = 64;
/** A name is written four bytes at a time, and a number may follow. */
const SPARE_BYTES = 12;

/** Where objects come that may have the same shape: at the top, in a field of a shape, in an array in such a field. */
export class ShapePlace {
  private readonly writers: ShapeWriter[] = [];
  private attempts = 0;
  /** Since a writer was last made, or was to be made: objects that came, and those of them that none could write. */
  private uses = 0;
  private misses = 0;

  /** @returns false: nothing is written */
  write(writer: FieldWriter, object: object): boolean {
    if (this.attempts > MOST_WRITERS) return false;
    const { writers } = this;
    this.uses++;
    for (let n = 0; n < writers.length; n++) if (writers[n]!(writer, object)) return true;
    if (++this.misses === WORTH) this.learn(object);
    return false;
  }

  private learn(object: object): void {
    if (this.uses <= 4 * WORTH && ++this.attempts <= MOST_WRITERS) {
      const made = makeWriter(object);
      if (made !== undefined) this.writers.push(made);
    }
    this.uses = this.misses = 0;
  }
}

/** @returns undefined: the object has no shape, or the runtime makes no code from text */
function makeWriter(object: object): ShapeWriter | undefined {
  if (Object.getPrototypeOf(object) !== Object.prototype) return undefined;
  const names = Object.keys(object);
  const isPlain = (name: string): boolean =>
    name.length <= LONGEST_NAME && name !== '__proto__' && /^[\x01-\x7f]*$/u.test(name);
  if (names.length > MOST_FIELDS || !names.every(isPlain)) return undefined;
  const values = object as Readonly<Record<string, unknown>>;
  const places: ShapePlace[] = [];
  const fields = names.map((name) => fieldCode(name, values[name], places));
  const code = `return (writer, object) => {
      if (${isNot('object', 'objects')}) return false;
      let n = 0;
      for (const name in object) if (name !== names[n++]) return false;
      if (n !== ${names.length}) return false;
      let at = 0;
      let view, value;
      ${fields.join('')}
      return true;
    };`;
  const { getPrototypeOf } = Object;
  const given = { names, places, getPrototypeOf, objects: Object.prototype, dates: Date.prototype };
  return resultOf<ShapeWriter>(code, given);
}

/** Whether an object is of another class, or tells its own form. */
const isNot = (object: string, prototype: string): string =>
  `getPrototypeOf(${object}) !== ${prototype} || ${object}.toBSON !== undefined || ${object}._bsontype !== undefined`;

/** Writes a field if its value is of the kind of the one that is there now. */
function fieldCode(name: string, now: unknown, places: ShapePlace[]): string {
  const key = JSON.stringify(name);
  const otherwise = `writer.writeElement(${key}, -1, value);`;
  const read = `value = object[${key}];`;
  if (typeof now === 'string')
    return `${read}
      if (typeof value === 'string') { ${headCode(name, STRING)} writer.writeText(value); }
      else ${otherwise}`;
  if (typeof now === 'number') return `${read} ${numberCode(name)} else ${otherwise}`;
  if (typeof now !== 'object' || now === null) return `${read} ${otherwise}`;
  if (Array.isArray(now)) {
    const place = places.push(new ShapePlace()) - 1;
    return `${read}
      if (Array.isArray(value) && value.toBSON === undefined && value._bsontype === undefined) {
        ${headCode(name, ARRAY)}
        writer.writeArray(places[${place}], value);
      } else ${otherwise}`;
  }
  if (Object.getPrototypeOf(now) === Date.prototype)
    return `${read}
      if (typeof value !== 'object' || value === null || ${isNot('value', 'dates')}) ${otherwise}
      else { ${headCode(name, DATE)} writer.writeMilliseconds(value.getTime()); }`;
  if (Object.getPrototypeOf(now) !== Object.prototype) return `${read} ${otherwise}`;
  const place = places.push(new ShapePlace()) - 1;
  return `${read}
      if (typeof value !== 'object' || value === null) ${otherwise}
      else {
        ${headCode(name, OBJECT)}
        if (!writer.writeShaped(places[${place}], value)) { writer.length = at; ${otherwise} }
      }`;
}

/** Type and name; `at` is then where they begin. */
function headCode(name: string, type: number): string {
  const words = headWords(name, type).map((word, n) => `view.setInt32(at + ${4 * n}, ${word}, true);`);
  const length = name.length + 2;
  return `at = writer.room(${length + SPARE_BYTES}); view = writer.view; ${words.join(' ')} writer.length = at + ${length};`;
}

/** An int32 or a double. */
function numberCode(name: string): string {
  const length = name.length + 2;
  const [int, ...words] = headWords(name, INT32);
  const [double] = headWords(name, DOUBLE);
  const rest = words.map((word, n) => `view.setInt32(at + ${4 * n + 4}, ${word}, true);`);
  return `if (typeof value === 'number') {
        at = writer.room(${length + SPARE_BYTES}); view = writer.view;
        ${rest.join(' ')}
        if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
          view.setInt32(at, ${int}, true);
          view.setInt32(at + ${length}, value, true);
          writer.length = at + ${length + 4};
        } else {
          view.setInt32(at, ${double}, true);
          view.setFloat64(at + ${length}, value, true);
          writer.length = at + ${length + 8};
        }
      }`;
}

/** Type, name and NUL in words of four bytes, little-endian, zeros behind. */
function headWords(name: string, type: number): number[] {
  const bytes = [type, ...Array.from(name, (c) => c.charCodeAt(0)), 0];
  const words = new Array<number>((bytes.length + 3) >>> 2).fill(0);
  bytes.forEach((byte, n) => (words[n >>> 2]! |= byte << ((n & 3) << 3)));
  return words;
}
