/**
 * Logarithms, powers and trigonometry of Decimal128. The reference computes them in IEEE binary128 (113 bits) and turns
 * the result back into 34 digits, so that is done here too: where it rounds the operand to 113 bits, so does this; the
 * function is computed with many more bits, and its result rounded to 113 bits and then to 34 digits. The last digit can
 * still differ where the reference's own functions are off by one. How results that are exact are written (1 or
 * 1.000…, 0 or 0E-6176) was learnt by asking.
 */
import {
  type Binary,
  bitCount,
  exponential,
  fixed,
  fixedArcTangent,
  fixedExpm1,
  HALF_PI,
  isTiny,
  LOG10_E,
  logarithm,
  ONE,
  over,
  PI,
  POINT,
  quad,
  QUAD_BITS,
  quarterOf,
  ratio,
  root,
  sineAndCosine,
  times,
} from './binary-arithmetic.js';
import {
  Decimal,
  DECIMAL_DIGITS,
  DECIMAL_INFINITY,
  DECIMAL_NOT_A_NUMBER,
  infinityOf,
  isWholeDecimal,
  LEAST_EXPONENT,
  roundedDecimal,
} from './decimal-arithmetic.js';
import { DECIMAL_FINITE, powerOfTen } from './decimal.js';

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

/** With the point at POINT. Near 1 the distance from it decides, so that no digit of the operand may be lost. */
function fixedLogarithm(value: Decimal): bigint {
  const x = binaryOfDecimal(value);
  const size = bitCount(x.mantissa) + x.exponent; // 0 from 1/2 on, 1 from 1 on
  return logarithm(size === 0 || size === 1 ? x : quad(x.mantissa, x.exponent));
}

/** The natural logarithm of what is above 0. */
export function naturalLogarithmOfDecimal(value: Decimal): Decimal {
  if (!value.isFinite) return value;
  const result = fixedLogarithm(value);
  return result === 0n ? new Decimal(DECIMAL_FINITE, false, 0n, 0) : decimalOfFixed(result);
}

/** The logarithm to base 10 of what is above 0. */
export function logarithm10OfDecimal(value: Decimal): Decimal {
  if (!value.isFinite) return value;
  const ln = quad(fixedLogarithm(value), -POINT);
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
