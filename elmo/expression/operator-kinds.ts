/**
 * How operators take their arguments, written once: a fixed or bounded number of operands, any number, or named ones.
 *
 * Conventions of `evaluate`:
 * - it returns a value that lives as long as the frame's document; `MISSING_VALUE` (never undefined) if there is none;
 * - missing, null and undefined are usually answered by `NULL_VALUE`: see `Value.isNullish`;
 * - it never keeps a row's bytes: constants are `keep`-copies made at parsing;
 * - a node owns its writers; what it returns is copied out of them (`toBytes`), or lies in the row, or in a slab.
 *
 * An operator whose operands are all constant is evaluated once, at parsing (`foldConstants`). Operators that depend on
 * anything else ($rand, $meta) are built by hand and never folded.
 */
import { ARRAY, OBJECT } from '../bson/types.js';
import { readText } from '../bson/read.js';
import { Value } from '../bson/value.js';
import { ElementWalker } from '../bson/walk.js';
import { ElmoError } from '../errors.js';
import { Expression, Frame, type ExpressionOperator, type ParseScope } from './expression.js';
import { ConstantExpression } from './nodes.js';

const NO_ROW = new Frame();

/**
 * Errors of constant parts of what is being parsed. They are thrown when all of it is parsed, so that a part that cannot be
 * parsed at all is complained of first, as the reference does it.
 */
const failures: ElmoError[] = [];
let depth = 0;
let unfoldedDepth = 0;

/**
 * Parses an expression, or all of a request; the errors of constant parts come at the end of the outermost call.
 * @throws ElmoError
 */
export function parseWithFolding<T>(parse: () => T): T {
  depth++;
  try {
    const parsed = parse();
    const [first] = failures;
    if (depth === 1 && first !== undefined) throw first;
    return parsed;
  } finally {
    if (--depth === 0) failures.length = 0;
  }
}

/** Parses what may turn out to be unreachable. `forgive` then drops the errors of its constant parts. */
export function parseForgivably(parse: () => Expression): { expression: Expression; forgive: () => void } {
  const before = failures.length;
  const expression = parse();
  const own = failures.slice(before);
  const forgive = (): void => {
    for (const failure of own) failures.splice(failures.indexOf(failure), 1);
  };
  return { expression, forgive };
}

/** Parses expressions whose constant parts are wrong only once they are evaluated. */
export function parseUnfolded<T>(parse: () => T): T {
  const before = failures.length;
  depth++;
  unfoldedDepth++;
  try {
    return parse();
  } finally {
    depth--;
    unfoldedDepth--;
    failures.length = before;
  }
}

/** Whether operands may be left out or moved because of what is constant among them. */
export function mayRearrange(): boolean {
  return unfoldedDepth === 0;
}

/** Runs what is tried of constant parts while parsing. @returns undefined if it fails, which is told at the end */
export function tryConstants<T>(evaluate: () => T): T | undefined {
  try {
    return evaluate();
  } catch (error) {
    if (!(error instanceof ElmoError)) throw error;
    failures.push(error);
    return undefined;
  }
}

/** The expression, or its value if all operands are constant. */
export function foldConstants(expression: Expression, operands: readonly Expression[]): Expression {
  for (const operand of operands) if (operand.constant === undefined) return expression;
  const value = tryConstants(() => expression.evaluate(NO_ROW).keep());
  return value === undefined ? expression : new ConstantExpression(value);
}

/** Operands: the elements of an array, or the one argument that is no array. */
export function parseOperands(argument: Value, scope: ParseScope): Expression[] {
  if (argument.type !== ARRAY) return [scope.parse(argument)];
  const operands: Expression[] = [];
  const walker = new ElementWalker();
  walker.open(argument.bytes, argument.at);
  while (walker.next()) operands.push(scope.parse(new Value(walker.type, argument.bytes, walker.valueStart)));
  return operands;
}

/** Makes an operator's node of its operands. `name` has its dollar. */
export type BuildOperator = (operands: readonly Expression[], name: string, scope: ParseScope) => Expression;

/** Exactly `count` operands. */
export function exactly(count: number, build: BuildOperator): ExpressionOperator {
  return {
    parse: (argument, scope, name) => {
      const operands = parseOperands(argument, scope);
      if (operands.length !== count)
        throw new ElmoError(
          16020,
          `Expression ${name} takes exactly ${count} arguments. ${operands.length} were passed in.`,
        );
      return foldConstants(build(operands, name, scope), operands);
    },
  };
}

