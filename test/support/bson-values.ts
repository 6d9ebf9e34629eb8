/**
 * Every type of BSON and its edges, as raw bytes made here and not by the code under test; and arbitraries of all types,
 * nested. `ORDER` is the order of the reference engine, asked value by value.
 */
import fc from 'fast-check';
import { Decimal128 } from '../../elmo/bson/package.js';

/** A value: its type byte and its bytes, as they stand in a document; `text` is its canonical Extended JSON. */
export interface Sample {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly text: string;
}

export type Field = readonly [name: string, value: Sample];

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

function concat(...pieces: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

function little(bytes: number, write: (view: DataView) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(bytes));
  write(view);
  return new Uint8Array(view.buffer);
}

const int32Bytes = (n: number): Uint8Array => little(4, (view) => view.setInt32(0, n, true));
const int64Bytes = (n: bigint): Uint8Array => little(8, (view) => view.setBigInt64(0, n, true));

function counted(text: string): Uint8Array {
  const utf8 = ascii(text);
  return concat(int32Bytes(utf8.length + 1), utf8, [0]);
}

const sample = (type: number, text: string, bytes: Uint8Array | readonly number[] = []): Sample => ({
  type,
  text,
  bytes: Uint8Array.from(bytes),
});

const json = (value: unknown): string => JSON.stringify(value);
/** What Extended JSON cannot say: the bytes themselves. */
const bits = (type: number, bytes: Uint8Array): Sample =>
  sample(type, json({ $bits: `${type}.${Buffer.from(bytes).toString('hex')}` }), bytes);

export const minKey = (): Sample => sample(0xff, '{"$minKey":1}');
export const maxKey = (): Sample => sample(0x7f, '{"$maxKey":1}');
export const undefinedValue = (): Sample => sample(0x06, '{"$undefined":true}');
export const nullValue = (): Sample => sample(0x0a, 'null');
export const int32 = (n: number): Sample => sample(0x10, json({ $numberInt: String(n) }), int32Bytes(n));
export const int64 = (n: bigint): Sample => sample(0x12, json({ $numberLong: String(n) }), int64Bytes(n));
export const double = (x: number): Sample =>
  sample(
    0x01,
    json({ $numberDouble: Object.is(x, -0) ? '-0.0' : Number.isInteger(x) ? x.toExponential() : String(x) }),
    little(8, (view) => view.setFloat64(0, x, true)),
  );
export const doubleBits = (high: bigint): Sample => bits(0x01, int64Bytes(BigInt.asIntN(64, high)));
export const decimal = (text: string): Sample => {
  const { bytes } = Decimal128.fromString(text);
  return sample(0x13, json({ $numberDecimal: new Decimal128(bytes).toString() }), bytes);
};
export const decimalBits = (high: bigint, low: bigint): Sample =>
  bits(0x13, concat(int64Bytes(BigInt.asIntN(64, low)), int64Bytes(BigInt.asIntN(64, high))));
export const string = (text: string): Sample => sample(0x02, json(text), counted(text));
export const symbol = (text: string): Sample => sample(0x0e, json({ $symbol: text }), counted(text));
export const code = (text: string): Sample => sample(0x0d, json({ $code: text }), counted(text));
export const bool = (value: boolean): Sample => sample(0x08, String(value), [value ? 1 : 0]);
export const date = (ms: bigint): Sample =>
  sample(0x09, json({ $date: { $numberLong: String(ms) } }), int64Bytes(ms));
export const timestamp = (t: number, i: number): Sample =>
  sample(0x11, json({ $timestamp: { t, i } }), concat(int32Bytes(i | 0), int32Bytes(t | 0)));
export const objectId = (hex: string): Sample => sample(0x07, json({ $oid: hex }), Buffer.from(hex, 'hex'));
export const binary = (subtype: number, content: readonly number[] | Uint8Array): Sample =>
  sample(
    0x05,
    json({
      $binary: {
        base64: Buffer.from(content).toString('base64'),
        subType: subtype.toString(16).padStart(2, '0'),
      },
    }),
    concat(int32Bytes(content.length), [subtype], content),
  );
