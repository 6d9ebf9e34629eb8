/**
 * The first byte of an encoded value: its class in the order of all values, and for numbers also sign and size. Gaps are
 * left for what may come. 00 is never a tag: it ends lists. In keys since format 1: never renumber.
 */
import {
  CLASS_ARRAY,
  CLASS_BINARY,
  CLASS_BOOL,
  CLASS_CODE,
  CLASS_CODE_WITH_SCOPE,
  CLASS_DATE,
  CLASS_DB_POINTER,
  CLASS_MAX_KEY,
  CLASS_MIN_KEY,
  CLASS_NULL,
  CLASS_NUMBER,
  CLASS_OBJECT,
  CLASS_OBJECT_ID,
  CLASS_REGEX,
  CLASS_STRING,
  CLASS_TIMESTAMP,
  CLASS_UNDEFINED,
} from '../bson/types.js';

export const TAG_END = 0x00;
export const TAG_MIN_KEY = 0x04;
export const TAG_UNDEFINED = 0x08;
export const TAG_NULL = 0x0c;

export const TAG_NAN = 0x10;
export const TAG_MINUS_INFINITY = 0x11;
export const TAG_MINUS_LARGE = 0x12;
/** Negative integers (with a fraction or without) of 8 bytes; of 1 byte is 7 higher. */
export const TAG_MINUS_8 = 0x13;
export const TAG_MINUS_SMALL = 0x1b;
export const TAG_ZERO = 0x1c;
export const TAG_PLUS_SMALL = 0x1d;
/** Positive integers of 1 byte; of 8 bytes is 7 higher. */
export const TAG_PLUS_1 = 0x1e;
export const TAG_PLUS_LARGE = 0x26;
export const TAG_INFINITY = 0x27;
/** How a number is mirrored: tag of -x = this - tag of x. */
export const TAG_MIRROR = TAG_PLUS_1 + TAG_MINUS_8 + 7;

export const TAG_STRING = 0x30;
export const TAG_OBJECT = 0x38;
export const TAG_ARRAY = 0x40;
export const TAG_BINARY = 0x48;
export const TAG_OBJECT_ID = 0x50;
export const TAG_FALSE = 0x58;
export const TAG_TRUE = 0x59;
export const TAG_DATE_BEFORE_1970 = 0x60;
/** [0, 2^48) ms: up to the year 10889. */
export const TAG_DATE = 0x61;
export const TAG_DATE_FAR = 0x62;
export const TAG_TIMESTAMP = 0x68;
export const TAG_REGEX = 0x70;
export const TAG_DB_POINTER = 0x78;
export const TAG_CODE = 0x80;
export const TAG_CODE_WITH_SCOPE = 0x88;
export const TAG_MAX_KEY = 0xf0;

/** By class: the least tag of its values; [firstTag(c), tagAfter(c)) is where all values of class c are. */
const FIRST_TAGS = new Uint8Array(32);
const AFTER_TAGS = new Uint8Array(32);
for (const [typeClass, first, last] of [
  [CLASS_MIN_KEY, TAG_MIN_KEY, TAG_MIN_KEY],
  [CLASS_UNDEFINED, TAG_UNDEFINED, TAG_UNDEFINED],
  [CLASS_NULL, TAG_NULL, TAG_NULL],
  [CLASS_NUMBER, TAG_NAN, TAG_INFINITY],
  [CLASS_STRING, TAG_STRING, TAG_STRING],
  [CLASS_OBJECT, TAG_OBJECT, TAG_OBJECT],
  [CLASS_ARRAY, TAG_ARRAY, TAG_ARRAY],
  [CLASS_BINARY, TAG_BINARY, TAG_BINARY],
  [CLASS_OBJECT_ID, TAG_OBJECT_ID, TAG_OBJECT_ID],
  [CLASS_BOOL, TAG_FALSE, TAG_TRUE],
  [CLASS_DATE, TAG_DATE_BEFORE_1970, TAG_DATE_FAR],
  [CLASS_TIMESTAMP, TAG_TIMESTAMP, TAG_TIMESTAMP],
  [CLASS_REGEX, TAG_REGEX, TAG_REGEX],
  [CLASS_DB_POINTER, TAG_DB_POINTER, TAG_DB_POINTER],
  [CLASS_CODE, TAG_CODE, TAG_CODE],
  [CLASS_CODE_WITH_SCOPE, TAG_CODE_WITH_SCOPE, TAG_CODE_WITH_SCOPE],
  [CLASS_MAX_KEY, TAG_MAX_KEY, TAG_MAX_KEY],
] as const) {
  FIRST_TAGS[typeClass] = first;
  AFTER_TAGS[typeClass] = last + 1;
}

/** The least first byte of the values of a class (`TYPE_CLASS` of a type), ascending. */
export function firstTag(typeClass: number): number {
  return FIRST_TAGS[typeClass]!;
}

/** The byte after the greatest first byte of the values of a class. */
export function tagAfter(typeClass: number): number {
  return AFTER_TAGS[typeClass]!;
}
