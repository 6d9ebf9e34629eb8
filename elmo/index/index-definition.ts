/**
 * From what a client asks of an index to its definition, as listIndexes shows it.
 * Source: MongoDB manual, "createIndexes"; order of the checks and codes are the reference engine's own.
 */
import { documentText } from '../bson/text.js';
import { OBJECT, TYPE_NAMES } from '../bson/types.js';
import { boolValue, documentValue, int32Value, plainJs, stringValue, type Value } from '../bson/value.js';
import type { CollectionSpec, IndexField } from '../catalog/collection-spec.js';
import { ID_KEY, checkStorageEngine } from '../catalog/create-options.js';
import { wholeOf } from '../catalog/option-fields.js';
import { documentOf, fieldOf, fieldsOf, rawDocument, withField } from '../catalog/raw-document.js';
import { indexFields, isIdKey, sameKey } from '../catalog/record.js';
import { collationDocument, isSameCollation, type CollationSpec } from '../collation/collation.js';
import { parseCollation } from '../collation/parse.js';
import { ElmoError } from '../errors.js';
import { isNumber, isTruthy, wholeNumber } from '../query/elements.js';
import { checkFields, isSet, withSpecification } from './index-fields.js';
import { cannotCreate } from './index-key.js';
import { checkPartialFilter } from './partial-filter.js';

const MOST_EXPIRE_SECONDS = 0x7fff_ffff;
/** What else an index on `_id` may say. */
const ID_INDEX_FIELDS: ReadonlySet<string> = new Set(['key', 'name', 'v', 'ns', '_id', 'collation']);

/** What the indexes of a collection must fit. */
type Owner = Pick<CollectionSpec, 'collation' | 'isClustered'> & Partial<Pick<CollectionSpec, 'options'>>;

