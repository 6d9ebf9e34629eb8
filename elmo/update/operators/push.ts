/** $push, with $each, $position, $slice, $sort. Source: MongoDB manual, "Array Update Operators". */
import { readInt32 } from '../../bson/read.js';
import { ARRAY, OBJECT } from '../../bson/types.js';
import { Value } from '../../bson/value.js';
import { endOfValue } from '../../bson/walk.js';
import type { BsonWriter } from '../../bson/writer.js';
import { ERROR_CODES } from '../../error-codes.js';
import { ElmoError } from '../../errors.js';
import { typeNameOf } from '../../expression/numbers.js';
import { elementsOf, isNumber, wholeNumber } from '../../query/elements.js';
import { LeafNode } from '../node.js';
import { refuseCreation, type Run } from '../run.js';
import { parseElementOrder, type ElementOrder } from './element-order.js';
import type { OperatorContext, UpdateOperators } from './operator.js';

interface PushArguments {
  readonly values: readonly Value[];
  /** From the end if negative; undefined: the end. */
  readonly position: number | undefined;
  /** How many to keep: of the first, or of the last if negative. */
  readonly slice: number | undefined;
  readonly order: ElementOrder | undefined;
}

export class PushNode extends LeafNode {
  constructor(
    path: string,
    private readonly given: PushArguments,
  ) {
    super(path);
  }

  override get addsElements(): boolean {
    return this.given.values.length > 0;
  }

  override apply(run: Run, type: number, _nameStart: number, valueStart: number): void {
    if (type !== ARRAY)
      throw new ElmoError(
        'BadValue',
        `The field '${this.path}' must be an array but is of type ${typeNameOf(new Value(type, run.bytes, valueStart))} in document {${run.idText}}`,
      );
    const { values, position, slice, order } = this.given;
    const { edits, bytes } = run;
    const { scratch } = edits;
    if (position === undefined && slice === undefined && order === undefined) {
      if (values.length > 0) this.append(run, valueStart);
      return;
    }
    const old = elementsOf(new Value(type, bytes, valueStart)).map(({ value }) => value);
    const pushed = this.combine(old);
    const isSame =
      values.length === 0 && pushed.length === old.length && (order === undefined || old.length === 0);
    if (isSame) return;
    const from = scratch.length;
    writeArray(scratch, pushed);
    edits.replace(valueStart, endOfValue(bytes, ARRAY, valueStart), from);
  }

  override create(run: Run, name: Uint8Array): boolean {
    const { scratch } = run.edits;
    scratch.writeName(ARRAY, name);
    writeArray(scratch, this.combine([]));
    return true;
  }

  override refuse(run: Run, field: string, type: number, nameStart: number, valueStart: number): void {
    refuseCreation(run, field, type, nameStart, valueStart);
  }

  /** All values at the end: the rest stays where it is. */
  private append({ edits, bytes }: Run, valueStart: number): void {
    const { scratch } = edits;
    const limit = valueStart + readInt32(bytes, valueStart) - 1;
    const from = scratch.length;
    let index = countElements(bytes, valueStart, limit);
    for (const value of this.given.values) {
      scratch.writeIndex(value.type, index++);
      scratch.writeRange(value.bytes, value.at, value.end);
    }
    const to = scratch.length;
    scratch.writeInt32(readInt32(bytes, valueStart) + to - from);
    edits.replaceBy(valueStart, valueStart + 4, to, to + 4);
    edits.replaceBy(limit, limit, from, to);
  }

  private combine(old: readonly Value[]): readonly Value[] {
    const { values, position, slice, order } = this.given;
    const all = [...old];
    all.splice(position ?? all.length, 0, ...values);
    if (order !== undefined) all.sort(order);
    if (slice === undefined) return all;
    return slice < 0 ? all.slice(slice) : all.slice(0, slice);
  }
}

function countElements(bytes: Uint8Array, array: number, limit: number): number {
  let count = 0;
  for (let at = array + 4; at < limit; count++) {
    const type = bytes[at]!;
    at++;
    while (bytes[at]! > 0) at++;
    at = endOfValue(bytes, type, at + 1);
  }
  return count;
}

export function writeArray(writer: BsonWriter, values: readonly Value[]): void {
  const start = writer.beginDocument();
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    writer.writeIndex(value.type, i);
    writer.writeRange(value.bytes, value.at, value.end);
  }
  writer.endDocument(start);
}

/** A whole number as an index: what is beyond all arrays stays beyond. */
function wholeArgument(value: Value, complaint: string): number {
  const whole = isNumber(value) ? wholeNumber(value) : undefined;
  if (typeof whole !== 'bigint')
    throw new ElmoError(ERROR_CODES.BadValue, `${complaint} ${typeNameOf(value)}`);
  return Number(whole);
}

function parseModifiers(argument: Value, context: OperatorContext): PushArguments | undefined {
  if (argument.type !== OBJECT) return undefined;
  const clauses = elementsOf(argument);
  if (!clauses.some(({ name }) => name === '$each')) return undefined;
  const found = new Map<string, Value>();
  for (const { name, value } of clauses) {
    if (name !== '$each' && name !== '$slice' && name !== '$sort' && name !== '$position')
      throw new ElmoError('BadValue', `Unrecognized clause in $push: ${name}`);
    if (found.has(name)) throw new ElmoError('BadValue', `Only one ${name} is supported.`);
    found.set(name, value);
  }
  const each = found.get('$each')!;
  if (each.type !== ARRAY)
    throw new ElmoError(
      'BadValue',
      `The argument to $each in $push must be an array but it was of type: ${typeNameOf(each)}`,
    );
  const slice = found.get('$slice');
  const sort = found.get('$sort');
  const position = found.get('$position');
  return {
    values: elementsOf(each).map(({ value }) => value),
    slice:
      slice === undefined
        ? undefined
        : wholeArgument(slice, 'The value for $slice must be an integer value but was given type:'),
    order: sort === undefined ? undefined : parseElementOrder(sort, context.compareTexts),
    position:
      position === undefined
        ? undefined
        : wholeArgument(position, 'The value for $position must be an integer value, not of type:'),
  };
}

export const pushOperators: UpdateOperators = {
  $push: {
    parse(path, argument, context) {
      const given = parseModifiers(argument, context) ?? {
        values: [argument],
        position: undefined,
        slice: undefined,
        order: undefined,
      };
      return [new PushNode(path, given)];
    },
  },
};
