/**
 * `$sum`, `$avg`, `$count`. Whole numbers and doubles are added in two doubles a group, the second holding what rounding
 * took from the first: sums of longs are exact, sums of doubles nearly so, and the reference's answers to the last bit.
 * The result has the widest type met: int, long, double, decimal; an int or long that does not fit widens.
 */
import { decimalValue, type Decimal } from '../../bson/decimal-arithmetic.js';
import { readDouble, readInt32 } from '../../bson/read.js';
import { ARRAY, DECIMAL128, DOUBLE, INT32, INT64, OBJECT } from '../../bson/types.js';
import {
  doubleValue,
  EMPTY_DOCUMENT,
  int32Value,
  int64OfNumber,
  NULL_VALUE,
  Value,
} from '../../bson/value.js';
import { ElementWalker } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import type { Frame } from '../../expression/expression.js';
import { highPartOfInt64, lowPartOfInt64, wholeValue } from '../../expression/summation.js';
import type { Operand } from '../operand.js';
import { Accumulator, type AccumulatorOperators } from './accumulator.js';
import { ByteColumn, DoubleColumn } from './columns.js';
import { DecimalTotals, dividedBy } from './decimal-totals.js';
import { unaryAccumulator } from './unary.js';

const RANK_INT = 0;
const RANK_LONG = 1;
const RANK_DOUBLE = 2;
const RANK_DECIMAL = 3;

/** The sums of all groups. */
class Totals {
  private readonly sums = new DoubleColumn();
  private readonly rests = new DoubleColumn();
  /** The plain sum: the answer when infinities have spoilt the exact one. */
  private readonly plain = new DoubleColumn();
  private readonly ranks = new ByteColumn();
  private decimals: DecimalTotals | undefined;

  get heldBytes(): number {
    return this.sums.heldBytes * 3 + this.ranks.heldBytes;
  }

  reserve(group: number): void {
    this.sums.reserve(group);
    this.rests.reserve(group);
    this.plain.reserve(group);
    this.ranks.reserve(group);
  }

  /** @returns whether it was a number */
  add(group: number, type: number, bytes: Uint8Array, at: number): boolean {
    switch (type) {
      case INT32:
        this.addDouble(group, readInt32(bytes, at));
        return true;
      case DOUBLE:
        this.raise(group, RANK_DOUBLE);
        this.addDouble(group, readDouble(bytes, at));
        return true;
      case INT64:
        this.raise(group, RANK_LONG);
        this.addDouble(group, lowPartOfInt64(bytes, at));
        this.addDouble(group, highPartOfInt64(bytes, at));
        return true;
      case DECIMAL128:
        this.raise(group, RANK_DECIMAL);
        this.decimals ??= new DecimalTotals();
        this.decimals.add(group, bytes, at);
        return true;
      default:
        return false;
    }
  }

  private raise(group: number, rank: number): void {
    const ranks = this.ranks.values;
    if (ranks[group]! < rank) ranks[group] = rank;
  }

  /** What rounding lost is added to the next number first; each sum of two also gives what it lost (Knuth). */
  addDouble(group: number, x: number): void {
    this.plain.values[group]! += x;
    const rests = this.rests.values;
    const rest = rests[group]!;
    const term = x + rest;
    const termPart = term - x;
    const termLost = x - (term - termPart) + (rest - termPart);
    const sums = this.sums.values;
    const sum = sums[group]!;
    const total = sum + term;
    const part = total - sum;
    sums[group] = total;
    rests[group] = sum - (total - part) + (term - part) + termLost;
  }

  private double(group: number): number {
    const sum = this.sums.values[group]!;
    return sum === sum ? sum : this.plain.values[group]!;
  }

  sum(group: number): Value {
    const rank = this.ranks.values[group]!;
    if (rank === RANK_DECIMAL) return decimalValue(this.decimalSum(group));
    const sum = this.double(group);
    if (rank === RANK_DOUBLE) return doubleValue(sum);
    return wholeValue(sum, this.rests.values[group]!, rank === RANK_INT);
  }

  average(group: number, count: number): Value {
    if (this.ranks.values[group] === RANK_DECIMAL) return dividedBy(this.decimalSum(group), count);
    return doubleValue(this.double(group) / count);
  }

  private decimalSum(group: number): Decimal {
    const sum = this.sums.values[group]!;
    return sum === sum && sum - sum === 0
      ? this.decimals!.total(group, sum, this.rests.values[group]!)
      : this.decimals!.total(group, this.plain.values[group]!, 0);
  }

  save(group: number, writer: BsonWriter): void {
    writer.writeIndex(INT32, 0);
    writer.writeInt32(this.ranks.values[group]!);
    for (const [i, column] of [this.sums, this.rests, this.plain].entries()) {
      writer.writeIndex(DOUBLE, i + 1);
      writer.writeDouble(column.values[group]!);
    }
    const decimal = this.decimals?.held(group);
    if (decimal !== undefined) {
      writer.writeIndex(DECIMAL128, 4);
      writer.writeRange(decimal.bytes, decimal.at, decimal.end);
    }
  }

