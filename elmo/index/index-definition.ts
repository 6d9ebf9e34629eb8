/**
 * From what a client asks of an index to its definition, as listIndexes shows it.
 * Source: MongoDB manual, "createIndexes"; order of the checks and codes are the reference engine's own.
 */
import { documentText, valueText } from '../bson/text.js';
import { BOOL, OBJECT, STRING, TYPE_NAMES } from '../bson/types.js';
import { boolValue, documentValue, int32Value, plainJs, stringValue, type Value } from '../bson/value.js';
import type { CollectionSpec, IndexField } from '../catalog/collection-spec.js';
import { ID_KEY, checkStorageEngine } from '../catalog/create-options.js';
import { wholeOf } from '../catalog/option-fields.js';
import { documentOf, fieldOf, fieldsOf, rawDocument } from '../catalog/raw-document.js';
import { indexFields, isIdKey, sameKey } from '../catalog/record.js';
import { collationDocument, isSameCollation, type CollationSpec } from '../collation/collation.js';
import { parseCollation } from '../collation/parse.js';
import { ElmoError } from '../errors.js';
import { isNumber, isTruthy, wholeNumber } from '../query/elements.js';
import { checkPartialFilter } from './partial-filter.js';
import { checkWildcardKey, checkWildcardProjection, WILDCARD } from './wildcard-definition.js';

const MOST_FIELDS = 32;
const MOST_EXPIRE_SECONDS = 0x7fff_ffff;
const PLUGINS: ReadonlySet<string> = new Set(['hashed', 'text', '2dsphere', '2d']);
const REFERENCE_PARTS: ReadonlySet<string> = new Set(['$id', '$ref', '$db']);
/** What else an index on `_id` may say. */
const ID_INDEX_FIELDS: ReadonlySet<string> = new Set(['key', 'name', 'v', 'ns', 'collation']);

type Check = (name: string, value: Value, raw: Uint8Array) => void;

function cannotCreate(message: string): ElmoError {
  return new ElmoError('CannotCreateIndex', message);
}

const wantsObject: Check = (name, value) => {
  if (value.type !== OBJECT)
    throw new ElmoError(
      'TypeMismatch',
      `The field '${name}' must be an object, but got ${TYPE_NAMES.get(value.type)}`,
    );
};

const wantsText: Check = (name, value) => {
  if (value.type !== STRING)
    throw new ElmoError(
      'TypeMismatch',
      `The field '${name}' must be a string, but got ${TYPE_NAMES.get(value.type)}`,
    );
};

const wantsFlag: Check = (name, value) => {
  if (value.type !== BOOL && !isNumber(value))
    throw new ElmoError(
      'TypeMismatch',
      `The field '${name} has value ${name}: ${valueText(value)}, which is not convertible to bool`,
    );
};

const wantsBool: Check = (name, value) => {
  if (value.type !== BOOL)
    throw new ElmoError(
      'TypeMismatch',
      `The field '${name}' must be a bool, but got ${TYPE_NAMES.get(value.type)}`,
    );
};

const anything: Check = () => undefined;

const wantsVersion: Check = (_name, value, raw) => {
  if (!isNumber(value))
    throw new ElmoError(
      'TypeMismatch',
      `The field 'v' must be a number, but got ${TYPE_NAMES.get(value.type)}`,
    );
  const whole = wholeNumber(value);
  if (typeof whole !== 'bigint' || BigInt.asIntN(32, whole) !== whole)
    throw new ElmoError(
      'BadValue',
      `Index version must be representable as a 32-bit integer, but got ${valueText(value)}`,
    );
  if (whole !== 1n && whole !== 2n)
    throw cannotCreate(
      `Invalid index specification ${documentText(raw)}; cannot create an index with v=${whole}`,
    );
};

const wantsCollation: Check = (name, value, raw) => {
  wantsObject(name, value, raw);
  if (value.document.length <= 5)
    throw new ElmoError('BadValue', "The field 'collation' cannot be an empty object.");
};

const onlyForText: Check = (name, _value, raw) => {
  const key = documentOf(raw, 'key');
  if (key === undefined || !indexFields(key).some(({ kind }) => kind === 'text'))
    throw cannotCreate(
      `Invalid index specification ${documentText(raw)}; the field '${name}' can only be specified with text indexes`,
    );
};

