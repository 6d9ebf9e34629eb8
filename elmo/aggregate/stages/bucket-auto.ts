/** `$bucketAuto`: so many groups of about as many rows each, by ranges of a value. */
import { compareValues, type Collation } from '../../bson/compare.js';
import { OBJECT, STRING, TYPE_NAMES } from '../../bson/types.js';
import { NULL_VALUE, type Value, writeElement } from '../../bson/value.js';
import { documentLength, FieldName } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import { SlicedSort } from '../../exec/sliced-sort.js';
import { Frame, type Expression } from '../../expression/expression.js';
import { doubleOf, INT32_MAX, INT32_MIN, isNumberType } from '../../expression/numbers.js';
import type { RowMetadata, RowSource } from '../../operation/row-source.js';
import type { Accumulator } from '../accumulators/accumulator.js';
import { argumentsOf, objectValue } from '../arguments.js';
import { comparatorOf } from '../collation-order.js';
import { granularityOf, type Granularity } from '../granularity.js';
import type { GroupField } from '../group/groups.js';
import { MAX_STAGE_BYTES } from '../limits.js';
import { wholeOf } from '../numbers.js';
import { RowFields } from '../row-fields.js';
import { BlockingRows } from '../rows.js';
import type { PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';
import { isGroupBy, parseOutput } from './bucket.js';

interface BucketAutoOptions {
  readonly groupBy: Expression;
  readonly buckets: number;
  readonly granularity: Granularity | undefined;
  readonly fields: readonly GroupField[];
  readonly collation: Collation | undefined;
}

class BucketAutoStage implements Stage {
  readonly name = '$bucketAuto';
  readonly changedPaths = undefined;
  readonly isOneToOne = false;

  constructor(
    readonly argument: Value,
    private readonly options: BucketAutoOptions,
  ) {}

  open(input: RowSource, run: PipelineRun): RowSource {
    return new BucketAutoRows(input, run, this.options);
  }

  addDependencies(into: Set<string>): boolean {
    this.options.groupBy.addDependencies(into);
    for (const { spec } of this.options.fields) spec.addDependencies(into);
    return true;
  }
}

interface Sorted {
  readonly value: Value;
  readonly row: Uint8Array;
  /** Which of the input's rows. */
  readonly index: number;
  readonly metadata: RowMetadata | undefined;
}

const ROW_OVERHEAD = 160;
const ID = new FieldName('_id').bytes;

class BucketAutoRows extends BlockingRows {
  private rows: Sorted[] = [];
  private sorting: SlicedSort<Sorted> | undefined;
  private rowBytes = 0;
  /** The first row that is in no bucket yet. */
  private next = 0;
  private bucket = 0;
  private bucketRows = 0;
  /** Where the bucket before ended, rounded. */
  private lastMax: Value | undefined;
  private readonly rowFields = new RowFields();
  private readonly accumulators: readonly Accumulator[];
  private readonly names: readonly FieldName[];
  private readonly writer = new BsonWriter();
  private readonly idFrame = new Frame();

  constructor(
    input: RowSource,
    private readonly run: PipelineRun,
    private readonly options: BucketAutoOptions,
  ) {
    super(input, run.operation);
    this.accumulators = options.fields.map(({ spec }) => spec.create(this.rowFields));
    this.names = options.fields.map(({ name }) => new FieldName(name));
  }

  protected take(bytes: Uint8Array, at: number): void {
    const { frame, maxStageBytes = MAX_STAGE_BYTES } = this.run;
    frame.setDocument(bytes, at);
    frame.setMetadata(this.input.metadata);
    const value = this.options.groupBy.evaluate(frame);
    if (this.options.granularity !== undefined) refuseUnroundable(value);
    const row = bytes.slice(at, at + documentLength(bytes, at));
    this.rowBytes += row.length + ROW_OVERHEAD;
    if (this.rowBytes > maxStageBytes)
      throw new ElmoError(
        'QueryExceededMemoryLimitNoDiskUseAllowed',
        `$bucketAuto exceeded its memory limit of ${maxStageBytes} bytes`,
      );
    this.rows.push({
      value: value.isMissing ? NULL_VALUE : value.keep(),
      row,
      index: this.rows.length,
      metadata: this.input.metadata,
    });
  }

  protected override finish(): boolean {
    super.finish();
    this.sorting ??= new SlicedSort(this.rows, (a, b) => this.compare(a.value, b.value));
    const sorted = this.sorting.run(() => this.operation.look());
    if (sorted === undefined) return false;
    this.rows = sorted;
    this.bucketRows = Math.max(1, Math.round(sorted.length / this.options.buckets));
    return true;
  }

  private compare(a: Value, b: Value): number {
    return compareValues(a.bytes, a.type, a.at, b.bytes, b.type, b.at, this.options.collation);
  }

  protected emit(): boolean {
    const { rows, options } = this;
    if (this.next === rows.length) return false;
    const isLast = ++this.bucket === options.buckets;
    const first = this.next;
    let end = isLast ? rows.length : Math.min(first + this.bucketRows, rows.length);
    const { granularity } = options;
    let [min, max] = [rows[first]!.value, rows[end - 1]!.value];
    if (granularity === undefined) {
      while (end < rows.length && this.compare(rows[end]!.value, max) === 0) end++;
      max = end < rows.length ? rows[end]!.value : rows.at(-1)!.value;
    } else {
      min = this.lastMax ?? granularity.down(min);
      max = granularity.up(max);
      if (doubleOf(max) === 0) {
        while (end < rows.length && this.compare(rows[end]!.value, max) === 0) end++;
        if (end < rows.length) max = granularity.down(rows[end]!.value);
      } else while (end < rows.length && this.compare(rows[end]!.value, max) < 0) end++;
      this.lastMax = max;
    }
    this.next = end;
    this.write(first, end, min, max);
    return true;
  }

  private write(first: number, end: number, min: Value, max: Value): void {
    const { writer, accumulators, rowFields, idFrame } = this;
    const { frame } = this.run;
    const bounds = objectValue(
      [
        ['min', min],
        ['max', max],
      ],
      OBJECT,
    );
    idFrame.setDocument(bounds.bytes, bounds.at);
    for (const accumulator of accumulators) {
      accumulator.clear();
      accumulator.addGroup(idFrame);
    }
    // accumulators see the rows of a bucket as they came
    const rows = this.rows.slice(first, end).sort((a, b) => a.index - b.index);
    for (const { row, metadata } of rows) {
      frame.setDocument(row, 0);
      frame.setMetadata(metadata);
      rowFields.read(row, 0);
      for (const accumulator of accumulators) accumulator.add(0, frame);
    }
    writer.clear();
    const start = writer.beginDocument();
    const ownId = this.options.fields.findIndex(({ name }) => name === '_id');
    writeElement(writer, ID, ownId < 0 ? bounds : accumulators[ownId]!.result(0));
    for (const [i, name] of this.names.entries())
      if (i !== ownId) writeElement(writer, name.bytes, accumulators[i]!.result(0));
    writer.endDocument(start);
    this.bytes = writer.bytes;
  }

  override close(): void {
    super.close();
    this.rows = [];
    this.next = 0;
  }
}

function refuseUnroundable(value: Value): void {
  if (!isNumberType(value.type))
    throw new ElmoError(
      40258,
      `$bucketAuto can specify a 'granularity' with numeric boundaries only, but found a value with type: ${TYPE_NAMES.get(value.type)}`,
    );
  const number = doubleOf(value);
  if (Number.isNaN(number))
    throw new ElmoError(
      40259,
      "$bucketAuto can specify a 'granularity' with numeric boundaries only, but found a NaN",
    );
  if (number < 0)
    throw new ElmoError(
      40260,
      "$bucketAuto can specify a 'granularity' with non-negative numbers only, but found a negative number",
    );
}

function parseBuckets(value: Value): number {
  if (!isNumberType(value.type))
    throw new ElmoError(
      40241,
      `The $bucketAuto 'buckets' field must be a numeric value, but found type: ${TYPE_NAMES.get(value.type)}`,
    );
  const whole = wholeOf(value);
  if (whole === undefined || whole > BigInt(INT32_MAX) || whole < BigInt(INT32_MIN))
    throw new ElmoError(
      40242,
      `The $bucketAuto 'buckets' field must be representable as a 32-bit integer, but found ${doubleOf(value)}`,
    );
  return Number(whole);
}

function parseGranularity(value: Value): Granularity {
  if (value.type !== STRING)
    throw new ElmoError(
      40261,
      `The $bucketAuto 'granularity' field must be a string, but found type: ${TYPE_NAMES.get(value.type)}`,
    );
  return granularityOf(value.text);
}

function isEmptyObject(value: Value): boolean {
  return value.type === OBJECT && argumentsOf(value).size === 0;
}

function parseBucketAuto(argument: Value, context: StageContext): Stage {
  if (argument.type !== OBJECT)
    throw new ElmoError(
      40240,
      `The argument to $bucketAuto must be an object, but found type: ${TYPE_NAMES.get(argument.type)}`,
    );
  const outputOf = (value: Value | undefined): GroupField[] =>
    parseOutput(value, context, '$bucketAuto', 40244);
  let groupBy: Expression | undefined;
  let buckets: number | undefined;
  let granularity: Granularity | undefined;
  let output: GroupField[] | undefined;
  for (const [name, value] of argumentsOf(argument))
    if (name === 'groupBy') {
      if (!isGroupBy(value))
        throw new ElmoError(
          40239,
          "The $bucketAuto 'groupBy' field must be defined as a $-prefixed path or an expression object",
        );
      groupBy = context.scope.parse(value);
    } else if (name === 'buckets') buckets = parseBuckets(value);
    else if (name === 'granularity') granularity = parseGranularity(value);
    else if (name === 'output') output = isEmptyObject(value) ? undefined : outputOf(value);
    else throw new ElmoError(40245, `Unrecognized option to $bucketAuto: ${name}`);
  if (groupBy === undefined || buckets === undefined)
    throw new ElmoError(40246, "$bucketAuto requires 'groupBy' and 'buckets' to be specified");
  if (buckets <= 0)
    throw new ElmoError(
      40243,
      `The $bucketAuto 'buckets' field must be greater than 0, but found: ${buckets}`,
    );
  const fields = output ?? outputOf(undefined);
  const collation = comparatorOf(context.scope.collation);
  return new BucketAutoStage(argument.keep(), { groupBy, buckets, granularity, fields, collation });
}

export const bucketAutoStages: StageOperators = {
  $bucketAuto: { parse: (argument, context) => [parseBucketAuto(argument, context)] },
};
