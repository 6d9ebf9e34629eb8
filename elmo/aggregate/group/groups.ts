/**
 * The groups of a `$group`: keys in a hash table of bytes, their values, and the accumulators, which know each group by its
 * number. A row of a group that exists makes no object.
 */
import { ARRAY, MAX_KEY, MIN_KEY, MISSING, NULL, OBJECT } from '../../bson/types.js';
import { ElementWalker, FieldName } from '../../bson/walk.js';
import type { BsonWriter } from '../../bson/writer.js';
import { NULL_VALUE, Value, writeElement } from '../../bson/value.js';
import type { CollationSpec } from '../../collation/collation.js';
import { Frame } from '../../expression/expression.js';
import type { Accumulator, AccumulatorSpec } from '../accumulators/accumulator.js';
import { ByteTable } from '../../bson/byte-table.js';
import { CanonicalKeys } from '../canonical-keys.js';
import { ValueSlots } from '../value-slots.js';
import { RowFields } from '../row-fields.js';
import type { CodedRows } from '../../operation/row-source.js';
import type { CreateGroupKey, GroupKey } from './group-key.js';

export interface GroupField {
  readonly name: string;
  readonly spec: AccumulatorSpec;
}

const ID = new FieldName('_id').bytes;
const NO_NAME = new FieldName('').bytes;
const NO_FIELDS = new Frame();

export class Groups {
  readonly accumulators: readonly Accumulator[];
  private readonly key: GroupKey;
  private readonly rowFields = new RowFields();
  private readonly names: readonly FieldName[];
  private readonly keys: CanonicalKeys;
  private readonly table = new ByteTable();
  private readonly ids = new ValueSlots();
  private readonly idFrame = new Frame();
  private readonly walker = new ElementWalker();
  private keyCodes: Uint16Array | undefined;
  private isKeyWide = false;
  /** Of rows that are codes: the group of each code of the key, -1 before it was met. */
  private groupOfCode = new Int32Array(0);

  constructor(
    createKey: CreateGroupKey,
    fields: readonly GroupField[],
    collation: CollationSpec | undefined,
    /** Whether MinKey and MaxKey go out inside a document, `{'': MinKey}`. */
    private readonly wrapsBounds = false,
  ) {
    this.key = createKey(this.rowFields);
    this.accumulators = fields.map(({ spec }) => spec.create(this.rowFields));
    this.names = fields.map(({ name }) => new FieldName(name));
    this.keys = new CanonicalKeys(collation);
  }

  get count(): number {
    return this.table.count;
  }

  get heldBytes(): number {
    let bytes = this.table.heldBytes + this.ids.heldBytes;
    for (const accumulator of this.accumulators) bytes += accumulator.heldBytes;
    return bytes;
  }

  /** One row. @param frame  holds the row's document */
  add(frame: Frame): void {
    const { accumulators } = this;
    this.rowFields.read(frame.bytes, frame.at);
    const group = this.groupOf(frame);
    for (let i = 0; i < accumulators.length; i++) accumulators[i]!.add(group, frame);
  }

  /** Rows that are codes are added from now on, by `addCoded`. */
  readCoded(rows: CodedRows): void {
    for (const operand of this.rowFields.operands) operand.readCoded(rows);
    const path = this.key.operand?.expression.rootPath;
    const keys = path === undefined ? undefined : rows.values.get(path);
    this.isKeyWide = keys?.wide !== undefined;
    this.keyCodes = keys?.codes;
    this.groupOfCode = new Int32Array(keys?.source.codeEnd ?? 1).fill(-1);
  }

  /** Rows `from` to `to`. @param frame  holds no document */
  addCoded(from: number, to: number, frame: Frame): void {
    const { accumulators, rowFields, keyCodes, groupOfCode, isKeyWide } = this;
    for (let row = from; row < to; row++) {
      rowFields.row = row;
      const code = keyCodes === undefined ? 0 : keyCodes[row]!;
      let group = isKeyWide ? undefined : groupOfCode[code]!;
      if (group === undefined || group < 0) {
        group = this.groupOf(frame);
        if (!isKeyWide) groupOfCode[code] = group;
      }
      for (let i = 0; i < accumulators.length; i++) accumulators[i]!.add(group, frame);
    }
  }

