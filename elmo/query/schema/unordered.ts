/** Equality as schemas have it: the order of fields does not matter, that of array elements does. */
import { compareValues } from '../../bson/compare.js';
import { CLASS_ARRAY, CLASS_OBJECT, TYPE_CLASS } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { elementsOf } from '../elements.js';

export function isEqualUnordered(a: Value, b: Value): boolean {
  const typeClass = TYPE_CLASS[a.type]!;
  if (typeClass !== TYPE_CLASS[b.type]) return false;
  if (typeClass !== CLASS_OBJECT && typeClass !== CLASS_ARRAY)
    return compareValues(a.bytes, a.type, a.at, b.bytes, b.type, b.at) === 0;
  const aElements = elementsOf(a);
  const bElements = elementsOf(b);
  if (aElements.length !== bElements.length) return false;
  if (typeClass === CLASS_ARRAY)
    return aElements.every(({ value }, i) => isEqualUnordered(value, bElements[i]!.value));
  const byName = new Map(bElements.map(({ name, value }) => [name, value]));
  return aElements.every(({ name, value }) => {
    const other = byName.get(name);
    return other !== undefined && isEqualUnordered(value, other);
  });
}

/** The first element that is equal to one before it. */
export function firstRepeated(elements: readonly Value[]): Value | undefined {
  const plain: Value[] = []; // ascending
  const nested: Value[] = [];
  for (const value of elements) {
    const typeClass = TYPE_CLASS[value.type]!;
    if (typeClass === CLASS_OBJECT || typeClass === CLASS_ARRAY) {
      if (nested.some((other) => isEqualUnordered(other, value))) return value;
      nested.push(value);
    } else if (!insert(plain, value)) return value;
  }
  return undefined;
}

/** @returns false if an equal value is there */
function insert(ascending: Value[], value: Value): boolean {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = ascending[middle]!;
    const sign = compareValues(value.bytes, value.type, value.at, other.bytes, other.type, other.at);
    if (sign === 0) return false;
    if (sign < 0) high = middle;
    else low = middle + 1;
  }
  ascending.splice(low, 0, value);
  return true;
}
