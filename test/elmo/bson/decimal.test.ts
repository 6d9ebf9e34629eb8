import { expect } from 'chai';
import fc from 'fast-check';
import {
  BinaryForm,
  compareForms,
  DECIMAL_FINITE,
  DECIMAL_INFINITE,
  DECIMAL_NAN,
  DECIMAL_ZERO,
  DecimalParts,
} from '../../../elmo/bson/decimal.js';
import { decimal, decimalBits, double } from '../../support/bson-values.js';

/** coefficient · 10^exponent · 2^binary, exactly. */
interface Exact {
  readonly coefficient: bigint;
  readonly exponent: number;
  readonly binary: number;
}

/** Order of two exact numbers by whole-number arithmetic. */
function compareExactly(a: Exact, b: Exact): number {
  const exponent = Math.min(a.exponent, b.exponent);
  const binary = Math.min(a.binary, b.binary);
  const scaled = (x: Exact): bigint =>
    x.coefficient * 10n ** BigInt(x.exponent - exponent) * 2n ** BigInt(x.binary - binary);
  const difference = scaled(a) - scaled(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function exactDouble(value: number): Exact {
  let binary = 0;
  while (!Number.isInteger(value) && binary > -1074) {
    value *= 2;
    binary--;
  }
  return { coefficient: BigInt(value), exponent: 0, binary };
}

function formOf({ type, bytes }: { type: number; bytes: Uint8Array }): BinaryForm {
  const form = new BinaryForm();
  if (type === 0x13) form.ofDecimal(bytes, 0);
  else form.ofDouble(new DataView(bytes.buffer).getFloat64(0, true));
  return form;
}

const near = (exponents: { min: number; max: number }): fc.Arbitrary<Exact> =>
  fc
    .tuple(
      fc.oneof(fc.bigInt(0n, 10n ** 34n - 1n), fc.bigInt(0n, 2000n)),
      fc.integer(exponents),
      fc.boolean(),
    )
    .map(([digits, exponent, minus]) => ({ coefficient: minus ? -digits : digits, exponent, binary: 0 }));
const asDecimal = ({ coefficient, exponent }: Exact): BinaryForm =>
  formOf(decimal(`${coefficient}E${exponent}`));

describe('decimals', () => {
  it('compare as exact arithmetic does', () => {
    for (const exponents of [
      { min: -40, max: 10 },
      { min: -6176, max: -6130 },
      { min: 6060, max: 6111 },
    ])
      fc.assert(
        fc.property(near(exponents), near(exponents), (a, b) => {
          expect(Math.sign(compareForms(asDecimal(a), asDecimal(b)))).to.equal(compareExactly(a, b));
        }),
        { numRuns: 500 },
      );
  });

  it('differ by their last digit, however small', () =>
    fc.assert(
      fc.property(
        fc.bigInt(10n ** 33n, 10n ** 34n - 2n),
        fc.integer({ min: -6176, max: 6111 }),
        (digits, exponent) => {
          const [a, b] = [digits, digits + 1n].map((coefficient) =>
            asDecimal({ coefficient, exponent, binary: 0 }),
          );
          expect(compareForms(a!, b!)).to.be.below(0);
          expect(compareForms(b!, a!)).to.be.above(0);
        },
      ),
      { numRuns: 500 },
    ));

  it('compare with doubles exactly', () =>
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer({ min: 1, max: 34 }),
        (x, digits) => {
          fc.pre(Math.abs(x) > 1e-200 && Math.abs(x) < 1e200);
          const [coefficient, exponent] = x
            .toExponential(digits - 1)
            .replace('.', '')
            .split('e') as [string, string];
          const nearby: Exact = {
            coefficient: BigInt(coefficient),
            exponent: Number(exponent) - digits + 1,
            binary: 0,
          };
          const order = Math.sign(compareForms(asDecimal(nearby), formOf(double(x))));
          expect(order).to.equal(compareExactly(nearby, exactDouble(x)));
        },
      ),
      { numRuns: 1000 },
    ));

  it('have parts', () => {
    const parts = new DecimalParts();
    const partsOf = ({ bytes }: { bytes: Uint8Array }): unknown[] => {
      parts.read(bytes, 0);
      return [parts.kind, parts.isNegative, parts.exponent, parts.coefficient()];
    };
    expect(partsOf(decimal('-19.990'))).to.deep.equal([DECIMAL_FINITE, true, -3, 19990n]);
    expect(partsOf(decimal('9999999999999999999999999999999999E6111'))).to.deep.equal([
      DECIMAL_FINITE,
      false,
      6111,
      10n ** 34n - 1n,
    ]);
    expect(partsOf(decimal('-0E5'))).to.deep.equal([DECIMAL_ZERO, true, 5, 0n]);
    expect(partsOf(decimal('-Infinity'))).to.deep.equal([DECIMAL_INFINITE, true, 0, 0n]);
    expect(partsOf(decimal('NaN'))).to.deep.equal([DECIMAL_NAN, false, 0, 0n]);
    // 10^34, one more than a coefficient can be
    expect(partsOf(decimalBits(0x3041ed09bead87c0n, 0x378d8e6400000000n))).to.deep.equal([
      DECIMAL_ZERO,
      false,
      0,
      0n,
    ]);
    expect(partsOf(decimalBits(0x6c10000000000000n, 1n))).to.deep.equal([DECIMAL_ZERO, false, 0, 0n]);
  });
});
