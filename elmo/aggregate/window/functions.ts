/** Window functions: from the rows of a partition, in order, to one value for each. */
import {
  addDecimals,
  decimalOfBigint,
  decimalValue,
  divideDecimals,
  doubleOfDecimal,
  multiplyDecimals,
  subtractDecimals,
  type Decimal,
} from '../../bson/decimal-arithmetic.js';
import { ARRAY, DECIMAL128, OBJECT } from '../../bson/types.js';
import { doubleValue, EMPTY_DOCUMENT, int32Value, NULL_VALUE, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import type { Expression, Frame } from '../../expression/expression.js';
import { Frame as EvaluationFrame } from '../../expression/expression.js';
import { decimalOf, doubleOf, isNumberType } from '../../expression/numbers.js';
import type { AccumulatorSpec } from '../accumulators/accumulator.js';
import { accumulators } from '../accumulators/table.js';
import { argumentsOf, objectValue } from '../arguments.js';
import { comparatorOf } from '../collation-order.js';
import { wholeOf } from '../numbers.js';
import { RowFields } from '../row-fields.js';
import { parseDerivative, parseIntegral, parseLinearFill } from './calculus.js';
import { covarianceFunction } from './covariance.js';
import { Frames, type FrameSpec } from './frame.js';
import { parseMinMaxScaler } from './min-max-scaler.js';
import { endOfFrame, shifted } from './row-function.js';
import { slidingExtreme } from './sliding-extreme.js';
import { slidingDeviation } from './sliding-deviation.js';
import { slidingAverage, slidingSum } from './sliding-sum.js';
import {
  ValuesFunction,
  type ParseFunction,
  type Partition,
  type WindowContext,
  type WindowFunction,
} from './values-function.js';

/** An accumulator over the rows of each row's frame. */
class AccumulatorFunction implements WindowFunction {
  constructor(
    private readonly spec: AccumulatorSpec,
    private readonly frameSpec: FrameSpec,
    /** Evaluated for every row, whether the accumulator keeps what it gives or not. */
    private readonly output?: Expression,
  ) {}

  compute(partition: Partition, frame: Frame): Value[] {
    const { rows } = partition;
    const fields = new RowFields();
    const accumulator = this.spec.create(fields);
    const noId = new EvaluationFrame();
    const frames = new Frames(this.frameSpec, rows.length, partition.places(this.frameSpec));
    const values: Value[] = [];
    let low = -1;
    let high = -1;
    let seen = 0;
    const add = (from: number, to: number): void => {
      for (let i = from; i < to; i++) {
        partition.show(i, frame);
        fields.read(rows[i]!, 0);
        this.output?.evaluate(frame);
        accumulator.add(0, frame);
      }
      seen = Math.max(seen, to);
    };
    accumulator.addGroup(noId);
    for (let row = 0; row < rows.length; row++) {
      frames.moveTo(row);
      if (frames.low === low && frames.high === high) {
        values.push(values[row - 1]!);
        continue;
      }
      if (frames.low !== low || frames.high < high) {
        add(seen, frames.low); // rows that are passed over are looked at, too, as are those behind all frames
        accumulator.clear();
        accumulator.addGroup(noId);
        high = frames.low;
      }
      add(high, frames.high);
      low = frames.low;
      high = frames.high;
      values.push(accumulator.result(0).keep());
    }
    if (isSliding(this.frameSpec)) add(seen, rows.length);
    return values;
  }

  addDependencies(into: Set<string>): void {
    this.spec.addDependencies(into);
  }
}

/** `$rank` and its kin. @param next  from the rank before, the row and whether it ties with the row before */
function rankFunction(next: (rank: number, row: number, isTied: boolean) => number): ParseFunction {
  return (argument, { sortPaths, hasWindow }, name) => {
    if (argument.type !== OBJECT || argumentsOf(argument).size > 0)
      throw new ElmoError(5371603, `${name} must be specified with '{}' as the value`);
    if (hasWindow) throw new ElmoError(5371601, `Rank style window functions take no 'window'`);
    if (sortPaths.length !== 1)
      throw new ElmoError(
        5371602,
        `${name} must be specified with a top level sortBy expression with exactly one element`,
      );
    return new ValuesFunction([], (_values, partition) => {
      const ranks: Value[] = [];
      let rank = 0;
      for (let row = 0; row < partition.rows.length; row++) {
        rank = next(rank, row, row > 0 && partition.isTied(row, row - 1));
        ranks.push(int32Value(rank));
      }
      return ranks;
    });
  };
}

const parseShift: ParseFunction = (argument, { scope, sortPaths }) => {
  if (argument.type !== OBJECT) throw new ElmoError('FailedToParse', 'Argument to $shift must be an object');
  const given = argumentsOf(argument);
  for (const name of given.keys())
    if (name !== 'output' && name !== 'by' && name !== 'default')
      throw new ElmoError('FailedToParse', `Unknown argument in $shift: ${name}`);
  const [output, by, fallback] = [given.get('output'), given.get('by'), given.get('default')];
  if (sortPaths.length === 0) throw new ElmoError('FailedToParse', '$shift requires a sortBy');
  if (by === undefined || output === undefined)
    throw new ElmoError('FailedToParse', "$shift requires 'output' and 'by' to be specified");
  const distance = wholeOf(by);
  if (distance === undefined) throw new ElmoError('FailedToParse', "'$shift:by' field must be an integer");
  const otherwise = fallback === undefined ? NULL_VALUE : scope.parse(fallback).constant;
  if (otherwise === undefined)
    throw new ElmoError('FailedToParse', "'$shift:default' expression must yield a constant value.");
  return shifted(scope.parse(output), Number(distance), otherwise);
};

/** The last value that is not null. */
const parseLocf: ParseFunction = (argument, { scope, hasWindow }) => {
  if (hasWindow) throw new ElmoError('FailedToParse', "'window' is not allowed in $locf");
  return new ValuesFunction([scope.parse(argument)], ([values]) => {
    let last: Value = NULL_VALUE;
    return values!.map((value) => (last = value.isNullish ? last : value));
  });
};

/** `alpha` of each value, the rest of what was before. */
const parseMovingAverage: ParseFunction = (argument, { scope, sortPaths }) => {
  const given = argument.type === OBJECT ? argumentsOf(argument) : new Map<string, Value>();
  const [input, n, alpha] = [given.get('input'), given.get('N'), given.get('alpha')];
  if (input === undefined || (n === undefined) === (alpha === undefined) || given.size !== 2)
    throw new ElmoError(
      'FailedToParse',
      "$expMovingAvg sub object must have exactly two fields: An 'input' field, and either an 'N' field or an 'alpha' field",
    );
  if (sortPaths.length === 0)
    throw new ElmoError('FailedToParse', '$expMovingAvg requires an explicit sortBy');
  const part = n !== undefined ? partOfCount(n) : partOfAlpha(alpha!);
  const rest = subtractDecimals(ONE, part);
  return new ValuesFunction([scope.parse(input)], ([values]) => {
    let average: Decimal | undefined;
    let isDecimal = false;
    return values!.map((value) => {
      if (isNumberType(value.type)) {
        isDecimal ||= value.type === DECIMAL128;
        const number = decimalOf(value);
        average =
          average === undefined
            ? number
            : addDecimals(multiplyDecimals(number, part), multiplyDecimals(average, rest));
      }
      if (average === undefined) return NULL_VALUE;
      return isDecimal ? decimalValue(average) : doubleValue(doubleOfDecimal(average));
    });
  });
};

const ONE = decimalOfBigint(1n);

function partOfCount(value: Value): Decimal {
  const count = isNumberType(value.type) ? wholeOf(value) : undefined;
  if (count === undefined || count <= 0n)
    throw new ElmoError('FailedToParse', "'N' field must be a positive integer");
  return divideDecimals(decimalOfBigint(2n), decimalOfBigint(count + 1n));
}

function partOfAlpha(value: Value): Decimal {
  const alpha = isNumberType(value.type) ? doubleOf(value) : NaN;
  if (!(alpha > 0 && alpha < 1))
    throw new ElmoError('FailedToParse', "'alpha' must be between 0 and 1 (exclusive)");
  return decimalOf(value);
}

const OWN: Readonly<Record<string, ParseFunction>> = {
  $documentNumber: rankFunction((rank) => rank + 1),
  $rank: rankFunction((rank, row, isTied) => (isTied ? rank : row + 1)),
  $denseRank: rankFunction((rank, _row, isTied) => (isTied ? rank : rank + 1)),
  $shift: parseShift,
  $derivative: parseDerivative,
  $integral: parseIntegral,
  $linearFill: parseLinearFill,
  $locf: parseLocf,
  $expMovingAvg: parseMovingAverage,
  $covariancePop: covarianceFunction(false),
  $covarianceSamp: covarianceFunction(true),
  $minMaxScaler: parseMinMaxScaler,
};

/** An array is an expression in a window, where a group takes it for a list of arguments. */
function asExpression(array: Value): Value {
  const operands = objectValue(
    [
      ['vars', EMPTY_DOCUMENT],
      ['in', array],
    ],
    OBJECT,
  );
  return objectValue([['$let', operands]], OBJECT);
}

/** Accumulators that compute what they show of rows alone, and in a window that of all: its name. */
const OUTPUTS: Readonly<Partial<Record<string, string>>> = {
  $top: 'output',
  $topN: 'output',
  $bottom: 'output',
  $bottomN: 'output',
  $firstN: 'input',
};

/** Whether rows leave the frame on the way. */
function isSliding(frame: FrameSpec): boolean {
  return frame.kind !== 'whole' && frame.bounds.low !== undefined;
}

/** @param name  with its dollar. @throws ElmoError FailedToParse if there is none of that name */
export function parseWindowFunction(name: string, argument: Value, context: WindowContext): WindowFunction {
  const own = Object.hasOwn(OWN, name) ? OWN[name] : undefined;
  if (own !== undefined) return own(argument, context, name);
  const accumulator = Object.hasOwn(accumulators, name) ? accumulators[name] : undefined;
  if (accumulator === undefined)
    throw new ElmoError('FailedToParse', `Unrecognized window function, ${name}`);
  if (name === '$count' && (argument.type !== OBJECT || argumentsOf(argument).size > 0))
    throw new ElmoError('FailedToParse', '$count only accepts an empty object as input');
  const operand = argument.type === ARRAY ? asExpression(argument) : argument;
  const { scope } = context;
  const whole = accumulator.parse(operand, scope, name);
  if (name === '$first' || name === '$last')
    return endOfFrame(scope.parse(operand), context.frame, name === '$last');
  const output = OUTPUTS[name];
  if (output !== undefined)
    return new AccumulatorFunction(whole, context.frame, scope.parse(argumentsOf(operand).get(output)!));
  if (!isSliding(context.frame)) return new AccumulatorFunction(whole, context.frame);
  if (name === '$mergeObjects')
    throw new ElmoError(5461500, `Window function ${name} is not supported with a removable window`);
  if (name === '$sum') return slidingSum(scope.parse(operand), context.frame);
  if (name === '$avg') return slidingAverage(scope.parse(operand), context.frame);
  if (name === '$stdDevPop' || name === '$stdDevSamp')
    return slidingDeviation(scope.parse(operand), context.frame, name === '$stdDevSamp');
  if (name === '$min' || name === '$max')
    return slidingExtreme(
      scope.parse(operand),
      context.frame,
      name === '$max',
      comparatorOf(scope.collation),
    );
  return new AccumulatorFunction(whole, context.frame);
}
