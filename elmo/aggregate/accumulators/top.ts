/**
 * `$top`, `$topN`, `$bottom`, `$bottomN`: what an expression gives for the first or last rows of an order. Rows that are
 * equal in the order stay as they came; one that comes when the list is full takes no equal one's place.
 */
import { BINARY, NULL, OBJECT } from '../../bson/types.js';
import { NULL_VALUE, stringValue, valueOfBytes, type Value } from '../../bson/value.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import type { Expression, Frame, ParseScope } from '../../expression/expression.js';
import { argumentsOf, arrayValue, elementsOf, objectValue } from '../arguments.js';
import { MAX_ACCUMULATOR_BYTES } from '../limits.js';
import { parseSortFields } from '../../exec/sort-pattern.js';
import { RowOrder } from '../row-order.js';
import { Accumulator, type AccumulatorOperators, type AccumulatorSpec } from './accumulator.js';
import { checkedCount } from './first-n.js';

interface Kept {
  readonly key: Uint8Array;
  readonly value: Value;
}

const KEPT_OVERHEAD = 120;

interface TopOptions {
  readonly name: string;
  readonly output: Expression;
  /** Undefined: one row, and the value is not in an array. */
  readonly count: Expression | undefined;
  readonly isTop: boolean;
  /** What rows are ordered by; undefined: fields of the outermost level, which are read from the row. */
  readonly sortValues: readonly Expression[] | undefined;
}

class Top extends Accumulator {
  heldBytes = 0;
  private lists: Kept[][] = [];
  private limits: number[] = [];

  constructor(
    private readonly options: TopOptions,
    private readonly keys: RowOrder,
  ) {
    super();
  }

  addGroup(id: Frame): void {
    const { count } = this.options;
    this.limits.push(count === undefined ? 1 : checkedCount(count.evaluate(id)));
    this.lists.push([]);
  }

  add(group: number, frame: Frame): void {
    const key = this.keyOf(frame);
    if (!this.isWanted(group, key)) return;
    const value = this.options.output.evaluate(frame);
    this.insert(group, { key, value: value.isMissing ? NULL_VALUE : value.keep() });
  }

  /** The order is one of what expressions give: a path goes through arrays as in them. */
  private keyOf(frame: Frame): Uint8Array {
    const { sortValues } = this.options;
    if (sortValues === undefined) return this.keys.keyOf(frame.bytes, frame.at);
    const fields = sortValues.map((path, i): [string, Value] => [String(i), path.evaluate(frame)]);
    return this.keys.keyOf(objectValue(fields, OBJECT).bytes, 0);
  }

  private isWanted(group: number, key: Uint8Array): boolean {
    const list = this.lists[group]!;
    if (list.length < this.limits[group]!) return true;
    return this.options.isTop
      ? this.keys.compare(key, list.at(-1)!.key) < 0
      : this.keys.compare(key, list[0]!.key) > 0;
  }

  private insert(group: number, kept: Kept): void {
    const list = this.lists[group]!;
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.keys.compare(kept.key, list[middle]!.key) < 0) high = middle;
      else low = middle + 1;
    }
    list.splice(low, 0, kept);
    this.heldBytes += sizeOf(kept);
    if (list.length > this.limits[group]!)
      this.heldBytes -= sizeOf(this.options.isTop ? list.pop()! : list.shift()!);
    if (this.heldBytes > MAX_ACCUMULATOR_BYTES)
      throw new ElmoError(
        'ExceededMemoryLimit',
        `${this.options.name} used too much memory and cannot spill to disk`,
      );
  }

  result(group: number): Value {
    const values = this.lists[group]!.map(({ value }) => value);
    return this.options.count === undefined ? (values[0] ?? NULL_VALUE) : arrayValue(values);
  }

  /** Keys and values in turn. */
  save(group: number): Value {
    return arrayValue(this.lists[group]!.flatMap(({ key, value }) => [binaryValue(key), value]));
  }

  restore(group: number, state: Value): void {
    const saved = elementsOf(state);
    for (let i = 0; i < saved.length; i += 2) {
      const { bytes, at, end } = saved[i]!;
      const key = bytes.slice(at + BINARY_HEADER, end);
      const value = saved[i + 1]!;
      if (this.isWanted(group, key))
        this.insert(group, { key, value: value.type === NULL ? NULL_VALUE : value.keep() });
    }
  }

  clear(): void {
    this.heldBytes = 0;
    this.lists = [];
    this.limits = [];
  }
}

function sizeOf({ key, value }: Kept): number {
  return key.length + value.end - value.at + KEPT_OVERHEAD;
}

/** Length and subtype. */
const BINARY_HEADER = 5;

function binaryValue(bytes: Uint8Array): Value {
  const writer = new BsonWriter();
  writer.writeInt32(bytes.length);
  writer.writeByte(0);
  writer.writeRange(bytes, 0, bytes.length);
  return valueOfBytes(BINARY, writer.bytes, 0, writer.length);
}

function parseTop(argument: Value, scope: ParseScope, name: string): AccumulatorSpec {
  const hasCount = name.endsWith('N');
  if (argument.type !== OBJECT)
    throw new ElmoError(5788001, `specification must be an object; found ${name}`);
  const given = argumentsOf(argument);
  for (const key of given.keys())
    if (key !== 'output' && key !== 'sortBy' && !(hasCount && key === 'n'))
      throw new ElmoError(5788002, `Unknown argument to ${name} '${key}'`);
  const [n, output, sortBy] = [given.get('n'), given.get('output'), given.get('sortBy')];
  if (sortBy !== undefined && sortBy.type !== OBJECT)
    throw new ElmoError(10065, 'invalid parameter: expected an object (sortBy)');
  if (hasCount && n === undefined) throw new ElmoError(5788003, "Missing value for 'n'");
  if (output === undefined) throw new ElmoError(5788004, "Missing value for 'output'");
  if (sortBy === undefined) throw new ElmoError(5788005, "Missing value for 'sortBy'");
  const pattern = parseSortFields(sortBy);
  if (pattern.length === 0) throw new ElmoError(9657900, "Value for 'sortBy' must be a non-empty object");
  const isFlat = pattern.every(({ path, meta }) => !path.includes('.') || meta !== undefined);
  const options: TopOptions = {
    name,
    output: scope.parse(output),
    count: n === undefined ? undefined : scope.parse(n),
    isTop: name.startsWith('$top'),
    sortValues: isFlat ? undefined : pattern.map(({ path }) => scope.parse(stringValue(`$${path}`))),
  };
  const order = isFlat ? pattern : pattern.map((field, i) => ({ ...field, path: String(i) }));
  return {
    create: () => new Top(options, new RowOrder(order, scope.collation)),
    addDependencies: (into) => {
      options.output.addDependencies(into);
      for (const { path } of pattern) into.add(path);
    },
  };
}

export const topAccumulators: AccumulatorOperators = {
  $top: { parse: parseTop },
  $topN: { parse: parseTop },
  $bottom: { parse: parseTop },
  $bottomN: { parse: parseTop },
};
