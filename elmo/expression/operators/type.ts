/** $type $isNumber $convert and the $toX. Source: MongoDB manual, "Type Expression Operators". */
import { hashOfValue } from '../../bson/hash.js';
import { isWholeDecimal, readDecimal } from '../../bson/decimal-arithmetic.js';
import { valueText } from '../../bson/text.js';
import {
  ARRAY,
  BINARY,
  BOOL,
  DATE,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  MIN_KEY,
  MISSING,
  OBJECT,
  OBJECT_ID,
  STRING,
  TYPE_NAMES,
} from '../../bson/types.js';
import { boolValue, int32Value, NULL_VALUE, stringValue, Value } from '../../bson/value.js';
import { FieldFinder, FieldName } from '../../bson/walk.js';
import { ElmoError } from '../../errors.js';
import { BINARY_FORMATS, subtypeOf, UUID_SUBTYPE, type BinaryFormat } from '../convert/binary.js';
import { convertValue, type Conversion } from '../convert/convert.js';
import type { Expression, ExpressionOperator, ExpressionOperators, Frame } from '../expression.js';
import { doubleOf, INT32_MAX, INT32_MIN, isNumberType, typeNameOf } from '../numbers.js';
import {
  foldConstants,
  namedArguments,
  OperatorExpression,
  parseOperands,
  unary,
} from '../operator-kinds.js';

const TYPES_BY_NAME: ReadonlyMap<string, number> = new Map(
  [...TYPE_NAMES].map(([type, name]) => [name, type]),
);

/** An int32 as a number; undefined if the value is none, or has a fraction. */
function int32Of(value: Value): number | undefined {
  if (!isNumberType(value.type)) return undefined;
  if (value.type === DECIMAL128 && !isWholeDecimal(readDecimal(value.bytes, value.at))) return undefined;
  const double = doubleOf(value);
  return Number.isInteger(double) && double >= INT32_MIN && double <= INT32_MAX ? double : undefined;
}

function targetType(value: Value): number {
  if (value.type === STRING) {
    const type = TYPES_BY_NAME.get(value.text);
    if (type === undefined) throw new ElmoError('BadValue', `Unknown type name: ${value.text}`);
    return type;
  }
  if (!isNumberType(value.type))
    throw new ElmoError(
      'FailedToParse',
      `$convert's 'to' argument must be a string or number, but is ${typeNameOf(value)}`,
    );
  const number = int32Of(value);
  if (number === undefined)
    throw new ElmoError('FailedToParse', "In $convert, numeric 'to' argument is not an integer");
  const type = number === -1 ? MIN_KEY : number === MIN_KEY ? undefined : number;
  if (type === undefined || !TYPE_NAMES.has(type))
    throw new ElmoError(
      'FailedToParse',
      `In $convert, numeric value for 'to' does not correspond to a BSON type: ${number}`,
    );
  return type;
}

/** Those with a meaning, and those that users may give one. */
function isSubtype(subtype: number): boolean {
  return (subtype >= 0 && subtype <= 9) || (subtype >= 128 && subtype <= 255);
}

function targetSubtype(value: Value): number {
  if (value.isMissing) return 0;
  if (!isNumberType(value.type))
    throw new ElmoError(
      4341108,
      `For BinData, $convert's 'subtype' argument must be a number, but is ${typeNameOf(value)}`,
    );
  const subtype = int32Of(value);
  if (subtype === undefined)
    throw new ElmoError(4341106, "In $convert, numeric 'subtype' argument is not an integer");
  if (!isSubtype(subtype))
    throw new ElmoError(
      4341107,
      `In $convert, numeric value for 'subtype' does not correspond to a BinData type: ${subtype}`,
    );
  return subtype;
}

function targetFormat(value: Value): BinaryFormat | undefined {
  if (value.isNullish) return undefined;
  if (value.type !== STRING)
    throw new ElmoError(4341114, `$convert requires that 'format' be a string, found: ${typeNameOf(value)}`);
  const { text } = value;
  if (!BINARY_FORMATS.has(text))
    throw new ElmoError(4341125, `Invalid 'format' argument for $convert: ${text}`);
  return text as BinaryFormat;
}

function targetBase(value: Value): number | undefined {
  if (value.isNullish) return undefined;
  const base = int32Of(value);
  if (base === undefined) throw new ElmoError(3501300, "In $convert, 'base' argument is not an integer");
  if (base !== 2 && base !== 8 && base !== 10 && base !== 16)
    throw new ElmoError(3501301, "In $convert, 'base' argument is not a valid base");
  return base;
}

function isBigEndian(value: Value): boolean {
  if (value.isNullish) return false;
  if (value.type !== STRING)
    throw new ElmoError(
      9130001,
      `$convert requires that 'byteOrder' be a string, found: ${typeNameOf(value)}`,
    );
  const { text } = value;
  if (text !== 'big' && text !== 'little')
    throw new ElmoError(9130002, `Invalid 'byteOrder' argument for $convert: ${text}`);
  return text === 'big';
}

const TYPE_FIELD = new FieldName('type');
const SUBTYPE_FIELD = new FieldName('subtype');
const finder = new FieldFinder();

function fieldOf(document: Value, name: FieldName): Value {
  return finder.find(document.bytes, document.at, name)
    ? new Value(finder.type, document.bytes, finder.valueStart)
    : new Value(MISSING, document.bytes, document.at);
}

const ABSENT = new Value(MISSING, new Uint8Array(0), 0);

