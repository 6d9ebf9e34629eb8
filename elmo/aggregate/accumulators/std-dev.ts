/** `$stdDevPop`, `$stdDevSamp`: mean and squared distances, kept up row by row (Welford). All in doubles. */
import { readDouble } from '../../bson/read.js';
import { ARRAY, DOUBLE } from '../../bson/types.js';
import { doubleValue, NULL_VALUE, Value } from '../../bson/value.js';
import { ElementWalker } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import type { Frame } from '../../expression/expression.js';
import type { Operand } from '../operand.js';
import { isNumberType } from '../../expression/numbers.js';
import { numberAt } from '../numbers.js';
import { Accumulator, type AccumulatorOperators } from './accumulator.js';
import { DoubleColumn } from './columns.js';
import { unaryAccumulator } from './unary.js';

class StandardDeviation extends Accumulator {
  private readonly counts = new DoubleColumn();
  private readonly means = new DoubleColumn();
  private readonly squares = new DoubleColumn();
  private readonly writer = new BsonWriter();
  private readonly walker = new ElementWalker();
  private groups = 0;

  constructor(
    private readonly operand: Operand,
    private readonly isSample: boolean,
  ) {
    super();
  }

  get heldBytes(): number {
    return this.counts.heldBytes * 3;
  }

  addGroup(): void {
    const group = this.groups++;
    for (const column of [this.counts, this.means, this.squares]) column.reserve(group);
  }

  add(group: number, frame: Frame): void {
    const { operand } = this;
    operand.read(frame);
    if (!isNumberType(operand.type)) return;
    const x = numberAt(operand.type, operand.bytes, operand.at);
    const count = ++this.counts.values[group]!;
    const delta = x - this.means.values[group]!;
    this.means.values[group]! += delta / count;
    this.squares.values[group]! += delta * (x - this.means.values[group]!);
  }

  result(group: number): Value {
    const divisor = this.counts.values[group]! - (this.isSample ? 1 : 0);
    if (divisor <= 0) return NULL_VALUE;
    const squares = this.squares.values[group]!;
    return doubleValue(Math.sqrt(squares / divisor));
  }

  save(group: number): Value {
    const { writer } = this;
    writer.clear();
    const start = writer.beginDocument();
    for (const [i, column] of [this.counts, this.means, this.squares].entries()) {
      writer.writeIndex(DOUBLE, i);
      writer.writeDouble(column.values[group]!);
    }
    writer.endDocument(start);
    return new Value(ARRAY, writer.bytes, start);
  }

  restore(group: number, state: Value): void {
    const { walker } = this;
    walker.open(state.bytes, state.at);
    const next = (): number => {
      walker.next();
      return readDouble(state.bytes, walker.valueStart);
    };
    const [count, mean, squares] = [next(), next(), next()];
    if (count === 0) return;
    const before = this.counts.values[group]!;
    const delta = mean - this.means.values[group]!;
    const total = before + count;
    this.counts.values[group] = total;
    this.means.values[group]! += (delta * count) / total;
    this.squares.values[group]! += squares + (delta * delta * before * count) / total;
  }

  clear(): void {
    this.groups = 0;
    for (const column of [this.counts, this.means, this.squares]) column.clear();
  }
}

export const stdDevAccumulators: AccumulatorOperators = {
  $stdDevPop: unaryAccumulator((operand) => new StandardDeviation(operand, false)),
  $stdDevSamp: unaryAccumulator((operand) => new StandardDeviation(operand, true)),
};
