/** $and $or $not. Source: MongoDB manual, "Boolean Expression Operators". */
import { boolValue, FALSE_VALUE, TRUE_VALUE, type Value } from '../../bson/value.js';
import { isTruthy } from '../compare.js';
import type {
  Expression,
  ExpressionOperator,
  ExpressionOperators,
  FieldComparison,
  FieldImplication,
  Frame,
} from '../expression.js';
import { ConstantExpression } from '../nodes.js';
import { mayRearrange, OperatorExpression, parseOperands, unary } from '../operator-kinds.js';

/** Stops at the first operand that decides. */
class JunctionExpression extends OperatorExpression {
  constructor(
    operands: readonly Expression[],
    name: string,
    /** The truth of an operand that decides: false for $and, true for $or. */
    private readonly decisive: boolean,
  ) {
    super(operands, name);
  }

  override get demands(): readonly FieldComparison[] {
    return this.decisive ? [] : this.operands.flatMap(({ demands }) => demands);
  }

  override get isDemand(): boolean {
    return !this.decisive && this.operands.length === 1 && this.operands[0]!.isDemand;
  }

  override get implied(): FieldImplication | undefined {
    const { operands, decisive } = this;
    const children = operands.flatMap(({ implied }) => implied ?? []);
    if (children.length === 0 || (decisive && children.length < operands.length)) return undefined;
    return { kind: decisive ? 'or' : 'and', children };
  }

  override get comparesFields(): boolean {
    const { operands, decisive } = this;
    return decisive
      ? operands.every(({ comparesFields }) => comparesFields)
      : operands.some(({ comparesFields }) => comparesFields);
  }

  override get mayFail(): boolean {
    return this.operands.some(({ mayFail }) => mayFail);
  }

  evaluate(frame: Frame): Value {
    const { operands, decisive } = this;
    for (let i = 0; i < operands.length; i++)
      if (isTruthy(operands[i]!.evaluate(frame)) === decisive) return boolValue(decisive);
    return decisive ? FALSE_VALUE : TRUE_VALUE;
  }
}

/** A constant that decides does so before any row is seen, wherever it stands; other constants are left out. */
function junction(decisive: boolean): ExpressionOperator {
  return {
    parse: (argument, scope, name) => {
      const operands = parseOperands(argument, scope);
      if (!mayRearrange()) return new JunctionExpression(operands, name, decisive);
      const rest: Expression[] = [];
      let isDecided = false;
      for (const operand of operands) {
        const { constant } = operand;
        if (constant === undefined) rest.push(operand);
        else if (isTruthy(constant) === decisive) isDecided = true;
      }
      if (isDecided || rest.length === 0)
        return new ConstantExpression(boolValue(isDecided ? decisive : !decisive));
      return new JunctionExpression(rest, name, decisive);
    },
  };
}

export const booleanOperators: ExpressionOperators = {
  $and: junction(false),
  $or: junction(true),
  $not: unary((value) => boolValue(!isTruthy(value))),
};
