import { expect } from 'chai';
import * as functions from '../../../elmo/bson/decimal-arithmetic-functions.js';
import { decimalText, parseDecimal, type Decimal } from '../../../elmo/bson/decimal-arithmetic.js';

const parsed = (text: string): Decimal => parseDecimal(text)!;

describe('functions of decimals', () => {
  for (const [name, f, value, expected] of [
    ['exp', functions.exponentialOfDecimal, '0.5', '1.648721270700128146848650787814164'],
    ['exp', functions.exponentialOfDecimal, '-44.47', '4.863225300516277993689578574670270E-20'],
    ['exp', functions.exponentialOfDecimal, '0', '1'],
    ['exp', functions.exponentialOfDecimal, '-14200', '1.043174528E-6167'],
    ['exp', functions.exponentialOfDecimal, '15000', 'Infinity'],
    ['ln', functions.naturalLogarithmOfDecimal, '2', '0.6931471805599453094172321214581766'],
    ['ln', functions.naturalLogarithmOfDecimal, '1', '0'],
    ['ln', functions.naturalLogarithmOfDecimal, '0.99', '-0.01005033585350144118354885755854771'],
    ['ln', functions.naturalLogarithmOfDecimal, '1.000000000001', '9.999999999995000000000003333333334E-13'],
    ['log10', functions.logarithm10OfDecimal, '0.5', '-0.3010299956639811952137388947244930'],
    ['log10', functions.logarithm10OfDecimal, '1000.00', '3'],
    ['asin', functions.arcSineOfDecimal, '1', '1.570796326794896619231321691639751'],
    ['acos', functions.arcCosineOfDecimal, '1', '0E-6176'],
    ['atan', functions.arcTangentOfDecimal, '0.00', '0.00'],
  ] as const)
    it(`${name} ${value} = ${expected}`, () => {
      expect(decimalText(f(parsed(value)))).to.equal(expected);
    });

  for (const [name, value, expected] of [
    ['sin', '0.5', '0.4794255386042030002732879352155714'],
    ['cos', '0', '1.000000000000000000000000000000000'],
    ['tan', '0', '0E-40'],
    ['sin', '123.456', '-0.8039373685728220921329487945968415'],
  ] as const)
    it(`${name} ${value} = ${expected}`, () => {
      expect(decimalText(functions.trigonometryOfDecimal(name, parsed(value)))).to.equal(expected);
    });

  for (const [name, value, expected] of [
    ['sinh', '0.5', '0.5210953054937473616224256264114915'],
    ['cosh', '2', '3.762195691083631459562213477773746'],
    ['tanh', '-2.5', '-0.9866142981514302888812760392373496'],
    ['tanh', '1E+100', '1'],
  ] as const)
    it(`${name} ${value} = ${expected}`, () => {
      expect(decimalText(functions.hyperbolicOfDecimal(name, parsed(value)))).to.equal(expected);
    });

  for (const [base, exponent, expected] of [
    ['2', '3', '8.000000000000000000000000000000000'],
    ['2', '-3', '0.1250000000000000000000000000000000'],
    ['-2', '0.5', 'NaN'],
    ['NaN', '0', '1.000000000000000000000000000000000'],
    ['Infinity', '-1', '0E-6176'],
    ['1.1', '10', '2.593742460100000000000000000000000'],
  ] as const)
    it(`${base} to the ${exponent} is ${expected}`, () => {
      expect(decimalText(functions.powerOfDecimals(parsed(base), parsed(exponent)))).to.equal(expected);
    });
});
