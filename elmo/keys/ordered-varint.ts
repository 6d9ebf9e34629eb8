/**
 * Whole numbers whose bytes sort as they do: the first byte tells by its leading ones how many follow.
 *
 *   0xxxxxxx                    below 2^7
 *   10xxxxxx xxxxxxxx           below 2^14
 *   110xxxxx + 2 bytes          below 2^21
 *   …
 *   11111110 + 7 bytes          below 2^53
 *
 *   300 = 81 2c
 * In keys since format 1.
 */

/** How many bytes `value` takes: 1 to 8. */
export function orderedVarintLength(value: number): number {
  let length = 1;
  for (let limit = 0x80; value >= limit && length < 8; limit *= 0x80) length++;
  return length;
}

/**
 * @param value  a safe integer, not negative
 * @returns the offset after the number
 */
export function writeOrderedVarint(into: Uint8Array, at: number, value: number): number {
  if (value < 0x80) {
    into[at] = value;
    return at + 1;
  }
  const length = orderedVarintLength(value);
  for (let i = length - 1; i > 0; i--) {
    into[at + i] = value % 0x100;
    value = Math.floor(value / 0x100);
  }
  into[at] = ((0xff00 >>> (length - 1)) & 0xff) | value;
  return at + length;
}

/** How many bytes the number takes whose first byte is given: 1 to 8, or 9 for a byte that starts none. */
export function orderedVarintLengthOf(first: number): number {
  return first < 0x80 ? 1 : Math.clz32((~first << 24) | 0x80_0000) + 1;
}

/** The number at `at`. The caller knows that all of it is there. */
export function readOrderedVarint(from: Uint8Array, at: number): number {
  const first = from[at]!;
  const length = orderedVarintLengthOf(first);
  let value = first & (0x7f >>> (length - 1));
  for (let i = 1; i < length; i++) value = value * 0x100 + from[at + i]!;
  return value;
}
