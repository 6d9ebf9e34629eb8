/** `$mergeObjects`: fields of all documents; a later one's value takes the place of an earlier one's. */
import { MISSING, NULL, OBJECT, TYPE_NAMES, UNDEFINED } from '../../bson/types.js';
import { EMPTY_DOCUMENT, Value } from '../../bson/value.js';
import { ElementWalker, FieldFinder, FieldName } from '../../bson/walk.js';
import { readText } from '../../bson/read.js';
import { BsonWriter, copyBytes } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import type { Frame } from '../../expression/expression.js';
import type { Operand } from '../operand.js';
import { Accumulator, type AccumulatorOperators } from './accumulator.js';
import { unaryAccumulator } from './unary.js';

class MergeObjects extends Accumulator {
  heldBytes = 0;
  private documents: Uint8Array[] = [];
  private readonly writer = new BsonWriter();
  private readonly walker = new ElementWalker();
  private readonly finder = new FieldFinder();

  constructor(private readonly operand: Operand) {
    super();
  }

  addGroup(): void {
    this.documents.push(EMPTY_DOCUMENT.bytes);
  }

  add(group: number, frame: Frame): void {
    const { operand } = this;
    operand.read(frame);
    const { type } = operand;
    if (type === OBJECT) this.merge(group, operand.bytes, operand.at);
    else if (type !== MISSING && type !== NULL && type !== UNDEFINED)
      throw new ElmoError(
        40400,
        `$mergeObjects requires object inputs, but an input is of type ${TYPE_NAMES.get(type)}`,
      );
  }

  private merge(group: number, bytes: Uint8Array, at: number): void {
    const old = this.documents[group]!;
    const { writer, walker, finder } = this;
    writer.clear();
    const start = writer.beginDocument();
    walker.open(old, 0);
    while (walker.next()) {
      const name = old.subarray(walker.nameStart, walker.nameEnd);
      if (finder.find(bytes, at, nameOf(name))) {
        writer.writeName(finder.type, name);
        const value = new Value(finder.type, bytes, finder.valueStart);
        writer.writeRange(bytes, value.at, value.end);
      } else writer.writeRange(old, walker.nameStart - 1, walker.valueEnd);
    }
    walker.open(bytes, at);
    while (walker.next())
      if (!finder.find(old, 0, nameOf(bytes.subarray(walker.nameStart, walker.nameEnd))))
        writer.writeRange(bytes, walker.nameStart - 1, walker.valueEnd);
    writer.endDocument(start);
    this.heldBytes += writer.length - old.length;
    this.documents[group] = copyBytes(writer.bytes, 0, writer.length);
  }

  result(group: number): Value {
    return new Value(OBJECT, this.documents[group]!, 0);
  }

  save(group: number): Value {
    return this.result(group);
  }

  restore(group: number, state: Value): void {
    this.merge(group, state.bytes, state.at);
  }

  clear(): void {
    this.heldBytes = 0;
    this.documents = [];
  }
}

function nameOf(bytes: Uint8Array): FieldName {
  return new FieldName(readText(bytes, 0, bytes.length));
}

export const mergeObjectsAccumulator: AccumulatorOperators = {
  $mergeObjects: unaryAccumulator((operand) => new MergeObjects(operand)),
};
