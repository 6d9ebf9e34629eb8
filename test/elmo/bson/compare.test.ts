import { expect } from 'chai';
import fc from 'fast-check';
import { compareDocuments, compareValues } from '../../../elmo/bson/compare.js';
import {
  EDGES,
  documentBytes,
  fieldLists,
  int32,
  array,
  object,
  ORDER,
  samplePairs,
  samples,
  string,
  symbol,
  code,
  VALUE_AT,
  wrapped,
  type Sample,
} from '../../support/bson-values.js';

const compare = (a: Sample, b: Sample): number =>
  Math.sign(compareValues(wrapped(a), a.type, VALUE_AT, b.bytes, b.type, 0)) + 0;

describe('compareValues', () => {
  it('orders every pair of edges as the reference does', () => {
    const wrong: string[] = [];
    ORDER.forEach((row, i) =>
      ORDER.forEach((other, j) => {
        for (const a of row)
          for (const b of other)
            if (compare(a, b) !== Math.sign(i - j)) wrong.push(`${a.text} ? ${b.text}: ${compare(a, b)}`);
      }),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('is antisymmetric', () =>
    fc.assert(
      fc.property(samplePairs, ([a, b]) => {
        expect(compare(a, b)).to.equal(-compare(b, a) + 0);
      }),
    ));

  it('is transitive', () =>
    fc.assert(
      fc.property(samples, samples, fc.constantFrom(...EDGES), (...three) => {
        const [a, b, c] = three.sort(compare) as [Sample, Sample, Sample];
        expect(compare(a, b)).to.be.at.most(0);
        expect(compare(b, c)).to.be.at.most(0);
        expect(compare(a, c)).to.be.at.most(0);
      }),
    ));

  it('finds a value equal to itself', () =>
    fc.assert(
      fc.property(samples, (a) => {
        expect(compare(a, a)).to.equal(0);
      }),
    ));

  describe('with a collation', () => {
    const ignoringCase = (a: string, b: string): number =>
      a.toLowerCase() < b.toLowerCase() ? -1 : a.toLowerCase() > b.toLowerCase() ? 1 : 0;
    const collated = (a: Sample, b: Sample): number =>
      Math.sign(compareValues(a.bytes, a.type, 0, b.bytes, b.type, 0, ignoringCase)) + 0;

    for (const [why, a, b, expected] of [
      ['strings', string('ABC'), string('abc'), 0],
      ['strings of other letters', string('B'), string('a'), 1],
      ['symbols', symbol('A'), string('a'), 0],
      ['strings in documents', object([['a', string('X')]]), object([['a', string('x')]]), 0],
      ['strings in arrays', array([string('X')]), array([string('x')]), 0],
      ['not names of fields', object([['A', string('x')]]), object([['a', string('x')]]), -1],
      ['not code', code('A'), code('a'), -1],
      ['not numbers', int32(1), int32(2), -1],
    ] as const)
      it(`compares ${why}`, () => expect(collated(a, b)).to.equal(expected));
  });
});

describe('compareDocuments', () => {
  it('is the order of documents as values', () =>
    fc.assert(
      fc.property(fieldLists, fieldLists, (a, b) => {
        const documents = Math.sign(compareDocuments(documentBytes(a), 0, documentBytes(b), 0));
        expect(documents + 0).to.equal(compare(object(a), object(b)));
      }),
    ));
});
