/**
 * The options of `create`: checked, and brought into the form that listCollections shows.
 * Source: MongoDB manual, "create"; the codes are the reference engine's own.
 */
import { ARRAY, BOOL, OBJECT, STRING } from '../bson/types.js';
import { documentText } from '../bson/text.js';
import { boolValue, documentValue, int32Value, int64OfNumber, stringValue, Value } from '../bson/value.js';
import { collationDocument, isSameCollation, type CollationSpec } from '../collation/collation.js';
import { checkCollationFields, parseCollation } from '../collation/parse.js';
import { ElmoError } from '../errors.js';
import { elementsOf, isNumber, isTruthy } from '../query/elements.js';
import type { CollectionKind } from './collection-spec.js';
import { checkEncryptedFields } from './encrypted-fields.js';
import { OptionFields, wholeOf, wholeValue, wrongType } from './option-fields.js';
import { documentOf, fieldOf, fieldsOf, rawDocument, type NamedValue } from './raw-document.js';
import { sameKey } from './record.js';
import { checkTimeseriesFields, parseTimeseries } from './timeseries.js';

export const DEFAULT_ID_INDEX_NAME = '_id_';
const MOST_CAPPED_BYTES = 2 ** 50;
const MOST_CAPPED_DOCUMENTS = 2 ** 31 - 1;
const STORAGE_ENGINES: ReadonlySet<string> = new Set(['wiredTiger']);

/** The key pattern {_id: 1}. */
export const ID_KEY: Uint8Array = rawDocument([['_id', int32Value(1)]]);

const FIELDS = {
  capped: 'safeBool',
  size: 'number',
  max: 'number',
  idIndex: 'object',
  temp: 'safeBool',
  flags: 'number',
  storageEngine: 'object',
  indexOptionDefaults: 'object',
  validator: 'object',
  validationLevel: 'string',
  validationAction: 'string',
  collation: 'object',
  viewOn: 'string',
  pipeline: 'array',
  changeStreamPreAndPostImages: 'object',
  timeseries: 'object',
  clusteredIndex: 'any',
  expireAfterSeconds: 'number',
  encryptedFields: 'object',
} as const;

export const VALIDATION_LEVELS = ['off', 'strict', 'moderate'] as const;
export const VALIDATION_ACTIONS = ['error', 'warn', 'errorAndLog'] as const;

/** What the options are by themselves. */
const CHECKS: Readonly<Record<string, (value: Value) => void>> = {
  size: (value) => checkCappedBytes(wholeOf(value)),
  max: (value) => void cappedDocumentsOf(wholeOf(value)),
  validationLevel: (value) => checkChoice('validationLevel', value, VALIDATION_LEVELS),
  validationAction: (value) => checkChoice('validationAction', value, VALIDATION_ACTIONS),
  changeStreamPreAndPostImages: (value) => void imageFields(value.keep().document),
  timeseries: (value) => checkTimeseriesFields(value.keep().document),
  collation: (value) => checkCollationFields(value.keep().document, 'create.collation'),
  indexOptionDefaults: (value) => void defaultFields(value.keep().document),
  clusteredIndex(value) {
    if (value.type === OBJECT) clusteredFields(value.keep().document);
    else if (value.type !== BOOL && !isNumber(value))
      throw wrongType('create.clusteredIndex', value, 'object');
  },
  viewOn(value) {
    if (value.text === '') throw new ElmoError('BadValue', "'viewOn' cannot be empty");
  },
  pipeline(value) {
    for (const { name, value: stage } of elementsOf(value))
      if (stage.type !== OBJECT) throw wrongType(`create.pipeline.${name}`, stage, 'object');
  },
};

function checkChoice(name: string, { text }: Value, choices: readonly string[]): void {
  if (!choices.includes(text))
    throw new ElmoError(
      'BadValue',
      `Enumeration value '${text}' for field 'create.${name}' is not a valid value.`,
    );
}

function imageFields(raw: Uint8Array): OptionFields {
  const fields = new OptionFields('create.changeStreamPreAndPostImages', raw, { enabled: 'bool' });
  fields.expect('enabled');
  return fields;
}

function defaultFields(raw: Uint8Array): OptionFields {
  return new OptionFields('create.indexOptionDefaults', raw, { storageEngine: 'object' });
}

