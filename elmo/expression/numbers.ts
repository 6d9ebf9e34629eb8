/** Numbers as operators meet them: which values are numbers, and one as any type. */
import {
  decimalOfBigint,
  doubleOfDecimal,
  readDecimal,
  shortDecimalOfDouble,
  type Decimal,
} from '../bson/decimal-arithmetic.js';
import { readDouble, readInt32, readInt64, readInt64AsDouble } from '../bson/read.js';
import { DECIMAL128, DOUBLE, INT32, INT64, TYPE_NAMES } from '../bson/types.js';
import type { Value } from '../bson/value.js';

export const INT32_MIN = -0x8000_0000;
export const INT32_MAX = 0x7fff_ffff;
export const INT64_MIN: bigint = -(1n << 63n);
export const INT64_MAX: bigint = (1n << 63n) - 1n;
/** 2^53: whole doubles up to here are exact. */
export const EXACT_MAX = 0x20_0000_0000_0000;

export function isNumberType(type: number): boolean {
  return type === INT32 || type === DOUBLE || type === INT64 || type === DECIMAL128;
}

/** The number as a double, the nearest one. */
export function doubleOf(value: Value): number {
  switch (value.type) {
    case INT32:
      return readInt32(value.bytes, value.at);
    case DOUBLE:
      return readDouble(value.bytes, value.at);
    case INT64:
      return readInt64AsDouble(value.bytes, value.at);
    default:
      return doubleOfDecimal(readDecimal(value.bytes, value.at));
  }
}

/** The number as a decimal; a double with 15 digits, as sums and products take it. */
export function decimalOf(value: Value): Decimal {
  switch (value.type) {
    case INT32:
      return decimalOfBigint(BigInt(readInt32(value.bytes, value.at)));
    case DOUBLE:
      return shortDecimalOfDouble(readDouble(value.bytes, value.at));
    case INT64:
      return decimalOfBigint(readInt64(value.bytes, value.at));
    default:
      return readDecimal(value.bytes, value.at);
  }
}

/** An int or a long, exactly. */
export function bigintOf(value: Value): bigint {
  return value.type === INT32 ? BigInt(readInt32(value.bytes, value.at)) : readInt64(value.bytes, value.at);
}

export function fitsInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/** The name of a value's type, for messages. */
export function typeNameOf(value: Value): string {
  return TYPE_NAMES.get(value.type) ?? 'unknown';
}
