/**
 * The one order of all values, over bytes: first by class of type, then by value.
 *
 *   MinKey < undefined < null < numbers < strings and symbols < objects < arrays < binary < ObjectId < bool < date
 *   < timestamp < regular expression < DBPointer < code < code with scope < MaxKey
 *
 * Numbers of all four types compare by value, exactly; NaN is the least, and -0 is 0. Strings compare as UTF-8 bytes,
 * that is by code point, unless a collation is given. Objects compare field by field: class of type, name, value; the
 * shorter of two that agree is less. Arrays likewise, without names. Binary: length, subtype, bytes.
 * Verified value by value against the reference engine.
 */
import { BinaryForm, compareForms } from './decimal.js';
import { endOfCString, readDouble, readInt32, readText } from './read.js';
import {
  CLASS_ARRAY,
  CLASS_BINARY,
  CLASS_BOOL,
  CLASS_CODE,
  CLASS_CODE_WITH_SCOPE,
  CLASS_DATE,
  CLASS_DB_POINTER,
  CLASS_NUMBER,
  CLASS_OBJECT,
  CLASS_OBJECT_ID,
  CLASS_REGEX,
  CLASS_STRING,
  CLASS_TIMESTAMP,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  TYPE_CLASS,
} from './types.js';
import { endOfValue } from './walk.js';

/** Order of two strings by the rules of a language: negative, 0 or positive. */
export type Collation = (a: string, b: string) => number;

/**
 * Order of two values given by type byte and place. A missing value is given as null.
 * @returns negative, 0 or positive
 */
export function compareValues(
  a: Uint8Array,
  aType: number,
  aAt: number,
  b: Uint8Array,
  bType: number,
  bAt: number,
  collation?: Collation,
): number {
  const typeClass = TYPE_CLASS[aType]!;
  const difference = typeClass - TYPE_CLASS[bType]!;
  if (difference !== 0) return difference;
  switch (typeClass) {
    case CLASS_NUMBER:
      return compareNumbers(a, aType, aAt, b, bType, bAt);
    case CLASS_STRING:
      return collation === undefined
        ? compareTexts(a, aAt, b, bAt)
        : collation(textAt(a, aAt), textAt(b, bAt));
    case CLASS_OBJECT:
      return compareElements(a, aAt, b, bAt, true, collation);
    case CLASS_ARRAY:
      return compareElements(a, aAt, b, bAt, false, collation);
    case CLASS_BINARY:
      return compareBinaries(a, aAt, b, bAt);
    case CLASS_OBJECT_ID:
      return compareRanges(a, aAt, 12, b, bAt, 12);
    case CLASS_BOOL:
      return a[aAt]! - b[bAt]!;
    case CLASS_DATE:
      return compareInt64s(a, aAt, b, bAt);
    case CLASS_TIMESTAMP:
      return (
        (readInt32(a, aAt + 4) >>> 0) - (readInt32(b, bAt + 4) >>> 0) ||
        (readInt32(a, aAt) >>> 0) - (readInt32(b, bAt) >>> 0)
      );
    case CLASS_REGEX:
      return compareRegexes(a, aAt, b, bAt);
    case CLASS_DB_POINTER: {
      const length = readInt32(a, aAt) + 12;
      return readInt32(a, aAt) - readInt32(b, bAt) || compareRanges(a, aAt + 4, length, b, bAt + 4, length);
    }
    case CLASS_CODE:
      return compareTexts(a, aAt, b, bAt);
    case CLASS_CODE_WITH_SCOPE:
      return (
        compareTexts(a, aAt + 4, b, bAt + 4) ||
        compareElements(a, scopeOf(a, aAt), b, scopeOf(b, bAt), true, collation)
      );
    default:
      return 0; // MinKey, undefined, null, MaxKey
  }
}

/** Order of the documents at two places: field by field. */
export function compareDocuments(
  a: Uint8Array,
  aAt: number,
  b: Uint8Array,
  bAt: number,
  collation?: Collation,
): number {
  return compareElements(a, aAt, b, bAt, true, collation);
}

function compareElements(
  a: Uint8Array,
  aAt: number,
  b: Uint8Array,
  bAt: number,
  areNamed: boolean,
  collation: Collation | undefined,
): number {
  const aLimit = aAt + readInt32(a, aAt) - 1;
  const bLimit = bAt + readInt32(b, bAt) - 1;
  aAt += 4;
  bAt += 4;
  while (aAt < aLimit && bAt < bLimit) {
    const aType = a[aAt++]!;
    const bType = b[bAt++]!;
    const classes = TYPE_CLASS[aType]! - TYPE_CLASS[bType]!;
    if (classes !== 0) return classes;
    const aName = aAt;
    const bName = bAt;
    aAt = endOfCString(a, aAt) + 1;
    bAt = endOfCString(b, bAt) + 1;
    if (areNamed) {
      const names = compareRanges(a, aName, aAt - aName, b, bName, bAt - bName);
      if (names !== 0) return names;
    }
    const values = compareValues(a, aType, aAt, b, bType, bAt, collation);
    if (values !== 0) return values;
    aAt = endOfValue(a, aType, aAt);
    bAt = endOfValue(b, bType, bAt);
  }
  return (aAt < aLimit ? 1 : 0) - (bAt < bLimit ? 1 : 0);
}

