/** One value turned into another type. Source: MongoDB manual, "$convert"; every pair of types learnt by asking. */
import {
  decimalOfBigint,
  decimalValue,
  doubleOfDecimal,
  readDecimal,
  truncatedBigint,
} from '../../bson/decimal-arithmetic.js';
import { readDouble, readInt64, readInt64AsDouble } from '../../bson/read.js';
import {
  ARRAY,
  BINARY,
  BOOL,
  DATE,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  OBJECT,
  OBJECT_ID,
  STRING,
  TIMESTAMP,
  TYPE_NAMES,
} from '../../bson/types.js';
import {
  boolValue,
  dateValue,
  doubleValue,
  int32Value,
  int64Value,
  stringValue,
  Value,
  valueOfBytes,
} from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { isTruthy } from '../compare.js';
import { dateOf, objectIdMs, timestampMs } from '../dates/calendar.js';
import { parseFreeDate } from '../dates/parse-date.js';
import {
  bigintOf,
  decimalOf,
  doubleOf,
  fitsInt64,
  INT32_MAX,
  INT32_MIN,
  isNumberType,
  typeNameOf,
} from '../numbers.js';
import {
  arrayOfVector,
  binaryOfNumber,
  binaryOfText,
  binaryValue,
  conversionFailure,
  numberOfBinary,
  subtypeOf,
  textOfBinary,
  vectorOfArray,
  type BinaryFormat,
} from './binary.js';
import { parseJson } from './json.js';
import { parseDouble, parseExactDecimal, parseInteger } from './number-text.js';
import { textInBase, textOfValue } from './text.js';

export interface Conversion {
  /** Type byte; MISSING is a type nothing converts to. */
  readonly to: number;
  /** Of binary data that is made. */
  readonly subtype: number;
  readonly base: number | undefined;
  readonly format: BinaryFormat | undefined;
  readonly isBigEndian: boolean;
}

/**
 * @param value  not null, undefined or missing
 * @throws ElmoError ConversionFailure if it cannot be; others for what even `onError` does not catch
 */
export function convertValue(value: Value, conversion: Conversion): Value {
  const { to } = conversion;
  if (value.type === to && to !== BINARY && to in CONVERTERS && to !== OBJECT && to !== ARRAY) return value;
  const converted = CONVERTERS[to]?.(value, conversion);
  if (converted === undefined)
    throw conversionFailure(
      `Unsupported conversion from ${typeNameOf(value)} to ${TYPE_NAMES.get(to)!} in $convert with no onError value`,
    );
  return converted;
}

type Converter = (value: Value, conversion: Conversion) => Value | undefined;

function overflow(value: Value): ElmoError {
  return conversionFailure(
    `Conversion would overflow target type in $convert with no onError value: ${textOfValue(value)}`,
  );
}

function unreadable(value: Value): ElmoError {
  return conversionFailure(`Failed to parse number '${value.text}' in $convert with no onError value`);
}

/** The whole part of a number, a date (as milliseconds) or a bool. */
function wholeOf(value: Value): bigint | undefined {
  switch (value.type) {
    case BOOL:
      return value.bytes[value.at] === 0 ? 0n : 1n;
    case INT32:
    case INT64:
      return bigintOf(value);
    case DATE:
      return readInt64(value.bytes, value.at);
    case DOUBLE: {
      const double = readDouble(value.bytes, value.at);
      if (!(double >= -9223372036854775808 && double < 9223372036854775808)) throw overflow(value);
      return BigInt(Math.trunc(double));
    }
    case DECIMAL128: {
      const decimal = readDecimal(value.bytes, value.at);
      if (!decimal.isFinite || (decimal.exponent > 19 && !decimal.isZero)) throw overflow(value);
      const whole = truncatedBigint(decimal);
      if (!fitsInt64(whole)) throw overflow(value);
      return whole;
    }
    default:
      return undefined;
  }
}

function wholeOfText(value: Value, base: number): bigint {
  const whole = parseInteger(value.text, base);
  if (whole === undefined || !fitsInt64(whole)) throw unreadable(value);
  return whole;
}

const toInt: Converter = (value, { base = 10, isBigEndian }) => {
  if (value.type === BINARY) return numberOfBinary(value, INT32, isBigEndian);
  if (value.type === DATE) return undefined;
  if (value.type === DOUBLE) {
    const double = readDouble(value.bytes, value.at);
    if (!(double >= INT32_MIN && double <= INT32_MAX)) throw overflow(value);
  }
  const whole = value.type === STRING ? wholeOfText(value, base) : wholeOf(value);
  if (whole === undefined) return undefined;
  if (whole < INT32_MIN || whole > INT32_MAX) throw overflow(value);
  return int32Value(Number(whole));
};

