/** Scans between the keys `min` and `max` of a find: the one included, the other not. */
import type { ReadView } from '../../lsm/index.js';
import { ARRAY, OBJECT, STRING, SYMBOL, TYPE_CLASS } from '../bson/types.js';
import { MAX_KEY_VALUE, MIN_KEY_VALUE, stringValue, type Value } from '../bson/value.js';
import type { CollectionSpec, IndexSpec } from '../catalog/collection-spec.js';
import { fieldsOf, rawDocument } from '../catalog/raw-document.js';
import { isSameCollation, type CollationSpec } from '../collation/collation.js';
import { collatorOf } from '../collation/collator.js';
import { collationKey } from '../collation/key.js';
import type { KeyBounds } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import { ElmoError } from '../errors.js';
import type { FilterNode } from '../query/filter.js';
import { compareTuples, type CollatedRange } from './collated-range.js';
import { planningError, type Hint } from './hint.js';
import { estimateOf } from './index-plans.js';
import {
  classInterval,
  compareEnds,
  encodeValue,
  EVERYTHING,
  HIGHEST,
  LOWEST,
  NO_VALUES,
  pointInterval,
  type Interval,
  type Intervals,
} from './interval.js';
import { keyRanges } from './key-ranges.js';
import { predicatesOf, residual } from './predicates.js';
import type { QueryPlan } from './query-plan.js';
import { sortedDirection, type PlanSortField } from './sort-order.js';

export interface MinMax {
  readonly min: Uint8Array | undefined;
  readonly max: Uint8Array | undefined;
}

const isGiven = (raw: Uint8Array | undefined): raw is Uint8Array => raw !== undefined && raw.length > 5;

/** @returns undefined if neither says anything. @throws ElmoError if they do not fit together */
export function minMaxOf(min: Uint8Array | undefined, max: Uint8Array | undefined): MinMax | undefined {
  if (!isGiven(min) && !isGiven(max)) return undefined;
  if (isGiven(min) && isGiven(max)) {
    const names = (raw: Uint8Array): string => JSON.stringify(fieldsOf(raw).map(({ name }) => name));
    if (names(min) !== names(max)) throw new ElmoError(51176, 'min and max must have the same field names');
  }
  return { min: isGiven(min) ? min : undefined, max: isGiven(max) ? max : undefined };
}

/** @throws ElmoError of the reference's codes */
export function minMaxPlan(
  { min, max }: MinMax,
  { index, natural }: Hint,
  collection: CollectionSpec,
  filter: FilterNode,
  sort: readonly PlanSortField[] | undefined,
  collation: CollationSpec | undefined,
  view: ReadView,
): QueryPlan {
  if (natural !== undefined)
    throw planningError('NoQueryExecutionPlans', collection, 'min and max are incompatible with $natural');
  if (index === undefined)
    throw planningError(
      'NoQueryExecutionPlans',
      collection,
      'When using min()/max() a hint of which index to use must be provided',
    );
  const refuse = refusals(collection, index);
  const isComparable = isSameCollation(index.collation, collation);
  for (const raw of [min, max])
    if (raw !== undefined && (!hasFieldsOf(index, raw) || (!isComparable && holdsText(raw))))
      throw refuse.foreign();
  const ends: Ends = { min: min ?? endOf(index, MIN_KEY_VALUE), max: max ?? endOf(index, MAX_KEY_VALUE) };
  const collated = collatedRange(index, ends, sort === undefined);
  const { fields, ranges } = collated === undefined ? keyRange(index, ends) : outerRange(index, collated);
  if (!leavesSomething(index, ranges, collated)) throw refuse.reversed();
  if (isClustered(collection, index) && isComparable && isBackward(sort)) throw refuse.backward();
  const hasArrays = index.isMultikey;
  const direction =
    sort === undefined || hasArrays || index.collation !== undefined
      ? undefined
      : sortedDirection(index, fields, sort);
  const { conjuncts } = predicatesOf(filter);
  return {
    access: {
      kind: 'ixscan',
      index,
      fieldIntervals: index.fields.map(() => EVERYTHING),
      ranges,
      prefixLengths: ranges.map(() => 0),
      checked: undefined,
      direction: direction ?? 'forward',
      hasDuplicates: hasArrays,
      keyFilter: undefined,
      filter: residual(conjuncts, new Set()),
      given: { min, max },
      collated,
      estimate: estimateOf(ranges, view),
    },
    isSorted: sort === undefined || direction !== undefined,
    isCovered: false,
  };
}

/** Whether the index is the order of the records itself. */
function isClustered(collection: CollectionSpec, { fields }: IndexSpec): boolean {
  return collection.isClustered && fields.length === 1 && fields[0]!.path === '_id';
}

function isBackward(sort: readonly PlanSortField[] | undefined): boolean {
  return sort?.length === 1 && sort[0]!.path === '_id' && sort[0]!.direction < 0;
}

