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
 *   a.0, b     {a: [1], b: [2]}         refused: CannotIndexParallelArrays
 *   a.0, a.1   {a: [[1], [2]]}          refused: CannotIndexParallelArrays
 *
 * Source: MongoDB manual, "Multikey Indexes"; the reference's answers.
 */
import { ElmoError } from '../errors.js';
import { ARRAY, MISSING, OBJECT, UNDEFINED } from '../bson/types.js';
import { endOfCString, readInt32 } from '../bson/read.js';
import { LayoutFinder } from '../bson/layout.js';
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
  /** One for each component. */
  readonly finders: readonly LayoutFinder[];
  /** The component as an index of an array, or -1. */
  readonly positions: readonly number[];

  /** No array is ever stored as `_id`; one that a stage has made sorts as it is, if by nothing else. */
  readonly isWhole: boolean;

  constructor(
    readonly path: string,
    isAlone: boolean,
  ) {
    this.isWhole = isAlone && path === '_id';
    const parts = path.split('.');
    this.components = parts.map((part) => new FieldName(part));
    this.finders = this.components.map((component) => new LayoutFinder(component));
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
  /** Whether the last document had an array on the way whose elements make tuples. */
  metArray = false;
  /** Whether it had any, also one of which a path names an element. */
  crossedArray = false;
  /**
   * Where the way of each field stopped: the number of the first component not followed when an array stands there (its
   * value is then in `types`, `at`), DONE otherwise, or NAMED.
   */
  private readonly stoppedAt: Int32Array;

  private bytes: Uint8Array = new Uint8Array(0);
  private readonly finder = new FieldFinder();
  private sink: TupleSink | undefined;

  /** @param isWithin  whether there is something before the paths */
  constructor(paths: readonly string[], isWithin = false) {
    this.paths = paths.map((path) => new FieldPath(path, !isWithin && paths.length === 1));
    this.types = new Uint8Array(paths.length);
    this.at = new Int32Array(paths.length);
    this.arrayBits = new Int32Array(paths.length);
    this.stoppedAt = new Int32Array(paths.length);
  }

  /** The first path that `extractOnly` has found to lead to an array. */
  get firstAtArray(): string {
    return this.paths[this.stoppedAt.findIndex((component) => component !== DONE)]?.path ?? '';
  }

  /**
   * Gives `sink` the tuples of the document at `at`; equal ones may come twice.
   * @throws ElmoError CannotIndexParallelArrays
   */
  extract(bytes: Uint8Array, at: number, sink: TupleSink): void {
    if (this.extractOnly(bytes, at)) {
      sink.tuple(this);
      return;
    }
    const { paths, types } = this;
    this.crossedArray = true;
    this.arrayBits.fill(0);
    this.sink = sink;
    const rests = new Int32Array(paths.length);
    for (let i = 0; i < paths.length; i++) rests[i] = this.stoppedAt[i]!;
    this.expand(types.slice(), this.at.slice(), rests);
    this.sink = undefined;
  }

  /** Finds the only tuple of a document without arrays on the way. @returns false if there are any: `extract` tells */
  extractOnly(bytes: Uint8Array, at: number): boolean {
    const { length } = this.paths;
    this.bytes = bytes;
    this.metArray = false;
    this.crossedArray = false;
    let isOnly = true;
    for (let i = 0; i < length; i++) if (!this.follow(i, at, 0)) isOnly = false;
    return isOnly;
  }

  /**
   * Follows field i from the document at `at`, beginning with `component`.
   * @returns false if it stopped at an array
   */
  private follow(i: number, at: number, component: number): boolean {
    const { components, finders, isWhole } = this.paths[i]!;
    const { bytes } = this;
    for (; ; component++) {
      const finder = finders[component]!;
      if (!finder.find(bytes, at)) return this.settle(i, MISSING, 0);
      const { type } = finder;
      at = finder.valueStart;
      if (type === ARRAY && !isWhole) {
        return this.stop(i, at, component + 1);
      }
      if (component === components.length - 1) return this.settle(i, type, at);
      if (type !== OBJECT) return this.settle(i, MISSING, 0);
    }
  }

  /** Goes on from an element that the path names by its index. */
  private followElement(i: number, array: number, typeAt: number, component: number): void {
    const { components } = this.paths[i]!;
    this.refuseAmbiguous(i, array, component);
    const type = this.bytes[typeAt]!;
    const value = endOfCString(this.bytes, typeAt + 1) + 1;
    if (component === components.length - 1) {
      // an array that a path names by its place counts as a whole, an empty one as everywhere
      const isEmpty = type === ARRAY && readInt32(this.bytes, value) === EMPTY_BYTES;
      this.settle(i, isEmpty ? UNDEFINED : type, value);
      if (type === ARRAY) this.stoppedAt[i] = NAMED;
    } else if (type === OBJECT) this.follow(i, value, component + 1);
    else if (type === ARRAY) this.stop(i, value, component + 1);
    else this.settle(i, MISSING, 0);
  }

  private stop(i: number, array: number, component: number): false {
    this.types[i] = ARRAY;
    this.at[i] = array;
    this.stoppedAt[i] = component;
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

  /**
   * Tuples of what the fields have reached: those that stopped at an array take the element they name, or go through all.
   */
  private expand(types: Uint8Array, ats: Int32Array, rests: Int32Array): void {
    let array = -1;
    let isOver = true;
    for (let i = 0; i < rests.length; i++) {
      if (rests[i] === DONE) continue;
      if (array >= 0 && ats[i] !== array) throw this.parallelArrays(i, array, ats, rests);
      array = ats[i]!;
      if (rests[i] !== NAMED) isOver = false;
    }
    if (isOver) {
      this.types.set(types);
      this.at.set(ats);
      this.sink!.tuple(this);
      return;
    }
    const nextTypes = types.slice();
    const nextAts = ats.slice();
    const nextRests = rests.slice();
    const goesThrough = rests.slice();
    let isNamed = true;
    for (let i = 0; i < rests.length; i++) {
      if (rests[i]! < 0) continue;
      if (this.takeNamed(i, array, rests[i]!)) {
        nextTypes[i] = this.types[i]!;
        nextAts[i] = this.at[i]!;
        nextRests[i] = this.stoppedAt[i]!;
        goesThrough[i] = DONE;
      } else {
        isNamed = false;
        this.arrayBits[i]! |= 1 << Math.min(rests[i]! - 1, 31);
      }
    }
    if (isNamed) this.expand(nextTypes, nextAts, nextRests);
    else this.expandAll(array, nextTypes, nextAts, nextRests, goesThrough);
  }

  /** @returns false if the path of field i names no element of the array */
  private takeNamed(i: number, array: number, component: number): boolean {
    const position = this.paths[i]!.positions[component] ?? -1;
    const element = position < 0 ? -1 : this.elementAt(array, position);
    if (element >= 0) this.followElement(i, array, element, component);
    return element >= 0;
  }

  /** Tuples for each element of an array; `goesThrough`: the component at which a field enters it, or DONE. */
  private expandAll(
    array: number,
    types: Uint8Array,
    ats: Int32Array,
    rests: Int32Array,
    goesThrough: Int32Array,
  ): void {
    this.metArray = true;
    const { bytes } = this;
    const limit = array + readInt32(bytes, array) - 1;
    if (array + 4 >= limit) {
      this.expandEmpty(types, ats, rests, goesThrough);
      return;
    }
    for (let at = array + 4; at < limit;) {
      const type = bytes[at]!;
      const value = endOfCString(bytes, at + 1) + 1;
      this.expandElement(array, types, ats, rests, goesThrough, type, value);
      at = endOfValue(bytes, type, value);
    }
  }

  private expandEmpty(types: Uint8Array, ats: Int32Array, rests: Int32Array, goesThrough: Int32Array): void {
    for (let i = 0; i < rests.length; i++) {
      if (goesThrough[i]! < 0) continue;
      types[i] = rests[i] === this.paths[i]!.components.length ? UNDEFINED : MISSING;
      rests[i] = DONE;
    }
    this.expand(types, ats, rests);
  }

  private expandElement(
    array: number,
    types: Uint8Array,
    ats: Int32Array,
    rests: Int32Array,
    goesThrough: Int32Array,
    type: number,
    value: number,
  ): void {
    const nextTypes = types.slice();
    const nextAts = ats.slice();
    const nextRests = rests.slice();
    for (let i = 0; i < rests.length; i++) {
      const rest = goesThrough[i]!;
      // the array gone through is no other one to its own elements
      if (rest === NAMED && ats[i] === array) nextRests[i] = DONE;
      if (rest < 0) continue;
      if (rest === this.paths[i]!.components.length) this.settle(i, type, value);
      else if (type === OBJECT) this.follow(i, value, rest);
      else this.settle(i, MISSING, 0);
      nextTypes[i] = this.types[i]!;
      nextAts[i] = this.at[i]!;
      nextRests[i] = this.stoppedAt[i]!;
    }
    this.expand(nextTypes, nextAts, nextRests);
  }

  private parallelArrays(i: number, array: number, ats: Int32Array, rests: Int32Array): ElmoError {
    const first = rests.findIndex((rest, field) => rest !== DONE && ats[field] === array);
    const name = (field: number): string => {
      const names = this.paths[field]!.path.split('.');
      const rest = rests[field]!;
      return `[${names.at(rest === NAMED ? -1 : rest - 1)}]`;
    };
    return new ElmoError(
      'CannotIndexParallelArrays',
      `cannot index parallel arrays ${name(i)} ${name(first)}`,
    );
  }
}

const DONE = -1;
/** Done, at an array that the path names by its place in another: it does not go with another array. */
const NAMED = -2;