/** Every field there may be. */
const FIELDS: Readonly<Record<string, Check>> = {
  key: (name, value, raw) => {
    wantsObject(name, value, raw);
    checkKey(value.document);
  },
  name: wantsText,
  v: wantsVersion,
  ns: anything,
  background: wantsFlag,
  unique: wantsFlag,
  sparse: wantsFlag,
  hidden: wantsBool,
  prepareUnique: wantsFlag,
  dropDups: anything,
  expireAfterSeconds: anything,
  partialFilterExpression: wantsObject,
  collation: wantsCollation,
  wildcardProjection: (name, value) => {
    if (value.type !== OBJECT)
      throw new ElmoError(
        'TypeMismatch',
        `The field '${name}' must be a non-empty object, but got ${TYPE_NAMES.get(value.type)}`,
      );
    if (value.document.length <= 5)
      throw new ElmoError('FailedToParse', `The '${name}' field can't be an empty object`);
  },
  storageEngine: anything,
  clustered: wantsFlag,
  originalSpec: (name, value, raw) => {
    wantsObject(name, value, raw);
    if (value.document.length <= 5)
      throw new ElmoError('BadValue', `The field '${name}' cannot be an empty object.`);
  },
  weights: onlyForText,
  default_language: anything,
  language_override: wantsText,
  textIndexVersion: anything,
  '2dsphereIndexVersion': anything,
  finestIndexedLevel: anything,
  coarsestIndexedLevel: anything,
  bits: anything,
  min: anything,
  max: anything,
};

