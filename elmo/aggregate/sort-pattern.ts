/** Sort specifications of pipelines, `{a: 1, 'b.c': -1}`, and rows in their order. */
import { ARRAY, OBJECT, STRING } from '../bson/types.js';
import { Value } from '../bson/value.js';
import type { CollationSpec } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import { compareBytes, SortKeys, type SortField } from '../exec/sort-key.js';
import { doubleOf, isNumberType } from '../expression/numbers.js';
import { argumentsOf, arrayValue, elementsOf } from './arguments.js';
import { checkedFieldPath } from './field-path.js';

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
  return [...argumentsOf(document)].map(([path, value]): SortField => {
    if (value.type === OBJECT) return { path: checkedFieldPath(path), direction: -1, meta: parseMeta(value) };
    if (!isNumberType(value.type)) throw new ElmoError(15974, `Illegal key in $sort specification: ${path}`);
    const direction = Math.trunc(doubleOf(value));
    if (direction !== 1 && direction !== -1)
      throw new ElmoError(15975, '$sort key ordering must be 1 (for ascending) or -1 (for descending)');
    return { path: checkedFieldPath(path), direction, meta: undefined };
  });
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

  constructor(pattern: readonly SortField[], collation: CollationSpec | undefined) {
    this.keys = new SortKeys(pattern, collation);
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
