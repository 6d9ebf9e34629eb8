import { expect } from 'chai';
import fc from 'fast-check';
import { BsonError } from '../../../elmo/bson/errors.js';
import { MISSING } from '../../../elmo/bson/types.js';
import {
  documentLength,
  ElementWalker,
  endOfValue,
  FieldFinder,
  FieldName,
} from '../../../elmo/bson/walk.js';
import {
  array,
  documentBytes,
  fieldLists,
  int32,
  samples,
  VALUE_AT,
  wrapped,
} from '../../support/bson-values.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('walking documents', () => {
  it('visits every element', () =>
    fc.assert(
      fc.property(fieldLists, fc.nat(5), (fields, before) => {
        const bytes = Uint8Array.from([...new Uint8Array(before).fill(0xff), ...documentBytes(fields)]);
        const walker = new ElementWalker();
        walker.open(bytes, before);
        for (const [name, { type, bytes: value }] of fields) {
          expect(walker.next()).to.equal(true);
          expect(walker.type).to.equal(type);
          expect(Buffer.from(bytes.subarray(walker.nameStart, walker.nameEnd)).toString()).to.equal(name);
          expect(hex(bytes.subarray(walker.valueStart, walker.valueEnd))).to.equal(hex(value));
          expect(walker.isNamed(new FieldName(name))).to.equal(true);
          expect(walker.isNamed(new FieldName(`${name}x`))).to.equal(false);
        }
        expect(walker.next()).to.equal(false);
        expect(walker.next()).to.equal(false);
        expect(walker.type).to.equal(MISSING);
        expect(documentLength(bytes, before)).to.equal(bytes.length - before);
      }),
    ));

  it('is at the end of nothing before it is opened', () =>
    expect(new ElementWalker().next()).to.equal(false));

  it('finds a field, or that there is none', () =>
    fc.assert(
      fc.property(fieldLists, fc.string(), (fields, other) => {
        const bytes = documentBytes(fields);
        const finder = new FieldFinder();
        for (const [name, { type, bytes: value }] of fields) {
          expect(finder.find(bytes, 0, new FieldName(name))).to.equal(true);
          expect(finder.type).to.equal(type);
          expect(hex(bytes.subarray(finder.valueStart, finder.valueStart + value.length))).to.equal(
            hex(value),
          );
          expect(bytes[finder.nameStart - 1]).to.equal(type);
        }
        const isThere = fields.some(([name]) => name === other);
        expect(finder.find(bytes, 0, new FieldName(other))).to.equal(isThere);
        if (!isThere) expect(finder.type).to.equal(MISSING);
      }),
    ));

  it('finds the first of two, and elements by their index', () => {
    const finder = new FieldFinder();
    const twice = documentBytes([
      ['ab', int32(0)],
      ['a', int32(1)],
      ['a', int32(2)],
    ]);
    finder.find(twice, 0, new FieldName('a'));
    expect(twice[finder.valueStart]).to.equal(1);
    const { bytes } = array([int32(7), int32(8)]);
    finder.find(bytes, 0, new FieldName('1'));
    expect(bytes[finder.valueStart]).to.equal(8);
  });

  it('knows where a value ends', () =>
    fc.assert(
      fc.property(samples, (value) => {
        expect(endOfValue(wrapped(value), value.type, VALUE_AT)).to.equal(VALUE_AT + value.bytes.length);
      }),
    ));

  it('damaged documents give something or a BsonError, and an end', () =>
    fc.assert(
      fc.property(
        fieldLists,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        (fields, damage) => {
          const bytes = documentBytes(fields);
          for (const [where, byte] of damage) bytes[where % bytes.length] = byte;
          const walker = new ElementWalker();
          const finder = new FieldFinder();
          try {
            walker.open(bytes, 0);
            let count = 0;
            while (walker.next()) expect(++count).to.be.at.most(bytes.length);
            finder.find(bytes, 0, new FieldName('nowhere'));
          } catch (error) {
            expect(error).to.be.instanceOf(BsonError);
          }
        },
      ),
      { numRuns: 2000 },
    ));
});
