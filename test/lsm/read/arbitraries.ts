/** Random keys, sources and tombstones: few keys, so that versions, ties and deletions meet. */
import fc from 'fast-check';
import { compareBytes, equalBytes, type Bytes } from '../../../lsm/base/bytes.js';
import type { TombstoneRecord } from '../../../lsm/read/tombstone-view.js';
import { sourceOrder, type Entry } from './fake-source.js';

/** Keys that are prefixes of one another, tie in their first four bytes, end in zeros, or are all 0xff. */
export const someKey: fc.Arbitrary<Bytes> = fc.oneof(
  fc
    .array(fc.constantFrom(0, 1, 97, 255), { minLength: 1, maxLength: 3 })
    .map((bytes) => Uint8Array.from(bytes)),
  fc
    .array(fc.constantFrom(0, 98, 255), { maxLength: 2 })
    .map((tail) => Uint8Array.from([97, 97, 97, 97, ...tail])),
);

export interface FakeSourceData {
  readonly entries: readonly Entry[];
  readonly tombstones: readonly TombstoneRecord[];
}

/** Greatest sequence number in the sources. */
export const TOP_SEQ = 30;

const someTombstone = fc
  .tuple(fc.option(someKey), fc.option(someKey), fc.integer({ min: 1, max: TOP_SEQ }))
  .map(([a, b, seq]): TombstoneRecord => {
    const isReversed = a !== null && b !== null && compareBytes(a, b) > 0;
    const low = isReversed ? b : a;
    const high = isReversed ? a : b;
    return { low: low ?? new Uint8Array(0), high: high ?? undefined, seq };
  });

/**
 * @param rank   sources of a lower rank have greater sequence numbers
 * @param total  how many sources there are
 */
function source(rank: number, total: number): fc.Arbitrary<FakeSourceData> {
  const width = Math.floor(TOP_SEQ / total);
  const base = (total - 1 - rank) * width;
  const seqIn = fc.integer({ min: base + 1, max: base + width });
  const someEntry = fc
    .tuple(someKey, seqIn, fc.boolean(), fc.nat({ max: 40 }))
    .map(([key, seq, isDeleted, length]): Entry => {
      const value = isDeleted ? undefined : new Uint8Array(length).fill(seq);
      return { key, seq, value };
    });
  const tombstones = fc.array(
    fc.tuple(someTombstone, seqIn).map(([tombstone, seq]) => ({ ...tombstone, seq })),
    { maxLength: 3 },
  );
  return fc
    .tuple(fc.array(someEntry, { maxLength: 25 }), tombstones, fc.boolean())
    .map(([entries, some, isOld]) => ({ entries: settle(entries, isOld), tombstones: some }));
}

/** One entry for each key and number; where sequence numbers are not kept, the oldest of a key has number 0. */
function settle(entries: Entry[], isOld: boolean): Entry[] {
  entries.sort(sourceOrder);
  const unique = entries.filter((entry, i) => {
    const before = entries[i - 1];
    return before === undefined || before.seq !== entry.seq || !equalBytes(before.key, entry.key);
  });
  if (!isOld) return unique;
  return unique.map((entry, i) => {
    const after = unique[i + 1];
    return after !== undefined && equalBytes(after.key, entry.key) ? entry : { ...entry, seq: 0 };
  });
}

export function someSources(max: number): fc.Arbitrary<FakeSourceData[]> {
  return fc
    .integer({ min: 0, max })
    .chain((total) => fc.tuple(...Array.from({ length: total }, (_, rank) => source(rank, total))));
}

/** A move of a source. */
export type Step =
  | readonly ['next' | 'previous' | 'first' | 'last']
  | readonly ['seekAtLeast' | 'seekBefore' | 'EQ' | 'LE' | 'GE', Bytes];

const walk = fc.constantFrom<Step>(['next'], ['previous']);

/** Moves of a source: long walks, with turns and seeks between. */
export const sourceSteps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: walk },
    { weight: 1, arbitrary: fc.constantFrom<Step>(['first'], ['last']) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom('seekAtLeast' as const, 'seekBefore' as const), someKey),
    },
  ),
  { maxLength: 60 },
);

export type ReaderStep = Step | readonly ['advance', number];

/** Moves of a reader. */
export const readerSteps: fc.Arbitrary<ReaderStep[]> = fc.array(
  fc.oneof<fc.MaybeWeightedArbitrary<ReaderStep>[]>(
    { weight: 5, arbitrary: walk },
    { weight: 1, arbitrary: fc.tuple(fc.constant('advance' as const), fc.integer({ min: 1, max: 8 })) },
    { weight: 2, arbitrary: fc.tuple(fc.constantFrom('EQ' as const, 'LE' as const, 'GE' as const), someKey) },
  ),
  { maxLength: 60 },
);