export const regex = (pattern: string, options: string): Sample =>
  sample(
    0x0b,
    json({ $regularExpression: { pattern, options } }),
    concat(ascii(pattern), [0], ascii(options), [0]),
  );
export const dbPointer = (namespace: string, hex: string): Sample =>
  sample(
    0x0c,
    json({ $dbPointer: { $ref: namespace, $id: { $oid: hex } } }),
    concat(counted(namespace), Buffer.from(hex, 'hex')),
  );

/** The bytes of a document. */
export function documentBytes(fields: readonly Field[]): Uint8Array {
  const body = concat(
    ...fields.flatMap(([name, value]) => [[value.type], ascii(name), [0], value.bytes] as const),
  );
  return concat(int32Bytes(body.length + 5), body, [0]);
}

const objectText = (fields: readonly Field[]): string =>
  `{${fields.map(([name, value]) => `${json(name)}:${value.text}`).join(',')}}`;

export const object = (fields: readonly Field[]): Sample =>
  sample(0x03, objectText(fields), documentBytes(fields));
export const array = (values: readonly Sample[]): Sample =>
  sample(
    0x04,
    `[${values.map(({ text }) => text).join(',')}]`,
    documentBytes(values.map((value, i) => [String(i), value])),
  );
export function codeWithScope(text: string, scope: readonly Field[]): Sample {
  const content = concat(counted(text), documentBytes(scope));
  return sample(
    0x0f,
    `{"$code":${json(text)},"$scope":${objectText(scope)}}`,
    concat(int32Bytes(content.length + 4), content),
  );
}

/** Where the value of `{v: value}` stands in its document. */
export const VALUE_AT = 7;

/** `{v: value}` */
export const wrapped = (value: Sample): Uint8Array => documentBytes([['v', value]]);

const ZERO_ID = '000000000000000000000000';
const NAN = 0x7c00000000000000n;

