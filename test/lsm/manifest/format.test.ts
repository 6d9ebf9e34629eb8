import { expect } from 'chai';
import fc from 'fast-check';
import { writeU32 } from '../../../lsm/base/bytes.js';
import { crc32 } from '../../../lsm/base/checksum.js';
import type { Cipher } from '../../../lsm/env/cipher.js';
import { LsmError } from '../../../lsm/errors.js';
import {
  RECORD_EDIT,
  RECORD_STATE,
  decodeRecord,
  encodeRecord,
  type ManifestRecord,
} from '../../../lsm/manifest/format.js';
import { flipCipher } from '../blob/blob-stream.js';
import { anyEdit, edit } from './sample-edits.js';

function decode(bytes: Uint8Array, seed: number, cipher?: Cipher): ManifestRecord {
  return decodeRecord(bytes, 0, bytes.length, seed, cipher, 'store', 8192);
}

describe('manifest record', () => {
  it('is encoded as the byte table says', () => {
    const first = edit(1, { nextTableId: 1, nextBlobId: 1 });
    const hex = 'e324bfe70a0000000101000000000001000101010000000000';
    const bytes = encodeRecord(RECORD_STATE, first, 0, undefined);
    expect(Buffer.from(bytes).toString('hex')).to.equal(hex);
    expect(decode(bytes, 0)).to.deep.equal({ kind: RECORD_STATE, edit: first, length: 25 });
  });

  for (const cipher of [undefined, flipCipher]) {
    it(`comes back as it was${cipher ? ', encrypted' : ''}`, () => {
      fc.assert(
        fc.property(anyEdit, fc.nat(0xffffffff), (given, seed) => {
          const bytes = encodeRecord(RECORD_EDIT, given, seed, cipher);
          expect(decode(bytes, seed, cipher)).to.deep.equal({
            kind: RECORD_EDIT,
            edit: given,
            length: bytes.length,
          });
        }),
      );
    });

    it(`is refused when any bit is flipped, or when it is cut${cipher ? ', encrypted' : ''}`, () => {
      const [given] = fc.sample(anyEdit, { numRuns: 1, seed: 5 });
      const bytes = encodeRecord(RECORD_EDIT, given!, 9, cipher);
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => decode(bytes, 9, cipher), `bit ${bit}`).to.throw(LsmError);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
      }
      for (let n = 0; n < bytes.length; n++) {
        expect(() => decode(bytes.subarray(0, n), 9, cipher)).to.throw(LsmError, 'byte 8192');
      }
    });
  }

  it('of another extent is refused', () => {
    const bytes = encodeRecord(RECORD_EDIT, edit(3), 9, undefined);
    expect(() => decode(bytes, 10)).to.throw(LsmError, 'checksum');
  });

  it('with a right checksum but wrong contents: an edit or Corrupt', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(anyEdit, damage, (given, changes) => {
        const bytes = encodeRecord(RECORD_EDIT, given, 0, undefined);
        for (const [at, byte] of changes) bytes[8 + (at % (bytes.length - 8))] = byte;
        writeU32(bytes, 0, crc32(bytes, 4, bytes.length - 4));
        try {
          decode(bytes, 0);
        } catch (error) {
          expect((error as LsmError).code).to.equal('Corrupt');
        }
      }),
      { numRuns: 500 },
    );
  });
});