  private groupOf(frame: Frame): number {
    const { keys } = this;
    keys.clear();
    this.key.append(frame, keys);
    const group = this.table.add(keys.writer.bytes, 0, keys.writer.length);
    if (this.table.isNew) this.open(group, this.key.value(frame));
    return group;
  }

  private open(group: number, id: Value): void {
    this.ids.add();
    this.ids.set(group, id.type === MISSING ? NULL : id.type, id.bytes, id.at);
    const { idFrame } = this;
    const isDocument = id.type === OBJECT;
    idFrame.setDocument(isDocument ? id.bytes : NO_FIELDS.bytes, isDocument ? id.at : NO_FIELDS.at);
    for (const accumulator of this.accumulators) accumulator.addGroup(idFrame);
  }

  /** The bytes of a group's key. Valid until the next `add`. */
  keyOf(group: number): Uint8Array {
    return this.table.bytes.subarray(this.table.starts[group]!, this.table.starts[group + 1]!);
  }

  /** Appends the document of a group. */
  write(group: number, writer: BsonWriter): void {
    const start = writer.beginDocument();
    this.writeField(writer, ID, this.ids.get(group));
    for (let i = 0; i < this.names.length; i++)
      this.writeField(writer, this.names[i]!.bytes, this.accumulators[i]!.result(group));
    writer.endDocument(start);
  }

  private writeField(writer: BsonWriter, name: Uint8Array, value: Value): void {
    if (this.wrapsBounds && holdsBound(value)) writeWrapped(writer, name, value);
    else writeElement(writer, name, value);
  }

  /** Appends all that is known of a group: its key's value and what the accumulators save, as an array. */
  save(group: number, writer: BsonWriter): void {
    const start = writer.beginDocument();
    const id = this.ids.get(group);
    writer.writeIndex(id.type, 0);
    writer.writeRange(id.bytes, id.at, id.end);
    for (let i = 0; i < this.accumulators.length; i++) {
      const state = this.accumulators[i]!.save(group);
      const value = state.type === MISSING ? NULL_VALUE : state;
      writer.writeIndex(value.type, i + 1);
      writer.writeRange(value.bytes, value.at, value.end);
    }
    writer.endDocument(start);
  }

  /** Adds what `save` gave for the group of a key. */
  restore(key: Uint8Array, start: number, end: number, saved: Uint8Array, at: number): void {
    const { walker } = this;
    const group = this.table.add(key, start, end);
    walker.open(saved, at);
    walker.next();
    if (this.table.isNew) this.open(group, new Value(walker.type, saved, walker.valueStart));
    for (let i = 0; i < this.accumulators.length && walker.next(); i++)
      this.accumulators[i]!.restore(group, new Value(walker.type, saved, walker.valueStart));
  }

  clear(): void {
    this.table.clear();
    this.groupOfCode.fill(-1);
    this.ids.clear();
    for (const accumulator of this.accumulators) accumulator.clear();
  }
}

const isBound = (type: number): boolean => type === MIN_KEY || type === MAX_KEY;

/** Whether it is MinKey or MaxKey, or an array with one of them. */
function holdsBound({ type, bytes, at }: Value): boolean {
  if (type !== ARRAY) return isBound(type);
  const walker = new ElementWalker();
  walker.open(bytes, at);
  while (walker.next()) if (isBound(walker.type)) return true;
  return false;
}

function writeWrapped(writer: BsonWriter, name: Uint8Array, value: Value): void {
  const { type, bytes, at } = value;
  writer.writeName(type === ARRAY ? ARRAY : OBJECT, name);
  const start = writer.beginDocument();
  if (type === ARRAY) {
    const walker = new ElementWalker();
    walker.open(bytes, at);
    while (walker.next()) {
      const element = new Value(walker.type, bytes, walker.valueStart);
      const elementName = bytes.subarray(walker.nameStart, walker.nameEnd);
      if (isBound(element.type)) writeWrapped(writer, elementName, element);
      else writeElement(writer, elementName, element);
    }
  } else writer.writeName(type, NO_NAME);
  writer.endDocument(start);
}
