/**
 * What a command accepts: each of its fields with type, range and whether it must be there, declared once. `parse` of a
 * command, `listCommands`, the help texts and the compatibility page all read these declarations.
 * Source: the reference's answers to each BSON type in each field.
 */
import { readDouble, readInt32, readInt64 } from '../bson/read.js';
import {
  ARRAY,
  BINARY,
  BOOL,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  NULL,
  OBJECT,
  OBJECT_ID,
  STRING,
  TIMESTAMP,
  UNDEFINED,
} from '../bson/types.js';
import { exactJs, type Value } from '../bson/value.js';
import { ERROR_CODES } from '../error-codes.js';
import { ElmoError } from '../errors.js';

export interface FieldRule {
  /** Type bytes that are accepted; undefined: all. */
  readonly types: readonly number[] | undefined;
  /** Null and undefined count as absent. */
  readonly skipsNull: boolean;
  readonly isRequired: boolean;
  /** The error for a wrong type, when it is not the usual TypeMismatch. */
  readonly typeError?: { readonly code: number; readonly message: (field: string, type: string) => string };
  /** Checks a value of a right type. @param path  'find.limit' */
  check?(value: Value, path: string, command: string): void;
  /** For documents (and arrays of documents): the fields inside. Unknown ones are refused. */
  readonly fields?: Fields;
}

export type Fields = Readonly<Record<string, FieldRule>>;

const TYPE_NAMES: Readonly<Record<number, string>> = {
  0x01: 'double',
  0x02: 'string',
  0x03: 'object',
  0x04: 'array',
  0x05: 'binData',
  0x06: 'undefined',
  0x07: 'objectId',
  0x08: 'bool',
  0x09: 'date',
  0x0a: 'null',
  0x0b: 'regex',
  0x0c: 'dbPointer',
  0x0d: 'javascript',
  0x0e: 'symbol',
  0x0f: 'javascriptWithScope',
  0x10: 'int',
  0x11: 'timestamp',
  0x12: 'long',
  0x13: 'decimal',
  0x7f: 'maxKey',
  0xff: 'minKey',
};

/** A type's name as messages have it. */
export function typeName(type: number): string {
  return TYPE_NAMES[type] ?? 'missing';
}

const NUMBERS = [INT64, INT32, DOUBLE, DECIMAL128];

function rule(types: readonly number[] | undefined, more: Partial<FieldRule> = {}): FieldRule {
  return { types, skipsNull: true, isRequired: false, ...more };
}

/** The same field, which must be there. */
export function required(field: FieldRule): FieldRule {
  return { ...field, isRequired: true };
}

/** The same field, for which null is a wrong type. */
export function strict(field: FieldRule): FieldRule {
  return { ...field, skipsNull: false };
}

/** Any value, null too. */
export const anything: FieldRule = rule(undefined, { skipsNull: false });
export const text: FieldRule = rule([STRING]);
export const document: FieldRule = rule([OBJECT]);
/** Only true and false. */
export const flag: FieldRule = rule([BOOL]);
/** True, false, or a number that is 0 or not. */
export const looseFlag: FieldRule = rule([BOOL, ...NUMBERS]);
export const int32Only: FieldRule = rule([INT32]);
export const int64Only: FieldRule = rule([INT64]);
export const timestamp: FieldRule = rule([TIMESTAMP]);
export const binary: FieldRule = rule([BINARY]);
export const objectId: FieldRule = rule([OBJECT_ID]);
export const documentOrArray: FieldRule = rule([OBJECT, ARRAY]);

export const uuid: FieldRule = rule([BINARY], {
  check(value, path) {
    if (value.bytes[value.at + 4] !== 4)
      throw new ElmoError(
        'TypeMismatch',
        `BSON field '${path}' is the wrong binData type '${value.bytes[value.at + 4]}', expected type 'UUID'`,
      );
    if (readInt32(value.bytes, value.at) !== 16)
      throw new ElmoError(
        ERROR_CODES.InvalidUUID,
        'uuid must be a 16-byte binary field with UUID (4) subtype',
      );
  },
});

/** A document of declared fields. */
export function struct(fields: Fields): FieldRule {
  return rule([OBJECT], { fields });
}

export function arrayOf(element: FieldRule): FieldRule {
  return rule([ARRAY], { fields: { '': element } });
}

export const array: FieldRule = rule([ARRAY]);

