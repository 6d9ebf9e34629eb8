/**
 * Functions of doubles, rounded correctly but for one case in billions: what the C library of the reference gives, where
 * the runtime's own are often off in the last bit. Computed in pairs of doubles (106 bits): sum of `high` and `low`.
 * Hyperbolic functions follow the formulas of that library, with these beneath.
 */
import { piByMachin } from './pi.js';
import { highWordOfDouble, lowWordOfDouble } from './read.js';

/** A number as an unevaluated sum of two doubles; low is at most half a unit in the last place of high. */
interface Pair {
  readonly high: number;
  readonly low: number;
}

const SPLITTER = 0x800_0001; // 2^27 + 1

function fastSum(a: number, b: number): Pair {
  const high = a + b;
  return { high, low: b - (high - a) };
}

function exactSum(a: number, b: number): Pair {
  const high = a + b;
  const part = high - a;
  return { high, low: a - (high - part) + (b - part) };
}

function exactProduct(a: number, b: number): Pair {
  const high = a * b;
  const ta = SPLITTER * a;
  const a1 = ta - (ta - a);
  const a2 = a - a1;
  const tb = SPLITTER * b;
  const b1 = tb - (tb - b);
  const b2 = b - b1;
  return { high, low: a1 * b1 - high + a1 * b2 + a2 * b1 + a2 * b2 };
}

function add(a: Pair, b: Pair): Pair {
  const s = exactSum(a.high, b.high);
  const t = exactSum(a.low, b.low);
  const u = fastSum(s.high, s.low + t.high);
  return fastSum(u.high, u.low + t.low);
}

function negated({ high, low }: Pair): Pair {
  return { high: -high, low: -low };
}

function multiply(a: Pair, b: Pair): Pair {
  const p = exactProduct(a.high, b.high);
  return fastSum(p.high, p.low + (a.high * b.low + a.low * b.high));
}

function divide(a: Pair, b: Pair): Pair {
  const first = a.high / b.high;
  const rest = add(a, negated(multiply(b, single(first))));
  const second = rest.high / b.high;
  const last = add(rest, negated(multiply(b, single(second)))).high / b.high;
  const sum = fastSum(first, second);
  return fastSum(sum.high, sum.low + last);
}

function single(high: number): Pair {
  return { high, low: 0 };
}

const ONE = single(1);
const LN_2: Pair = { high: 0.6931471805599453, low: 2.3190468138462996e-17 };
const PI: Pair = { high: 3.141592653589793, low: 1.2246467991473532e-16 };
const HALF_PI: Pair = { high: 1.5707963267948966, low: 6.123233995736766e-17 };
/** ln 2 cut after 32 bits, so that small multiples are exact, and the rest. */
const LN_2_UPPER = 0.6931471803691238;
const LN_2_LOWER: Pair = add(LN_2, single(-LN_2_UPPER));

/** e^x · 2^-k, and k, for |x| below 746. */
function exponentialPair(x: Pair): { value: Pair; power: number } {
  const power = Math.round(x.high / LN_2.high);
  const reduced = add(add(x, single(-power * LN_2_UPPER)), negated(multiply(LN_2_LOWER, single(power))));
  let term: Pair = ONE;
  let sum: Pair = ONE;
  for (let n = 1; n < 40; n++) {
    term = divide(multiply(term, reduced), single(n));
    sum = add(sum, term);
    if (Math.abs(term.high) < 1e-34) break;
  }
  return { value: sum, power };
}

/** Results near the ends of the range are left to the runtime. */
const MOST_EXPONENT = 690;

export function exp(x: number): number {
  if (!(Math.abs(x) < MOST_EXPONENT) || x === 0) return Math.exp(x);
  const { value, power } = exponentialPair(single(x));
  return value.high * 2 ** power;
}