  restore(group: number, walker: ElementWalker): void {
    const { bytes } = walker;
    walker.next();
    this.raise(group, readInt32(bytes, walker.valueStart));
    walker.next();
    const plain = this.plain.values[group]!;
    this.addDouble(group, readDouble(bytes, walker.valueStart));
    walker.next();
    this.addDouble(group, readDouble(bytes, walker.valueStart));
    walker.next();
    this.plain.values[group] = plain + readDouble(bytes, walker.valueStart);
    if (walker.next()) {
      this.decimals ??= new DecimalTotals();
      this.decimals.add(group, bytes, walker.valueStart);
    }
  }

  clear(): void {
    this.sums.clear();
    this.rests.clear();
    this.plain.clear();
    this.ranks.clear();
    this.decimals = undefined;
  }
}

/** What is no number does not count. */
class Sum extends Accumulator {
  protected readonly totals = new Totals();
  private readonly writer = new BsonWriter();
  private readonly walker = new ElementWalker();
  protected groups = 0;

  constructor(protected readonly operand: Operand) {
    super();
  }

  get heldBytes(): number {
    return this.totals.heldBytes;
  }

  addGroup(): void {
    this.totals.reserve(this.groups++);
  }

  add(group: number, frame: Frame): void {
    const { operand } = this;
    operand.read(frame);
    if (operand.type === INT32) this.totals.addDouble(group, readInt32(operand.bytes, operand.at));
    else this.totals.add(group, operand.type, operand.bytes, operand.at);
  }

  result(group: number): Value {
    return this.totals.sum(group);
  }

  save(group: number): Value {
    const { writer } = this;
    writer.clear();
    const start = writer.beginDocument();
    this.totals.save(group, writer);
    writer.endDocument(start);
    return new Value(ARRAY, writer.bytes, start);
  }

  restore(group: number, state: Value): void {
    this.walker.open(state.bytes, state.at);
    this.totals.restore(group, this.walker);
  }

  clear(): void {
    this.groups = 0;
    this.totals.clear();
  }
}

class Average extends Accumulator {
  private readonly totals = new Totals();
  private readonly counts = new DoubleColumn();
  private readonly writer = new BsonWriter();
  private readonly walker = new ElementWalker();
  private groups = 0;

  constructor(private readonly operand: Operand) {
    super();
  }

  get heldBytes(): number {
    return this.totals.heldBytes + this.counts.heldBytes;
  }

  addGroup(): void {
    this.counts.reserve(this.groups);
    this.totals.reserve(this.groups++);
  }

  add(group: number, frame: Frame): void {
    const { operand } = this;
    operand.read(frame);
    if (this.totals.add(group, operand.type, operand.bytes, operand.at)) this.counts.values[group]!++;
  }

  result(group: number): Value {
    const count = this.counts.values[group]!;
    return count === 0 ? NULL_VALUE : this.totals.average(group, count);
  }

  save(group: number): Value {
    const { writer } = this;
    writer.clear();
    const start = writer.beginDocument();
    writer.writeIndex(DOUBLE, 0);
    writer.writeDouble(this.counts.values[group]!);
    this.totals.save(group, writer);
    writer.endDocument(start);
    return new Value(ARRAY, writer.bytes, start);
  }

  restore(group: number, state: Value): void {
    const { walker } = this;
    walker.open(state.bytes, state.at);
    walker.next();
    this.counts.values[group]! += readDouble(state.bytes, walker.valueStart);
    this.totals.restore(group, walker);
  }

  clear(): void {
    this.groups = 0;
    this.totals.clear();
    this.counts.clear();
  }
}

/** `{$count: {}}`. */
class Count extends Accumulator {
  private readonly counts = new DoubleColumn();
  private groups = 0;

  get heldBytes(): number {
    return this.counts.heldBytes;
  }

  addGroup(): void {
    this.counts.reserve(this.groups++);
  }

  add(group: number): void {
    this.counts.values[group]!++;
  }

  result(group: number): Value {
    const count = this.counts.values[group]!;
    return count === (count | 0) ? int32Value(count) : int64OfNumber(count);
  }

  save(group: number): Value {
    return doubleValue(this.counts.values[group]!);
  }

  restore(group: number, state: Value): void {
    this.counts.values[group]! += readDouble(state.bytes, state.at);
  }

  clear(): void {
    this.groups = 0;
    this.counts.clear();
  }
}

export const sumAccumulators: AccumulatorOperators = {
  $sum: unaryAccumulator((operand) => new Sum(operand)),
  $avg: unaryAccumulator((operand) => new Average(operand)),
  $count: {
    parse: (argument) => {
      if (argument.type !== OBJECT || argument.end - argument.at !== EMPTY_DOCUMENT.end)
        throw new ElmoError('TypeMismatch', '$count takes no arguments, i.e. $count:{}');
      return { create: () => new Count(), addDependencies: () => undefined };
    },
  },
};