/** Order of two byte ranges, a prefix first. */
export function compareRanges(
  a: Uint8Array,
  aAt: number,
  aLength: number,
  b: Uint8Array,
  bAt: number,
  bLength: number,
): number {
  const n = aLength < bLength ? aLength : bLength;
  for (let i = 0; i < n; i++) {
    const d = a[aAt + i]! - b[bAt + i]!;
    if (d !== 0) return d;
  }
  return aLength - bLength;
}

function compareTexts(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  return compareRanges(a, aAt + 4, readInt32(a, aAt) - 1, b, bAt + 4, readInt32(b, bAt) - 1);
}

function textAt(from: Uint8Array, at: number): string {
  return readText(from, at + 4, at + 3 + readInt32(from, at));
}

function compareBinaries(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  const length = readInt32(a, aAt);
  return length - readInt32(b, bAt) || compareRanges(a, aAt + 4, length + 1, b, bAt + 4, length + 1);
}

function compareRegexes(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  const aEnd = endOfCString(a, aAt);
  const bEnd = endOfCString(b, bAt);
  const patterns = compareRanges(a, aAt, aEnd - aAt, b, bAt, bEnd - bAt);
  if (patterns !== 0) return patterns;
  const aFlags = endOfCString(a, aEnd + 1) - aEnd;
  const bFlags = endOfCString(b, bEnd + 1) - bEnd;
  return compareRanges(a, aEnd + 1, aFlags, b, bEnd + 1, bFlags);
}

/** Where the scope of the code with scope at `at` starts. */
function scopeOf(from: Uint8Array, at: number): number {
  return at + 8 + readInt32(from, at + 4);
}

function compareInt64s(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): number {
  return (
    readInt32(a, aAt + 4) - readInt32(b, bAt + 4) || (readInt32(a, aAt) >>> 0) - (readInt32(b, bAt) >>> 0)
  );
}

const aForm = new BinaryForm();
const bForm = new BinaryForm();

function compareNumbers(
  a: Uint8Array,
  aType: number,
  aAt: number,
  b: Uint8Array,
  bType: number,
  bAt: number,
): number {
  if (aType === DECIMAL128 || bType === DECIMAL128) {
    setForm(aForm, a, aType, aAt);
    setForm(bForm, b, bType, bAt);
    return compareForms(aForm, bForm);
  }
  if (aType === INT64 || bType === INT64) {
    if (aType === DOUBLE) return -compareInt64ToDouble(b, bAt, readDouble(a, aAt));
    if (bType === DOUBLE) return compareInt64ToDouble(a, aAt, readDouble(b, bAt));
    if (aType === INT32) return -compareInt64ToDouble(b, bAt, readInt32(a, aAt));
    if (bType === INT32) return compareInt64ToDouble(a, aAt, readInt32(b, bAt));
    return compareInt64s(a, aAt, b, bAt);
  }
  const x = aType === INT32 ? readInt32(a, aAt) : readDouble(a, aAt);
  const y = bType === INT32 ? readInt32(b, bAt) : readDouble(b, bAt);
  return x < y ? -1 : x > y ? 1 : x === y ? 0 : (x === x ? 1 : 0) - (y === y ? 1 : 0);
}

function setForm(form: BinaryForm, from: Uint8Array, type: number, at: number): void {
  if (type === DECIMAL128) form.ofDecimal(from, at);
  else if (type === DOUBLE) form.ofDouble(readDouble(from, at));
  else if (type === INT32) form.ofDouble(readInt32(from, at));
  else form.ofInt64(readInt32(from, at + 4), readInt32(from, at));
}

/** Exact beyond 2^53 as well, where turning one into the other's type would round. */
function compareInt64ToDouble(from: Uint8Array, at: number, value: number): number {
  if (value !== value || value < -9223372036854775808) return 1;
  if (value >= 9223372036854775808) return -1;
  const whole = Math.floor(value);
  const high = Math.floor(whole / 0x1_0000_0000);
  const low = whole - high * 0x1_0000_0000;
  return readInt32(from, at + 4) - high || (readInt32(from, at) >>> 0) - low || (value > whole ? -1 : 0);
}
