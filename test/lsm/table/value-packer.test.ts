import { expect } from 'chai';
import type { Bytes } from '../../../lsm/base/bytes.js';
import { lz4Decompress } from '../../../lsm/table/lz4.js';
import { ValuePacker } from '../../../lsm/table/value-packer.js';

const even = new Uint8Array(200).fill(7);
/** No four bytes of it come twice. */
const noise = Uint8Array.from({ length: 200 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24);

const into = new Uint8Array(512);
const pack = (packer: ValuePacker, value: Bytes): number => packer.pack(value, 0, value.length, into, 0);

/** A packer that has met so many values in vain. */
function packerAfter(misses: number): ValuePacker {
  const packer = new ValuePacker();
  for (let i = 0; i < misses; i++) expect(pack(packer, noise)).to.equal(0);
  return packer;
}

describe('ValuePacker', () => {
  it('packs a value that becomes shorter by a quarter', () => {
    const length = pack(new ValuePacker(), even);
    expect(length).to.be.within(1, 149);
    const unpacked = new Uint8Array(200);
    expect(lz4Decompress(into, 0, length, unpacked, 0, 200)).to.equal(200);
    expect(unpacked).to.deep.equal(even);
  });

  for (const [why, value] of [
    ['does not become shorter', noise],
    [
      'becomes shorter by less than a quarter',
      Uint8Array.from([...noise.subarray(0, 160), ...even.subarray(0, 40)]),
    ],
    ['is short', even.subarray(0, 11)],
  ] as const)
    it(`leaves a value alone that ${why}`, () => expect(pack(new ValuePacker(), value)).to.equal(0));

  it('tries every value while fewer than 32 in a row were in vain', () => {
    expect(pack(packerAfter(31), even)).to.be.greaterThan(0);
  });

  it('tries one of 16 after that', () => {
    const packer = packerAfter(32);
    const packed = Array.from({ length: 16 }, () => pack(packer, even) > 0);
    expect(packed.indexOf(true)).to.equal(15);
  });

  it('goes on trying one of 16 while they are in vain', () => {
    const packer = packerAfter(32 + 16);
    const packed = Array.from({ length: 16 }, () => pack(packer, even) > 0);
    expect(packed.indexOf(true)).to.equal(15);
  });

  it('tries every value again as soon as one packs', () => {
    const packer = packerAfter(32 + 15);
    for (let i = 0; i < 3; i++) expect(pack(packer, even)).to.be.greaterThan(0);
    expect(pack(packer, noise)).to.equal(0);
    expect(pack(packer, even)).to.be.greaterThan(0);
  });
});