function refusals(
  collection: CollectionSpec,
  index: IndexSpec,
): Record<'foreign' | 'reversed' | 'backward', () => ElmoError> {
  const isOfRecords = isClustered(collection, index);
  return {
    foreign: () =>
      isOfRecords
        ? planningError(
            6137400,
            collection,
            'The clustered index is not compatible with the values provided for min/max due to the query collation',
          )
        : planningError(51174, collection, 'The index chosen is not compatible with min/max'),
    backward: () =>
      planningError(
        6137402,
        collection,
        'min() / max() are only supported for forward collection scans on clustered collections',
      ),
    reversed: () =>
      isOfRecords
        ? planningError(6137401, collection, 'max() must be greater than min()')
        : planningError(
            51175,
            collection,
            'The value provided for min() does not come before the value provided for max() in the hinted index',
          ),
  };
}

const isCollatable = (type: number): boolean =>
  type === STRING || type === SYMBOL || type === OBJECT || type === ARRAY;

/** Whether a value of a bound may be compared by a collation. */
function holdsText(raw: Uint8Array): boolean {
  return fieldsOf(raw).some(({ value: { type } }) => isCollatable(type));
}

/** Whether the values are those of the index's fields. */
function hasFieldsOf({ kind, fields }: IndexSpec, raw: Uint8Array): boolean {
  const values = fieldsOf(raw);
  return (
    kind !== 'wildcard' &&
    values.length === fields.length &&
    fields.every(({ path }, i) => values[i]!.name === path)
  );
}

/** Both bounds, as documents of the index's fields. */
interface Ends {
  readonly min: Uint8Array;
  readonly max: Uint8Array;
}

/** The bound that was not given: the first key if it is that of MinKey, or what no key of another value is above. */
function endOf({ fields }: IndexSpec, least: Value): Uint8Array {
  const greatest = least === MIN_KEY_VALUE ? MAX_KEY_VALUE : MIN_KEY_VALUE;
  return rawDocument(fields.map(({ path, direction }) => [path, direction > 0 ? least : greatest]));
}

/** Undefined: the entries are in the order that is wanted. A hash is of what the collation calls equal. */
function collatedRange(
  { collation, fields }: IndexSpec,
  { min, max }: Ends,
  isOrdered: boolean,
): CollatedRange | undefined {
  if (collation === undefined || fields.some(({ kind }) => kind === 'hashed')) return undefined;
  const valuesOf = (raw: Uint8Array): Value[] => fieldsOf(raw).map(({ value }) => value);
  return { collation, min: valuesOf(min), max: valuesOf(max), isOrdered };
}

interface Ranges {
  readonly fields: readonly Intervals[];
  readonly ranges: readonly KeyBounds[];
}

function keyRange(index: IndexSpec, { min, max }: Ends): Ranges {
  const [low, high] = [keyOf(min, index), keyOf(max, index)];
  return { fields: index.fields.map(() => EVERYTHING), ranges: [{ low, high }] };
}

/** Where the entries may be whatever the order of their texts: what the types of the first field tell. */
function outerRange(index: IndexSpec, { min, max }: CollatedRange): Ranges {
  const isAscending = index.fields[0]!.direction > 0;
  const [least, greatest] = isAscending ? [min, max] : [max, min];
  const low = least === undefined ? LOWEST : outerInterval(least[0]!).low;
  const high = greatest === undefined ? HIGHEST : outerInterval(greatest[0]!).high;
  const first: Intervals = compareEnds(low, high) < 0 ? [{ low, high }] : NO_VALUES;
  const fields = [first, ...index.fields.slice(1).map(() => EVERYTHING)];
  return { fields, ranges: keyRanges(index, fields).ranges };
}

function outerInterval(value: Value): Interval {
  return isCollatable(value.type)
    ? classInterval(TYPE_CLASS[value.type]!)
    : pointInterval(encodeValue(value), value);
}

function leavesSomething(
  { fields }: IndexSpec,
  [range]: readonly KeyBounds[],
  collated: CollatedRange | undefined,
): boolean {
  if (range === undefined) return false;
  if (collated === undefined) return Buffer.compare(range.low, range.high) < 0;
  return compareTuples(fields, collated.min!, collated.max!, collatorOf(collated.collation)) < 0;
}

function keyOf(raw: Uint8Array, index: IndexSpec): Uint8Array {
  const values = fieldsOf(raw);
  const writer = new KeyWriter();
  writer.appendVarint(index.keyspace);
  for (const [i, { direction, kind }] of index.fields.entries()) {
    const stored = storedValue(values[i]!.value, kind === 'hashed', index);
    if (direction > 0) writer.append(stored.type, stored.bytes, stored.at);
    else writer.appendDescending(stored.type, stored.bytes, stored.at);
  }
  return writer.toBytes();
}

/** A bound of a hashed field is a hash already. */
function storedValue(value: Value, isHashed: boolean, { collation }: IndexSpec): Value {
  if (isHashed || collation === undefined || value.type !== STRING) return value;
  return stringValue(collationKey(collation)(value.text));
}
