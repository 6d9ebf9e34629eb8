import { expect } from 'chai';
import {
  addDecimals,
  decimalOfDouble,
  decimalText,
  decimalValue,
  divideDecimals,
  doubleOfDecimal,
  multiplyDecimals,
  parseDecimal,
  quantize,
  readDecimal,
  remainderOfDecimals,
  shortDecimalOfDouble,
  squareRootOfDecimal,
  subtractDecimals,
  type Decimal,
} from '../../../elmo/bson/decimal-arithmetic.js';
import { Decimal128 } from '../../../elmo/bson/package.js';

const parsed = (text: string): Decimal => parseDecimal(text)!;

describe('decimal arithmetic', () => {
  for (const [operation, name, a, b, expected] of [
    [addDecimals, '+', '1.0', '2', '3.0'],
    [addDecimals, '+', '1E+3', '0', '1000'],
    [addDecimals, '+', '-1', '1', '0'],
    [addDecimals, '+', '-0', '-0', '-0'],
    [addDecimals, '+', '1E+40', '1', '1.000000000000000000000000000000000E+40'],
    [addDecimals, '+', '1E+6000', '-1E-6000', '1.000000000000000000000000000000000E+6000'],
    [
      addDecimals,
      '+',
      '9999999999999999999999999999999999',
      '0.5',
      '1.000000000000000000000000000000000E+34',
    ],
    [addDecimals, '+', 'Infinity', '-Infinity', 'NaN'],
    [subtractDecimals, '-', '0.3', '0.1', '0.2'],
    [multiplyDecimals, '*', '1.5', '-2.0', '-3.00'],
    [multiplyDecimals, '*', '9E+6144', '10', 'Infinity'],
    [multiplyDecimals, '*', '1E-6176', '0.5', '0E-6176'],
    [multiplyDecimals, '*', '0', 'Infinity', 'NaN'],
    [divideDecimals, '/', '6', '3', '2'],
    [divideDecimals, '/', '1', '3', '0.3333333333333333333333333333333333'],
    [divideDecimals, '/', '6', '1.00000000000000E-1', '6E+1'],
    [divideDecimals, '/', '6', 'Infinity', '0E-6176'],
    [divideDecimals, '/', '0', '3.00', '0E+2'],
    [remainderOfDecimals, '%', '-7.5', '2.00', '-1.50'],
    [remainderOfDecimals, '%', '1E+40', '7', '4'],
    [remainderOfDecimals, '%', '7', 'Infinity', '7'],
  ] as const)
    it(`${a} ${name} ${b} = ${expected}`, () => {
      expect(decimalText(operation(parsed(a), parsed(b)))).to.equal(expected);
    });

  for (const [value, expected] of [
    ['2', '1.414213562373095048801688724209698'],
    ['4', '2'],
    ['0.25', '0.5'],
    ['1E+3', '31.62277660168379331998893544432719'],
    ['-0.0', '-0.0'],
    ['-1', 'NaN'],
  ] as const)
    it(`the square root of ${value} is ${expected}`, () => {
      expect(decimalText(squareRootOfDecimal(parsed(value)))).to.equal(expected);
    });

  for (const [double, full, short] of [
    [0.1, '0.1000000000000000055511151231257827', '0.100000000000000'],
    [5, '5', '5.00000000000000'],
    [1e20, '100000000000000000000', '1.00000000000000E+20'],
    [2.384185791015625e-7, '2.384185791015625E-7', '2.38418579101562E-7'],
    [5e-324, '4.940656458412465441765687928682214E-324', '4.94065645841247E-324'],
    [-0, '-0', '-0'],
  ] as const)
    it(`the double ${double} is ${full}, and short ${short}`, () => {
      expect(decimalText(decimalOfDouble(double))).to.equal(full);
      expect(decimalText(shortDecimalOfDouble(double))).to.equal(short);
      expect(doubleOfDecimal(decimalOfDouble(double))).to.equal(double);
    });

  it('rounds to a place in four ways', () => {
    const to = (rounding: Parameters<typeof quantize>[2], text: string): string =>
      decimalText(quantize(parsed(text), 0, rounding));
    expect([to('halfEven', '2.5'), to('halfEven', '3.5'), to('halfEven', '-2.51')]).to.eql(['2', '4', '-3']);
    expect([to('floor', '-0.1'), to('ceil', '-0.1'), to('truncate', '-1.9')]).to.eql(['-1', '-0', '-1']);
    expect(to('floor', '1E+40')).to.equal('NaN');
  });

  it('reads, writes and shows what the package shows', () => {
    for (const text of [
      '0',
      '-0',
      '1.50',
      '1E+3',
      '0E-6176',
      '9.999999999999999999999999999999999E+6144',
      'NaN',
    ]) {
      const { bytes } = Decimal128.fromString(text);
      expect(decimalText(readDecimal(bytes, 0))).to.equal(text);
      expect(decimalText(parsed(text))).to.equal(text);
      expect([...decimalValue(parsed(text)).bytes]).to.deep.equal([...bytes]);
    }
    expect(parseDecimal('1.2.3')).to.equal(undefined);
    expect(parseDecimal('')).to.equal(undefined);
    expect(parseDecimal('.')).to.equal(undefined);
    expect(decimalText(parsed('+inf'))).to.equal('Infinity');
  });
});
