/**
 * Logarithms, powers and trigonometry of Decimal128. The reference computes them in IEEE binary128 (113 bits) and turns
 * the result back into 34 digits, so that is done here too: where it rounds the operand to 113 bits, so does this; the
 * function is computed with many more bits, and its result rounded to 113 bits and then to 34 digits. The last digit can
 * still differ where the reference's own functions are off by one. How results that are exact are written (1 or
 * 1.000…, 0 or 0E-6176) was learnt by asking.
 */
import {
  Decimal,
  DECIMAL_DIGITS,
  DECIMAL_INFINITY,
  DECIMAL_NOT_A_NUMBER,
  infinityOf,
  integerRoot,
  isWholeDecimal,
  LEAST_EXPONENT,
  roundedDecimal,
} from './decimal-arithmetic.js';
import { DECIMAL_FINITE, powerOfTen } from './decimal.js';

/** Bits of a binary128's significand. */
const QUAD_BITS = 113;
/** Bits after the point while computing. */
const POINT = 512;
const SCALE = BigInt(POINT);
const ONE = 1n << SCALE;
/** |x| below 2^-TINY: sin x, tan x … are x to 113 bits, and what is added to 1 is lost. */
const TINY_BITS = 125;

/** A binary floating-point number: mantissa · 2^exponent. */
interface Binary {
  readonly mantissa: bigint;
  readonly exponent: number;
}

