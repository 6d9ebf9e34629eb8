/** Which keys an index may have. Source: MongoDB manual, "createIndexes"; codes are the reference engine's own. */
import { STRING, TYPE_NAMES } from '../bson/types.js';
import type { Value } from '../bson/value.js';
import { fieldsOf } from '../catalog/raw-document.js';
import { indexFields } from '../catalog/record.js';
import { ElmoError } from '../errors.js';
import { isNumber, isTruthy, wholeNumber } from '../query/elements.js';
import { checkWildcardKey, WILDCARD } from './wildcard-definition.js';

const MOST_FIELDS = 32;
const PLUGINS: ReadonlySet<string> = new Set(['hashed', 'text', '2dsphere', '2d']);
const REFERENCE_PARTS: ReadonlySet<string> = new Set(['$id', '$ref', '$db']);

export function cannotCreate(message: string): ElmoError {
  return new ElmoError('CannotCreateIndex', message);
}

/**
 * @param hasProjection  whether there is a wildcardProjection beside the key
 * @throws ElmoError CannotCreateIndex, and what a wildcard among other fields may be refused for
 */
export function checkKey(key: Uint8Array, hasProjection: boolean): void {
  const fields = fieldsOf(key);
  if (fields.length === 0) throw cannotCreate('Index keys cannot be empty.');
  if (fields.length > MOST_FIELDS) throw new ElmoError(13103, 'too many compound keys');
  const plugins = new Set<string>();
  for (const { name, value } of fields) {
    checkDirection(value);
    if (value.type === STRING) plugins.add(checkPlugin(value.text, fields));
    const isWildcard = isWildcardPath(name);
    if (isWildcard && value.type !== STRING) plugins.add('wildcard');
    checkPath(name, isWildcard && (value.type !== STRING || value.text === 'text'));
  }
  if (plugins.size > 1) throw cannotCreate("Can't use more than one index plugin for a single index.");
  if (plugins.has('wildcard') && fields.length > 1) checkWildcardKey(indexFields(key), hasProjection);
}

/** Whether a key, which may be none, asks for a wildcard index. */
export function hasWildcard(key: Uint8Array): boolean {
  return fieldsOf(key).some(({ name, value }) => isWildcardPath(name) && value.type !== STRING);
}

function isWildcardPath(path: string): boolean {
  return path === WILDCARD || path.endsWith(`.${WILDCARD}`);
}

function checkPlugin(plugin: string, fields: readonly { readonly name: string }[]): string {
  if (plugin === 'wildcard' && fields.some(({ name }) => name.endsWith(WILDCARD)))
    throw cannotCreate("The key of a wildcard index is a number, not the text 'wildcard'");
  if (plugin === 'wildcard')
    throw new ElmoError(7246202, 'No wildcard index field is specified for the wildcard index');
  if (plugin === 'geoHaystack')
    throw cannotCreate('GeoHaystack indexes cannot be created in version 5.0 and above');
  if (!PLUGINS.has(plugin)) throw cannotCreate(`Unknown index plugin '${plugin}'`);
  return plugin;
}

function checkDirection(value: Value): void {
  if (value.type === STRING) {
    if (value.text === '') throw cannotCreate('Values in the index key pattern cannot be empty strings');
    return;
  }
  if (!isNumber(value))
    throw cannotCreate(
      `Values in v:2 index key pattern cannot be of type ${TYPE_NAMES.get(value.type)}. Only numbers > 0, numbers < 0, and strings are allowed.`,
    );
  if (!isTruthy(value)) throw cannotCreate('Values in the index key pattern cannot be 0.');
  if (wholeNumber(value) === 'nan') throw cannotCreate('Values in the index key pattern cannot be NaN.');
}

function checkPath(path: string, isWildcard: boolean): void {
  if (path === '') throw cannotCreate('Index keys cannot be an empty field.');
  const parts = path.split('.');
  if (parts.includes('')) throw cannotCreate('Index keys cannot contain an empty field.');
  parts.forEach((part, i) => {
    if (!part.startsWith('$') || (isWildcard && i === parts.length - 1)) return;
    if (i === 0 || !REFERENCE_PARTS.has(part))
      throw cannotCreate("Index key contains an illegal field name: field name starts with '$'.");
  });
}
