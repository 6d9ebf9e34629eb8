import { expect } from 'chai';
import fc from 'fast-check';
import { compareValues } from '../../../elmo/bson/compare.js';
import { TYPE_CLASS } from '../../../elmo/bson/types.js';
import { firstTag, tagAfter } from '../../../elmo/keys/tags.js';
import { KeyWriter } from '../../../elmo/keys/value-encoding.js';
import * as b from '../../support/bson-values.js';
import {
  EDGES,
  ORDER,
  samplePairs,
  samples,
  VALUE_AT,
  wrapped,
  type Sample,
} from '../../support/bson-values.js';
import { parseSample, readGolden } from './golden.js';

function keyOf(value: Sample, isDescending = false): Uint8Array {
  const writer = new KeyWriter();
  if (isDescending) writer.appendDescending(value.type, wrapped(value), VALUE_AT);
  else writer.append(value.type, wrapped(value), VALUE_AT);
  return writer.toBytes();
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const compareKeys = (x: Uint8Array, y: Uint8Array): number => Buffer.compare(x, y);
const compare = (x: Sample, y: Sample): number =>
  Math.sign(compareValues(x.bytes, x.type, 0, y.bytes, y.type, 0)) + 0;
const startsWith = (long: Uint8Array, short: Uint8Array): boolean =>
  short.every((byte, i) => byte === long[i]);

describe('encoding values for keys', () => {
  it('orders every pair of edges as the reference does', () => {
    const keys = ORDER.map((row) => row.map((value) => keyOf(value)));
    const wrong: string[] = [];
    keys.forEach((row, i) =>
      keys.forEach((other, j) => {
        for (const x of row)
          for (const y of other)
            if (compareKeys(x, y) !== Math.sign(i - j))
              wrong.push(`${ORDER[i]![0]!.text} ? ${ORDER[j]![0]!.text}`);
      }),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('order of keys = order of values, both ways', () =>
    fc.assert(
      fc.property(samplePairs, ([x, y]) => {
        expect(compareKeys(keyOf(x), keyOf(y))).to.equal(compare(x, y));
        expect(compareKeys(keyOf(x, true), keyOf(y, true))).to.equal(compare(y, x));
      }),
      { numRuns: 3000 },
    ));

  it('no key is the beginning of another', () =>
    fc.assert(
      fc.property(samplePairs, fc.boolean(), ([x, y], isDescending) => {
        const [long, short] = [keyOf(x, isDescending), keyOf(y, isDescending)];
        if (startsWith(long, short)) expect(hex(long)).to.equal(hex(short));
      }),
      { numRuns: 1000 },
    ));

  it('compound keys sort field by field, each in its direction', () => {
    const directions = fc.array(fc.boolean(), { minLength: 3, maxLength: 3 });
    const three = fc.tuple(samplePairs, samplePairs, samplePairs);
    const compound = (values: readonly Sample[], descending: readonly boolean[]): Uint8Array => {
      const writer = new KeyWriter();
      values.forEach(({ type, bytes }, i) =>
        descending[i]! ? writer.appendDescending(type, bytes, 0) : writer.append(type, bytes, 0),
      );
      return writer.toBytes();
    };
    fc.assert(
      fc.property(three, directions, (pairs, descending) => {
        const xs = pairs.map(([x]) => x);
        const ys = pairs.map(([, y]) => y);
        let expected = 0;
        xs.forEach((x, i) => (expected ||= descending[i]! ? compare(ys[i]!, x) : compare(x, ys[i]!)));
        expect(compareKeys(compound(xs, descending), compound(ys, descending))).to.equal(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('first bytes tell the class', () =>
    fc.assert(
      fc.property(samples, (value) => {
        const [tag] = keyOf(value);
        expect(tag).to.be.at.least(firstTag(TYPE_CLASS[value.type]!));
        expect(tag).to.be.below(tagAfter(TYPE_CLASS[value.type]!));
      }),
    ));

  it('a decimal encodes alike however it is written', () => {
    const digits = fc.tuple(
      fc.bigInt(1n, 10n ** 20n),
      fc.integer({ min: -16, max: 3 }),
      fc.nat(13),
      fc.boolean(),
    );
    fc.assert(
      fc.property(digits, ([coefficient, exponent, zeros, isNegative]) => {
        const sign = isNegative ? '-' : '';
        const short = b.decimal(`${sign}${coefficient}E${exponent}`);
        const long = b.decimal(`${sign}${coefficient}${'0'.repeat(zeros)}E${exponent - zeros}`);
        expect(hex(keyOf(short))).to.equal(hex(keyOf(long)));
      }),
      { numRuns: 1000 },
    );
  });

  it('a missing value is null', () => {
    const writer = new KeyWriter();
    writer.append(0, new Uint8Array(0), 0);
    expect(hex(writer.toBytes())).to.equal(hex(keyOf(b.nullValue())));
  });

  it('a string from outside a document encodes alike', () => {
    const writer = new KeyWriter();
    writer.appendString(Buffer.from('xa\0yz'), 1, 4);
    expect(hex(writer.toBytes())).to.equal(hex(keyOf(b.string('a\0y'))));
  });

  it('refuses a type that is none', () =>
    expect(() => new KeyWriter().append(0x20, new Uint8Array(8), 0)).to.throw('unknown type'));

  describe('writes', () => {
    for (const [value, expected] of [
      [b.int32(1), '1e00'],
      [b.int32(-1), '1aff'],
      [b.int32(300), '1f0156'],
      [b.double(1.5), '1e0180'],
      [b.double(0.5), '1dff00'],
      [b.string('a'), '306100'],
      [b.string('\0\x01'), '300101010200'],
      [b.object([['a', b.int32(1)]]), '380461001e0000'],
      [b.date(0n), '61000000000000'],
    ] as const)
      it(`${value.text} as ${expected}`, () => expect(hex(keyOf(value))).to.equal(expected));
  });

  describe('sizes, the tag included', () => {
    for (const [value, bytes] of [
      [b.nullValue(), 1],
      [b.bool(true), 1],
      [b.minKey(), 1],
      [b.int32(0), 1],
      [b.double(Infinity), 1],
      [b.int32(1), 2],
      [b.int32(-128), 2],
      [b.int32(1000), 3],
      [b.int32(1_000_000), 4],
      [b.int32(2 ** 31 - 1), 5],
      [b.int32(-(2 ** 31)), 5],
      [b.int64(5_000_000_000n), 6],
      [b.double(1.7e12), 7],
      [b.int64(2n ** 53n), 8],
      [b.int64(2n ** 63n - 1n), 9],
      [b.double(0.5), 3],
      [b.double(1.5), 3],
      [b.double(1234.25), 4],
      [b.double(1 / 3), 10],
      [b.double(19.99), 9],
      [b.double(1e100), 11],
      [b.decimal('5'), 2],
      [b.decimal('2.50'), 3],
      [b.decimal('19.99'), 18],
      [b.decimal('9.999999999999999999999999999999999E6144'), 20],
      [b.date(1_700_000_000_000n), 7],
      [b.date(-1n), 9],
      [b.timestamp(1_700_000_000, 3), 6],
      [b.objectId('0123456789abcdef01234567'), 13],
      [b.string(''), 2],
      [b.string('a string of 25 characters'), 27],
      [b.string('é'), 4],
      [b.binary(4, new Uint8Array(16)), 19],
      [b.array([b.int32(1), b.int32(2)]), 6],
      [b.object([['a', b.int32(1)]]), 7],
    ] as const)
      it(`${value.text}: ${bytes}`, () => expect(keyOf(value).length).to.equal(bytes));

    it('an int32 takes at most 5, any double at most 12', () => {
      fc.assert(
        fc.property(fc.integer(), (n) => {
          expect(keyOf(b.int32(n)).length).to.be.at.most(5);
        }),
      );
      fc.assert(
        fc.property(fc.double(), (x) => {
          expect(keyOf(b.double(x)).length).to.be.at.most(12);
        }),
      );
    });
  });

  describe('the frozen format', () => {
    const lines = readGolden('values-1.txt');

    it('still holds, byte by byte', () => {
      const wrong = lines.filter((line) => hex(keyOf(parseSample(line.json))) !== line.hex);
      expect(wrong).to.deep.equal([]);
    });

    it('covers every edge', () => {
      const frozen = new Set(lines.map((line) => line.json));
      expect(EDGES.map(({ text }) => text).filter((text) => !frozen.has(text))).to.deep.equal([]);
    });

    it('is in order', () => {
      const keys = lines.map((line) => line.hex);
      expect(keys).to.deep.equal([...keys].sort());
    });
  });
});
