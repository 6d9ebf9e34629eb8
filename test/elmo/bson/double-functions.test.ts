import { expect } from 'chai';
import {
  exponentialOfDecimal,
  naturalLogarithmOfDecimal,
} from '../../../elmo/bson/decimal-arithmetic-functions.js';
import { decimalOfDouble, doubleOfDecimal } from '../../../elmo/bson/decimal-arithmetic.js';
import * as doubles from '../../../elmo/bson/double-functions.js';
import { SeededRandom } from '../../support/seeded-random.js';

describe('functions of doubles', () => {
  for (const [name, x, expected] of [
    ['log', 3, 1.0986122886681098],
    ['exp', 1.7010540631599724, 5.479720319993452],
    ['sin', 3.968685145955533, -0.7359660483636358],
    ['cos', 0.1, 0.9950041652780258],
    ['cos', 19388191611.506046, -0.8639002520611655],
    ['tan', 1e22, -1.6287782256068988],
    ['atan', -0.43945254012942314, -0.41404811927461055],
    ['acos', 0.3176392246969044, 1.2475575946527762],
    ['cosh', 1.7010540631599724, 2.8311056927615437],
    ['sinh', -132.8309748787433, -2.4362924536903634e57],
    ['tanh', -2.096926865633577e-12, -2.0969268656335765e-12],
    ['asinh', -2.659107279032469, -1.704753854442315],
    ['acosh', 11.237641121260822, 3.1104305779703014],
  ] as const)
    it(`${name} ${x}`, () => expect(doubles[name](x)).to.equal(expected));

  it('of two', () => {
    expect(doubles.pow(22331820055.8424, -0.036947202496230604)).to.equal(0.41460659399586336);
    expect(doubles.atan2(2147483648, -2.372815664857626)).to.equal(1.570796327899825);
  });

  it('have the ends of the range right', () => {
    expect([doubles.exp(-Infinity), doubles.exp(710), doubles.log(0)]).to.eql([0, Infinity, -Infinity]);
    expect([doubles.log(-1), doubles.pow(-8, 1 / 3), doubles.sin(Infinity)]).to.eql([NaN, NaN, NaN]);
    expect([doubles.pow(-2, 3), doubles.pow(2, -1074), doubles.pow(0, 0)]).to.eql([-8, 5e-324, 1]);
    expect([doubles.atan2(-0, -1), doubles.acos(-1), doubles.acosh(1)]).to.eql([-Math.PI, Math.PI, 0]);
  });

  it('agree with decimals of 34 digits', () => {
    const random = new SeededRandom(7);
    for (let i = 0; i < 200; i++) {
      const x = (random.next() / 2 ** 32) * 20;
      const exact = decimalOfDouble(x);
      expect(doubles.exp(x)).to.equal(doubleOfDecimal(exponentialOfDecimal(exact)));
      expect(doubles.log(x)).to.equal(doubleOfDecimal(naturalLogarithmOfDecimal(exact)));
    }
  });
});