function bitCount(value: bigint): number {
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
function quad(mantissa: bigint, exponent: number): Binary {
  const isNegative = mantissa < 0n;
  const magnitude = isNegative ? -mantissa : mantissa;
  const excess = bitCount(magnitude) - QUAD_BITS;
  if (excess <= 0) return { mantissa, exponent };
  const rounded = shiftedDown(magnitude, excess);
  return { mantissa: isNegative ? -rounded : rounded, exponent: exponent + excess };
}

/** A finite decimal with all the bits that can matter. */
function binaryOfDecimal(value: Decimal): Binary {
  const coefficient = value.isNegative ? -value.coefficient : value.coefficient;
  if (value.exponent >= 0) return { mantissa: coefficient * powerOfTen(value.exponent), exponent: 0 };
  const divisor = powerOfTen(-value.exponent);
  const places = bitCount(divisor) + POINT;
  return { mantissa: (coefficient << BigInt(places)) / divisor, exponent: -places };
}

/** A finite decimal in 113 bits. */
function quadOfDecimal(value: Decimal): Binary {
  const { mantissa, exponent } = binaryOfDecimal(value);
  return quad(mantissa, exponent);
}

/** To 34 digits, zeros at the end included. */
function decimalOfBinary({ mantissa, exponent }: Binary): Decimal {
  if (mantissa === 0n) return leastZero(false);
  const isNegative = mantissa < 0n;
  const magnitude = isNegative ? -mantissa : mantissa;
  const bits = bitCount(magnitude) + exponent;
  const places = DECIMAL_DIGITS + 2 - Math.floor(bits * 0.30102999566398); // so that there are 35 digits or more
  const numerator = (magnitude * (places > 0 ? powerOfTen(places) : 1n)) << BigInt(Math.max(exponent, 0));
  const denominator = (places < 0 ? powerOfTen(-places) : 1n) << BigInt(Math.max(-exponent, 0));
  const quotient = numerator / denominator;
  return roundedDecimal(isNegative, quotient, -places, quotient * denominator !== numerator);
}

function decimalOfFixed(value: bigint): Decimal {
  return decimalOfBinary(quad(value, -POINT));
}

/** With the point at POINT. */
function fixed({ mantissa, exponent }: Binary): bigint {
  const shift = exponent + POINT;
  return shift >= 0 ? mantissa << BigInt(shift) : mantissa >> BigInt(-shift);
}

function times(a: bigint, b: bigint): bigint {
  return (a * b) >> SCALE;
}

function over(a: bigint, b: bigint): bigint {
  return (a << SCALE) / b;
}

function root(a: bigint): bigint {
  return integerRoot(a << SCALE);
}

const HALVINGS = 24;

/** e^x - 1 for |x| < 1, by its series at x / 2^24, doubled back. */
function fixedExpm1(x: bigint): bigint {
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
function exponential(x: bigint): Binary {
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
function logarithm({ mantissa, exponent }: Binary): bigint {
  const bits = bitCount(mantissa);
  const x = mantissa << BigInt(POINT + 1 - bits);
  return fixedLogOfOneToTwo(x) + BigInt(exponent + bits - 1) * LN_2;
}

/** atan x by its series, after halving the angle; for any x. */
function fixedArcTangent(x: bigint): bigint {
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
  return machin(bits);
}

/** Enough for angles up to about 10^75. */
const KEPT_PI_BITS: number = POINT + 256;
let kept: bigint | undefined;

function keptPi(): bigint {
  return (kept ??= machin(KEPT_PI_BITS));
}

/** The same by Machin's formula. */
function machin(bits: number): bigint {
  const guard = 32;
  const one = 1n << BigInt(bits + guard);
  const inverse = (n: bigint): bigint => {
    let power = one / n;
    let sum = power;
    for (let k = 3n; power !== 0n; k += 2n) {
      power = -power / (n * n);
      sum += power / k;
    }
    return sum;
  };
  return (16n * inverse(5n) - 4n * inverse(239n)) >> BigInt(guard);
}

const PI = piOf(POINT);
const HALF_PI = PI >> 1n;
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
const LOG10_E: Binary = quad(over(ONE, logarithm({ mantissa: 10n, exponent: 0 })), -POINT);

/**
 * Where an angle lies: how far from the nearest end of a quarter of the circle, and which quarter. The angle is taken in
 * quarters exactly; what is left of one is rounded to 113 bits, and so is that in radians.
 */
function quarterOf({ mantissa, exponent }: Binary): { rest: bigint; quarter: number } {
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
function sineAndCosine(x: bigint): [bigint, bigint] {
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

type Trigonometric = 'sin' | 'cos' | 'tan';

/** Of an angle in radians; NaN for infinities. */
export function trigonometryOfDecimal(name: Trigonometric, value: Decimal): Decimal {
  if (!value.isFinite) return DECIMAL_NOT_A_NUMBER;
  if (value.isZero) return name === 'cos' ? paddedOne(false) : name === 'sin' ? value : loweredZero(value);
  const x = binaryOfDecimal(value);
  if (isTiny(x)) return name === 'cos' ? paddedOne(false) : decimalOfBinary(x);
  const { rest, quarter } = quarterOf(x);
  const [s, c] = sineAndCosine(rest);
  const sine = [s, c, -s, -c][quarter]!;
  const cosine = [c, -s, -c, s][quarter]!;
  return decimalOfFixed(name === 'sin' ? sine : name === 'cos' ? cosine : over(sine, cosine));
}

function isTiny({ mantissa, exponent }: Binary): boolean {
  return bitCount(mantissa) + exponent < -TINY_BITS;
}

function leastZero(isNegative: boolean): Decimal {
  return new Decimal(DECIMAL_FINITE, isNegative, 0n, LEAST_EXPONENT);
}

function oneDecimal(isNegative = false): Decimal {
  return new Decimal(DECIMAL_FINITE, isNegative, 1n, 0);
}

function paddedOne(isNegative: boolean): Decimal {
  return new Decimal(DECIMAL_FINITE, isNegative, powerOfTen(DECIMAL_DIGITS - 1), 1 - DECIMAL_DIGITS);
}

/** The exponent of a zero that went through a function which the reference scales by 10^-40. */
const ZERO_SCALE = 40;

function loweredZero(zero: Decimal): Decimal {
  return roundedDecimal(zero.isNegative, 0n, zero.exponent - ZERO_SCALE);
}

/** Of a value in [-1, 1]. */
export function arcSineOfDecimal(value: Decimal): Decimal {
  const x = quadOfDecimal(value);
  if (value.isZero || isTiny(x)) return value.isZero ? loweredZero(value) : decimalOfBinary(x);
  const f = fixed(x);
  return decimalOfFixed(fixedArcSine(f));
}

function fixedArcSine(x: bigint): bigint {
  const cosine = root(ONE - times(x, x));
  if (cosine === 0n) return x > 0n ? HALF_PI : -HALF_PI;
  return fixedArcTangent(over(x, cosine));
}

export function arcCosineOfDecimal(value: Decimal): Decimal {
  const x = fixed(quadOfDecimal(value));
  if (x === ONE) return leastZero(false);
  const sine = root(ONE - times(x, x));
  if (x > 0n) return decimalOfFixed(fixedArcTangent(over(sine, x)));
  return decimalOfFixed(x === 0n ? HALF_PI : PI + fixedArcTangent(over(sine, x)));
}

export function arcTangentOfDecimal(value: Decimal): Decimal {
  if (value.isNaN || value.isZero) return value;
  if (value.isInfinite) return decimalOfFixed(value.isNegative ? -HALF_PI : HALF_PI);
  const x = quadOfDecimal(value);
  return isTiny(x) ? decimalOfBinary(x) : decimalOfFixed(fixedArcTangent(fixed(x)));
}

/** The angle of the point (x, y), in (-pi, pi]. */
export function arcTangent2OfDecimals(y: Decimal, x: Decimal): Decimal {
  if (y.isNaN || x.isNaN) return DECIMAL_NOT_A_NUMBER;
  if (y.isZero) {
    if (!x.isNegative) return leastZero(y.isNegative);
    return decimalOfFixed(y.isNegative ? -PI : PI);
  }
  if (x.isZero || (y.isInfinite && !x.isInfinite)) return decimalOfFixed(y.isNegative ? -HALF_PI : HALF_PI);
  if (x.isInfinite) {
    let angle = 0n;
    if (y.isInfinite) angle = x.isNegative ? (PI * 3n) / 4n : PI / 4n;
    else if (x.isNegative) angle = PI;
    else return leastZero(y.isNegative);
    return decimalOfFixed(y.isNegative ? -angle : angle);
  }
  const b = quadOfDecimal(y);
  const a = quadOfDecimal(x);
  const quotient = ratio(b, a);
  if (x.isNegative) {
    const angle = fixedArcTangent(fixed(quotient));
    return decimalOfFixed(y.isNegative ? angle - PI : angle + PI);
  }
  return isTiny(quotient)
    ? decimalOfBinary(quad(quotient.mantissa, quotient.exponent))
    : decimalOfFixed(fixedArcTangent(fixed(quotient)));
}

/** a / b with many bits. */
function ratio(a: Binary, b: Binary): Binary {
  return { mantissa: (a.mantissa << SCALE) / b.mantissa, exponent: a.exponent - b.exponent - POINT };
}

type Hyperbolic = 'sinh' | 'cosh' | 'tanh';

export function hyperbolicOfDecimal(name: Hyperbolic, value: Decimal): Decimal {
  if (value.isNaN) return value;
  if (value.isInfinite) {
    if (name === 'tanh') return new Decimal(DECIMAL_FINITE, value.isNegative, 1n, 0);
    return infinityOf(name === 'sinh' && value.isNegative);
  }
  if (value.isZero) return name === 'cosh' ? paddedOne(false) : name === 'sinh' ? loweredZero(value) : value;
  const x = binaryOfDecimal(value);
  if (isTiny(x)) return name === 'cosh' ? paddedOne(false) : decimalOfBinary(x);
  if (isBeyondExponential(x)) {
    if (name === 'tanh') return oneDecimal(value.isNegative);
    return infinityOf(name === 'sinh' && value.isNegative);
  }
  return hyperbolic(name, fixed(x));
}

function hyperbolic(name: Hyperbolic, x: bigint): Decimal {
  const isNegative = x < 0n;
  const magnitude = isNegative ? -x : x;
  if (magnitude < ONE) {
    const e = fixedExpm1(magnitude); // e^x - 1, exact where x is small
    const sinh = (e + over(e, e + ONE)) >> 1n;
    const cosh = ONE + ((times(e, e) / 2n) * ONE) / (e + ONE);
    const result = name === 'cosh' ? cosh : name === 'sinh' ? sinh : over(sinh, cosh);
    return decimalOfFixed(isNegative && name !== 'cosh' ? -result : result);
  }
  const up = exponential(magnitude);
  const down = exponential(-magnitude);
  const gap = BigInt(up.exponent - down.exponent);
  const tail = down.mantissa >> gap;
  const minus = up.mantissa - tail;
  const plus = up.mantissa + tail;
  if (name === 'cosh') return decimalOfBinary(quad(plus, up.exponent - 1));
  if (name === 'sinh') return decimalOfBinary(quad(isNegative ? -minus : minus, up.exponent - 1));
  return magnitude > TANH_ONE
    ? oneDecimal(isNegative)
    : decimalOfFixed(over(isNegative ? -minus : minus, plus));
}

/** Above this tanh is 1 to 34 digits. */
const TANH_ONE: bigint = 40n * ONE;

type InverseHyperbolic = 'asinh' | 'acosh' | 'atanh';

/** acosh needs x >= 1, atanh |x| <= 1. */
export function inverseHyperbolicOfDecimal(name: InverseHyperbolic, value: Decimal): Decimal {
  if (value.isNaN || value.isInfinite) return value;
  if (value.isZero) return leastZero(value.isNegative);
  const x = quadOfDecimal(value);
  if (isTiny(x)) return decimalOfBinary(x);
  const isNegative = x.mantissa < 0n;
  const magnitude: Binary = { mantissa: isNegative ? -x.mantissa : x.mantissa, exponent: x.exponent };
  let result: bigint;
  if (name === 'atanh') {
    const f = fixed(magnitude);
    if (f === ONE) return infinityOf(isNegative);
    result = logarithm(ratio({ mantissa: ONE + f, exponent: 0 }, { mantissa: ONE - f, exponent: 0 })) >> 1n;
  } else if (bitCount(magnitude.mantissa) + magnitude.exponent > QUAD_BITS * 2)
    result = logarithm({ mantissa: magnitude.mantissa, exponent: magnitude.exponent + 1 });
  else {
    const f = fixed(magnitude);
    const squareRoot = root(times(f, f) + (name === 'asinh' ? ONE : -ONE));
    result = logarithm({ mantissa: f + squareRoot, exponent: -POINT });
  }
  if (result === 0n) return new Decimal(DECIMAL_FINITE, false, 0n, 0);
  return decimalOfFixed(isNegative ? -result : result);
}

/** Above this e^|x| is beyond any decimal, or below. */
const MOST_EXPONENT_BITS = 15;

function isBeyondExponential({ mantissa, exponent }: Binary): boolean {
  return bitCount(mantissa) + exponent > MOST_EXPONENT_BITS;
}

export function exponentialOfDecimal(value: Decimal): Decimal {
  if (value.isNaN) return value;
  if (value.isInfinite) return value.isNegative ? new Decimal(DECIMAL_FINITE, false, 0n, 0) : value;
  if (value.isZero) return oneDecimal();
  const x = binaryOfDecimal(value);
  if (isTiny(x)) return oneDecimal();
  if (isBeyondExponential(x)) return value.isNegative ? leastZero(false) : DECIMAL_INFINITY;
  const { mantissa, exponent } = exponential(fixed(x));
  return decimalOfBinary(quad(mantissa, exponent));
}

/** The natural logarithm of what is above 0. */
export function naturalLogarithmOfDecimal(value: Decimal): Decimal {
  if (!value.isFinite) return value;
  const result = logarithm(quadOfDecimal(value));
  return result === 0n ? new Decimal(DECIMAL_FINITE, false, 0n, 0) : decimalOfFixed(result);
}

/** The logarithm to base 10 of what is above 0. */
export function logarithm10OfDecimal(value: Decimal): Decimal {
  if (!value.isFinite) return value;
  const ln = quad(logarithm(quadOfDecimal(value)), -POINT);
  const product = quad(ln.mantissa * LOG10_E.mantissa, ln.exponent + LOG10_E.exponent);
  const whole = fixed(product);
  if (whole % ONE !== 0n) return decimalOfBinary(product);
  return new Decimal(DECIMAL_FINITE, whole < 0n, (whole < 0n ? -whole : whole) / ONE, 0);
}

/** base^exponent; NaN for a negative base with a fraction in the exponent. */
export function powerOfDecimals(base: Decimal, exponent: Decimal): Decimal {
  if (exponent.isZero) return paddedOne(false);
  if (base.isNaN || exponent.isNaN) return DECIMAL_NOT_A_NUMBER;
  const isWhole = isWholeDecimal(exponent);
  const isOdd = isWhole && isOddDecimal(exponent);
  const isNegative = base.isNegative && isOdd;
  if (exponent.isInfinite) return powerOfInfinity(base, exponent.isNegative);
  if (base.isInfinite) return exponent.isNegative ? leastZero(isNegative) : infinityOf(isNegative);
  if (base.isZero) return exponent.isNegative ? infinityOf(isNegative) : leastZero(isNegative);
  if (base.isNegative && !isWhole) return DECIMAL_NOT_A_NUMBER;
  const ln = logarithm(binaryOfDecimal(base.absolute()));
  const y = binaryOfDecimal(exponent);
  const product = { mantissa: ln * y.mantissa, exponent: y.exponent - POINT };
  if (bitCount(product.mantissa) + product.exponent > MOST_EXPONENT_BITS)
    return product.mantissa < 0n ? leastZero(isNegative) : infinityOf(isNegative);
  const power = exponential(fixed(product));
  return decimalOfBinary(quad(isNegative ? -power.mantissa : power.mantissa, power.exponent));
}

function powerOfInfinity(base: Decimal, isDown: boolean): Decimal {
  const x = base.isInfinite ? undefined : quadOfDecimal(base.absolute());
  const order = x === undefined ? 1 : Number(compareToOne(x));
  if (order === 0) return paddedOne(false);
  return order > 0 === isDown ? leastZero(false) : DECIMAL_INFINITY;
}

function compareToOne(x: Binary): number {
  const f = fixed(x);
  return f > ONE ? 1 : f < ONE ? -1 : 0;
}

function isOddDecimal(value: Decimal): boolean {
  if (value.exponent > 0) return false;
  return ((value.coefficient / powerOfTen(-value.exponent)) & 1n) === 1n;
}