/** ln x of a positive finite double. */
function logarithmPair(x: number): Pair {
  const scaled = x < 2.2250738585072014e-308 ? x * 2 ** 54 : x;
  const high = highWordOfDouble(scaled);
  let power = ((high >>> 20) & 0x7ff) - 1023;
  let mantissa = scaled / 2 ** power;
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    power++;
  }
  if (scaled !== x) power -= 54;
  const shift = multiply(LN_2, single(power));
  const z = mantissa - 1;
  if (Math.abs(z) < 2 ** -20) return add(shift, nearOne(z));
  const start = Math.log(mantissa);
  const { value, power: k } = exponentialPair(single(-start));
  const scale = 2 ** k;
  const inverse: Pair = { high: value.high * scale, low: value.low * scale };
  const t = add(multiply(single(mantissa), inverse), single(-1));
  return add(shift, add(single(start), add(t, single((-t.high * t.high) / 2))));
}

/** ln(1 + z) of a small z. */
function nearOne(z: number): Pair {
  let power = single(z);
  let sum = power;
  for (let n = 2; n < 8; n++) {
    power = multiply(power, single(-z));
    sum = add(sum, divide(power, single(n)));
  }
  return sum;
}

export function log(x: number): number {
  if (!(x > 0 && x < Infinity) || x === 1) return Math.log(x);
  return logarithmPair(x).high;
}

export function pow(x: number, y: number): number {
  const magnitude = Math.abs(x);
  if (!(magnitude > 0 && magnitude < Infinity) || !Number.isFinite(y) || magnitude === 1 || y === 0)
    return x ** y;
  if (x < 0 && !Number.isInteger(y)) return NaN;
  const exponent = multiply(logarithmPair(magnitude), single(y));
  if (!(Math.abs(exponent.high) < MOST_EXPONENT)) return x ** y;
  const { value, power } = exponentialPair(exponent);
  const result = value.high * 2 ** power;
  return x < 0 && y % 2 !== 0 ? -result : result;
}

/** pi · 2^bits as an integer, for taking quarters of the circle off large angles. Made when first asked for. */
const PI_BITS = 1280;
let piInteger: bigint | undefined;

function piOfBits(): bigint {
  return (piInteger ??= piByMachin(PI_BITS));
}

/** Bits after the point of a reduced angle. */
const ANGLE_BITS = 200;

/** The angle less whole quarters: in [-pi/4, pi/4]. */
function reducedAngle(x: number): { rest: Pair; quarter: number } {
  if (Math.abs(x) <= Math.PI / 4) return { rest: single(x), quarter: 0 };
  const high = highWordOfDouble(x);
  const low = lowWordOfDouble() >>> 0;
  const exponent = ((high >>> 20) & 0x7ff) - 1075;
  const mantissa = (BigInt((high & 0xfffff) | 0x100000) << 32n) | BigInt(low);
  const point = Math.min(PI_BITS, Math.max(ANGLE_BITS, ANGLE_BITS + exponent + 53));
  const angle = mantissa << BigInt(point + exponent);
  const halfPi = piOfBits() >> BigInt(PI_BITS - point + 1);
  const quarters = (angle + halfPi / 2n) / halfPi;
  const rest = (angle - quarters * halfPi) >> BigInt(point - ANGLE_BITS);
  const upper = Number(rest);
  const pair: Pair = {
    high: upper * 2 ** -ANGLE_BITS,
    low: Number(rest - BigInt(upper)) * 2 ** -ANGLE_BITS,
  };
  const quarter = Number(quarters & 3n);
  return x < 0 ? { rest: negated(pair), quarter: (4 - quarter) & 3 } : { rest: pair, quarter };
}

/** sin and cos of an angle in [-pi/4, pi/4]. */
function sineAndCosine(x: Pair): [Pair, Pair] {
  const square = negated(multiply(x, x));
  let sine = x;
  let cosine = ONE;
  let term = ONE;
  for (let n = 1; n < 40; n += 2) {
    const odd = divide(multiply(term, x), single(n));
    if (n > 1) sine = add(sine, odd);
    term = divide(multiply(term, square), single(n * (n + 1)));
    cosine = add(cosine, term);
    if (Math.abs(term.high) < 1e-34) break;
  }
  return [sine, cosine];
}

function circular(x: number): [sine: Pair, cosine: Pair] {
  const { rest, quarter } = reducedAngle(x);
  const [s, c] = sineAndCosine(rest);
  switch (quarter) {
    case 0:
      return [s, c];
    case 1:
      return [c, negated(s)];
    case 2:
      return [negated(s), negated(c)];
    default:
      return [negated(c), s];
  }
}

