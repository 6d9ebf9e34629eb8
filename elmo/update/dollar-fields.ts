/**
 * Names that start with a dollar. At the top of a document, and in its `_id`, only those of a reference to a document
 * may: $ref, $id, $db, in this order. Source: MongoDB manual, "Field Names with Periods and Dollar Signs", "Database
 * References".
 */
import { readText } from '../bson/read.js';
import { ARRAY, OBJECT, STRING } from '../bson/types.js';
import { Value } from '../bson/value.js';
import { ElementWalker } from '../bson/walk.js';
import { ElmoError } from '../errors.js';
import { typeNameOf } from '../expression/numbers.js';

const DOLLAR = 0x24;

export function dollarRefusal(name: string, path = name): ElmoError {
  return new ElmoError(
    'DollarPrefixedFieldName',
    `The dollar ($) prefixed field '${name}' in '${path}' is not allowed in the context of an update's replacement document. Consider using an aggregation pipeline with $replaceWith.`,
  );
}

/**
 * Checks the names of the document at `at`; for an `_id` those of documents in it as well.
 * @param prefix  of the path of its fields: '', '_id.'
 * @throws ElmoError DollarPrefixedFieldName, InvalidDBRef
 */
export function checkDollarFields(bytes: Uint8Array, at: number, prefix: string): void {
  const walker = new ElementWalker();
  walker.open(bytes, at);
  let before = '';
  while (walker.next()) {
    let name = '';
    if (bytes[walker.nameStart] === DOLLAR) {
      name = readText(bytes, walker.nameStart, walker.nameEnd);
      if (name !== '$ref' && name !== '$id' && name !== '$db') throw dollarRefusal(name, prefix + name);
      checkReferencePart(name, before, new Value(walker.type, bytes, walker.valueStart));
    }
    if (before === '$ref' && name !== '$id') throw lonelyReference();
    before = name;
    if (prefix !== '' && (walker.type === OBJECT || walker.type === ARRAY)) {
      const inner = readText(bytes, walker.nameStart, walker.nameEnd);
      checkDollarFields(bytes, walker.valueStart, `${prefix}${inner}.`);
    }
  }
  if (before === '$ref') throw lonelyReference();
}

function checkReferencePart(name: '$ref' | '$id' | '$db', before: string, value: Value): void {
  if (name !== '$id' && value.type !== STRING && (name === '$ref' || before === '$id'))
    throw new ElmoError(
      'InvalidDBRef',
      `The DBRef ${name} field must be a String, not a ${typeNameOf(value)}`,
    );
  const needed = name === '$id' ? '$ref' : '$id';
  if (name !== '$ref' && before !== needed && before !== '$ref')
    throw new ElmoError(
      'InvalidDBRef',
      `Found ${name} field without a ${needed} before it, which is invalid.`,
    );
}

function lonelyReference(): ElmoError {
  return new ElmoError('InvalidDBRef', 'The DBRef $ref field must be followed by a $id field');
}
