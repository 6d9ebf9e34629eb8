/** What `explain` shows where a collection lies in the order of its `_id`: a scan of its records. Source: the reference. */
import { doubleValue, EMPTY_DOCUMENT, stringValue, type Value } from '../bson/value.js';
import { CLASS_NUMBER, CLASS_STRING } from '../bson/types.js';
import { firstTag } from '../keys/tags.js';
import type { NamedValue } from '../catalog/raw-document.js';
import { after, classInterval, compareEnds, HIGHEST, LOWEST, type End } from '../plan/interval.js';
import type { IndexScanPlan } from '../plan/query-plan.js';
import type { FilterNode } from '../query/filter.js';

/** How a scan of records is named (clusteredScan in plan/clustered.ts), what it asks of each record, and from where to where it goes. */
export interface RecordStretch {
  readonly stage: 'CLUSTERED_IXSCAN' | 'COLLSCAN';
  readonly filter: FilterNode | undefined;
  readonly ends: readonly NamedValue[];
}

export function recordStretch(
  { fieldIntervals, filter, keyFilter }: IndexScanPlan,
  wanted: FilterNode,
): RecordStretch {
  const intervals = fieldIntervals[0]!;
  const [first, last] = [intervals[0], intervals.at(-1)];
  const whole = wanted.kind === 'true' ? undefined : wanted;
  if (first === undefined || last === undefined || keyFilter !== undefined)
    return { stage: 'COLLSCAN', filter: whole, ends: [] };
  const isLowest = compareEnds(first.low, LOWEST) === 0;
  const isHighest = compareEnds(last.high, HIGHEST) === 0;
  if (isLowest && isHighest) return { stage: 'COLLSCAN', filter: whole, ends: [] };
  return {
    stage: 'CLUSTERED_IXSCAN',
    filter: intervals.length > 1 ? whole : filter,
    ends: [
      ['minRecord', isLowest ? undefined : recordAt(first.low)],
      ['maxRecord', isHighest ? undefined : recordAt(last.high)],
    ],
  };
}

const CLASS_ENDS: readonly (readonly [typeClass: number, low: Value, high: Value])[] = [
  [CLASS_NUMBER, doubleValue(NaN).keep(), doubleValue(Infinity).keep()],
  [CLASS_STRING, stringValue('').keep(), EMPTY_DOCUMENT],
];

/** Where numbers that are less than others begin. */
const BEHIND_NAN = after(Uint8Array.of(firstTag(CLASS_NUMBER)));

/** The value at an end; undefined: it is that of a type for which none is shown. */
function recordAt(end: End): Value | undefined {
  if (end.value !== undefined) return end.value;
  if (compareEnds(end, BEHIND_NAN) === 0) return doubleValue(NaN);
  for (const [typeClass, low, high] of CLASS_ENDS) {
    const interval = classInterval(typeClass);
    if (compareEnds(end, interval.low) === 0) return low;
    if (compareEnds(end, interval.high) === 0) return high;
  }
  return undefined;
}
