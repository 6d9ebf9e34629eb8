/**
 * From intervals of an index's fields to stretches of its keys: the points of the first fields, combined, then the
 * intervals of one more field. What later fields ask is checked entry by entry, with a seek wherever it is not met.
 */
import { prefixEnd } from '../../lsm/index.js';
import type { IndexSpec } from '../catalog/collection-spec.js';
import { LONGEST_ENTRY_KEY, type KeyBounds } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import { invert, isEverything, isPoint, keyOfEnd, type Intervals } from './interval.js';

/** Ranges of one scan; where bounds would give more, entries are checked instead. */
const MOST_RANGES = 256;

export interface CheckedField {
  readonly isDescending: boolean;
  /** As they are stored, ascending; undefined: any value. */
  readonly intervals: Intervals | undefined;
}

export interface KeyRanges {
  /** Ascending and disjoint. */
  readonly ranges: readonly KeyBounds[];
  /** For each range, how many bytes of its keys are the same: keyspace and fixed values. */
  readonly prefixLengths: readonly number[];
  /** How many of the first fields have one value within each range. */
  readonly pointFields: number;
  /** What is to be checked of each entry; undefined: nothing. */
  readonly checked: readonly CheckedField[] | undefined;
}

const writer = new KeyWriter();

/** No stored key is longer than this, so what bounds have behind it tells nothing. */
const storable = (key: Uint8Array): Uint8Array =>
  key.length <= LONGEST_ENTRY_KEY ? key : key.subarray(0, LONGEST_ENTRY_KEY);

export function keyRanges(index: IndexSpec, fieldIntervals: readonly Intervals[]): KeyRanges {
  const exact = exactRanges(index, fieldIntervals);
  if (!exact.ranges.some(({ low, high }) => Math.max(low.length, high.length) > LONGEST_ENTRY_KEY))
    return exact;
  return {
    ...exact,
    ranges: exact.ranges.map(({ low, high }) => ({ low: storable(low), high: storable(high) })),
    prefixLengths: exact.prefixLengths.map((length) => Math.min(length, LONGEST_ENTRY_KEY)),
  };
}

function exactRanges(index: IndexSpec, fieldIntervals: readonly Intervals[]): KeyRanges {
  writer.clear();
  writer.appendVarint(index.keyspace);
  let prefixes: Uint8Array[] = [writer.toBytes()];
  const stored = fieldIntervals.map((intervals, field) =>
    index.fields[field]!.direction < 0 ? invert(intervals) : intervals,
  );
  let field = 0;
  for (; field < stored.length; field++) {
    const intervals = stored[field]!;
    if (!intervals.every(isPoint) || prefixes.length * intervals.length > MOST_RANGES) break;
    prefixes = withPoints(prefixes, intervals);
  }
  const intervals = stored[field];
  if (intervals === undefined || isEverything(intervals))
    return {
      ranges: prefixes.map((prefix) => ({ low: prefix, high: prefixEnd(prefix)! })),
      prefixLengths: prefixes.map(({ length }) => length),
      pointFields: field,
      checked: checkedFields(index, stored, field + 1),
    };
  const isWithinLimit = prefixes.length * intervals.length <= MOST_RANGES;
  const outer = isWithinLimit ? intervals : hull(intervals);
  const ranges: KeyBounds[] = [];
  const prefixLengths: number[] = [];
  for (const prefix of prefixes)
    for (const interval of outer) {
      const low = keyOfEnd(prefix, interval.low);
      const high = keyOfEnd(prefix, interval.high);
      if (low === undefined || high === undefined) continue;
      ranges.push({ low, high });
      prefixLengths.push(prefix.length);
    }
  return {
    ranges,
    prefixLengths,
    pointFields: field,
    checked: checkedFields(index, stored, isWithinLimit ? field + 1 : field),
  };
}

function hull(intervals: Intervals): Intervals {
  return [{ low: intervals[0]!.low, high: intervals.at(-1)!.high }];
}

/** Each prefix with each of the points behind it. */
function withPoints(prefixes: readonly Uint8Array[], points: Intervals): Uint8Array[] {
  const longer: Uint8Array[] = [];
  for (const prefix of prefixes) for (const { low } of points) longer.push(keyOfEnd(prefix, low)!);
  return longer;
}

/** @param first  the first field that the ranges do not decide */
function checkedFields(
  index: IndexSpec,
  stored: readonly Intervals[],
  first: number,
): readonly CheckedField[] | undefined {
  const last = stored.findLastIndex((intervals, field) => field >= first && !isEverything(intervals));
  if (last < 0) return undefined;
  return stored.slice(0, last + 1).map((intervals, field) => ({
    isDescending: index.fields[field]!.direction < 0,
    intervals: field < first || isEverything(intervals) ? undefined : intervals,
  }));
}