/** From `least` to `most` operands. */
export function between(least: number, most: number, build: BuildOperator): ExpressionOperator {
  return {
    parse: (argument, scope, name) => {
      const operands = parseOperands(argument, scope);
      if (operands.length < least || operands.length > most)
        throw new ElmoError(
          28667,
          `Expression ${name} takes at least ${least} arguments, and at most ${most}, but ${operands.length} were passed in.`,
        );
      return foldConstants(build(operands, name, scope), operands);
    },
  };
}

/** Any number of operands. */
export function anyNumber(build: BuildOperator): ExpressionOperator {
  return {
    parse: (argument, scope, name) => {
      const operands = parseOperands(argument, scope);
      return foldConstants(build(operands, name, scope), operands);
    },
  };
}

/** One operand, given to a function. @param apply  sees missing and null too */
export function unary(apply: (value: Value, name: string) => Value): ExpressionOperator {
  return exactly(1, ([operand], name) => new UnaryExpression(operand!, apply, name));
}

/** Two operands, evaluated from left to right, given to a function. */
export function binary(apply: (left: Value, right: Value, name: string) => Value): ExpressionOperator {
  return exactly(2, ([left, right], name) => new BinaryExpression(left!, right!, apply, name));
}

/** The same, but the second is evaluated first, which shows when both fail. */
export function binaryFromRight(
  apply: (left: Value, right: Value, name: string) => Value,
): ExpressionOperator {
  return exactly(2, ([left, right], name) => new FromRightExpression(left!, right!, apply, name));
}

/** An expression with its operands in a list. */
export abstract class OperatorExpression extends Expression {
  constructor(
    readonly operands: readonly Expression[],
    readonly name: string,
  ) {
    super();
  }

  override addDependencies(into: Set<string>): void {
    for (const operand of this.operands) operand.addDependencies(into);
  }
}

class UnaryExpression extends OperatorExpression {
  constructor(
    private readonly operand: Expression,
    private readonly apply: (value: Value, name: string) => Value,
    name: string,
  ) {
    super([operand], name);
  }

  evaluate(frame: Frame): Value {
    return this.apply(this.operand.evaluate(frame), this.name);
  }
}

class BinaryExpression extends OperatorExpression {
  constructor(
    protected readonly left: Expression,
    protected readonly right: Expression,
    protected readonly apply: (left: Value, right: Value, name: string) => Value,
    name: string,
  ) {
    super([left, right], name);
  }

  evaluate(frame: Frame): Value {
    const left = this.left.evaluate(frame);
    return this.apply(left, this.right.evaluate(frame), this.name);
  }
}

class FromRightExpression extends BinaryExpression {
  override evaluate(frame: Frame): Value {
    const right = this.right.evaluate(frame);
    return this.apply(this.left.evaluate(frame), right, this.name);
  }
}

/** What an operator with named arguments answers to wrong ones. Codes are the reference's, operator by operator. */
export interface NamedArguments {
  readonly required?: readonly string[];
  readonly optional?: readonly string[];
  /** The argument is no document. */
  readonly notObject: number;
  /** An argument of a name that is not known. */
  readonly unknown: number;
  /** Of a required argument that is absent, one code for all or by name. */
  readonly missing: number | Readonly<Record<string, number>>;
}

/** The named arguments, unparsed: `argumentsOf(…).get('input')`. Unknown ones are refused before missing ones. */
export function namedArguments(argument: Value, name: string, rules: NamedArguments): Map<string, Value> {
  if (argument.type !== OBJECT)
    throw new ElmoError(rules.notObject, `${name} only supports an object as its argument`);
  const { required = [], optional = [] } = rules;
  const given = new Map<string, Value>();
  const walker = new ElementWalker();
  walker.open(argument.bytes, argument.at);
  while (walker.next()) {
    const key = readText(argument.bytes, walker.nameStart, walker.nameEnd);
    if (!required.includes(key) && !optional.includes(key))
      throw new ElmoError(rules.unknown, `Unrecognized parameter to ${name}: ${key}`);
    given.set(key, new Value(walker.type, argument.bytes, walker.valueStart));
  }
  for (const key of required)
    if (!given.has(key)) {
      const code = typeof rules.missing === 'number' ? rules.missing : rules.missing[key]!;
      throw new ElmoError(code, `Missing '${key}' parameter to ${name}`);
    }
  return given;
}

/** An operator with named arguments; those not given are undefined. */
export function named(
  rules: NamedArguments,
  build: (
    operands: Readonly<Record<string, Expression | undefined>>,
    name: string,
    scope: ParseScope,
  ) => Expression,
): ExpressionOperator {
  return {
    parse: (argument, scope, name) => {
      const operands: Record<string, Expression> = {};
      for (const [key, value] of namedArguments(argument, name, rules)) operands[key] = scope.parse(value);
      return foldConstants(build(operands, name, scope), Object.values(operands));
    },
  };
}
