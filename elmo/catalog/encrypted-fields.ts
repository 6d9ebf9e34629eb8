/**
 * The option `encryptedFields` of `create`: checked as the reference checks it before it is refused, because there is no
 * encryption of fields by clients here. Source: the answers of MongoDB 8.2.
 */
import { readInt32 } from '../bson/read.js';
import { ARRAY, BINARY, OBJECT, STRING, TYPE_NAMES } from '../bson/types.js';
import type { Value } from '../bson/value.js';
import { ElmoError } from '../errors.js';
import { elementsOf } from '../query/elements.js';
import { OptionFields, wrongType } from './option-fields.js';

const FIELDS = {
  escCollection: 'string',
  eccCollection: 'string',
  ecocCollection: 'string',
  fields: 'array',
  strEncodeVersion: 'number',
} as const;

const FIELD_FIELDS = { path: 'string', keyId: 'any', bsonType: 'string', queries: 'any' } as const;

/** Types whose values cannot be encrypted, because there is but one of each. */
const SINGLE_VALUED: ReadonlySet<string> = new Set(['null', 'undefined', 'minKey', 'maxKey']);
const TYPES: ReadonlySet<string> = new Set(TYPE_NAMES.values());
const UUID_SUBTYPE = 4;
const UUID_BYTES = 16;

/** @throws ElmoError always: for the first thing that is wrong, or else that there is no such thing */
export function checkEncryptedFields(raw: Uint8Array, isOfCollection: boolean, isCapped: boolean): never {
  const given = new OptionFields('create.encryptedFields', raw, FIELDS);
  const paths = elementsOf(given.expect('fields')).map(({ name, value }) =>
    checkedPath(value, `create.encryptedFields.fields.${name}`),
  );
  const twice = paths.find((path, i) => paths.indexOf(path) < i);
  if (twice !== undefined)
    throw new ElmoError(6338402, `Duplicate paths are not allowed in encryptedFields: '${twice}'`);
  if (!isOfCollection)
    throw new ElmoError(
      6346401,
      'Encrypted collections are not supported on views and time-series collections',
    );
  if (isCapped) throw new ElmoError(6367301, 'Encrypted collections cannot be capped');
  throw new ElmoError(6346402, 'Encrypted collections are not supported on standalone');
}

/** The path of one field whose description is right. */
function checkedPath(value: Value, where: string): string {
  if (value.type !== OBJECT) throw wrongType(where, value, 'object');
  const given = new OptionFields(where, value.document, FIELD_FIELDS);
  const keyId = given.expect('keyId');
  checkUuid(keyId, `${where}.keyId`);
  const path = given.expect('path').text;
  checkQueries(given.get('queries'), `${where}.queries`);
  if (path === '') throw new ElmoError(6316402, 'Encrypted field path cannot be empty');
  if (path === '_id' || path.startsWith('_id.'))
    throw new ElmoError(6316403, 'Cannot encrypt _id or its subfields');
  if (path.includes('\0')) throw new ElmoError(9867600, 'Encrypted field path cannot contain a null byte');
  const type = given.text('bsonType');
  if (type === undefined) return path;
  if (!TYPES.has(type)) throw new ElmoError('BadValue', `Unknown type name alias: ${type}`);
  if (SINGLE_VALUED.has(type)) throw new ElmoError(6338406, `Type '${type}' cannot be encrypted`);
  return path;
}

function checkUuid(value: Value, where: string): void {
  const isUuid = value.type === BINARY && value.bytes[value.at + 4] === UUID_SUBTYPE;
  if (!isUuid)
    throw new ElmoError(
      'TypeMismatch',
      `BSON field '${where}' is the wrong type '${TYPE_NAMES.get(value.type)}', expected type 'UUID'`,
    );
  if (readInt32(value.bytes, value.at) !== UUID_BYTES)
    throw new ElmoError('InvalidUUID', 'uuid must be a 16-byte binary field with UUID (4) subtype');
}

function checkQueries(value: Value | undefined, where: string): void {
  if (value === undefined) return;
  if (value.type !== ARRAY && value.type !== OBJECT) throw wrongType(where, value, 'object');
  const queries = value.type === OBJECT ? [value] : elementsOf(value).map((element) => element.value);
  for (const query of queries) {
    if (query.type !== OBJECT) throw wrongType(where, query, 'object');
    const type = elementsOf(query).find(({ name }) => name === 'queryType')?.value;
    if (type === undefined)
      throw new ElmoError(
        'IDLFailedToParse',
        `BSON field '${where}.queryType' is missing but a required field`,
      );
    if (type.type !== STRING) throw wrongType(`${where}.queryType`, type, 'string');
  }
}
