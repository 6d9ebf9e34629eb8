/** Variables of an expression's own. Source: MongoDB manual, "Variable Expression Operators". */
import { ARRAY, OBJECT } from '../../bson/types.js';
import { readText } from '../../bson/read.js';
import { Value } from '../../bson/value.js';
import { ElementWalker } from '../../bson/walk.js';
import { ElmoError } from '../../errors.js';
import { Expression, type ExpressionOperators, type Frame } from '../expression.js';
import { checkVariableWrite } from '../field-names.js';
import { foldConstants, mayRearrange, namedArguments } from '../operator-kinds.js';

class LetExpression extends Expression {
  constructor(
    private readonly slots: readonly number[],
    private readonly values: readonly Expression[],
    private readonly body: Expression,
  ) {
    super();
  }

  evaluate(frame: Frame): Value {
    const { slots, values } = this;
    for (let i = 0; i < slots.length; i++) frame.slots[slots[i]!] = values[i]!.evaluate(frame);
    return this.body.evaluate(frame);
  }

  override addDependencies(into: Set<string>): void {
    for (const value of this.values) value.addDependencies(into);
    this.body.addDependencies(into);
  }
}

export const variableOperators: ExpressionOperators = {
  $let: {
    parse: (argument, scope, name) => {
      const given = namedArguments(argument, name, {
        required: ['vars', 'in'],
        notObject: 16874,
        unknown: 16875,
        missing: { vars: 16876, in: 16877 },
      });
      const vars = given.get('vars')!;
      if (vars.type !== OBJECT && vars.type !== ARRAY)
        throw new ElmoError(10065, 'invalid parameter: expected an object (vars)');
      const names: string[] = [];
      const values: Expression[] = [];
      const walker = new ElementWalker();
      walker.open(vars.bytes, vars.at);
      while (walker.next()) {
        const variable = readText(vars.bytes, walker.nameStart, walker.nameEnd);
        checkVariableWrite(variable);
        names.push(variable);
        values.push(scope.parse(new Value(walker.type, vars.bytes, walker.valueStart)));
      }
      const inner = scope.withVariables(
        names,
        values.map((value) => value.constant),
      );
      const body = inner.scope.parse(given.get('in')!);
      // what nothing reads is not computed, and so cannot fail, unless all is to be computed as it is written
      const isRead = inner.slots.map((slot) => !mayRearrange() || inner.scope.isRead(slot));
      if (!isRead.includes(true)) return body;
      const slots = inner.slots.filter((_, i) => isRead[i]);
      const read = values.filter((_, i) => isRead[i]);
      return foldConstants(new LetExpression(slots, read, body), mayRearrange() ? [body] : [...read, body]);
    },
  },
};
