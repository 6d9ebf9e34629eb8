/**
 * Whole numbers packed into words of 64 bits, the way the columns of time-series buckets have them. The low four bits of a
 * word, its selector, tell how many numbers lie in the other sixty, the first one lowest:
 *   selector    1   2   3   4   5   6   7   8   9  10  11  12  13  14   15
 *   numbers    60  30  20  15  12  10   8   7   6   5   4   3   2   1   120 × (1 + the next four bits) times the last one
 * Behind selectors 7 and 8 four bits more select: 0 the above, others numbers of which zeros at the end were cut off. Such a
 * number has its own counter of these zeros (behind 8: of groups of four) in its lowest bits, then what remains. A number whose
 * bits are all ones stands for a value that is not there.
 */

/** A value that is not there. */
export const ABSENT = undefined;
export type Packed = bigint | typeof ABSENT;

export const WORD_BYTES = 8;
const BITS_OF_SELECTOR = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30, 60] as const;
const REPEATED = 15;
const REPEATED_COUNT = 120;
/** Bits that remain of a number without the zeros at its end, by the second selector. */
const CUT_BITS = [0, 2, 3, 4, 5, 7, 10, 14, 24, 52] as const;
const CUT_BITS_BY_FOUR = [0, 4, 5, 7, 10, 14, 24, 52] as const;
/** The same of numbers of 128 bits, from the second selector 8 on. */
const WIDE_CUT_BITS = [4, 6, 9, 13, 23, 51] as const;
const FIRST_WIDE = 8;
const COUNTER_BITS = 4;
const WIDE_COUNTER_BITS = 5;
const WORD_BITS = 64;

/**
 * @param last  the last number before this word
 * @returns the numbers of the word, without signs
 * @throws Error when no word is like that
 */
export function numbersOf(word: bigint, last: Packed): Packed[] {
  const selector = Number(word & 15n);
  const second = Number((word >> 4n) & 15n);
  if (selector === REPEATED) return new Array<Packed>(REPEATED_COUNT * (1 + second)).fill(last);
  if (selector === 7 && second > 0) return cutNumbers(word, CUT_BITS[second], COUNTER_BITS, 1);
  if (selector === 8 && second >= FIRST_WIDE)
    return cutNumbers(word, WIDE_CUT_BITS[second - FIRST_WIDE], WIDE_COUNTER_BITS, 4);
  if (selector === 8 && second > 0) return cutNumbers(word, CUT_BITS_BY_FOUR[second], COUNTER_BITS, 4);
  const bits = BITS_OF_SELECTOR[selector];
  if (bits === undefined || bits === 0) throw new Error(`a packed word has the selector ${selector}`);
  const from = selector === 7 || selector === 8 ? 8 : 4;
  return slices(word, from, bits);
}

/** @param unit  of the counter of zeros */
function cutNumbers(word: bigint, bits: number | undefined, counterBits: number, unit: number): Packed[] {
  if (bits === undefined) throw new Error('a packed word has a second selector that is not known');
  const counter = (1n << BigInt(counterBits)) - 1n;
  return slices(word, 8, bits + counterBits).map((slice) =>
    slice === ABSENT ? ABSENT : (slice >> BigInt(counterBits)) << BigInt(Number(slice & counter) * unit),
  );
}

function slices(word: bigint, from: number, bits: number): Packed[] {
  const ones = (1n << BigInt(bits)) - 1n;
  const found: Packed[] = [];
  for (let at = from; at + bits <= WORD_BITS; at += bits) {
    const slice = (word >> BigInt(at)) & ones;
    found.push(slice === ones ? ABSENT : slice);
  }
  return found;
}

/** 0, 1, 2, 3 … → 0, -1, 1, -2 … */
export function signedOf(packed: bigint): bigint {
  return (packed >> 1n) ^ -(packed & 1n);
}
