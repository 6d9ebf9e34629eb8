/** `$merge`: each row is put into a collection, or together with the document it meets there. */
import { ARRAY, NULL, OBJECT, STRING, TYPE_NAMES } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import type { CollectionSpec, Namespace } from '../../catalog/collection-spec.js';
import { namespaceText } from '../../catalog/namespace.js';
import { isSameCollation, type CollationSpec } from '../../collation/collation.js';
import { ElmoError } from '../../errors.js';
import { checkVariableWrite } from '../../expression/field-names.js';
import { parseUnfolded } from '../../expression/operator-kinds.js';
import { type RowSource } from '../../operation/row-source.js';
import { argumentsOf, elementsOf } from '../arguments.js';
import { checkedFieldPath } from '../field-path.js';
import type { LookContext, PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';
import { MergeRows, type MergeOptions, type WhenMatched, type WhenNotMatched } from '../write/merge-rows.js';
import { checkTarget, textFields } from '../write/target.js';

class MergeStage implements Stage {
  readonly name = '$merge';
  readonly changedPaths = undefined;
  readonly isOneToOne = false;

  constructor(
    readonly argument: Value,
    private readonly options: MergeOptions,
  ) {}

  open(input: RowSource, run: PipelineRun): RowSource {
    return new MergeRows(input, run, this.options);
  }

  addDependencies(into: Set<string>): boolean {
    into.add('');
    return true;
  }
}

const WHEN_MATCHED: ReadonlySet<string> = new Set(['replace', 'merge', 'keepExisting', 'fail']);
const WHEN_NOT_MATCHED: ReadonlySet<string> = new Set(['insert', 'discard', 'fail']);
const UPDATE_STAGES: ReadonlySet<string> = new Set([
  '$addFields',
  '$set',
  '$project',
  '$unset',
  '$replaceRoot',
  '$replaceWith',
]);

function parseInto(into: Value, db: string): Namespace {
  if (into.type === STRING) {
    if (into.text === '') throw new ElmoError(5786800, "$merge 'into' field cannot be an empty string");
    return { db, collection: into.text };
  }
  if (into.type !== OBJECT)
    throw new ElmoError(
      51178,
      `$merge 'into' field  must be either a string or an object, but found ${TYPE_NAMES.get(into.type)}`,
    );
  const given = textFields(into, 'into', ['db', 'coll']);
  const collection = given.get('coll') ?? '';
  if (collection === '')
    throw new ElmoError(
      5786801,
      "$merge 'into' field must specify a 'coll' that is not empty, null or undefined",
    );
  const givenDb = given.get('db') ?? '';
  return { db: givenDb === '' ? db : givenDb, collection };
}

/** The fields as they are given. */
function readOn(on: Value): string[] {
  if (on.type === STRING) return [on.text];
  if (on.type !== ARRAY)
    throw new ElmoError(
      51186,
      `$merge 'on' field  must be either a string or an array of strings, but found ${TYPE_NAMES.get(on.type)}`,
    );
  const paths = elementsOf(on).map((element) => {
    if (element.type !== STRING)
      throw new ElmoError(
        51134,
        `$merge 'on' array elements must be strings, but found ${TYPE_NAMES.get(element.type)}`,
      );
    return element.text;
  });
  if (paths.length === 0)
    throw new ElmoError(51187, "If explicitly specifying $merge 'on', must include at least one field");
  return paths;
}

function checkedOn(names: readonly string[]): string[] {
  const paths: string[] = [];
  for (const name of names) {
    const path = checkedFieldPath(name);
    if (paths.includes(path)) throw new ElmoError(31465, `Found a duplicate field '${path}'`);
    paths.push(path);
  }
  return paths;
}

function parseWhenMatched(value: Value): WhenMatched {
  if (value.type === ARRAY) {
    if (elementsOf(value).some(({ type }) => type !== OBJECT))
      throw new ElmoError('TypeMismatch', "Each element of the 'pipeline' array must be an object");
    return 'pipeline';
  }
  if (value.type !== STRING)
    throw new ElmoError(
      51191,
      `$merge 'whenMatched' field  must be either a string or an array, but found ${TYPE_NAMES.get(value.type)}`,
    );
  if (!WHEN_MATCHED.has(value.text))
    throw new ElmoError(
      'BadValue',
      `Enumeration value '${value.text}' for field 'whenMatched' is not a valid value.`,
    );
  return value.text as WhenMatched;
}

function parseWhenNotMatched(value: Value): WhenNotMatched {
  if (value.type !== STRING)
    throw new ElmoError(
      'TypeMismatch',
      `BSON field '$merge.whenNotMatched' is the wrong type '${TYPE_NAMES.get(value.type)}', expected type 'string'`,
    );
  if (!WHEN_NOT_MATCHED.has(value.text))
    throw new ElmoError(
      'BadValue',
      `Enumeration value '${value.text}' for field '$merge.whenNotMatched' is not a valid value.`,
    );
  return value.text as WhenNotMatched;
}

/**
 * @returns whether that holds only for documents that have the fields
 * @throws ElmoError unless at most one document can have the same values in these fields
 */
function requireUnique(
  on: readonly string[],
  spec: CollectionSpec | undefined,
  collation: CollationSpec | undefined,
): { isSparse: boolean } {
  if (
    on.length === 1 &&
    on[0] === '_id' &&
    (spec === undefined || isSameCollation(spec.collation, collation))
  )
    return { isSparse: false };
  const unique = spec?.indexes.filter(
    (index) =>
      isSameCollation(index.collation, collation) &&
      index.isUnique &&
      index.isReady &&
      index.partialFilter === undefined &&
      index.fields.length === on.length &&
      index.fields.every(({ path }) => on.includes(path)),
  );
  if (unique === undefined || unique.length === 0)
    throw new ElmoError(51183, 'Cannot find index to verify that join fields will be unique');
  return { isSparse: unique.every(({ isSparse }) => isSparse) };
}

/** Fields whose null is as good as none. */
const NULL_IS_NONE: ReadonlySet<string> = new Set(['let', 'whenNotMatched']);
const KNOWN: ReadonlySet<string> = new Set(['into', 'on', 'let', 'whenMatched', 'whenNotMatched']);

/** The arguments as far as they can be told without the rest of the pipeline. */
interface MergeArguments {
  readonly target: Namespace;
  readonly on: readonly string[];
  readonly whenMatched: WhenMatched;
  readonly whenNotMatched: WhenNotMatched;
  readonly variables: Value | undefined;
  /** Of an update. */
  readonly stages: Value | undefined;
}

function readArguments(argument: Value, db: string): MergeArguments {
  if (argument.type === STRING && argument.text === '')
    throw new ElmoError('InvalidNamespace', `Invalid $merge target namespace: '${db}'`);
  const given =
    argument.type === STRING ? new Map([['into', argument]]) : argumentsOf(checkedObject(argument));
  let target: Namespace | undefined;
  let on: readonly string[] = ['_id'];
  let whenMatched: WhenMatched = 'merge';
  let whenNotMatched: WhenNotMatched = 'insert';
  for (const [name, value] of given) {
    if (!KNOWN.has(name))
      throw new ElmoError('IDLUnknownField', `BSON field '$merge.${name}' is an unknown field.`);
    if (value.type === NULL && NULL_IS_NONE.has(name)) given.delete(name);
    else if (name === 'into') target = parseInto(value, db);
    else if (name === 'on') on = readOn(value);
    else if (name === 'whenMatched') whenMatched = parseWhenMatched(value);
    else if (name === 'whenNotMatched') whenNotMatched = parseWhenNotMatched(value);
    else checkVariables(value);
  }
  if (target === undefined)
    throw new ElmoError('IDLFailedToParse', "BSON field '$merge.into' is missing but a required field");
  checkTarget(target, '$merge');
  const stages = whenMatched === 'pipeline' ? given.get('whenMatched') : undefined;
  return { target, on, whenMatched, whenNotMatched, variables: given.get('let'), stages };
}

function checkVariables(value: Value): void {
  if (value.type !== OBJECT)
    throw new ElmoError(
      'TypeMismatch',
      `BSON field '$merge.let' is the wrong type '${TYPE_NAMES.get(value.type)}', expected type 'object'`,
    );
}

function lookAtMerge(argument: Value, context: LookContext): void {
  const { target, stages, whenMatched, whenNotMatched } = readArguments(argument, context.namespace.db);
  if (stages !== undefined) context.lookAtPipeline(stages, { ...context, namespace: target });
  if ((whenMatched === 'keepExisting' || whenMatched === 'fail') && whenNotMatched !== 'insert')
    throw new ElmoError(
      51181,
      `Combination of $merge modes 'whenMatched: ${whenMatched}' and 'whenNotMatched: ${whenNotMatched}' is not supported`,
    );
}

function parseMerge(argument: Value, context: StageContext): Stage {
  const kept = argument.keep();
  const read = readArguments(kept, context.namespace.db);
  const { target, stages } = read;
  const on = checkedOn(read.on);
  if (target.collection.startsWith('system.'))
    throw new ElmoError(31319, `Cannot $merge to special collection: ${target.collection}`);
  const spec = context.collections.describe(target);
  if (spec?.kind === 'view')
    throw new ElmoError(
      'CommandNotSupportedOnView',
      `Namespace ${namespaceText(target)} is a view, not a collection`,
    );
  const { isSparse } = requireUnique(on, spec, context.scope.collation);
  const variables = parseVariables(read, context);
  return new MergeStage(kept, {
    target,
    on,
    needsOn: isSparse,
    whenMatched: read.whenMatched,
    whenNotMatched: read.whenNotMatched,
    stages,
    checkUpdate: () => {
      if (stages !== undefined) checkUpdate(stages, variables, target, context);
    },
    variables,
    context,
  });
}

function checkedObject(argument: Value): Value {
  if (argument.type !== OBJECT)
    throw new ElmoError(
      'TypeMismatch',
      `$merge requires a string or object argument, but found ${TYPE_NAMES.get(argument.type)}`,
    );
  return argument;
}

function parseVariables(
  { variables, whenMatched }: MergeArguments,
  { scope }: StageContext,
): MergeOptions['variables'] {
  if (variables === undefined) return [];
  if (whenMatched !== 'pipeline')
    throw new ElmoError(51199, `Cannot use 'let' variables with 'whenMatched: ${whenMatched}' mode`);
  return [...argumentsOf(variables)].map(([name, expression]) => {
    checkVariableWrite(name);
    return { name, expression: scope.parse(expression) };
  });
}

/** @throws ElmoError unless the stages are those of an update */
function checkUpdate(
  stages: Value,
  variables: MergeOptions['variables'],
  namespace: Namespace,
  context: StageContext,
): void {
  const { scope } = context.scope.withVariables([...variables.map(({ name }) => name), 'new']);
  parseUnfolded(() => context.parsePipeline(stages, { ...context, namespace, scope }));
  for (const stage of elementsOf(stages))
    for (const name of argumentsOf(stage).keys())
      if (!UPDATE_STAGES.has(name))
        throw new ElmoError('InvalidOptions', `${name} is not allowed to be used within an update`);
}

export const mergeStages: StageOperators = {
  $merge: {
    position: 'last',
    look: lookAtMerge,
    parse: (argument, context) => [parseMerge(argument, context)],
  },
};
