/** `$push`, `$addToSet`, `$concatArrays`, `$setUnion`: accumulators whose value is an array. */
import { ARRAY, MISSING, TYPE_NAMES } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { ElementWalker } from '../../bson/walk.js';
import type { CollationSpec } from '../../collation/collation.js';
import { ElmoError } from '../../errors.js';
import type { Frame } from '../../expression/expression.js';
import { ByteTable } from '../../bson/byte-table.js';
import { CanonicalKeys } from '../canonical-keys.js';
import type { Operand } from '../operand.js';
import { Accumulator, type AccumulatorOperators } from './accumulator.js';
import { unaryAccumulator } from './unary.js';
import { ValueLists } from './value-list.js';

/** All that its rows say, in their order. */
abstract class ListAccumulator extends Accumulator {
  protected readonly lists: ValueLists;

  constructor(
    protected readonly operand: Operand,
    protected readonly name: string,
  ) {
    super();
    this.lists = new ValueLists(name);
  }

  get heldBytes(): number {
    return this.lists.heldBytes;
  }

  addGroup(): void {
    this.lists.add();
  }

  result(group: number): Value {
    return this.lists.array(group);
  }

  save(group: number): Value {
    return this.lists.array(group);
  }

  restore(group: number, state: Value): void {
    this.lists.pushAll(group, state.bytes, state.at);
  }

  clear(): void {
    this.lists.clear();
  }

  /** Whether the operand is an array; false if there is nothing. */
  protected isArray(): boolean {
    const { type } = this.operand;
    if (type === ARRAY || type === MISSING) return type === ARRAY;
    throw new ElmoError(
      'TypeMismatch',
      `${this.name} requires array inputs, but an input is of type ${TYPE_NAMES.get(type)}`,
    );
  }
}

class Push extends ListAccumulator {
  add(group: number, frame: Frame): void {
    const { operand } = this;
    operand.read(frame);
    if (operand.type !== MISSING) this.lists.push(group, operand.type, operand.bytes, operand.at);
  }
}

class ConcatArrays extends ListAccumulator {
  add(group: number, frame: Frame): void {
    const { operand } = this;
    operand.read(frame);
    if (this.isArray()) this.lists.pushAll(group, operand.bytes, operand.at);
  }
}

/** Lists without equals. One table knows what is in all of them. */
abstract class SetAccumulator extends ListAccumulator {
  private readonly table = new ByteTable();
  private readonly keys: CanonicalKeys;
  protected readonly walker = new ElementWalker();

  constructor(operand: Operand, name: string, collation: CollationSpec | undefined) {
    super(operand, name);
    this.keys = new CanonicalKeys(collation);
  }

  override get heldBytes(): number {
    return this.lists.heldBytes + this.table.heldBytes;
  }

  protected include(group: number, type: number, bytes: Uint8Array, at: number): void {
    const { keys, table } = this;
    keys.clear();
    keys.writer.appendVarint(group);
    keys.append(type, bytes, at);
    table.add(keys.writer.bytes, 0, keys.writer.length);
    if (table.isNew) this.lists.push(group, type, bytes, at);
  }

  protected includeAll(group: number, bytes: Uint8Array, at: number): void {
    const { walker } = this;
    walker.open(bytes, at);
    while (walker.next()) this.include(group, walker.type, bytes, walker.valueStart);
  }

  override restore(group: number, state: Value): void {
    this.includeAll(group, state.bytes, state.at);
  }

  override clear(): void {
    super.clear();
    this.table.clear();
  }
}

class AddToSet extends SetAccumulator {
  add(group: number, frame: Frame): void {
    const { operand } = this;
    operand.read(frame);
    if (operand.type !== MISSING) this.include(group, operand.type, operand.bytes, operand.at);
  }
}

class SetUnion extends SetAccumulator {
  add(group: number, frame: Frame): void {
    const { operand } = this;
    operand.read(frame);
    if (this.isArray()) this.includeAll(group, operand.bytes, operand.at);
  }
}

export const listAccumulators: AccumulatorOperators = {
  $push: unaryAccumulator((operand) => new Push(operand, '$push')),
  $addToSet: unaryAccumulator((operand, scope) => new AddToSet(operand, '$addToSet', scope.collation)),
  $concatArrays: unaryAccumulator((operand) => new ConcatArrays(operand, '$concatArrays')),
  $setUnion: unaryAccumulator((operand, scope) => new SetUnion(operand, '$setUnion', scope.collation)),
};
