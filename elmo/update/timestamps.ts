/** Timestamps that an update gives: of `$currentDate`, and in the place of empty ones in documents given whole. */
import { readInt32 } from '../bson/read.js';
import { TIMESTAMP } from '../bson/types.js';
import { Value } from '../bson/value.js';
import { ElementWalker, FieldName } from '../bson/walk.js';

export interface TimestampParts {
  readonly seconds: number;
  readonly increment: number;
}

export function timestampValue({ seconds, increment }: TimestampParts): Value {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, increment, true);
  view.setUint32(4, seconds, true);
  return new Value(TIMESTAMP, bytes, 0);
}

const ID = new FieldName('_id');
const walker = new ElementWalker();

/** Whether a document has a timestamp of zeros at its top, `_id` aside. */
export function hasEmptyTimestamp(document: Uint8Array): boolean {
  walker.open(document, 0);
  while (walker.next()) if (isEmptyTimestamp(walker)) return true;
  return false;
}

/** Gives all timestamps of zeros at the top of a document, `_id` aside, values. In place. */
export function fillTimestamps(document: Uint8Array, next: () => TimestampParts): void {
  walker.open(document, 0);
  while (walker.next())
    if (isEmptyTimestamp(walker)) document.set(timestampValue(next()).bytes, walker.valueStart);
}

function isEmptyTimestamp(walker: ElementWalker): boolean {
  return (
    walker.type === TIMESTAMP &&
    readInt32(walker.bytes, walker.valueStart) === 0 &&
    readInt32(walker.bytes, walker.valueStart + 4) === 0 &&
    !walker.isNamed(ID)
  );
}
