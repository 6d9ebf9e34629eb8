/** `$sort` of `$push`: the order of an array's elements, whole or by fields of them. */
import { compareValues, type Collation } from '../../bson/compare.js';
import { ARRAY, MISSING, NULL, OBJECT } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { FieldFinder, FieldName } from '../../bson/walk.js';
import { ElmoError } from '../../errors.js';
import { elementsOf, isNumber, wholeNumber } from '../../query/elements.js';

export type ElementOrder = (a: Value, b: Value) => number;

/** @throws ElmoError BadValue */
export function parseElementOrder(sort: Value, collation: Collation | undefined): ElementOrder {
  if (isNumber(sort)) {
    const sign = directionOf(sort, 'The $sort element value must be either 1 or -1');
    return (a, b) => sign * compareValues(a.bytes, a.type, a.at, b.bytes, b.type, b.at, collation);
  }
  if (sort.type !== OBJECT)
    throw new ElmoError(
      'BadValue',
      'The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields',
    );
  const keys = elementsOf(sort).map(({ name, value }) => parseKey(name, value));
  if (keys.length === 0)
    throw new ElmoError('BadValue', 'The sort pattern is empty when it should be a set of fields.');
  return (a, b) => {
    for (const { names, sign } of keys) {
      const order = compareAt(a, b, names, collation);
      if (order !== 0) return sign * order;
    }
    return 0;
  };
}

function directionOf(value: Value, complaint: string): 1 | -1 {
  const whole = isNumber(value) ? wholeNumber(value) : undefined;
  if (whole === 1n) return 1;
  if (whole === -1n) return -1;
  throw new ElmoError('BadValue', complaint);
}

function parseKey(name: string, value: Value): { names: readonly FieldName[]; sign: 1 | -1 } {
  const sign = directionOf(value, 'The sort element value must be either 1 or -1');
  if (name === '') throw new ElmoError('BadValue', 'The sort field cannot be empty');
  const parts = name.split('.');
  if (parts.includes(''))
    throw new ElmoError('BadValue', `The sort field is a dotted field but has an empty part: ${name}`);
  return { names: parts.map((part) => new FieldName(part)), sign };
}

const finder = new FieldFinder();

interface Place {
  type: number;
  at: number;
}

const placeA: Place = { type: MISSING, at: 0 };
const placeB: Place = { type: MISSING, at: 0 };

function compareAt(
  a: Value,
  b: Value,
  names: readonly FieldName[],
  collation: Collation | undefined,
): number {
  follow(a, names, placeA);
  follow(b, names, placeB);
  return compareValues(a.bytes, placeA.type, placeA.at, b.bytes, placeB.type, placeB.at, collation);
}

/** What is at a path of an element: null if there is nothing. Arrays on the way are followed by index. */
function follow(element: Value, names: readonly FieldName[], place: Place): void {
  place.type = NULL;
  let { type, at } = element;
  if (type !== OBJECT) return;
  for (const name of names) {
    if ((type !== OBJECT && type !== ARRAY) || !finder.find(element.bytes, at, name)) return;
    ({ type, valueStart: at } = finder);
  }
  place.type = type;
  place.at = at;
}
