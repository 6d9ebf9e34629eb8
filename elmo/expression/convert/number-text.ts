/** Numbers to text and back, as $toString and $toInt and the like write and read them. */
import { parseDecimal, type Decimal } from '../../bson/decimal-arithmetic.js';

/** A double whose exponent of ten is outside [-4, 16) is written with one: 1e+16, 1.5e-05. */
const LEAST_FIXED = 1e-4;
const LEAST_SCIENTIFIC = 1e16;

/** The shortest text that reads back as the same double. */
export function doubleText(value: number): string {
  const magnitude = Math.abs(value);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  if (!(magnitude < LEAST_FIXED || magnitude >= LEAST_SCIENTIFIC) || value - value !== 0)
    return String(value);
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  return `${mantissa}e${exponent[0]!}${exponent.slice(1).padStart(2, '0')}`;
}

const DIGITS_OF_BASE: Readonly<Record<number, RegExp>> = {
  2: /^[+-]?[01]+$/,
  8: /^[+-]?[0-7]+$/,
  10: /^[+-]?[0-9]+$/,
  16: /^[+-]?[0-9a-f]+$/i,
};
const PREFIXES: Readonly<Record<number, string>> = { 2: '0b', 8: '0o', 10: '', 16: '0x' };

/** A whole number in text; undefined if it is none. Not limited to 64 bits. */
export function parseInteger(text: string, base: number): bigint | undefined {
  if (!DIGITS_OF_BASE[base]!.test(text)) return undefined;
  const isSigned = text.startsWith('-') || text.startsWith('+');
  const magnitude = BigInt(PREFIXES[base]! + (isSigned ? text.slice(1) : text));
  return text.startsWith('-') ? -magnitude : magnitude;
}

const DOUBLE_TEXT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const DOUBLE_NAN = /^[+-]?nan(?:\([a-z0-9_]*\))?$/i;
const DOUBLE_INFINITY = /^([+-]?)inf(?:inity)?$/i;

/** undefined: no number, or beyond the range of doubles. A plus sign may stand before another sign. */
export function parseDouble(given: string): number | undefined {
  const text = /^\+[+-]/.test(given) ? given.slice(1) : given;
  if (DOUBLE_NAN.test(text)) return NaN;
  const infinity = DOUBLE_INFINITY.exec(text);
  if (infinity !== null) return infinity[1] === '-' ? -Infinity : Infinity;
  if (!DOUBLE_TEXT.test(text)) return undefined;
  const value = Number(text);
  const isTooSmall = value === 0 && /[1-9]/.test(text.split(/e/i)[0]!);
  return Number.isFinite(value) && !isTooSmall ? value : undefined;
}

/** undefined: no number, or beyond the range of decimals, or so small that digits are lost. */
export function parseExactDecimal(text: string): Decimal | undefined {
  const decimal = parseDecimal(text);
  if (decimal === undefined || !/\d/.test(text)) return decimal;
  if (!decimal.isFinite) return undefined;
  if (decimal.exponent > LEAST_NORMAL_EXPONENT) return decimal;
  const [digits, exponent = '0'] = text.toLowerCase().split('e') as [string, string?];
  const fraction = digits.split('.')[1] ?? '';
  const trailingZeros = /0*$/.exec(digits.replace('.', ''))![0].length;
  const isZero = !/[1-9]/.test(digits);
  return isZero || Number(exponent) - fraction.length + trailingZeros >= decimal.exponent
    ? decimal
    : undefined;
}

/** From here down a result may have lost digits. */
const LEAST_NORMAL_EXPONENT = -6176;
