/** `{$sampleRate: 0.3}`: true for that part of the documents, at random. */
import { compareValues } from '../bson/compare.js';
import { boolValue, doubleValue, FALSE_VALUE, int32Value, TRUE_VALUE, type Value } from '../bson/value.js';
import { DOUBLE, INT32 } from '../bson/types.js';
import { ElmoError } from '../errors.js';
import { Expression, type ParseScope } from '../expression/expression.js';

export class SampleRateExpression extends Expression {
  private constructor(
    private readonly rate: Value,
    private readonly scope: ParseScope,
  ) {
    super();
  }

  /** @param rate  a number @throws ElmoError BadValue unless it is within [0, 1] */
  static parse(rate: Value, scope: ParseScope): SampleRateExpression {
    const zero = int32Value(0);
    const one = int32Value(1);
    const isInRange =
      compareValues(rate.bytes, rate.type, rate.at, zero.bytes, INT32, zero.at) >= 0 &&
      compareValues(rate.bytes, rate.type, rate.at, one.bytes, INT32, one.at) <= 0;
    if (!isInRange) throw new ElmoError('BadValue', 'numeric argument to $sampleRate must be in [0, 1]');
    return new SampleRateExpression(rate.keep(), scope);
  }

  override get constant(): Value | undefined {
    if (signAgainst(this.rate, 0) === 0) return FALSE_VALUE;
    return signAgainst(this.rate, 1) === 0 ? TRUE_VALUE : undefined;
  }

  override evaluate(): Value {
    const { rate } = this;
    const drawn = doubleValue(this.scope.random());
    return boolValue(compareValues(drawn.bytes, DOUBLE, drawn.at, rate.bytes, rate.type, rate.at) < 0);
  }
}

function signAgainst(rate: Value, limit: number): number {
  const value = int32Value(limit);
  return compareValues(rate.bytes, rate.type, rate.at, value.bytes, INT32, value.at);
}
