import { expect } from 'chai';
import * as fc from 'fast-check';
import { copyOf, type Bytes } from '../../../lsm/base/bytes.js';
import { lz4CanHold, lz4Decompress, Lz4Compressor } from '../../../lsm/table/lz4.js';
import { bytesOf } from './table-model.js';

const compressor = new Lz4Compressor();

function pack(value: Bytes, limit = value.length * 2 + 16): Bytes {
  const into = new Uint8Array(limit + 8).fill(0xee);
  const length = compressor.compress(value, 0, value.length, into, 4, limit);
  expect([...into.subarray(4 + limit)]).to.deep.equal([0xee, 0xee, 0xee, 0xee]);
  return copyOf(into, 4, length);
}

function unpack(packed: Bytes, rawLength: number): Bytes | undefined {
  const into = new Uint8Array(rawLength + 8).fill(0xee);
  const from = new Uint8Array(packed.length + 4);
  from.set(packed, 3);
  const length = lz4Decompress(from, 3, packed.length, into, 4, rawLength);
  expect([...into.subarray(0, 4), ...into.subarray(4 + rawLength)]).to.deep.equal(Array(8).fill(0xee));
  if (length < 0) return undefined;
  expect(length).to.equal(rawLength);
  return copyOf(into, 4, rawLength);
}

/** Bytes with repetitions near and far, of all lengths. */
const repetitive = fc
  .array(
    fc.oneof(
      fc.record({ literal: fc.uint8Array({ minLength: 1, maxLength: 300 }) }),
      fc.record({ back: fc.nat(70_000), length: fc.integer({ min: 1, max: 700 }) }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => {
    const bytes: number[] = [];
    for (const part of parts) {
      if ('literal' in part) bytes.push(...part.literal);
      else {
        const from = Math.max(0, bytes.length - 1 - part.back);
        for (let i = 0; i < part.length && bytes.length > 0; i++) bytes.push(bytes[from + i]!);
      }
    }
    return new Uint8Array(bytes);
  });

describe('lz4', () => {
  it('writes the sequences of the example', () => {
    const packed = pack(bytesOf('abcdabcdabcdX'));
    expect(Buffer.from(packed).toString('hex')).to.equal('44616263640400' + '1058');
    expect(unpack(packed, 13)).to.deep.equal(bytesOf('abcdabcdabcdX'));
  });

  it('packs a value of two equal halves to little more than a half', () => {
    const half = new Uint8Array(50).map((_, i) => (i * 7919) >>> 3);
    const value = new Uint8Array(100);
    value.set(half);
    value.set(half, 50);
    expect(pack(value).length).to.be.at.most(55);
  });

  it('gives back what was packed', () => {
    fc.assert(
      fc.property(repetitive, (value) => {
        expect(unpack(pack(value), value.length)).to.deep.equal(value);
      }),
      { numRuns: 300 },
    );
  });

  it('gives back long values, beyond the reach of a match', () => {
    for (const length of [65_535, 65_536, 65_540, 200_000]) {
      const value = new Uint8Array(length).map((_, i) => (i % 65_537) * 31 + (i >>> 12));
      expect(unpack(pack(value), length)).to.deep.equal(value);
      const zeros = new Uint8Array(length);
      const packed = pack(zeros);
      expect(packed.length).to.be.below(length / 200);
      expect(unpack(packed, length)).to.deep.equal(zeros);
    }
  });

  it('forgets earlier inputs when positions run out', () => {
    const own = new Lz4Compressor();
    (own as unknown as { start: number }).start = 0x3fff_fff0;
    const value = bytesOf('hello hello hello hello');
    for (let round = 0; round < 3; round++) {
      const into = new Uint8Array(64);
      const length = own.compress(value, 0, value.length, into, 0, 64);
      expect(unpack(copyOf(into, 0, length), value.length)).to.deep.equal(value);
    }
  });

  it('never writes more than the limit, and then gives 0', () => {
    fc.assert(
      fc.property(repetitive, fc.nat(100), (value, limit) => {
        const full = pack(value).length;
        const packed = pack(value, limit).length;
        expect(packed).to.be.at.most(limit);
        if (full <= limit - 8 - (full >>> 6)) expect(packed).to.equal(full);
      }),
      { numRuns: 300 },
    );
  });

  it('takes any bytes for what they are: data, or -1', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(400), (packed, rawLength) => {
        unpack(packed, rawLength);
      }),
      { numRuns: 3000 },
    );
  });

  it('takes damaged packed bytes for what they are', () => {
    fc.assert(
      fc.property(repetitive, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, change) => {
        const packed = pack(value);
        if (packed.length === 0) return;
        packed[at % packed.length]! ^= change;
        unpack(packed, value.length);
        unpack(packed.subarray(0, at % packed.length), value.length);
      }),
      { numRuns: 1000 },
    );
  });

  for (const [why, hex, rawLength] of [
    ['a distance of 0', '10610000' + '00', 8],
    ['a distance before the start', '1061020000', 8],
    ['literals past the end of the input', '3061', 3],
    ['literals past the end of the output', '3061626300', 2],
    ['a length that never ends', 'f0ffffff', 4000],
    ['a match without its distance', '106101', 5],
    ['match bits at the end of the literals', '1161', 1],
    ['too few bytes', '1061', 2],
    ['nothing where bytes are due', '', 1],
  ] as const) {
    it(`refuses ${why}`, () => {
      expect(unpack(new Uint8Array(Buffer.from(hex, 'hex')), rawLength)).to.equal(undefined);
    });
  }

  it('refuses a claim that the input cannot hold', () => {
    expect(lz4CanHold(10, 1 << 20)).to.equal(false);
    expect(lz4CanHold(pack(new Uint8Array(1 << 16)).length, 1 << 16)).to.equal(true);
  });
});
