import { expect } from 'chai';
import fc from 'fast-check';
import { WireError } from '../../../server-compat/wire/header.js';
import {
  COMPRESSORS,
  compressMessage,
  uncompressMessage,
} from '../../../server-compat/wire/op-compressed.js';
import { compressSnappy, uncompressSnappy } from '../../../server-compat/wire/snappy.js';
import { int32, message, opMsg } from './messages.js';

const text = Buffer.from('to be or not to be, that is the question. '.repeat(50));

describe('server-compat/wire/op-compressed', () => {
  for (const name of COMPRESSORS.keys()) {
    it(`${name}: packs and unpacks a message`, () => {
      const plain = opMsg({ text: text.toString() }, { requestId: 5 });
      const packed = compressMessage(plain, name);
      expect(packed.length).to.be.lessThan(plain.length);
      const { message: unpacked, compressor } = uncompressMessage(packed);
      expect(compressor).to.equal(name);
      expect(Buffer.from(unpacked).equals(plain)).to.equal(true);
    });

    it(`${name}: damaged data is refused or gives other bytes, nothing else`, () => {
      const packed = compressMessage(opMsg({ text: text.toString() }), name);
      for (let at = 16; at < packed.length; at++) {
        const damaged = packed.slice();
        damaged[at]! ^= 0x41;
        try {
          uncompressMessage(damaged);
        } catch (error) {
          expect(error, `byte ${at}`).to.be.instanceOf(WireError);
        }
      }
    });
  }

  const inside = (opCode: number, size: number, id: number, body: Uint8Array): Buffer =>
    message(2012, 1, int32(opCode), int32(size), Buffer.from([id]), body);
  for (const [why, bytes] of [
    ['a message without its fields', message(2012, 1, int32(2013))],
    ['one inside another', inside(2012, 3, 0, Buffer.from('abc'))],
    ['an unknown compressor', inside(2013, 3, 9, Buffer.from('abc'))],
    ['a negative size', inside(2013, -1, 0, Buffer.from('abc'))],
    ['a size beyond the limit', inside(2013, 0x7fffffff, 1, Buffer.from('abc'))],
    ['another size than it says', inside(2013, 5, 0, Buffer.from('abc'))],
    ['more than it says', inside(2013, 5, 1, compressSnappy(text))],
  ] as const)
    it(`refuses ${why}`, () => expect(() => uncompressMessage(bytes)).to.throw(WireError));

  it('takes a message that is not packed', () =>
    expect(
      Buffer.from(uncompressMessage(inside(2013, 3, 0, Buffer.from('abc'))).message.subarray(16)).toString(),
    ).to.equal('abc'));
});

describe('server-compat/wire/snappy', () => {
  it('gives back what it was given', () => {
    const pieces = fc.array(
      fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(text, Buffer.alloc(70_000))),
      {
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const plain = Buffer.concat(parts);
        const unpacked = uncompressSnappy(compressSnappy(plain), plain.length);
        return Buffer.from(unpacked).equals(plain);
      }),
      { numRuns: 60 },
    );
  });

  it('reads what others write: literals and the three kinds of copies', () => {
    const block = Buffer.from([
      ...[27], // length
      ...[0x0c, 0x61, 0x62, 0x63, 0x64], // literal 'abcd'
      ...[0x01, 0x04], // copy of 4 from 4 back: one byte offset
      ...[0x16, 0x08, 0x00], // copy of 6 from 8 back: two byte offset
      ...[0x33, 0x04, 0x00, 0x00, 0x00], // copy of 13 from 4 back: four byte offset
    ]);
    expect(Buffer.from(uncompressSnappy(block, 100)).toString()).to.equal(
      'abcdabcdabcdabcdabcdabcdabc'.slice(0, 27),
    );
  });

  for (const [why, bytes] of [
    ['nothing', []],
    ['a length without end', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80]],
    ['a length beyond the limit', [0xff, 0xff, 0xff, 0x7f, 0]],
    ['less than it says', [5, 0x00, 0x61]],
    ['a literal that is cut off', [5, 0x10, 0x61]],
    ['a copy from before the start', [5, 0x00, 0x61, 0x01, 0x04]],
    ['a copy from nowhere', [5, 0x00, 0x61, 0x01, 0x00]],
    ['a copy beyond the end', [2, 0x00, 0x61, 0x1d, 0x01]],
    ['a copy that is cut off', [6, 0x00, 0x61, 0x02]],
  ] as const)
    it(`refuses ${why}`, () =>
      expect(() => uncompressSnappy(Uint8Array.from(bytes), 1000)).to.throw(WireError));

  it('random bytes are refused or give bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          uncompressSnappy(bytes, 1 << 16);
        } catch (error) {
          return error instanceof WireError;
        }
        return true;
      }),
    );
  });
});
