/**
 * What the engine accepts from its callers: keys, values and ranges. Each refusal says what was expected and what was
 * got, never the bytes of a key.
 */
import { compareBytes } from '../base/bytes.js';
import { LsmError } from '../errors.js';
import { MAX_KEY_BYTES, MAX_VALUE_BYTES } from '../options.js';
import type { Bytes, KeyRange } from '../ordered-kv.js';

/** @throws LsmError BadKey unless `key` is 1 to MAX_KEY_BYTES bytes */
export function checkKey(key: Bytes): void {
  if (key instanceof Uint8Array && key.length > 0 && key.length <= MAX_KEY_BYTES) return;
  throw new LsmError(`a key is 1 to ${MAX_KEY_BYTES} bytes in a Uint8Array, got ${describe(key)}`, 'BadKey');
}

/** @throws LsmError BadValue unless `value` is 0 to MAX_VALUE_BYTES bytes */
export function checkValue(value: Bytes): void {
  if (value instanceof Uint8Array && value.length <= MAX_VALUE_BYTES) return;
  throw new LsmError(
    `a value is at most ${MAX_VALUE_BYTES} bytes in a Uint8Array, got ${describe(value)}`,
    'BadValue',
  );
}

/** @throws LsmError BadValue unless [start, end) lies in the array */
export function checkPart(bytes: Bytes, start: number, end: number): void {
  if (start >= 0 && start <= end && end <= bytes.length) return;
  throw new LsmError(`a part lies in its array of ${bytes.length} bytes, got [${start}, ${end})`, 'BadValue');
}

/** @throws LsmError BadKey unless a key may have so many bytes */
export function checkKeyLength(length: number): void {
  if (length > 0 && length <= MAX_KEY_BYTES) return;
  throw new LsmError(`a key is 1 to ${MAX_KEY_BYTES} bytes in a Uint8Array, got ${length} bytes`, 'BadKey');
}

/**
 * Bounds are undefined (open) or at most MAX_KEY_BYTES bytes, `low` not above `high`. Equal bounds, or an empty `high`,
 * make the empty range; an empty `low` leaves the range open.
 * @throws LsmError BadRange
 */
export function checkRange(range: KeyRange): void {
  if (typeof range !== 'object' || range === null) {
    throw new LsmError(`a range is an object { low, high }, got ${describe(range)}`, 'BadRange');
  }
  const { low, high } = range;
  if (low !== undefined) checkBound('low', low);
  if (high !== undefined) checkBound('high', high);
  if (low !== undefined && high !== undefined && compareBytes(low, high) > 0) {
    throw new LsmError('a range is reversed: its low bound lies above its high bound', 'BadRange');
  }
}

function checkBound(name: string, bound: Bytes): void {
  if (bound instanceof Uint8Array && bound.length <= MAX_KEY_BYTES) return;
  throw new LsmError(
    `the ${name} bound of a range is at most ${MAX_KEY_BYTES} bytes in a Uint8Array, got ${describe(bound)}`,
    'BadRange',
  );
}

function describe(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value === null) return 'null';
  return value === undefined ? 'nothing' : `a value of type ${typeof value}`;
}
