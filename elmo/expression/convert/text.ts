/** Any value as text, as $toString gives it. */
import { decimalText, isWholeDecimal, readDecimal, truncatedBigint } from '../../bson/decimal-arithmetic.js';
import { endOfCString, readDouble, readInt32, readText } from '../../bson/read.js';
import { documentText } from '../../bson/text.js';
import {
  ARRAY,
  BINARY,
  BOOL,
  CODE_WITH_SCOPE,
  DATE,
  DB_POINTER,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  MAX_KEY,
  MIN_KEY,
  OBJECT,
  OBJECT_ID,
  REGEX,
  TIMESTAMP,
} from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { instantAt } from '../dates/calendar.js';
import { formatDate, ISO_FORMAT } from '../dates/format.js';
import { UTC } from '../dates/time-zone.js';
import { bigintOf, fitsInt64 } from '../numbers.js';
import { conversionFailure, textOfBinary } from './binary.js';
import { jsonText } from './json.js';
import { doubleText } from './number-text.js';

function hexText(bytes: Uint8Array, at: number): string {
  let text = '';
  for (let i = at; i < at + 12; i++) text += bytes[i]!.toString(16).padStart(2, '0');
  return text;
}

/**
 * Of any value but null. Binary data as if its format were 'auto'.
 * @throws ElmoError 18537 for dates beyond the years 0 to 9999
 */
export function textOfValue(value: Value): string {
  const { bytes, at } = value;
  switch (value.type) {
    case DOUBLE:
      return doubleText(readDouble(bytes, at));
    case INT32:
    case INT64:
      return String(bigintOf(value));
    case DECIMAL128:
      return decimalText(readDecimal(bytes, at));
    case BOOL:
      return String(bytes[at] !== 0);
    case OBJECT:
    case ARRAY:
      return jsonText(value, textOfValue);
    case OBJECT_ID:
      return hexText(bytes, at);
    case DATE:
      return formatDate(instantAt(bytes, at), UTC, ISO_FORMAT);
    case TIMESTAMP:
      return `Timestamp(${readInt32(bytes, at + 4) >>> 0}, ${readInt32(bytes, at) >>> 0})`;
    case BINARY:
      return textOfBinary(value, 'auto');
    case REGEX: {
      const end = endOfCString(bytes, at);
      return `/${readText(bytes, at, end)}/${readText(bytes, end + 1, endOfCString(bytes, end + 1))}`;
    }
    case DB_POINTER: {
      const end = at + 4 + readInt32(bytes, at);
      return `DBRef("${readText(bytes, at + 4, end - 1)}", ${hexText(bytes, end)})`;
    }
    case CODE_WITH_SCOPE: {
      const scope = at + 8 + readInt32(bytes, at + 4);
      return `CodeWScope("${readText(bytes, at + 8, scope - 1)}", ${documentText(bytes, scope)})`;
    }
    case MIN_KEY:
      return 'MinKey';
    case MAX_KEY:
      return 'MaxKey';
    default:
      return value.text; // string, symbol, code
  }
}

/** A number with the digits of a base, in capitals. @throws ElmoError ConversionFailure unless it is a long */
export function textInBase(value: Value, base: number): string {
  const whole = wholeNumberOf(value);
  if (whole === undefined || !fitsInt64(whole))
    throw conversionFailure('Base conversion is not supported for non-integers in $convert');
  return whole.toString(base).toUpperCase();
}

function wholeNumberOf(value: Value): bigint | undefined {
  if (value.type === DOUBLE) {
    const double = readDouble(value.bytes, value.at);
    return Number.isInteger(double) ? BigInt(double) : undefined;
  }
  if (value.type !== DECIMAL128) return bigintOf(value);
  const decimal = readDecimal(value.bytes, value.at);
  return isWholeDecimal(decimal) ? truncatedBigint(decimal) : undefined;
}
