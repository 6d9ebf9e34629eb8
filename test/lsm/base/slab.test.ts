import { expect } from 'chai';
import { MAX_SLAB_STRING, Slab } from '../../../lsm/base/slab.js';

const filled = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 7) & 255);

describe('Slab', () => {
  it('hands out strings that stay as they are, whatever comes after', () => {
    const slab = new Slab();
    const kept: [Uint8Array, Uint8Array][] = [];
    for (let n = 0; n < 3000; n++) {
      const length = (n * 7919) % (n % 10 === 0 ? 6000 : 1500);
      const from = filled(length + 20, n);
      const copy = slab.copy(from, 10, length);
      from.fill(0, 0, 5);
      kept.push([copy, filled(length + 20, n).slice(10, 10 + length)]);
      from.fill(255);
    }
    for (const [copy, expected] of kept) expect(Buffer.compare(copy, expected)).to.equal(0);
  });

  it('shares an array among strings: a small one among short ones, a larger among longer ones', () => {
    const slab = new Slab();
    const arrays = (length: number, count: number): number =>
      new Set(Array.from({ length: count }, (_, n) => slab.copy(filled(length, n), 0, length).buffer)).size;
    expect(arrays(100, 800)).to.equal(10);
    expect(arrays(1200, 260)).to.equal(10);
    expect(slab.copy(filled(1024, 1), 0, 1024).buffer.byteLength).to.equal(8192);
    expect(slab.copy(filled(1025, 1), 0, 1025).buffer.byteLength).to.equal(32_768);
    expect(arrays(MAX_SLAB_STRING + 1, 5)).to.equal(5);
    expect(arrays(20, 5)).to.equal(5);
  });

  it('makes room for what its caller fills in', () => {
    const slab = new Slab();
    for (const length of [33, 1024, 1025, MAX_SLAB_STRING, 50, 2000]) {
      const at = slab.take(length);
      expect(at + length).to.be.at.most(slab.bytes.length);
    }
  });
});
