/** Sort specifications of pipelines, `{a: 1, 'b.c': -1}`, and rows in their order. */
import { ARRAY, STRING } from '../bson/types.js';
import { Value } from '../bson/value.js';
import type { CollationSpec } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import { compareBytes, SortKeys, type SortField } from '../exec/sort-key.js';
import { parseSortFields } from '../exec/sort-pattern.js';
import { argumentsOf, arrayValue, elementsOf } from './arguments.js';

const META_NAMES: ReadonlySet<string> = new Set([
  'textScore',
  'randVal',
  'searchScore',
  'vectorSearchScore',
  'geoNearDistance',
  'searchHighlights',
  'score',
]);

/** @throws ElmoError of the reference's code */
export function parseSortPattern(document: Value): SortField[] {
  return parseSortFields(document, parseMeta);
}

function parseMeta(value: Value): string {
  const [first, ...others] = argumentsOf(value);
  if (first === undefined || first[0] !== '$meta' || others.length > 0 || first[1].type !== STRING)
    throw new ElmoError(17312, '$meta is the only expression supported by $sort right now');
  const name = first[1].text;
  if (!META_NAMES.has(name)) throw new ElmoError(31138, `Illegal $meta sort: $meta: "${name}"`);
  if (name === 'textScore')
    throw new ElmoError(40218, 'query requires text score metadata, but it is not available');
  return name;
}

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
