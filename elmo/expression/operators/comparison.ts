/** $eq $ne $lt $lte $gt $gte $cmp. Source: MongoDB manual, "Comparison Expression Operators". */
import type { Collation } from '../../bson/compare.js';
import { readDouble, readInt32 } from '../../bson/read.js';
import { DOUBLE, INT32 } from '../../bson/types.js';
import { FALSE_VALUE, int32Value, TRUE_VALUE, type Value } from '../../bson/value.js';
import { compareExpressionValues } from '../compare.js';
import type {
  Expression,
  ExpressionOperator,
  ExpressionOperators,
  FieldComparison,
  Frame,
} from '../expression.js';
import { exactly, OperatorExpression } from '../operator-kinds.js';

/** How $lt, $eq, $gt of the operands answer, in this order. */
class ComparisonExpression extends OperatorExpression {
  constructor(
    private readonly left: Expression,
    private readonly right: Expression,
    private readonly collation: Collation | undefined,
    private readonly ifLess: Value,
    private readonly ifEqual: Value,
    private readonly ifGreater: Value,
    name: string,
  ) {
    super([left, right], name);
  }

  override get demands(): readonly FieldComparison[] {
    const { left, right, name } = this;
    const operator = name.slice(1);
    if (!isOrderOperator(operator)) return [];
    return [
      ...demandsOf(left.rootPath, operator, right.constant),
      ...demandsOf(right.rootPath, TURNED[operator], left.constant),
    ];
  }

  override get isComparison(): boolean {
    return true;
  }

  override get isDemand(): boolean {
    return this.demands.length > 0;
  }

  override get mayFail(): boolean {
    return this.operands.some(({ mayFail }) => mayFail);
  }

  evaluate(frame: Frame): Value {
    const b = this.right.evaluate(frame); // first, as the reference does
    const a = this.left.evaluate(frame);
    let order: number;
    if ((a.type === INT32 || a.type === DOUBLE) && (b.type === INT32 || b.type === DOUBLE)) {
      const x = a.type === INT32 ? readInt32(a.bytes, a.at) : readDouble(a.bytes, a.at);
      const y = b.type === INT32 ? readInt32(b.bytes, b.at) : readDouble(b.bytes, b.at);
      order = x < y ? -1 : x > y ? 1 : x === y ? 0 : compareExpressionValues(a, b);
    } else order = compareExpressionValues(a, b, this.collation);
    return order < 0 ? this.ifLess : order > 0 ? this.ifGreater : this.ifEqual;
  }
}

/** What an operator is when its operands change places. */
const TURNED = { eq: 'eq', lt: 'gt', lte: 'gte', gt: 'lt', gte: 'lte' } as const;

function isOrderOperator(name: string): name is FieldComparison['operator'] {
  return name in TURNED;
}

/** Nothing is demanded by a comparison with what is not there. */
function demandsOf(
  path: string | undefined,
  operator: FieldComparison['operator'],
  value: Value | undefined,
): FieldComparison[] {
  return path === undefined || value === undefined || value.isMissing ? [] : [{ path, operator, value }];
}

function comparison(ifLess: Value, ifEqual: Value, ifGreater: Value): ExpressionOperator {
  return exactly(
    2,
    ([left, right], name, scope) =>
      new ComparisonExpression(left!, right!, scope.compareTexts, ifLess, ifEqual, ifGreater, name),
  );
}

const MINUS_ONE = int32Value(-1).keep();
const ZERO = int32Value(0).keep();
const ONE = int32Value(1).keep();

export const comparisonOperators: ExpressionOperators = {
  $eq: comparison(FALSE_VALUE, TRUE_VALUE, FALSE_VALUE),
  $ne: comparison(TRUE_VALUE, FALSE_VALUE, TRUE_VALUE),
  $lt: comparison(TRUE_VALUE, FALSE_VALUE, FALSE_VALUE),
  $lte: comparison(TRUE_VALUE, TRUE_VALUE, FALSE_VALUE),
  $gt: comparison(FALSE_VALUE, FALSE_VALUE, TRUE_VALUE),
  $gte: comparison(FALSE_VALUE, TRUE_VALUE, TRUE_VALUE),
  $cmp: comparison(MINUS_ONE, ZERO, ONE),
};
