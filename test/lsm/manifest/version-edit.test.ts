import { expect } from 'chai';
import fc from 'fast-check';
import type { LsmError } from '../../../lsm/errors.js';
import { FieldReader, FieldWriter } from '../../../lsm/manifest/format.js';
import { decodeEdit, encodeEdit, type VersionEdit } from '../../../lsm/manifest/version-edit.js';
import { anyEdit, edit } from './sample-edits.js';

function encode(given: VersionEdit): Uint8Array {
  const fields = new FieldWriter();
  encodeEdit(given, fields);
  return fields.written();
}

function decode(bytes: Uint8Array): VersionEdit {
  return decodeEdit(new FieldReader(bytes, 0, bytes.length, 'store', 0));
}

describe('version edit', () => {
  it('is encoded as the byte table says', () => {
    const first = edit(1, { nextTableId: 1, nextBlobId: 1 });
    expect(encode(first)).to.deep.equal(Uint8Array.from([1, 0, 1, 1, 1, 0, 0, 0, 0, 0]));
    expect(decode(encode(first))).to.deep.equal(first);
  });

  it('comes back as it was', () => {
    fc.assert(
      fc.property(anyEdit, (given) => {
        expect(decode(encode(given))).to.deep.equal(given);
      }),
    );
  });

  it('is refused when cut, or followed by a byte', () => {
    const [given] = fc.sample(anyEdit, { numRuns: 1, seed: 5 });
    const bytes = encode(given!);
    for (let n = 0; n < bytes.length; n++) expect(() => decode(bytes.subarray(0, n))).to.throw('damaged');
    expect(() => decode(Uint8Array.from([...bytes, 0]))).to.throw('1 bytes are left over');
  });

  it('out of any bytes: an edit or Corrupt', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (payload) => {
        try {
          decodeEdit(new FieldReader(payload, 0, payload.length, 'store', 0));
        } catch (error) {
          expect((error as LsmError).code).to.equal('Corrupt');
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('takes at most 200 bytes a table', () => {
    const fields = new FieldWriter();
    const low = new Uint8Array(60);
    const meta = { id: 900_000, offset: 2 ** 40, extentBytes: 2 ** 22, dataBytes: 2 ** 22 - 4095 };
    const counts = {
      entryCount: 2 ** 24,
      tombstoneCount: 2 ** 20,
      rangeTombstoneCount: 3,
      blobCount: 2 ** 14,
    };
    const numbers = { rawBytes: 2 ** 26, maxSeq: 2 ** 47, commitSeq: 2 ** 47 };
    encodeEdit(
      edit(1, {
        addTables: Array.from({ length: 100 }, () => ({
          level: 3,
          order: 0,
          meta: { ...meta, ...counts, ...numbers, lowKey: low, highKey: low },
        })),
      }),
      fields,
    );
    expect(fields.length / 100).to.be.at.most(185);
  });
});