/** The plugin a key pattern asks for; undefined for an ordinary index. @throws ElmoError CannotCreateIndex … */
function checkKey(key: Uint8Array): void {
  const fields = fieldsOf(key);
  if (fields.length === 0) throw cannotCreate('Index keys cannot be empty.');
  if (fields.length > MOST_FIELDS) throw new ElmoError(13103, 'too many compound keys');
  const plugins = new Set<string>();
  for (const { name, value } of fields) {
    checkDirection(value);
    if (value.type === STRING) {
      const plugin = value.text;
      if (plugin === 'wildcard' && fields.some((field) => field.name.endsWith(WILDCARD)))
        throw cannotCreate("The key of a wildcard index is a number, not the text 'wildcard'");
      if (plugin === 'wildcard')
        throw new ElmoError(7246202, 'No wildcard index field is specified for the wildcard index');
      if (plugin === 'geoHaystack')
        throw cannotCreate('GeoHaystack indexes cannot be created in version 5.0 and above');
      if (!PLUGINS.has(plugin)) throw cannotCreate(`Unknown index plugin '${plugin}'`);
      plugins.add(plugin);
    }
    const isWildcard = name === WILDCARD || name.endsWith(`.${WILDCARD}`);
    if (isWildcard && value.type !== STRING) plugins.add('wildcard');
    checkPath(name, isWildcard && (value.type !== STRING || value.text === 'text'));
  }
  if (plugins.size > 1) throw cannotCreate("Can't use more than one index plugin for a single index.");
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

export interface IndexDefinition {
  readonly name: string;
  readonly key: Uint8Array;
  readonly fields: readonly IndexField[];
  /** As listIndexes shows it. */
  readonly definition: Uint8Array;
  readonly collation: CollationSpec | undefined;
  /** It is the index on `_id`, which is always there. */
  readonly isIdIndex: boolean;
}

/**
 * @param raw  one of the documents in `indexes`
 * @param collation  of the collection, which an index has unless it says otherwise
 * @throws ElmoError CannotCreateIndex, TypeMismatch, InvalidIndexSpecificationOption …
 */
export function parseIndexDefinition(
  raw: Uint8Array,
  collection: Pick<CollectionSpec, 'collation' | 'isClustered'>,
): IndexDefinition {
  try {
    for (const { name, value } of fieldsOf(raw)) {
      const check = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
      if (check === undefined)
        throw new ElmoError(
          'InvalidIndexSpecificationOption',
          `The field '${name}' is not valid for an index specification. Specification: ${documentText(raw)}`,
        );
      check(name, value, raw);
    }
    for (const name of ['key', 'name'])
      if (fieldOf(raw, name) === undefined)
        throw new ElmoError(
          'FailedToParse',
          `The '${name}' field is a required property of an index specification`,
        );
    return define(raw, collection);
  } catch (error) {
    if (!(error instanceof ElmoError) || UNWRAPPED_CODES.has(error.code)) throw error;
    throw new ElmoError(
      error.code,
      `Error in specification ${documentText(raw)} :: caused by :: ${error.message}`,
      { cause: error },
    );
  }
}

/** Errors that are told without the specification. */
const UNWRAPPED_CODES: ReadonlySet<number> = new Set([13103]);

function define(
  raw: Uint8Array,
  collection: Pick<CollectionSpec, 'collation' | 'isClustered'>,
): IndexDefinition {
  const key = documentOf(raw, 'key')!;
  const name = fieldOf(raw, 'name')!.text;
  const fields = indexFields(key);
  if (name === '') throw cannotCreate('index name cannot be empty');
  if (name === '*') throw new ElmoError('BadValue', "The index name '*' is not valid.");
  const given = documentOf(raw, 'collation');
  const collation = given === undefined ? collection.collation : parseCollation(given);
  const version = Number(plainJs(fieldOf(raw, 'v') ?? int32Value(2)));
  if (isIdKey(fields)) return defineIdIndex(raw, key, fields, collation, collection);
  if (name === '_id_')
    throw new ElmoError(
      'BadValue',
      `The index name '_id_' is reserved for the _id index, which must have key pattern {_id: 1}, found key: ${documentText(key)}`,
    );
  checkOptions(raw, fields, version, collation);
  return {
    name,
    key,
    fields,
    definition: shownDefinition(raw, version, collation),
    collation,
    isIdIndex: false,
  };
}

function defineIdIndex(
  raw: Uint8Array,
  key: Uint8Array,
  fields: readonly IndexField[],
  collation: CollationSpec | undefined,
  collection: Pick<CollectionSpec, 'collation' | 'isClustered'>,
): IndexDefinition {
  if (!sameKey(key, ID_KEY))
    throw new ElmoError(
      'BadValue',
      `The field 'key' for an _id index must be {_id: 1}, but got ${documentText(key)}`,
    );
  const stray = fieldsOf(raw).find(({ name }) => !ID_INDEX_FIELDS.has(name));
  const isClusteredIndex = collection.isClustered && isSet(raw, 'clustered');
  if (isSet(raw, 'clustered') && !isClusteredIndex)
    throw new ElmoError(
      6243700,
      "Cannot create index with option 'clustered' that does not match an existing clustered index",
    );
  if (stray !== undefined && !isClusteredIndex)
    throw new ElmoError(
      'InvalidIndexSpecificationOption',
      `The field '${stray.name}' is not valid for an _id index specification. Specification: ${documentText(raw)}`,
    );
  if (!isSameCollation(collation, collection.collation))
    throw new ElmoError('BadValue', 'The _id index must have the same collation as the collection.');
  return { name: '_id_', key, fields, definition: raw, collation, isIdIndex: true };
}

function isSet(raw: Uint8Array, name: string): boolean {
  const value = fieldOf(raw, name);
  return value !== undefined && isTruthy(value);
}

function checkOptions(
  raw: Uint8Array,
  fields: readonly IndexField[],
  version: number,
  collation: CollationSpec | undefined,
): void {
  const plugin = fields.find(({ kind }) => kind !== 'ordered')?.kind;
  const partial = documentOf(raw, 'partialFilterExpression');
  if (version === 1 && fieldOf(raw, 'collation') !== undefined)
    throw cannotCreate(
      `Invalid index specification ${documentText(raw)}; cannot create an index with the 'collation' option and v=1`,
    );
  if (isSet(raw, 'unique') && isSet(raw, 'prepareUnique'))
    throw cannotCreate(
      `Invalid index specification ${documentText(raw)}; cannot create an index with the 'unique' and 'prepareUnique' options`,
    );
  if (isSet(raw, 'clustered')) checkClustered(raw);
  if (partial !== undefined) {
    if (isSet(raw, 'sparse')) throw cannotCreate('cannot mix "partialFilterExpression" and "sparse" options');
    checkPartialFilter(partial, collation);
  }
  if (fields.filter(({ kind }) => kind === 'hashed').length > 1)
    throw new ElmoError(31303, "A maximum of one index field is allowed to be hashed but found 2 for 'key'");
  if (plugin === 'hashed' && isSet(raw, 'unique'))
    throw new ElmoError(16764, 'Currently hashed indexes cannot guarantee uniqueness. Use a regular index.');
  const projection = documentOf(raw, 'wildcardProjection');
  if (plugin === 'wildcard') checkWildcard(raw, fields, version, projection);
  else if (projection !== undefined)
    throw new ElmoError('BadValue', "The field 'wildcardProjection' is only allowed in 'wildcard' indexes");
  if (plugin === 'text' || plugin === '2d' || plugin === '2dsphere')
    throw cannotCreate(`Index type '${plugin}' is not available`);
  checkExpire(raw, fields, plugin);
  const storageEngine = fieldOf(raw, 'storageEngine');
  if (storageEngine === undefined) return;
  if (storageEngine.type !== OBJECT)
    throw cannotCreate('"storageEngine" options must be a document if present');
  if (storageEngine.document.length <= 5)
    throw cannotCreate(
      'Empty "storageEngine" options are invalid. Please remove the field or include valid options.',
    );
  checkStorageEngine(storageEngine);
}

function checkClustered(raw: Uint8Array): void {
  if (!isSet(raw, 'unique'))
    throw cannotCreate("The 'unique' field is required when 'clustered' is specified");
  throw new ElmoError(
    6243700,
    "Cannot create index with option 'clustered' that does not match an existing clustered index",
  );
}

function checkWildcard(
  raw: Uint8Array,
  fields: readonly IndexField[],
  version: number,
  projection: Uint8Array | undefined,
): void {
  if (version < 2)
    throw cannotCreate(`Index type 'wildcard' is not allowed with index version v: ${version}`);
  for (const option of ['sparse', 'unique'])
    if (isSet(raw, option))
      throw cannotCreate(`Index type 'wildcard' does not support the '${option}' option`);
  if (fieldOf(raw, 'expireAfterSeconds') !== undefined)
    throw cannotCreate("Index type 'wildcard' does not support the 'expireAfterSeconds' option");
  if (projection !== undefined) checkWildcardProjection(projection);
  checkWildcardKey(fields, projection);
}

function checkExpire(raw: Uint8Array, fields: readonly IndexField[], plugin: string | undefined): void {
  const value = fieldOf(raw, 'expireAfterSeconds');
  if (value === undefined) return;
  if (!isNumber(value))
    throw cannotCreate(
      `TTL index 'expireAfterSeconds' option must be numeric, but received a type of '${TYPE_NAMES.get(value.type)}`,
    );
  if (wholeNumber(value) === 'nan')
    throw cannotCreate("TTL index 'expireAfterSeconds' option must not be NaN");
  const seconds = wholeOf(value);
  if (seconds < 0) throw cannotCreate("TTL index 'expireAfterSeconds' option cannot be less than 0");
  if (seconds > MOST_EXPIRE_SECONDS)
    throw cannotCreate("TTL index 'expireAfterSeconds' must be within the range of a 32-bit integer");
  if (fields.length > 1 && plugin !== 'text')
    throw cannotCreate('TTL indexes are single-field indexes, compound indexes do not support TTL.');
}

/** @returns the definition in the order that listIndexes has */
function shownDefinition(raw: Uint8Array, version: number, collation: CollationSpec | undefined): Uint8Array {
  const flag = (name: string, showsFalse = false): Value | undefined => {
    const value = fieldOf(raw, name);
    return value !== undefined && (showsFalse || isTruthy(value)) ? boolValue(isTruthy(value)) : undefined;
  };
  const expire = fieldOf(raw, 'expireAfterSeconds');
  return rawDocument([
    ['v', int32Value(version)],
    ['key', fieldOf(raw, 'key')],
    ['name', stringValue(fieldOf(raw, 'name')!.text)],
    ['background', flag('background', true)],
    ['unique', flag('unique')],
    ['hidden', flag('hidden')],
    ['partialFilterExpression', fieldOf(raw, 'partialFilterExpression')],
    ['sparse', flag('sparse', true)],
    ['expireAfterSeconds', expire === undefined ? undefined : int32Value(wholeOf(expire))],
    ['storageEngine', fieldOf(raw, 'storageEngine')],
    ['default_language', fieldOf(raw, 'default_language')],
    ['collation', collation === undefined ? undefined : documentValue(collationDocument(collation))],
    ['wildcardProjection', fieldOf(raw, 'wildcardProjection')],
    ['prepareUnique', flag('prepareUnique')],
  ]);
}
