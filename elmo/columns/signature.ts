/**
 * Signatures of values: 32 bits of which each value that a condition may ask for sets a few. A record whose signature lacks
 * a bit of the value's own does not have the value; one that has them all may have it.
 *
 *   bit 31       set: so no signature is one of the codes for records of which nothing is known (codes.ts)
 *   bits 30..0   BITS_EACH of each value, by a hash of it; fewer where they fall together
 *
 * Equal values have equal bits, whatever their types: texts and symbols by their bytes, others by their keys, which are
 * equal when the values are.
 */
import { hashBytes } from '../bson/byte-table.js';
import { readInt32 } from '../bson/read.js';
import { ARRAY, BINARY, MISSING, NULL, OBJECT, STRING, SYMBOL, UNDEFINED } from '../bson/types.js';
import { KeyWriter } from '../keys/value-encoding.js';

/** That of a record which has nothing to be asked for. */
export const NO_BITS: number = 1 << 31;
/** That of a record which may have everything. */
export const ALL_BITS = -1;

const BITS = 31;
/** Two values of a record leave one in 700 others in doubt, five one in 20. */
const BITS_EACH = 5;
/** Of long texts only so many bytes count, and how long they are. */
const MOST_BYTES = 128;

const key = new KeyWriter();

/** Whether a value can be asked for by its signature: what stands for nothing, and what holds others, cannot. */
export function hasSignature(type: number): boolean {
  return type !== MISSING && type !== NULL && type !== UNDEFINED && type !== OBJECT && type !== ARRAY;
}

/** @param type  of a value that has a signature */
export function signatureOf(bytes: Uint8Array, type: number, at: number): number {
  let hash = hashOf(bytes, type, at);
  let signature = NO_BITS;
  for (let i = 0; i < BITS_EACH; i++) {
    signature |= 1 << ((hash & 31) % BITS);
    hash >>>= 5;
  }
  return signature;
}

function hashOf(bytes: Uint8Array, type: number, at: number): number {
  if (type === STRING || type === SYMBOL)
    return hashBytes(bytes, at, at + Math.min(4 + readInt32(bytes, at), MOST_BYTES));
  if (type === BINARY) return hashBytes(bytes, at, at + Math.min(5 + readInt32(bytes, at), MOST_BYTES));
  key.clear();
  key.append(type, bytes, at);
  return hashBytes(key.bytes, 0, key.length);
}
