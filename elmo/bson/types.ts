/**
 * The types of BSON: the byte that stands before each element, how long its value is, and which class of the one order
 * of all values it belongs to. Source: bsonspec.org, version 1.1.
 */

/** Not a type: what a path gives when there is nothing, and the byte that ends a document. */
export const MISSING = 0x00;
export const DOUBLE = 0x01;
export const STRING = 0x02;
export const OBJECT = 0x03;
export const ARRAY = 0x04;
export const BINARY = 0x05;
export const UNDEFINED = 0x06;
export const OBJECT_ID = 0x07;
export const BOOL = 0x08;
export const DATE = 0x09;
export const NULL = 0x0a;
export const REGEX = 0x0b;
export const DB_POINTER = 0x0c;
export const CODE = 0x0d;
export const SYMBOL = 0x0e;
export const CODE_WITH_SCOPE = 0x0f;
export const INT32 = 0x10;
export const TIMESTAMP = 0x11;
export const INT64 = 0x12;
export const DECIMAL128 = 0x13;
export const MAX_KEY = 0x7f;
export const MIN_KEY = 0xff;

/** The names `$type` knows. */
export const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [MISSING, 'missing'],
  [DOUBLE, 'double'],
  [STRING, 'string'],
  [OBJECT, 'object'],
  [ARRAY, 'array'],
  [BINARY, 'binData'],
  [UNDEFINED, 'undefined'],
  [OBJECT_ID, 'objectId'],
  [BOOL, 'bool'],
  [DATE, 'date'],
  [NULL, 'null'],
  [REGEX, 'regex'],
  [DB_POINTER, 'dbPointer'],
  [CODE, 'javascript'],
  [SYMBOL, 'symbol'],
  [CODE_WITH_SCOPE, 'javascriptWithScope'],
  [INT32, 'int'],
  [TIMESTAMP, 'timestamp'],
  [INT64, 'long'],
  [DECIMAL128, 'decimal'],
  [MAX_KEY, 'maxKey'],
  [MIN_KEY, 'minKey'],
]);

/** `VALUE_BYTES[type]` when the length of the value is not in the type. */
export const UNKNOWN_TYPE = -1;
/** int32 n, then n bytes: string, code, symbol. */
export const COUNTED = -2;
/** int32 n that counts itself: object, array, code with scope. */
export const SELF_COUNTED = -3;
/** Binary, regex, DBPointer: each its own way. */
export const OTHER = -4;

/** By type byte: the bytes of a value, or one of the negative constants above. */
export const VALUE_BYTES: Int8Array = new Int8Array(256).fill(UNKNOWN_TYPE);

/**
 * By type byte: place in the order of types; equal places compare by value (numbers; strings and symbols). 0: no type.
 * A missing value counts as null where both can appear; callers give null.
 */
export const TYPE_CLASS: Uint8Array = new Uint8Array(256);

export const CLASS_MIN_KEY = 1;
export const CLASS_UNDEFINED = 2;
export const CLASS_NULL = 3;
export const CLASS_NUMBER = 4;
export const CLASS_STRING = 5;
export const CLASS_OBJECT = 6;
export const CLASS_ARRAY = 7;
export const CLASS_BINARY = 8;
export const CLASS_OBJECT_ID = 9;
export const CLASS_BOOL = 10;
export const CLASS_DATE = 11;
export const CLASS_TIMESTAMP = 12;
export const CLASS_REGEX = 13;
export const CLASS_DB_POINTER = 14;
export const CLASS_CODE = 15;
export const CLASS_CODE_WITH_SCOPE = 16;
export const CLASS_MAX_KEY = 17;

for (const [type, bytes, typeClass] of [
  [DOUBLE, 8, CLASS_NUMBER],
  [STRING, COUNTED, CLASS_STRING],
  [OBJECT, SELF_COUNTED, CLASS_OBJECT],
  [ARRAY, SELF_COUNTED, CLASS_ARRAY],
  [BINARY, OTHER, CLASS_BINARY],
  [UNDEFINED, 0, CLASS_UNDEFINED],
  [OBJECT_ID, 12, CLASS_OBJECT_ID],
  [BOOL, 1, CLASS_BOOL],
  [DATE, 8, CLASS_DATE],
  [NULL, 0, CLASS_NULL],
  [REGEX, OTHER, CLASS_REGEX],
  [DB_POINTER, OTHER, CLASS_DB_POINTER],
  [CODE, COUNTED, CLASS_CODE],
  [SYMBOL, COUNTED, CLASS_STRING],
  [CODE_WITH_SCOPE, SELF_COUNTED, CLASS_CODE_WITH_SCOPE],
  [INT32, 4, CLASS_NUMBER],
  [TIMESTAMP, 8, CLASS_TIMESTAMP],
  [INT64, 8, CLASS_NUMBER],
  [DECIMAL128, 16, CLASS_NUMBER],
  [MAX_KEY, 0, CLASS_MAX_KEY],
  [MIN_KEY, 0, CLASS_MIN_KEY],
] as const) {
  VALUE_BYTES[type] = bytes;
  TYPE_CLASS[type] = typeClass;
}