/** Values from the least to the greatest; those of a row are equal. */
export const ORDER: readonly (readonly Sample[])[] = [
  [minKey()],
  [undefinedValue()],
  [nullValue()],
  // numbers
  [
    double(NaN),
    doubleBits(0xfff8000000000000n),
    doubleBits(0x7ff8000000000012n),
    decimal('NaN'),
    decimalBits(NAN | (1n << 63n), 0n),
    decimalBits(NAN, 12n),
  ],
  [double(-Infinity), decimal('-Infinity')],
  [decimal('-9.999999999999999999999999999999999E6144')],
  [decimal('-1E309')],
  [double(-Number.MAX_VALUE)],
  [decimal('-9223372036854775809')],
  [int64(-(2n ** 63n)), double(-(2 ** 63)), decimal('-9223372036854775808')],
  [int64(-(2n ** 63n) + 1n), decimal('-9223372036854775807')],
  [int64(-(2n ** 53n) - 1n), decimal('-9007199254740993')],
  [int64(-(2n ** 53n)), double(-(2 ** 53))],
  [int64(-(2n ** 31n) - 1n), double(-(2 ** 31) - 1)],
  [double(-(2 ** 31) - 0.5)],
  [int32(-(2 ** 31)), int64(-(2n ** 31n)), double(-(2 ** 31)), decimal('-2147483648')],
  [double(-128.5)],
  [int32(-128)],
  [int32(-2), decimal('-2.0'), decimal('-0.2E1')],
  [double(-1.5), decimal('-1.5')],
  [int32(-1), int64(-1n), double(-1), decimal('-1'), decimal('-1.000')],
  [double(-0.5)],
  [decimal('-0.1')],
  [double(-Number.MIN_VALUE)],
  [decimal('-1E-6176')],
  [
    int32(0),
    int64(0n),
    double(0),
    double(-0),
    decimal('0'),
    decimal('-0'),
    decimal('0E+6000'),
    decimal('-0E-6176'),
    decimalBits(0x6c10000000000000n, 1n), // a coefficient above 10^34 counts as 0
  ],
  [decimal('1E-6176'), decimal('1E-6176')],
  [decimal('2E-6176')],
  [decimal('1E-400')],
  [decimal('4.940656458412465E-324')],
  [double(Number.MIN_VALUE)],
  [decimal('4.940656458412466E-324')],
  [double(2 ** -1022)],
  [decimal('0.1'), decimal('0.10'), decimal('0.1000000000000000000000000000000000')],
  [decimal('0.1000000000000000000000000000000001')],
  [decimal('0.1000000000000000055511151231257827')],
  [double(0.1)],
  [decimal('0.1000000000000000055511151231257828')],
  [decimal('0.3333333333333333333333333333333333')],
  [double(0.5), decimal('0.5'), decimal('0.50')],
  [int32(1), int64(1n), double(1), decimal('1'), decimal('1.0'), decimal('10E-1')],
  [decimal('1.000000000000000000000000000000001')],
  [double(1 + Number.EPSILON)],
  [double(1.5), decimal('1.50')],
  [double(19.99)],
  [decimal('19.99')],

  [int32(127), decimal('127')],
  [double(127.5)],
  [int32(128), int64(128n)],
  [double(128.25)],
  [int32(129)],
  [int32(32896)],
  [int32(32897)],
  [int32(8421504)],
  [int32(8421505)],
  [int32(2 ** 31 - 1), int64(2n ** 31n - 1n), double(2 ** 31 - 1)],
  [int64(2n ** 31n), double(2 ** 31)],
  [int64(2155905152n)],
  [int64(2155905153n)],
  [double(1.7e12), int64(1_700_000_000_000n), decimal('1.7E12'), decimal('17E+11')],
  [double(1.7e12 + 0.5)],
  [int64(2n ** 53n - 1n), double(2 ** 53 - 1)],
  [int64(2n ** 53n), double(2 ** 53), decimal('9007199254740992')],
  [int64(2n ** 53n + 1n), decimal('9007199254740993')],
  [int64(2n ** 53n + 2n), double(2 ** 53 + 2)],
  [int64(36170086419038336n)],
  [int64(36170086419038337n)],
  [decimal('1000000000000000000.5')],
  [double(9223372036854774784), int64(9223372036854774784n)],
  [int64(2n ** 63n - 1n), decimal('9223372036854775807')],
  [decimal('9223372036854775807.5')],
  [double(2 ** 63), decimal('9223372036854775808')],
  [decimal('9259542123273814144')],
  [decimal('9259542123273814145')],
  [decimal('9259542123273814145.5')],
  [double(9259542123273816064)],
  [double(2 ** 64), decimal('18446744073709551616')],
  [decimal('1E22'), double(1e22)],
  [double(1e23)],
  [decimal('1E23')],
  [decimal('9999999999999999999999999999999999')],
  [decimal('1E34'), decimal('1000E31')],
  [decimal('1E100')],
  [double(1e100)],
  [double(Number.MAX_VALUE)],
  [decimal('1.8E308')],
  [decimal('9.999999999999999999999999999999999E6144')],
  [double(Infinity), decimal('Infinity')],
  // strings
  [string(''), symbol('')],
  [string('\0')],
  [string('\0a')],
  [string('\x01')],
  [string('\x01\x01')],
  [string('\x02')],
  [string('A')],
  [string('a'), symbol('a')],
  [string('a\0')],
  [string('a\0b')],
  [string('a\x01')],
  [string('ab')],
  [string('b')],
  [string('é')],
  [string('\uffee')],
  [string('😀')],
  // objects
  [object([])],
  [object([['a', minKey()]])],
  [object([['b', minKey()]])],
  [object([['a', nullValue()]])],
  [object([['', int32(9)]])],
  [object([['a', int32(1)]]), object([['a', double(1)]]), object([['a', decimal('1.0')]])],
  [
    object([
      ['a', int32(1)],
      ['b', minKey()],
    ]),
  ],
  [
    object([
      ['a', int32(1)],
      ['b', int32(2)],
    ]),
  ],
  [object([['a', int32(2)]])],
  [object([['aa', int32(1)]])],
  [
    object([
      ['b', int32(1)],
      ['a', int32(2)],
    ]),
  ],
  [object([['a', string('')]])],
  [object([['a', string('x')]])],
  [object([['a', object([['b', int32(1)]])]])],
  [object([['a', array([])]])],
  [object([['a', array([int32(1)])]])],
  // arrays
  [array([])],
  [array([minKey()])],
  [array([undefinedValue()])],
  [array([nullValue()])],
  [array([int32(1)]), array([int64(1n)])],
  [array([int32(1), minKey()])],
  [array([int32(1), int32(2)])],
  [array([int32(1), int32(2), int32(0)])],
  [array([int32(2)])],
  [array([int32(2), int32(1)])],
  [array([string('a')])],
  [array([object([['a', int32(1)]])])],
  [array([array([])])],
  [array([array([int32(1)])])],
  [array([maxKey()])],
  // binary: length, subtype, bytes
  [binary(0, [])],
  [binary(128, [])],
  [binary(0, [0])],
  [binary(0, [255])],
  [binary(5, [0])],
  [binary(0, [0, 0])],
  [binary(2, [0, 0, 0, 0])],
  [binary(4, new Uint8Array(16))],
  [binary(0, new Uint8Array(300))],
  [objectId(ZERO_ID)],
  [objectId('000000000000000000000001')],
  [objectId('0100000000000000000000ff')],
  [objectId('ffffffffffffffffffffffff')],
  [bool(false)],
  [bool(true)],
  [date(-(2n ** 63n))],
  [date(-1n)],
  [date(0n)],
  [date(1n)],
  [date(1_700_000_000_000n)],
  [date(2n ** 48n - 1n)],
  [date(2n ** 48n)],
  [date(2n ** 63n - 1n)],
  [timestamp(0, 1)],
  [timestamp(0, 0xffffffff)],
  [timestamp(1, 0)],
  [timestamp(0x7fffffff, 5)],
  [timestamp(0x80000000, 0)],
  [timestamp(0xffffffff, 0xffffffff)],
  [regex('', '')],
  [regex('', 'i')],
  [regex('a', '')],
  [regex('a', 'i')],
  [regex('ab', '')],
  [regex('b', '')],
  [dbPointer('', ZERO_ID)],
  [dbPointer('b', ZERO_ID)],
  [dbPointer('b', '000000000000000000000001')],
  [dbPointer('aa', ZERO_ID)],
  [code('')],
  [code('a')],
  [code('a\0')],
  [code('b')],
  [codeWithScope('', [])],
  [codeWithScope('', [['a', int32(1)]])],
  [codeWithScope('a', [])],
  [codeWithScope('a', [['a', int32(1)]])],
  [codeWithScope('a', [['a', int32(2)]])],
  [codeWithScope('b', [])],
  [maxKey()],
];

