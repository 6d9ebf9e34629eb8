/**
 * The key of a group, read from a row as bytes that are equal for equal keys. A path is read straight from the row; a
 * document of several fields is put together from its fields' values, and only made when a group is new.
 */
import { MISSING, OBJECT } from '../../bson/types.js';
import { NULL_VALUE, type Value } from '../../bson/value.js';
import type { Expression, Frame } from '../../expression/expression.js';
import type { CanonicalKeys } from '../canonical-keys.js';
import { objectValue } from '../arguments.js';
import { Operand } from '../operand.js';
import type { RowFields } from '../row-fields.js';

/** What stands before the value of a field that is there; a missing one has only 0. */
const PRESENT = 1;

export abstract class GroupKey {
  /** Appends the key of the frame's document. */
  abstract append(frame: Frame, keys: CanonicalKeys): void;
  /** The key last appended, as a value. */
  abstract value(frame: Frame): Value;
  abstract addDependencies(into: Set<string>): void;
  /** All it reads of rows, as an `Operand`; undefined: it reads more. */
  readonly operand: Operand | undefined = undefined;
}

/** Any expression; a missing value is null. */
export class ExpressionKey extends GroupKey {
  override readonly operand: Operand;

  constructor(
    private readonly expression: Expression,
    fields: RowFields,
  ) {
    super();
    this.operand = new Operand(expression, fields);
  }

  append(frame: Frame, keys: CanonicalKeys): void {
    const { operand } = this;
    operand.read(frame);
    keys.append(operand.type, operand.bytes, operand.at);
  }

  value(): Value {
    return this.operand.type === MISSING ? NULL_VALUE : this.operand.value;
  }

  addDependencies(into: Set<string>): void {
    this.expression.addDependencies(into);
  }
}

/** `{a: '$x', b: '$y'}`: fields that are missing are left out, which is another key than null. */
export class FieldsKey extends GroupKey {
  private readonly operands: readonly Operand[];

  /** @param document  the whole key */
  constructor(
    parts: readonly Expression[],
    private readonly document: Expression,
    fields: RowFields,
  ) {
    super();
    this.operands = parts.map((part) => new Operand(part, fields));
  }

  append(frame: Frame, keys: CanonicalKeys): void {
    for (const operand of this.operands) {
      operand.read(frame);
      if (operand.type === MISSING) keys.writer.appendByte(0);
      else {
        keys.writer.appendByte(PRESENT);
        keys.append(operand.type, operand.bytes, operand.at);
      }
    }
  }

  value(frame: Frame): Value {
    return this.document.evaluate(frame);
  }

  addDependencies(into: Set<string>): void {
    this.document.addDependencies(into);
  }
}

/** `{a: '$x'}`: the one field's value is null if it is missing. */
export class OneFieldKey extends GroupKey {
  override readonly operand: Operand;

  constructor(
    private readonly name: string,
    private readonly field: Expression,
    fields: RowFields,
  ) {
    super();
    this.operand = new Operand(field, fields);
  }

  append(frame: Frame, keys: CanonicalKeys): void {
    const { operand } = this;
    operand.read(frame);
    keys.append(operand.type, operand.bytes, operand.at);
  }

  value(): Value {
    const { operand } = this;
    return objectValue([[this.name, operand.type === MISSING ? NULL_VALUE : operand.value]], OBJECT);
  }

  addDependencies(into: Set<string>): void {
    this.field.addDependencies(into);
  }
}

/** Makes a reader of keys, one for each opened stage. */
export type CreateGroupKey = (fields: RowFields) => GroupKey;
