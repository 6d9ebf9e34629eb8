/**
 * `$median`, `$percentile`. Method 'approximate' is answered exactly: of n sorted numbers, the one of rank ceil(p · n).
 * What is no number, and NaN, does not count.
 */
import { readDouble } from '../../bson/read.js';
import { ARRAY, DOUBLE, NULL, OBJECT, STRING, TYPE_NAMES } from '../../bson/types.js';
import { doubleValue, NULL_VALUE, Value } from '../../bson/value.js';
import { ElementWalker } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import type { Frame, ParseScope } from '../../expression/expression.js';
import { argumentsOf } from '../arguments.js';
import { MAX_ACCUMULATOR_BYTES } from '../limits.js';
import { isNumberType, doubleOf } from '../../expression/numbers.js';
import { numberAt } from '../numbers.js';
import { Operand } from '../operand.js';
import { Accumulator, type AccumulatorOperators, type AccumulatorSpec } from './accumulator.js';

const FIRST_NUMBERS = 8;
const byValue = (a: number, b: number): number => a - b;

class Percentiles extends Accumulator {
  heldBytes = 0;
  private numbers: Float64Array[] = [];
  private counts: number[] = [];
  /** It equals 0 and stays in its place beside it, which the faster way to sort does not keep. */
  private hasMinusZero = false;
  private readonly writer = new BsonWriter();
  private readonly walker = new ElementWalker();

  /** @param isOne  the answer is a number and not an array of them */
  constructor(
    private readonly operand: Operand,
    private readonly ranks: readonly number[],
    private readonly isOne: boolean,
  ) {
    super();
  }

  addGroup(): void {
    this.numbers.push(new Float64Array(0));
    this.counts.push(0);
  }

  add(group: number, frame: Frame): void {
    const { operand } = this;
    operand.read(frame);
    if (!isNumberType(operand.type)) return;
    const x = numberAt(operand.type, operand.bytes, operand.at);
    if (x === x) this.push(group, x);
  }

  private push(group: number, x: number): void {
    const count = this.counts[group]!++;
    if (x === 0 && 1 / x < 0) this.hasMinusZero = true;
    const numbers = this.numbers[group]!;
    if (count < numbers.length) numbers[count] = x;
    else {
      const grown = new Float64Array(Math.max(FIRST_NUMBERS, count * 2));
      grown.set(numbers);
      grown[count] = x;
      this.numbers[group] = grown;
      this.heldBytes += grown.byteLength - numbers.byteLength;
      if (this.heldBytes > MAX_ACCUMULATOR_BYTES)
        throw new ElmoError(
          'ExceededMemoryLimit',
          '$percentile used too much memory and cannot spill to disk',
        );
    }
  }

  result(group: number): Value {
    const count = this.counts[group]!;
    const sorted = this.numbers[group]!.subarray(0, count).sort(this.hasMinusZero ? byValue : undefined);
    const at = (rank: number): number => sorted[Math.max(Math.ceil(rank * count) - 1, 0)]!;
    if (this.isOne) return count === 0 ? NULL_VALUE : doubleValue(at(this.ranks[0]!));
    const { writer } = this;
    writer.clear();
    const start = writer.beginDocument();
    for (const [i, rank] of this.ranks.entries()) {
      writer.writeIndex(count === 0 ? NULL : DOUBLE, i);
      if (count > 0) writer.writeDouble(at(rank));
    }
    writer.endDocument(start);
    return new Value(ARRAY, writer.bytes, start);
  }

  save(group: number): Value {
    const { writer } = this;
    writer.clear();
    const start = writer.beginDocument();
    const numbers = this.numbers[group]!;
    for (let i = 0; i < this.counts[group]!; i++) {
      writer.writeIndex(DOUBLE, i);
      writer.writeDouble(numbers[i]!);
    }
    writer.endDocument(start);
    return new Value(ARRAY, writer.bytes, start);
  }

  restore(group: number, state: Value): void {
    this.walker.open(state.bytes, state.at);
    while (this.walker.next()) this.push(group, readDouble(state.bytes, this.walker.valueStart));
  }

  clear(): void {
    this.heldBytes = 0;
    this.numbers = [];
    this.counts = [];
    this.hasMinusZero = false;
  }
}

function parseRanks(value: Value, scope: ParseScope): number[] {
  const { constant } = scope.parse(value);
  if (constant === undefined)
    throw new ElmoError(7750300, "The $percentile 'p' field must be an array of constant values");
  const message = "The $percentile 'p' field must be an array of numbers from [0.0, 1.0]";
  if (constant.type !== ARRAY) throw new ElmoError(7750301, message);
  const ranks: number[] = [];
  const walker = new ElementWalker();
  walker.open(constant.bytes, constant.at);
  while (walker.next()) {
    if (!isNumberType(walker.type)) throw new ElmoError(7750302, message);
    const rank = doubleOf(new Value(walker.type, constant.bytes, walker.valueStart));
    if (!(rank >= 0 && rank <= 1)) throw new ElmoError(7750303, message);
    ranks.push(rank);
  }
  if (ranks.length === 0) throw new ElmoError(7750301, message);
  return ranks;
}

function parsePercentile(argument: Value, scope: ParseScope, name: string): AccumulatorSpec {
  const isOne = name === '$median';
  if (argument.type !== OBJECT)
    throw new ElmoError(isOne ? 7436100 : 7429703, `specification must be an object; found ${name}`);
  const given = argumentsOf(argument);
  const known = isOne ? ['input', 'method'] : ['input', 'p', 'method'];
  for (const key of given.keys())
    if (!known.includes(key))
      throw new ElmoError('IDLUnknownField', `BSON field '${name}.${key}' is an unknown field.`);
  for (const key of known)
    if (!given.has(key))
      throw new ElmoError('IDLFailedToParse', `BSON field '${name}.${key}' is missing but a required field`);
  const method = given.get('method')!;
  if (method.type !== STRING)
    throw new ElmoError(
      'TypeMismatch',
      `BSON field '${name}.method' is the wrong type '${TYPE_NAMES.get(method.type)}', expected type 'string'`,
    );
  if (method.text !== 'approximate')
    throw new ElmoError('BadValue', "Currently only 'approximate' can be used as a percentile 'method'.");
  const input = scope.parse(given.get('input')!);
  const ranks = isOne ? [0.5] : parseRanks(given.get('p')!, scope);
  return {
    create: (fields) => new Percentiles(new Operand(input, fields), ranks, isOne),
    addDependencies: (into) => input.addDependencies(into),
  };
}

export const percentileAccumulators: AccumulatorOperators = {
  $median: { parse: parsePercentile },
  $percentile: { parse: parsePercentile },
};