/** Each value of `ORDER`. */
export const EDGES: readonly Sample[] = ORDER.flat();

const interestingText = fc.oneof(
  fc.string({ unit: 'grapheme-composite', maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom('\0', '\x01', '\x02', 'a', 'b', '\x7f', 'é', '😀', '\uffff'),
    maxLength: 5,
  }),
);
const cString = interestingText.map((text) => text.replaceAll('\0', ''));
const fieldName = fc.oneof(fc.constantFrom('a', 'b', 'ab', '', '0', 'longer name'), cString);
const hexId = fc
  .uint8Array({ minLength: 12, maxLength: 12 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
const anyInt64 = fc.oneof(
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.bigInt(-300n, 300n),
  fc
    .tuple(fc.integer({ min: 0, max: 62 }), fc.integer({ min: -2, max: 2 }), fc.boolean())
    .map(([bit, by, minus]) => {
      const n = 2n ** BigInt(bit) + BigInt(by);
      return minus ? -n : n;
    }),
);

const anyDecimal = fc.oneof(
  fc
    .tuple(fc.bigInt(0n, 10n ** 34n - 1n), fc.integer({ min: -6176, max: 6111 }), fc.boolean())
    .map(([digits, exponent, minus]) => decimal(`${minus ? '-' : ''}${digits}E${exponent}`)),
  fc
    .tuple(fc.bigInt(0n, 100_000n), fc.integer({ min: -6, max: 3 }), fc.boolean())
    .map(([digits, exponent, minus]) => decimal(`${minus ? '-' : ''}${digits}E${exponent}`)),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => decimal(String(x).toUpperCase())),
  fc.tuple(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 2n ** 64n - 1n)).map(([a, b]) => decimalBits(a, b)),
);

