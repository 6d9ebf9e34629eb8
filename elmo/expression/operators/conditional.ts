/** $cond $ifNull $switch. Source: MongoDB manual, "Conditional Expression Operators". */
import { ARRAY, OBJECT } from '../../bson/types.js';
import { readText } from '../../bson/read.js';
import { Value } from '../../bson/value.js';
import { ElementWalker } from '../../bson/walk.js';
import { ElmoError } from '../../errors.js';
import { isTruthy } from '../compare.js';
import { Expression, type ExpressionOperators, type Frame, type ParseScope } from '../expression.js';
import {
  namedArguments,
  OperatorExpression,
  parseForgivably,
  parseOperands,
  tryConstants,
} from '../operator-kinds.js';

class CondExpression extends OperatorExpression {
  constructor(
    private readonly condition: Expression,
    private readonly yes: Expression,
    private readonly no: Expression,
    name: string,
  ) {
    super([condition, yes, no], name);
  }

  evaluate(frame: Frame): Value {
    return (isTruthy(this.condition.evaluate(frame)) ? this.yes : this.no).evaluate(frame);
  }
}

function parseCond(argument: Value, scope: ParseScope, name: string): Expression {
  let condition: Expression, yes: Expression, no: Expression;
  if (argument.type === OBJECT) {
    const given = namedArguments(argument, name, {
      required: ['if', 'then', 'else'],
      notObject: 16020,
      unknown: 17083,
      missing: { if: 17080, then: 17081, else: 17082 },
    });
    condition = scope.parse(given.get('if')!);
    yes = scope.parse(given.get('then')!);
    no = scope.parse(given.get('else')!);
  } else {
    const operands = parseOperands(argument, scope);
    if (operands.length !== 3)
      throw new ElmoError(
        16020,
        `Expression $cond takes exactly 3 arguments. ${operands.length} were passed in.`,
      );
    [condition, yes, no] = operands as [Expression, Expression, Expression];
  }
  const { constant } = condition;
  if (constant !== undefined) return isTruthy(constant) ? yes : no;
  return new CondExpression(condition, yes, no, name);
}

/** The first operand that is not null, undefined or missing; else the last. */
class IfNullExpression extends OperatorExpression {
  evaluate(frame: Frame): Value {
    const { operands } = this;
    const last = operands.length - 1;
    for (let i = 0; i < last; i++) {
      const value = operands[i]!.evaluate(frame);
      if (!value.isNullish) return value;
    }
    return operands[last]!.evaluate(frame);
  }
}

function parseIfNull(argument: Value, scope: ParseScope, name: string): Expression {
  const operands = parseOperands(argument, scope);
  if (operands.length < 2)
    throw new ElmoError(1257300, `$ifNull needs at least two arguments, had: ${operands.length}`);
  const last = operands.pop()!;
  const rest: Expression[] = [];
  for (const operand of operands) {
    const { constant } = operand;
    if (constant?.isNullish === true) continue;
    rest.push(operand);
    if (constant !== undefined) break;
  }
  if (rest.at(-1)?.constant === undefined) rest.push(last);
  return rest.length === 1 ? rest[0]! : new IfNullExpression(rest, name);
}

class SwitchExpression extends OperatorExpression {
  constructor(
    private readonly cases: readonly Expression[],
    private readonly results: readonly Expression[],
    private readonly otherwise: Expression,
    name: string,
  ) {
    super([...cases, ...results, otherwise], name);
  }

  evaluate(frame: Frame): Value {
    const { cases, results } = this;
    for (let i = 0; i < cases.length; i++)
      if (isTruthy(cases[i]!.evaluate(frame))) return results[i]!.evaluate(frame);
    return this.otherwise.evaluate(frame);
  }
}

/** What a $switch without default is, where no case is true. */
class NoCaseExpression extends Expression {
  evaluate(): Value {
    throw new ElmoError(
      40066,
      '$switch could not find a matching branch for an input, and no default was specified.',
    );
  }
}

