/**
 * The expressions that are no operators: constants, paths, variables, computed documents and arrays.
 *
 * Paths of expressions are not those of filters: digits are never an index, and what lies in arrays comes out as arrays of
 * the same nesting, without what is missing:
 *
 *   path     document                                 value
 *   $a.b     {a: {b: 1}}                              1
 *   $a.b     {a: 7}                                   missing
 *   $a.b     {a: [{b: 1}, {b: 2}, 3, [{b: 4}], {}]}   [1, 2]
 *   $a.b.c   {a: [{b: [{c: 1}, {c: 2}]}, {b: {c: 3}}]}  [[1, 2], 3]
 *   $a.0     {a: [5, 6]}                              []
 */
import { LayoutFinder } from '../bson/layout.js';
import { ARRAY, MISSING, NULL, OBJECT } from '../bson/types.js';
import { documentValue, MISSING_VALUE, Value, writeElement } from '../bson/value.js';
import { ElementWalker, FieldName } from '../bson/walk.js';
import { BsonWriter } from '../bson/writer.js';
import { ElmoError } from '../errors.js';
import { Expression, type Frame } from './expression.js';

export class ConstantExpression extends Expression {
  constructor(private readonly value: Value) {
    super();
  }

  override get constant(): Value {
    return this.value;
  }

  override get mayFail(): boolean {
    return false;
  }

  evaluate(): Value {
    return this.value;
  }
}

const walker = new ElementWalker();

/** Follows field names from a document; one for each path, used again and again. */
export class PathFollower {
  /** One for each component. */
  private readonly finders: readonly LayoutFinder[];
  private writer: BsonWriter | undefined = undefined;

  constructor(components: readonly string[]) {
    this.finders = components.map((component) => new LayoutFinder(new FieldName(component)));
  }

  /** What the path leads to from the document at `at`. */
  follow(bytes: Uint8Array, at: number): Value {
    const { finders } = this;
    const last = finders.length - 1;
    for (let part = 0; ; part++) {
      const finder = finders[part]!;
      if (!finder.find(bytes, at)) return MISSING_VALUE;
      const type = finder.type;
      at = finder.valueStart;
      if (part === last) return new Value(type, bytes, at);
      if (type === ARRAY) return this.throughArray(bytes, at, part + 1);
      if (type !== OBJECT) return MISSING_VALUE;
    }
  }

  /** The same from any value: an array is gone through, a scalar has no fields. */
  followValue(value: Value): Value {
    if (value.type === OBJECT) return this.follow(value.bytes, value.at);
    if (value.type === ARRAY) return this.throughArray(value.bytes, value.at, 0);
    return MISSING_VALUE;
  }

  private throughArray(bytes: Uint8Array, at: number, part: number): Value {
    const writer = (this.writer ??= new BsonWriter());
    writer.clear();
    this.appendArray(writer, bytes, at, part);
    return new Value(ARRAY, writer.toBytes(), 0);
  }

  private appendArray(writer: BsonWriter, bytes: Uint8Array, array: number, part: number): void {
    const start = writer.beginDocument();
    let count = 0;
    walker.open(bytes, array);
    while (walker.next()) {
      if (walker.type !== OBJECT) continue;
      const next = walker.valueEnd;
      if (this.appendFrom(writer, bytes, walker.valueStart, part, count)) count++;
      walker.open(bytes, array); // the walker is shared: what is deeper moved it
      walker.valueEnd = next;
    }
    writer.endDocument(start);
  }

  /** @returns whether there was something to append */
  private appendFrom(
    writer: BsonWriter,
    bytes: Uint8Array,
    at: number,
    part: number,
    index: number,
  ): boolean {
    const { finders } = this;
    const last = finders.length - 1;
    for (; ; part++) {
      const finder = finders[part]!;
      if (!finder.find(bytes, at)) return false;
      const type = finder.type;
      at = finder.valueStart;
      if (part === last) {
        writer.writeIndex(type, index);
        writer.writeRange(bytes, at, new Value(type, bytes, at).end);
        return true;
      }
      if (type === ARRAY) {
        writer.writeIndex(ARRAY, index);
        this.appendArray(writer, bytes, at, part + 1);
        return true;
      }
      if (type !== OBJECT) return false;
    }
  }
}

