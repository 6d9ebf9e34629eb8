/**
 * Tells whether an entry of a compound index is within the bounds of its later fields, and where the next one can be if
 * it is not: so a scan jumps over what a range of the first field holds between the ranges of the second.
 */
import { ValueEnds } from '../keys/value-ends.js';
import type { CheckedField, StoredInterval } from '../plan/key-ranges.js';
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
  private place(
    key: Uint8Array,
    at: number,
    end: number,
    intervals: readonly StoredInterval[],
  ): Uint8Array | undefined {
    // the first interval that ends behind the value
    let first = 0;
    let last = intervals.length;
    while (first < last) {
      const middle = (first + last) >>> 1;
      const { high } = intervals[middle]!;
      if (high === undefined || compareRange(key, at, end, high) < 0) last = middle;
      else first = middle + 1;
    }
    const found = intervals[first];
    if (found !== undefined && compareRange(key, at, end, found.low) >= 0) return undefined;
    const start = key.slice(0, at);
    if (this.isForward) return found === undefined ? successorOf(start) : joined(start, found.low);
    const before = intervals[first - 1];
    return before === undefined ? start : joined(start, before.high!);
  }
}

/** Compares a value's bytes, and what may follow them, with an end. */
function compareRange(key: Uint8Array, at: number, end: number, bound: Uint8Array): number {
  const length = Math.min(end - at, bound.length);
  for (let i = 0; i < length; i++) {
    const difference = key[at + i]! - bound[i]!;
    if (difference !== 0) return difference;
  }
  // no value's bytes are the beginning of another's: a longer bound lies behind all entries with this value
  return end - at < bound.length ? -1 : 0;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** The first key after all that start with `prefix`, which holds no byte but ff only if it is a keyspace's last. */
function successorOf(prefix: Uint8Array): Uint8Array {
  let length = prefix.length;
  while (length > 1 && prefix[length - 1] === 0xff) length--;
  const next = prefix.slice(0, length);
  next[length - 1]!++;
  return next;
}