export interface CreateOptions {
  readonly kind: CollectionKind;
  /** As listCollections shows them. */
  readonly options: Uint8Array;
  readonly collation: CollationSpec | undefined;
  /** Of a collection that is clustered: what listCollections shows of its index. */
  readonly clusteredIndex: Uint8Array | undefined;
}

/**
 * @param raw  the fields of the command that are options
 * @throws ElmoError InvalidOptions, TypeMismatch, BadValue …
 */
export function parseCreateOptions(raw: Uint8Array): CreateOptions {
  const fields = new OptionFields('create', raw, FIELDS, CHECKS);
  const images = parseImages(fields);
  const capped = parseCapped(fields);
  checkCombinations(fields);
  const timeseries = fields.document('timeseries');
  const parsedTimeseries = timeseries === undefined ? undefined : parseTimeseries(timeseries);
  checkExpire(fields);
  checkIdIndex(fields);
  const clusteredIndex = parseClusteredIndex(fields);
  const collation = parseOptionCollation(fields);
  checkStorageEngine(fields.get('storageEngine'));
  checkIndexDefaults(fields);
  const encrypted = fields.document('encryptedFields');
  if (encrypted !== undefined)
    checkEncryptedFields(encrypted, timeseries === undefined && !fields.has('viewOn'), capped.length > 0);
  const view = parseView(fields);
  const shownCollation: NamedValue = [
    'collation',
    collation === undefined ? undefined : documentValue(collationDocument(collation)),
  ];
  const expire = fields.whole('expireAfterSeconds');
  const named: NamedValue[] = [
    ...capped,
    ['temp', fields.isTrue('temp') ? boolValue(true) : undefined],
    ['changeStreamPreAndPostImages', images],
    ['storageEngine', unlessEmpty(fields.get('storageEngine'))],
    ['indexOptionDefaults', unlessEmpty(fields.get('indexOptionDefaults'))],
    ['validator', unlessEmpty(fields.get('validator'))],
    ['validationLevel', fields.get('validationLevel')],
    ['validationAction', fields.get('validationAction')],
    ...(view.length > 0 ? view : [shownCollation]),
    ...(view.length > 0 ? [shownCollation] : []),
    ['clusteredIndex', clusteredIndex === undefined ? undefined : documentValue(clusteredIndex)],
    ['expireAfterSeconds', expire === undefined ? undefined : int64OfNumber(expire)],
    ['timeseries', parsedTimeseries === undefined ? undefined : documentValue(parsedTimeseries)],
  ];
  return {
    kind: view.length > 0 ? 'view' : parsedTimeseries !== undefined ? 'timeseries' : 'collection',
    options: rawDocument(named),
    collation,
    clusteredIndex,
  };
}

function unlessEmpty(value: Value | undefined): Value | undefined {
  return value === undefined || value.document.length <= 5 ? undefined : value;
}

function parseOptionCollation(fields: OptionFields): CollationSpec | undefined {
  const raw = fields.document('collation');
  return raw === undefined ? undefined : parseCollation(raw, 'create.collation');
}

function parseImages(fields: OptionFields): Value | undefined {
  const raw = fields.document('changeStreamPreAndPostImages');
  if (raw === undefined) return undefined;
  return imageFields(raw).isTrue('enabled') ? documentValue(raw) : undefined;
}

function outOfRange(name: string, relation: string, limit: number, value: number): ElmoError {
  return new ElmoError(
    'BadValue',
    `BSON field '${name}' value must be ${relation} ${limit}, actual value '${value}'`,
  );
}

/** @throws ElmoError BadValue if a size of a capped collection is out of range */
export function checkCappedBytes(size: number, field = 'size'): void {
  if (size < 1) throw outOfRange(field, '>=', 1, size);
  if (size > MOST_CAPPED_BYTES) throw outOfRange(field, '<=', MOST_CAPPED_BYTES, size);
}

/** The most documents of a capped collection that a number stands for. @throws ElmoError BadValue */
export function cappedDocumentsOf(max: number, field = 'max'): number {
  if (max > MOST_CAPPED_DOCUMENTS) throw outOfRange(field, '<', MOST_CAPPED_DOCUMENTS + 1, max);
  return max <= 0 ? MOST_CAPPED_DOCUMENTS : max;
}

