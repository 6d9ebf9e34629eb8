/** `$unwind`: one row per element of an array. */
import { readInt32, endOfCString } from '../../bson/read.js';
import { ARRAY, BOOL, MISSING, NULL, OBJECT, STRING, TYPE_NAMES, UNDEFINED } from '../../bson/types.js';
import { int64OfNumber, NULL_VALUE, type Value } from '../../bson/value.js';
import { endOfValue, FieldFinder, FieldName } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import { END, PAUSE, ROW, type Pulled, type RowSource } from '../../operation/row-source.js';
import { argumentsOf } from '../arguments.js';
import { checkedFieldPath } from '../field-path.js';
import { StageRows } from '../rows.js';
import { PathSetter } from '../set-path.js';
import type { Stage, StageOperators } from '../stage.js';

export interface UnwindOptions {
  /** Without its dollar. */
  readonly path: string;
  readonly indexPath: string | undefined;
  readonly keepsEmpty: boolean;
}

export class UnwindStage implements Stage {
  readonly name = '$unwind';
  readonly changedPaths: readonly string[];
  readonly isOneToOne = false;

  constructor(
    readonly argument: Value,
    readonly options: UnwindOptions,
  ) {
    const { path, indexPath } = options;
    this.changedPaths = indexPath === undefined ? [path] : [path, indexPath];
  }

  open(input: RowSource): RowSource {
    return new UnwindRows(input, this.options);
  }

  addDependencies(into: Set<string>): boolean {
    into.add(this.options.path);
    return false;
  }
}

class UnwindRows extends StageRows {
  private readonly names: readonly FieldName[];
  private readonly finder = new FieldFinder();
  private readonly writer = new BsonWriter();
  private readonly index: PathSetter | undefined;
  private readonly indexed = new BsonWriter();
  private readonly remover: PathSetter;
  /** Where the documents on the way to the array start. */
  private readonly parents: number[];

  /** The row's array: next element, end, the element's number. `element` is 0 when there is none to go on with. */
  private element = 0;
  private limit = 0;
  private position = 0;
  /** Offset of the type byte of the array, and after its value. */
  private arrayType = 0;
  private arrayStart = 0;
  private arrayEnd = 0;

  constructor(
    input: RowSource,
    private readonly options: UnwindOptions,
  ) {
    super(input);
    this.names = options.path.split('.').map((component) => new FieldName(component));
    this.parents = this.names.map(() => 0);
    this.index = options.indexPath === undefined ? undefined : new PathSetter(options.indexPath);
    this.remover = new PathSetter(options.path);
  }

  pull(): Pulled {
    for (;;) {
      if (this.element > 0 && this.element < this.limit) return this.emitElement();
      const pulled = this.input.pull();
      if (pulled === END || pulled === PAUSE) return pulled;
      if (this.enter()) return ROW;
    }
  }

  /** @returns whether the input's row is a row already */
  private enter(): boolean {
    const { bytes, at } = this.input;
    const { keepsEmpty } = this.options;
    this.element = 0;
    const type = this.find(bytes, at);
    if (type === ARRAY) {
      this.arrayEnd = this.arrayStart + readInt32(bytes, this.arrayStart);
      this.limit = this.arrayEnd - 1;
      if (this.arrayStart + 4 < this.limit) {
        this.element = this.arrayStart + 4;
        this.position = 0;
        return false;
      }
      if (!keepsEmpty) return false;
      if (this.options.indexPath === this.options.path) this.show(bytes, at, NULL_VALUE);
      else {
        this.writer.clear();
        this.remover.writeWithout(bytes, at, this.writer);
        this.show(this.writer.bytes, 0, NULL_VALUE);
      }
      return true;
    }
    const isNothing = type === MISSING || type === NULL || type === UNDEFINED;
    if (isNothing && !keepsEmpty) return false;
    this.show(bytes, at, NULL_VALUE);
    return true;
  }

