/**
 * Numbers of 113 bits (binary128), and functions of numbers with 512 bits after the point, for those of Decimal128: what
 * is computed here is rounded to 113 bits by the caller.
 */
import { piByMachin } from './pi.js';
import { integerRoot } from './decimal-arithmetic.js';

/** Bits of a binary128's significand. */
export const QUAD_BITS = 113;
/** Bits after the point while computing. */
export const POINT = 512;
const SCALE = BigInt(POINT);
export const ONE = 1n << SCALE;
/** |x| below 2^-TINY: sin x, tan x … are x to 113 bits, and what is added to 1 is lost. */
const TINY_BITS = 125;

/** A binary floating-point number: mantissa · 2^exponent. */
export interface Binary {
  readonly mantissa: bigint;
  readonly exponent: number;
}

export function bitCount(value: bigint): number {
  const magnitude = value < 0n ? -value : value;
  if (magnitude === 0n) return 0;
  const hex = magnitude.toString(16);
  return hex.length * 4 - (Math.clz32(parseInt(hex[0]!, 16)) - 28);
}

/** value / 2^places, to nearest, ties to even. */
function shiftedDown(value: bigint, places: number): bigint {
  if (places <= 0) return value << BigInt(-places);
  const by = BigInt(places);
  const quotient = value >> by;
  const rest = value - (quotient << by);
  const half = 1n << (by - 1n);
  return rest > half || (rest === half && (quotient & 1n) === 1n) ? quotient + 1n : quotient;
}

/** Rounded to 113 bits. */
export function quad(mantissa: bigint, exponent: number): Binary {
  const isNegative = mantissa < 0n;
  const magnitude = isNegative ? -mantissa : mantissa;
  const excess = bitCount(magnitude) - QUAD_BITS;
  if (excess <= 0) return { mantissa, exponent };
  const rounded = shiftedDown(magnitude, excess);
  return { mantissa: isNegative ? -rounded : rounded, exponent: exponent + excess };
}

/** With the point at POINT. */
export function fixed({ mantissa, exponent }: Binary): bigint {
  const shift = exponent + POINT;
  return shift >= 0 ? mantissa << BigInt(shift) : mantissa >> BigInt(-shift);
}

export function times(a: bigint, b: bigint): bigint {
  return (a * b) >> SCALE;
}

export function over(a: bigint, b: bigint): bigint {
  return (a << SCALE) / b;
}

export function root(a: bigint): bigint {
  return integerRoot(a << SCALE);
}

const HALVINGS = 24;

/** e^x - 1 for |x| < 1, by its series at x / 2^24, doubled back. */
export function fixedExpm1(x: bigint): bigint {
  const small = x >> BigInt(HALVINGS);
  let term = small;
  let sum = small;
  for (let n = 2n; term !== 0n && term !== -1n; n++) {
    term = times(term, small) / n;
    sum += term;
  }
  for (let i = 0; i < HALVINGS; i++) sum = sum * 2n + times(sum, sum);
  return sum;
}

/** e^x of any x that has a sensible result. */
export function exponential(x: bigint): Binary {
  const k = x / LN_2;
  return { mantissa: fixedExpm1(x - k * LN_2) + ONE, exponent: Number(k) - POINT };
}

/** ln x of x in [1, 2), by Halley's iteration from a double. */
function fixedLogOfOneToTwo(x: bigint): bigint {
  const start = Math.log(Number(x >> BigInt(POINT - 60)) / 2 ** 60);
  let y = BigInt(Math.round(start * 2 ** 52)) << BigInt(POINT - 52);
  for (let i = 0; i < 3; i++) {
    const power = fixedExpm1(y) + ONE;
    y += over(2n * (x - power), x + power);
  }
  return y;
}

/** ln of a positive number. */
export function logarithm({ mantissa, exponent }: Binary): bigint {
  const bits = bitCount(mantissa);
  const x = mantissa << BigInt(POINT + 1 - bits);
  return fixedLogOfOneToTwo(x) + BigInt(exponent + bits - 1) * LN_2;
}

