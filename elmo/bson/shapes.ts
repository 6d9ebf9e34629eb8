/**
 * Readers made for the shapes that documents have (decision 0016). An object to which fields are added under names that
 * vary costs a search for its next shape at each of them, and grows several times; one whose fields are written in the
 * code costs neither. So where objects with the same names in the same order come again and again, a function is made
 * that expects these names, reads the values between them and makes the object at once. An object that differs from some
 * field on is read on without it, from there.
 *
 * Where the runtime forbids making code from text, nothing is made, and all is read field by field.
 */
import { LONGEST_ASCII } from './ascii-text.js';
import { readInt32, readText } from './read.js';
import type { Document } from './package.js';
import { makeShapeReader, type ShapeFields } from './shape-code.js';
import { ARRAY, BOOL, DATE, DOUBLE, INT32, INT64, OBJECT, OBJECT_ID, STRING } from './types.js';
import { ElementWalker } from './walk.js';

/** What reads values, and objects that have no shape. */
export interface FieldReader {
  /** Offset after the value read last. */
  end: number;
  /** Sets `end`. */
  readValue(bytes: Uint8Array, type: number, at: number): unknown;
  /** The elements of an array, objects among them as `place` knows them. Sets `end`. */
  readArray(bytes: Uint8Array, start: number, place: ReaderPlace): unknown[];
  /** An object that no reader knows, field by field. Sets `end`. */
  readPlain(bytes: Uint8Array, start: number): Document;
  /**
   * The object of which the first fields are known.
   * @param names  of all fields of a shape, of which the first `values.length` were read
   * @param at  of the next field's type
   */
  readRest(
    bytes: Uint8Array,
    start: number,
    at: number,
    names: readonly string[],
    values: readonly unknown[],
  ): Document;
  /** Adds the fields from `at` on to an object that has all before. */
  readMore(object: Document, bytes: Uint8Array, start: number, at: number): Document;
}

/** Reads the object at `start`, whatever it has. Sets `end` of the reader. */
export type ShapeReader = (reader: FieldReader, bytes: Uint8Array, start: number) => Document;

/** Which values are plain, by the options of a decoder. */
export interface Plainness {
  /** Int32s and doubles are numbers. */
  readonly numbers: boolean;
  /** Objects and arrays are objects and arrays, not bytes. */
  readonly objects: boolean;
}

const SLOTS = 256;
/** So many objects must have come in vain before a reader is made; one that fails more than half of the time is replaced. */
const WORTH = 64;
/** Where readers failed so often, none is made any more, */
const ATTEMPTS = 4;
/** but for one that so many objects had come to: what comes changes now and then. */
const WORTH_ANOTHER = 64 * WORTH;
/** Objects with more fields have no reader: what is made for them grows with the square. */
const MOST_FIELDS = 48;
const LONGEST_NAME = 64;

/** Where objects come that may have the same shape: at one place of a hash table, or in one field of a shape. */
export class ReaderPlace {
  /** Undefined: none yet, or none any more. */
  reader: ShapeReader | undefined = undefined;
  /** Since the last reckoning: objects that came (whoever asks for the reader counts them), */
  uses = 0;
  /** and those of them that had no reader, or one that did not know them. */
  private misses = 0;
  /** Objects that came to the present reader, up to the last reckoning. */
  private served = 0;
  /** Readers made; more than ATTEMPTS: no more of them. */
  private attempts = 0;

  constructor(private readonly plain: Plainness) {}

  /** An object came that the reader does not know, or that has none. */
  missed(bytes: Uint8Array, start: number): void {
    if (this.attempts > ATTEMPTS || ++this.misses < WORTH) return;
    const isWorthIt = this.uses >= 2 * WORTH;
    this.served += this.uses;
    this.misses = this.uses = 0;
    if (this.reader !== undefined) {
      if (isWorthIt) return;
      if (this.served >= WORTH_ANOTHER) this.attempts = 0;
      this.served = 0;
    }
    this.reader = this.attempts < ATTEMPTS ? this.make(bytes, start) : undefined;
    this.attempts = this.reader === undefined ? ATTEMPTS + 1 : this.attempts + 1;
  }

  private make(bytes: Uint8Array, start: number): ShapeReader | undefined {
    const fields = fieldsOf(bytes, start);
    if (fields === undefined) return undefined;
    const { plain } = this;
    const noteMiss = (source: Uint8Array, at: number): void => this.missed(source, at);
    return makeShapeReader(fields, plain, noteMiss, () => new ReaderPlace(plain));
  }
}

/** The readers that one decoder has made, each for what came at a place of a small hash table. */
export class Shapes {
  private readonly places: (ReaderPlace | undefined)[] = new Array<undefined>(SLOTS).fill(undefined);

  constructor(private readonly plain: Plainness) {}

  /** Where such an object comes. */
  placeOf(bytes: Uint8Array, start: number): ReaderPlace {
    const slot = slotOf(bytes, start);
    return this.places[slot] ?? (this.places[slot] = new ReaderPlace(this.plain));
  }
}

/**
 * Of the first field's name, and of the second one's first bytes where it is quickly found: what collections differ in.
 */
function slotOf(bytes: Uint8Array, start: number): number {
  const type = bytes[start + 4]!;
  let hash = 0;
  let at = start + 5;
  for (let byte = bytes[at]!; byte > 0; byte = bytes[++at]!) hash = Math.imul(hash ^ byte, 0x01000193);
  at++;
  if (type === OBJECT_ID) at += 12;
  else if (type === STRING) at += 4 + readInt32(bytes, at);
  else if (type === INT32) at += 4;
  else if (type === DOUBLE || type === DATE || type === INT64) at += 8;
  else if (type === OBJECT || type === ARRAY) at += readInt32(bytes, at);
  else if (type === BOOL) at++;
  else return (hash ^ (hash >>> 13)) & (SLOTS - 1);
  if (bytes[at]! !== 0) {
    const b = bytes[at + 1]!;
    const c = b === 0 ? 0 : bytes[at + 2]!;
    hash = Math.imul(hash ^ b, 0x01000193);
    hash = Math.imul(hash ^ c, 0x01000193);
    if (c !== 0) hash = Math.imul(hash ^ bytes[at + 3]!, 0x01000193);
  }
  return (hash ^ (hash >>> 13)) & (SLOTS - 1);
}

const walker = new ElementWalker();

/** The fields of an object; undefined: it has none, too many, or such as are not for a literal. */
function fieldsOf(bytes: Uint8Array, start: number): ShapeFields | undefined {
  const names: string[] = [];
  const types: number[] = [];
  const areLong: boolean[] = [];
  walker.open(bytes, start);
  while (walker.next()) {
    const name = readText(bytes, walker.nameStart, walker.nameEnd);
    // names with a dollar may be a reference's; what is no ASCII may be no UTF-8 either
    const isPlain = name.length <= LONGEST_NAME && /^[\x20-\x23\x25-\x7e][\x20-\x7e]*$/u.test(name);
    if (!isPlain || name === '__proto__' || names.length === MOST_FIELDS) return undefined;
    names.push(name);
    types.push(walker.type);
    areLong.push(walker.type === STRING && readInt32(bytes, walker.valueStart) > LONGEST_ASCII);
  }
  return names.length === 0 || new Set(names).size < names.length ? undefined : { names, types, areLong };
}