/** Below this sin x and tan x are x. */
const TINY = 2 ** -27;

export function sin(x: number): number {
  return Math.abs(x) < TINY || !Number.isFinite(x) ? Math.sin(x) : circular(x)[0].high;
}

export function cos(x: number): number {
  return Number.isFinite(x) ? circular(x)[1].high : NaN;
}

export function tan(x: number): number {
  if (Math.abs(x) < TINY || !Number.isFinite(x)) return Math.tan(x);
  const [s, c] = circular(x);
  return divide(s, c).high;
}

/** atan q of q in [0, 1]. */
function arcTangentPair(q: Pair): Pair {
  if (q.high < TINY) return q.high === 0 ? q : add(q, single((-q.high * q.high * q.high) / 3));
  const start = Math.atan(q.high);
  const [s, c] = sineAndCosine(single(start));
  const delta = divide(add(multiply(q, c), negated(s)), add(c, multiply(q, s)));
  return add(single(start), delta);
}

/** The angle of the point (x, y), neither of them 0, infinite or nearly so. */
function anglePair(y: Pair, x: Pair): Pair {
  const up = y.high < 0 ? negated(y) : y;
  const right = x.high < 0 ? negated(x) : x;
  let angle =
    up.high <= right.high
      ? arcTangentPair(divide(up, right))
      : add(HALF_PI, negated(arcTangentPair(divide(right, up))));
  if (x.high < 0) angle = add(PI, negated(angle));
  return y.high < 0 ? negated(angle) : angle;
}

const LEAST_PLAIN = 1e-140;
const MOST_PLAIN = 1e140;

function isPlain(x: number): boolean {
  const magnitude = Math.abs(x);
  return magnitude > LEAST_PLAIN && magnitude < MOST_PLAIN;
}

export function atan(x: number): number {
  return isPlain(x) ? anglePair(single(x), ONE).high : Math.atan(x);
}

export function atan2(y: number, x: number): number {
  return isPlain(x) && isPlain(y) ? anglePair(single(y), single(x)).high : Math.atan2(y, x);
}

export function acos(x: number): number {
  if (!isPlain(x) || !(Math.abs(x) < 1)) return Math.acos(x);
  const square = multiply(exactSum(1, x), exactSum(1, -x));
  const root = Math.sqrt(square.high);
  const rest = add(square, negated(exactProduct(root, root)));
  return anglePair(fastSum(root, rest.high / (2 * root)), single(x)).high;
}

const LARGE = 22;

export function cosh(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 0.34657359027997264 || !(magnitude < MOST_EXPONENT)) return Math.cosh(x);
  const e = exp(magnitude);
  return magnitude < LARGE ? 0.5 * e + 0.5 / e : 0.5 * e;
}

export function sinh(x: number): number {
  const magnitude = Math.abs(x);
  return magnitude < LARGE || !(magnitude < MOST_EXPONENT)
    ? Math.sinh(x)
    : (x < 0 ? -0.5 : 0.5) * exp(magnitude);
}

export function tanh(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 2 ** -55 || !(magnitude < LARGE)) return Math.tanh(x);
  let result: number;
  if (magnitude >= 1) result = 1 - 2 / (Math.expm1(2 * magnitude) + 2);
  else {
    const t = Math.expm1(-2 * magnitude);
    result = -t / (t + 2);
  }
  return x < 0 ? -result : result;
}

const FAR = 2 ** 28;

export function asinh(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude <= 2 || !Number.isFinite(x)) return Math.asinh(x);
  const w =
    magnitude > FAR ? log(magnitude) + Math.LN2 : log(2 * magnitude + 1 / (Math.sqrt(x * x + 1) + magnitude));
  return x < 0 ? -w : w;
}

export function acosh(x: number): number {
  if (!(x > 2) || x === Infinity) return Math.acosh(x);
  return x > FAR ? log(x) + Math.LN2 : log(2 * x - 1 / (x + Math.sqrt(x * x - 1)));
}