function parseCapped(fields: OptionFields): NamedValue[] {
  const size = fields.whole('size');
  const max = fields.whole('max');
  if (size !== undefined) checkCappedBytes(size);
  const most = max === undefined ? undefined : cappedDocumentsOf(max);
  const isCapped = fields.isTrue('capped');
  if (fields.has('clusteredIndex')) refuseCappedClustered(fields);
  if (isCapped && size === undefined && !fields.has('viewOn'))
    throw new ElmoError('InvalidOptions', "the 'size' field is required when 'capped' is true");
  if (!isCapped && (size !== undefined || max !== undefined))
    throw new ElmoError(
      'InvalidOptions',
      "the 'capped' field needs to be true when either the 'size' or 'max' fields are present",
    );
  if (!isCapped || size === undefined) return [];
  return [
    ['capped', boolValue(true)],
    ['size', wholeValue(size)],
    ['max', most === undefined ? undefined : wholeValue(most)],
  ];
}

function refuseCappedClustered(fields: OptionFields): void {
  const refuse = (name: string, code: number): never => {
    throw new ElmoError(code, `'${name}' of capped collections is not allowed on clustered collections`);
  };
  if (fields.has('size')) refuse('size', 6049200);
  if (fields.has('max')) refuse('max', 6049204);
  if (fields.isTrue('capped')) refuse('capped', 6127800);
}

const CLUSTERED_FIELDS = { v: 'number', key: 'object', name: 'string', unique: 'safeBool' } as const;

function clusteredFields(raw: Uint8Array): OptionFields {
  const index = new OptionFields('create.clusteredIndex', raw, CLUSTERED_FIELDS);
  for (const name of ['key', 'unique']) index.expect(name);
  return index;
}

function parseClusteredIndex(fields: OptionFields): Uint8Array | undefined {
  const given = fields.get('clusteredIndex');
  if (given === undefined) return undefined;
  if (given.type !== OBJECT && !isTruthy(given)) return undefined;
  if (fields.has('viewOn'))
    throw new ElmoError(6026500, "The 'clusteredIndex' option is not supported with views");
  if (given.type !== OBJECT) {
    throw new ElmoError(
      5979703,
      "The 'clusteredIndex' legacy format {clusteredIndex: <bool>} is only supported for specific internal collections and vice versa",
    );
  }
  const index = clusteredFields(given.keep().document);
  const key = index.expect('key').document;
  if (!sameKey(key, ID_KEY))
    throw new ElmoError(
      'InvalidIndexSpecificationOption',
      'The clusteredIndex option is only supported for key: {_id: 1}',
    );
  if (!index.isTrue('unique'))
    throw new ElmoError(5979700, 'The clusteredIndex option requires unique: true to be specified');
  const version = index.whole('v') ?? 2;
  const name = index.text('name') ?? DEFAULT_ID_INDEX_NAME;
  const shown = rawDocument([
    ['v', int32Value(version)],
    ['key', documentValue(key)],
    ['name', stringValue(name)],
    ['unique', boolValue(true)],
  ]);
  if (version !== 2)
    throw new ElmoError(
      5979704,
      `Invalid clusteredIndex specification ${documentText(shown)}; cannot create a clusteredIndex with v=${version}`,
    );
  return shown;
}

function checkCombinations(fields: OptionFields): void {
  if (fields.has('pipeline') && !fields.has('viewOn'))
    throw new ElmoError('InvalidOptions', "'pipeline' requires 'viewOn' to also be specified");
  if (fields.has('viewOn') && fields.has('timeseries'))
    throw new ElmoError('InvalidOptions', "'timeseries' is not allowed with 'viewOn'");
  if (fields.has('timeseries'))
    for (const name of [
      'capped',
      'max',
      'size',
      'autoIndexId',
      'idIndex',
      'validator',
      'validationLevel',
      'validationAction',
      'clusteredIndex',
    ])
      if (fields.has(name))
        throw new ElmoError('InvalidOptions', `'${name}' is not allowed with 'timeseries'`);
}

function checkExpire(fields: OptionFields): void {
  const expire = fields.whole('expireAfterSeconds');
  if (expire === undefined) return;
  if (!fields.isTrue('clusteredIndex') && !fields.has('timeseries'))
    throw new ElmoError(
      'InvalidOptions',
      "'expireAfterSeconds' is only supported on time-series collections or when the 'clusteredIndex' option is specified",
    );
  checkExpireAfterSeconds(expire);
}

/** @throws ElmoError InvalidOptions */
export function checkExpireAfterSeconds(expire: number): void {
  if (expire < 0)
    throw new ElmoError('InvalidOptions', "TTL index 'expireAfterSeconds' option cannot be less than 0");
}

