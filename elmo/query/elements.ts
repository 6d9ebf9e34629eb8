/** Reading the documents that filters, schemas and projections are written in: names and values, as objects. */
import { compareValues } from '../bson/compare.js';
import { BinaryForm, DECIMAL_FINITE, DECIMAL_INFINITE, DECIMAL_NAN } from '../bson/decimal.js';
import { readDouble, readInt32, readInt64, readText } from '../bson/read.js';
import { ARRAY, CLASS_NUMBER, DECIMAL128, DOUBLE, INT32, INT64, OBJECT, TYPE_CLASS } from '../bson/types.js';
import { extendedJson, Value } from '../bson/value.js';
import { ElementWalker } from '../bson/walk.js';
import { ElmoError } from '../errors.js';

export { isTruthy } from '../expression/compare.js';

export interface Element {
  readonly name: string;
  readonly value: Value;
}

const walker = new ElementWalker();

/** The fields of a document, or the elements of an array. They share its bytes. */
export function elementsOf(value: Value): Element[] {
  const { bytes } = value;
  const elements: Element[] = [];
  walker.open(bytes, value.at);
  while (walker.next())
    elements.push({
      name: readText(bytes, walker.nameStart, walker.nameEnd),
      value: new Value(walker.type, bytes, walker.valueStart),
    });
  return elements;
}

export function isNumber(value: Value): boolean {
  return TYPE_CLASS[value.type] === CLASS_NUMBER;
}

export function isDocument(value: Value): boolean {
  return value.type === OBJECT;
}

export function isArray(value: Value): boolean {
  return value.type === ARRAY;
}

const form = new BinaryForm();

/** A number in the one form; overwritten by the next call. */
function formOf(value: Value): BinaryForm {
  const { bytes, at } = value;
  if (value.type === DECIMAL128) form.ofDecimal(bytes, at);
  else if (value.type === DOUBLE) form.ofDouble(readDouble(bytes, at));
  else if (value.type === INT32) form.ofDouble(readInt32(bytes, at));
  else form.ofInt64(readInt32(bytes, at + 4), readInt32(bytes, at));
  return form;
}

export type WholeNumber = bigint | 'nan' | 'infinite' | 'fraction' | 'large';

const MOST_INT64 = (1n << 63n) - 1n;
const LEAST_INT64 = -(1n << 63n);

/** The 64-bit integer a number of any type stands for, or why it stands for none. */
export function wholeNumber(value: Value): WholeNumber {
  const cut = truncated(value);
  if (typeof cut !== 'bigint') return cut;
  if (value.type === DOUBLE || value.type === DECIMAL128) return isExactly(value, cut) ? cut : 'fraction';
  return cut;
}

/** As `wholeNumber`, but a fraction is cut off. */
export function truncated(value: Value): WholeNumber {
  if (value.type === INT32) return BigInt(readInt32(value.bytes, value.at));
  if (value.type !== DOUBLE && value.type !== DECIMAL128) return readInt64(value.bytes, value.at);
  const { kind, exponent, mantissa, isNegative } = formOf(value);
  if (kind === DECIMAL_NAN) return 'nan';
  if (kind === DECIMAL_INFINITE) return 'infinite';
  if (kind !== DECIMAL_FINITE || exponent < 0) return 0n;
  if (exponent > 63) return 'large';
  const magnitude = mantissa >> BigInt(127 - exponent);
  const whole = isNegative ? -magnitude : magnitude;
  return whole > MOST_INT64 || whole < LEAST_INT64 ? 'large' : whole;
}

function isExactly(value: Value, whole: bigint): boolean {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, whole, true);
  return compareValues(value.bytes, value.type, value.at, bytes, INT64, 0) === 0;
}

/** `name: value` for messages. */
export function describe(name: string, value: Value): string {
  return `${name}: ${extendedJson(value, true)}`;
}

const WHOLE_COMPLAINTS: Readonly<Record<Exclude<WholeNumber, bigint>, string>> = {
  nan: 'Expected an integer, but found NaN in:',
  infinite: 'Cannot represent as a 64-bit integer:',
  large: 'Cannot represent as a 64-bit integer:',
  fraction: 'Expected an integer:',
};

/**
 * The 64-bit integer an argument must be.
 * @param code  of the error, if it is none
 * @param before  words before the complaint
 */
export function expectWhole(name: string, value: Value, code: number, before = ''): bigint {
  if (!isNumber(value)) throw new ElmoError(code, `${before}Expected a number in: ${describe(name, value)}`);
  const whole = wholeNumber(value);
  if (typeof whole !== 'bigint')
    throw new ElmoError(code, `${before}${WHOLE_COMPLAINTS[whole]} ${describe(name, value)}`);
  return whole;
}

/** As `expectWhole`, and at least 0. */
export function expectNonNegative(name: string, value: Value, code: number, before = ''): bigint {
  const whole = expectWhole(name, value, code, before);
  if (whole < 0n)
    throw new ElmoError(code, `${before}Expected a non-negative number in: ${describe(name, value)}`);
  return whole;
}

const MOST_INT32 = 0x7fff_ffffn;

/** As `expectNonNegative`, and within 32 bits. */
export function expectNonNegativeInt32(name: string, value: Value, code: number, before = ''): number {
  const whole = expectWhole(name, value, code, before);
  if (whole > MOST_INT32 || whole < -MOST_INT32 - 1n)
    throw new ElmoError(code, `${before}Cannot represent ${describe(name, value)} in an int`);
  return Number(expectNonNegative(name, value, code, before));
}
