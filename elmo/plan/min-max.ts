/** Scans between the keys `min` and `max` of a find: the one included, the other not. */
import type { ReadView } from '../../lsm/index.js';
import { ARRAY, OBJECT, STRING, SYMBOL } from '../bson/types.js';
import { stringValue, type Value } from '../bson/value.js';
import type { CollectionSpec, IndexSpec } from '../catalog/collection-spec.js';
import { fieldsOf } from '../catalog/raw-document.js';
import { isSameCollation, type CollationSpec } from '../collation/collation.js';
import { collationKey } from '../collation/key.js';
import { keyspaceBounds, type KeyBounds } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import { ElmoError } from '../errors.js';
import type { FilterNode } from '../query/filter.js';
import { planningError, type Hint } from './hint.js';
import { estimateOf } from './index-plans.js';
import { EVERYTHING } from './interval.js';
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
  const isClustered = collection.isClustered && index.fields.length === 1 && index.fields[0]!.path === '_id';
  const isComparable = isSameCollation(index.collation, collation);
  const keys = [min, max].map((raw) =>
    raw === undefined ? undefined : isComparable || !holdsText(raw) ? keyOf(raw, index) : null,
  );
  if (keys.includes(null))
    throw isClustered
      ? planningError(
          6137400,
          collection,
          'The clustered index is not compatible with the values provided for min/max due to the query collation',
        )
      : planningError(51174, collection, 'The index chosen is not compatible with min/max');
  const whole = keyspaceBounds(index.keyspace);
  const range: KeyBounds = { low: keys[0] ?? whole.low, high: keys[1] ?? whole.high };
  if (min !== undefined && max !== undefined && Buffer.compare(range.low, range.high) >= 0)
    throw isClustered
      ? planningError(6137401, collection, 'max() must be greater than min()')
      : planningError(
          51175,
          collection,
          'The value provided for min() does not come before the value provided for max() in the hinted index',
        );
  const fields = index.fields.map(() => EVERYTHING);
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
      fieldIntervals: fields,
      ranges: [range],
      prefixLengths: [0],
      checked: undefined,
      direction: direction ?? 'forward',
      hasDuplicates: hasArrays,
      keyFilter: undefined,
      filter: residual(conjuncts, new Set()),
      given: { min, max },
      estimate: estimateOf([range], view),
    },
    isSorted: sort === undefined || direction !== undefined,
    isCovered: false,
  };
}

/** Whether a value of a bound may be compared by a collation. */
function holdsText(raw: Uint8Array): boolean {
  return fieldsOf(raw).some(
    ({ value: { type } }) => type === STRING || type === SYMBOL || type === OBJECT || type === ARRAY,
  );
}

/** The key of the values in an index; null if they are not those of its fields. */
function keyOf(raw: Uint8Array, index: IndexSpec): Uint8Array | null {
  const values = fieldsOf(raw);
  if (values.length !== index.fields.length || index.kind === 'wildcard') return null;
  const writer = new KeyWriter();
  writer.appendVarint(index.keyspace);
  for (const [i, { path, direction, kind }] of index.fields.entries()) {
    const { name, value } = values[i]!;
    if (name !== path) return null;
    const stored = storedValue(value, kind === 'hashed', index);
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
