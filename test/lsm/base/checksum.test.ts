import { expect } from 'chai';
import * as fc from 'fast-check';
import { crc32 } from '../../../lsm/base/checksum.js';

/** The definition: reflected polynomial 0xedb88320, bit by bit. */
function plainCrc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

describe('crc32', () => {
  it('of "123456789" is the check value of the standard', () => {
    expect(crc32(new TextEncoder().encode('123456789'), 0, 9)).to.equal(0xcbf43926);
  });

  it('is the one of the definition, of the range only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), fc.nat(200), (bytes, start, wanted) => {
        const offset = Math.min(start, bytes.length);
        const length = Math.min(wanted, bytes.length - offset);
        expect(crc32(bytes, offset, length)).to.equal(plainCrc32(bytes.subarray(offset, offset + length)));
      }),
    );
  });

  it('continues from the checksum of the bytes before', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, at) => {
        const cut = Math.min(at, bytes.length);
        const first = crc32(bytes, 0, cut);
        expect(crc32(bytes, cut, bytes.length - cut, first)).to.equal(crc32(bytes, 0, bytes.length));
      }),
    );
  });

  it('reads memory shared between threads', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(9));
    shared.set(new TextEncoder().encode('123456789'));
    expect(crc32(shared, 0, 9)).to.equal(0xcbf43926);
  });
});
