/**
 * Tells whether an entry of a compound index is within the bounds of its later fields, and where the next one can be if
 * it is not: so a scan jumps over what a range of the first field holds between the ranges of the second.
 */
import { prefixEnd } from '../../lsm/index.js';
import { ValueEnds } from '../keys/value-ends.js';
import { keyOfEnd, type End, type Intervals } from '../plan/interval.js';
import type { CheckedField } from '../plan/key-ranges.js';
import type { EntryCheck } from './index-scan.js';

export class BoundsCheck implements EntryCheck {
  private readonly ends = new ValueEnds();

  /** @param fields  the first fields of the index, the last of them with intervals */
  constructor(
    private readonly fields: readonly CheckedField[],
    private readonly isForward: boolean,
  ) {}

  check(key: Uint8Array, valuesStart: number, valuesEnd: number): Uint8Array | undefined {
    let at = valuesStart;
    for (const { isDescending, intervals } of this.fields) {
      const end = this.ends.endOf(key, at, valuesEnd, isDescending);
      if (intervals !== undefined) {
        const target = this.place(key, at, end, intervals);
        if (target !== undefined) return target;
      }
      at = end;
    }
    return undefined;
  }

  /** @returns undefined if the value is in an interval, else where to go on */
  private place(key: Uint8Array, at: number, end: number, intervals: Intervals): Uint8Array | undefined {
    // the first interval that ends behind the value
    let first = 0;
    let last = intervals.length;
    while (first < last) {
      const middle = (first + last) >>> 1;
      if (isBefore(key, at, end, intervals[middle]!.high)) last = middle;
      else first = middle + 1;
    }
    const found = intervals[first];
    if (found !== undefined && !isBefore(key, at, end, found.low)) return undefined;
    const start = key.subarray(0, at);
    // keys begin with the number of a keyspace, which is never all ff: there is always a key behind
    if (this.isForward)
      return (found === undefined ? undefined : keyOfEnd(start, found.low)) ?? prefixEnd(start)!;
    const before = intervals[first - 1];
    return before === undefined ? start.slice() : keyOfEnd(start, before.high);
  }
}

/** Whether a value, whose bytes are no other value's beginning, lies before an end. */
function isBefore(key: Uint8Array, at: number, end: number, { prefix, isAfter }: End): boolean {
  const length = Math.min(end - at, prefix.length);
  for (let i = 0; i < length; i++) {
    const difference = key[at + i]! - prefix[i]!;
    if (difference !== 0) return difference < 0;
  }
  // with the bytes of the prefix, or cut off before their end
  return isAfter || end - at < prefix.length;
}
