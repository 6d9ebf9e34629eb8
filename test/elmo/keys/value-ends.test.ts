import { expect } from 'chai';
import fc from 'fast-check';
import { BsonError } from '../../../elmo/bson/errors.js';
import { KeyWriter } from '../../../elmo/keys/value-encoding.js';
import { ValueEnds } from '../../../elmo/keys/value-ends.js';
import { samples } from '../../support/bson-values.js';

describe('ends of values in a key', () => {
  it('are found without decoding, of all types, ascending and descending', () => {
    const ends = new ValueEnds();
    fc.assert(
      fc.property(fc.array(fc.tuple(samples, fc.boolean()), { maxLength: 4 }), (values) => {
        const writer = new KeyWriter();
        const expected: number[] = [];
        for (const [{ type, bytes }, isDescending] of values) {
          if (isDescending) writer.appendDescending(type, bytes, 0);
          else writer.append(type, bytes, 0);
          expected.push(writer.length);
        }
        const key = writer.toBytes();
        let at = 0;
        const found = values.map(([, isDescending]) => (at = ends.endOf(key, at, key.length, isDescending)));
        expect(found).to.deep.equal(expected);
      }),
    );
  });

  it('are not looked for past the end of the key', () => {
    expect(() => new ValueEnds().endOf(Uint8Array.of(0x30, 0x61), 0, 2, false)).to.throw(BsonError);
    expect(() => new ValueEnds().endOf(Uint8Array.of(0x50, 1, 2), 0, 3, false)).to.throw(BsonError);
  });
});
