import { expect } from 'chai';
import fc from 'fast-check';
import { LsmError } from '../../../lsm/errors.js';
import {
  blobIdOf,
  blobLengthOf,
  decodeBlobDescriptor,
  encodeBlobDescriptor,
  type BlobDescriptor,
} from '../../../lsm/blob/descriptor.js';

const decode = (bytes: Uint8Array): BlobDescriptor =>
  decodeBlobDescriptor(bytes, 0, bytes.length, 'store', 77);
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replace(/[ |]/g, ''), 'hex'));

const example: BlobDescriptor = {
  id: 5,
  length: 300,
  checksum: 0x12345678,
  extents: [{ offset: 8192, bytes: 4096 }],
};
const exampleHex = '05 | ac 02 | 78 56 34 12 | 01 | 02 01';

describe('blob descriptor', () => {
  it('is encoded as the byte table says', () => {
    expect(encodeBlobDescriptor(example)).to.deep.equal(bytesOf(exampleHex));
    expect(decode(bytesOf(exampleHex))).to.deep.equal(example);
  });

  it('comes back as it was, and tells id and length by themselves', () => {
    const descriptors = fc
      .record({
        id: fc.integer({ min: 1, max: 2 ** 48 }),
        checksum: fc.nat(0xffffffff),
        sizes: fc.array(fc.tuple(fc.nat(2 ** 20), fc.integer({ min: 1, max: 1024 })), { maxLength: 20 }),
        unused: fc.nat(4095),
      })
      .map(({ id, checksum, sizes, unused }) => {
        let end = 8192;
        let room = 0;
        const extents = sizes.map(([gap, units]) => {
          const extent = { offset: end + gap * 4096, bytes: units * 4096 };
          end = extent.offset + extent.bytes;
          room += extent.bytes;
          return extent;
        });
        return { id, checksum, length: Math.max(0, room - unused), extents: extents.reverse() };
      });
    fc.assert(
      fc.property(descriptors, (descriptor) => {
        const bytes = encodeBlobDescriptor(descriptor);
        const inside = new Uint8Array(bytes.length + 20).fill(0xee);
        inside.set(bytes, 10);
        expect(decodeBlobDescriptor(inside, 10, bytes.length, 'store')).to.deep.equal(descriptor);
        expect(blobIdOf(inside, 10, bytes.length)).to.equal(descriptor.id);
        expect(blobLengthOf(inside, 10, bytes.length)).to.equal(descriptor.length);
      }),
    );
  });

  for (const [why, hex] of [
    ['is empty', ''],
    ['has id 0', '00 | ac 02 | 78 56 34 12 | 01 | 02 01'],
    ['is longer than values get', '05 | 81 80 80 80 08 | 78 56 34 12 | 01 | 02 ff ff 7f'],
    ['counts more extents than it has bytes', '05 | ac 02 | 78 56 34 12 | ff ff 7f | 02 01'],
    ['has an extent over a meta slot', '05 | ac 02 | 78 56 34 12 | 01 | 01 01'],
    ['has an empty extent', '05 | ac 02 | 78 56 34 12 | 02 | 02 00 02 01'],
    ['has an extent past every file', '05 | ac 02 | 78 56 34 12 | 01 | ff ff ff ff ff ff 7f 01'],
    ['has extents that overlap', '05 | ac 02 | 78 56 34 12 | 02 | 02 02 03 01'],
    ['has extents that are too short', '05 | 81 20 | 78 56 34 12 | 01 | 02 01'],
    ['is followed by another byte', `${exampleHex} 00`],
  ] as const) {
    it(`is refused when it ${why}`, () => {
      expect(() => decode(bytesOf(hex))).to.throw(LsmError, 'damaged at byte 77');
    });
  }

  it('is refused when cut anywhere', () => {
    const bytes = bytesOf(exampleHex);
    for (let n = 0; n < bytes.length; n++) expect(() => decode(bytes.subarray(0, n))).to.throw(LsmError);
  });

  it('of any bytes: a descriptor or Corrupt', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        blobIdOf(bytes, 0, bytes.length);
        blobLengthOf(bytes, 0, bytes.length);
        try {
          decode(bytes);
        } catch (error) {
          expect((error as LsmError).code).to.equal('Corrupt');
        }
      }),
      { numRuns: 2000 },
    );
  });
});
