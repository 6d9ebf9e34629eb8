import { expect } from 'chai';
import { TypeBitsReader, TypeBitsWriter } from '../../../elmo/keys/type-bits.js';
import * as b from '../../support/bson-values.js';
import type { Sample } from '../../support/bson-values.js';

function typeBits(values: readonly Sample[]): string {
  const writer = new TypeBitsWriter();
  for (const { type, bytes } of values) writer.add(type, bytes, 0);
  return Buffer.from(writer.toBytes()).toString('hex');
}

describe('type bits', () => {
  for (const [why, values, expected] of [
    ['nothing for what JavaScript stores', [b.int32(1), b.string('a'), b.double(1.5), b.double(2 ** 40)], ''],
    ['nothing for types without siblings', [b.nullValue(), b.bool(true), b.date(1n), b.minKey()], ''],
    ['nothing for a long that no double holds', [b.int64(2n ** 53n + 1n)], ''],
    ['one byte for a long', [b.int64(5n)], '02'],
    ['one byte for a long beyond int32', [b.int64(2n ** 40n)], '02'],
    ['one byte for a double that looks like an int32', [b.double(3)], '01'],
    ['one byte for -0', [b.double(-0)], '03'],
    ['one byte for a symbol', [b.symbol('a')], '04'],
    ['two bytes for a decimal: its exponent', [b.decimal('19.99')], '981e'],
    ['the sign of a decimal zero', [b.decimal('-0')], 'd820'],
    ['decimal NaN and infinity', [b.decimal('NaN'), b.decimal('-Infinity')], '0606'],
    ['the bits of an odd NaN', [b.doubleBits(0x7ff8000000000012n)], '05120000000000f87f'],
    ['zeros before a code, none after', [b.int32(1), b.string('a'), b.int64(5n), b.int32(3)], '000002'],
    ['values inside of documents', [b.object([['a', b.array([b.int32(1), b.int64(2n)])]])], '0002'],
  ] as const)
    it(`keep ${why}`, () => expect(typeBits(values)).to.equal(expected));

  it('read as default past their end', () => {
    const reader = new TypeBitsReader();
    reader.open(Uint8Array.of(9, 2, 9), 1, 2);
    expect([reader.next(), reader.next(), reader.next()]).to.deep.equal([2, 0, 0]);
  });

  it('grow as needed', () => {
    const values = Array.from({ length: 200 }, () => b.int64(1n));
    expect(typeBits(values)).to.equal('02'.repeat(200));
  });
});
