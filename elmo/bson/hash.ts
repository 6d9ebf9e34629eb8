/**
 * The reference's hash of a value, as $toHashedIndexKey shows it: the first 8 bytes of an MD5. Numbers of all types hash as
 * longs (decimals rounded, doubles cut off), so that equal ones hash alike.
 *
 *   hashed: int32 seed 0 | value
 *   value   int32 class of type | name, NUL (not of the outermost) | long for numbers; for documents and arrays each
 *           element as a value, then int32 0; for others the bytes as they are
 */
import { createHash } from 'node:crypto';
import { readDecimal, toIntegral, truncatedBigint } from './decimal-arithmetic.js';
import { readDouble, readInt32, readInt64 } from './read.js';
import {
  ARRAY,
  BINARY,
  BOOL,
  CODE,
  CODE_WITH_SCOPE,
  DATE,
  DB_POINTER,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  MAX_KEY,
  MIN_KEY,
  MISSING,
  NULL,
  OBJECT,
  OBJECT_ID,
  REGEX,
  STRING,
  SYMBOL,
  TIMESTAMP,
  UNDEFINED,
} from './types.js';
import { int64Value, type Value } from './value.js';
import { ElementWalker, endOfValue } from './walk.js';
import { BsonWriter } from './writer.js';

/** By type byte: the number its class has in the hash, which is part of stored data. */
const HASH_CLASS = new Int8Array(256);
for (const [type, hashClass] of [
  [MIN_KEY, -1],
  [UNDEFINED, 0],
  [NULL, 5],
  [DOUBLE, 10],
  [INT32, 10],
  [INT64, 10],
  [DECIMAL128, 10],
  [STRING, 15],
  [SYMBOL, 15],
  [OBJECT, 20],
  [ARRAY, 25],
  [BINARY, 30],
  [OBJECT_ID, 35],
  [BOOL, 40],
  [DATE, 45],
  [TIMESTAMP, 47],
  [REGEX, 50],
  [DB_POINTER, 55],
  [CODE, 60],
  [CODE_WITH_SCOPE, 65],
  [MAX_KEY, 127],
] as const)
  HASH_CLASS[type] = hashClass;

const writer = new BsonWriter();

/** A long. A missing value hashes as null. */
export function hashOfValue(value: Value): Value {
  writer.clear();
  writer.writeInt32(0);
  const type = value.type === MISSING ? NULL : value.type;
  writer.writeInt32(HASH_CLASS[type]!);
  append(value.bytes, type, value.at);
  const digest = createHash('md5').update(writer.bytes.subarray(0, writer.length)).digest();
  return int64Value(digest.readBigInt64LE(0));
}

function append(bytes: Uint8Array, type: number, at: number): void {
  switch (type) {
    case DOUBLE:
    case INT32:
    case INT64:
    case DECIMAL128: {
      const long = hashedLong(bytes, type, at);
      writer.writeInt64(Number(BigInt.asIntN(32, long >> 32n)), Number(BigInt.asIntN(32, long)));
      return;
    }
    case OBJECT:
    case ARRAY:
      appendElements(bytes, at);
      return;
    case CODE_WITH_SCOPE: {
      const scope = at + 8 + readInt32(bytes, at + 4);
      writer.writeRange(bytes, at + 8, scope);
      appendElements(bytes, scope);
      return;
    }
    default:
      writer.writeRange(bytes, at, endOfValue(bytes, type, at));
  }
}

function appendElements(bytes: Uint8Array, at: number): void {
  const walker = new ElementWalker();
  walker.open(bytes, at);
  while (walker.next()) {
    writer.writeInt32(HASH_CLASS[walker.type]!);
    writer.writeRange(bytes, walker.nameStart, walker.nameEnd + 1);
    append(bytes, walker.type, walker.valueStart);
  }
  writer.writeInt32(0);
}

const LEAST = -(1n << 63n);
const MOST = (1n << 63n) - 1n;

/** The whole part, held within a long; 0 for NaN. */
function hashedLong(bytes: Uint8Array, type: number, at: number): bigint {
  if (type === INT32) return BigInt(readInt32(bytes, at));
  if (type === INT64) return readInt64(bytes, at);
  if (type === DOUBLE) {
    const double = readDouble(bytes, at);
    if (double !== double) return 0n;
    if (double >= 9223372036854775808) return MOST;
    return double < -9223372036854775808 ? LEAST : BigInt(Math.trunc(double));
  }
  const decimal = readDecimal(bytes, at);
  if (decimal.isNaN) return 0n;
  if (decimal.isInfinite || (decimal.exponent > 19 && !decimal.isZero))
    return decimal.isNegative ? LEAST : MOST;
  const whole = truncatedBigint(toIntegral(decimal, 'halfEven'));
  return whole > MOST ? MOST : whole < LEAST ? LEAST : whole;
}
