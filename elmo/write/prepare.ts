/** What a document has to be before it is stored: `_id` in front, of an allowed type; not too large, not too deep. */
import { ElmoError } from '../errors.js';
import { ARRAY, OBJECT, OBJECT_ID, REGEX, UNDEFINED } from '../bson/types.js';
import { endOfValue, FieldFinder, FieldName, ElementWalker } from '../bson/walk.js';
import { BsonWriter } from '../bson/writer.js';
import { readInt32, readText } from '../bson/read.js';
import { MAX_NESTING } from '../update/limits.js';
import { nestingOf } from '../update/nesting.js';

/** Bytes of a stored document. */
export const MAX_DOCUMENT_BYTES: number = 16 * 1024 * 1024;

const ID = new FieldName('_id');
const finder = new FieldFinder();
const writer = new BsonWriter();

const TYPE_TEXT: Readonly<Record<number, string>> = {
  [ARRAY]: 'an array',
  [REGEX]: 'a regex',
  [UNDEFINED]: 'undefined',
};

/** @throws ElmoError InvalidIdField, BadValue */
export function checkId(bytes: Uint8Array, type: number, at: number): void {
  const text = TYPE_TEXT[type];
  if (text !== undefined)
    throw new ElmoError('InvalidIdField', `The '_id' value cannot be of type ${text.split(' ').pop()}`);
  if (type === OBJECT) refuseDollars(bytes, at);
}

/** Of references to documents. */
const REFERENCE_FIELDS: ReadonlySet<string> = new Set(['$ref', '$id', '$db']);

function refuseDollars(bytes: Uint8Array, at: number): void {
  const walker = new ElementWalker();
  walker.open(bytes, at);
  while (walker.next()) {
    if (bytes[walker.nameStart] === 0x24) {
      const name = readText(bytes, walker.nameStart, walker.nameEnd);
      if (REFERENCE_FIELDS.has(name)) continue;
      throw new ElmoError(
        'DollarPrefixedFieldName',
        `_id fields may not contain '$'-prefixed fields: ${name} is not valid for storage.`,
      );
    }
    if (walker.type === OBJECT || walker.type === ARRAY) refuseDollars(bytes, walker.valueStart);
  }
}

/**
 * The document as it is stored.
 * @param newId  twelve fresh bytes for an ObjectId, asked only if there is no `_id`
 * @throws ElmoError BSONObjectTooLarge, Overflow, InvalidIdField …
 */
export function prepareInsert(document: Uint8Array, newId: () => Uint8Array): Uint8Array {
  if (document.length >= LEAST_DEEP_BYTES) checkDepth(document);
  if (finder.find(document, 0, ID)) {
    const { type, valueStart, nameStart } = finder;
    checkId(document, type, valueStart);
    checkSize(document.length);
    if (nameStart === 5) return document;
    const end = endOfValue(document, type, valueStart);
    return reorder(document, nameStart - 1, end);
  }
  writer.clear();
  const start = writer.beginDocument();
  writer.writeName(OBJECT_ID, ID.bytes);
  const id = newId();
  writer.writeRange(id, 0, id.length);
  writer.writeRange(document, 4, readInt32(document, 0) - 1);
  writer.endDocument(start);
  checkSize(writer.length);
  return writer.toBytes();
}

/** A document that is too deep has as many levels, each with its length, the type and name of the next, and an end. */
const LEAST_DEEP_BYTES = MAX_NESTING * 7;

function checkDepth(document: Uint8Array): void {
  if (nestingOf(document, 0) > MAX_NESTING)
    throw new ElmoError(
      'Overflow',
      `cannot insert document because it exceeds ${MAX_NESTING} levels of nesting`,
    );
}

/** The element at [at, end) first. */
function reorder(document: Uint8Array, at: number, end: number): Uint8Array {
  writer.clear();
  const start = writer.beginDocument();
  writer.writeRange(document, at, end);
  writer.writeRange(document, 4, at);
  writer.writeRange(document, end, readInt32(document, 0) - 1);
  writer.endDocument(start);
  return writer.toBytes();
}

export function checkSize(bytes: number): void {
  if (bytes > MAX_DOCUMENT_BYTES)
    throw new ElmoError(
      'BSONObjectTooLarge',
      `object to insert too large. size in bytes: ${bytes}, max size: ${MAX_DOCUMENT_BYTES}`,
    );
}
