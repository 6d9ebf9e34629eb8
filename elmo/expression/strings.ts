/** Strings as operators read and make them: bytes of UTF-8, and other types as text. */
import { decimalText, readDecimal } from '../bson/decimal-arithmetic.js';
import { readDouble, readInt32, readInt64, readInt64AsDouble } from '../bson/read.js';
import {
  CODE,
  DATE,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  MISSING,
  NULL,
  STRING,
  SYMBOL,
  TIMESTAMP,
  UNDEFINED,
} from '../bson/types.js';
import { Value } from '../bson/value.js';
import { ElmoError } from '../errors.js';
import { typeNameOf } from './numbers.js';

/** A string has to be shorter. */
export const MOST_TEXT_BYTES: number = 16 * 1024 * 1024;

const encoder = new TextEncoder();

export function utf8Of(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Bytes of a string's text, without its NUL. */
export function byteLengthOf(string: Value): number {
  return readInt32(string.bytes, string.at) - 1;
}

/** The UTF-8 of a string. A view. */
export function textBytesOf(string: Value): Uint8Array {
  return string.bytes.subarray(string.at + 4, string.at + 4 + byteLengthOf(string));
}

export function checkTextLength(bytes: number): void {
  if (bytes >= MOST_TEXT_BYTES) throw new ElmoError(16493, 'Tried to create string longer than 16MB');
}

/** A string of pieces of UTF-8. */
export function stringOfBytes(...pieces: readonly Uint8Array[]): Value {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  checkTextLength(length);
  const bytes = new Uint8Array(length + 5);
  const count = length + 1;
  bytes[0] = count;
  bytes[1] = count >>> 8;
  bytes[2] = count >>> 16;
  bytes[3] = count >>> 24;
  let at = 4;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return new Value(STRING, bytes, 0);
}

export function stringOf(text: string): Value {
  return stringOfBytes(utf8Of(text));
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Six digits, as C's %g writes them. */
function shortDouble(value: number): string {
  if (!Number.isFinite(value)) return value !== value ? 'nan' : value < 0 ? '-inf' : 'inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [digits, exponentText] = value.toExponential(5).split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) return withoutZeros(value.toFixed(5 - exponent));
  const size = Math.abs(exponent);
  return `${withoutZeros(digits)}e${exponent < 0 ? '-' : '+'}${size < 10 ? '0' : ''}${size}`;
}

function withoutZeros(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}

/** Dates of the years 0 to 9999. */
const FIRST_DATE_MS = Date.parse('0000-01-01T00:00:00Z');
const LAST_DATE_MS = Date.UTC(10_000, 0) - 1;

function timestampText(value: Value): string {
  const at = new Date((readInt32(value.bytes, value.at + 4) >>> 0) * 1000);
  const day = String(at.getUTCDate()).padStart(2, ' ');
  return `${MONTHS[at.getUTCMonth()]!} ${day} ${at.toISOString().slice(11, 19)}:${readInt32(value.bytes, value.at) >>> 0}`;
}

/**
 * Text of what the string operators take for a string: nothing is '', numbers and dates are written out.
 * @throws ElmoError 16007 for types without a text
 */
export function coercedText(value: Value): string {
  const { bytes, at } = value;
  switch (value.type) {
    case STRING:
    case SYMBOL:
    case CODE:
      return value.text;
    case MISSING:
    case NULL:
    case UNDEFINED:
      return '';
    case INT32:
      return String(readInt32(bytes, at));
    case INT64:
      return String(readInt64(bytes, at));
    case DOUBLE:
      return shortDouble(readDouble(bytes, at));
    case DECIMAL128:
      return decimalText(readDecimal(bytes, at));
    case DATE: {
      const ms = readInt64AsDouble(bytes, at);
      if (ms < FIRST_DATE_MS || ms > LAST_DATE_MS)
        throw new ElmoError(
          18537,
          'failed while coercing date to string :: caused by :: Could not convert date to string: date component was outside the supported range of 0-9999',
        );
      return new Date(ms).toISOString();
    }
    case TIMESTAMP:
      return timestampText(value);
    default:
      throw new ElmoError(16007, `can't convert from BSON type ${typeNameOf(value)} to String`);
  }
}
