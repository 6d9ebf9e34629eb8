/** The argument of `$densify`, checked. Source: MongoDB manual, "$densify"; the codes are the reference's own. */
import { compareValues } from '../../bson/compare.js';
import { ARRAY, DATE, OBJECT, STRING, TYPE_NAMES } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { type TimeUnit, unitOperand } from '../../expression/dates/operands.js';
import { doubleOf, isNumberType } from '../../expression/numbers.js';
import { argumentsOf, elementsOf } from '../arguments.js';
import { checkedFieldPath } from '../field-path.js';

/** Where values are filled in: from the least to the greatest of all rows, of each partition, or in [low, high). */
export type DensifyBounds =
  | { readonly kind: 'full' | 'partition' }
  | { readonly kind: 'range'; readonly low: Value; readonly high: Value };

export interface DensifySpec {
  readonly field: string;
  readonly partitionBy: readonly string[];
  /** A number above 0. */
  readonly step: Value;
  /** Of the step, for dates; undefined: the field holds numbers. */
  readonly unit: TimeUnit | undefined;
  readonly bounds: DensifyBounds;
}

function wrongType(path: string, value: Value, expected: string): ElmoError {
  return new ElmoError(
    'TypeMismatch',
    `BSON field '$densify.${path}' is the wrong type '${TYPE_NAMES.get(value.type)}', expected ${expected}`,
  );
}

function missing(path: string): ElmoError {
  return new ElmoError('IDLFailedToParse', `BSON field '$densify.${path}' is missing but a required field`);
}

function unknown(path: string): ElmoError {
  return new ElmoError('IDLUnknownField', `BSON field '$densify.${path}' is an unknown field.`);
}

/** @throws ElmoError */
export function parseDensify(argument: Value): DensifySpec {
  if (argument.type !== OBJECT)
    throw new ElmoError(
      'FailedToParse',
      `The $densify stage specification must be an object, found ${TYPE_NAMES.get(argument.type)}`,
    );
  let field: string | undefined;
  let partitionBy: readonly string[] = [];
  let range: ReadonlyMap<string, Value> | undefined;
  for (const [name, value] of argumentsOf(argument)) {
    if (name !== 'field' && name !== 'partitionByFields' && name !== 'range') throw unknown(name);
    if (name === 'range') range = parseRangeFields(value);
    else if (value.isNullish) continue;
    else if (name === 'partitionByFields') partitionBy = parseNames(value);
    else if (value.type !== STRING) throw wrongType(name, value, "type 'string'");
    else field = value.text;
  }
  if (field === undefined) throw missing('field');
  if (range === undefined) throw missing('range');
  const parsed = parseRange(range);
  for (const path of partitionBy) checkPartition(path, field);
  checkedFieldPath(field);
  if (parsed.bounds.kind === 'partition' && partitionBy.length === 0)
    throw new ElmoError(
      5733408,
      "One cannot specify the bounds as 'partition' without specifying a non-empty array of partitionByFields. You may have meant to specify 'full' bounds.",
    );
  return { field, partitionBy, ...parsed };
}

function parseNames(value: Value): string[] {
  if (value.type !== ARRAY) throw wrongType('partitionByFields', value, "type 'array'");
  return elementsOf(value).map((element, i) => {
    if (element.type !== STRING) throw wrongType(`partitionByFields.${i}`, element, "type 'string'");
    return element.text;
  });
}

/** Whether a path is another, or within it; all are within the empty one. */
function isWithin(path: string, outer: string): boolean {
  return outer === '' || path === outer || path.startsWith(`${outer}.`);
}

function checkPartition(path: string, field: string): void {
  if (path !== '' && field !== '') checkedFieldPath(path);
  if (isWithin(path, field))
    throw new ElmoError(
      8993000,
      `partitionByFields '${path}' cannot include field '${field}' that is being densified.`,
    );
  if (isWithin(field, path))
    throw new ElmoError(
      9554500,
      `field '${field}' that is being densified cannot include partitionByFields '${path}'.`,
    );
}

const RANGE_FIELDS: ReadonlySet<string> = new Set(['step', 'bounds', 'unit']);

/** What the range says, by name, of the right types. */
function parseRangeFields(value: Value): ReadonlyMap<string, Value> {
  if (value.type !== OBJECT) throw wrongType('range', value, "type 'object'");
  const fields = new Map<string, Value>();
  for (const [name, given] of argumentsOf(value)) {
    if (!RANGE_FIELDS.has(name)) throw unknown(`range.${name}`);
    if (given.isNullish && name !== 'bounds') continue;
    if (name === 'step' && !isNumberType(given.type))
      throw wrongType('range.step', given, "types '[long, int, decimal, double]'");
    if (name === 'unit' && given.type !== STRING) throw wrongType('range.unit', given, "type 'string'");
    fields.set(name, given);
  }
  for (const name of ['bounds', 'step']) if (!fields.has(name)) throw missing(`range.${name}`);
  return fields;
}

function parseRange(fields: ReadonlyMap<string, Value>): Pick<DensifySpec, 'step' | 'unit' | 'bounds'> {
  const step = fields.get('step')!.keep();
  const unitValue = fields.get('unit');
  const unit = unitValue === undefined ? undefined : unitOperand(unitValue, '$densify');
  if (!(doubleOf(step) > 0))
    throw new ElmoError(
      5733401,
      'The step parameter in a range statement must be a strictly positive numeric value',
    );
  const bounds = parseBounds(fields.get('bounds')!, step, unit);
  if (unit !== undefined && !Number.isInteger(doubleOf(step)))
    throw new ElmoError(
      6586400,
      'The step parameter in a range statement must be a whole number when densifying a date range',
    );
  return { step, unit, bounds };
}

function parseBounds(value: Value, step: Value, unit: TimeUnit | undefined): DensifyBounds {
  if (value.type === STRING) {
    const { text } = value;
    if (text !== 'full' && text !== 'partition')
      throw new ElmoError(5946802, "Bounds string must either be 'full' or 'partition'");
    return { kind: text };
  }
  if (value.type !== ARRAY)
    throw new ElmoError(
      5733404,
      "The bounds in a range statement must be the string 'full', 'partition', or an ascending array of two numbers or two dates",
    );
  const elements = elementsOf(value);
  if (elements.length !== 2)
    throw new ElmoError(5733403, 'A bounding array in a range statement must have exactly two elements');
  const [low, high] = [elements[0]!.keep(), elements[1]!.keep()];
  const areDates = low.type === DATE && high.type === DATE;
  const areNumbers = isNumberType(low.type) && isNumberType(high.type);
  const isOrdered = (value: Value): boolean => value.type === DATE || isNumberType(value.type);
  if (!areDates && !areNumbers && isOrdered(low))
    throw new ElmoError(5733406, 'A bounding array must contain either both dates or both numeric types');
  if (!isOrdered(low) || compareTo(low, high) > 0)
    throw new ElmoError(
      5733402,
      'A bounding array must be an ascending array of either two dates or two numbers',
    );
  if (areDates && unit === undefined)
    throw new ElmoError(5733410, 'A bounding array of dates must specify a unit');
  if (areNumbers && unit !== undefined)
    throw new ElmoError(5733409, 'Numeric bounds may not have unit parameter');
  if (areNumbers && (low.type !== high.type || low.type !== step.type))
    throw new ElmoError(5876900, 'Upper bound, lower bound, and step must all have the same type');
  return { kind: 'range', low, high };
}

/** Order of two values: negative, 0, positive. */
export function compareTo(a: Value, b: Value): number {
  return compareValues(a.bytes, a.type, a.at, b.bytes, b.type, b.at);
}
