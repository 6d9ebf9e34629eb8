/** The collection a stage writes to. */
import { NULL, STRING, TYPE_NAMES, UNDEFINED } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import type { Namespace } from '../../catalog/collection-spec.js';
import { ElmoError } from '../../errors.js';
import { argumentsOf } from '../arguments.js';

/**
 * The fields of a document of which each is a text or absent; null is absent.
 * @param others  fields that are left to the caller
 * @throws ElmoError IDLUnknownField, TypeMismatch
 */
export function textFields(
  document: Value,
  where: string,
  known: readonly string[],
  others: readonly string[] = [],
): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [name, value] of argumentsOf(document)) {
    if (others.includes(name)) continue;
    if (!known.includes(name))
      throw new ElmoError('IDLUnknownField', `BSON field '${where}.${name}' is an unknown field.`);
    if (value.type === NULL || value.type === UNDEFINED) continue;
    if (value.type !== STRING)
      throw new ElmoError(
        'TypeMismatch',
        `BSON field '${where}.${name}' is the wrong type '${TYPE_NAMES.get(value.type)}', expected type 'string'`,
      );
    texts.set(name, value.text);
  }
  return texts;
}

const DATABASE_NAME = /^[^/\\. "$*<>:|?\0]+$/;

/** @throws ElmoError InvalidNamespace */
export function checkTarget({ db, collection }: Namespace, stage: string): void {
  if (collection.includes('\0'))
    throw new ElmoError('InvalidNamespace', 'namespaces cannot have embedded null characters');
  if (!DATABASE_NAME.test(db) || collection === '')
    throw new ElmoError('InvalidNamespace', `Invalid ${stage} target namespace, ${db}.${collection}`);
}