const ID_INDEX_FIELDS: ReadonlySet<string> = new Set(['key', 'name', 'v', 'ns', 'collation']);

function checkIdIndex(fields: OptionFields): void {
  const raw = fields.document('idIndex');
  if (raw === undefined) return;
  if (fields.has('viewOn'))
    throw new ElmoError('InvalidOptions', `'idIndex' is not allowed with 'viewOn': ${documentText(raw)}`);
  const key = documentOf(raw, 'key');
  if (key === undefined)
    throw new ElmoError('FailedToParse', "The 'key' field is a required property of an index specification");
  if (fieldOf(raw, 'name') === undefined)
    throw new ElmoError('FailedToParse', "The 'name' field is a required property of an index specification");
  if (!sameKey(key, ID_KEY))
    throw new ElmoError(
      'BadValue',
      `The field 'key' for an _id index must be {_id: 1}, but got ${documentText(key)}`,
    );
  const stray = fieldsOf(raw).find(({ name }) => !ID_INDEX_FIELDS.has(name));
  if (stray !== undefined)
    throw new ElmoError(
      'InvalidIndexSpecificationOption',
      `The field '${stray.name}' is not valid for an _id index specification. Specification: ${documentText(raw)}`,
    );
  const own = documentOf(raw, 'collation');
  if (own !== undefined && !isSameCollation(parseCollation(own), parseOptionCollation(fields)))
    throw new ElmoError('BadValue', "'idIndex' must have the same collation as the collection.");
  if (fields.isTrue('clusteredIndex'))
    throw new ElmoError(
      'InvalidOptions',
      "The 'clusteredIndex' option is not supported with the 'idIndex' option",
    );
}

/** What the text `configString` may set; nothing of it applies to this storage engine. */
const CONFIGURATION =
  /^\s*(?:(?:block_compressor|prefix_compression|allocation_size|internal_page_max|leaf_page_max|memory_page_max|access_pattern_hint|type)=[^=,]*\s*(?:,\s*|$))*$/;

/** @throws ElmoError InvalidOptions, TypeMismatch, FailedToParse, BadValue */
function checkEngineOptions(engine: string, options: Value): void {
  for (const { name, value } of elementsOf(options)) {
    if (name !== 'configString')
      throw new ElmoError('InvalidOptions', `'${name}' is not a supported option in ${engine}`);
    if (value.type !== STRING)
      throw new ElmoError('TypeMismatch', `'configString' must be a string of options of ${engine}`);
    if (value.text.includes('\0'))
      throw new ElmoError('FailedToParse', 'malformed configString option: it contains a null byte');
    if (!CONFIGURATION.test(value.text))
      throw new ElmoError('BadValue', `malformed configString option: ${value.text}`);
  }
}

/** @throws ElmoError BadValue, InvalidOptions … */
export function checkStorageEngine(value: Value | undefined, where = 'storageEngine'): void {
  if (value === undefined) return;
  for (const { name, value: options } of elementsOf(value)) {
    if (options.type !== OBJECT)
      throw new ElmoError('BadValue', `'${where}.${name}' has to be an embedded document.`);
    if (!STORAGE_ENGINES.has(name))
      throw new ElmoError('InvalidOptions', `${name} is not a registered storage engine for this server`);
    checkEngineOptions(name, options);
  }
}

function checkIndexDefaults(fields: OptionFields): void {
  const raw = fields.document('indexOptionDefaults');
  if (raw === undefined) return;
  checkStorageEngine(defaultFields(raw).get('storageEngine'), 'indexOptionDefaults.storageEngine');
}

function parseView(fields: OptionFields): NamedValue[] {
  const viewOn = fields.text('viewOn');
  const pipeline = fields.get('pipeline');
  if (viewOn === undefined) return [];
  checkViewOn(viewOn);
  return [
    ['viewOn', stringValue(viewOn)],
    ['pipeline', pipeline ?? EMPTY_PIPELINE],
  ];
}

const EMPTY_PIPELINE = new Value(ARRAY, rawDocument([]), 0);

/** @throws ElmoError InvalidNamespace */
export function checkViewOn(viewOn: string): void {
  if (viewOn.includes('$') || viewOn.startsWith('.') || viewOn.includes('\0'))
    throw new ElmoError('InvalidNamespace', `invalid name for 'viewOn': ${viewOn}`);
}