interface ConvertArguments {
  readonly input: Expression;
  readonly to: Expression;
  readonly format: Expression | undefined;
  readonly base: Expression | undefined;
  readonly byteOrder: Expression | undefined;
  readonly onError: Expression | undefined;
  readonly onNull: Expression | undefined;
}

class ConvertExpression extends OperatorExpression {
  constructor(
    private readonly given: ConvertArguments,
    operands: readonly Expression[],
    name: string,
  ) {
    super(operands, name);
  }

  evaluate(frame: Frame): Value {
    const { input, to, format, base, byteOrder, onError, onNull } = this.given;
    const target = to.evaluate(frame);
    const value = input.evaluate(frame);
    const optional = (operand: Expression | undefined): Value => operand?.evaluate(frame) ?? ABSENT;
    const type = target.isNullish
      ? undefined
      : targetType(target.type === OBJECT ? fieldOf(target, TYPE_FIELD) : target);
    if (value.isNullish) return onNull === undefined ? NULL_VALUE : onNull.evaluate(frame);
    if (type === undefined) return NULL_VALUE;
    const subtype = target.type === OBJECT && type === BINARY ? fieldOf(target, SUBTYPE_FIELD) : ABSENT;
    const conversion: Conversion = {
      to: type,
      subtype: targetSubtype(subtype),
      base: targetBase(optional(base)),
      format: targetFormat(optional(format)),
      isBigEndian: isBigEndian(optional(byteOrder)),
    };
    try {
      return convertValue(value, conversion);
    } catch (error) {
      if (onError !== undefined && error instanceof ElmoError && error.codeName === 'ConversionFailure')
        return onError.evaluate(frame);
      throw error;
    }
  }
}

const convert: ExpressionOperator = {
  parse: (argument, scope, name) => {
    if (argument.type !== OBJECT)
      throw new ElmoError(
        'FailedToParse',
        `$convert expects an object of named arguments but found: ${typeNameOf(argument)}`,
      );
    const FAILED_TO_PARSE = 9;
    const given = namedArguments(argument, name, {
      required: ['input', 'to'],
      optional: ['format', 'base', 'byteOrder', 'onError', 'onNull'],
      notObject: FAILED_TO_PARSE,
      unknown: FAILED_TO_PARSE,
      missing: FAILED_TO_PARSE,
    });
    const operands: Expression[] = [];
    const parse = (key: string): Expression | undefined => {
      const value = given.get(key);
      const operand = value === undefined ? undefined : scope.parse(value);
      if (operand !== undefined) operands.push(operand);
      return operand;
    };
    const parsed: ConvertArguments = {
      input: parse('input')!,
      to: parse('to')!,
      format: parse('format'),
      base: parse('base'),
      byteOrder: parse('byteOrder'),
      onError: parse('onError'),
      onNull: parse('onNull'),
    };
    return foldConstants(new ConvertExpression(parsed, operands, name), operands);
  },
};

class ToTypeExpression extends OperatorExpression {
  constructor(
    operands: readonly Expression[],
    name: string,
    private readonly conversion: Conversion,
  ) {
    super(operands, name);
  }

  evaluate(frame: Frame): Value {
    const value = this.operands[0]!.evaluate(frame);
    return value.isNullish ? NULL_VALUE : convertValue(value, this.conversion);
  }
}

/** $toInt and the like: $convert with one argument. */
function shorthand(to: number, options: Partial<Conversion> = {}): ExpressionOperator {
  const conversion: Conversion = {
    to,
    subtype: 0,
    base: undefined,
    format: 'auto',
    isBigEndian: false,
    ...options,
  };
  return {
    parse: (argument, scope, name) => {
      const operands = parseOperands(argument, scope);
      if (operands.length !== 1)
        throw new ElmoError(50723, `${name} requires a single argument, got ${operands.length}`);
      return foldConstants(new ToTypeExpression(operands, name, conversion), operands);
    },
  };
}

class HashedKeyExpression extends OperatorExpression {
  evaluate(frame: Frame): Value {
    return hashOfValue(this.operands[0]!.evaluate(frame));
  }
}

/** Of an array that is given, what is hashed is the array. The reference does not fold it, so what holds a constant one fails late. */
const hashedIndexKey: ExpressionOperator = {
  parse: (argument, scope, name) => new HashedKeyExpression([scope.parse(argument)], name),
};

export const typeOperators: ExpressionOperators = {
  $type: unary((value) => stringValue(typeNameOf(value))),
  $subtype: unary((value) => {
    if (value.isNullish) return NULL_VALUE;
    if (value.type === BINARY) return int32Value(subtypeOf(value));
    throw new ElmoError(
      10389300,
      `Provided value: ${valueText(value)}, does not have a subtype, but $subtype was used.`,
    );
  }),
  $isNumber: unary((value) => boolValue(isNumberType(value.type))),
  $convert: convert,
  $toArray: shorthand(ARRAY),
  $toBool: shorthand(BOOL),
  $toDate: shorthand(DATE),
  $toDecimal: shorthand(DECIMAL128),
  $toDouble: shorthand(DOUBLE),
  $toInt: shorthand(INT32),
  $toLong: shorthand(INT64),
  $toObject: shorthand(OBJECT),
  $toObjectId: shorthand(OBJECT_ID),
  $toString: shorthand(STRING),
  $toUUID: shorthand(BINARY, { subtype: UUID_SUBTYPE, format: 'uuid' }),
  $toHashedIndexKey: hashedIndexKey,
};
