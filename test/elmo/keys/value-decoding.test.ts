import { expect } from 'chai';
import fc from 'fast-check';
import { BsonError } from '../../../elmo/bson/errors.js';
import { BsonWriter } from '../../../elmo/bson/writer.js';
import { TypeBitsReader, TypeBitsWriter } from '../../../elmo/keys/type-bits.js';
import { KeyReader } from '../../../elmo/keys/value-decoding.js';
import { KeyWriter } from '../../../elmo/keys/value-encoding.js';
import * as b from '../../support/bson-values.js';
import { EDGES, samples, type Sample } from '../../support/bson-values.js';

interface Encoded {
  readonly key: Uint8Array;
  readonly typeBits: Uint8Array;
}

function encode(values: readonly Sample[], isDescending = false): Encoded {
  const key = new KeyWriter();
  const typeBits = new TypeBitsWriter();
  for (const { type, bytes } of values) {
    if (isDescending) key.appendDescending(type, bytes, 0);
    else key.append(type, bytes, 0);
    typeBits.add(type, bytes, 0);
  }
  return { key: key.toBytes(), typeBits: typeBits.toBytes() };
}

/** The values of a key, each as 'type.hex'. */
function decode({ key, typeBits }: Encoded, isDescending = false): string[] {
  const reader = new KeyReader();
  const bits = new TypeBitsReader();
  const values: string[] = [];
  reader.open(key);
  bits.open(typeBits);
  while (reader.at < key.length) {
    const writer = new BsonWriter();
    const type = reader.readValue(writer, bits, isDescending);
    values.push(`${type}.${Buffer.from(writer.toBytes()).toString('hex')}`);
  }
  return values;
}

const shown = ({ type, bytes }: Sample): string => `${type}.${Buffer.from(bytes).toString('hex')}`;

describe('decoding keys', () => {
  it('gives back every edge with the help of its type bits', () => {
    for (const value of EDGES) expect(decode(encode([value])), value.text).to.deep.equal([shown(value)]);
  });

  it('gives back any values, both ways', () =>
    fc.assert(
      fc.property(fc.array(samples, { maxLength: 4 }), fc.boolean(), (values, isDescending) => {
        expect(decode(encode(values, isDescending), isDescending)).to.deep.equal(values.map(shown));
      }),
      { numRuns: 2000 },
    ));

  describe('without type bits gives what JavaScript would have stored', () => {
    for (const [given, expected] of [
      [b.int64(5n), b.int32(5)],
      [b.double(-7), b.int32(-7)],
      [b.decimal('12.00'), b.int32(12)],
      [b.double(-0), b.int32(0)],
      [b.int64(2n ** 31n), b.double(2 ** 31)],
      [b.int64(-(2n ** 31n)), b.int32(-(2 ** 31))],
      [b.decimal('9007199254740993'), b.int64(2n ** 53n + 1n)],
      [b.int64(2n ** 63n - 1n), b.int64(2n ** 63n - 1n)],
      [b.int64(-(2n ** 63n)), b.double(-(2 ** 63))],
      [b.decimal('18446744073709551616'), b.double(2 ** 64)],
      [b.decimal('0.5'), b.double(0.5)],
      [b.double(Number.MIN_VALUE), b.double(Number.MIN_VALUE)],
      [b.double(-2.2250738585072014e-308), b.double(-2.2250738585072014e-308)],
      [b.symbol('a'), b.string('a')],
      [b.decimal('NaN'), b.double(NaN)],
      [b.decimal('-Infinity'), b.double(-Infinity)],
    ] as const)
      it(`${given.text} → ${expected.text}`, () =>
        expect(decode({ key: encode([given]).key, typeBits: new Uint8Array(0) })).to.deep.equal([
          shown(expected),
        ]));
  });

  it('damaged keys give values or a BsonError', () => {
    const damaged = fc.tuple(fc.array(samples, { maxLength: 3 }), fc.nat(), fc.nat(255), fc.uint8Array());
    fc.assert(
      fc.property(damaged, ([values, where, byte, typeBits]) => {
        const { key } = encode(values);
        if (key.length > 0) key[where % key.length] = byte;
        try {
          decode({ key: key.subarray(0, key.length - (where % 3)), typeBits });
        } catch (error) {
          expect(error).to.be.instanceOf(BsonError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
