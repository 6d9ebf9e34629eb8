/** $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin. Source: MongoDB manual, "Comparison Query Operators". */
import { compareValues, type Collation } from '../../bson/compare.js';
import { ARRAY, OBJECT, REGEX, UNDEFINED } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { FieldFinder, FieldName } from '../../bson/walk.js';
import { collatorOf } from '../../collation/collator.js';
import { ElmoError } from '../../errors.js';
import { elementsOf } from '../elements.js';
import type { ComparisonKind, FilterContext, FilterNode } from '../filter.js';
import type { FieldOperator, FieldOperators } from './operator.js';
import { regexOf } from './regex.js';

/** `{a: value}` and `{a: {$eq: value}}`. */
export function equality(path: string, value: Value): FilterNode {
  refuseUndefined(value);
  return { kind: 'eq', path, value: value.keep() };
}

function refuseUndefined(value: Value): void {
  if (value.type === UNDEFINED) throw new ElmoError('BadValue', 'cannot compare to undefined');
}

function inequality(kind: Exclude<ComparisonKind, 'eq'>): FieldOperator {
  return {
    parse(value, path) {
      if (value.type === REGEX)
        throw new ElmoError(
          'BadValue',
          `Can't have RegEx as arg to non-equality predicate over field '${path}'.`,
        );
      refuseUndefined(value);
      return { kind, path, value: value.keep() };
    },
  };
}

/** The node of `{$in: […]}`. */
export function membership(path: string, list: Value, name: string, context: FilterContext): FilterNode {
  if (list.type !== ARRAY) throw new ElmoError('BadValue', `${name} needs an array`);
  const collation = context.collation === undefined ? undefined : collatorOf(context.collation);
  const values: Value[] = [];
  const regexes = [];
  for (const { value } of elementsOf(list.keep())) {
    if (value.type === OBJECT && elementsOf(value)[0]?.name.startsWith('$') === true) refuseOperators(value);
    if (value.type === UNDEFINED) throw new ElmoError('BadValue', 'Cannot insert undefined into InListData');
    if (value.type === REGEX) regexes.push(regexOf(value));
    else values.push(value);
  }
  return { kind: 'in', path, values: sortedUnique(values, collation), regexes };
}

/** Documents may only start with a dollar if they are references to documents. */
function refuseOperators(value: Value): void {
  if (!isReference(value)) throw new ElmoError('BadValue', 'cannot nest $ under $in');
}

/** Whether a document is a DBRef: has both `$ref` and `$id`. */
export function isReference({ bytes, at }: Value): boolean {
  return finder.find(bytes, at, REF) && finder.find(bytes, at, ID);
}

const finder = new FieldFinder();
const REF = new FieldName('$ref');
const ID = new FieldName('$id');

function sortedUnique(values: readonly Value[], collation: Collation | undefined): Value[] {
  const compare = (a: Value, b: Value): number =>
    compareValues(a.bytes, a.type, a.at, b.bytes, b.type, b.at, collation);
  const sorted = values.toSorted(compare);
  return sorted.filter((value, i) => i === 0 || compare(sorted[i - 1]!, value) !== 0);
}

export const comparisonOperators: FieldOperators = {
  $eq: { parse: (value, path) => equality(path, value) },
  $ne: {
    parse(value, path) {
      if (value.type === REGEX) throw new ElmoError('BadValue', "Can't have regex as arg to $ne.");
      return { kind: 'not', child: equality(path, value) };
    },
  },
  $gt: inequality('gt'),
  $gte: inequality('gte'),
  $lt: inequality('lt'),
  $lte: inequality('lte'),
  $in: { parse: (list, path, { context }, name) => membership(path, list, name, context) },
  $nin: {
    parse: (list, path, { context }, name) => ({
      kind: 'not',
      child: membership(path, list, name, context),
    }),
  },
};
