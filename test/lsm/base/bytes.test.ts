import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  compareBytes,
  compareRanges,
  copyOf,
  equalBytes,
  NO_BYTES,
  prefixEnd,
  readU16,
  readU32,
  readU48,
  sharedPrefixLength,
  writeU16,
  writeU32,
  writeU48,
} from '../../../lsm/base/bytes.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const anyBytes = fc.uint8Array({ maxLength: 70 });
/** Few letters, so that shared prefixes are long. */
const similarBytes = fc
  .array(fc.constantFrom(0, 1, 254, 255), { maxLength: 12 })
  .map((a) => Uint8Array.from(a));

describe('order of bytes', () => {
  for (const [why, a, b, sign] of [
    ['empty before all', bytes(), bytes(0), -1],
    ['a prefix before its extensions', bytes(1), bytes(1, 0), -1],
    ['bytes are unsigned', bytes(0x7f), bytes(0x80), -1],
    ['the first difference decides', bytes(2, 0), bytes(1, 255, 255), 1],
    ['equal', bytes(1, 2), bytes(1, 2), 0],
  ] as const) {
    it(why, () => {
      expect(Math.sign(compareBytes(a, b))).to.equal(sign);
      expect(Math.sign(compareBytes(b, a))).to.equal(sign === 0 ? 0 : -sign);
      expect(equalBytes(a, b)).to.equal(sign === 0);
    });
  }

  it('is the order of Buffer.compare', () => {
    fc.assert(
      fc.property(similarBytes, similarBytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).to.equal(Buffer.compare(a, b));
      }),
    );
  });

  it('compares ranges as if they were alone', () => {
    fc.assert(
      fc.property(similarBytes, similarBytes, fc.nat(5), fc.nat(5), (a, b, before, after) => {
        const inside = Uint8Array.from([...new Uint8Array(before), ...a, ...new Uint8Array(after).fill(9)]);
        const sign = Math.sign(compareRanges(inside, before, a.length, b, 0, b.length));
        expect(sign).to.equal(Math.sign(compareBytes(a, b)));
      }),
    );
  });
});

describe('sharedPrefixLength', () => {
  it('is the longest prefix both have', () => {
    fc.assert(
      fc.property(similarBytes, similarBytes, (a, b) => {
        const n = sharedPrefixLength(a, 0, a.length, b, 0, b.length);
        expect(equalBytes(a.subarray(0, n), b.subarray(0, n))).to.equal(true);
        if (n < Math.min(a.length, b.length)) expect(a[n]).to.not.equal(b[n]);
      }),
    );
  });
});

describe('copyOf', () => {
  it('copies a range into an array of its own', () => {
    fc.assert(
      fc.property(anyBytes, fc.nat(70), fc.nat(70), (from, start, wanted) => {
        const offset = Math.min(start, from.length);
        const length = Math.min(wanted, from.length - offset);
        const copy = copyOf(from, offset, length);
        expect(copy).to.deep.equal(from.slice(offset, offset + length));
        expect(copy.buffer).to.not.equal(from.buffer);
      }),
    );
  });

  it('takes the rest when no length is given', () => {
    expect(copyOf(bytes(1, 2, 3))).to.deep.equal(bytes(1, 2, 3));
    expect(copyOf(bytes(1, 2, 3), 2)).to.deep.equal(bytes(3));
    expect(copyOf(NO_BYTES)).to.deep.equal(NO_BYTES);
  });
});

describe('prefixEnd', () => {
  for (const [why, prefix, end] of [
    ['the last byte plus one', bytes(1, 2), bytes(1, 3)],
    ['trailing 0xff fall away', bytes(1, 255, 255), bytes(2)],
    ['only 0xff: no end', bytes(255, 255), undefined],
    ['empty: no end', bytes(), undefined],
  ] as const) {
    it(why, () => expect(prefixEnd(prefix)).to.deep.equal(end));
  }

  it('lies above exactly the keys that start with the prefix, of those not below it', () => {
    fc.assert(
      fc.property(similarBytes, similarBytes, (prefix, key) => {
        const end = prefixEnd(prefix);
        const isInside = compareBytes(key, prefix) >= 0 && (end === undefined || compareBytes(key, end) < 0);
        const starts = equalBytes(key.subarray(0, prefix.length), prefix);
        expect(isInside).to.equal(starts);
      }),
    );
  });
});

describe('numbers of fixed width', () => {
  const into = new Uint8Array(10);
  for (const [name, write, read, max] of [
    ['u16', writeU16, readU16, 2 ** 16 - 1],
    ['u32', writeU32, readU32, 2 ** 32 - 1],
    ['u48', writeU48, readU48, 2 ** 48 - 1],
  ] as const) {
    it(`${name} comes back, and touches no byte beside it`, () => {
      fc.assert(
        fc.property(fc.maxSafeNat(), fc.boolean(), (n, isExtreme) => {
          const value = isExtreme ? max - (n % 3) : n % (max + 1);
          into.fill(0xee);
          write(into, 1, value);
          expect(read(into, 1)).to.equal(value);
          expect(into[0]).to.equal(0xee);
          expect(into[1 + Number(name.slice(1)) / 8]).to.equal(0xee);
        }),
      );
    });
  }

  it('is little-endian', () => {
    writeU48(into, 0, 0x060504030201);
    expect(into.slice(0, 6)).to.deep.equal(bytes(1, 2, 3, 4, 5, 6));
  });
});