/** A text out of a list. */
export function oneOf(...allowed: readonly string[]): FieldRule {
  return rule([STRING], {
    check(value, path) {
      if (!allowed.includes(value.text))
        throw new ElmoError(
          'BadValue',
          `Enumeration value '${value.text}' for field '${path}' is not a valid value.`,
        );
    },
  });
}

/** Any number, cut to a whole one; NaN is 0. */
export function integer({ low = -Infinity, high = Infinity } = {}): FieldRule {
  return rule(NUMBERS, {
    check: (value, path) => checkRange(wholeNumber(value), low, high, lastOf(path)),
  });
}

const lastOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

function checkRange(number: number, low: number, high: number, field: string): void {
  if (number < low)
    throw new ElmoError(
      'BadValue',
      `BSON field '${field}' value must be >= ${low}, actual value '${number}'`,
    );
  if (number > high)
    throw new ElmoError(
      'BadValue',
      `BSON field '${field}' value must be <= ${high}, actual value '${number}'`,
    );
}

/** A number without a fraction, in a range. */
export function exactInteger(low: number, high: number, typeError?: FieldRule['typeError']): FieldRule {
  return rule(NUMBERS, {
    ...(typeError === undefined ? {} : { typeError }),
    check(value, path) {
      const field = lastOf(path);
      const number = plainNumber(value);
      if (!Number.isInteger(number))
        throw new ElmoError('FailedToParse', `Expected an integer: ${field}: ${number}`);
      checkRange(number, low, high, field);
    },
  });
}

/** `maxTimeMS`. */
export const milliseconds: FieldRule = exactInteger(0, 0x7fff_ffff);

/** An index by name or key pattern. */
export const hint: FieldRule = rule([STRING, OBJECT], {
  skipsNull: false,
  typeError: { code: ERROR_CODES.FailedToParse, message: () => 'Hint must be a string or an object' },
});

/** What a number of any type is as a double. */
export function plainNumber(value: Value): number {
  switch (value.type) {
    case INT32:
      return readInt32(value.bytes, value.at);
    case DOUBLE:
      return readDouble(value.bytes, value.at);
    case INT64:
      return Number(readInt64(value.bytes, value.at));
    case DECIMAL128:
      return Number(String(exactJs(value)));
    default:
      return NaN;
  }
}

const MOST = 2 ** 63;

/** A number cut to a whole one within 64 bits; NaN is 0. */
export function wholeNumber(value: Value): number {
  const number = value.type === DECIMAL128 ? roundedDecimal(value) : plainNumber(value);
  return Number.isNaN(number) ? 0 : Math.max(-MOST, Math.min(Math.trunc(number), MOST));
}

/** A decimal is rounded to the nearest whole number, of two to the even one. */
function roundedDecimal(value: Value): number {
  const number = plainNumber(value);
  const floor = Math.floor(number);
  if (number - floor !== 0.5) return Math.round(number);
  const isEven = floor % 2 === 0;
  // the double may have lost what is behind the half
  const fraction = /\.(\d+)$/.exec(String(exactJs(value)))?.[1];
  if (fraction === undefined || /^50*$/.test(fraction)) return isEven ? floor : floor + 1;
  return fraction.startsWith('5') === number > 0 ? floor + 1 : floor;
}

/** Whether a value counts as true: bool or number. */
export function isTrue(value: Value): boolean {
  return value.type === BOOL ? value.bytes[value.at] === 1 : plainNumber(value) !== 0;
}

/**
 * Checks one value against its rule.
 * @param path  where it is, for messages: 'find.limit'
 * @returns whether it counts as given
 * @throws ElmoError
 */
export function checkField(field: FieldRule, value: Value, path: string, command: string): boolean {
  if (field.skipsNull && (value.type === NULL || value.type === UNDEFINED)) return false;
  if (field.types !== undefined && !field.types.includes(value.type)) throw wrongType(field, value, path);
  field.check?.(value, path, command);
  return true;
}

function wrongType(field: FieldRule, value: Value, path: string): ElmoError {
  const got = typeName(value.type);
  if (field.typeError !== undefined)
    return new ElmoError(field.typeError.code, field.typeError.message(path, got));
  const expected = field.types!.map(typeName);
  return new ElmoError(
    'TypeMismatch',
    expected.length === 1
      ? `BSON field '${path}' is the wrong type '${got}', expected type '${expected[0]}'`
      : `BSON field '${path}' is the wrong type '${got}', expected types '[${expected.join(', ')}]'`,
  );
}
