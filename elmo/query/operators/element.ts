/** $exists, $type. Source: MongoDB manual, "Element Query Operators". */
import {
  ARRAY,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  MISSING,
  STRING,
  TYPE_NAMES,
  VALUE_BYTES,
  UNKNOWN_TYPE,
} from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { plainJs } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { elementsOf, isNumber, isTruthy, wholeNumber } from '../elements.js';
import type { FieldOperators } from './operator.js';

const TYPES_BY_NAME = new Map([...TYPE_NAMES].map(([type, name]) => [name, type]));
TYPES_BY_NAME.delete('missing');

const NUMERIC_TYPES: readonly number[] = [DOUBLE, INT32, INT64, DECIMAL128];

export interface TypeSet {
  readonly types: ReadonlySet<number>;
  readonly number: boolean;
}

/**
 * The types an argument of `$type` names: a number, a name, or an array of these.
 * @param what  what needs them, for messages
 * @throws ElmoError
 */
export function parseTypes(argument: Value, what: string): TypeSet {
  const named = argument.type === ARRAY ? elementsOf(argument).map(({ value }) => value) : [argument];
  if (named.length === 0) throw new ElmoError('FailedToParse', `${what} must match at least one type`);
  const types = new Set<number>();
  let number = false;
  for (const value of named) {
    if (value.type === STRING && value.text === 'number') {
      number = true;
      for (const type of NUMERIC_TYPES) types.add(type);
    } else types.add(parseType(value));
  }
  return { types, number };
}

function parseType(value: Value): number {
  if (value.type === STRING) return typeNamed(value.text);
  if (!isNumber(value))
    throw new ElmoError('TypeMismatch', 'type must be represented as a number or a string');
  const code = wholeNumber(value);
  if (code === 0n)
    throw new ElmoError('BadValue', 'Invalid numerical type code: 0. Instead use {$exists:false}.');
  if (code === -1n) return 0xff;
  if (typeof code !== 'bigint' || code < 0n || code > 0x7fn || VALUE_BYTES[Number(code)] === UNKNOWN_TYPE)
    throw new ElmoError('BadValue', `Invalid numerical type code: ${String(plainJs(value))}`);
  return Number(code);
}

/** @throws ElmoError unless there is a type of that name */
export function typeNamed(name: string): number {
  if (name === 'missing')
    throw new ElmoError(
      'BadValue',
      "'missing' is not a legal type name. To query for non-existence of a field, use {$exists:false}.",
    );
  const type = TYPES_BY_NAME.get(name);
  if (type === undefined || type === MISSING)
    throw new ElmoError('BadValue', `Unknown type name alias: ${name}`);
  return type;
}

export const elementOperators: FieldOperators = {
  $exists: {
    parse: (argument, path) =>
      isTruthy(argument) ? { kind: 'exists', path } : { kind: 'not', child: { kind: 'exists', path } },
  },
  $type: { parse: (argument, path) => ({ kind: 'type', path, ...parseTypes(argument, path) }) },
};
