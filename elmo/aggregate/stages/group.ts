/** `$group`, and `$sortByCount`, which is a short form of it. */
import { ARRAY, BOOL, OBJECT, STRING } from '../../bson/types.js';
import { int32Value, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import type { ParseScope } from '../../expression/expression.js';
import type { RowSource } from '../../operation/row-source.js';
import { accumulators } from '../accumulators/table.js';
import { argumentsOf, objectValue } from '../arguments.js';
import { Groups, type GroupField } from '../group/groups.js';
import { ExpressionKey, FieldsKey, OneFieldKey, type CreateGroupKey } from '../group/group-key.js';
import { isNumberType } from '../../expression/numbers.js';
import { RowFields } from '../row-fields.js';
import { GroupRows, LeadingGroupRows } from '../group/group-rows.js';
import type { PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';
import { sortStage } from './sort.js';

/**
 * A `$group` that reads a collection is run by another engine of the reference (8.2), which numbers two errors otherwise
 * and hands MinKey and MaxKey to a next stage inside a document.
 */
export interface GroupLead {
  /** Whether a stage follows that this engine does not run. */
  readonly isFollowed: boolean;
}

export class GroupStage implements Stage {
  readonly name = '$group';
  readonly changedPaths = undefined;
  readonly isOneToOne = false;

  constructor(
    readonly argument: Value,
    private readonly createKey: CreateGroupKey,
    private readonly fields: readonly GroupField[],
    private readonly context: StageContext,
    private readonly lead?: GroupLead,
  ) {}

  /** The same at the head of a pipeline. */
  leading(lead: GroupLead): GroupStage {
    return new GroupStage(this.argument, this.createKey, this.fields, this.context, lead);
  }

  open(input: RowSource, run: PipelineRun): RowSource {
    const { lead } = this;
    const groups = new Groups(this.createKey, this.fields, this.context.scope.collation, lead?.isFollowed);
    return lead === undefined ? new GroupRows(input, run, groups) : new LeadingGroupRows(input, run, groups);
  }

  get codedPaths(): readonly string[] | undefined {
    const paths = new Set<string>();
    const key = this.createKey(new RowFields()).operand?.expression;
    for (const expression of [key, ...this.fields.map(({ spec }) => spec.operand)]) {
      if (expression?.constant !== undefined) continue;
      if (expression?.rootPath === undefined) return undefined;
      paths.add(expression.rootPath);
    }
    return paths.size === 0 ? undefined : [...paths];
  }

  addDependencies(into: Set<string>): boolean {
    this.createKey(new RowFields()).addDependencies(into);
    for (const { spec } of this.fields) spec.addDependencies(into);
    return true;
  }
}

/** The `_id` of a `$group`. */
export function parseGroupKey(id: Value, scope: ParseScope): CreateGroupKey {
  const fields = id.type === OBJECT ? [...argumentsOf(id)] : [];
  const first = fields[0];
  if (first === undefined || first[0].startsWith('$')) {
    const expression = scope.parse(id);
    return (row) => new ExpressionKey(expression, row);
  }
  for (const [, value] of fields)
    if (isNumberType(value.type) || value.type === BOOL)
      throw new ElmoError(17390, '$group does not support inclusion-style expressions');
  const document = scope.parse(id);
  const parts = fields.map(([, value]) => scope.parse(value));
  if (parts.length === 1) return (row) => new OneFieldKey(first[0], parts[0]!, row);
  return (row) => new FieldsKey(parts, document, row);
}

/** One accumulated field: `{$sum: '$x'}`. @param name  of the field. */
export function parseGroupField(name: string, value: Value, scope: ParseScope): GroupField {
  const given = value.type === OBJECT ? [...argumentsOf(value)] : [];
  const first = given[0];
  if (first === undefined || !first[0].startsWith('$'))
    throw new ElmoError(40234, `The field '${name}' must be an accumulator object`);
  if (name.includes('.')) throw new ElmoError(40235, `The field name '${name}' cannot contain '.'`);
  if (name.startsWith('$')) throw new ElmoError(40236, `The field name '${name}' cannot be an operator name`);
  if (given.length > 1) throw new ElmoError(40238, `The field '${name}' must specify one accumulator`);
  const [operatorName, argument] = first;
  if (argument.type === ARRAY)
    throw new ElmoError(40237, `The ${operatorName} accumulator is a unary operator`);
  const operator = Object.hasOwn(accumulators, operatorName) ? accumulators[operatorName] : undefined;
  if (operator === undefined) throw new ElmoError(15952, `unknown group operator '${operatorName}'`);
  return { name, spec: operator.parse(argument, scope, operatorName) };
}

/** What a shard once told its merger; nothing here. */
const INTERNAL_FLAGS: ReadonlySet<string> = new Set(['$doingMerge', '$willBeMerged']);

function parseGroup(argument: Value, context: StageContext): Stage {
  if (argument.type !== OBJECT) throw new ElmoError(15947, "a group's fields must be specified in an object");
  let createKey: CreateGroupKey | undefined;
  const fields: GroupField[] = [];
  for (const [name, value] of argumentsOf(argument)) {
    if (name === '_id') createKey = parseGroupKey(value, context.scope);
    else if (!INTERNAL_FLAGS.has(name)) fields.push(parseGroupField(name, value, context.scope));
  }
  if (createKey === undefined) throw new ElmoError(15955, 'a group specification must include an _id');
  return new GroupStage(argument.keep(), createKey, fields, context);
}

const COUNTED = objectValue([['$sum', int32Value(1)]], OBJECT);
const BY_COUNT = objectValue([['count', int32Value(-1)]], OBJECT);

function parseSortByCount(argument: Value, context: StageContext): readonly Stage[] {
  if (argument.type === OBJECT) {
    const [first] = argumentsOf(argument).keys();
    if (first?.startsWith('$') !== true)
      throw new ElmoError(
        40147,
        'the sortByCount field must be defined as a $-prefixed path or an expression inside an object',
      );
  } else if (argument.type !== STRING)
    throw new ElmoError(40149, 'the sortByCount field must be specified as a string or as an object');
  else if (!/^\$./s.test(argument.text))
    throw new ElmoError(
      40148,
      'the sortByCount field must be defined as a $-prefixed path or an expression inside an object',
    );
  const group = objectValue(
    [
      ['_id', argument],
      ['count', COUNTED],
    ],
    OBJECT,
  );
  return [parseGroup(group, context), sortStage(BY_COUNT, context)];
}

export const groupStages: StageOperators = {
  $group: { parse: (argument, context) => [parseGroup(argument, context)] },
  $sortByCount: { parse: parseSortByCount },
};