  /** Type of what the path leads to through documents. */
  private find(bytes: Uint8Array, at: number): number {
    const { names, finder } = this;
    for (let i = 0; i < names.length; i++) {
      this.parents[i] = at;
      if (!finder.find(bytes, at, names[i]!)) return MISSING;
      at = finder.valueStart;
      if (i < names.length - 1 && finder.type !== OBJECT) return MISSING;
    }
    this.arrayType = finder.nameStart - 1;
    this.arrayStart = at;
    return finder.type;
  }

  /** The row with the array replaced by its next element; lengths of the documents around it change with it. */
  private emitElement(): Pulled {
    const { bytes, at } = this.input;
    const { writer } = this;
    const type = bytes[this.element]!;
    const value = endOfCString(bytes, this.element + 1) + 1;
    const end = endOfValue(bytes, type, value);
    writer.clear();
    writer.writeRange(bytes, at, this.arrayType);
    writer.writeByte(type);
    writer.writeRange(bytes, this.arrayType + 1, this.arrayStart);
    writer.writeRange(bytes, value, end);
    writer.writeRange(bytes, this.arrayEnd, at + readInt32(bytes, at));
    const difference = end - value - (this.arrayEnd - this.arrayStart);
    for (const parent of this.parents) writer.setInt32(parent - at, readInt32(bytes, parent) + difference);
    this.element = end;
    this.show(writer.bytes, 0, int64OfNumber(this.position++));
    return ROW;
  }

  private show(bytes: Uint8Array, at: number, position: Value): void {
    if (this.index === undefined) {
      this.bytes = bytes;
      this.at = at;
      return;
    }
    this.indexed.clear();
    this.index.write(bytes, at, position, this.indexed);
    this.bytes = this.indexed.bytes;
    this.at = 0;
  }
}

function notText(value: Value): ElmoError {
  return new ElmoError(
    28808,
    `expected a string as the path for $unwind stage, got ${TYPE_NAMES.get(value.type)}`,
  );
}

function pathOf(value: Value | undefined): string {
  const text = value?.text ?? '';
  if (text === '') throw new ElmoError(28812, 'no path specified to $unwind stage');
  if (!text.startsWith('$'))
    throw new ElmoError(28818, `path option to $unwind stage should be prefixed with a '$': ${text}`);
  return text.slice(1);
}

function indexPathOf(value: Value): string {
  if (value.type !== STRING || value.text === '')
    throw new ElmoError(
      28810,
      `expected a non-empty string for the includeArrayIndex  option to $unwind stage, got ${TYPE_NAMES.get(value.type)}`,
    );
  if (value.text.startsWith('$'))
    throw new ElmoError(
      28822,
      `includeArrayIndex option to $unwind stage should not be prefixed with a '$': ${value.text}`,
    );
  return value.text;
}

function parseUnwind(argument: Value): Stage {
  if (argument.type === STRING)
    return new UnwindStage(argument.keep(), {
      path: checkedFieldPath(pathOf(argument)),
      indexPath: undefined,
      keepsEmpty: false,
    });
  if (argument.type !== OBJECT)
    throw new ElmoError(
      15981,
      `expected either a string or an object as specification for $unwind stage, got ${TYPE_NAMES.get(argument.type)}`,
    );
  const given = argumentsOf(argument);
  let keepsEmpty = false;
  for (const [name, value] of given) {
    if (name === 'path') {
      if (value.type !== STRING) throw notText(value);
    } else if (name === 'includeArrayIndex') indexPathOf(value);
    else if (name === 'preserveNullAndEmptyArrays') {
      if (value.type !== BOOL)
        throw new ElmoError(
          28809,
          `expected a boolean for the preserveNullAndEmptyArrays option to $unwind stage, got ${TYPE_NAMES.get(value.type)}`,
        );
      keepsEmpty = value.bytes[value.at] === 1;
    } else throw new ElmoError(28811, `unrecognized option to $unwind stage: ${name}`);
  }
  const path = pathOf(given.get('path'));
  const index = given.get('includeArrayIndex');
  const indexPath = index === undefined ? undefined : checkedFieldPath(indexPathOf(index));
  return new UnwindStage(argument.keep(), { path: checkedFieldPath(path), indexPath, keepsEmpty });
}

export const unwindStages: StageOperators = {
  $unwind: { parse: (argument) => [parseUnwind(argument)] },
};
