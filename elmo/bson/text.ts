/** Values as error messages show them: { a: 1, b: "x", c: ObjectId('…') }. Source: the reference's own messages. */
import { readDouble, readInt32, readInt64, readText } from './read.js';
import { Decimal128, ObjectId } from './package.js';
import {
  ARRAY,
  BINARY,
  BOOL,
  CODE,
  CODE_WITH_SCOPE,
  DATE,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  MAX_KEY,
  MIN_KEY,
  NULL,
  OBJECT,
  OBJECT_ID,
  REGEX,
  STRING,
  SYMBOL,
  TIMESTAMP,
  UNDEFINED,
} from './types.js';
import type { Value } from './value.js';
import { ElementWalker } from './walk.js';

const UUID_SUBTYPE = 4;
const EXPONENT_FROM = 1e17;

export function valueText(value: Value): string {
  return textOf(value.bytes, value.type, value.at);
}

export function documentText(bytes: Uint8Array, at = 0): string {
  return textOf(bytes, OBJECT, at);
}

export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  if (Math.abs(value) >= EXPONENT_FROM) return value.toExponential();
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function textOf(bytes: Uint8Array, type: number, at: number): string {
  switch (type) {
    case DOUBLE:
      return doubleText(readDouble(bytes, at));
    case STRING:
    case SYMBOL:
      return `"${stringAt(bytes, at)}"`;
    case CODE:
      return stringAt(bytes, at);
    case CODE_WITH_SCOPE:
      return `CodeWScope( ${stringAt(bytes, at + 4)}, ${textOf(bytes, OBJECT, at + 8 + readInt32(bytes, at + 4))})`;
    case OBJECT:
    case ARRAY:
      return containerText(bytes, type, at);
    case BINARY:
      return binaryText(bytes, at);
    case UNDEFINED:
      return 'undefined';
    case OBJECT_ID:
      return `ObjectId('${new ObjectId(bytes.slice(at, at + 12)).toHexString()}')`;
    case BOOL:
      return bytes[at] === 1 ? 'true' : 'false';
    case DATE:
      return `new Date(${readInt64(bytes, at)})`;
    case NULL:
      return 'null';
    case REGEX:
      return regexText(bytes, at);
    case INT32:
      return String(readInt32(bytes, at));
    case TIMESTAMP:
      return `Timestamp(${readInt32(bytes, at + 4) >>> 0}, ${readInt32(bytes, at) >>> 0})`;
    case INT64:
      return String(readInt64(bytes, at));
    case DECIMAL128:
      return new Decimal128(Buffer.from(bytes.slice(at, at + 16))).toString();
    case MIN_KEY:
      return 'MinKey';
    case MAX_KEY:
      return 'MaxKey';
    default:
      return 'null';
  }
}

function stringAt(bytes: Uint8Array, at: number): string {
  return readText(bytes, at + 4, at + 3 + readInt32(bytes, at));
}

function containerText(bytes: Uint8Array, type: number, at: number): string {
  const walker = new ElementWalker();
  walker.open(bytes, at);
  const parts: string[] = [];
  while (walker.next()) {
    const value = textOf(bytes, walker.type, walker.valueStart);
    parts.push(type === ARRAY ? value : `${readText(bytes, walker.nameStart, walker.nameEnd)}: ${value}`);
  }
  const [open, close] = type === ARRAY ? ['[', ']'] : ['{', '}'];
  return parts.length === 0 ? `${open}${close}` : `${open} ${parts.join(', ')} ${close}`;
}

function binaryText(bytes: Uint8Array, at: number): string {
  const length = readInt32(bytes, at);
  const subtype = bytes[at + 4]!;
  const hex = Buffer.from(bytes.subarray(at + 5, at + 5 + length)).toString('hex');
  if (subtype === UUID_SUBTYPE && length === 16)
    return `UUID("${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}")`;
  return `BinData(${subtype}, ${hex.toUpperCase()})`;
}

function regexText(bytes: Uint8Array, at: number): string {
  const patternEnd = bytes.indexOf(0, at);
  const optionsEnd = bytes.indexOf(0, patternEnd + 1);
  return `/${readText(bytes, at, patternEnd)}/${readText(bytes, patternEnd + 1, optionsEnd)}`;
}
