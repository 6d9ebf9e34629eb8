/**
 * Where in one field of an index the matches of one predicate can be. The intervals may hold more than the matches, never
 * less; `isExact` says when they hold just the matches (in an index without arrays).
 * Source: MongoDB manual, "Index bounds"; the reference's explain.
 */
import { KeyWriter } from '../keys/value-encoding.js';
import { TAG_NAN } from '../keys/tags.js';
import {
  ARRAY,
  CLASS_NULL,
  CLASS_NUMBER,
  CLASS_REGEX,
  CLASS_STRING,
  CLASS_UNDEFINED,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  MAX_KEY,
  MIN_KEY,
  NULL,
  OBJECT,
  REGEX,
  STRING,
  SYMBOL,
  TYPE_CLASS,
  UNDEFINED,
} from '../bson/types.js';
import { stringValue, UNDEFINED_VALUE, Value } from '../bson/value.js';
import { ElementWalker } from '../bson/walk.js';
import { collationKey } from '../collation/key.js';
import type { CollationSpec } from '../collation/collation.js';
import { hashOf } from '../index/open-index.js';
import { isAboutElements, type ComparisonKind, type FilterNode, type RegexSpec } from '../query/filter.js';
import { literalPrefix } from '../regex/regex.js';
import {
  after,
  before,
  classInterval,
  compareEnds,
  complement,
  encodeValue,
  EVERYTHING,
  HIGHEST,
  intersect,
  joined,
  LOWEST,
  NO_VALUES,
  pointInterval,
  union,
  type Interval,
  type Intervals,
} from './interval.js';

export interface PredicateBounds {
  readonly intervals: Intervals;
  readonly isExact: boolean;
}

/** How the index stores strings; undefined: as they are. */
export interface BoundsContext {
  readonly collation: CollationSpec | undefined;
  readonly isHashed: boolean;
}

const ALL: PredicateBounds = { intervals: EVERYTHING, isExact: false };
const exact = (intervals: Intervals): PredicateBounds => ({ intervals, isExact: true });
const loose = (intervals: Intervals): PredicateBounds => ({ intervals, isExact: false });

const NAN = Uint8Array.of(TAG_NAN);

/** @param node  a predicate on the field itself */
export function predicateBounds(node: FilterNode, context: BoundsContext): PredicateBounds {
  if (context.isHashed) return hashedBounds(node, context);
  switch (node.kind) {
    case 'eq':
      return equalBounds(node.value, context);
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return rangeBounds(node.kind, node.value, context);
    case 'demand':
      return demandBounds(node.operator, node.value, context);
    case 'in':
      return inBounds(node.values, node.regexes, context);
    case 'regex':
      return context.collation === undefined ? loose(regexIntervals(node.regex)) : ALL;
    case 'not':
      return notBounds(node.child, context);
    case 'type':
      return typeBounds(node.types);
    case 'mod':
      return loose([classInterval(CLASS_NUMBER)]);
    case 'elemMatchValue':
      // entries are of elements, not of what is in an array among them
      if (node.children.some(isAboutElements)) return loose(EVERYTHING);
      return loose(
        node.children.reduce<Intervals>(
          (found, child) => intersect(found, predicateBounds(child, context).intervals),
          EVERYTHING,
        ),
      );
    case 'or':
      return anyBounds(node.children, context);
    case 'and':
      return loose(
        node.children.reduce<Intervals>(
          (found, child) => intersect(found, predicateBounds(child, context).intervals),
          EVERYTHING,
        ),
      );
    default:
      return ALL;
  }
}

/** An index of hashes knows equality, and what equals only mostly is the same. */
function hashedBounds(node: FilterNode, context: BoundsContext): PredicateBounds {
  const values =
    node.kind === 'eq' || (node.kind === 'demand' && node.operator === 'eq')
      ? [node.value]
      : node.kind === 'in' && node.regexes.length === 0
        ? node.values
        : undefined;
  if (values === undefined || values.some((value) => value.type === ARRAY || isCollated(value, context)))
    return ALL;
  const hashed = values.flatMap((value) => (value.type === NULL ? [value, UNDEFINED_VALUE] : [value]));
  return loose(
    union(
      hashed.map((value) => {
        const { type, bytes, at } = stored(value, context);
        const hash = hashOf(type, bytes, at);
        return pointInterval(encodeValue(hash), hash);
      }),
    ),
  );
}

const isText = (type: number): boolean => type === STRING || type === SYMBOL;

/** Whether a collation changes how the value, or something in it, is stored or compared. */
function isCollated(value: Value, { collation }: BoundsContext): boolean {
  return collation !== undefined && (value.type === OBJECT || value.type === ARRAY);
}

/** The value as the index has it. */
function stored(value: Value, { collation }: BoundsContext): Value {
  return collation !== undefined && isText(value.type)
    ? stringValue(collationKey(collation)(value.text))
    : value;
}

function encoded(value: Value, context: BoundsContext): Uint8Array {
  return encodeValue(stored(value, context));
}

function equalBounds(value: Value, context: BoundsContext): PredicateBounds {
  const intervals: Interval[] = [];
  const isExact = addEqual(value, context, intervals);
  return { intervals, isExact };
}

/** Appends the bounds of `{$eq: value}`. @returns whether they are exact */
function addEqual(value: Value, context: BoundsContext, into: Interval[]): boolean {
  if (isCollated(value, context)) {
    into.push(...EVERYTHING);
    return false;
  }
  switch (value.type) {
    case NULL:
      into.push(...union([classInterval(CLASS_UNDEFINED)], [classInterval(CLASS_NULL)]));
      return false;
    case UNDEFINED:
      into.push(classInterval(CLASS_UNDEFINED));
      return false;
    case ARRAY:
      into.push(...arrayIntervals(value, context));
      return false;
    default:
      into.push(pointInterval(encoded(value, context), value));
      return true;
  }
}

