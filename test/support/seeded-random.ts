/** Randomness that a seed repeats: PCG32 (O'Neill 2014, XSH-RR). For tests and laboratories, never for nonces. */
import type { Random } from '../../lsm/env/env.js';

const MULTIPLIER = 6364136223846793005n;
const M0 = Number(MULTIPLIER & 0xffffn);
const M1 = Number((MULTIPLIER >> 16n) & 0xffffn);
const M2 = Number((MULTIPLIER >> 32n) & 0xffffn);
const M3 = Number((MULTIPLIER >> 48n) & 0xffffn);

/** One 32-bit number to many: the finaliser of MurmurHash3. */
function scramble(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

export class SeededRandom implements Random {
  // 64 bits of state in 16-bit limbs, least significant first: products of limbs stay below 2^53
  private s0: number;
  private s1: number;
  private s2: number;
  private s3: number;

  constructor(readonly seed: number) {
    const low = scramble((seed >>> 0) + 0x9e3779b9);
    const high = scramble(low ^ Math.floor(seed / 2 ** 32));
    this.s0 = low & 0xffff;
    this.s1 = low >>> 16;
    this.s2 = high & 0xffff;
    this.s3 = high >>> 16;
    this.next();
  }

  /** A whole number in [0, 2^32). */
  next(): number {
    const { s0, s1, s2, s3 } = this;
    const low = (s0 | (s1 << 16)) >>> 0;
    const high = (s2 | (s3 << 16)) >>> 0;
    this.step();
    // ((state >> 18) ^ state) >> 27, low 32 bits
    const xLow = (((low >>> 18) | (high << 14)) ^ low) >>> 0;
    const xHigh = ((high >>> 18) ^ high) >>> 0;
    const mixed = ((xLow >>> 27) | (xHigh << 5)) >>> 0;
    const rotation = high >>> 27;
    return ((mixed >>> rotation) | (mixed << (-rotation & 31))) >>> 0;
  }

  /** A whole number in [0, n); n at most 2^32. */
  int(n: number): number {
    return Math.floor((this.next() / 2 ** 32) * n);
  }

  /** A number in [0, 1). */
  float(): number {
    return this.next() / 2 ** 32;
  }

  /** True `percent` times in a hundred. */
  chance(percent: number): boolean {
    return this.int(100) < percent;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.int(from.length)]!;
  }

  fill(into: Uint8Array): void {
    let word = 0;
    for (let i = 0; i < into.length; i++) {
      word = (i & 3) === 0 ? this.next() : word >>> 8;
      into[i] = word;
    }
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.fill(bytes);
    return bytes;
  }

  /** state = state * MULTIPLIER + 1, modulo 2^64 */
  private step(): void {
    const { s0, s1, s2, s3 } = this;
    let sum = s0 * M0 + 1;
    this.s0 = sum & 0xffff;
    sum = Math.floor(sum / 65536) + s0 * M1 + s1 * M0;
    this.s1 = sum % 65536;
    sum = Math.floor(sum / 65536) + s0 * M2 + s1 * M1 + s2 * M0;
    this.s2 = sum % 65536;
    sum = Math.floor(sum / 65536) + s0 * M3 + s1 * M2 + s2 * M1 + s3 * M0;
    this.s3 = sum % 65536;
  }
}
