/** The types that columns of a table may say they have, with their arguments: `born.date_ms(yyyy-MM-dd)`. */
import { Binary, Decimal128, Double, Int32, Long } from '../../elmo/index.js';
import { dateParser, type DateDialect } from './date-layout.js';

export type ParseCell = (text: string) => unknown;

const INT32 = 0x7fff_ffff;

/** As it looks: whole numbers, numbers, else text. */
export function parseAuto(text: string): unknown {
  if (!/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(text)) return text;
  const number = Number(text);
  if (!/^[-+]?\d+$/.test(text)) return new Double(number);
  if (Math.abs(number) <= INT32) return new Int32(number);
  return Number.isSafeInteger(number) ? Long.fromString(text.replace('+', '')) : new Double(number);
}

function parseNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || Number.isNaN(number)) throw new Error(`'${text}' is no number`);
  return number;
}

function parseInt32(text: string): Int32 {
  const number = parseNumber(text);
  if (!Number.isInteger(number)) throw new Error(`'${text}' is no whole number`);
  if (number > INT32 || number < -INT32 - 1) throw new Error(`'${text}' is no number of 32 bits`);
  return new Int32(number);
}

function parseInt64(text: string): Long {
  if (!/^[-+]?\d+$/.test(text)) throw new Error(`'${text}' is no whole number`);
  const number = BigInt(text);
  if (BigInt.asIntN(64, number) !== number) throw new Error(`'${text}' is no number of 64 bits`);
  return Long.fromBigInt(number);
}

function parseBoolean(text: string): boolean {
  if (/^(true|1|yes)$/i.test(text)) return true;
  if (/^(false|0|no)$/i.test(text)) return false;
  throw new Error(`'${text}' is neither true nor false`);
}

function parseDate(text: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) throw new Error(`'${text}' is no date`);
  return at;
}

function parseDecimal(text: string): Decimal128 {
  try {
    return Decimal128.fromString(text);
  } catch {
    throw new Error(`'${text}' is no decimal number`);
  }
}

/** RFC 4648, base 32. */
function decodeBase32(text: string): Buffer {
  const digits = text.replace(/=+$/, '').toUpperCase();
  const bytes: number[] = [];
  let [bits, value] = [0, 0];
  for (const digit of digits) {
    value = ((value << 5) | 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(digit)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >>> bits) & 0xff);
  }
  return Buffer.from(bytes);
}

const ENCODINGS: Readonly<Record<string, readonly [form: RegExp, decode: (text: string) => Buffer]>> = {
  base64: [/^[A-Za-z0-9+/]*={0,2}$/, (text) => Buffer.from(text, 'base64')],
  hex: [/^([0-9a-fA-F]{2})*$/, (text) => Buffer.from(text, 'hex')],
  base32: [/^[A-Za-z2-7]*=*$/, decodeBase32],
};

function binaryParser(encoding: string): ParseCell | undefined {
  const known = ENCODINGS[encoding];
  if (known === undefined) return undefined;
  const [form, decode] = known;
  return (text) => {
    if (!form.test(text)) throw new Error(`'${text}' is not ${encoding}`);
    return new Binary(decode(text));
  };
}

const layout =
  (dialect: DateDialect) =>
  (argument: string): ParseCell =>
    argument === '' ? parseDate : dateParser(dialect, argument);

/** By the argument in parentheses; undefined: that is none. */
const TYPES: Readonly<Record<string, (argument: string) => ParseCell | undefined>> = {
  auto: () => parseAuto,
  string: () => (text) => text,
  int32: () => parseInt32,
  int64: () => parseInt64,
  double: () => (text) => new Double(parseNumber(text)),
  decimal: () => parseDecimal,
  boolean: () => parseBoolean,
  date: layout('go'),
  date_go: layout('go'),
  date_ms: layout('ms'),
  date_oracle: layout('oracle'),
  binary: (argument) => binaryParser(argument === '' ? 'base64' : argument),
};

export const CELL_TYPES: readonly string[] = Object.keys(TYPES);

/** @returns undefined when there is no such type, or its argument is none */
export function cellParser(type: string, argument: string): ParseCell | undefined {
  return TYPES[type]?.(argument);
}
