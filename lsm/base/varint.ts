/**
 * Unsigned LEB128: seven bits a byte, least significant first, the high bit set on all but the last byte.
 *   300 = ac 02
 * Values are safe integers in [0, 2^53).
 */
import type { Bytes } from './bytes.js';

/** How many bytes `value` takes: 1 to 8. */
export function varintLength(value: number): number {
  let n = 1;
  while (value >= 0x80) {
    value = Math.floor(value / 0x80);
    n++;
  }
  return n;
}

/** @returns the offset after the number */
export function writeVarint(into: Bytes, at: number, value: number): number {
  while (value >= 0x80) {
    if (value < 0x8000_0000) {
      into[at++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    } else {
      into[at++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
  }
  into[at++] = value;
  return at;
}

/**
 * Reads varints one after another; the result registers spare the hot paths an object a number.
 * After `read`, `end` is the offset after the number. A number that runs past `limit`, or past 2^53, sets `end` to -1.
 */
export class VarintReader {
  end = 0;

  read(from: Bytes, at: number, limit: number): number {
    if (at < limit) {
      const first = from[at]!;
      if (first < 0x80) {
        this.end = at + 1;
        return first;
      }
    }
    let value = 0;
    let scale = 1;
    for (let n = 0; n < 8 && at < limit; n++) {
      const byte = from[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.end = value <= Number.MAX_SAFE_INTEGER ? at : -1;
        return value;
      }
      scale *= 0x80;
    }
    this.end = -1;
    return 0;
  }
}
