import { expect } from 'chai';
import fc from 'fast-check';
import { NO_BYTES } from '../../../lsm/base/bytes.js';
import { LsmError } from '../../../lsm/errors.js';
import { KIND_BLOB, KIND_RANGE_DELETE } from '../../../lsm/key/entry-kind.js';
import { OpsReader, countOps } from '../../../lsm/memtable/ops-reader.js';
import { encode, put, putBlob, remove, removeRange, text, hex } from './batches.js';

const bytes = (values: string): Uint8Array => Uint8Array.from(Buffer.from(values.replaceAll(' ', ''), 'hex'));

describe('OpsReader', () => {
  it('reads the examples of its byte table', () => {
    const batch = encode([put(text('k'), text('hi')), remove(text('k'))]);
    expect(hex(batch)).to.equal(hex(bytes('01 01 6b 02 68 69  00 01 6b')));
    const op = new OpsReader();
    expect(op.read(batch, 0, batch.length)).to.equal(true);
    expect([op.kind, op.keyOffset, op.keyLength, op.valueOffset, op.valueLength, op.end]).to.deep.equal([
      1, 2, 1, 4, 2, 6,
    ]);
    expect(op.read(batch, op.end, batch.length)).to.equal(true);
    expect([op.kind, op.keyOffset, op.keyLength, op.valueLength, op.end]).to.deep.equal([0, 8, 1, 0, 9]);
    expect(countOps(batch, 0, batch.length)).to.equal(2);
  });

  it('tells the length of a blob by its descriptor', () => {
    const batch = encode([putBlob(text('k'), 300, 5_000_000)]);
    const op = new OpsReader();
    expect(op.read(batch, 0, batch.length)).to.equal(true);
    expect([op.kind, op.rawLength]).to.deep.equal([KIND_BLOB, 5_000_000]);
  });

  it('reads open bounds of a range deletion', () => {
    const op = new OpsReader();
    const batch = encode([removeRange(NO_BYTES, NO_BYTES)]);
    expect(op.read(batch, 0, batch.length)).to.equal(true);
    expect([op.kind, op.keyLength, op.valueLength]).to.deep.equal([KIND_RANGE_DELETE, 0, 0]);
  });

  for (const [why, damaged] of [
    ['a kind that does not exist', '05 01 6b 00'],
    ['a kind that only tables hold', '02 01 6b 00'],
    ['an empty key', '01 00 00'],
    ['a deletion of an empty key', '00 00'],
    ['a key that is cut off', '01 05 6b'],
    ['no value', '01 01 6b'],
    ['a value that is cut off', '01 01 6b 03 68 69'],
    ['a length of a key that is cut off', '01 80'],
    ['a length of a value that is cut off', '01 01 6b 80'],
    ['a length of a key that is not minimal', '00 81 00 6b'],
    ['a length of a value that is not minimal', '01 01 6b 81 00 68'],
    ['a length beyond any number', '01 ff ff ff ff ff ff ff ff ff 01'],
    ['a key that is too long', '00 81 80 04'.padEnd(11 + 2 * 65_537, '0')],
    ['a blob without a descriptor', '03 01 6b 00'],
    ['a blob without a length', '03 01 6b 01 05'],
    ['a single byte', '01'],
  ] as const) {
    it(`refuses ${why}`, () => {
      const batch = bytes(damaged);
      expect(new OpsReader().read(batch, 0, batch.length)).to.equal(false);
      expect(() => countOps(batch, 0, batch.length))
        .to.throw(LsmError)
        .with.property('code', 'Corrupt');
    });
  }

  it('refuses a batch that is longer than its bytes', () => {
    const batch = encode([put(text('k'))]);
    expect(() => countOps(batch, 0, batch.length + 1)).to.throw(LsmError);
  });

  it('never reads past the end, whatever the bytes', () => {
    const op = new OpsReader();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40, max: 255 }), fc.nat(4), (noise, kind) => {
        if (noise.length > 0) noise[0] = kind;
        if (!op.read(noise, 0, noise.length)) return;
        expect(op.end).to.be.at.most(noise.length);
        expect(op.end).to.be.at.least(op.valueOffset + op.valueLength);
        expect(op.valueOffset).to.be.at.least(op.keyOffset + op.keyLength);
      }),
      { numRuns: 2000 },
    );
  });
});