/** A specification whose fields are what they must be. */
interface Specification {
  readonly raw: Uint8Array;
  readonly key: Uint8Array;
  readonly name: string;
  readonly fields: readonly IndexField[];
  readonly version: number;
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
 * Each check is made of all the specifications before the next is made of any.
 * @param raws  the documents in `indexes`
 * @param collection  what the indexes belong to; undefined: it is still to be made
 * @throws ElmoError CannotCreateIndex, TypeMismatch, InvalidIndexSpecificationOption …
 */
export function parseIndexDefinitions(
  raws: readonly Uint8Array[],
  collection: Owner | undefined,
): IndexDefinition[] {
  const specifications = raws.map(parseSpecification);
  specifications.forEach(checkExpire);
  if (collection === undefined && specifications.some(({ raw }) => isSet(raw, 'clustered')))
    throw new ElmoError(
      6100900,
      "Cannot implicitly create a new collection with createIndex 'clustered' option",
    );
  const owner = collection ?? { collation: undefined, isClustered: false };
  const collations = specifications.map((specification) => collationOf(specification, owner));
  const definitions = specifications.map((specification, i) => define(specification, collations[i], owner));
  specifications.forEach(checkHashed);
  return definitions;
}

function parseSpecification(raw: Uint8Array): Specification {
  withSpecification(raw, () => checkFields(raw));
  const key = documentOf(raw, 'key')!;
  const name = fieldOf(raw, 'name')!.text;
  const fields = indexFields(key);
  if (isIdKey(fields)) checkIdIndex(raw, key);
  else checkName(name, key);
  return { raw, key, name, fields, version: Number(plainJs(fieldOf(raw, 'v') ?? int32Value(2))) };
}

function checkIdIndex(raw: Uint8Array, key: Uint8Array): void {
  const stray = fieldsOf(raw).find(({ name }) => !ID_INDEX_FIELDS.has(name));
  if (stray !== undefined && !isSet(raw, 'clustered'))
    throw new ElmoError(
      'InvalidIndexSpecificationOption',
      `The field '${stray.name}' is not valid for an _id index specification. Specification: ${documentText(versioned(raw))}`,
    );
  if (!sameKey(key, ID_KEY))
    throw new ElmoError(
      'BadValue',
      `The field 'key' for an _id index must be {_id: 1}, but got ${documentText(key)}`,
    );
}

function checkName(name: string, key: Uint8Array): void {
  if (name === '*') throw new ElmoError('BadValue', "The index name '*' is not valid.");
  if (name === '_id_')
    throw new ElmoError(
      'BadValue',
      `The index name '_id_' is reserved for the _id index, which must have key pattern {_id: 1}, found key: ${documentText(key)}`,
    );
}

function versioned(raw: Uint8Array): Uint8Array {
  return fieldOf(raw, 'v') === undefined ? withField(raw, 'v', int32Value(2)) : raw;
}

function checkExpire({ raw, fields }: Specification): void {
  const value = fieldOf(raw, 'expireAfterSeconds');
  if (value === undefined) return;
  const problem = expireProblem(value);
  if (problem !== undefined)
    throw cannotCreate(
      `. Index spec: ${documentText(raw)} :: caused by :: TTL index 'expireAfterSeconds' ${problem}`,
    );
  if (fields.length > 1 && !fields.some(({ kind }) => kind === 'text'))
    throw cannotCreate(
      `TTL indexes are single-field indexes, compound indexes do not support TTL. Index spec: ${documentText(raw)}`,
    );
}

function expireProblem(value: Value): string | undefined {
  if (!isNumber(value))
    return `option must be numeric, but received a type of '${TYPE_NAMES.get(value.type)}`;
  if (wholeNumber(value) === 'nan') return 'option must not be NaN';
  const seconds = wholeOf(value);
  if (seconds < 0) return 'option cannot be less than 0';
  return seconds > MOST_EXPIRE_SECONDS ? 'must be within the range of a 32-bit integer' : undefined;
}

function collationOf({ raw, fields }: Specification, owner: Owner): CollationSpec | undefined {
  const given = documentOf(raw, 'collation');
  if (given === undefined) return owner.collation;
  const collation = parseGiven(raw, given);
  if (isIdKey(fields) && !isSameCollation(collation, owner.collation))
    throw new ElmoError('BadValue', 'The _id index must have the same collation as the collection.');
  return collation;
}

function parseGiven(raw: Uint8Array, given: Uint8Array): CollationSpec | undefined {
  try {
    return parseCollation(given);
  } catch (error) {
    if (!(error instanceof ElmoError)) throw error;
    throw new ElmoError(
      error.code,
      `failed to add collation information to index spec for index creation: ${documentText(versioned(raw))} :: caused by :: ${error.message}`,
      { cause: error },
    );
  }
}

function define(
  specification: Specification,
  collation: CollationSpec | undefined,
  owner: Owner,
): IndexDefinition {
  const { raw, key, name, fields, version } = specification;
  withSpecification(versioned(raw), () => checkOptions(specification, collation, owner));
  if (isIdKey(fields)) return { name: '_id_', key, fields, definition: raw, collation, isIdIndex: true };
  const definition = shownDefinition(raw, version, collation);
  return { name, key, fields, definition, collation, isIdIndex: false };
}

function checkOptions(
  specification: Specification,
  collation: CollationSpec | undefined,
  owner: Owner,
): void {
  const { raw, name, fields } = specification;
  if (name === '') throw cannotCreate('index name cannot be empty');
  if (name.includes('\0')) throw cannotCreate('index name cannot contain NUL bytes');
  if (isSet(raw, 'clustered')) checkClustered(specification, owner);
  const plugin = fields.find(({ kind }) => kind !== 'ordered')?.kind;
  if (plugin === 'wildcard') checkWildcard(specification);
  if (plugin === 'text' || plugin === '2d' || plugin === '2dsphere')
    throw cannotCreate(`Index type '${plugin}' is not available`);
  const partial = documentOf(raw, 'partialFilterExpression');
  if (partial !== undefined) {
    if (isSet(raw, 'sparse')) throw cannotCreate('cannot mix "partialFilterExpression" and "sparse" options');
    checkPartialFilter(partial, collation);
  }
  checkStorage(raw);
  if (owner.isClustered && !isIdKey(fields)) refuseClusteredName(specification, owner);
}

function checkStorage(raw: Uint8Array): void {
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

function checkClustered({ fields, version }: Specification, { isClustered }: Owner): void {
  if (!isClustered || !isIdKey(fields))
    throw new ElmoError(
      6243700,
      "Cannot create index with option 'clustered' that does not match an existing clustered index",
    );
  if (version !== 2)
    throw new ElmoError(
      6100908,
      "Cannot create an index with the same key pattern as the collection's clusteredIndex but a different 'v' field",
    );
}

function refuseClusteredName({ raw, name }: Specification, { options }: Owner): void {
  const clustered = options === undefined ? undefined : documentOf(options, 'clusteredIndex');
  if (clustered !== undefined && fieldOf(clustered, 'name')?.text === name)
    throw new ElmoError(
      6100906,
      `Cannot create an index where the name matches the clusteredIndex but the key does not - indexSpec: ${documentText(versioned(raw))}, clusteredIndex: ${documentText(clustered)}`,
    );
}

function checkWildcard({ raw, version }: Specification): void {
  for (const option of ['sparse', 'unique'])
    if (isSet(raw, option))
      throw cannotCreate(`Index type 'wildcard' does not support the '${option}' option`);
  if (fieldOf(raw, 'expireAfterSeconds') !== undefined)
    throw cannotCreate("Index type 'wildcard' does not support the 'expireAfterSeconds' option");
  if (version < 2)
    throw cannotCreate(`Index type 'wildcard' is not allowed with index version v: ${version}`);
}

/** What a hashed index is refused for when it is built. */
function checkHashed({ raw, key, fields }: Specification): void {
  const hashed = fields.filter(({ kind }) => kind === 'hashed').length;
  if (hashed === 0) return;
  if (isSet(raw, 'unique'))
    throw new ElmoError(16764, 'Currently hashed indexes cannot guarantee uniqueness. Use a regular index.');
  if (hashed > 1)
    throw new ElmoError(
      31303,
      `A maximum of one index field is allowed to be hashed but found ${hashed} for 'key' ${documentText(key)}`,
    );
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
