/** `$merge`: each row is put into a collection, or together with the document it meets there. */
import { ARRAY, NULL, OBJECT, OBJECT_ID, STRING, TYPE_NAMES, UNDEFINED } from '../../bson/types.js';
import { compareValues } from '../../bson/compare.js';
import { documentValue, NULL_VALUE, Value } from '../../bson/value.js';
import { documentLength, FieldFinder, FieldName } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import type { CollectionSpec, Namespace } from '../../catalog/collection-spec.js';
import { namespaceText } from '../../catalog/namespace.js';
import { isSameCollation, type CollationSpec } from '../../collation/collation.js';
import { ElmoError } from '../../errors.js';
import { Frame, type Expression } from '../../expression/expression.js';
import { checkVariableWrite } from '../../expression/field-names.js';
import { parseUnfolded } from '../../expression/operator-kinds.js';
import type { OpenCollection } from '../../index/open-collection.js';
import { END, PAUSE, ROW, type Pulled, type RowSource } from '../../operation/row-source.js';
import type { WriteUnit } from '../../operation/write-unit.js';
import { compareParts } from '../../update/update-path.js';
import { insertOne } from '../../write/insert.js';
import { checkSize } from '../../write/prepare.js';
import { argumentsOf, elementsOf, objectValue } from '../arguments.js';
import { checkedFieldPath } from '../field-path.js';
import { openStages } from '../open-pipeline.js';
import { ListRows, StageRows } from '../rows.js';
import type { Pipeline, PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';
import { WriteSteps } from '../write/pipeline-writing.js';
import { checkTarget, textFields } from '../write/target.js';

type WhenMatched = 'replace' | 'merge' | 'keepExisting' | 'fail' | 'pipeline';
type WhenNotMatched = 'insert' | 'discard' | 'fail';

interface MergeOptions {
  readonly target: Namespace;
  readonly on: readonly string[];
  /** Whether rows must have a value for each of them. */
  readonly needsOn: boolean;
  readonly whenMatched: WhenMatched;
  readonly whenNotMatched: WhenNotMatched;
  /** With 'pipeline': makes of the document that is there and the variables what is to be there. */
  readonly stages: Value | undefined;
  readonly variables: readonly { readonly name: string; readonly expression: Expression }[];
  readonly context: StageContext;
}

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

const NO_MATCHING_DOCUMENT = 13113;
const MOST_ROWS_AFTER_FAILURE = 1000;
const ID = new FieldName('_id');

class MergeRows extends StageRows {
  private readonly steps: WriteSteps;
  /** The row that is being written; undefined: none. */
  private row: Uint8Array | undefined;
  private state: 'writing' | 'settling' | 'done' = 'writing';
  /** The first error of a row. */
  private failure: unknown;
  private rowsAfterFailure = 0;
  private readonly finder = new FieldFinder();
  private readonly writer = new BsonWriter();

  constructor(
    input: RowSource,
    private readonly run: PipelineRun,
    private readonly options: MergeOptions,
  ) {
    super(input);
    this.steps = new WriteSteps(run.writing!);
  }

  pull(): Pulled {
    if (this.state === 'settling') this.state = 'done';
    if (this.state === 'done') return END;
    const { input, run } = this;
    for (;;) {
      if (this.row === undefined) {
        const pulled = input.pull();
        if (pulled === PAUSE) return PAUSE;
        if (pulled === END) break;
        const { bytes, at } = input;
        this.row = this.withId(bytes.slice(at, at + documentLength(bytes, at)));
      }
      if (!this.writeRow(this.row)) return PAUSE;
      this.row = undefined;
      if (run.operation.shouldPause()) return PAUSE;
    }
    if (this.failure !== undefined) throw this.failure;
    this.state = 'settling';
    this.steps.settle();
    return PAUSE;
  }

  /**
   * Writes a row. One that fails does not keep the others from being written: the error comes after them.
   * @returns false to pause, and to be called again
   */
  private writeRow(row: Uint8Array): boolean {
    const filter = this.filterFor(row);
    try {
      return this.steps.run((unit) => this.write(row, filter, unit));
    } catch (error) {
      this.failure ??= error;
      if (++this.rowsAfterFailure > MOST_ROWS_AFTER_FAILURE) throw this.failure;
      return true;
    }
  }

  /** A row that is found by its `_id` gets one if it has none. */
  private withId(row: Uint8Array): Uint8Array {
    if (!this.options.on.includes('_id') || this.finder.find(row, 0, ID)) return row;
    const { writer } = this;
    writer.clear();
    const start = writer.beginDocument();
    writer.writeName(OBJECT_ID, ID.bytes);
    const id = this.steps.writing.context.newObjectId();
    writer.writeRange(id, 0, id.length);
    writer.writeRange(row, 4, row.length - 1);
    writer.endDocument(start);
    return writer.toBytes();
  }

  private write(row: Uint8Array, filter: Value, unit: WriteUnit): void {
    const { context, bypassesValidation } = this.steps.writing;
    const { target, whenMatched, whenNotMatched } = this.options;
    const collection = context.collectionOrNew(target, unit);
    const found = whenMatched === 'fail' ? undefined : this.find(filter, unit);
    if (found !== undefined) {
      const { document, recordId } = found;
      if (whenMatched !== 'keepExisting') this.replace(collection, recordId, document, row, unit);
    } else if (whenNotMatched === 'insert') insertOne(collection, row, unit, context, bypassesValidation);
    else if (whenNotMatched === 'fail')
      throw new ElmoError(
        NO_MATCHING_DOCUMENT,
        '$merge could not find a matching document in the target collection for at least one document in the source collection',
      );
  }

  private find(filter: Value, unit: WriteUnit): { document: Uint8Array; recordId: number } | undefined {
    const { target, context } = this.options;
    const query = {
      filter: filter.bytes,
      sort: undefined,
      skip: 0,
      limit: 1,
      needs: undefined,
      hint: undefined,
    };
    const rows = this.steps.writing.collectionsAt(unit.view).open(target, query, context.scope, this.run);
    try {
      let pulled = rows.pull();
      while (pulled === PAUSE) pulled = rows.pull(); // nothing may come between looking and writing
      if (pulled !== ROW) return undefined;
      const document = rows.bytes.slice(rows.at, rows.at + documentLength(rows.bytes, rows.at));
      return { document, recordId: rows.recordId };
    } finally {
      rows.close();
    }
  }

  /** `{field: {$eq: value}, …}` of the fields that rows and documents meet by. */
  private filterFor(row: Uint8Array): Value {
    return objectValue(
      this.options.on.map((path) => [path, objectValue([['$eq', this.valueAt(row, path)]], OBJECT)] as const),
      OBJECT,
    );
  }

  private valueAt(row: Uint8Array, path: string): Value {
    let value: Value = documentValue(row);
    for (const component of path.split('.')) {
      if (value.type !== OBJECT || !this.finder.find(row, value.at, new FieldName(component)))
        return this.noneAt(path);
      value = new Value(this.finder.type, row, this.finder.valueStart);
      if (value.type === ARRAY)
        throw new ElmoError(51185, `$merge write error: 'on' field '${path}' is an array`);
    }
    return value.type === UNDEFINED || value.type === NULL ? this.noneAt(path) : value;
  }

  /** What a row without a value is found by. @throws ElmoError if the index does not have such documents */
  private noneAt(path: string): Value {
    if (this.options.needsOn)
      throw new ElmoError(
        51132,
        `$merge write error: 'on' field '${path}' cannot be missing, null or undefined if supporting index is sparse`,
      );
    return NULL_VALUE;
  }

  private replace(
    collection: OpenCollection,
    recordId: number,
    old: Uint8Array,
    row: Uint8Array,
    unit: WriteUnit,
  ): void {
    const { context, bypassesValidation } = this.steps.writing;
    const document = this.keepingId(this.combined(old, row), old);
    checkSize(document.length);
    if (!bypassesValidation) context.validateChange(collection.entry, old, 0, document);
    collection.replace(unit, recordId, old, 0, document);
  }

  private combined(old: Uint8Array, row: Uint8Array): Uint8Array {
    switch (this.options.whenMatched) {
      case 'merge':
        return this.merged(old, row);
      case 'pipeline':
        return this.throughPipeline(old, row);
      default:
        return row;
    }
  }

  /** Fields of `row` in the places of those of `old`, new ones behind them by name, as `$set` would. */
  private merged(old: Uint8Array, row: Uint8Array): Uint8Array {
    const fields = argumentsOf(documentValue(old));
    const given = [...argumentsOf(documentValue(row))].sort(([a], [b]) => compareParts(a, b));
    for (const [name, value] of given) fields.set(name, value);
    return objectValue(fields, OBJECT).bytes;
  }

  private throughPipeline(old: Uint8Array, row: Uint8Array): Uint8Array {
    const { context, stages, variables } = this.options;
    const frame = new Frame();
    frame.setDocument(row, 0);
    const values = variables.map(({ expression }) => expression.evaluate(frame).keep());
    const { scope } = context.scope.withVariables(
      [...variables.map(({ name }) => name), 'new'],
      [...values, documentValue(row)],
    );
    const pipeline = parseUnfolded(() =>
      context.parsePipeline(stages!, { ...context, namespace: this.options.target, scope }),
    );
    const rows = openStages(pipeline.stages, new ListRows([old]), this.run);
    if (rows.pull() !== ROW) throw new ElmoError('InternalError', 'an update made no document');
    return rows.bytes.slice(rows.at, rows.at + documentLength(rows.bytes, rows.at));
  }

  /** @throws ElmoError ImmutableField if the new document has another `_id`; one without gets the old one's */
  private keepingId(document: Uint8Array, old: Uint8Array): Uint8Array {
    const oldId = argumentsOf(documentValue(old)).get('_id')!;
    const fields = argumentsOf(documentValue(document));
    const id = fields.get('_id');
    if (id !== undefined && compareValues(id.bytes, id.type, id.at, oldId.bytes, oldId.type, oldId.at) !== 0)
      throw new ElmoError(
        'ImmutableField',
        '$merge failed to update the matching document, did you attempt to modify the _id or the shard key?',
      );
    fields.delete('_id');
    return objectValue([['_id', oldId], ...fields], OBJECT).bytes;
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

function parseInto(into: Value | undefined, db: string): Namespace {
  if (into === undefined)
    throw new ElmoError('IDLFailedToParse', "BSON field '$merge.into' is missing but a required field");
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

function parseOn(on: Value | undefined): string[] {
  if (on === undefined) return ['_id'];
  if (on.type === STRING) return [checkedFieldPath(on.text)];
  if (on.type !== ARRAY)
    throw new ElmoError(
      51186,
      `$merge 'on' field  must be either a string or an array of strings, but found ${TYPE_NAMES.get(on.type)}`,
    );
  const paths: string[] = [];
  for (const element of elementsOf(on)) {
    if (element.type !== STRING)
      throw new ElmoError(
        51134,
        `$merge 'on' array elements must be strings, but found ${TYPE_NAMES.get(element.type)}`,
      );
    const path = checkedFieldPath(element.text);
    if (paths.includes(path)) throw new ElmoError(31465, `Found a duplicate field '${path}'`);
    paths.push(path);
  }
  if (paths.length === 0)
    throw new ElmoError(51187, "If explicitly specifying $merge 'on', must include at least one field");
  return paths;
}

function parseWhenMatched(value: Value | undefined): WhenMatched {
  if (value === undefined) return 'merge';
  if (value.type === ARRAY) return 'pipeline';
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

function parseWhenNotMatched(value: Value | undefined): WhenNotMatched {
  if (value === undefined) return 'insert';
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

function parseMerge(argument: Value, context: StageContext): Stage {
  const { db } = context.namespace;
  const given =
    argument.type === STRING ? new Map([['into', argument]]) : argumentsOf(checkedObject(argument).keep());
  for (const [name, value] of given) {
    if (!KNOWN.has(name))
      throw new ElmoError('IDLUnknownField', `BSON field '$merge.${name}' is an unknown field.`);
    if (value.type === NULL && NULL_IS_NONE.has(name)) given.delete(name);
  }
  if (argument.type === STRING && argument.text === '')
    throw new ElmoError('InvalidNamespace', `Invalid $merge target namespace: '${db}'`);
  const target = parseInto(given.get('into'), db);
  checkTarget(target, '$merge');
  const on = parseOn(given.get('on'));
  const whenMatched = parseWhenMatched(given.get('whenMatched'));
  const whenNotMatched = parseWhenNotMatched(given.get('whenNotMatched'));
  const variables = parseVariables(given.get('let'), whenMatched, context);
  if ((whenMatched === 'keepExisting' || whenMatched === 'fail') && whenNotMatched !== 'insert')
    throw new ElmoError(
      51181,
      `Combination of $merge modes 'whenMatched: ${whenMatched}' and 'whenNotMatched: ${whenNotMatched}' is not supported`,
    );
  if (target.collection.startsWith('system.'))
    throw new ElmoError(31319, `Cannot $merge to special collection: ${target.collection}`);
  const spec = context.collections.describe(target);
  if (spec?.kind === 'view')
    throw new ElmoError(
      'CommandNotSupportedOnView',
      `Namespace ${namespaceText(target)} is a view, not a collection`,
    );
  const { isSparse } = requireUnique(on, spec, context.scope.collation);
  const stages = whenMatched === 'pipeline' ? given.get('whenMatched')! : undefined;
  if (stages !== undefined) parseUpdate(stages, variables, target, context);
  return new MergeStage(argument.keep(), {
    target,
    on,
    needsOn: isSparse,
    whenMatched,
    whenNotMatched,
    stages,
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
  value: Value | undefined,
  whenMatched: WhenMatched,
  { scope }: StageContext,
): MergeOptions['variables'] {
  if (value === undefined) return [];
  if (value.type !== OBJECT)
    throw new ElmoError(
      'TypeMismatch',
      `BSON field '$merge.let' is the wrong type '${TYPE_NAMES.get(value.type)}', expected type 'object'`,
    );
  if (whenMatched !== 'pipeline')
    throw new ElmoError(51199, `Cannot use 'let' variables with 'whenMatched: ${whenMatched}' mode`);
  return [...argumentsOf(value)].map(([name, expression]) => {
    checkVariableWrite(name);
    return { name, expression: scope.parse(expression) };
  });
}

/** For its errors. */
function parseUpdate(
  stages: Value,
  variables: MergeOptions['variables'],
  namespace: Namespace,
  context: StageContext,
): Pipeline {
  for (const stage of elementsOf(stages)) {
    if (stage.type !== OBJECT) continue;
    for (const name of argumentsOf(stage).keys())
      if (!UPDATE_STAGES.has(name))
        throw new ElmoError('InvalidOptions', `${name} is not allowed to be used within an update`);
  }
  const { scope } = context.scope.withVariables([...variables.map(({ name }) => name), 'new']);
  return parseUnfolded(() => context.parsePipeline(stages, { ...context, namespace, scope }));
}

export const mergeStages: StageOperators = {
  $merge: { position: 'last', parse: (argument, context) => [parseMerge(argument, context)] },
};
