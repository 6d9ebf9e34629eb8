/** `$lookup`: each row with the array of those rows of another collection that go with it. */
import { ARRAY, OBJECT, STRING, TYPE_NAMES } from '../../bson/types.js';
import { EMPTY_ARRAY, int64OfNumber, NULL_VALUE, Value } from '../../bson/value.js';
import { documentLength, FieldFinder, FieldName } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import { parseUnfolded } from '../../expression/operator-kinds.js';
import { Frame } from '../../expression/expression.js';
import { checkVariableWrite } from '../../expression/field-names.js';
import { END, PAUSE, ROW, type Pulled, type RowSource } from '../../operation/row-source.js';
import { argumentsOf, elementsOf } from '../arguments.js';
import { checkedFieldPath } from '../field-path.js';
import { ForeignRows, type JoinFields, type JoinSpec, type JoinVariable } from '../lookup/foreign-rows.js';
import { StageRows } from '../rows.js';
import { PathSetter } from '../set-path.js';
import type { LookContext, PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';
import { requireDocuments } from './union-with.js';
import { UnwindStage, type UnwindOptions } from './unwind.js';

class LookupStage implements Stage {
  readonly name = '$lookup';
  readonly changedPaths: readonly string[];
  readonly isOneToOne: boolean;

  constructor(
    readonly argument: Value,
    private readonly spec: JoinSpec,
    private readonly as: string,
    /** The `$unwind` of the array that follows, done at once. */
    private readonly unwind: UnwindOptions | undefined,
  ) {
    const { indexPath } = unwind ?? {};
    this.changedPaths = indexPath === undefined ? [as] : [as, indexPath];
    this.isOneToOne = unwind === undefined;
  }

  open(input: RowSource, run: PipelineRun): RowSource {
    const foreign = new ForeignRows(this.spec, run);
    return this.unwind === undefined
      ? new LookupRows(input, foreign, this.as)
      : new UnwoundLookupRows(input, foreign, this.as, this.unwind);
  }

  addDependencies(into: Set<string>): boolean {
    const { fields, variables } = this.spec;
    if (fields !== undefined) into.add(fields.local);
    for (const { expression } of variables) expression.addDependencies(into);
    return false;
  }

  absorb(next: Stage): Stage | undefined {
    if (this.unwind !== undefined || !(next instanceof UnwindStage) || next.options.path !== this.as)
      return undefined;
    return new LookupStage(this.argument, this.spec, this.as, next.options);
  }
}

/** One row of this side after the other, each with a source of the other side's rows. */
abstract class JoinedRows extends StageRows {
  protected readonly row = new BsonWriter();
  protected readonly writer = new BsonWriter();
  protected inner: RowSource | undefined;
  private readonly frame = new Frame();
  private isWaiting = false;

  constructor(
    input: RowSource,
    protected readonly foreign: ForeignRows,
  ) {
    super(input);
  }

  /** Copies the next row of the input to `row`. */
  protected next(): Pulled {
    if (!this.isWaiting) {
      const { input } = this;
      const pulled = input.pull();
      if (pulled === END || pulled === PAUSE) return pulled;
      this.row.clear();
      this.row.writeRange(input.bytes, input.at, input.at + documentLength(input.bytes, input.at));
      this.isWaiting = true;
    }
    if (!this.foreign.prepare()) return PAUSE;
    this.isWaiting = false;
    return ROW;
  }

  /** What goes with the row. */
  protected openInner(): void {
    this.frame.setDocument(this.row.bytes, 0);
    this.frame.setMetadata(this.input.metadata);
    this.inner = this.foreign.open(this.frame);
  }

  protected show({ bytes } = this.writer): Pulled {
    this.bytes = bytes;
    this.at = 0;
    return ROW;
  }

  protected endInner(): void {
    this.inner?.close();
    this.inner = undefined;
  }

  override close(): void {
    super.close();
    this.endInner();
    this.foreign.close();
  }
}

class LookupRows extends JoinedRows {
  private readonly array = new BsonWriter();
  private readonly finder = new FieldFinder();
  /** Made for the first row that needs it. */
  private setter: PathSetter | undefined;
  /** The name of the field that holds the array; undefined: it lies deeper. */
  private readonly field: FieldName | undefined;
  private count = 0;

  constructor(
    input: RowSource,
    foreign: ForeignRows,
    private readonly as: string,
  ) {
    super(input, foreign);
    this.field = as.includes('.') ? undefined : new FieldName(as);
  }

  pull(): Pulled {
    const { array } = this;
    if (this.inner === undefined) {
      const pulled = this.next();
      if (pulled !== ROW) return pulled;
      if (this.appendOnly()) return this.show(this.row);
      this.openInner();
      array.clear();
      array.beginDocument();
      this.count = 0;
    }
    const inner = this.inner!;
    for (;;) {
      const pulled = inner.pull();
      if (pulled === PAUSE) return PAUSE;
      if (pulled === END) break;
      array.writeIndex(OBJECT, this.count++);
      array.writeRange(inner.bytes, inner.at, inner.at + documentLength(inner.bytes, inner.at));
    }
    this.endInner();
    array.endDocument(0);
    this.writer.clear();
    this.setter ??= new PathSetter(this.as);
    this.setter.write(this.row.bytes, 0, new Value(ARRAY, array.bytes, 0), this.writer);
    return this.show();
  }

  /** Where one row at most goes with this one: appends it, as it lies in the store. @returns false: nothing was done */
  private appendOnly(): boolean {
    const { row, field } = this;
    if (field === undefined || this.finder.find(row.bytes, 0, field)) return false;
    const found = this.foreign.findOnly(row.bytes, 0, (bytes, at) => {
      this.appendArray(field, bytes, at);
      return true;
    });
    if (found === null) this.appendArray(field, undefined, 0);
    return found !== undefined;
  }

  private appendArray(field: FieldName, element: Uint8Array | undefined, at: number): void {
    const { row } = this;
    row.reopenDocument();
    row.writeName(ARRAY, field.bytes);
    const start = row.beginDocument();
    if (element !== undefined) {
      row.writeIndex(OBJECT, 0);
      row.writeRange(element, at, at + documentLength(element, at));
    }
    row.endDocument(start);
    row.endDocument(0);
  }
}

/** One row per row of the other side. */
class UnwoundLookupRows extends JoinedRows {
  private readonly setter: PathSetter;
  private readonly index: PathSetter | undefined;
  private readonly unindexed = new BsonWriter();
  private position = 0;

  constructor(
    input: RowSource,
    foreign: ForeignRows,
    as: string,
    private readonly options: UnwindOptions,
  ) {
    super(input, foreign);
    this.setter = new PathSetter(as);
    this.index = options.indexPath === undefined ? undefined : new PathSetter(options.indexPath);
  }

  pull(): Pulled {
    for (;;) {
      if (this.inner === undefined) {
        const pulled = this.next();
        if (pulled !== ROW) return pulled;
        this.openInner();
        this.position = 0;
      }
      const inner = this.inner!;
      const pulled = inner.pull();
      if (pulled === PAUSE) return PAUSE;
      if (pulled === ROW)
        return this.emit(new Value(OBJECT, inner.bytes, inner.at), int64OfNumber(this.position++));
      const isEmpty = this.position === 0;
      this.endInner();
      if (isEmpty && this.options.keepsEmpty) return this.emit(undefined, NULL_VALUE);
    }
  }

  private emit(value: Value | undefined, position: Value): Pulled {
    const { index, setter, row } = this;
    const into = index === undefined ? this.writer : this.unindexed;
    into.clear();
    if (value === undefined) setter.writeWithout(row.bytes, 0, into);
    else setter.write(row.bytes, 0, value, into);
    if (index !== undefined) {
      this.writer.clear();
      index.write(into.bytes, 0, position, this.writer);
    }
    return this.show();
  }
}

/** The arguments as far as they can be told without the rest of the pipeline. */
interface LookupArguments {
  /** The other collection; undefined if the pipeline brings its own rows. */
  readonly from: string | undefined;
  readonly as: string;
  readonly local: string | undefined;
  readonly foreign: string | undefined;
  readonly variables: Value | undefined;
  readonly pipeline: Value | undefined;
}

function wrongType(name: string, value: Value, wanted: string): ElmoError {
  return new ElmoError(
    'TypeMismatch',
    `BSON field '$lookup.${name}' is the wrong type '${TYPE_NAMES.get(value.type)}', expected type '${wanted}'`,
  );
}

function checkField(name: string, value: Value): void {
  switch (name) {
    case 'as':
    case 'localField':
    case 'foreignField':
      if (!value.isNullish && value.type !== STRING) throw wrongType(name, value, 'string');
      return;
    case 'let':
      if (!value.isNullish && value.type !== OBJECT) throw wrongType(name, value, 'object');
      return;
    case 'pipeline':
      if (value.type !== ARRAY) throw new ElmoError('TypeMismatch', 'A pipeline must be an array of objects');
      if (elementsOf(value).some(({ type }) => type !== OBJECT))
        throw new ElmoError('TypeMismatch', "Each element of the 'pipeline' array must be an object");
      return;
    case 'from':
    case '_internalUnwind':
      return;
    default:
      throw new ElmoError('IDLUnknownField', `BSON field '$lookup.${name}' is an unknown field.`);
  }
}

function readArguments(argument: Value, { namespace }: LookContext): LookupArguments {
  if (argument.type !== OBJECT)
    throw new ElmoError(
      'FailedToParse',
      `the $lookup stage specification must be an object, but found ${TYPE_NAMES.get(argument.type)}`,
    );
  const given = argumentsOf(argument);
  for (const [name, value] of given) checkField(name, value);
  const textOf = (name: string): string | undefined => {
    const value = given.get(name);
    return value === undefined || value.isNullish ? undefined : value.text;
  };
  const as = textOf('as');
  if (as === undefined)
    throw new ElmoError('IDLFailedToParse', "BSON field '$lookup.as' is missing but a required field");
  const pipeline = given.get('pipeline');
  const from = parseFrom(given.get('from'), namespace.db);
  if (from === undefined) requireDocuments(pipeline, '$lookup');
  const variables = given.get('let');
  return {
    from,
    as,
    local: textOf('localField'),
    foreign: textOf('foreignField'),
    variables: variables?.isNullish === true ? undefined : variables,
    pipeline,
  };
}

function parseFrom(from: Value | undefined, db: string): string | undefined {
  if (from === undefined) return undefined;
  if (from.type === STRING) {
    if (from.text === '') throw new ElmoError('InvalidNamespace', `invalid $lookup namespace: ${db}`);
    return from.text;
  }
  if (from.type !== OBJECT)
    throw new ElmoError(
      'FailedToParse',
      `$lookup 'from' field must be a string or an object, but found ${TYPE_NAMES.get(from.type)}`,
    );
  throw new ElmoError(
    'FailedToParse',
    '$lookup with syntax {from: {db:<>, coll:<>},..} is not supported here',
  );
}

function noJoin(): ElmoError {
  return new ElmoError(
    'FailedToParse',
    "$lookup requires either 'pipeline' or both 'localField' and 'foreignField' to be specified",
  );
}

/** @throws ElmoError FailedToParse */
function checkFields({ local, foreign, pipeline }: LookupArguments): void {
  if (pipeline !== undefined && (local === undefined) !== (foreign === undefined))
    throw new ElmoError(
      'FailedToParse',
      "$lookup requires both or neither of 'localField' and 'foreignField' to be specified",
    );
  // without a pipeline an empty name is none at all
  if (pipeline === undefined && (local === '' || foreign === '')) throw noJoin();
}

/** @throws ElmoError FailedToParse unless it says how rows are joined */
function checkJoin({ local, foreign, pipeline, variables }: LookupArguments): void {
  if (pipeline !== undefined) return;
  if (local === undefined || foreign === undefined) throw noJoin();
  if (variables !== undefined)
    throw new ElmoError('FailedToParse', "$lookup with a 'let' argument must also specify 'pipeline'");
}

function innerOf<Context extends LookContext>({ from }: LookupArguments, context: Context): Context {
  return {
    ...context,
    namespace: { db: context.namespace.db, collection: from ?? '' },
    kind: '$lookup',
    depth: context.depth + 1,
  };
}

function lookAtLookup(argument: Value, context: LookContext): void {
  const read = readArguments(argument, context);
  const inner = innerOf(read, context);
  context.joins?.(inner.namespace);
  if (read.pipeline !== undefined) context.lookAtPipeline(read.pipeline, inner);
  checkJoin(read);
}

function parseVariables(value: Value | undefined, { scope }: StageContext): JoinVariable[] {
  if (value === undefined) return [];
  return [...argumentsOf(value)].map(([name, expression]) => {
    checkVariableWrite(name);
    return { name, expression: parseUnfolded(() => scope.parse(expression)) };
  });
}

function parseLookup(argument: Value, context: StageContext): Stage {
  const kept = argument.keep();
  const read = readArguments(kept, context);
  const { local, foreign } = read;
  checkFields(read);
  const as = checkedFieldPath(read.as);
  const fields: JoinFields | undefined =
    local === undefined || foreign === undefined
      ? undefined
      : { local: checkedFieldPath(local), foreign: checkedFieldPath(foreign) };
  const variables = parseVariables(read.variables, context);
  const inner = innerOf(read, context);
  const stages = read.pipeline ?? EMPTY_ARRAY;
  const names = variables.map(({ name }) => name);
  const checked = names.length === 0 ? inner : { ...inner, scope: context.scope.withVariables(names).scope };
  context.parsePipeline(stages, checked); // for its errors
  const spec: JoinSpec = { fields, stages, variables, context: inner };
  return new LookupStage(kept, spec, as, undefined);
}

export const lookupStages: StageOperators = {
  $lookup: { look: lookAtLookup, parse: (argument, context) => [parseLookup(argument, context)] },
};
