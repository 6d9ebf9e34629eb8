import { expect } from 'chai';
import { EJSON } from '../../../elmo/bson/package.js';
import { exactJs, valueOf, type Value } from '../../../elmo/bson/value.js';
import { Deviation, NumberSum } from '../../../elmo/expression/summation.js';
import { decimal, double, long } from './rows.js';

function shown(value: Value | undefined): string | undefined {
  return value === undefined ? undefined : EJSON.stringify(exactJs(value), { relaxed: false });
}

function sumOf(numbers: readonly unknown[]): NumberSum {
  const sum = new NumberSum();
  for (const number of numbers) {
    const value = valueOf(number);
    sum.add(value.type, value.bytes, value.at);
  }
  return sum;
}

describe('sums of numbers', () => {
  for (const [why, numbers, expected] of [
    ['nothing is an int', [], 0],
    ['ints stay ints', [1, 2], 3],
    ['an int too large is a long', [2147483647, 1], long(2147483648)],
    ['one long makes a long', [1, long(2)], long(3)],
    ['a long too large is a double', [long('9223372036854775807'), 1], double(9223372036854775808)],
    ['what comes back is a long again', [long('9223372036854775807'), 1, -1], long('9223372036854775807')],
    ['doubles lose nothing on the way', [0.1, 0.2, 0.3], 0.6],
    ['what rounding took counts with the next number', [1e300, 1, -1e300, 1], double(2)],
    ['but not after the last', [1e300, 1, -1e300], double(0)],
    [
      'of a long the last 32 bits are added first',
      [double(2 ** 53), 3.875, long('-9007199254740992')],
      double(4),
    ],
    ['with its sign', [0.1, long(-1)], -0.9],
    ['longs are exact beside doubles', [long('9007199254740993'), double(0)], double(9007199254740992)],
    ['decimals take the others exactly', [0.1, decimal('1')], decimal('1.100000000000000005551115123125783')],
    ['a decimal sum has the least exponent', [decimal('1E+3')], decimal('1000')],
    ['infinities cancel to NaN', [Infinity, -Infinity], NaN],
    ['infinity stays', [Infinity, 1], Infinity],
    ['a decimal with infinity', [decimal('1'), Infinity], decimal('Infinity')],
    ['minus zero is lost', [double(-0)], double(0)],
    ['what is no number does not count', ['a', null, 1, true], 1],
  ] as const)
    it(why, () => expect(shown(sumOf(numbers).result())).to.equal(shown(valueOf(expected))));

  for (const [why, numbers, expected] of [
    ['nothing has no average', [], undefined],
    ['ints give a double', [1, 2], 1.5],
    ['a whole average is a double too', [1, 3], double(2)],
    ['decimals give a decimal', [decimal('1'), 2], decimal('1.5')],
    ['doubles', [0.1, 0.2, 0.3], 0.19999999999999998],
    ['large longs', [long('9223372036854775807'), long('9223372036854775807')], double(9223372036854775808)],
  ] as const)
    it(`average: ${why}`, () =>
      expect(shown(sumOf(numbers).average())).to.equal(
        expected === undefined ? undefined : shown(valueOf(expected)),
      ));

  it('starts anew when cleared', () => {
    const sum = sumOf([decimal('1'), 2.5]);
    sum.clear();
    expect(sum.count).to.equal(0);
    expect(shown(sum.result())).to.equal(shown(valueOf(0)));
  });
});

describe('deviations', () => {
  for (const [numbers, population, sample] of [
    [[], undefined, undefined],
    [[5], 0, undefined],
    [[1, 2, 3], 0.816496580927726, 1],
    [[1, 2, 4], 1.247219128924647, 1.5275252316519465],
    [[Infinity], NaN, undefined],
  ] as const)
    it(`of ${numbers.join(', ') || 'nothing'}`, () => {
      const deviation = new Deviation();
      for (const number of numbers) deviation.add(number);
      expect(deviation.result(false)).to.deep.equal(population);
      expect(deviation.result(true)).to.deep.equal(sample);
    });
});
