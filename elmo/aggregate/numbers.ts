/** Numbers in the arguments of stages and accumulators. */
import {
  truncatedBigint,
  readDecimal,
  decimalOfBigint,
  compareDecimals,
} from '../bson/decimal-arithmetic.js';
import { DECIMAL_FINITE, DECIMAL_ZERO } from '../bson/decimal.js';
import { readDouble, readInt32, readInt64, readInt64AsDouble } from '../bson/read.js';
import { DECIMAL128, DOUBLE, INT32, INT64 } from '../bson/types.js';
import { Value } from '../bson/value.js';
import { doubleOf, fitsInt64 } from '../expression/numbers.js';

/** A number of any type as the nearest double, without an object unless it is a decimal. */
export function numberAt(type: number, bytes: Uint8Array, at: number): number {
  switch (type) {
    case INT32:
      return readInt32(bytes, at);
    case DOUBLE:
      return readDouble(bytes, at);
    case INT64:
      return readInt64AsDouble(bytes, at);
    default:
      return doubleOf(new Value(type, bytes, at));
  }
}

/** A number that is whole and fits a long, exactly; undefined if it is neither, or no number. */
export function wholeOf(value: Value): bigint | undefined {
  switch (value.type) {
    case INT32:
      return BigInt(readInt32(value.bytes, value.at));
    case INT64:
      return readInt64(value.bytes, value.at);
    case DOUBLE: {
      const number = readDouble(value.bytes, value.at);
      return Number.isInteger(number) && fitsInt64(BigInt(number)) ? BigInt(number) : undefined;
    }
    case DECIMAL128: {
      const decimal = readDecimal(value.bytes, value.at);
      if (decimal.kind !== DECIMAL_FINITE && decimal.kind !== DECIMAL_ZERO) return undefined;
      if (Math.abs(doubleOf(value)) > 1e19) return undefined;
      const whole = truncatedBigint(decimal);
      return fitsInt64(whole) && compareDecimals(decimalOfBigint(whole), decimal) === 0 ? whole : undefined;
    }
    default:
      return undefined;
  }
}