/** Numbers of all four types, close to each other often enough. */
export const numberSamples: fc.Arbitrary<Sample> = fc.oneof(
  fc.integer().map(int32),
  fc.integer({ min: -300, max: 300 }).map(int32),
  anyInt64.map(int64),
  fc.double().map(double),
  fc.integer({ min: -3000, max: 3000 }).map((n) => double(n / 8)),
  anyInt64.map((n) => double(Number(n))),
  fc.bigInt(0n, 2n ** 64n - 1n).map(doubleBits),
  anyDecimal,
);

export const scalarSamples: fc.Arbitrary<Sample> = fc.oneof(
  { weight: 4, arbitrary: numberSamples },
  { weight: 3, arbitrary: fc.constantFrom(...EDGES) },
  { weight: 2, arbitrary: interestingText.map(string) },
  interestingText.map(symbol),
  interestingText.map(code),
  fc.boolean().map(bool),
  anyInt64.map(date),
  fc
    .tuple(fc.nat({ max: 0xffffffff }), fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 0xffffffff })))
    .map(([t, i]) => timestamp(t, i)),
  hexId.map(objectId),
  fc
    .tuple(fc.constantFrom(0, 1, 3, 4, 5, 128, 255), fc.uint8Array({ maxLength: 20 }))
    .map(([subtype, content]) => binary(subtype, content)),
  fc.tuple(cString, fc.constantFrom('', 'i', 'm', 'im')).map(([pattern, flags]) => regex(pattern, flags)),
  fc.tuple(cString, hexId).map(([namespace, id]) => dbPointer(namespace, id)),
);

/** Names are distinct: the reference keeps only the last of two. */
const nameOf = ([name]: Field): string => name;

const nested = fc.letrec<{ value: Sample; fields: Field[] }>((tie) => ({
  fields: fc.uniqueArray(fc.tuple(fieldName, tie('value')), { maxLength: 3, selector: nameOf }),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 5, arbitrary: scalarSamples },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }).map(array) },
    { weight: 1, arbitrary: tie('fields').map(object) },
    {
      weight: 1,
      arbitrary: fc.tuple(cString, tie('fields')).map(([text, scope]) => codeWithScope(text, scope)),
    },
  ),
}));

/** Values of all types, documents and arrays some levels deep. */
export const samples: fc.Arbitrary<Sample> = nested.value;

/** Fields of a document. */
export const fieldLists: fc.Arbitrary<readonly Field[]> = fc.uniqueArray(fc.tuple(fieldName, samples), {
  maxLength: 6,
  selector: nameOf,
});

/** Pairs that are equal, or nearly, more often than chance would have it. */
export const samplePairs: fc.Arbitrary<readonly [Sample, Sample]> = fc.oneof(
  fc.tuple(samples, samples),
  fc.tuple(numberSamples, numberSamples),
  fc.tuple(fc.constantFrom(...EDGES), fc.constantFrom(...EDGES)),
  numberSamples.chain((number) => neighbours(number).map((other) => [number, other] as const)),
);

/** The same number in other types, or one that differs in the last place of one of them. */
function neighbours(number: Sample): fc.Arbitrary<Sample> {
  const view = new DataView(number.bytes.buffer);
  const value =
    number.type === 0x01
      ? view.getFloat64(0, true)
      : number.type === 0x10
        ? view.getInt32(0, true)
        : number.type === 0x12
          ? Number(view.getBigInt64(0, true))
          : Number(new Decimal128(number.bytes).toString());
  const candidates: Sample[] = [
    double(value),
    double(value * (1 + Number.EPSILON)),
    decimal(shortest(value)),
  ];
  if (Number.isFinite(value)) candidates.push(decimal(exactDigits(value)));
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 62)
    for (const by of [-1n, 0n, 1n]) candidates.push(int64(BigInt(value) + by));
  return fc.constantFrom(...candidates);
}

const shortest = (value: number): string => (Number.isFinite(value) ? value.toExponential() : String(value));

/** The first 34 digits of a double. */
const exactDigits = (value: number): string => value.toExponential(33).toUpperCase();
