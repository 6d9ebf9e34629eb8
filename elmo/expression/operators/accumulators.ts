/** Accumulators as expressions: over their operands, or over the elements of the one operand. */
import { ARRAY } from '../../bson/types.js';
import { doubleValue, NULL_VALUE, Value } from '../../bson/value.js';
import { ElementWalker } from '../../bson/walk.js';
import { compareExpressionValues } from '../compare.js';
import type {
  Expression,
  ExpressionOperator,
  ExpressionOperators,
  Frame,
  ParseScope,
} from '../expression.js';
import { doubleOf, isNumberType } from '../numbers.js';
import { anyNumber, OperatorExpression } from '../operator-kinds.js';
import { Deviation, NumberSum } from '../summation.js';

const walker = new ElementWalker();

/** Takes values one by one. */
interface Accumulator {
  begin(): void;
  add(value: Value): void;
  result(): Value;
}

class Accumulation extends OperatorExpression {
  constructor(
    operands: readonly Expression[],
    name: string,
    private readonly accumulator: Accumulator,
  ) {
    super(operands, name);
  }

  evaluate(frame: Frame): Value {
    const { operands, accumulator } = this;
    accumulator.begin();
    if (operands.length === 1) this.addOperand(operands[0]!.evaluate(frame));
    else for (const operand of operands) accumulator.add(operand.evaluate(frame));
    return accumulator.result();
  }

  /** The one operand: of an array its elements. */
  private addOperand(value: Value): void {
    if (value.type !== ARRAY) {
      this.accumulator.add(value);
      return;
    }
    walker.open(value.bytes, value.at);
    while (walker.next()) this.accumulator.add(new Value(walker.type, value.bytes, walker.valueStart));
  }
}

class Sum implements Accumulator {
  protected readonly sum = new NumberSum();

  begin(): void {
    this.sum.clear();
  }

  add(value: Value): void {
    this.sum.add(value.type, value.bytes, value.at);
  }

  result(): Value {
    return this.sum.result();
  }
}

class Average extends Sum {
  override result(): Value {
    return this.sum.average() ?? NULL_VALUE;
  }
}

/** The least or the greatest; null and missing do not count, the first of equals stays. */
class Extreme implements Accumulator {
  private best: Value | undefined = undefined;

  constructor(
    private readonly sign: 1 | -1,
    private readonly scope: ParseScope,
  ) {}

  begin(): void {
    this.best = undefined;
  }

  add(value: Value): void {
    if (value.isNullish) return;
    if (
      this.best === undefined ||
      this.sign * compareExpressionValues(value, this.best, this.scope.compareTexts) > 0
    )
      this.best = value;
  }

  result(): Value {
    return this.best ?? NULL_VALUE;
  }
}

class StandardDeviation implements Accumulator {
  private readonly deviation = new Deviation();

  constructor(private readonly isSample: boolean) {}

  begin(): void {
    this.deviation.clear();
  }

  add(value: Value): void {
    if (isNumberType(value.type)) this.deviation.add(doubleOf(value));
  }

  result(): Value {
    const result = this.deviation.result(this.isSample);
    return result === undefined ? NULL_VALUE : doubleValue(result);
  }
}

function accumulation(make: () => Accumulator): ExpressionOperator {
  return anyNumber((operands, name) => new Accumulation(operands, name, make()));
}

/** Constants are asked last: of equal values that of a field stays. */
function extreme(sign: 1 | -1): ExpressionOperator {
  return anyNumber((operands, name, scope) => {
    const [constants, others] = [true, false].map((isConstant) =>
      operands.filter(({ constant }) => (constant !== undefined) === isConstant),
    );
    return new Accumulation([...others!, ...constants!], name, new Extreme(sign, scope));
  });
}

export const accumulatorOperators: ExpressionOperators = {
  $avg: accumulation(() => new Average()),
  $max: extreme(1),
  $min: extreme(-1),
  $stdDevPop: accumulation(() => new StandardDeviation(false)),
  $stdDevSamp: accumulation(() => new StandardDeviation(true)),
  $sum: accumulation(() => new Sum()),
};
