/**
 * The values a document has in an index: from raw bytes, one tuple of values after another, without decoding. An array on
 * the way gives a tuple for each of its elements (a multikey index); two fields may only meet the same array.
 *
 *   index      document                 tuples
 *   a          {a: 7}                   (7)
 *   a          {a: [1, 2]}              (1) (2)
 *   a          {a: []}                  (undefined)
 *   a.b        {a: [{b: 1}, {}, 3]}     (1) (null) (null)
 *   a.0        {a: [5, 6]}              (5)
 *   a.0        {a: [[5, 6]]}            ([5, 6])
 *   a, b       {a: [1, 2], b: 3}        (1, 3) (2, 3)
 *   a, b       {a: [1], b: [2]}         refused: CannotIndexParallelArrays
 *
 * Source: MongoDB manual, "Multikey Indexes"; the reference's answers.
 */
import { ElmoError } from '../errors.js';
import { ARRAY, MISSING, OBJECT, UNDEFINED } from '../bson/types.js';
import { endOfCString, readInt32 } from '../bson/read.js';
import { endOfValue, FieldFinder, FieldName } from '../bson/walk.js';

/** Takes the tuples. `types[i]`, `at[i]` of the extractor are the values of field i, all in the same bytes. */
export interface TupleSink {
  tuple(extractor: KeyExtractor): void;
}

/** Length of an empty array. */
const EMPTY_BYTES = 5;
const DIGITS = /^(0|[1-9][0-9]*)$/;

/** The way of one field into the document. */
class FieldPath {
  readonly components: readonly FieldName[];
  /** The component as an index of an array, or -1. */
  readonly positions: readonly number[];

  /** No array is ever stored as `_id`; one that a stage has made sorts as it is. */
  readonly isWhole: boolean;

  constructor(readonly path: string) {
    this.isWhole = path === '_id';
    const parts = path.split('.');
    this.components = parts.map((part) => new FieldName(part));
    this.positions = parts.map((part) => (DIGITS.test(part) ? Number(part) : -1));
  }
}

export class KeyExtractor {
  readonly paths: readonly FieldPath[];
  /** Value of each field in the current tuple. MISSING: there is none. */
  readonly types: Uint8Array;
  readonly at: Int32Array;
  /** For each field, a bit for each component of its path that met an array in the last document. */
  readonly arrayBits: Int32Array;
  /** Whether the last document had an array on the way. */
  metArray = false;
  /**
   * Where the way of each field stopped: the number of the first component not followed when an array stands there (its
   * value is then in `types`, `at`), DONE otherwise.
   */
  private readonly stoppedAt: Int32Array;

  private bytes: Uint8Array = new Uint8Array(0);
  private readonly finder = new FieldFinder();
  private sink: TupleSink | undefined;

  constructor(paths: readonly string[]) {
    this.paths = paths.map((path) => new FieldPath(path));
    this.types = new Uint8Array(paths.length);
    this.at = new Int32Array(paths.length);
    this.arrayBits = new Int32Array(paths.length);
    this.stoppedAt = new Int32Array(paths.length);
  }

  /**
   * Gives `sink` the tuples of the document at `at`; equal ones may come twice.
   * @throws ElmoError CannotIndexParallelArrays
   */
  extract(bytes: Uint8Array, at: number, sink: TupleSink): void {
    const { paths, types } = this;
    this.bytes = bytes;
    this.metArray = false;
    let isSimple = true;
    for (let i = 0; i < paths.length; i++) if (!this.follow(i, at, 0)) isSimple = false;
    if (isSimple) {
      sink.tuple(this);
      return;
    }
    this.metArray = true;
    this.arrayBits.fill(0);
    this.sink = sink;
    const rests = new Int32Array(paths.length);
    for (let i = 0; i < paths.length; i++) rests[i] = this.stoppedAt[i]!;
    this.expand(types.slice(), this.at.slice(), rests);
    this.sink = undefined;
  }

  /**
   * Follows field i from the document at `at`, beginning with `component`.
   * @returns false if it stopped at an array
   */
  private follow(i: number, at: number, component: number): boolean {
    const { components, positions, isWhole } = this.paths[i]!;
    const { finder, bytes } = this;
    for (; ; component++) {
      if (!finder.find(bytes, at, components[component]!)) return this.settle(i, MISSING, 0);
      const { type } = finder;
      at = finder.valueStart;
      if (type === ARRAY && !isWhole) {
        const next = component + 1;
        if (next < components.length && positions[next]! >= 0) {
          const position = this.elementAt(at, positions[next]!);
          if (position >= 0) return this.followElement(i, at, position, next);
        }
        this.types[i] = ARRAY;
        this.at[i] = at;
        this.stoppedAt[i] = next;
        return false;
      }
      if (component === components.length - 1) return this.settle(i, type, at);
      if (type !== OBJECT) return this.settle(i, MISSING, 0);
    }
  }

