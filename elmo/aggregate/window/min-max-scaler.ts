/**
 * `$minMaxScaler`: where a number lies between the least and the greatest of its frame, as a number between `min` and
 * `max` (0 and 1 unless given). Source: MongoDB manual, "$minMaxScaler"; the codes are the reference's own.
 */
import { compareValues } from '../../bson/compare.js';
import { OBJECT, TYPE_NAMES } from '../../bson/types.js';
import { int32Value, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { addNumbers, multiplyNumbers, subtractNumbers } from '../../expression/arithmetic.js';
import type { ParseScope } from '../../expression/expression.js';
import { isNumberType, typeNameOf } from '../../expression/numbers.js';
import { divide } from '../../expression/operators/arithmetic.js';
import { argumentsOf } from '../arguments.js';
import { Frames, readsOn, type FrameSpec } from './frame.js';
import { FaultOfRow, ValuesFunction, type ParseFunction } from './values-function.js';

const ZERO = int32Value(0);
const ONE = int32Value(1);

const compare = (a: Value, b: Value): number => compareValues(a.bytes, a.type, a.at, b.bytes, b.type, b.at);

function boundOf(value: Value, name: string, scope: ParseScope): Value {
  const { constant } = scope.parse(value);
  if (constant === undefined || !isNumberType(constant.type))
    throw new ElmoError('FailedToParse', `'${name}' argument to $minMaxScaler must be a numeric type`);
  return constant.keep();
}

/** What the numbers are scaled to. @throws ElmoError FailedToParse */
function boundsOf(given: ReadonlyMap<string, Value>, scope: ParseScope): { min: Value; max: Value } {
  const [min, max] = [given.get('min'), given.get('max')];
  if ((min === undefined) !== (max === undefined))
    throw new ElmoError(
      'FailedToParse',
      "Only one of 'min' and 'max' were specified as an argument to $minMaxScaler. Neither or both must be specified",
    );
  if (min === undefined || max === undefined) return { min: ZERO, max: ONE };
  const bounds = { min: boundOf(min, 'min', scope), max: boundOf(max, 'max', scope) };
  if (compare(bounds.min, bounds.max) >= 0)
    throw new ElmoError(
      'FailedToParse',
      "the 'max' must be strictly greater than 'min', as arguments to $minMaxScaler",
    );
  return bounds;
}

/** The row itself is in its frame. @throws ElmoError FailedToParse */
function checkFrame(frame: FrameSpec): void {
  if (frame.kind === 'whole') return;
  const { low = 0, high = 0 } = frame.bounds;
  const told = (which: string, than: string, bound: number): ElmoError =>
    new ElmoError(
      'FailedToParse',
      `${which} specified bound cannot be ${than} than 0 (the current doc), as $minMaxScaler must ensure that the current document being processed is always within the configured window. ${which} specified bound = ${bound.toFixed(6)}`,
    );
  if (low > 0) throw told('Lower', 'greater', low);
  if (high < 0) throw told('Upper', 'less', high);
}

function fieldsOf(argument: Value): ReadonlyMap<string, Value> {
  if (argument.type !== OBJECT)
    throw new ElmoError(
      'TypeMismatch',
      `BSON field 'root.$minMaxScaler' is the wrong type '${TYPE_NAMES.get(argument.type)}', expected type 'object'`,
    );
  const given = argumentsOf(argument);
  for (const name of given.keys())
    if (name !== 'input' && name !== 'min' && name !== 'max')
      throw new ElmoError('IDLUnknownField', `BSON field 'root.$minMaxScaler.${name}' is an unknown field.`);
  return given;
}

/** Where the value of `row` lies in its frame. @param values  numbers in the frame, or null */
function scaled(
  values: readonly Value[],
  row: number,
  { low, high }: Frames,
  { min, max }: { readonly min: Value; readonly max: Value },
): Value {
  let [least, greatest] = [values[row]!, values[row]!];
  for (let i = low; i < high; i++) {
    if (!isNumberType(values[i]!.type)) continue;
    if (compare(values[i]!, least) < 0) least = values[i]!;
    if (compare(values[i]!, greatest) > 0) greatest = values[i]!;
  }
  if (compare(least, greatest) === 0) return min;
  const share = divide(
    subtractNumbers(values[row]!, least).keep(),
    subtractNumbers(greatest, least).keep(),
  ).keep();
  if (min === ZERO) return share;
  return addNumbers(multiplyNumbers(share, subtractNumbers(max, min).keep()).keep(), min).keep();
}

export const parseMinMaxScaler: ParseFunction = (argument, context) => {
  const { scope } = context;
  const given = fieldsOf(argument);
  const input = given.get('input');
  if (input === undefined)
    throw new ElmoError(
      'IDLFailedToParse',
      "BSON field 'root.$minMaxScaler.input' is missing but a required field",
    );
  const bounds = boundsOf(given, scope);
  const spec = context.frame;
  checkFrame(spec);
  const isSliding = spec.kind !== 'whole' && spec.bounds.low !== undefined;
  const code = isSliding ? 10487000 : spec.kind === 'range' ? 10487004 : 10487001;
  return new ValuesFunction([scope.parse(input)], ([values], partition) => {
    if (!isSliding) for (const value of values!) checkNumber(value, code);
    const frames = new Frames(spec, values!.length, partition.places(spec));
    let entered = 0;
    const made: Value[] = [];
    for (const [row, value] of values!.entries()) {
      frames.moveTo(row);
      try {
        checkNumber(value, code);
        // what has come into the frame ahead of its turn may be null, but nothing else
        for (entered = Math.max(entered, row); entered < frames.high; entered++)
          if (!values![entered]!.isNullish) checkNumber(values![entered]!, 9522903);
      } catch (error) {
        throw new FaultOfRow({ row, error, isBehindReading: readsOn(spec) }, made);
      }
      made.push(scaled(values!, row, frames, bounds));
    }
    return made;
  });
};

function checkNumber(value: Value, code: number): void {
  if (!isNumberType(value.type))
    throw new ElmoError(
      code,
      `'input' argument to $minMaxScaler must evaluate to a numeric type, got: ${typeNameOf(value)}`,
    );
}
