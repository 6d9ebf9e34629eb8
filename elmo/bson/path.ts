/**
 * Dotted paths over raw documents, as the reference's matcher walks them. `a.b` means field b of document a; arrays on
 * the way are entered by themselves, and a component of digits is also the name of an array's element:
 *
 *   path      document               visits, in this order
 *   a.b       {a: {b: 1}}            1
 *   a.b       {a: 7}                 missing
 *   a         {a: [1, 2]}            1, 2, [1, 2]
 *   a.b       {a: [{b: 1}, {}, 7]}   1, missing, missing
 *   a.b       {a: [[{b: 1}]]}        missing                  (arrays in arrays are not entered)
 *   a.0       {a: [5, 6]}            5
 *   a.0       {a: [[5, 6]]}          [5, 6]                   (whole: the index was asked for)
 *   a.0.b     {a: [[{b: 1}]]}        1                        (but entered on the way on)
 *   a.0.b     {a: [{b: 1}]}          missing, 1               (field 0 of the element; then the element 0)
 *   a.b       {a: []}                missing                  (once, if an array gave nothing to follow)
 *   a.        {a: [{'': 1}, 2]}      {'': 1}, 2, [{'': 1}, 2] (where only '' would follow, an array is the end)
 *
 * Learnt from the reference by asking it about every small document. A path is compiled once; visiting allocates
 * nothing.
 */
import { LayoutFinder } from './layout.js';
import { endOfCString, readInt32 } from './read.js';
import { ARRAY, MISSING, OBJECT } from './types.js';
import { endOfValue, FieldName } from './walk.js';

/** Is shown what a path leads to. */
export interface PathVisitor {
  /**
   * @param type  type byte, or MISSING (then `at` means nothing)
   * @param at  offset of the value in `bytes`
   * @returns true to end the visit
   */
  visit(bytes: Uint8Array, type: number, at: number): boolean;
}

export interface PathOptions {
  /**
   * What an array at the end of the path gives: its elements and then itself ('each', default), its elements alone
   * ('elements'), or only itself ('whole').
   */
  readonly leafArrays?: 'each' | 'elements' | 'whole';
  /** What an array before the end gives: what is in its elements ('each', default), nothing, or itself ('whole'). */
  readonly innerArrays?: 'each' | 'nothing' | 'whole';
  /**
   * Whether the parts of a path are read as they are written: the name '' at the end is one like any other, so that an array
   * before it is not the end, and a number in an array is an index alone.
   */
  readonly isLiteral?: boolean;
}

const DIGITS = /^[0-9]+$/;

export class PathReader {
  /** The parts between the dots; there is at least one. */
  readonly components: readonly FieldName[];

  /**
   * During a visit: where the name of the element stands whose array was entered first (its index, as text up to the
   * NUL), -1 if none was entered. The positional operator of updates wants it.
   */
  elementNameStart = -1;

  /** What `find` found: the type, or MISSING. */
  type: number = MISSING;
  valueStart = 0;
  /** The component whose value that is; less than the last if an array stands in the way. */
  component = 0;

  private readonly isIndex: readonly boolean[];
  /** The component from which on an array is the end of the path: the last, or the one before if that is ''. */
  private readonly leafPart: number;
  private readonly leafArrays: 'each' | 'elements' | 'whole';
  private readonly innerArrays: 'each' | 'nothing' | 'whole';
  private readonly isLiteral: boolean;
  /** One for each component. */
  private readonly finders: readonly LayoutFinder[];
  private visitor: PathVisitor = NO_VISITOR;

  constructor(
    readonly path: string,
    { leafArrays = 'each', innerArrays = 'each', isLiteral = false }: PathOptions = {},
  ) {
    const parts = path.split('.');
    this.components = parts.map((part) => new FieldName(part));
    this.finders = this.components.map((name) => new LayoutFinder(name));
    this.isIndex = parts.map((part) => DIGITS.test(part));
    this.leafPart = parts.length - (!isLiteral && parts.length > 1 && parts.at(-1) === '' ? 2 : 1);
    this.leafArrays = leafArrays;
    this.innerArrays = innerArrays;
    this.isLiteral = isLiteral;
  }

  /**
   * Shows `visitor` all that the path leads to in the document at `at`. The visitor may not start another visit of this
   * same reader.
   * @returns whether the visitor ended the visit
   */
  visit(bytes: Uint8Array, at: number, visitor: PathVisitor): boolean {
    this.elementNameStart = -1;
    this.visitor = visitor;
    return this.intoDocument(bytes, at, 0);
  }

