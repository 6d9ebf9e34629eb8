import { expect } from 'chai';
import * as fc from 'fast-check';
import { bloomBytes, BloomFilter, isBloom, keyHash, writeBloom } from '../../../lsm/table/bloom.js';
import { bytesOf } from './table-model.js';

function filterOf(count: number, bitsPerKey: number): BloomFilter {
  const hashes = new Int32Array(count).map((_, i) => hashOf(`key ${i}`));
  const bytes = new Uint8Array(bloomBytes(count, bitsPerKey));
  expect(writeBloom(hashes, count, bitsPerKey, bytes, 0)).to.equal(bytes.length);
  expect(isBloom(bytes)).to.equal(true);
  return new BloomFilter(bytes);
}

function hashOf(key: string): number {
  const bytes = bytesOf(key);
  return keyHash(bytes, 0, bytes.length);
}

describe('keyHash', () => {
  for (const [key, hash] of [
    ['', 237450808],
    ['a', 1589723617],
    ['abcd', 2064714287],
    ['hello, world', -1270860629],
  ] as const) {
    it(`is on disk and so never changes: ${JSON.stringify(key)}`, () => {
      expect(hashOf(key)).to.equal(hash);
    });
  }

  it('depends on the bytes alone, not on where they lie', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(9), (key, at) => {
        const elsewhere = new Uint8Array(key.length + at + 5).fill(0x55);
        elsewhere.set(key, at);
        expect(keyHash(elsewhere, at, key.length)).to.equal(keyHash(key, 0, key.length));
      }),
    );
  });
});

describe('BloomFilter', () => {
  for (const [bitsPerKey, falsePositives] of [
    [4, 0.18],
    [10, 0.012],
    [16, 0.0025],
    [32, 0.001],
  ] as const) {
    it(`knows every key, and ${falsePositives * 100} % of others at ${bitsPerKey} bits`, () => {
      const filter = filterOf(20_000, bitsPerKey);
      for (let i = 0; i < 20_000; i++) expect(filter.mayContain(hashOf(`key ${i}`))).to.equal(true);
      let wrong = 0;
      for (let i = 0; i < 50_000; i++) if (filter.mayContain(hashOf(`other ${i}`))) wrong++;
      expect(wrong / 50_000).to.be.at.most(falsePositives);
    });
  }

  it('works for few keys, and for one', () => {
    for (const count of [1, 2, 7, 100]) {
      const filter = filterOf(count, 1);
      for (let i = 0; i < count; i++) expect(filter.mayContain(hashOf(`key ${i}`))).to.equal(true);
    }
  });

  it('recognises what is not a filter', () => {
    for (const length of [0, 1, 64, 66]) expect(isBloom(new Uint8Array(length).fill(1))).to.equal(false);
    expect(isBloom(new Uint8Array(65))).to.equal(false);
    expect(isBloom(new Uint8Array(65).fill(17))).to.equal(false);
  });
});
