/**
 * `$min`, `$max`, `$first`, `$last`: one value of all. Equal values: the first that came stays, with its type.
 */
import { compareValues, type Collation } from '../../bson/compare.js';
import { MISSING, NULL, UNDEFINED } from '../../bson/types.js';
import { NULL_VALUE, type Value } from '../../bson/value.js';
import type { Frame } from '../../expression/expression.js';
import type { Operand } from '../operand.js';
import { ValueSlots } from '../value-slots.js';
import { comparatorOf } from '../collation-order.js';
import { Accumulator, type AccumulatorOperators } from './accumulator.js';
import { unaryAccumulator } from './unary.js';

abstract class OneValue extends Accumulator {
  protected readonly slots = new ValueSlots();

  constructor(protected readonly operand: Operand) {
    super();
  }

  get heldBytes(): number {
    return this.slots.heldBytes;
  }

  addGroup(): void {
    this.slots.add();
  }

  result(group: number): Value {
    const value = this.slots.get(group);
    return value.type === MISSING ? NULL_VALUE : value;
  }

  save(group: number): Value {
    return this.slots.get(group);
  }

  clear(): void {
    this.slots.clear();
  }
}

/** `sign` 1: the greatest; -1: the least. Null, undefined and missing do not count. */
class Extreme extends OneValue {
  constructor(
    operand: Operand,
    private readonly sign: 1 | -1,
    private readonly collation: Collation | undefined,
  ) {
    super(operand);
  }

  add(group: number, frame: Frame): void {
    const { operand } = this;
    operand.read(frame);
    this.offer(group, operand.type, operand.bytes, operand.at);
  }

  private offer(group: number, type: number, bytes: Uint8Array, at: number): void {
    if (type === MISSING || type === NULL || type === UNDEFINED) return;
    const { slots } = this;
    const held = slots.types[group]!;
    if (
      held === MISSING ||
      compareValues(bytes, type, at, slots.bytes, held, slots.starts[group]!, this.collation) * this.sign > 0
    )
      slots.set(group, type, bytes, at);
  }

  restore(group: number, state: Value): void {
    this.offer(group, state.type, state.bytes, state.at);
  }
}

/** The group's first or last row, whether it has a value or not. A missing value is kept as null. */
class EndOfRows extends OneValue {
  constructor(
    operand: Operand,
    private readonly isLast: boolean,
  ) {
    super(operand);
  }

  add(group: number, frame: Frame): void {
    const { operand, slots } = this;
    if (!this.isLast && slots.types[group] !== MISSING) return;
    operand.read(frame);
    slots.set(group, operand.type === MISSING ? NULL : operand.type, operand.bytes, operand.at);
  }

  restore(group: number, state: Value): void {
    if (state.type !== MISSING && (this.isLast || this.slots.types[group] === MISSING))
      this.slots.set(group, state.type, state.bytes, state.at);
  }
}

export const extremeAccumulators: AccumulatorOperators = {
  $min: unaryAccumulator((operand, scope) => new Extreme(operand, -1, comparatorOf(scope.collation))),
  $max: unaryAccumulator((operand, scope) => new Extreme(operand, 1, comparatorOf(scope.collation))),
  $first: unaryAccumulator((operand) => new EndOfRows(operand, false)),
  $last: unaryAccumulator((operand) => new EndOfRows(operand, true)),
};
