/** Reading the fields of definitions: types are checked as the commands check them, null counts as absent. */
import { doubleOfDecimal, readDecimal, toIntegral } from '../bson/decimal-arithmetic.js';
import {
  ARRAY,
  BOOL,
  CLASS_NUMBER,
  DECIMAL128,
  NULL,
  OBJECT,
  STRING,
  TYPE_CLASS,
  TYPE_NAMES,
  UNDEFINED,
} from '../bson/types.js';
import { int32Value, int64OfNumber, plainJs, stringValue, type Value } from '../bson/value.js';
import { ElmoError } from '../errors.js';
import { isTruthy, truncated } from '../query/elements.js';
import { fieldsOf } from './raw-document.js';

export type FieldType = 'bool' | 'safeBool' | 'number' | 'string' | 'object' | 'array' | 'any';

const ACCEPTS: Readonly<Record<FieldType, (type: number) => boolean>> = {
  bool: (type) => type === BOOL,
  safeBool: (type) => type === BOOL || isNumberType(type),
  number: isNumberType,
  string: (type) => type === STRING,
  object: (type) => type === OBJECT,
  array: (type) => type === ARRAY,
  any: () => true,
};

const EXPECTED: Readonly<Record<FieldType, string>> = {
  bool: "expected type 'bool'",
  safeBool: "expected types '[bool, int, double, long, decimal]'",
  number: "expected types '[long, double, decimal, int]'",
  string: "expected type 'string'",
  object: "expected type 'object'",
  array: "expected type 'array'",
  any: '',
};

function isNumberType(type: number): boolean {
  return TYPE_CLASS[type] === CLASS_NUMBER;
}

export function wrongType(where: string, value: Value, expected: FieldType): ElmoError {
  return new ElmoError(
    'TypeMismatch',
    `BSON field '${where}' is the wrong type '${TYPE_NAMES.get(value.type)}', ${EXPECTED[expected]}`,
  );
}

/** The fields of one document, checked against what is known. */
export class OptionFields {
  private readonly values = new Map<string, Value>();

  /**
   * @param where  what messages call the document: 'create'
   * @param known  every field there may be, and its type
   * @param checks  what else a field of the right type must be, told where it stands
   * @throws ElmoError TypeMismatch, 40415 for an unknown field
   */
  constructor(
    readonly where: string,
    readonly raw: Uint8Array,
    known: Readonly<Record<string, FieldType>>,
    checks: Readonly<Record<string, (value: Value) => void>> = {},
  ) {
    for (const { name, value } of fieldsOf(raw)) {
      const type = Object.hasOwn(known, name) ? known[name]! : undefined;
      if (type === undefined)
        throw new ElmoError('IDLUnknownField', `BSON field '${where}.${name}' is an unknown field.`);
      if (value.type === NULL || value.type === UNDEFINED) continue;
      if (!ACCEPTS[type](value.type)) throw wrongType(`${where}.${name}`, value, type);
      checks[name]?.(value);
      this.values.set(name, value);
    }
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  get(name: string): Value | undefined {
    return this.values.get(name);
  }

  /** @throws ElmoError 40414 if it is absent */
  expect(name: string): Value {
    const value = this.values.get(name);
    if (value === undefined)
      throw new ElmoError(
        'IDLFailedToParse',
        `BSON field '${this.where}.${name}' is missing but a required field`,
      );
    return value;
  }

  isTrue(name: string): boolean {
    const value = this.values.get(name);
    return value !== undefined && isTruthy(value);
  }

  text(name: string): string | undefined {
    return this.values.get(name)?.text;
  }

  /** A whole document in bytes of its own. */
  document(name: string): Uint8Array | undefined {
    return this.values.get(name)?.keep().document;
  }

  /** See `wholeOf`. */
  whole(name: string): number | undefined {
    const value = this.values.get(name);
    return value === undefined ? undefined : wholeOf(value);
  }

  /** @throws ElmoError BadValue if the text is none of `choices` */
  choice(name: string, choices: readonly string[]): Value | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!choices.includes(text))
      throw new ElmoError(
        'BadValue',
        `Enumeration value '${text}' for field '${this.where}.${name}' is not a valid value.`,
      );
    return stringValue(text);
  }
}

const MOST_WHOLE = 2 ** 63;

/** A number as a whole one within 64 bits, in a double: doubles are cut, decimals rounded; NaN counts as 0. */
export function wholeOf(value: Value): number {
  if (value.type === DECIMAL128) {
    const decimal = readDecimal(value.bytes, value.at);
    if (decimal.isNaN) return 0;
    const rounded = decimal.isInfinite ? decimal : toIntegral(decimal, 'halfEven');
    return Math.min(Math.max(doubleOfDecimal(rounded), -MOST_WHOLE), MOST_WHOLE);
  }
  const whole = truncated(value);
  if (typeof whole === 'bigint') return Number(whole);
  if (whole === 'nan') return 0;
  return Number(plainJs(value)) < 0 ? -MOST_WHOLE : MOST_WHOLE;
}

/** An int where it fits, else a long. */
export function wholeValue(value: number): Value {
  return (value | 0) === value ? int32Value(value) : int64OfNumber(value);
}
