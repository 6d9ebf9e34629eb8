/** Comparing and judging values as expressions do: a missing value is one of its own, between MinKey and null. */
import { compareValues, type Collation } from '../bson/compare.js';
import { readDecimal } from '../bson/decimal-arithmetic.js';
import { readDouble, readInt32 } from '../bson/read.js';
import { BOOL, DECIMAL128, DOUBLE, INT32, INT64, MISSING, NULL, UNDEFINED } from '../bson/types.js';
import type { Value } from '../bson/value.js';

/** @returns negative, 0 or positive */
export function compareExpressionValues(a: Value, b: Value, collation?: Collation): number {
  if (a.type === INT32 && b.type === INT32) return readInt32(a.bytes, a.at) - readInt32(b.bytes, b.at);
  const aType = a.type === MISSING ? UNDEFINED : a.type;
  const bType = b.type === MISSING ? UNDEFINED : b.type;
  return compareValues(a.bytes, aType, a.at, b.bytes, bType, b.at, collation);
}

/** False are false, null, undefined, missing, and zeros of all kinds. NaN is true. */
export function isTruthy(value: Value): boolean {
  const { bytes, at } = value;
  switch (value.type) {
    case BOOL:
      return bytes[at] !== 0;
    case MISSING:
    case NULL:
    case UNDEFINED:
      return false;
    case INT32:
      return readInt32(bytes, at) !== 0;
    case DOUBLE:
      return readDouble(bytes, at) !== 0;
    case INT64:
      return (readInt32(bytes, at) | readInt32(bytes, at + 4)) !== 0;
    case DECIMAL128:
      return !readDecimal(bytes, at).isZero;
    default:
      return true;
  }
}