  /** Goes on from an element that the path names by its index. */
  private followElement(i: number, array: number, typeAt: number, component: number): boolean {
    const { components, positions } = this.paths[i]!;
    this.refuseAmbiguous(i, array, component);
    const type = this.bytes[typeAt]!;
    const value = endOfCString(this.bytes, typeAt + 1) + 1;
    if (component === components.length - 1) {
      // an array that a path names by its place counts as a whole, an empty one as everywhere
      const isEmpty = type === ARRAY && readInt32(this.bytes, value) === EMPTY_BYTES;
      return this.settle(i, isEmpty ? UNDEFINED : type, value);
    }
    if (type === OBJECT) return this.follow(i, value, component + 1);
    if (type !== ARRAY) return this.settle(i, MISSING, 0);
    if (positions[component + 1]! >= 0) {
      const inner = this.elementAt(value, positions[component + 1]!);
      if (inner >= 0) return this.followElement(i, value, inner, component + 1);
    }
    this.types[i] = ARRAY;
    this.at[i] = value;
    this.stoppedAt[i] = component + 1;
    return false;
  }

  private settle(i: number, type: number, at: number): true {
    this.types[i] = type;
    this.at[i] = at;
    this.stoppedAt[i] = DONE;
    return true;
  }

  /** Where the element of that index starts (at its type byte), -1 if there is none. */
  private elementAt(array: number, index: number): number {
    const { bytes } = this;
    const limit = array + readInt32(bytes, array) - 1;
    for (let at = array + 4; at < limit;) {
      if (index-- === 0) return at;
      at = endOfValue(bytes, bytes[at]!, endOfCString(bytes, at + 1) + 1);
    }
    return -1;
  }

  /** An element's index that is also the name of a field in an element could mean either. */
  private refuseAmbiguous(i: number, array: number, component: number): void {
    const { bytes, finder } = this;
    const name = this.paths[i]!.components[component]!;
    const limit = array + readInt32(bytes, array) - 1;
    for (let at = array + 4; at < limit;) {
      const type = bytes[at]!;
      const value = endOfCString(bytes, at + 1) + 1;
      if (type === OBJECT && finder.find(bytes, value, name))
        throw new ElmoError(
          16746,
          `Ambiguous field name found in array (do not use numeric field names in embedded elements in an array), field: '${name.text}' for array: ${this.paths[i]!.path}`,
        );
      at = endOfValue(bytes, type, value);
    }
  }

  /** Tuples of what the fields have reached: those that stopped at an array go through its elements. */
  private expand(types: Uint8Array, ats: Int32Array, rests: Int32Array): void {
    let array = -1;
    for (let i = 0; i < rests.length; i++) {
      if (rests[i] === DONE) continue;
      if (array >= 0 && ats[i] !== array) throw this.parallelArrays(i, array, ats);
      array = ats[i]!;
      this.arrayBits[i]! |= 1 << Math.min(rests[i]! - 1, 31);
    }
    if (array < 0) {
      this.types.set(types);
      this.at.set(ats);
      this.sink!.tuple(this);
      return;
    }
    const { bytes } = this;
    const limit = array + readInt32(bytes, array) - 1;
    if (array + 4 >= limit) {
      this.expandEmpty(types, ats, rests);
      return;
    }
    for (let at = array + 4; at < limit;) {
      const type = bytes[at]!;
      const value = endOfCString(bytes, at + 1) + 1;
      this.expandElement(types, ats, rests, type, value);
      at = endOfValue(bytes, type, value);
    }
  }

  private expandEmpty(types: Uint8Array, ats: Int32Array, rests: Int32Array): void {
    const nextTypes = types.slice();
    for (let i = 0; i < rests.length; i++) {
      if (rests[i] === DONE) continue;
      nextTypes[i] = rests[i] === this.paths[i]!.components.length ? UNDEFINED : MISSING;
    }
    this.expand(nextTypes, ats, new Int32Array(rests.length).fill(DONE));
  }

  private expandElement(
    types: Uint8Array,
    ats: Int32Array,
    rests: Int32Array,
    type: number,
    value: number,
  ): void {
    const nextTypes = types.slice();
    const nextAts = ats.slice();
    const nextRests = rests.slice();
    for (let i = 0; i < rests.length; i++) {
      const rest = rests[i]!;
      if (rest === DONE) continue;
      if (rest === this.paths[i]!.components.length) this.settle(i, type, value);
      else if (type === OBJECT) this.follow(i, value, rest);
      else this.settle(i, MISSING, 0);
      nextTypes[i] = this.types[i]!;
      nextAts[i] = this.at[i]!;
      nextRests[i] = this.stoppedAt[i]!;
    }
    this.expand(nextTypes, nextAts, nextRests);
  }

  private parallelArrays(i: number, array: number, ats: Int32Array): ElmoError {
    const first = ats.indexOf(array);
    const name = (field: number): string => `[${this.paths[field]!.path.split('.').at(-1)}]`;
    return new ElmoError(
      'CannotIndexParallelArrays',
      `cannot index parallel arrays ${name(i)} ${name(first)}`,
    );
  }
}

const DONE = -1;