  /**
   * Follows the path from the document at `at` through documents only, up to its end or to the first array:
   * see `type`, `valueStart`, `component`.
   * @returns whether there is something; a scalar before the end of the path is nothing
   */
  find(bytes: Uint8Array, at: number): boolean {
    const { finders } = this;
    const last = finders.length - 1;
    for (let part = 0; ; part++) {
      this.component = part;
      const finder = finders[part]!;
      if (!finder.find(bytes, at)) break;
      const type = finder.type;
      at = finder.valueStart;
      if (part === last || type === ARRAY) {
        this.type = type;
        this.valueStart = at;
        return true;
      }
      if (type !== OBJECT) break;
    }
    this.type = MISSING;
    return false;
  }

  private intoDocument(bytes: Uint8Array, at: number, part: number): boolean {
    const { finders } = this;
    const last = finders.length - 1;
    for (; ; part++) {
      const finder = finders[part]!;
      if (!finder.find(bytes, at)) return this.visitor.visit(bytes, MISSING, 0);
      const type = finder.type;
      at = finder.valueStart;
      if (type === ARRAY) {
        return part >= this.leafPart
          ? this.atLeafArray(bytes, at)
          : this.intoArray(bytes, at, part + 1, false);
      }
      if (part === last) return this.visitor.visit(bytes, type, at);
      if (type !== OBJECT) return this.visitor.visit(bytes, MISSING, 0);
    }
  }

  private atLeafArray(bytes: Uint8Array, array: number): boolean {
    if (this.leafArrays === 'whole') return this.visitor.visit(bytes, ARRAY, array);
    const isOutermost = this.elementNameStart < 0;
    const limit = array + readInt32(bytes, array) - 1;
    for (let at = array + 4; at < limit;) {
      const type = bytes[at]!;
      const name = at + 1;
      const value = endOfCString(bytes, name) + 1;
      if (isOutermost) this.elementNameStart = name;
      if (this.visitor.visit(bytes, type, value)) return true;
      at = endOfValue(bytes, type, value);
    }
    if (isOutermost) this.elementNameStart = -1;
    return this.leafArrays === 'each' && this.visitor.visit(bytes, ARRAY, array);
  }

  /**
   * An array before the end of the path.
   * @param part  the first component that is still to be followed
   * @param isIndexed  whether the array was named by its index, and not come upon
   */
  private intoArray(bytes: Uint8Array, array: number, part: number, isIndexed: boolean): boolean {
    if (this.innerArrays !== 'each')
      return this.innerArrays === 'whole' && this.visitor.visit(bytes, ARRAY, array);
    const isOutermost = this.elementNameStart < 0;
    const isIndex = this.isIndex[part]!;
    const isLast = part === this.components.length - 1;
    let isFollowed = isIndexed;
    const limit = array + readInt32(bytes, array) - 1;
    for (let at = array + 4; at < limit;) {
      const type = bytes[at]!;
      const name = at + 1;
      const value = endOfCString(bytes, name) + 1;
      if (isOutermost) this.elementNameStart = name;
      const isNested = type === OBJECT || type === ARRAY;
      if (type === OBJECT && !(isIndex && this.isLiteral)) {
        isFollowed = true;
        if (this.intoDocument(bytes, value, part)) return true;
      }
      if (!isIndex) {
        if (!isNested) {
          isFollowed = true;
          if (isOutermost) this.elementNameStart = -1; // the path does not lead into it
          if (this.visitor.visit(bytes, MISSING, 0)) return true;
        }
      } else if ((isNested || isLast) && this.isNamed(bytes, name, part)) {
        isFollowed = true;
        if (isOutermost) this.elementNameStart = -1; // named by the path, not come upon
        if (isLast) {
          if (this.visitor.visit(bytes, type, value)) return true;
        } else if (type === OBJECT) {
          if (this.intoDocument(bytes, value, part + 1)) return true;
        } else if (
          part === this.leafPart
            ? this.atLeafArray(bytes, value)
            : this.intoArray(bytes, value, part + 1, true)
        )
          return true;
      }
      at = endOfValue(bytes, type, value);
    }
    if (isOutermost) this.elementNameStart = -1;
    return !isFollowed && this.visitor.visit(bytes, MISSING, 0);
  }

  private isNamed(bytes: Uint8Array, name: number, part: number): boolean {
    const wanted = this.components[part]!.bytes;
    for (let i = 0; i < wanted.length; i++) if (bytes[name + i] !== wanted[i]) return false;
    return bytes[name + wanted.length] === 0;
  }
}

const NO_VISITOR: PathVisitor = { visit: () => true };
