/** Arrays as sets. Source: MongoDB manual, "Set Expression Operators". */
import { ARRAY } from '../../bson/types.js';
import { boolValue, NULL_VALUE, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { compareExpressionValues, isTruthy } from '../compare.js';
import { unordered } from '../constant-parts.js';
import { arrayOf, elementsOf } from '../elements.js';
import type {
  Expression,
  ExpressionOperator,
  ExpressionOperators,
  Frame,
  ParseScope,
} from '../expression.js';
import { typeNameOf } from '../numbers.js';
import {
  anyNumber,
  type BuildOperator,
  exactly,
  OperatorExpression,
  parseOperands,
  tryConstants,
  unary,
} from '../operator-kinds.js';

/** A set's operands know how strings compare. */
abstract class SetExpression extends OperatorExpression {
  constructor(
    operands: readonly Expression[],
    name: string,
    private readonly scope: ParseScope,
  ) {
    super(operands, name);
  }

  protected readonly compare = (a: Value, b: Value): number =>
    compareExpressionValues(a, b, this.scope.compareTexts);

  /** Ascending, without equals: of those the first. */
  protected setOf(array: Value): Value[] {
    return this.unique(elementsOf(array).sort(this.compare));
  }

  protected unique(sorted: readonly Value[]): Value[] {
    return sorted.filter((value, i) => i === 0 || this.compare(value, sorted[i - 1]!) !== 0);
  }

  /** Whether an ascending list has the value. */
  protected has(sorted: readonly Value[], value: Value): boolean {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const order = this.compare(sorted[middle]!, value);
      if (order === 0) return true;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return false;
  }
}

class SetDifference extends SetExpression {
  evaluate(frame: Frame): Value {
    const left = this.operands[0]!.evaluate(frame);
    const right = this.operands[1]!.evaluate(frame);
    if (left.isNullish || right.isNullish) return NULL_VALUE;
    const refuse = (code: number, which: string, value: Value): ElmoError =>
      new ElmoError(
        code,
        `both operands of ${this.name} must be arrays. ${which} argument is of type: ${typeNameOf(value)}`,
      );
    if (left.type !== ARRAY) throw refuse(17048, 'First', left);
    if (right.type !== ARRAY) throw refuse(17049, 'Second', right);
    const removed = this.setOf(right);
    const elements = elementsOf(left);
    const order = elements.map((_, i) => i).sort((i, j) => this.compare(elements[i]!, elements[j]!) || i - j);
    const isRepeated = new Uint8Array(elements.length);
    for (let i = 1; i < order.length; i++)
      if (this.compare(elements[order[i]!]!, elements[order[i - 1]!]!) === 0) isRepeated[order[i]!] = 1;
    return arrayOf(elements.filter((element, i) => isRepeated[i] === 0 && !this.has(removed, element)));
  }
}

class SetEquals extends SetExpression {
  constructor(operands: readonly Expression[], name: string, scope: ParseScope) {
    super(operands, name, scope);
    tryConstants(() => operands.forEach(({ constant }, i) => this.checkConstant(constant, i)));
  }

  private checkConstant(constant: Value | undefined, i: number): void {
    if (constant !== undefined && constant.type !== ARRAY)
      throw new ElmoError(
        5887502,
        `All operands of ${this.name} must be arrays. ${i + 1}-th argument is of type: ${typeNameOf(constant)}`,
      );
  }

  /** The first constant comes before the others; what comes after a difference is not looked at. */
  evaluate(frame: Frame): Value {
    const { operands } = this;
    const firstConstant = operands.findIndex(({ constant }) => constant !== undefined);
    let first = firstConstant < 0 ? undefined : this.setAt(firstConstant, frame);
    for (let i = 0; i < operands.length; i++) {
      if (i === firstConstant) continue;
      const set = this.setAt(i, frame);
      if (first === undefined) first = set;
      else if (!this.areEqual(first, set)) return boolValue(false);
    }
    return boolValue(true);
  }

  private setAt(i: number, frame: Frame): readonly Value[] {
    const value = this.operands[i]!.evaluate(frame);
    if (value.type !== ARRAY)
      throw new ElmoError(
        17044,
        `All operands of ${this.name} must be arrays. ${i + 1}-th argument is of type: ${typeNameOf(value)}`,
      );
    return this.setOf(value);
  }

  private areEqual(a: readonly Value[], b: readonly Value[]): boolean {
    return a.length === b.length && a.every((value, i) => this.compare(value, b[i]!) === 0);
  }
}

class SetIntersection extends SetExpression {
  evaluate(frame: Frame): Value {
    let common: Value[] | undefined;
    for (const operand of this.operands) {
      const value = operand.evaluate(frame);
      if (value.isNullish) return NULL_VALUE;
      if (value.type !== ARRAY)
        throw new ElmoError(
          17047,
          `All operands of ${this.name} must be arrays. One argument is of type: ${typeNameOf(value)}`,
        );
      const set = this.setOf(value);
      common = common === undefined ? set : this.inBoth(common, set);
    }
    return arrayOf(common ?? []);
  }

  /** Of elements that a collation finds equal those of the smaller set are told. */
  private inBoth(a: Value[], b: Value[]): Value[] {
    const [few, many] = b.length < a.length ? [b, a] : [a, b];
    return few.filter((element) => this.has(many, element));
  }
}

class SetUnion extends SetExpression {
  evaluate(frame: Frame): Value {
    const all: Value[] = [];
    for (const operand of this.operands) {
      const value = operand.evaluate(frame);
      if (value.isNullish) return NULL_VALUE;
      if (value.type !== ARRAY)
        throw new ElmoError(
          17043,
          `All operands of ${this.name} must be arrays. One argument is of type: ${typeNameOf(value)}`,
        );
      all.push(...elementsOf(value));
    }
    return arrayOf(this.unique(all.sort(this.compare)));
  }
}

class SetIsSubset extends SetExpression {
  constructor(operands: readonly Expression[], name: string, scope: ParseScope) {
    super(operands, name, scope);
    const second = operands[1]!.constant;
    if (operands[0]!.constant === undefined && second !== undefined && second.type !== ARRAY)
      tryConstants(() => {
        throw new ElmoError(
          17311,
          `both operands of ${name} must be arrays. Second argument is of type: ${typeNameOf(second)}`,
        );
      });
  }

  evaluate(frame: Frame): Value {
    const left = this.operands[0]!.evaluate(frame);
    const refuse = (code: number, which: string, value: Value): ElmoError =>
      new ElmoError(
        code,
        `both operands of ${this.name} must be arrays. ${which} argument is of type: ${typeNameOf(value)}`,
      );
    if (left.type !== ARRAY) throw refuse(17046, 'First', left);
    const right = this.operands[1]!.evaluate(frame);
    if (right.type !== ARRAY) throw refuse(17042, 'Second', right);
    const set = this.setOf(right);
    return boolValue(elementsOf(left).every((element) => this.has(set, element)));
  }
}

function quantified(
  code: number,
  holds: (elements: readonly Value[]) => boolean,
): (array: Value, name: string) => Value {
  return (array, name) => {
    if (array.type !== ARRAY)
      throw new ElmoError(code, `${name}'s argument must be an array, but is ${typeNameOf(array)}`);
    return boolValue(holds(elementsOf(array)));
  };
}

const buildUnion: BuildOperator = (operands, name, scope) => new SetUnion(operands, name, scope);
const unionOfAny = unordered(buildUnion);
const unionInOrder = anyNumber(buildUnion);
/** Of elements that a collation finds equal the first is told, so their order counts. */
const setUnion: ExpressionOperator = {
  parse: (argument, scope, name) =>
    (scope.collation === undefined ? unionOfAny : unionInOrder).parse(argument, scope, name),
};

export const setOperators: ExpressionOperators = {
  $allElementsTrue: unary(quantified(17040, (elements) => elements.every(isTruthy))),
  $anyElementTrue: unary(quantified(17041, (elements) => elements.some(isTruthy))),
  $setDifference: exactly(2, (operands, name, scope) => new SetDifference(operands, name, scope)),
  $setEquals: {
    parse: (argument, scope, name) => {
      const operands = parseOperands(argument, scope);
      if (operands.length < 2)
        throw new ElmoError(17045, `${name} needs at least two arguments had: ${operands.length}`);
      return new SetEquals(operands, name, scope);
    },
  },
  $setIntersection: unordered((operands, name, scope) => new SetIntersection(operands, name, scope)),
  $setIsSubset: exactly(2, (operands, name, scope) => new SetIsSubset(operands, name, scope)),
  $setUnion: setUnion,
};
