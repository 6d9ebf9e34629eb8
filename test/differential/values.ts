/**
 * Random values of every type of BSON: mostly few and small, so that they often meet each other; now and then the edges.
 * `documents` have two kinds of fields: `a b c` hold anything, `n s l o t q` mostly what their name says.
 */
import {
  Binary,
  BSONRegExp,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  type Document,
} from '../../elmo/bson/package.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { DbPointer, Undefined } from './message.js';

/** Makes one of several things. */
export function oneOf<T>(random: SeededRandom, makers: readonly (() => T)[]): T {
  return random.pick(makers)();
}

/** Some things, `least` to `most`. */
export function several<T>(random: SeededRandom, least: number, most: number, make: () => T): T[] {
  return Array.from({ length: least + random.int(most - least + 1) }, make);
}

const WORDS = [
  '',
  'a',
  'A',
  'ab',
  'b',
  'B',
  'e',
  'é',
  'É',
  'a1',
  'a10',
  'a2',
  'a b',
  'a-b',
  'ß',
  'ss',
  '😀',
  'ä',
  'a.b',
  '$a',
  'x\u0000y',
  '12',
  '-1.5',
  'true',
  '2024-03-01T00:00:00Z',
  '000000000000000000000001',
  'l'.repeat(300),
];

const EDGE_NUMBERS: readonly (() => unknown)[] = [
  () => new Double(NaN),
  () => new Double(-0),
  () => new Double(Infinity),
  () => new Double(-Infinity),
  () => new Double(2 ** 53),
  () => new Double(2 ** 53 + 2),
  () => new Double(-(2 ** 53)),
  () => new Double(0.1),
  () => new Double(1e300),
  () => new Double(5e-324),
  () => new Double(2 ** 63),
  () => Long.fromString('9007199254740993'),
  () => Long.fromString('9007199254740992'),
  () => Long.fromString('9007199254740991'),
  () => Long.fromString('-9007199254740993'),
  () => Long.MAX_VALUE,
  () => Long.MIN_VALUE,
  () => new Int32(2147483647),
  () => new Int32(-2147483648),
  () => Long.fromString('2147483648'),
  () => Decimal128.fromString('9007199254740993'),
  () => Decimal128.fromString('1.0'),
  () => Decimal128.fromString('1.00'),
  () => Decimal128.fromString('1E+3'),
  () => Decimal128.fromString('0.1'),
  () => Decimal128.fromString('-0'),
  () => Decimal128.fromString('0E-10'),
  () => Decimal128.fromString('1E-6176'),
  () => Decimal128.fromString('123456789012345678901234567890.1234'),
  () => Decimal128.fromString('-Infinity'),
  () => new Double(1.7976931348623157e308),
  () => new Double(-1.5),
  () => new Double(2.5),
  () => new Double(2147483648),
  () => new Double(-9223372036854775808),
  () => Decimal128.fromString('NaN'),
  () => Decimal128.fromString('Infinity'),
  () => Decimal128.fromString('9.999999999999999999999999999999999E+6144'),
];

export function number(random: SeededRandom): unknown {
  if (random.chance(8)) return oneOf(random, EDGE_NUMBERS);
  return oneOf<unknown>(random, [
    () => new Int32(random.int(4)),
    () => new Int32(random.int(7) - 3),
    () => new Double(random.int(4)),
    () => new Double(random.int(40) / 8 - 1),
    () => Long.fromNumber(random.int(4)),
    () => Decimal128.fromString(random.pick(['1', '1.5', '2.00', '-1', '3'])),
  ]);
}

export function text(random: SeededRandom): string {
  return random.chance(50) ? random.pick(['a', 'b', 'ab', 'B']) : random.pick(WORDS);
}

export function date(random: SeededRandom): Date {
  return random.chance(70)
    ? new Date(random.int(3) * 1000)
    : new Date(
        random.pick([
          -1, 8_640_000_000_000_000, -8_640_000_000_000_000, 253_402_300_800_000, 951_782_400_000,
          1_709_210_096_789, 1_698_541_200_000, -62_135_596_800_000, 4_102_444_799_999,
        ]),
      );
}

