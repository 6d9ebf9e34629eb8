import { expect } from 'chai';
import fc from 'fast-check';
import { BsonError } from '../../../elmo/bson/errors.js';
import { checkUtf8, MAX_DEPTH, validateDocument, validateExactly } from '../../../elmo/bson/validate.js';
import { BSONError } from '../../../elmo/bson/package.js';
import * as b from '../../support/bson-values.js';
import { documentBytes, fieldLists, int32, object, type Sample } from '../../support/bson-values.js';
import { bytesOf, readCorpus } from './corpus.js';

/** Documents in each other, `levels` in all. */
function nested(levels: number): Uint8Array {
  let value: Sample = object([]);
  for (let i = 1; i < levels; i++) value = i % 2 === 0 ? b.array([value]) : object([['a', value]]);
  return value.bytes;
}

function faultOf(bytes: Uint8Array): string {
  try {
    validateExactly(bytes);
  } catch (error) {
    expect(error).to.be.instanceOf(BsonError).and.instanceOf(BSONError);
    const { fault, offset, code } = error as BsonError;
    return `${fault} ${offset} ${code}`;
  }
  return 'none';
}

describe('validating documents', () => {
  it('accepts every type, nested', () =>
    fc.assert(
      fc.property(fieldLists, (fields) => {
        const bytes = documentBytes(fields);
        expect(validateDocument(bytes)).to.equal(bytes.length);
      }),
    ));

  it('looks only at the document', () => {
    const bytes = Buffer.concat([Uint8Array.of(1, 2), documentBytes([['a', int32(1)]]), Uint8Array.of(3)]);
    expect(validateDocument(bytes, 2)).to.equal(12);
    expect(() => validateDocument(bytes, 2, 13)).to.throw(BsonError);
    expect(() => validateExactly(bytes.subarray(2))).to.throw('1 bytes follow the document, at byte 12');
  });

  describe('says what is wrong, and where', () => {
    for (const [why, hex, expected] of [
      ['nothing at all', '', 'length 0 22'],
      ['a length below 5', '0400000000', 'length 0 22'],
      ['a length beyond the end', '0600000000', 'length 0 22'],
      ['a negative length', 'ffffffff00', 'length 0 22'],
      ['no final NUL', '0500000001', 'terminator 4 22'],
      ['an unknown type', '0800000020610000', 'type 7 22'],
      ['a name without end', '0800000010616100', 'terminator 5 22'],
      ['an int32 cut off', '0b00000010610001000000', 'length 7 22'],
      ['a boolean of 2', '090000000861000200', 'value 7 22'],
      ['a string of length 0', '0c0000000261000000000000', 'length 7 22'],
      ['a string too long', '0e00000002610009000000610000', 'length 7 22'],
      ['a string without NUL', '0e00000002610002000000616100', 'terminator 12 22'],
      ['a string that is not UTF-8', '0e00000002610002000000e90000', 'utf8 11 22'],
      ['a name that is not UTF-8', '090000000ae9610000', 'utf8 5 22'],
      ['a document in a document too long', '0d000000036100060000000000', 'length 7 22'],
      ['a negative binary', '0d000000056100ffffffff0000', 'length 7 22'],
      ['a binary of odd inner length', '13000000056100060000000203000000ffff00', 'length 12 22'],
      ['a regex without end', '0a0000000b6100616100', 'terminator 7 22'],
      ['a DBPointer without its id', '0e0000000c610002000000620000', 'length 7 22'],
    ] as const)
      it(why, () => expect(faultOf(bytesOf(hex))).to.equal(expected));
  });

  it(`accepts ${MAX_DEPTH} levels, and not one more`, () => {
    expect(faultOf(nested(MAX_DEPTH))).to.equal('none');
    expect(faultOf(nested(MAX_DEPTH + 1))).to.match(/^depth \d+ 15$/);
    expect(() => validateDocument(nested(3), 0, undefined, 2)).to.throw(BsonError);
  });

  it('counts scopes as levels', () => {
    const { bytes } = object([['c', b.codeWithScope('', [])]]);
    expect(() => validateDocument(bytes, 0, undefined, 1)).to.throw('too deep');
  });

  it('accepts a field twice, and arrays with other names: so does the reference', () => {
    expect(faultOf(bytesOf('13000000106100010000001061000200000000'))).to.equal('none');
    expect(faultOf(bytesOf('130000000461000b00000010000a0000000000'))).to.equal('none');
  });

  it('damaged documents are accepted or refused by a BsonError', () =>
    fc.assert(
      fc.property(fieldLists, fc.nat(), fc.nat(255), fc.nat(3), (fields, where, byte, cut) => {
        const bytes = documentBytes(fields);
        bytes[where % bytes.length] = byte;
        const damaged = bytes.subarray(0, bytes.length - cut);
        expect(faultOf(damaged)).to.match(/^none$|^\w+ \d+ \d+$/);
      }),
      { numRuns: 2000 },
    ));

  it('knows UTF-8 as the runtime does', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const isAccepted = (check: () => unknown): boolean => {
      try {
        check();
        return true;
      } catch {
        return false;
      }
    };
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf));
    const lead = fc.constantFrom(0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf3, 0xf4, 0xf5);
    const text = fc.oneof(
      fc.array(byte, { maxLength: 12 }),
      fc.tuple(fc.array(byte, { maxLength: 5 }), lead, fc.array(byte, { maxLength: 3 })).map((x) => x.flat()),
      fc.string({ unit: 'binary' }).map((valid) => [...new TextEncoder().encode(valid)]),
    );
    fc.assert(
      fc.property(text, (numbers) => {
        const bytes = Uint8Array.from(numbers);
        expect(isAccepted(() => checkUtf8(bytes, 0, bytes.length))).to.equal(
          isAccepted(() => strict.decode(bytes)),
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the BSON corpus, validated', function () {
  const corpus = readCorpus();
  if (corpus === undefined) {
    it('(skipped: the corpus is not beside the project)');
    return;
  }
  for (const { description, valid = [], decodeErrors = [] } of corpus)
    it(`${description}: ${valid.length} accepted, ${decodeErrors.length} refused`, () => {
      for (const { description: why, canonical_bson, degenerate_bson } of valid)
        for (const hex of [canonical_bson, degenerate_bson ?? canonical_bson])
          expect(() => validateExactly(bytesOf(hex)), why).not.to.throw();
      for (const { description: why, bson } of decodeErrors)
        expect(() => validateExactly(bytesOf(bson)), why).to.throw(BsonError);
    });
});
