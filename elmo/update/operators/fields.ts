/** $set, $setOnInsert, $unset, $min, $max, $currentDate. Source: MongoDB manual, "Field Update Operators". */
import { compareValues, type Collation } from '../../bson/compare.js';
import { BOOL, DATE, NULL, OBJECT, STRING, TIMESTAMP } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { dateValue, writeElement } from '../../bson/value.js';
import { endOfValue } from '../../bson/walk.js';
import { ElmoError } from '../../errors.js';
import { typeNameOf } from '../../expression/numbers.js';
import { elementsOf } from '../../query/elements.js';
import { LeafNode } from '../node.js';
import { refuseCreation, type Run } from '../run.js';
import { timestampValue } from '../timestamps.js';
import type { UpdateOperators } from './operator.js';

/** Gives the field a value. */
class SetNode extends LeafNode {
  constructor(
    path: string,
    private readonly value: Value,
  ) {
    super(path);
  }

  override apply(run: Run, type: number, nameStart: number, valueStart: number): void {
    const { value } = this;
    const end = endOfValue(run.bytes, type, valueStart);
    if (type === value.type && isSameBytes(run.bytes, valueStart, end, value)) return;
    run.replaceValue(type, nameStart, valueStart, end, value);
  }

  override create(run: Run, name: Uint8Array): boolean {
    writeElement(run.edits.scratch, name, this.value);
    return true;
  }

  override refuse(run: Run, field: string, type: number, nameStart: number, valueStart: number): void {
    refuseCreation(run, field, type, nameStart, valueStart);
  }
}

function isSameBytes(bytes: Uint8Array, at: number, end: number, value: Value): boolean {
  const length = end - at;
  if (value.end - value.at !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== value.bytes[value.at + i]) return false;
  return true;
}

class SetOnInsertNode extends SetNode {
  override apply(run: Run, type: number, nameStart: number, valueStart: number): void {
    if (run.context.isInsert) super.apply(run, type, nameStart, valueStart);
  }

  override create(run: Run, name: Uint8Array): boolean {
    return run.context.isInsert && super.create(run, name);
  }

  override refuse(run: Run, field: string, type: number, nameStart: number, valueStart: number): void {
    if (run.context.isInsert) super.refuse(run, field, type, nameStart, valueStart);
  }
}

/** Takes a field away; an element of an array becomes null. */
export class UnsetNode extends LeafNode {
  override apply(run: Run, type: number, nameStart: number, valueStart: number, isElement: boolean): void {
    const { edits, bytes } = run;
    const from = edits.scratch.length;
    if (isElement) {
      edits.scratch.writeByte(NULL);
      edits.scratch.writeRange(bytes, nameStart, valueStart);
    }
    edits.replace(nameStart - 1, endOfValue(bytes, type, valueStart), from);
  }

  override create(): boolean {
    return false;
  }

  override refuse(): void {
    // what is not there need not be taken away
  }
}

/** Sets the field if the value is on the given side of what is there. */
class ExtremeNode extends LeafNode {
  constructor(
    path: string,
    private readonly value: Value,
    private readonly sign: 1 | -1,
    private readonly compareTexts: Collation | undefined,
  ) {
    super(path);
  }

  override apply(run: Run, type: number, nameStart: number, valueStart: number): void {
    const { value } = this;
    const order = compareValues(
      value.bytes,
      value.type,
      value.at,
      run.bytes,
      type,
      valueStart,
      this.compareTexts,
    );
    if (order * this.sign > 0)
      run.replaceValue(type, nameStart, valueStart, endOfValue(run.bytes, type, valueStart), value);
  }

  override create(run: Run, name: Uint8Array): boolean {
    writeElement(run.edits.scratch, name, this.value);
    return true;
  }

  override refuse(run: Run, field: string, type: number, nameStart: number, valueStart: number): void {
    refuseCreation(run, field, type, nameStart, valueStart);
  }
}

class CurrentDateNode extends LeafNode {
  constructor(
    path: string,
    private readonly type: typeof DATE | typeof TIMESTAMP,
  ) {
    super(path);
  }

  private now({ context }: Run): Value {
    if (this.type === DATE) return dateValue(context.nowMs);
    return timestampValue(context.nextTimestamp());
  }

  override apply(run: Run, type: number, nameStart: number, valueStart: number): void {
    run.replaceValue(type, nameStart, valueStart, endOfValue(run.bytes, type, valueStart), this.now(run));
  }

  override create(run: Run, name: Uint8Array): boolean {
    writeElement(run.edits.scratch, name, this.now(run));
    return true;
  }

  override refuse(run: Run, field: string, type: number, nameStart: number, valueStart: number): void {
    refuseCreation(run, field, type, nameStart, valueStart);
  }
}

function parseCurrentDateType(argument: Value): typeof DATE | typeof TIMESTAMP {
  if (argument.type === BOOL) return DATE;
  if (argument.type !== OBJECT)
    throw new ElmoError(
      'BadValue',
      `${typeNameOf(argument)} is not valid type for $currentDate. Please use a boolean ('true') or a $type expression ({$type: 'timestamp/date'}).`,
    );
  let type: typeof DATE | typeof TIMESTAMP | undefined;
  for (const { name, value } of elementsOf(argument)) {
    if (name !== '$type') throw new ElmoError('BadValue', `Unrecognized $currentDate option: ${name}`);
    const text = value.type === STRING ? value.text : '';
    type = text === 'date' ? DATE : text === 'timestamp' ? TIMESTAMP : undefined;
    if (type === undefined) break;
  }
  if (type === undefined)
    throw new ElmoError(
      'BadValue',
      "The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {field : {$type: 'date'}}}",
    );
  return type;
}

export const fieldOperators: UpdateOperators = {
  $set: { parse: (path, argument) => [new SetNode(path, argument)] },
  $setOnInsert: { parse: (path, argument) => [new SetOnInsertNode(path, argument)] },
  $unset: { parse: (path) => [new UnsetNode(path)] },
  $min: { parse: (path, argument, { compareTexts }) => [new ExtremeNode(path, argument, -1, compareTexts)] },
  $max: { parse: (path, argument, { compareTexts }) => [new ExtremeNode(path, argument, 1, compareTexts)] },
  $currentDate: { parse: (path, argument) => [new CurrentDateNode(path, parseCurrentDateType(argument))] },
};
