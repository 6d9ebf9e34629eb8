/**
 * What the fields of an index specification may be: first their names, then each in its order, then all of them
 * together. Source: MongoDB manual, "createIndexes"; order of the checks and codes are the reference engine's own.
 */
import { documentText, valueText } from '../bson/text.js';
import { BOOL, OBJECT, STRING, TYPE_NAMES } from '../bson/types.js';
import type { Value } from '../bson/value.js';
import { documentOf, fieldOf, fieldsOf } from '../catalog/raw-document.js';
import { indexFields } from '../catalog/record.js';
import { ElmoError } from '../errors.js';
import { isNumber, isTruthy, wholeNumber } from '../query/elements.js';
import { cannotCreate, checkKey, hasWildcard } from './index-key.js';
import { parsePartialFilter } from './partial-filter.js';
import { checkProjected, checkWildcardProjection, WILDCARD } from './wildcard-definition.js';

type Check = (name: string, value: Value, raw: Uint8Array) => void;

function mustBe(name: string, kind: string, value: Value): ElmoError {
  return new ElmoError(
    'TypeMismatch',
    `The field '${name}' must be ${kind}, but got ${TYPE_NAMES.get(value.type)}`,
  );
}

const wantsObject: Check = (name, value) => {
  if (value.type !== OBJECT) throw mustBe(name, 'an object', value);
};

const wantsText: Check = (name, value) => {
  if (value.type !== STRING) throw mustBe(name, 'a string', value);
};

const wantsBool: Check = (name, value) => {
  if (value.type !== BOOL) throw mustBe(name, 'a bool', value);
};

const wantsNumber: Check = (name, value) => {
  if (!isNumber(value)) throw mustBe(name, 'a number', value);
};

const wantsFlag: Check = (name, value) => {
  if (value.type !== BOOL && !isNumber(value))
    throw new ElmoError(
      'TypeMismatch',
      `The field '${name} has value ${name}: ${valueText(value)}, which is not convertible to bool`,
    );
};

const anything: Check = () => undefined;

const wantsVersion: Check = (name, value, raw) => {
  wantsNumber(name, value, raw);
  const whole = wholeNumber(value);
  if (typeof whole !== 'bigint' || BigInt.asIntN(32, whole) !== whole)
    throw new ElmoError(
      'BadValue',
      `Index version must be representable as a 32-bit integer, but got ${valueText(value)}`,
    );
  if (whole !== 1n && whole !== 2n) throw invalid(raw, `cannot create an index with v=${whole}`);
};

const wantsFilledObject: Check = (name, value, raw) => {
  wantsObject(name, value, raw);
  if (value.document.length <= 5)
    throw new ElmoError('BadValue', `The field '${name}' cannot be an empty object.`);
};

const wantsProjection: Check = (name, value, raw) => {
  const key = documentOf(raw, 'key');
  if (key === undefined || !hasWildcard(key))
    throw new ElmoError('BadValue', `The field '${name}' is only allowed in 'wildcard' indexes`);
  if (value.type !== OBJECT) throw mustBe(name, 'a non-empty object', value);
  const { document } = value.keep();
  if (document.length <= 5)
    throw new ElmoError('FailedToParse', `The '${name}' field can't be an empty object`);
  if (!fieldsOf(key).some((field) => field.name === WILDCARD))
    throw new ElmoError('FailedToParse', `The field '${name}' is only allowed when 'key' is {"$**": ±1}`);
  checkProjected(indexFields(key), document);
  checkWildcardProjection(document);
};