/** atan x by its series, after halving the angle; for any x. */
export function fixedArcTangent(x: bigint): bigint {
  if (x > ONE) return HALF_PI - fixedArcTangent(over(ONE, x));
  if (x < -ONE) return -HALF_PI - fixedArcTangent(over(ONE, x));
  const halvings = 8;
  for (let i = 0; i < halvings; i++) x = over(x, ONE + root(ONE + times(x, x)));
  return arcTangentSeries(x) << BigInt(halvings);
}

function arcTangentSeries(x: bigint): bigint {
  const square = times(x, x);
  let power = x;
  let sum = x;
  for (let n = 3n; power !== 0n && power !== -1n; n += 2n) {
    power = -times(power, square);
    sum += power / n;
  }
  return sum;
}

/** pi · 2^bits. */
function piOf(bits: number): bigint {
  if (bits <= KEPT_PI_BITS) return keptPi() >> BigInt(KEPT_PI_BITS - bits);
  return piByMachin(bits);
}

/** Enough for angles up to about 10^75. */
const KEPT_PI_BITS: number = POINT + 256;
let kept: bigint | undefined;

function keptPi(): bigint {
  return (kept ??= piByMachin(KEPT_PI_BITS));
}

export const PI = piOf(POINT);
export const HALF_PI = PI >> 1n;
const HALF_PI_QUAD: Binary = quad(HALF_PI, -POINT);
/** ln 2 = 2 atanh(1/3). */
const LN_2 = ((): bigint => {
  let power = (ONE << 32n) / 3n;
  let sum = power;
  for (let k = 3n; power !== 0n; k += 2n) {
    power /= 9n;
    sum += power / k;
  }
  return (sum * 2n) >> 32n;
})();
export const LOG10_E: Binary = quad(over(ONE, logarithm({ mantissa: 10n, exponent: 0 })), -POINT);

/**
 * Where an angle lies: how far from the nearest end of a quarter of the circle, and which quarter. The angle is taken in
 * quarters exactly; what is left of one is rounded to 113 bits, and so is that in radians.
 */
export function quarterOf({ mantissa, exponent }: Binary): { rest: bigint; quarter: number } {
  const bits = POINT + Math.max(0, bitCount(mantissa) + exponent);
  const halfPi = piOf(bits) >> 1n;
  const shift = exponent + bits;
  const angle = shift >= 0 ? mantissa << BigInt(shift) : mantissa >> BigInt(-shift);
  const quarter = (angle + (angle < 0n ? -halfPi : halfPi) / 2n) / halfPi;
  const fraction = quad(((angle - quarter * halfPi) << SCALE) / halfPi, -POINT);
  const rest = quad(fraction.mantissa * HALF_PI_QUAD.mantissa, fraction.exponent + HALF_PI_QUAD.exponent);
  return { rest: fixed(rest), quarter: Number(((quarter % 4n) + 4n) % 4n) };
}

/** sin and cos of x in [-pi/4, pi/4]. */
export function sineAndCosine(x: bigint): [bigint, bigint] {
  const square = times(x, x);
  let term = ONE;
  let cosine = ONE;
  let sine = 0n;
  for (let n = 1n; ; n += 2n) {
    const odd = times(term, x) / n;
    sine += odd;
    term = -(times(term, square) / (n * (n + 1n)));
    if (term === 0n || term === -1n) break;
    cosine += term;
  }
  return [sine, cosine];
}

/** a / b with many bits. */
export function ratio(a: Binary, b: Binary): Binary {
  return { mantissa: (a.mantissa << SCALE) / b.mantissa, exponent: a.exponent - b.exponent - POINT };
}

export function isTiny({ mantissa, exponent }: Binary): boolean {
  return bitCount(mantissa) + exponent < -TINY_BITS;
}
