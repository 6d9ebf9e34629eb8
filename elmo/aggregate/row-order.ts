/** Rows in the order of a sort specification. */
import { ARRAY } from '../bson/types.js';
import { Value } from '../bson/value.js';
import type { CollationSpec } from '../collation/collation.js';
import { compareBytes, SortKeys, type SortField } from '../exec/sort-key.js';
import { arrayValue, elementsOf } from './arguments.js';

/** Keys of documents, which sort as the documents do. */
export class RowOrder {
  private readonly keys: SortKeys;

  /** @param isWithin  whether rows are sorted by something else before */
  constructor(pattern: readonly SortField[], collation: CollationSpec | undefined, isWithin = false) {
    this.keys = new SortKeys(pattern, collation, isWithin);
  }

  /** Whether the document at `at` sorts by what is in an array. */
  meetsArray(bytes: Uint8Array, at: number): boolean {
    return this.keys.meetsArray(bytes, at);
  }

  /** What the document at `at` sorts by. */
  valuesOf(bytes: Uint8Array, at: number): readonly Value[] {
    return this.keys.valuesOf(bytes, at);
  }

  /** The key of the document at `at`: bytes of its own, to be given to `compare`. */
  keyOf(bytes: Uint8Array, at: number): Uint8Array {
    const { keys } = this;
    return keys.collation === undefined ? keys.keyOf(bytes, at) : arrayValue(keys.valuesOf(bytes, at)).bytes;
  }

  /** Order of two keys: negative, 0, positive. */
  compare(a: Uint8Array, b: Uint8Array): number {
    const { keys } = this;
    if (keys.collation === undefined) return compareBytes(a, a.length, b, b.length);
    return keys.compareTuples(elementsOf(new Value(ARRAY, a, 0)), elementsOf(new Value(ARRAY, b, 0)));
  }
}
