/**
 * What a document sorts by: for a pattern {a: 1, 'b.c': -1} a key of bytes that compares as the documents do. Of arrays
 * the least element counts in ascending order, the greatest in descending; an empty array is undefined, nothing is null.
 * With a collation strings have no such bytes: the key then is the values, compared one by one.
 */
import type { Collation } from '../bson/compare.js';
import { MISSING, NULL } from '../bson/types.js';
import { Value } from '../bson/value.js';
import { collatorOf } from '../collation/collator.js';
import type { CollationSpec } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import { KeyExtractor, type TupleSink } from '../index/key-extractor.js';
import type { FieldDirection } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import { compareTuples } from '../plan/collated-range.js';

export interface SortField {
  readonly path: string;
  readonly direction: FieldDirection;
  /** Of {$meta: name}; undefined for a field. */
  readonly meta: string | undefined;
}

/** Computes keys, one document after another. */
export class SortKeys implements TupleSink {
  readonly collation: Collation | undefined;
  private readonly extractor: KeyExtractor;
  private writer = new KeyWriter();
  /** The least key of the document so far, if there is one. */
  private least = new KeyWriter();
  private hasLeast = false;
  private leastValues: Value[] | undefined;
  private keepsValues = false;
  private bytes: Uint8Array = NOTHING;

  /** @param isWithin  whether documents are sorted by something else before */
  constructor(
    readonly fields: readonly SortField[],
    collation: CollationSpec | undefined,
    isWithin = false,
  ) {
    this.extractor = new KeyExtractor(
      fields.map(({ path }) => path),
      isWithin,
    );
    this.collation = collation === undefined ? undefined : collatorOf(collation);
  }

  /** The key of the document at `at`, in bytes of its own. Not with a collation. */
  keyOf(bytes: Uint8Array, at: number): Uint8Array {
    return this.findKey(bytes, at).toBytes();
  }

  /** The same without a copy: what is written there is the key until the next call. */
  findKey(bytes: Uint8Array, at: number): KeyWriter {
    this.hasLeast = false;
    this.keepsValues = false;
    this.extract(bytes, at);
    return this.least;
  }

  /** The values of the document under the pattern, for `compareTuples`. */
  valuesOf(bytes: Uint8Array, at: number): Value[] {
    this.leastValues = undefined;
    this.keepsValues = true;
    this.extract(bytes, at);
    return this.leastValues!;
  }

  /** Whether the document at `at` has a tuple that is taken. */
  hasKey(bytes: Uint8Array, at: number): boolean {
    this.leastValues = undefined;
    this.keepsValues = true;
    this.extract(bytes, at);
    return this.leastValues !== undefined;
  }

  /** Whether a tuple counts at all; only asked where values are compared. */
  protected takes(_values: readonly Value[]): boolean {
    return true;
  }

  /** Whether an array of the document at `at` has to do with its key. */
  meetsArray(bytes: Uint8Array, at: number): boolean {
    this.valuesOf(bytes, at);
    return this.extractor.crossedArray;
  }

  private extract(bytes: Uint8Array, at: number): void {
    this.bytes = bytes;
    try {
      this.extractor.extract(bytes, at, this);
    } catch (error) {
      if (error instanceof ElmoError && error.codeName === 'CannotIndexParallelArrays')
        throw new ElmoError('BadValue', 'cannot sort with keys that are parallel arrays');
      throw error;
    }
  }

  tuple({ types, at }: KeyExtractor): void {
    const { writer, fields, bytes } = this;
    if (this.keepsValues) {
      const values = fields.map((_, i) => {
        const type = types[i]!;
        return (type === MISSING ? new Value(NULL, NOTHING, 0) : new Value(type, bytes, at[i]!)).keep();
      });
      if (!this.takes(values)) return;
      if (this.leastValues === undefined || this.compareTuples(values, this.leastValues) < 0)
        this.leastValues = values;
      return;
    }
    writer.clear();
    for (let i = 0; i < fields.length; i++) {
      if (fields[i]!.direction > 0) writer.append(types[i]!, bytes, at[i]!);
      else writer.appendDescending(types[i]!, bytes, at[i]!);
    }
    const { least } = this;
    if (this.hasLeast && compareBytes(writer.bytes, writer.length, least.bytes, least.length) >= 0) return;
    this.hasLeast = true;
    this.least = writer;
    this.writer = least;
  }

  compareTuples(a: readonly Value[], b: readonly Value[]): number {
    return compareTuples(this.fields, a, b, this.collation);
  }
}

const NOTHING = new Uint8Array(0);

export function compareBytes(a: Uint8Array, aLength: number, b: Uint8Array, bLength: number): number {
  const length = Math.min(aLength, bLength);
  for (let i = 0; i < length; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}
