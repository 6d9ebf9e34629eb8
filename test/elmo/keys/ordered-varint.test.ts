import { expect } from 'chai';
import fc from 'fast-check';
import {
  orderedVarintLength,
  orderedVarintLengthOf,
  readOrderedVarint,
  writeOrderedVarint,
} from '../../../elmo/keys/ordered-varint.js';

const numbers = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(),
  fc.tuple(fc.nat(52), fc.integer({ min: -1, max: 1 })).map(([bit, by]) => Math.max(2 ** bit + by, 0)),
);

function encode(value: number): Uint8Array {
  const bytes = new Uint8Array(10);
  return bytes.slice(0, writeOrderedVarint(bytes, 0, value));
}

describe('ordered varints', () => {
  for (const [value, hex] of [
    [0, '00'],
    [127, '7f'],
    [128, '8080'],
    [300, '812c'],
    [16383, 'bfff'],
    [16384, 'c04000'],
    [2 ** 53 - 1, 'fe1fffffffffffff'],
  ] as const)
    it(`${value} is ${hex}`, () => expect(Buffer.from(encode(value)).toString('hex')).to.equal(hex));

  it('come back', () =>
    fc.assert(
      fc.property(numbers, (value) => {
        const bytes = encode(value);
        expect(readOrderedVarint(bytes, 0)).to.equal(value);
        expect(orderedVarintLength(value)).to.equal(bytes.length);
        expect(orderedVarintLengthOf(bytes[0]!)).to.equal(bytes.length);
      }),
    ));

  it('sort as numbers', () =>
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        expect(Buffer.compare(encode(a), encode(b))).to.equal(Math.sign(a - b));
      }),
    ));

  it('a byte of ones starts none', () => expect(orderedVarintLengthOf(0xff)).to.equal(9));
});