interface Branch {
  readonly condition: Expression;
  readonly result: Expression;
  /** Says that the result, or all of the branch, is never reached: errors of its constant parts do not count. */
  readonly forgiveResult: () => void;
  readonly forgiveAll: () => void;
}

function parseBranch(value: Value, scope: ParseScope): Branch {
  if (value.type !== OBJECT) throw new ElmoError(40062, '$switch requires each branch to be an object');
  let condition: Forgivable | undefined;
  let result: Forgivable | undefined;
  const walker = new ElementWalker();
  walker.open(value.bytes, value.at);
  while (walker.next()) {
    const key = readText(value.bytes, walker.nameStart, walker.nameEnd);
    const operand = new Value(walker.type, value.bytes, walker.valueStart);
    if (key === 'case') condition = parseForgivably(() => scope.parse(operand));
    else if (key === 'then') result = parseForgivably(() => scope.parse(operand));
    else throw new ElmoError(40063, `$switch found an unknown argument to a branch: ${key}`);
  }
  if (condition === undefined)
    throw new ElmoError(40064, "$switch requires each branch have a 'case' expression");
  if (result === undefined)
    throw new ElmoError(40065, "$switch requires each branch have a 'then' expression.");
  const { forgive } = result;
  const forgiveCase = condition.forgive;
  return {
    condition: condition.expression,
    result: result.expression,
    forgiveResult: forgive,
    forgiveAll: () => {
      forgiveCase();
      forgive();
    },
  };
}

type Forgivable = ReturnType<typeof parseForgivably>;

function parseSwitch(argument: Value, scope: ParseScope, name: string): Expression {
  if (argument.type !== OBJECT) throw new ElmoError(40060, '$switch requires an object as an argument');
  const branches: Branch[] = [];
  let otherwise: Expression | undefined;
  const walker = new ElementWalker();
  walker.open(argument.bytes, argument.at);
  while (walker.next()) {
    const key = readText(argument.bytes, walker.nameStart, walker.nameEnd);
    const value = new Value(walker.type, argument.bytes, walker.valueStart);
    if (key === 'branches') parseBranches(value, scope, branches);
    else if (key === 'default') otherwise = scope.parse(value);
    else throw new ElmoError(40067, `$switch found an unknown argument: ${key}`);
  }
  if (branches.length === 0) throw new ElmoError(40068, '$switch requires at least one branch.');
  return reduced(branches, otherwise ?? new NoCaseExpression(), name);
}

function parseBranches(value: Value, scope: ParseScope, into: Branch[]): void {
  if (value.type !== ARRAY) throw new ElmoError(40061, "$switch expected an array for 'branches'");
  const walker = new ElementWalker();
  walker.open(value.bytes, value.at);
  while (walker.next()) into.push(parseBranch(new Value(walker.type, value.bytes, walker.valueStart), scope));
}

/** Without the branches whose case is constant. */
function reduced(branches: readonly Branch[], given: Expression, name: string): Expression {
  const rest: Branch[] = [];
  let otherwise = given;
  let isDecided = false;
  for (const branch of branches) {
    const { constant } = branch.condition;
    if (isDecided) branch.forgiveAll();
    else if (constant === undefined) rest.push(branch);
    else if (isTruthy(constant)) {
      otherwise = branch.result;
      isDecided = true;
    } else branch.forgiveResult();
  }
  if (rest.length === 0 && otherwise instanceof NoCaseExpression)
    tryConstants(() => {
      throw new ElmoError(
        40069,
        'Cannot execute a switch statement where all the cases evaluate to false without a default',
      );
    });
  if (rest.length === 0) return otherwise;
  return new SwitchExpression(
    rest.map(({ condition }) => condition),
    rest.map(({ result }) => result),
    otherwise,
    name,
  );
}

export const conditionalOperators: ExpressionOperators = {
  $cond: { parse: parseCond },
  $ifNull: { parse: parseIfNull },
  $switch: { parse: parseSwitch },
};
