/** `$setWindowFields`: fields computed from the rows around a row, in an order, within its part of the rows. */
import { compareValues, type Collation } from '../../bson/compare.js';
import { ARRAY, NULL, OBJECT, TYPE_NAMES } from '../../bson/types.js';
import { NULL_VALUE, UNDEFINED_VALUE, type Value } from '../../bson/value.js';
import { documentLength } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import { collatorOf } from '../../collation/collator.js';
import { ElmoError } from '../../errors.js';
import { SlicedSort } from '../../exec/sliced-sort.js';
import { compareBytes, SortKeys, type SortField } from '../../exec/sort-key.js';
import type { Expression, Frame } from '../../expression/expression.js';
import { PathFollower } from '../../expression/nodes.js';
import type { RowMetadata, RowSource } from '../../operation/row-source.js';
import { argumentsOf, arrayValue, elementsOf, mentions } from '../arguments.js';
import { CanonicalKeys } from '../canonical-keys.js';
import { checkedFieldPath } from '../field-path.js';
import { MAX_STAGE_BYTES } from '../limits.js';
import { BlockingRows } from '../rows.js';
import { PathSetter } from '../set-path.js';
import { parseSortFields } from '../../exec/sort-pattern.js';
import { RowOrder } from '../row-order.js';
import type { PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';
import {
  faultOfReading,
  firstWithoutPlace,
  inOrderOfFunctions,
  reachOf,
  valuesUpToFault,
  type PartitionView,
  type Reaching,
} from '../window/faults.js';
import { checkFrameOrder, parseFrame, rangePlace, type FrameSpec } from '../window/frame.js';
import { checkSlopes } from '../window/calculus.js';
import { parseWindowFunction } from '../window/functions.js';
import type { Fault, Partition } from '../window/values-function.js';

interface Output extends Reaching {
  readonly path: string;
}

interface WindowOptions {
  readonly partitionBy: Expression | undefined;
  /** If it is the value of a field. */
  readonly partitionPath: string | undefined;
  readonly sortBy: readonly SortField[];
  readonly outputs: readonly Output[];
  readonly context: StageContext;
}

class SetWindowFieldsStage implements Stage {
  readonly name = '$setWindowFields';
  readonly changedPaths = undefined;
  readonly isOneToOne = false;

  constructor(
    readonly argument: Value,
    private readonly options: WindowOptions,
  ) {}

  open(input: RowSource, run: PipelineRun): RowSource {
    return new WindowRows(input, run, this.options);
  }

  addDependencies(into: Set<string>): boolean {
    const { partitionBy, sortBy, outputs } = this.options;
    partitionBy?.addDependencies(into);
    for (const { path } of sortBy) into.add(path);
    for (const { compute } of outputs) compute.addDependencies(into);
    return false;
  }
}

interface KeyedRow {
  readonly row: Uint8Array;
  /** Which partition; equal bytes, equal partition. */
  readonly partition: Uint8Array;
  /** The value it is sorted by, under a collation; undefined otherwise: by the bytes. */
  readonly partitionValue: Value | undefined;
  readonly key: Uint8Array;
  /** Whether the partition is an array, which is told when it is its turn. */
  readonly isRefused: boolean;
  readonly metadata: RowMetadata | undefined;
}

const ROW_OVERHEAD = 240;

class WindowRows extends BlockingRows {
  private rows: KeyedRow[] = [];
  private sorting: SlicedSort<KeyedRow> | undefined;
  private rowBytes = 0;
  private next = 0;
  /** End of the partition that `values` are of. */
  private partitionEnd = 0;
  private partitionStart = 0;
  /** By output, by row of the partition. */
  private values: Value[][] = [];
  private fault: Fault | undefined;
  private readonly order: RowOrder;
  /** By the path that partitions are values of. */
  private readonly pathKeys: SortKeys | undefined;
  private readonly keys: CanonicalKeys;
  private readonly collation: Collation | undefined;
  /** Whether rows are asked what they sort by. */
  private readonly tellsKeys: boolean;
  private readonly setters: readonly PathSetter[];
  private readonly writers = [new BsonWriter(), new BsonWriter()];

  constructor(
    input: RowSource,
    private readonly run: PipelineRun,
    private readonly options: WindowOptions,
  ) {
    super(input, run.operation);
    const { collation } = options.context.scope;
    this.tellsKeys =
      run.metadata.has('sortKey') && (options.partitionBy !== undefined || options.sortBy.length > 0);
    this.order = new RowOrder(options.sortBy, collation, options.partitionBy !== undefined);
    if (options.partitionPath !== undefined)
      this.pathKeys = new SortKeys(
        [{ path: options.partitionPath, direction: 1, meta: undefined }],
        collation,
      );
    this.keys = new CanonicalKeys(collation);
    this.collation = collation === undefined ? undefined : collatorOf(collation);
    this.setters = options.outputs.map(({ path }) => new PathSetter(path, true));
  }

  protected take(bytes: Uint8Array, at: number): void {
    const { keys, run } = this;
    const { metadata } = this.input;
    const row = bytes.slice(at, at + documentLength(bytes, at));
    keys.clear();
    const { partitionBy, sortBy } = this.options;
    let isRefused = false;
    let partitionValue: Value | undefined;
    const sortKey: Value[] = [];
    if (partitionBy !== undefined) {
      run.frame.setDocument(row, 0);
      run.frame.setMetadata(this.input.metadata);
      const value = partitionBy.evaluate(run.frame);
      isRefused = value.type === ARRAY;
      if (isRefused) this.checkParallel(row);
      const told = isRefused ? this.sortedBy(row, value) : value.isMissing ? NULL_VALUE : value;
      keys.clear();
      keys.append(told.type, told.bytes, told.at);
      if (this.collation !== undefined) partitionValue = told.keep();
      if (this.tellsKeys) sortKey.push(told.keep());
    }
    const key = sortBy.length === 0 ? NO_KEY : this.order.keyOf(row, 0);
    const told = this.tellsKeys ? this.withSortKey(row, sortKey) : metadata;
    this.rows.push({
      row,
      partition: keys.writer.toBytes(),
      partitionValue,
      key,
      isRefused,
      metadata: told,
    });
    this.rowBytes += row.length + key.length + ROW_OVERHEAD;
    const most = run.maxStageBytes ?? MAX_STAGE_BYTES;
    if (this.rowBytes > most)
      throw new ElmoError(5414201, `$setWindowFields exceeded its memory limit of ${most} bytes`);
  }

  /** @param partition  what the row is parted by, if by anything */
  private withSortKey(row: Uint8Array, partition: readonly Value[]): RowMetadata {
    const values = this.options.sortBy.length === 0 ? [] : this.order.valuesOf(row, 0);
    return { ...this.input.metadata, sortKey: arrayValue([...partition, ...values]).bytes };
  }

  /** What a row sorts by whose partition is an array: of a path as in any sort, positions included. */
  private sortedBy(row: Uint8Array, array: Value): Value {
    return this.pathKeys?.valuesOf(row, 0)[0] ?? this.leastOf(array);
  }

  private leastOf(array: Value): Value {
    const { keys } = this;
    let least: Value = UNDEFINED_VALUE;
    let leastKey: Uint8Array | undefined;
    for (const element of elementsOf(array)) {
      keys.clear();
      keys.append(element.type, element.bytes, element.at);
      const key = keys.writer.toBytes();
      if (leastKey !== undefined && compareBytes(key, key.length, leastKey, leastKey.length) >= 0) continue;
      least = element;
      leastKey = key;
    }
    return least;
  }

  /** An array by which rows are parted is like one they are sorted by. @throws ElmoError BadValue */
  private checkParallel(row: Uint8Array): void {
    const { partitionPath, sortBy } = this.options;
    if (partitionPath !== undefined) {
      const first: SortField = { path: partitionPath, direction: 1, meta: undefined };
      new RowOrder([first, ...sortBy], undefined).keyOf(row, 0);
    } else if (sortBy.length > 0 && this.order.meetsArray(row, 0))
      throw new ElmoError('BadValue', 'cannot sort with keys that are parallel arrays');
  }

  protected override finish(): boolean {
    super.finish();
    const hasOrder = this.options.sortBy.length > 0;
    this.sorting ??= new SlicedSort(
      this.rows,
      (a, b) => this.comparePartitions(a, b) || (hasOrder ? this.order.compare(a.key, b.key) : 0),
    );
    const sorted = this.sorting.run(() => this.operation.look());
    if (sorted === undefined) return false;
    this.rows = sorted;
    return true;
  }

  protected emit(): boolean {
    const { rows, next } = this;
    if (next === rows.length) return false;
    if (next === this.partitionEnd) this.beginPartition();
    if (next - this.partitionStart === this.fault?.row) throw this.fault.error;
    let { row } = rows[next]!;
    for (const [i, setter] of this.setters.entries()) {
      const writer = this.writers[i & 1]!;
      writer.clear();
      setter.write(row, 0, this.values[i]![next - this.partitionStart]!, writer);
      row = writer.bytes;
    }
    this.bytes = row;
    this.told = rows[next]!.metadata;
    this.next++;
    return true;
  }

  private comparePartitions(a: KeyedRow, b: KeyedRow): number {
    const [x, y] = [a.partitionValue, b.partitionValue];
    return x === undefined || y === undefined
      ? compareBytes(a.partition, a.partition.length, b.partition, b.partition.length)
      : compareValues(x.bytes, x.type, x.at, y.bytes, y.type, y.at, this.collation);
  }

  private beginPartition(): void {
    const { rows } = this;
    const start = (this.partitionStart = this.next);
    if (rows[start]!.isRefused) throw arrayPartition();
    const { partition } = rows[start]!;
    let end = start + 1;
    while (
      end < rows.length &&
      !rows[end]!.isRefused &&
      compareBytes(rows[end]!.partition, rows[end]!.partition.length, partition, partition.length) === 0
    )
      end++;
    this.partitionEnd = end;
    const { outputs, sortBy } = this.options;
    const view: PartitionView = (count) =>
      new PartitionRows(rows.slice(start, start + count), this.order, sortBy);
    const count = end - start;
    const { values, first } = valuesUpToFault(outputs, view, count, this.run.frame);
    this.values = values;
    const place = firstWithoutPlace(outputs, view(count));
    // what follows is read to find the end of this partition
    const unread =
      rows[end]?.isRefused === true ? faultOfReading(outputs, view, count, arrayPartition()) : undefined;
    const faults =
      first?.fault.isBehindReading === true
        ? inOrderOfFunctions(place, unread, first)
        : inOrderOfFunctions(place, first, unread);
    this.fault = faults.reduce<Fault | undefined>(
      (least, each) => (least === undefined || each.row < least.row ? each : least),
      undefined,
    );
  }

  override close(): void {
    super.close();
    this.rows = [];
    this.next = 0;
  }
}

const NO_KEY = new Uint8Array(0);

class PartitionRows implements Partition {
  readonly rows: readonly Uint8Array[];
  withoutPlace: Fault | undefined;

  constructor(
    private readonly keyed: readonly KeyedRow[],
    private readonly order: RowOrder,
    private readonly sortBy: readonly SortField[],
  ) {
    this.rows = keyed.map(({ row }) => row);
  }

  show(row: number, frame: Frame): void {
    frame.setDocument(this.rows[row]!, 0);
    frame.setMetadata(this.keyed[row]!.metadata);
  }

  isTied(row: number, other: number): boolean {
    return this.order.compare(this.keyed[row]!.key, this.keyed[other]!.key) === 0;
  }

  places(frame: FrameSpec): readonly number[] {
    if (frame.kind !== 'range') return [];
    const follower = new PathFollower(this.sortBy[0]!.path.split('.'));
    const placeOf = (row: Uint8Array): number => {
      const value = follower.follow(row, 0);
      return rangePlace(value.isMissing ? NULL_VALUE : value, frame.unit);
    };
    const places: number[] = new Array<number>(this.rows.length).fill(Infinity);
    for (const [i, row] of this.rows.entries())
      try {
        places[i] = placeOf(row);
      } catch (error) {
        this.withoutPlace = { row: i, error };
        break;
      }
    return places;
  }
}

function parseOutput(
  path: string,
  value: Value,
  sortBy: readonly SortField[],
  { scope }: StageContext,
): Output {
  if (value.type !== OBJECT) throw new ElmoError('FailedToParse', `The field '${path}' must be an object`);
  let named: [string, Value] | undefined;
  let window: Value | undefined;
  for (const [name, argument] of argumentsOf(value))
    if (name.startsWith('$')) {
      if (named !== undefined)
        throw new ElmoError('FailedToParse', 'Cannot specify two functions in window function spec');
      named = [name, argument];
    } else if (name === 'window') window = argument;
    else throw new ElmoError('FailedToParse', `Window function found an unknown argument: ${name}`);
  if (named === undefined) throw new ElmoError('FailedToParse', 'Expected a $-prefixed window function');
  checkSlopes(named[0], sortBy.length);
  const sort = { count: sortBy.length, isAscending: sortBy[0]?.direction !== -1 };
  let frame: FrameSpec | undefined;
  // looked at when the function asks for it: most are parsed before their window is
  const frameOf = (): FrameSpec => {
    if (frame === undefined) checkFrameOrder((frame = parseFrame(window)), sort);
    return frame;
  };
  const compute = parseWindowFunction(named[0], named[1], {
    scope,
    get frame() {
      return frameOf();
    },
    hasWindow: window !== undefined,
    sortPaths: sortBy.map(({ path: sortPath }) => sortPath),
  });
  return { path, compute, reach: reachOf(...named, frameOf()) };
}

/** No output may lie within another. */
function refuseConflicts(outputs: readonly Output[]): void {
  const isWithin = (path: string): boolean => outputs.some((other) => path.startsWith(`${other.path}.`));
  if (outputs.some(({ path }) => isWithin(path)))
    throw new ElmoError(6307900, "$setWindowFields 'output' specification contains two conflicting paths");
}

function arrayPartition(): ElmoError {
  return new ElmoError(
    'TypeMismatch',
    'An expression used to partition cannot evaluate to value of type array',
  );
}

function wrongType(name: string, value: Value): ElmoError {
  return new ElmoError(
    'TypeMismatch',
    `BSON field '$setWindowFields.${name}' is the wrong type '${TYPE_NAMES.get(value.type)}', expected type 'object'`,
  );
}

function parseSetWindowFields(argument: Value, context: StageContext): Stage {
  if (argument.type !== OBJECT)
    throw new ElmoError(
      'FailedToParse',
      `the $setWindowFields stage specification must be an object, found ${TYPE_NAMES.get(argument.type)}`,
    );
  const given = argumentsOf(argument.keep());
  for (const [name, value] of given)
    if (name === 'sortBy' || name === 'output') {
      if (value.type === NULL) given.delete(name);
      else if (value.type !== OBJECT) throw wrongType(name, value);
    } else if (name !== 'partitionBy')
      throw new ElmoError('IDLUnknownField', `BSON field '$setWindowFields.${name}' is an unknown field.`);
  const [partitionBy, sortBy, output] = [given.get('partitionBy'), given.get('sortBy'), given.get('output')];
  if (output === undefined)
    throw new ElmoError(
      'IDLFailedToParse',
      "BSON field '$setWindowFields.output' is missing but a required field",
    );
  const partition = partitionBy === undefined ? undefined : context.scope.parse(partitionBy);
  const pattern = sortBy === undefined ? [] : parseSortFields(sortBy);
  const outputs = [...argumentsOf(output)].map(([path, value]) => parseOutput(path, value, pattern, context));
  refuseConflicts(outputs);
  if (partition?.constant?.type === ARRAY) throw arrayPartition();
  for (const { path } of outputs) checkedFieldPath(path);
  const isParted = partition !== undefined && !isOfAllRows(partitionBy!, partition);
  return new SetWindowFieldsStage(argument.keep(), {
    partitionBy: isParted ? partition : undefined,
    partitionPath: partition?.rootPath,
    sortBy: pattern,
    outputs,
    context,
  });
}

const VARIABLE = Buffer.from('$$');
const REMOVE = Buffer.from('$$REMOVE\0');

/** Whether all rows are one partition, as by a constant: no variable is one, though it has the same value for all. */
function isOfAllRows(given: Value, { constant }: Expression): boolean {
  return constant !== undefined && (!mentions(given, VARIABLE) || mentions(given, REMOVE));
}

export const windowStages: StageOperators = {
  $setWindowFields: { parse: (argument, context) => [parseSetWindowFields(argument, context)] },
};
