/**
 * Stretches of the values of one index field, in the order of their encodings (keys/value-encoding.ts). An end is a prefix
 * of encoded bytes, and the place before or after everything that starts with it; so `1` gives [before 1, after 1], and a
 * whole type the places around its first and last tag. Sets of intervals are ascending and disjoint.
 */
import { prefixEnd } from '../../lsm/index.js';
import { firstTag, tagAfter } from '../keys/tags.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { Value } from '../bson/value.js';

export interface End {
  readonly prefix: Uint8Array;
  readonly isAfter: boolean;
  /** What `prefix` encodes, exact type included, where it is one value: to be shown. */
  readonly value?: Value | undefined;
}

export interface Interval {
  readonly low: End;
  readonly high: End;
}

export type Intervals = readonly Interval[];

const NOTHING = new Uint8Array(0);
export const LOWEST: End = { prefix: NOTHING, isAfter: false };
export const HIGHEST: End = { prefix: NOTHING, isAfter: true };
export const EVERYTHING: Intervals = [{ low: LOWEST, high: HIGHEST }];
export const NO_VALUES: Intervals = [];

export function compareEnds(a: End, b: End): number {
  const length = Math.min(a.prefix.length, b.prefix.length);
  for (let i = 0; i < length; i++) {
    const difference = a.prefix[i]! - b.prefix[i]!;
    if (difference !== 0) return difference;
  }
  if (a.prefix.length === b.prefix.length) return Number(a.isAfter) - Number(b.isAfter);
  // the shorter one is before or after all that starts with it, the longer one among them
  return a.prefix.length < b.prefix.length ? (a.isAfter ? 1 : -1) : b.isAfter ? -1 : 1;
}

const writer = new KeyWriter();

export function encodeValue(value: Value): Uint8Array {
  writer.clear();
  writer.append(value.type, value.bytes, value.at);
  return writer.toBytes();
}

export const before = (prefix: Uint8Array, value?: Value): End => ({ prefix, isAfter: false, value });
export const after = (prefix: Uint8Array, value?: Value): End => ({ prefix, isAfter: true, value });

/** @param value  that the bytes stand for */
export function pointInterval(encoded: Uint8Array, value: Value): Interval {
  return { low: before(encoded, value), high: after(encoded, value) };
}

const classIntervals: (Interval | undefined)[] = [];

/** All values of a class of the order of types (bson/types.ts). */
export function classInterval(typeClass: number): Interval {
  return (classIntervals[typeClass] ??= {
    low: before(Uint8Array.of(firstTag(typeClass))),
    high: before(Uint8Array.of(tagAfter(typeClass))),
  });
}

/** Whether it holds exactly one value. */
export function isPoint({ low, high }: Interval): boolean {
  if (low.isAfter || !high.isAfter || low.prefix.length === 0) return false;
  return low.prefix === high.prefix || Buffer.compare(low.prefix, high.prefix) === 0;
}

export function isEverything(intervals: Intervals): boolean {
  return (
    intervals.length === 1 &&
    compareEnds(intervals[0]!.low, LOWEST) === 0 &&
    compareEnds(intervals[0]!.high, HIGHEST) === 0
  );
}

export function intersect(a: Intervals, b: Intervals): Intervals {
  const result: Interval[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const low = compareEnds(a[i]!.low, b[j]!.low) > 0 ? a[i]!.low : b[j]!.low;
    const isFirstShorter = compareEnds(a[i]!.high, b[j]!.high) < 0;
    const high = isFirstShorter ? a[i]!.high : b[j]!.high;
    if (compareEnds(low, high) < 0) result.push({ low, high });
    if (isFirstShorter) i++;
    else j++;
  }
  return result;
}

export function union(...sets: readonly Intervals[]): Intervals {
  return joined(sets.flat());
}

/** Intervals in any order, as a set. Sorts them in place. */
export function joined(all: Interval[]): Intervals {
  all.sort((a, b) => compareEnds(a.low, b.low));
  const result: Interval[] = [];
  for (const interval of all) {
    const last = result.at(-1);
    if (last !== undefined && compareEnds(interval.low, last.high) <= 0) {
      if (compareEnds(interval.high, last.high) > 0)
        result[result.length - 1] = { low: last.low, high: interval.high };
    } else result.push(interval);
  }
  return result;
}

export function complement(intervals: Intervals): Intervals {
  const result: Interval[] = [];
  let low = LOWEST;
  for (const interval of intervals) {
    if (compareEnds(low, interval.low) < 0) result.push({ low, high: interval.low });
    low = interval.high;
  }
  if (compareEnds(low, HIGHEST) < 0) result.push({ low, high: HIGHEST });
  return result;
}

/** Whether every value of `inner` is in `outer`. */
export function isWithin(inner: Intervals, outer: Intervals): boolean {
  return inner.every(({ low, high }) =>
    outer.some((interval) => compareEnds(interval.low, low) <= 0 && compareEnds(high, interval.high) <= 0),
  );
}

/** The same values as a descending field stores them: every byte inverted, so that ends change places. */
export function invert(intervals: Intervals): Intervals {
  const flip = ({ prefix, isAfter }: End): End => ({
    prefix: prefix.map((byte) => byte ^ 0xff),
    isAfter: !isAfter,
  });
  return intervals.map(({ low, high }) => ({ low: flip(high), high: flip(low) })).reverse();
}

/** The first key that is not before the end: its bytes, behind `start`. Undefined: there is none. */
export function keyOfEnd(start: Uint8Array, { prefix, isAfter }: End): Uint8Array | undefined {
  const key = new Uint8Array(start.length + prefix.length);
  copyInto(key, start, 0);
  copyInto(key, prefix, start.length);
  return isAfter ? prefixEnd(key) : key;
}

/** Up to so many bytes a loop is faster than a call of the runtime. */
const SHORT_COPY = 64;

function copyInto(into: Uint8Array, from: Uint8Array, at: number): void {
  if (from.length <= SHORT_COPY) for (let i = 0; i < from.length; i++) into[at + i] = from[i]!;
  else into.set(from, at);
}