const toLong: Converter = (value, { base = 10, isBigEndian }) => {
  if (value.type === BINARY) return numberOfBinary(value, INT64, isBigEndian);
  const whole = value.type === STRING ? wholeOfText(value, base) : wholeOf(value);
  return whole === undefined ? undefined : int64Value(whole);
};

const LEAST_NORMAL_DOUBLE = 2.2250738585072014e-308;

const toDouble: Converter = (value, { base, isBigEndian }) => {
  switch (value.type) {
    case BINARY:
      return numberOfBinary(value, DOUBLE, isBigEndian);
    case STRING: {
      const double = base === undefined ? parseDouble(value.text) : Number(wholeOfText(value, base));
      if (double === undefined) throw unreadable(value);
      return doubleValue(double);
    }
    case DECIMAL128: {
      const decimal = readDecimal(value.bytes, value.at);
      const double = doubleOfDecimal(decimal);
      const isLost = Math.abs(double) < LEAST_NORMAL_DOUBLE && !decimal.isZero;
      if (decimal.isFinite && (isLost || !Number.isFinite(double))) throw overflow(value);
      return doubleValue(double);
    }
    case BOOL:
      return doubleValue(value.bytes[value.at]!);
    case DATE:
      return doubleValue(readInt64AsDouble(value.bytes, value.at));
    default:
      return isNumberType(value.type) ? doubleValue(doubleOf(value)) : undefined;
  }
};

const toDecimal: Converter = (value, { base }) => {
  if (value.type === STRING) {
    const decimal =
      base === undefined ? parseExactDecimal(value.text) : decimalOfBigint(wholeOfText(value, base));
    if (decimal === undefined) throw unreadable(value);
    return decimalValue(decimal);
  }
  if (isNumberType(value.type)) return decimalValue(decimalOf(value));
  const whole = wholeOf(value);
  return whole === undefined ? undefined : decimalValue(decimalOfBigint(whole));
};

const toDate: Converter = (value) => {
  switch (value.type) {
    case STRING:
      return dateOf(parseFreeDate(value.text, undefined));
    case OBJECT_ID:
      return dateValue(objectIdMs(value.bytes, value.at));
    case TIMESTAMP:
      return dateValue(timestampMs(value.bytes, value.at));
    case INT64:
    case DOUBLE:
    case DECIMAL128:
      return new Value(DATE, int64Value(wholeOf(value)!).keep().bytes, 0);
    default:
      return undefined;
  }
};

const OBJECT_ID_TEXT = /^[0-9a-f]{24}$/i;

const toObjectId: Converter = (value) => {
  if (value.type !== STRING) return undefined;
  const { text } = value;
  if (!OBJECT_ID_TEXT.test(text))
    throw conversionFailure(`Failed to parse objectId '${text}' in $convert with no onError value`);
  return valueOfBytes(OBJECT_ID, Buffer.from(text, 'hex'), 0, 12);
};

function formatOf({ format }: Conversion, from: string, to: string): BinaryFormat {
  if (format === undefined)
    throw new ElmoError(4341115, `Format must be speficied when converting from '${from}' to '${to}'`);
  return format;
}

const toText: Converter = (value, conversion) => {
  if (value.type === BINARY)
    return stringValue(textOfBinary(value, formatOf(conversion, 'binData', 'string')));
  const { base } = conversion;
  return stringValue(
    base !== undefined && isNumberType(value.type) ? textInBase(value, base) : textOfValue(value),
  );
};

const toBinary: Converter = (value, conversion) => {
  const { subtype, isBigEndian } = conversion;
  switch (value.type) {
    case BINARY:
      if (subtypeOf(value) === subtype) return value;
      throw conversionFailure('Conversions between different BinData subtypes are not supported');
    case STRING:
      return binaryOfText(value.text, formatOf(conversion, 'string', 'binData'), subtype);
    case INT32:
    case INT64:
    case DOUBLE:
      return binaryOfNumber(value, isBigEndian, subtype);
    case OBJECT:
      return binaryValue(value.document, subtype);
    case ARRAY:
      return vectorOfArray(value);
    default:
      return undefined;
  }
};

/** By type byte. The answer undefined: there is no such conversion. */
const CONVERTERS: Readonly<Record<number, Converter>> = {
  [DOUBLE]: toDouble,
  [STRING]: toText,
  [OBJECT]: (value) => (value.type === STRING ? parseJson(value.text, OBJECT) : undefined),
  [ARRAY]: (value) =>
    value.type === STRING
      ? parseJson(value.text, ARRAY)
      : value.type === BINARY
        ? arrayOfVector(value)
        : undefined,
  [BINARY]: toBinary,
  [OBJECT_ID]: toObjectId,
  [BOOL]: (value) => boolValue(isTruthy(value)),
  [DATE]: toDate,
  [INT32]: toInt,
  [INT64]: toLong,
  [DECIMAL128]: toDecimal,
};
