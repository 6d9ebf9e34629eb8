import { expect } from 'chai';
import * as fc from 'fast-check';
import { VarintReader, varintLength, writeVarint } from '../../../lsm/base/varint.js';

const numbers = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(300),
  fc.integer({ min: 0, max: 53 }).map((bits) => Math.min(2 ** bits, Number.MAX_SAFE_INTEGER)),
  fc.integer({ min: 1, max: 53 }).map((bits) => 2 ** bits - 1),
);

function encode(value: number): Uint8Array {
  const into = new Uint8Array(16);
  return into.slice(0, writeVarint(into, 0, value));
}

describe('varint', () => {
  for (const [value, hex] of [
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [300, 'ac02'],
    [2 ** 31, '8080808008'],
    [2 ** 53 - 1, 'ffffffffffffff0f'],
  ] as const) {
    it(`${value} = ${hex}`, () => expect(Buffer.from(encode(value)).toString('hex')).to.equal(hex));
  }

  it('comes back, and takes as many bytes as said', () => {
    const reader = new VarintReader();
    fc.assert(
      fc.property(numbers, fc.nat(4), (value, before) => {
        const into = new Uint8Array(16).fill(0xff);
        const end = writeVarint(into, before, value);
        expect(end - before).to.equal(varintLength(value));
        expect(reader.read(into, before, into.length)).to.equal(value);
        expect(reader.end).to.equal(end);
      }),
    );
  });

  it('a number cut short is refused', () => {
    const reader = new VarintReader();
    fc.assert(
      fc.property(numbers, (value) => {
        const bytes = encode(value);
        for (let limit = 0; limit < bytes.length; limit++) {
          reader.read(bytes, 0, limit);
          expect(reader.end).to.equal(-1);
        }
      }),
    );
  });

  it('a number past 2^53 is refused', () => {
    const reader = new VarintReader();
    for (const hex of ['ffffffffffffff10', 'ffffffffffffff7f', 'ffffffffffffffff01', '808080808080808001']) {
      const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
      reader.read(bytes, 0, bytes.length);
      expect(reader.end, hex).to.equal(-1);
    }
  });

  it('any bytes give a safe number that ends inside them, or are refused', () => {
    const reader = new VarintReader();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const value = reader.read(bytes, 0, bytes.length);
        if (reader.end === -1) return;
        expect(Number.isSafeInteger(value)).to.equal(true);
        expect(reader.end).to.be.within(1, bytes.length);
      }),
    );
  });
});