const RARE: readonly ((random: SeededRandom) => unknown)[] = [
  () => new MinKey(),
  () => new MaxKey(),
  () => new Undefined(),
  (random) => new Code(random.pick(['a', 'b'])),
  (random) => new Code('a', { x: random.int(2) }),
  (random) => new DbPointer('d.c', random.int(2)),
  (random) => new BSONRegExp(random.pick(['^a', 'b']), random.pick(['', 'i'])),
  (random) =>
    new Binary(
      Uint8Array.from({ length: random.int(3) }, () => random.int(2)),
      random.pick([0, 5, 128]),
    ),
  () => new Binary(new Uint8Array(16), 4),
  () => new Binary(new Uint8Array([1, 2]), 2),
  (random) => new Timestamp({ t: 1 + random.int(2), i: 1 + random.int(2) }),
  () => new Timestamp({ t: 0xffffffff, i: 0xffffffff }),
  () => new ObjectId('ffffffffffffffffffffffff'),
];

export function scalar(random: SeededRandom): unknown {
  if (random.chance(6)) return random.pick(RARE)(random);
  return oneOf<unknown>(random, [
    () => number(random),
    () => number(random),
    () => text(random),
    () => text(random),
    () => null,
    () => random.chance(50),
    () => date(random),
    () => new ObjectId('00000000000000000000000' + random.int(3)),
  ]);
}

export function value(random: SeededRandom, depth = 2): unknown {
  if (depth === 0 || random.chance(60)) return scalar(random);
  if (random.chance(50)) return several(random, 0, 3, () => value(random, depth - 1));
  return object(random, depth - 1);
}

export function object(random: SeededRandom, depth: number): Document {
  const fields: Document = {};
  for (const name of ['a', 'b', 'c']) if (random.chance(50)) fields[name] = value(random, depth);
  if (random.chance(5))
    fields[random.pick(['0', '1', 'a.b', '01', 'É', '', 'a.', '$a'])] = value(random, depth);
  return fields;
}

const TYPED: Record<string, (random: SeededRandom) => unknown> = {
  n: number,
  s: text,
  l: (random) => several(random, 0, 4, () => number(random)),
  o: (random) => object(random, 1),
  t: date,
  q: (random) => several(random, 0, 3, () => ({ k: text(random), v: number(random) })),
};

export function document(random: SeededRandom, id: number): Document {
  const fields: Document = { _id: new Int32(id), ...object(random, 3) };
  for (const [name, make] of Object.entries(TYPED)) {
    if (random.chance(50)) fields[name] = random.chance(85) ? make(random) : value(random, 1);
    // a timestamp of nothing would become the server's time
  }
  return fields;
}

/** Names that are numbers, and a few that say nothing. */
const ODD_PATHS = [
  'a.1',
  '0',
  'a.01',
  'a.0.0',
  'a.0.1',
  'l.1',
  'q.1.k',
  'q.k.0',
  'a.b.b.c',
  'none',
  'none.a',
  'c.0',
  'o.0',
  '',
  'a.',
  '.a',
  'a..b',
];
const PATHS = ['a', 'b', 'c', 'a.b', 'a.a', 'b.c', 'a.0', 'a.b.c', 'b.1', 'c.a', 'a.0.b', 'a.b.0'];
const TYPED_PATHS = ['n', 's', 'l', 'o', 't', 'q', 'q.v', 'q.k', 'o.a', 'l.0', 'q.0.v', 'o.b.c'];

export function path(random: SeededRandom): string {
  if (random.chance(5)) return random.pick(ODD_PATHS);
  return random.chance(65) ? random.pick(PATHS) : random.pick(TYPED_PATHS);
}

export const COLLATIONS: readonly Document[] = [
  { locale: 'en', strength: 1 },
  { locale: 'en', strength: 2 },
  { locale: 'en', strength: 3 },
  { locale: 'en', strength: 1, caseLevel: true },
  { locale: 'en', numericOrdering: true },
  { locale: 'en', caseFirst: 'upper' },
  { locale: 'fr', strength: 2 },
  { locale: 'fr_CA', strength: 2 },
  { locale: 'en', strength: 2, alternate: 'shifted' },
  { locale: 'simple' },
  { locale: 'en', strength: 4 },
  { locale: 'en', strength: 5 },
  { locale: 'fr', strength: 2, backwards: true },
  { locale: 'en', strength: 1, numericOrdering: true },
  { locale: 'en', strength: 3, alternate: 'shifted', maxVariable: 'space' },
  { locale: 'en', strength: 3, caseFirst: 'lower', normalization: true },
];
