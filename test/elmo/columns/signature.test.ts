import { expect } from 'chai';
import fc from 'fast-check';
import { compareValues } from '../../../elmo/bson/compare.js';
import { hasSignature, NO_BITS, signatureOf } from '../../../elmo/columns/signature.js';
import * as b from '../../support/bson-values.js';
import { EDGES, samplePairs, type Sample } from '../../support/bson-values.js';

const of = ({ bytes, type }: Sample): number => signatureOf(bytes, type, 0);
const areEqual = (x: Sample, y: Sample): boolean =>
  compareValues(x.bytes, x.type, 0, y.bytes, y.type, 0) === 0;

describe('elmo/columns/signature', () => {
  it('is the same of values that are equal', () => {
    const signed = EDGES.filter(({ type }) => hasSignature(type));
    for (const x of signed)
      for (const y of signed) if (areEqual(x, y)) expect(of(x), `${x.text} ${y.text}`).to.equal(of(y));
    fc.assert(
      fc.property(samplePairs, ([x, y]) => {
        fc.pre(hasSignature(x.type) && hasSignature(y.type) && areEqual(x, y));
        expect(of(x)).to.equal(of(y));
      }),
    );
  });

  for (const [why, x, y] of [
    ['whole numbers of all types', b.int32(1), b.decimal('1.00')],
    ['numbers beyond 2^53', b.int64(9007199254740993n), b.decimal('9007199254740993')],
    ['zeros', b.double(-0), b.decimal('-0E+3')],
    ['what is not a number', b.double(NaN), b.decimal('NaN')],
    ['a text and a symbol', b.string('x'), b.symbol('x')],
  ] as const)
    it(`is the same of ${why}`, () => expect(of(x)).to.equal(of(y)));

  it('differs, mostly, where values do', () => {
    const texts = Array.from({ length: 1000 }, (_, i) => b.string(`tag-${i}`));
    expect(new Set(texts.map(of)).size).to.be.greaterThan(990);
    const long = 'x'.repeat(200);
    expect(of(b.string(long))).to.not.equal(of(b.string(`${long}y`)));
  });

  it('has a bit beside that of no value', () => {
    for (const value of EDGES)
      if (hasSignature(value.type)) expect(of(value) & NO_BITS && of(value) !== NO_BITS).to.equal(true);
  });

  it('is not of values that stand for nothing, or hold others', () => {
    for (const value of [b.nullValue(), b.undefinedValue(), b.object([]), b.array([b.int32(1)])])
      expect(hasSignature(value.type), value.text).to.equal(false);
  });
});
