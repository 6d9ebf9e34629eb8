/** `$graphLookup`: each row with all rows of a collection that can be reached from it, step by step. */
import { ARRAY, OBJECT, REGEX, STRING, TYPE_NAMES } from '../../bson/types.js';
import { EMPTY_ARRAY, int64OfNumber, TRUE_VALUE, Value } from '../../bson/value.js';
import { documentLength, FieldFinder, FieldName } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import { Frame, type Expression } from '../../expression/expression.js';
import { doubleOf, isNumberType } from '../../expression/numbers.js';
import { END, PAUSE, ROW, type Pulled, type RowSource } from '../../operation/row-source.js';
import { argumentsOf, arrayValue, elementsOf, objectValue } from '../arguments.js';
import { ByteTable } from '../../bson/byte-table.js';
import { CanonicalKeys } from '../canonical-keys.js';
import { checkedFieldPath } from '../field-path.js';
import { MAX_STAGE_BYTES } from '../limits.js';
import { equalsAny } from '../lookup/foreign-rows.js';
import { LocalValues } from '../lookup/local-values.js';
import { wholeOf } from '../numbers.js';
import { openPipeline } from '../open-pipeline.js';
import { StageRows } from '../rows.js';
import { PathSetter } from '../set-path.js';
import type { LookContext, PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';
import { parseUnfolded } from '../../expression/operator-kinds.js';

interface GraphOptions {
  readonly startWith: Expression;
  readonly connectFrom: string;
  readonly connectTo: string;
  readonly as: string;
  readonly maxDepth: number;
  readonly depthField: string | undefined;
  readonly restriction: Value | undefined;
  /** Of the other collection. */
  readonly context: StageContext;
}

class GraphLookupStage implements Stage {
  readonly name = '$graphLookup';
  readonly changedPaths: readonly string[];
  readonly isOneToOne = true;

  constructor(
    readonly argument: Value,
    private readonly options: GraphOptions,
  ) {
    this.changedPaths = [options.as];
  }

  open(input: RowSource, run: PipelineRun): RowSource {
    return new GraphRows(input, run, this.options);
  }

  addDependencies(into: Set<string>): boolean {
    this.options.startWith.addDependencies(into);
    return false;
  }
}

interface Found {
  readonly document: Uint8Array;
  readonly depth: number;
}

/** `{path: {$in: values}}`: a pattern among them stands for texts that match, and for itself. */
function isIn(path: string, values: readonly Value[]): Value {
  return objectValue([[path, objectValue([['$in', arrayValue(values)]], OBJECT)]], OBJECT);
}

/** Breadth first: all documents that the values of one step connect to are found by one query. */
class GraphRows extends StageRows {
  private readonly row = new BsonWriter();
  private readonly writer = new BsonWriter();
  private readonly setter: PathSetter;
  private readonly depthSetter: PathSetter | undefined;
  private readonly connectFrom: LocalValues;
  private readonly connectTo: LocalValues;
  /** Patterns that are looked for in this step. */
  private patterns: Value[] = [];
  /** Those that a document was found to be connected to by itself: from then on they stand for no text. */
  private readonly knownPatterns = new ByteTable();
  private readonly frame = new Frame();
  private readonly keys: CanonicalKeys;
  private readonly finder = new FieldFinder();
  private readonly frontierSeen = new ByteTable();
  private readonly documentsSeen = new ByteTable();
  /** Values to be looked for in the next step. */
  private frontier: Value[] = [];
  private found: Found[] = [];
  private foundBytes = 0;
  private depth = 0;
  private step: RowSource | undefined;
  private isBusy = false;

  constructor(
    input: RowSource,
    private readonly run: PipelineRun,
    private readonly options: GraphOptions,
  ) {
    super(input);
    const { scope } = options.context;
    this.setter = new PathSetter(options.as);
    this.depthSetter = options.depthField === undefined ? undefined : new PathSetter(options.depthField);
    this.connectFrom = new LocalValues(options.connectFrom);
    this.connectTo = new LocalValues(options.connectTo);
    this.keys = new CanonicalKeys(scope.collation);
  }

  pull(): Pulled {
    if (!this.isBusy) {
      const pulled = this.input.pull();
      if (pulled === END || pulled === PAUSE) return pulled;
      this.begin();
    }
    if (!this.walk()) return PAUSE;
    this.isBusy = false;
    return this.finishRow();
  }

  private begin(): void {
    const { input, row, frame } = this;
    row.clear();
    row.writeRange(input.bytes, input.at, input.at + documentLength(input.bytes, input.at));
    this.isBusy = true;
    this.depth = 0;
    this.found = [];
    this.foundBytes = 0;
    this.frontier = [];
    this.frontierSeen.clear();
    this.documentsSeen.clear();
    frame.setDocument(row.bytes, 0);
    frame.setMetadata(input.metadata);
    const first = this.options.startWith.evaluate(frame);
    if (!first.isMissing) this.reach(first);
  }

  /** Adds a value, or the elements of an array, to the next step, unless they were looked for before. */
  private reach(value: Value): void {
    const values = value.type === ARRAY ? elementsOf(value) : [value];
    for (const one of values) this.reachOne(one);
  }

  private reachOne(value: Value): void {
    if (this.isFirst(this.frontierSeen, value)) this.frontier.push(value.keep());
  }

  private isFirst(table: ByteTable, value: Value): boolean {
    const { keys } = this;
    keys.clear();
    keys.append(value.type, value.bytes, value.at);
    table.add(keys.writer.bytes, 0, keys.writer.length);
    return table.isNew;
  }

  /** @returns false to pause */
  private walk(): boolean {
    for (;;) {
      if (this.step === undefined) {
        if (this.frontier.length === 0 || this.depth > this.options.maxDepth) return true;
        this.step = this.openStep();
        this.frontier = [];
      }
      const { step } = this;
      const pulled = step.pull();
      if (pulled === PAUSE) return false;
      if (pulled === ROW) this.take(step.bytes, step.at);
      else {
        step.close();
        this.step = undefined;
        this.depth++;
      }
    }
  }

  private openStep(): RowSource {
    const { context, connectTo, restriction } = this.options;
    this.patterns = this.frontier.filter((value) => value.type === REGEX && !this.isKnown(value));
    const known = this.frontier.filter((value) => this.isKnown(value));
    const wanted = this.frontier.filter((value) => !known.includes(value));
    const alternatives = [
      ...(known.length === 0 ? [] : [equalsAny(connectTo, known)]),
      ...(wanted.length === 0 ? [] : [isIn(connectTo, wanted)]),
    ];
    const conditions = [
      alternatives.length === 1 ? alternatives[0]! : objectValue([['$or', arrayValue(alternatives)]], OBJECT),
      objectValue([[connectTo, EXISTS]], OBJECT),
    ];
    if (restriction !== undefined) conditions.push(restriction);
    const filter = objectValue([['$and', arrayValue(conditions)]], OBJECT);
    const stages = arrayValue([objectValue([['$match', filter]], OBJECT)]);
    return openPipeline(context.parsePipeline(stages, context), this.run);
  }

  private take(bytes: Uint8Array, at: number): void {
    const { finder } = this;
    const hasId = finder.find(bytes, at, ID);
    const id = hasId ? new Value(finder.type, bytes, finder.valueStart) : new Value(OBJECT, bytes, at);
    if (!this.isFirst(this.documentsSeen, id)) return;
    const document = bytes.slice(at, at + documentLength(bytes, at));
    this.foundBytes += document.length;
    if (this.foundBytes > MAX_STAGE_BYTES)
      throw new ElmoError(40099, '$graphLookup reached maximum memory consumption');
    this.found.push({ document, depth: this.depth });
    if (this.patterns.length > 0) this.notePatterns(document);
    for (const next of this.connectFrom.found(document, 0)) this.reachOne(next);
  }

  private notePatterns(document: Uint8Array): void {
    for (const value of this.connectTo.found(document, 0))
      if (this.patterns.some((pattern) => this.isSame(pattern, value)))
        this.isFirst(this.knownPatterns, value);
  }

  private isSame(a: Value, b: Value): boolean {
    return a.type === b.type && Buffer.compare(this.keyOf(a), this.keyOf(b)) === 0;
  }

  private isKnown(value: Value): boolean {
    const key = this.keyOf(value);
    return this.knownPatterns.find(key, 0, key.length) >= 0;
  }

  private keyOf(value: Value): Uint8Array {
    this.keys.clear();
    this.keys.append(value.type, value.bytes, value.at);
    return this.keys.writer.toBytes();
  }

  private finishRow(): Pulled {
    const { writer, depthSetter } = this;
    const documents = this.found.map(({ document, depth }) => {
      if (depthSetter === undefined) return new Value(OBJECT, document, 0);
      writer.clear();
      depthSetter.write(document, 0, int64OfNumber(depth), writer);
      return new Value(OBJECT, writer.toBytes(), 0);
    });
    writer.clear();
    const array = documents.length === 0 ? EMPTY_ARRAY : arrayValue(documents);
    this.setter.write(this.row.bytes, 0, array, writer);
    this.bytes = writer.bytes;
    this.at = 0;
    return ROW;
  }

  override close(): void {
    super.close();
    this.step?.close();
    this.step = undefined;
  }
}

const ID = new FieldName('_id');
/** Null does not connect to what is not there. */
const EXISTS = objectValue([['$exists', TRUE_VALUE]], OBJECT);

function parseMaxDepth(value: Value | undefined): number {
  if (value === undefined) return Infinity;
  if (!isNumberType(value.type))
    throw new ElmoError(
      12109307,
      `$graphLookup 'maxDepth' must be numeric, but found type: ${TYPE_NAMES.get(value.type)}`,
    );
  const whole = wholeOf(value);
  if (whole === undefined)
    throw new ElmoError(
      12109309,
      `$graphLookup 'maxDepth' must be an integer representable as a long long, but found: ${doubleOf(value)}`,
    );
  if (whole < 0n)
    throw new ElmoError(12109308, `$graphLookup 'maxDepth' must be nonnegative, but found: ${whole}`);
  return Number(whole);
}

const REQUIRED = ['startWith', 'as', 'connectFromField', 'connectToField'] as const;
const KNOWN: ReadonlySet<string> = new Set([
  ...REQUIRED,
  'from',
  'maxDepth',
  'depthField',
  'restrictSearchWithMatch',
]);

/** The arguments as far as they can be told without the rest of the pipeline. */
interface GraphArguments {
  readonly given: ReadonlyMap<string, Value>;
  readonly from: string;
  readonly maxDepth: number;
  pathOf(name: string): string | undefined;
}

function readArguments(argument: Value, { namespace }: LookContext): GraphArguments {
  if (argument.type !== OBJECT)
    throw new ElmoError(
      'FailedToParse',
      `the $graphLookup stage specification must be an object, but found ${TYPE_NAMES.get(argument.type)}`,
    );
  const given = argumentsOf(argument);
  for (const name of given.keys())
    if (!KNOWN.has(name))
      throw new ElmoError(
        12109312,
        `unknown argument to $graphLookup: BSON field '$graphLookup.${name}' is an unknown field.`,
      );
  const from = parseFrom(given.get('from'), namespace.db);
  const names = ['as', 'connectFromField', 'connectToField', 'depthField'];
  const paths = new Map(names.map((name) => [name, parsePath(name, given.get(name))]));
  const maxDepth = parseMaxDepth(given.get('maxDepth'));
  const restriction = given.get('restrictSearchWithMatch');
  if (restriction !== undefined && restriction.type !== OBJECT)
    throw new ElmoError(
      12109310,
      `$graphLookup 'restrictSearchWithMatch' must be an object, but found ${TYPE_NAMES.get(restriction.type)}`,
    );
  return { given, from, maxDepth, pathOf: (name) => paths.get(name) };
}

function parseFrom(from: Value | undefined, db: string): string {
  if (from === undefined)
    throw new ElmoError('FailedToParse', "missing 'from' option to $graphLookup stage specification");
  if (from.type !== STRING)
    throw new ElmoError(
      'FailedToParse',
      `$graphLookup 'from' field must be a string, but found ${TYPE_NAMES.get(from.type)}`,
    );
  if (from.text === '') throw new ElmoError('InvalidNamespace', `invalid $graphLookup namespace: ${db}`);
  return from.text;
}

function parsePath(name: string, value: Value | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (value.type !== STRING)
    throw new ElmoError(
      12109311,
      `$graphLookup '${name}' field must be a string, but found ${TYPE_NAMES.get(value.type)}`,
    );
  return checkedFieldPath(value.text);
}

function parseGraphLookup(argument: Value, context: StageContext): Stage {
  const kept = argument.keep();
  const { given, from, maxDepth, pathOf } = readArguments(kept, context);
  for (const name of REQUIRED)
    if (!given.has(name))
      throw new ElmoError(12109300, `$graphLookup is missing required field(s): '${name}'`);
  const inner: StageContext = {
    ...context,
    namespace: { db: context.namespace.db, collection: from },
    kind: '$lookup',
    depth: context.depth + 1,
  };
  const startWith = parseUnfolded(() => context.scope.parse(given.get('startWith')!));
  const restriction = given.get('restrictSearchWithMatch');
  if (restriction !== undefined)
    context.parsePipeline(arrayValue([objectValue([['$match', restriction]], OBJECT)]), inner); // for its errors
  return new GraphLookupStage(kept, {
    startWith,
    connectFrom: pathOf('connectFromField')!,
    connectTo: pathOf('connectToField')!,
    as: pathOf('as')!,
    maxDepth,
    depthField: pathOf('depthField'),
    restriction,
    context: inner,
  });
}

function lookAtGraph(argument: Value, context: LookContext): void {
  const { from } = readArguments(argument, context);
  context.joins?.({ db: context.namespace.db, collection: from });
}

export const graphLookupStages: StageOperators = {
  $graphLookup: {
    look: lookAtGraph,
    parse: (argument, context) => [parseGraphLookup(argument, context)],
  },
};