/** An array is found by its first element, or, inside another array, as it is. */
function arrayIntervals(array: Value, context: BoundsContext): Intervals {
  const walker = new ElementWalker();
  walker.open(array.bytes, array.at);
  let first = classInterval(CLASS_UNDEFINED);
  if (walker.next()) {
    const element = new Value(walker.type, walker.bytes, walker.valueStart);
    first = pointInterval(encoded(element, context), element);
  }
  return union([first], [pointInterval(encoded(array, context), array)]);
}

function rangeBounds(
  kind: 'lt' | 'lte' | 'gt' | 'gte',
  value: Value,
  context: BoundsContext,
): PredicateBounds {
  const { type } = value;
  if (isCollated(value, context)) return ALL;
  if (context.collation !== undefined && isText(type)) return ALL; // such an index knows equality only
  if (type === NULL || type === UNDEFINED)
    return kind === 'lte' || kind === 'gte' ? equalBounds(value, context) : loose(NO_VALUES);
  if (type === ARRAY || type === MIN_KEY || type === MAX_KEY || type === REGEX) return ALL;
  if (isNan(value))
    return kind === 'lte' || kind === 'gte' ? exact([pointInterval(NAN, value)]) : exact(NO_VALUES);
  const whole = classInterval(TYPE_CLASS[type]!);
  // NaN is the least number, and in no range of them
  const least = TYPE_CLASS[type] === CLASS_NUMBER ? after(NAN) : whole.low;
  const key = encoded(value, context);
  const interval: Interval =
    kind === 'lt'
      ? { low: least, high: before(key, value) }
      : kind === 'lte'
        ? { low: least, high: after(key, value) }
        : kind === 'gt'
          ? { low: after(key, value), high: whole.high }
          : { low: before(key, value), high: whole.high };
  return exact(compareEnds(interval.low, interval.high) < 0 ? [interval] : NO_VALUES);
}

/**
 * Of a comparison in an expression: values of all types are in one order, in which what is missing comes before null. An
 * entry does not tell it from null.
 */
function demandBounds(operator: ComparisonKind, value: Value, context: BoundsContext): PredicateBounds {
  if (isCollated(value, context)) return ALL;
  const key = encoded(value, context);
  if (operator === 'eq') return { intervals: [pointInterval(key, value)], isExact: value.type !== NULL };
  if (context.collation !== undefined && isText(value.type)) return ALL;
  const isLess = operator === 'lt' || operator === 'lte';
  const isIncluded = operator === 'lte' || operator === 'gte' || (isLess && value.type === NULL);
  const end = isLess === isIncluded ? after(key, value) : before(key, value);
  return loose([isLess ? { low: LOWEST, high: end } : { low: end, high: HIGHEST }]);
}

function isNan(value: Value): boolean {
  return (value.type === DOUBLE || value.type === DECIMAL128) && encodeValue(value)[0] === TAG_NAN;
}

function inBounds(
  values: readonly Value[],
  regexes: readonly RegexSpec[],
  context: BoundsContext,
): PredicateBounds {
  if (regexes.length > 0 && context.collation !== undefined) return ALL;
  const intervals = regexes.flatMap(regexIntervals);
  let isExact = regexes.length === 0;
  for (const value of values) if (!addEqual(value, context, intervals)) isExact = false;
  return { intervals: joined(intervals), isExact };
}

function anyBounds(children: readonly FilterNode[], context: BoundsContext): PredicateBounds {
  const parts = children.map((child) => predicateBounds(child, context));
  return {
    intervals: union(...parts.map(({ intervals }) => intervals)),
    isExact: parts.every(({ isExact }) => isExact),
  };
}

/** Strings with the pattern's literal beginning, and patterns themselves. */
function regexIntervals({ pattern, options }: RegexSpec): Intervals {
  const { text } = literalPrefix(pattern, options);
  const strings = text === '' ? classInterval(CLASS_STRING) : prefixInterval(text);
  return union([strings], [classInterval(CLASS_REGEX)]);
}

function prefixInterval(text: string): Interval {
  const writer = new KeyWriter();
  const value = stringValue(text);
  writer.append(value.type, value.bytes, value.at);
  // without what ends a string, it is what all longer ones start with
  const prefix = writer.bytes.slice(0, writer.length - 1);
  return { low: before(prefix), high: after(prefix) };
}

function notBounds(child: FilterNode, context: BoundsContext): PredicateBounds {
  if (child.kind === 'exists') return loose([classInterval(CLASS_NULL)]);
  if (child.kind === 'eq' && child.value.type === NULL) return loose(complement([classInterval(CLASS_NULL)]));
  const bounds = predicateBounds(child, context);
  return bounds.isExact ? { intervals: complement(bounds.intervals), isExact: true } : ALL;
}

function typeBounds(types: ReadonlySet<number>): PredicateBounds {
  if (types.has(ARRAY)) return ALL;
  const intervals = union(...[...types].map((type) => [classInterval(TYPE_CLASS[type]!)]));
  return { intervals, isExact: [...types].every((type) => isWholeClass(type, types)) };
}

const NUMBERS: readonly number[] = [INT32, INT64, DOUBLE, DECIMAL128];
/** Types whose class holds others, or values that are missing. */
const AMBIGUOUS: ReadonlySet<number> = new Set([NULL, UNDEFINED, STRING, SYMBOL]);

/** Whether no value of the type's class is of a type that was not asked for. */
function isWholeClass(type: number, types: ReadonlySet<number>): boolean {
  if (NUMBERS.includes(type)) return NUMBERS.every((each) => types.has(each));
  return !AMBIGUOUS.has(type);
}