/** `$a.b`: from the frame's document. */
export class FieldPathExpression extends Expression {
  private readonly follower: PathFollower;

  constructor(private readonly path: string) {
    super();
    this.follower = new PathFollower(path.split('.'));
  }

  override get rootPath(): string {
    return this.path;
  }

  override get mayFail(): boolean {
    return false;
  }

  evaluate(frame: Frame): Value {
    return this.follower.follow(frame.bytes, frame.at);
  }

  override addDependencies(into: Set<string>): void {
    into.add(this.path);
  }
}

/** `$$ROOT`. */
export class RootExpression extends Expression {
  override get mayFail(): boolean {
    return false;
  }

  evaluate(frame: Frame): Value {
    return documentValue(frame.bytes, frame.at);
  }

  override addDependencies(into: Set<string>): void {
    into.add('');
  }
}

/** `$$name`. */
export class VariableExpression extends Expression {
  constructor(readonly slot: number) {
    super();
  }

  override get mayFail(): boolean {
    return false;
  }

  evaluate(frame: Frame): Value {
    return frame.slots[this.slot] ?? MISSING_VALUE;
  }
}

/** `$$name.a.b`. */
export class VariablePathExpression extends Expression {
  private readonly follower: PathFollower;

  constructor(
    readonly slot: number,
    components: readonly string[],
  ) {
    super();
    this.follower = new PathFollower(components);
  }

  override get mayFail(): boolean {
    return false;
  }

  evaluate(frame: Frame): Value {
    return this.follower.followValue(frame.slots[this.slot] ?? MISSING_VALUE);
  }
}

/** A variable of the engine that has no value here; asking for it is an error, not naming it. */
export class UnavailableExpression extends Expression {
  constructor(private readonly name: string) {
    super();
  }

  evaluate(): Value {
    throw new ElmoError(51144, `Builtin variable '$$${this.name}' is not available`);
  }
}

/** `{a: '$x', b: 1}`: a field whose value is missing is left out. */
export class ObjectExpression extends Expression {
  private readonly names: readonly FieldName[];
  private readonly writer = new BsonWriter();

  constructor(
    names: readonly string[],
    private readonly values: readonly Expression[],
  ) {
    super();
    this.names = names.map((name) => new FieldName(name));
  }

  evaluate(frame: Frame): Value {
    const { names, values, writer } = this;
    writer.clear();
    const start = writer.beginDocument();
    for (let i = 0; i < values.length; i++) writeElement(writer, names[i]!.bytes, values[i]!.evaluate(frame));
    writer.endDocument(start);
    return new Value(OBJECT, writer.toBytes(), 0);
  }

  override addDependencies(into: Set<string>): void {
    for (const value of this.values) value.addDependencies(into);
  }
}

/** `['$x', 1]`: what is missing becomes null. */
export class ArrayExpression extends Expression {
  private readonly writer = new BsonWriter();

  constructor(private readonly values: readonly Expression[]) {
    super();
  }

  evaluate(frame: Frame): Value {
    const { values, writer } = this;
    writer.clear();
    const start = writer.beginDocument();
    for (let i = 0; i < values.length; i++) appendIndexed(writer, i, values[i]!.evaluate(frame));
    writer.endDocument(start);
    return new Value(ARRAY, writer.toBytes(), 0);
  }

  override addDependencies(into: Set<string>): void {
    for (const value of this.values) value.addDependencies(into);
  }
}

/** Appends an element of an array; what is missing becomes null. */
export function appendIndexed(writer: BsonWriter, index: number, value: Value): void {
  const type = value.type === MISSING ? NULL : value.type;
  writer.writeIndex(type, index);
  if (type !== NULL) writer.writeRange(value.bytes, value.at, value.end);
}
