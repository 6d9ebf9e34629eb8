import { expect } from 'chai';
import fc from 'fast-check';
import { DECIMAL128, DOUBLE, INT32, INT64 } from '../../../elmo/bson/types.js';
import { int32Value, int64Value, type Value } from '../../../elmo/bson/value.js';
import { addNumbers, multiplyNumbers, subtractNumbers } from '../../../elmo/expression/arithmetic.js';
import { bigintOf, doubleOf, fitsInt64, INT32_MAX, INT32_MIN } from '../../../elmo/expression/numbers.js';
import { evaluateValue } from './evaluating.js';
import { decimal, double } from './rows.js';

const OPERATIONS = [
  ['+', addNumbers, (a: bigint, b: bigint) => a + b],
  ['-', subtractNumbers, (a: bigint, b: bigint) => a - b],
  ['*', multiplyNumbers, (a: bigint, b: bigint) => a * b],
] as const;

/** Ints as int32, others as longs. */
function integer(value: bigint): Value {
  return value >= INT32_MIN && value <= INT32_MAX ? int32Value(Number(value)) : int64Value(value);
}

const anInteger = fc.oneof(
  fc.bigInt({ min: -(2n ** 31n), max: 2n ** 31n - 1n }),
  fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

describe('the types of results', () => {
  for (const [sign, operate, exact] of OPERATIONS)
    it(`int ${sign} int is exact: int, or long, or the nearest double`, () => {
      fc.assert(
        fc.property(anInteger, anInteger, (a, b) => {
          const x = integer(a);
          const y = integer(b);
          const result = operate(x, y);
          const value = exact(a, b);
          if (!fitsInt64(value)) expect(result.type).to.equal(DOUBLE);
          else {
            expect(bigintOf(result)).to.equal(value);
            const isInt = x.type === INT32 && y.type === INT32 && value >= INT32_MIN && value <= INT32_MAX;
            expect(result.type).to.equal(isInt ? INT32 : INT64);
          }
        }),
      );
    });

  it('a double makes a double, a decimal a decimal', () => {
    fc.assert(
      fc.property(anInteger, fc.double({ noNaN: true }), (a, b) => {
        const sum = evaluateValue({ $add: ['$a', '$b'] }, { a, b: double(b) });
        expect(sum.type).to.equal(DOUBLE);
        expect(doubleOf(sum)).to.equal(Number(a) + b);
        const product = evaluateValue(
          { $multiply: ['$a', '$b', '$c'] },
          { a, b: double(b), c: decimal('1') },
        );
        expect(product.type).to.equal(DECIMAL128);
      }),
    );
  });
});