/** Every field there may be. */
const FIELDS: Readonly<Record<string, Check>> = {
  key: (name, value, raw) => {
    wantsObject(name, value, raw);
    checkKey(value.document, fieldOf(raw, 'wildcardProjection') !== undefined);
  },
  name: wantsText,
  v: wantsVersion,
  ns: anything,
  _id: anything,
  background: wantsFlag,
  unique: wantsFlag,
  sparse: wantsFlag,
  hidden: wantsBool,
  prepareUnique: wantsFlag,
  dropDups: wantsFlag,
  expireAfterSeconds: anything,
  partialFilterExpression: (name, value, raw) => {
    wantsObject(name, value, raw);
    parsePartialFilter(value.keep().document);
  },
  collation: wantsFilledObject,
  wildcardProjection: wantsProjection,
  storageEngine: anything,
  clustered: wantsFlag,
  originalSpec: wantsFilledObject,
  weights: wantsObject,
  default_language: wantsText,
  language_override: wantsText,
  textIndexVersion: wantsNumber,
  '2dsphereIndexVersion': wantsNumber,
  finestIndexedLevel: wantsNumber,
  coarsestIndexedLevel: wantsNumber,
  bits: wantsNumber,
  min: wantsNumber,
  max: wantsNumber,
  bucketSize: wantsNumber,
};

/** What may stand beside `clustered`. */
const CLUSTERED_FIELDS: ReadonlySet<string> = new Set([
  'key',
  'name',
  'v',
  'unique',
  'clustered',
  'expireAfterSeconds',
]);

/** Errors that are told without the specification. */
const UNWRAPPED_CODES: ReadonlySet<number> = new Set([13103]);

/**
 * Runs a check of one specification.
 * @throws ElmoError what the check throws, the specification before it
 */
export function withSpecification(raw: Uint8Array, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof ElmoError) || UNWRAPPED_CODES.has(error.code)) throw error;
    throw new ElmoError(
      error.code,
      `Error in specification ${documentText(raw)} :: caused by :: ${error.message}`,
      { cause: error },
    );
  }
}

/** @throws ElmoError InvalidIndexSpecificationOption, TypeMismatch, CannotCreateIndex … */
export function checkFields(raw: Uint8Array): void {
  const fields = fieldsOf(raw);
  checkNames(raw, fields);
  for (const { name, value } of fields) FIELDS[name]!(name, value, raw);
  checkTogether(raw);
}

function checkNames(raw: Uint8Array, fields: readonly { readonly name: string }[]): void {
  const isClustered = fieldOf(raw, 'clustered') !== undefined;
  const isKnown = (name: string): boolean =>
    isClustered ? CLUSTERED_FIELDS.has(name) : Object.hasOwn(FIELDS, name);
  const stray = fields.find(({ name }) => !isKnown(name));
  if (stray === undefined) return;
  const where = isClustered ? 'a clustered index' : 'an index';
  throw new ElmoError(
    'InvalidIndexSpecificationOption',
    `The field '${stray.name}' is not valid for ${where} specification. Specification: ${documentText(raw)}`,
  );
}

function checkTogether(raw: Uint8Array): void {
  for (const name of ['key', 'name'])
    if (fieldOf(raw, name) === undefined)
      throw new ElmoError(
        'FailedToParse',
        `The '${name}' field is a required property of an index specification`,
      );
  const version = fieldOf(raw, 'v');
  if (version !== undefined && wholeNumber(version) === 1n && fieldOf(raw, 'collation') !== undefined)
    throw invalid(raw, "cannot create an index with the 'collation' option and v=1");
  const isText = indexFields(documentOf(raw, 'key')!).some(({ kind }) => kind === 'text');
  if (fieldOf(raw, 'weights') !== undefined && !isText)
    throw invalid(raw, "the field 'weights' can only be specified with text indexes");
  if (isSet(raw, 'unique') && isSet(raw, 'prepareUnique'))
    throw invalid(raw, "cannot create an index with the 'unique' option and the 'prepareUnique' option");
  const clustered = fieldOf(raw, 'clustered');
  if (clustered === undefined) return;
  if (!isTruthy(clustered)) throw new ElmoError(6492800, "Value 'false' for field 'clustered' is invalid");
  if (!isSet(raw, 'unique'))
    throw cannotCreate("The 'unique' field is required when 'clustered' is specified");
}

export function isSet(raw: Uint8Array, name: string): boolean {
  const value = fieldOf(raw, name);
  return value !== undefined && isTruthy(value);
}

function invalid(raw: Uint8Array, message: string): ElmoError {
  return cannotCreate(`Invalid index specification ${documentText(raw)}; ${message}`);
}
