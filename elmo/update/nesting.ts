/** How deep documents nest. */
import { readInt32 } from '../bson/read.js';
import { ARRAY, OBJECT } from '../bson/types.js';
import { endOfValue } from '../bson/walk.js';
import { ElmoError } from '../errors.js';
import { MAX_NESTING } from './limits.js';

/** Levels of documents and arrays of the document at `at`, itself included. Beyond `most` it stops counting. */
export function nestingOf(bytes: Uint8Array, at: number, most: number = MAX_NESTING): number {
  if (most <= 0) return 1;
  let deepest = 0;
  const limit = at + readInt32(bytes, at) - 1;
  for (at += 4; at < limit;) {
    const type = bytes[at++]!;
    while (bytes[at]! > 0) at++;
    at++;
    if (type === OBJECT || type === ARRAY) {
      const levels = nestingOf(bytes, at, most - 1);
      if (levels > deepest) deepest = levels;
    }
    at = endOfValue(bytes, type, at);
  }
  return deepest + 1;
}

/** @throws ElmoError Overflow */
export function checkNesting(document: Uint8Array): void {
  if (nestingOf(document, 0) > MAX_NESTING)
    throw new ElmoError('Overflow', `Document exceeds maximum nesting depth of ${MAX_NESTING}`);
}
