import { expect } from 'chai';
import * as fc from 'fast-check';
import { Aes256GcmCipher, deriveKey, keyCheck, KEY_CHECK_BYTES } from '../../../lsm/env/cipher.js';
import { SystemRandom } from '../../../lsm/env/random.js';
import { SeededRandom } from '../../support/seeded-random.js';

const KEY = new SeededRandom(1).bytes(32);
/** Of a key of 32 zeros, the passphrase "elmo", and a salt of 16 zeros: files written by older versions must open. */
const RAW_KEY = '7b977e45faae384fd261b08cd7dd17f925c4165fa8c215a34dbc8c564a94be86';
const PASSPHRASE_KEY = '8e6f3aadbe9dbc1887b9f0e2cd29b6c72fd3538c0180a10739c23d788c4388dd';
const CHECK = 'd6fb01104496d9fd71bd76545361edb8';
const AAD = Uint8Array.of(1, 2, 3);

function sealed(cipher: Aes256GcmCipher, plain: Uint8Array, aad = AAD): Uint8Array {
  const into = new Uint8Array(plain.length + cipher.overhead);
  expect(cipher.seal(plain, 0, plain.length, into, 0, aad)).to.equal(into.length);
  return into;
}

describe('Aes256GcmCipher', () => {
  const cipher = new Aes256GcmCipher(KEY, new SystemRandom());

  it('opens what it sealed, at any place of an array', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(20), fc.nat(20), (plain, from, to) => {
        const source = new Uint8Array(from + plain.length);
        source.set(plain, from);
        const into = new Uint8Array(to + plain.length + cipher.overhead + 1).fill(9);
        const count = cipher.seal(source, from, plain.length, into, to, AAD);
        expect(count).to.equal(plain.length + cipher.overhead);
        expect(into[to + count]).to.equal(9);
        const back = new Uint8Array(from + plain.length);
        expect(cipher.open(into, to, count, back, from, AAD)).to.equal(plain.length);
        expect(back.slice(from)).to.deep.equal(plain);
      }),
    );
  });

  it('works in place, and on memory shared between threads', () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(100));
    bytes.set([1, 2, 3], 10);
    const count = cipher.seal(bytes, 10, 3, bytes, 10, AAD);
    expect(cipher.open(bytes, 10, count, bytes, 10, AAD)).to.equal(3);
    expect(Array.from(bytes.slice(10, 13))).to.deep.equal([1, 2, 3]);
  });

  it('does not open when a bit was flipped, and writes nothing then', () => {
    const bytes = sealed(cipher, Uint8Array.of(5, 6, 7));
    const into = new Uint8Array(3);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      expect(cipher.open(bytes, 0, bytes.length, into, 0, AAD)).to.equal(-1);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    expect(Array.from(into)).to.deep.equal([0, 0, 0]);
    expect(cipher.open(bytes, 0, bytes.length, into, 0, AAD)).to.equal(3);
  });

  it('does not open in another place, with another key, or cut short', () => {
    const bytes = sealed(cipher, Uint8Array.of(5, 6, 7));
    const into = new Uint8Array(40);
    expect(cipher.open(bytes, 0, bytes.length, into, 0, Uint8Array.of(1, 2, 4))).to.equal(-1);
    const other = new Aes256GcmCipher(new SeededRandom(2).bytes(32), new SystemRandom());
    expect(other.open(bytes, 0, bytes.length, into, 0, AAD)).to.equal(-1);
    for (let n = 0; n < bytes.length; n++) expect(cipher.open(bytes, 0, n, into, 0, AAD)).to.equal(-1);
  });

  it('never repeats a nonce', () => {
    const nonces = new Set<string>();
    for (let i = 0; i < 2000; i++)
      nonces.add(Buffer.from(sealed(cipher, AAD).subarray(0, 12)).toString('hex'));
    expect(nonces.size).to.equal(2000);
  });
});

describe('deriveKey', () => {
  const salt = new SeededRandom(3).bytes(16);

  for (const [why, key] of [
    ['32 raw bytes', KEY],
    ['a passphrase', 'correct horse'],
  ] as const) {
    it(`${why}: the same key for the same salt, another for another`, () => {
      const derived = deriveKey(key, salt);
      expect(derived).to.be.instanceOf(Uint8Array).and.not.instanceOf(Buffer);
      expect(derived.length).to.equal(32);
      expect(deriveKey(key, salt)).to.deep.equal(derived);
      expect(
        deriveKey(
          key,
          salt.map((b) => b ^ 1),
        ),
      ).to.not.deep.equal(derived);
    });
  }

  it('is part of the format', () => {
    const zeros = new Uint8Array(16);
    expect(Buffer.from(deriveKey(new Uint8Array(32), zeros)).toString('hex')).to.equal(RAW_KEY);
    expect(Buffer.from(deriveKey('elmo', zeros)).toString('hex')).to.equal(PASSPHRASE_KEY);
    expect(Buffer.from(keyCheck(new Uint8Array(32))).toString('hex')).to.equal(CHECK);
  });

  it('takes a passphrase in one Unicode form', () => {
    expect(deriveKey('caf\u00e9', salt)).to.deep.equal(deriveKey('cafe\u0301', salt));
  });
});

describe('keyCheck', () => {
  it('tells keys apart in 16 bytes', () => {
    const [a, b] = [keyCheck(KEY), keyCheck(new SeededRandom(4).bytes(32))];
    expect(a.length).to.equal(KEY_CHECK_BYTES);
    expect(keyCheck(KEY)).to.deep.equal(a);
    expect(b).to.not.deep.equal(a);
  });
});
