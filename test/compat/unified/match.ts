/** Compares what came with what a unified test expects. Source: drivers' "Unified Test Format", "Evaluating Matches". */
import { Binary, Double, EJSON, Int32, Long, type Document } from '../../../elmo/bson/package.js';

/** By name: the official driver may have classes of its own copy of the package. */
const bsonType = (value: unknown): unknown =>
  (value as { _bsontype?: unknown } | null | undefined)?._bsontype;

const TYPE_TESTS: Readonly<Record<string, (value: unknown) => boolean>> = {
  double: (value) => typeof value === 'number' || bsonType(value) === 'Double',
  string: (value) => typeof value === 'string',
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  array: (value) => Array.isArray(value),
  binData: (value) => bsonType(value) === 'Binary' || value instanceof Uint8Array,
  objectId: (value) => bsonType(value) === 'ObjectId',
  bool: (value) => typeof value === 'boolean',
  date: (value) => value instanceof Date,
  null: (value) => value === null,
  int: (value) => typeof value === 'number' || bsonType(value) === 'Int32',
  long: (value) => typeof value === 'number' || bsonType(value) === 'Long',
  decimal: (value) => bsonType(value) === 'Decimal128',
  number: (value) => typeof value === 'number' || bsonType(value) === 'Long',
};

/** What an expectation may refer to. */
export interface MatchContext {
  entity(name: string): unknown;
}

/** @returns undefined if it matches, or where and how it does not */
export function mismatch(
  expected: unknown,
  actual: unknown,
  context: MatchContext,
  isRoot = false,
  path = '',
): string | undefined {
  if (isOperator(expected)) return operatorMismatch(expected, actual, context, path);
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return `${path}: expected an array, got ${show(actual)}`;
    if (expected.length !== actual.length)
      return `${path}: expected ${expected.length} elements, got ${show(actual)}`;
    for (let i = 0; i < expected.length; i++) {
      const found = mismatch(expected[i], actual[i], context, isRoot, `${path}[${i}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (isPlain(expected)) return documentMismatch(expected, actual, context, isRoot, path);
  return same(expected, actual) ? undefined : `${path}: expected ${show(expected)}, got ${show(actual)}`;
}

function documentMismatch(
  expected: Document,
  actual: unknown,
  context: MatchContext,
  isRoot: boolean,
  path: string,
): string | undefined {
  const found = actual instanceof Map ? Object.fromEntries(actual) : actual;
  if (typeof found !== 'object' || found === null) return `${path}: expected a document, got ${show(actual)}`;
  const given = found as Document;
  for (const [name, value] of Object.entries(expected)) {
    const inner = mismatch(value, given[name], context, false, `${path}.${name}`);
    if (inner !== undefined) return inner;
  }
  if (isRoot) return undefined;
  const extra = Object.keys(given).find((name) => !(name in expected) && given[name] !== undefined);
  return extra === undefined ? undefined : `${path}: unexpected field ${extra} in ${show(actual)}`;
}

function isPlain(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function isOperator(value: unknown): value is Document {
  if (!isPlain(value)) return false;
  const names = Object.keys(value);
  return names.length === 1 && names[0]!.startsWith('$$');
}

function operatorMismatch(
  operator: Document,
  actual: unknown,
  context: MatchContext,
  path: string,
): string | undefined {
  const [[name, argument]] = Object.entries(operator) as [[string, unknown]];
  switch (name) {
    case '$$exists':
      return (actual !== undefined) === argument
        ? undefined
        : `${path}: expected it ${argument === true ? '' : 'not '}to exist`;
    case '$$type': {
      const types = Array.isArray(argument) ? (argument as string[]) : [argument as string];
      return types.some((type) => TYPE_TESTS[type]?.(actual) === true)
        ? undefined
        : `${path}: expected type ${types.join(' or ')}, got ${show(actual)}`;
    }
    case '$$unsetOrMatches':
      return actual === undefined || actual === null
        ? undefined
        : mismatch(argument, actual, context, true, path);
    case '$$matchesEntity':
      return mismatch(context.entity(argument as string), actual, context, false, path);
    case '$$matchesHexBytes':
      return Buffer.from(actual as Uint8Array).toString('hex') === argument
        ? undefined
        : `${path}: other bytes`;
    case '$$lte':
      return Number(actual) <= Number(argument)
        ? undefined
        : `${path}: ${show(actual)} is above ${show(argument)}`;
    default:
      return `${path}: unknown operator ${name}`;
  }
}

function same(expected: unknown, actual: unknown): boolean {
  if (expected === actual) return true;
  const [a, b] = [plain(expected), plain(actual)];
  if (typeof a === 'number' || typeof b === 'number') return Number(a) === Number(b);
  return EJSON.stringify({ v: a }) === EJSON.stringify({ v: b });
}

function plain(value: unknown): unknown {
  if (value instanceof Int32 || value instanceof Double) return value.valueOf();
  if (value instanceof Long) return value.toNumber();
  if (value instanceof Uint8Array && !(value instanceof Binary)) return new Binary(value);
  return value;
}

function show(value: unknown): string {
  try {
    return EJSON.stringify({ v: value }).slice(5, -1);
  } catch {
    return String(value);
  }
}
