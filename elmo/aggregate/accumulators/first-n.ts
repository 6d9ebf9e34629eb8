/** `$firstN`, `$lastN`, `$minN`, `$maxN`: the first, last, least or greatest `n` values. */
import { compareValues, type Collation } from '../../bson/compare.js';
import { MISSING, NULL, OBJECT, UNDEFINED } from '../../bson/types.js';
import { NULL_VALUE, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import type { Expression, Frame } from '../../expression/expression.js';
import { argumentsOf, arrayValue, elementsOf } from '../arguments.js';
import { comparatorOf } from '../collation-order.js';
import { MAX_ACCUMULATOR_BYTES } from '../limits.js';
import { isNumberType, doubleOf } from '../../expression/numbers.js';
import { wholeOf } from '../numbers.js';
import { Operand } from '../operand.js';
import { DECIMAL128 } from '../../bson/types.js';
import { Accumulator, type AccumulatorOperator, type AccumulatorOperators } from './accumulator.js';

/** What is held beside the bytes of a value. */
const VALUE_OVERHEAD = 64;

/** What the reference's groups answer to any wrong `n`; its expressions of the same names have codes of their own. */
const INVALID_COUNT = 7548606;

/** @throws ElmoError if it is no `n` */
export function checkedCount(value: Value): number {
  if (!isNumberType(value.type))
    throw new ElmoError(INVALID_COUNT, `Value for 'n' must be of integral type, but found a ${value.type}`);
  const number = doubleOf(value);
  if (!(Math.abs(number) < 9223372036854775808) && wholeOf(value) === undefined)
    throw new ElmoError(INVALID_COUNT, `Can't coerce out of range value ${number} to long`);
  if (value.type === DECIMAL128 && wholeOf(value) === undefined)
    throw new ElmoError(INVALID_COUNT, `Value for 'n' must be of integral type, but found ${number}`);
  const count = Math.trunc(number);
  if (count === 0 && number !== 0)
    throw new ElmoError(INVALID_COUNT, `Value for 'n' must be of integral type, but found ${number}`);
  if (count <= 0) throw new ElmoError(INVALID_COUNT, `'n' must be greater than 0, found ${count}`);
  return count;
}

/** Lists of at most `n` values, `n` computed from the group's key. */
export abstract class ListOfN extends Accumulator {
  heldBytes = 0;
  protected lists: Value[][] = [];
  protected limits: number[] = [];

  constructor(
    private readonly count: Expression,
    protected readonly name: string,
  ) {
    super();
  }

  addGroup(id: Frame): void {
    this.limits.push(checkedCount(this.count.evaluate(id)));
    this.lists.push([]);
  }

  protected hold(value: Value): Value {
    const kept = value.keep();
    this.heldBytes += kept.bytes.length + VALUE_OVERHEAD;
    if (this.heldBytes > MAX_ACCUMULATOR_BYTES)
      throw new ElmoError(
        'ExceededMemoryLimit',
        `${this.name} used too much memory and cannot spill to disk`,
      );
    return kept;
  }

  protected forget(value: Value): void {
    this.heldBytes -= value.bytes.length + VALUE_OVERHEAD;
  }

  result(group: number): Value {
    return arrayValue(this.lists[group]!);
  }

  save(group: number): Value {
    return arrayValue(this.lists[group]!);
  }

  restore(group: number, state: Value): void {
    for (const value of elementsOf(state)) this.offer(group, value);
  }

  protected abstract offer(group: number, value: Value): void;

  clear(): void {
    this.heldBytes = 0;
    this.lists = [];
    this.limits = [];
  }
}

class FirstN extends ListOfN {
  constructor(
    protected readonly operand: Operand,
    count: Expression,
    name: string,
  ) {
    super(count, name);
  }

  add(group: number, frame: Frame): void {
    if (this.lists[group]!.length === this.limits[group]!) return;
    this.operand.read(frame);
    this.offer(group, this.operand.value);
  }

  protected offer(group: number, value: Value): void {
    const list = this.lists[group]!;
    if (list.length < this.limits[group]!) list.push(this.hold(value.isMissing ? NULL_VALUE : value));
  }
}

class LastN extends ListOfN {
  constructor(
    private readonly operand: Operand,
    count: Expression,
    name: string,
  ) {
    super(count, name);
  }

  add(group: number, frame: Frame): void {
    this.operand.read(frame);
    this.offer(group, this.operand.value);
  }

  protected offer(group: number, value: Value): void {
    const list = this.lists[group]!;
    list.push(this.hold(value.isMissing ? NULL_VALUE : value));
    if (list.length > this.limits[group]!) this.forget(list.shift()!);
  }
}

/** `sign` -1: the least, ascending; 1: the greatest, descending. Null, undefined and missing do not count. */
class ExtremeN extends ListOfN {
  constructor(
    private readonly operand: Operand,
    count: Expression,
    name: string,
    private readonly sign: 1 | -1,
    private readonly collation: Collation | undefined,
  ) {
    super(count, name);
  }

  add(group: number, frame: Frame): void {
    this.operand.read(frame);
    this.offer(group, this.operand.value);
  }

  protected offer(group: number, value: Value): void {
    if (value.type === MISSING || value.type === NULL || value.type === UNDEFINED) return;
    const list = this.lists[group]!;
    const isFull = list.length === this.limits[group]!;
    if (isFull && this.compare(value, list.at(-1)!) >= 0) return;
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(value, list[middle]!) < 0) high = middle;
      else low = middle + 1;
    }
    list.splice(low, 0, this.hold(value));
    if (isFull) this.forget(list.pop()!);
  }

  private compare(a: Value, b: Value): number {
    return -this.sign * compareValues(a.bytes, a.type, a.at, b.bytes, b.type, b.at, this.collation);
  }
}

interface OfN {
  create(operand: Operand, count: Expression, name: string, collation: Collation | undefined): Accumulator;
  /** The code if the argument is no document. */
  readonly notObject: number;
}

function accumulatorOfN({ create, notObject }: OfN): AccumulatorOperator {
  return {
    parse(argument, scope, name) {
      if (argument.type !== OBJECT)
        throw new ElmoError(notObject, `specification must be an object; found ${name}`);
      const given = argumentsOf(argument);
      for (const key of given.keys())
        if (key !== 'n' && key !== 'input')
          throw new ElmoError(5787901, `Unknown argument for 'n' operator: ${key}`);
      const n = given.get('n');
      const input = given.get('input');
      if (n === undefined) throw new ElmoError(5787906, "Missing value for 'n'");
      if (input === undefined) throw new ElmoError(5787907, "Missing value for 'input'");
      const [operand, count] = [scope.parse(input), scope.parse(n)];
      const collation = comparatorOf(scope.collation);
      return {
        create: (fields) => create(new Operand(operand, fields), count, name, collation),
        addDependencies: (into) => operand.addDependencies(into),
      };
    },
  };
}

export const firstNAccumulators: AccumulatorOperators = {
  $firstN: accumulatorOfN({
    notObject: 5787801,
    create: (...parts) => new FirstN(parts[0], parts[1], parts[2]),
  }),
  $lastN: accumulatorOfN({
    notObject: 5787801,
    create: (...parts) => new LastN(parts[0], parts[1], parts[2]),
  }),
  $minN: accumulatorOfN({
    notObject: 5787900,
    create: (operand, count, name, collation) => new ExtremeN(operand, count, name, -1, collation),
  }),
  $maxN: accumulatorOfN({
    notObject: 5787900,
    create: (operand, count, name, collation) => new ExtremeN(operand, count, name, 1, collation),
  }),
};
