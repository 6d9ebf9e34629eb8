/** What the `_id` of a stored document may be, and that a change leaves it as it is. */
import { compareValues } from '../bson/compare.js';
import { readInt32 } from '../bson/read.js';
import { ARRAY, OBJECT, REGEX, UNDEFINED } from '../bson/types.js';
import { Value } from '../bson/value.js';
import { documentLength, endOfValue, FieldFinder, FieldName } from '../bson/walk.js';
import { BsonWriter } from '../bson/writer.js';
import { ElmoError } from '../errors.js';
import { describe } from '../query/elements.js';
import { checkDollarFields } from './dollar-fields.js';

export const ID = new FieldName('_id');

const TYPE_TEXT: ReadonlyMap<number, string> = new Map([
  [ARRAY, 'array'],
  [REGEX, 'regex'],
  [UNDEFINED, 'undefined'],
]);

/** @throws ElmoError InvalidIdField, DollarPrefixedFieldName, InvalidDBRef */
export function checkId(bytes: Uint8Array, type: number, at: number): void {
  const text = TYPE_TEXT.get(type);
  if (text !== undefined) throw new ElmoError('InvalidIdField', `The '_id' value cannot be of type ${text}`);
  if (type === OBJECT) checkDollarFields(bytes, at, '_id.');
}

/**
 * Whether what has been made of a document changes nothing. The `_id` it does not name counts as its last field, so
 * that only a document which has nothing else stays the same without naming it.
 */
export function isUnchanged(document: Uint8Array, old: Uint8Array, oldAt: number): boolean {
  const length = documentLength(old, oldAt);
  if (document.length === EMPTY_BYTES && oldFinder.find(old, oldAt, ID))
    return (
      endOfValue(old, oldFinder.type, oldFinder.valueStart) - oldFinder.nameStart + 1 + EMPTY_BYTES === length
    );
  if (document.length !== length) return false;
  for (let i = 0; i < length; i++) if (document[i] !== old[oldAt + i]) return false;
  return true;
}

const EMPTY_BYTES = 5;
const finder = new FieldFinder();
const oldFinder = new FieldFinder();
const writer = new BsonWriter();

/**
 * What has been made of a document as a whole, with the `_id` it had, in front.
 * @param old  holds the document as it was, from `oldAt`
 * @param isInsert  whether the document is to be inserted: it may then have no `_id` yet
 * @throws ElmoError ImmutableField, InvalidIdField, NotSingleValueField …
 */
export function withOldId(
  document: Uint8Array,
  old: Uint8Array,
  oldAt: number,
  isInsert: boolean,
): Uint8Array {
  const hadId = oldFinder.find(old, oldAt, ID);
  if (!finder.find(document, 0, ID)) {
    if (!hadId) return document;
    if (isInsert) refuseArray(oldFinder.type);
    const end = endOfValue(old, oldFinder.type, oldFinder.valueStart);
    return idFirst(old, oldFinder.nameStart - 1, end, document, 0, 0);
  }
  const { type, nameStart, valueStart } = finder;
  const isOther =
    hadId && compareValues(old, oldFinder.type, oldFinder.valueStart, document, type, valueStart) !== 0;
  if (isInsert) refuseArray(type);
  else checkId(document, type, valueStart);
  if (isOther)
    throw new ElmoError(
      'ImmutableField',
      `After applying the update, the (immutable) field '_id' was found to have been altered to ${describe('_id', new Value(type, document, valueStart))}`,
    );
  if (isInsert) checkId(document, type, valueStart);
  return nameStart === 5 ? document : moveIdFirst(document, type, nameStart, valueStart);
}

function refuseArray(type: number): void {
  if (type === ARRAY) throw arrayAsId();
}

export function arrayAsId(): ElmoError {
  return new ElmoError(
    'NotSingleValueField',
    "After applying the update to the document, the (immutable) field '_id' was found to be an array or array descendant.",
  );
}

/** The same document with its `_id`, which is at the given place, in front. */
export function moveIdFirst(
  document: Uint8Array,
  type: number,
  nameStart: number,
  valueStart: number,
): Uint8Array {
  const end = endOfValue(document, type, valueStart);
  return idFirst(document, nameStart - 1, end, document, nameStart - 1, end);
}

/** The element at [at, end), then `document` without [cut, cutEnd); nothing is cut if `cut` is 0. */
function idFirst(
  from: Uint8Array,
  at: number,
  end: number,
  document: Uint8Array,
  cut: number,
  cutEnd: number,
): Uint8Array {
  const limit = readInt32(document, 0) - 1;
  writer.clear();
  const start = writer.beginDocument();
  writer.writeRange(from, at, end);
  if (cut === 0) writer.writeRange(document, 4, limit);
  else {
    writer.writeRange(document, 4, cut);
    writer.writeRange(document, cutEnd, limit);
  }
  writer.endDocument(start);
  return writer.toBytes();
}
