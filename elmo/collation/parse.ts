/**
 * `{locale: 'de', strength: 2}` to a full `CollationSpec`, refusing what the reference refuses.
 * Source: MongoDB manual, "Collation"; the codes are the reference engine's own.
 */
import { compareValues } from '../bson/compare.js';
import { BOOL, INT32, NULL, STRING, TYPE_CLASS, CLASS_NUMBER, TYPE_NAMES, UNDEFINED } from '../bson/types.js';
import { int32Value, plainJs, Value } from '../bson/value.js';
import { ElementWalker } from '../bson/walk.js';
import { readText } from '../bson/read.js';
import { ElmoError } from '../errors.js';
import { COLLATION_VERSION, type CollationSpec } from './collation.js';
import { isKnownLocale } from './locales.js';

const FLAGS: ReadonlySet<string> = new Set(['caseLevel', 'numericOrdering', 'normalization', 'backwards']);
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  caseFirst: ['upper', 'lower', 'off'],
  alternate: ['non-ignorable', 'shifted'],
  maxVariable: ['punct', 'space'],
};
const MOST_STRENGTH = 5;
/** Locales that compare accents from the end of the word unless told otherwise. */
const BACKWARDS_LOCALES: ReadonlySet<string> = new Set(['fr_CA']);

/**
 * @param raw  a whole document
 * @param field  what the document is called in messages
 * @returns undefined for the simple collation, which compares bytes
 * @throws ElmoError TypeMismatch, BadValue, IncompatibleCollationVersion, 40414, 40415
 */
export function parseCollation(raw: Uint8Array, field = 'collation'): CollationSpec | undefined {
  const given = readFields(raw, field);
  const locale = localeOf(given, field);
  if (locale === 'simple') return undefined;
  if (given.get('strength') === 0)
    throw new ElmoError('BadValue', `Enumeration value for field '${field}.strength' is not a valid value.`);
  const spec: CollationSpec = {
    locale,
    caseLevel: given.get('caseLevel') === true,
    caseFirst: (given.get('caseFirst') as CollationSpec['caseFirst'] | undefined) ?? 'off',
    strength: (given.get('strength') as CollationSpec['strength'] | undefined) ?? 3,
    numericOrdering: given.get('numericOrdering') === true,
    alternate: (given.get('alternate') as CollationSpec['alternate'] | undefined) ?? 'non-ignorable',
    maxVariable: (given.get('maxVariable') as CollationSpec['maxVariable'] | undefined) ?? 'punct',
    normalization: given.get('normalization') === true,
    backwards: (given.get('backwards') as boolean | undefined) ?? BACKWARDS_LOCALES.has(locale),
    version: COLLATION_VERSION,
  };
  checkTogether(spec, given);
  return spec;
}

/** What the fields are by themselves. @throws ElmoError TypeMismatch, BadValue, 40414, 40415 */
export function checkCollationFields(raw: Uint8Array, field: string): void {
  localeOf(readFields(raw, field), field);
}

function localeOf(given: ReadonlyMap<string, unknown>, field: string): string {
  const locale = given.get('locale');
  if (typeof locale !== 'string')
    throw new ElmoError('IDLFailedToParse', `BSON field '${field}.locale' is missing but a required field`);
  return locale;
}

/**
 * The collation of a command that is not about definitions: absent or empty means that of the collection.
 * @returns undefined: none was given; null: the simple one was asked for
 */
export function parseCommandCollation(raw: Uint8Array | undefined): CollationSpec | undefined | null {
  if (raw === undefined || raw.length <= 5) return undefined;
  return parseCollation(raw) ?? null;
}

function readFields(raw: Uint8Array, field: string): Map<string, unknown> {
  const given = new Map<string, unknown>();
  const walker = new ElementWalker();
  walker.open(raw, 0);
  while (walker.next()) {
    const name = readText(raw, walker.nameStart, walker.nameEnd);
    const value = new Value(walker.type, raw, walker.valueStart);
    const read = readField(name, value, `${field}.${name}`);
    if (read !== undefined) given.set(name, read);
  }
  return given;
}

function readField(name: string, value: Value, where: string): unknown {
  const isAbsent = value.type === NULL || value.type === UNDEFINED;
  if (FLAGS.has(name)) return isAbsent ? undefined : expectType(value, BOOL, where);
  if (name === 'strength') return isAbsent ? undefined : readStrength(value, where);
  const choices = Object.hasOwn(CHOICES, name) ? CHOICES[name] : undefined;
  if (choices === undefined && name !== 'locale' && name !== 'version')
    throw new ElmoError('IDLUnknownField', `BSON field '${where}' is an unknown field.`);
  if (isAbsent) return undefined;
  const text = expectType(value, STRING, where) as string;
  if (choices?.includes(text) === false)
    throw new ElmoError('BadValue', `Enumeration value '${text}' for field '${where}' is not a valid value.`);
  return text;
}

function expectType(value: Value, type: number, where: string): unknown {
  if (value.type !== type)
    throw new ElmoError(
      'TypeMismatch',
      `BSON field '${where}' is the wrong type '${TYPE_NAMES.get(value.type)}', expected type '${TYPE_NAMES.get(type)}'`,
    );
  return plainJs(value);
}

/** A number of any type, cut to its whole part; 0 for one that is below all strengths. */
function readStrength(value: Value, where: string): number {
  if (TYPE_CLASS[value.type] !== CLASS_NUMBER)
    throw new ElmoError(
      'TypeMismatch',
      `BSON field '${where}' is the wrong type '${TYPE_NAMES.get(value.type)}', expected types '[decimal, double, long, int]'`,
    );
  const above = int32Value(MOST_STRENGTH + 1);
  if (compareValues(value.bytes, value.type, value.at, above.bytes, INT32, above.at) >= 0)
    throw new ElmoError('BadValue', `BSON field '${where}' value must be <= ${MOST_STRENGTH}`);
  for (let strength = MOST_STRENGTH; strength > 0; strength--) {
    const limit = int32Value(strength);
    if (compareValues(value.bytes, value.type, value.at, limit.bytes, INT32, limit.at) >= 0) return strength;
  }
  return 0;
}

function checkTogether(spec: CollationSpec, given: ReadonlyMap<string, unknown>): void {
  const { locale } = spec;
  if (locale === '') throw new ElmoError('BadValue', "Field 'locale' cannot be the empty string");
  if (locale.includes('\0')) throw new ElmoError('BadValue', "Field 'locale' cannot contain null byte");
  if (!isKnownLocale(locale)) throw new ElmoError('BadValue', `Field 'locale' is invalid: '${locale}'`);
  if (spec.backwards && spec.strength === 1)
    throw new ElmoError('BadValue', "'backwards' is invalid with 'strength' of 1");
  if (spec.caseFirst !== 'off' && !spec.caseLevel && spec.strength < 3)
    throw new ElmoError(
      'BadValue',
      "'caseFirst' is invalid unless 'caseLevel' is on or 'strength' is greater than 2",
    );
  const version = given.get('version');
  if (version !== undefined && version !== COLLATION_VERSION)
    throw new ElmoError(
      'IncompatibleCollationVersion',
      `Requested collation version ${String(version)} but the only available collator version was ${COLLATION_VERSION}.`,
    );
}
