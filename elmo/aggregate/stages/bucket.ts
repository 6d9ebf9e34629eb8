/** `$bucket`: groups by which of the given intervals a value lies in; short for `$group` and `$sort`. */
import { compareValues } from '../../bson/compare.js';
import { ARRAY, OBJECT, STRING, TYPE_CLASS, TYPE_NAMES } from '../../bson/types.js';
import { int32Value, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { Expression, type Frame } from '../../expression/expression.js';
import { argumentsOf, elementsOf, objectValue } from '../arguments.js';
import { ExpressionKey } from '../group/group-key.js';
import type { GroupField } from '../group/groups.js';
import type { Stage, StageContext, StageOperators } from '../stage.js';
import { GroupStage, parseGroupField } from './group.js';
import { sortStage } from './sort.js';

/** The lower boundary of the interval a value lies in. */
class BucketOf extends Expression {
  constructor(
    private readonly value: Expression,
    private readonly boundaries: readonly Value[],
    private readonly otherwise: Value | undefined,
  ) {
    super();
  }

  evaluate(frame: Frame): Value {
    const { boundaries } = this;
    const value = this.value.evaluate(frame);
    let low = 0;
    let high = boundaries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(value, boundaries[middle]!) < 0) high = middle;
      else low = middle + 1;
    }
    if (low > 0 && low < boundaries.length) return boundaries[low - 1]!;
    if (this.otherwise !== undefined) return this.otherwise;
    throw new ElmoError(
      40066,
      '$switch could not find a matching branch for an input, and no default was specified.',
    );
  }

  override addDependencies(into: Set<string>): void {
    this.value.addDependencies(into);
  }
}

function compare(a: Value, b: Value): number {
  return compareValues(a.bytes, a.type, a.at, b.bytes, b.type, b.at);
}

function parseBoundaries(value: Value, { scope }: StageContext): Value[] {
  if (value.type !== ARRAY)
    throw new ElmoError(
      40200,
      `The $bucket 'boundaries' field must be an array, but found type: ${TYPE_NAMES.get(value.type)}.`,
    );
  const boundaries = elementsOf(value).map((element) => {
    const { constant } = scope.parse(element);
    if (constant === undefined)
      throw new ElmoError(40191, "The $bucket 'boundaries' field must be an array of constant values");
    return constant;
  });
  if (boundaries.length < 2)
    throw new ElmoError(
      40192,
      `The $bucket 'boundaries' field must have at least 2 values, but found ${boundaries.length} value(s).`,
    );
  for (let i = 1; i < boundaries.length; i++) {
    const [low, high] = [boundaries[i - 1]!, boundaries[i]!];
    if (TYPE_CLASS[low.type] !== TYPE_CLASS[high.type])
      throw new ElmoError(
        40193,
        "All values in the the 'boundaries' option to $bucket must have the same type.",
      );
    if (compare(low, high) >= 0)
      throw new ElmoError(
        40194,
        `The 'boundaries' option to $bucket must be sorted, but elements ${i - 1} and ${i} are not in ascending order`,
      );
  }
  return boundaries;
}

/** Whether a `groupBy` is a path or an expression. */
export function isGroupBy(value: Value): boolean {
  if (value.type === STRING) return value.text.startsWith('$');
  return value.type === OBJECT && [...argumentsOf(value).keys()][0]?.startsWith('$') === true;
}

const COUNT_ROWS = objectValue([['$sum', int32Value(1)]], OBJECT);

/** The `output` of `$bucket` and `$bucketAuto`; without one, rows are counted. */
export function parseOutput(
  output: Value | undefined,
  { scope }: StageContext,
  name: string,
  code: number,
): GroupField[] {
  if (output === undefined) return [parseGroupField('count', COUNT_ROWS, scope)];
  if (output.type !== OBJECT)
    throw new ElmoError(
      code,
      `The ${name} 'output' field must be an object, but found type: ${TYPE_NAMES.get(output.type)}.`,
    );
  return [...argumentsOf(output)].map(([field, value]) => parseGroupField(field, value, scope));
}

function checkOutput(output: Value): void {
  if (output.type !== OBJECT)
    throw new ElmoError(
      40196,
      `The $bucket 'output' field must be an object, but found type: ${TYPE_NAMES.get(output.type)}.`,
    );
}

function checkGroupBy(value: Value): void {
  if (!isGroupBy(value))
    throw new ElmoError(
      40202,
      "The $bucket 'groupBy' field must be defined as a $-prefixed path or an expression",
    );
}

function parseDefault(value: Value, { scope }: StageContext): Value {
  const { constant } = scope.parse(value);
  if (constant === undefined)
    throw new ElmoError(40195, "The $bucket 'default' field must be a constant expression");
  return constant;
}

function checkDefault(otherwise: Value, boundaries: readonly Value[]): void {
  if (compare(otherwise, boundaries[0]!) >= 0 && compare(otherwise, boundaries.at(-1)!) < 0)
    throw new ElmoError(
      40199,
      "The $bucket 'default' field must be less than the lowest boundary or greater than or equal to the highest boundary.",
    );
}

const BY_ID = objectValue([['_id', int32Value(1)]], OBJECT);

/** Each argument by itself in its order, then what they are together, then the expressions in them. */
function parseBucket(argument: Value, context: StageContext): readonly Stage[] {
  if (argument.type !== OBJECT)
    throw new ElmoError(
      40201,
      `Argument to $bucket stage must be an object, but found type: ${TYPE_NAMES.get(argument.type)}.`,
    );
  const given = argumentsOf(argument);
  let boundaries: Value[] | undefined;
  let otherwise: Value | undefined;
  for (const [name, value] of given)
    if (name === 'groupBy') checkGroupBy(value);
    else if (name === 'boundaries') boundaries = parseBoundaries(value, context);
    else if (name === 'default') otherwise = parseDefault(value, context);
    else if (name === 'output') checkOutput(value);
    else throw new ElmoError(40197, `Unrecognized option to $bucket: ${name}.`);
  const groupBy = given.get('groupBy');
  if (groupBy === undefined || boundaries === undefined)
    throw new ElmoError(40198, "$bucket requires 'groupBy' and 'boundaries' to be specified.");
  if (otherwise !== undefined) checkDefault(otherwise, boundaries);
  const fields = parseOutput(given.get('output'), context, '$bucket', 40196);
  if (fields.some(({ name }) => name === '_id'))
    throw new ElmoError(15948, "a group's _id may only be specified once");
  const key = new BucketOf(context.scope.parse(groupBy), boundaries, otherwise);
  return [
    new GroupStage(argument.keep(), (row) => new ExpressionKey(key, row), fields, context),
    sortStage(BY_ID, context),
  ];
}

export const bucketStages: StageOperators = {
  $bucket: { parse: parseBucket },
};
