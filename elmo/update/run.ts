/** One application of an update to one document: what its nodes read, and where they put their changes. */
import { readText } from '../bson/read.js';
import { extendedJson, Value } from '../bson/value.js';
import { FieldFinder, FieldName } from '../bson/walk.js';
import { ElmoError } from '../errors.js';
import { Edits } from './edits.js';
import type { UpdateContext } from './update.js';

const ID = new FieldName('_id');
const finder = new FieldFinder();

export class Run {
  readonly edits = new Edits();
  /** The document as it was. */
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  context: UpdateContext = NO_CONTEXT;
  /** What the positional `$` stands for; undefined if the filter matched no element of an array. */
  matchedIndex: string | undefined;

  open(bytes: Uint8Array, at: number, context: UpdateContext): void {
    this.edits.clear();
    this.bytes = bytes;
    this.at = at;
    this.context = context;
    const index = context.matcher?.matchedIndex ?? -1;
    this.matchedIndex = index < 0 ? undefined : String(index);
  }

  /** Puts `value` in the place of the element whose value lies at [valueStart, valueEnd). */
  replaceValue(type: number, nameStart: number, valueStart: number, valueEnd: number, value: Value): void {
    const { edits, bytes } = this;
    const { scratch } = edits;
    const from = scratch.length;
    if (type === value.type) {
      scratch.writeRange(value.bytes, value.at, value.end);
      edits.replace(valueStart, valueEnd, from);
    } else {
      scratch.writeByte(value.type);
      scratch.writeRange(bytes, nameStart, valueStart);
      scratch.writeRange(value.bytes, value.at, value.end);
      edits.replace(nameStart - 1, valueEnd, from);
    }
  }

  /** `_id: 1` of the document, for messages. */
  get idText(): string {
    const { bytes, at } = this;
    return finder.find(bytes, at, ID)
      ? this.describeElement(finder.type, finder.nameStart, finder.valueStart)
      : 'no id';
  }

  /** `name: value` of an element, for messages. */
  describeElement(type: number, nameStart: number, valueStart: number): string {
    const name = readText(this.bytes, nameStart, valueStart - 1);
    return `${name}: ${extendedJson(new Value(type, this.bytes, valueStart), true)}`;
  }
}

const NO_CONTEXT: UpdateContext = {
  nowMs: 0,
  nextTimestamp: () => ({ seconds: 0, increment: 0 }),
  matcher: undefined,
  isInsert: false,
};

/** The error of a change at a path in `_id`. */
export function immutable(path: string): ElmoError {
  return new ElmoError(
    'ImmutableField',
    `Performing an update on the path '${path}' would modify the immutable field '_id'`,
  );
}

/** @throws ElmoError PathNotViable: `field` cannot be made inside what is there */
export function refuseCreation(
  run: Run,
  field: string,
  type: number,
  nameStart: number,
  valueStart: number,
): never {
  throw new ElmoError(
    'PathNotViable',
    `Cannot create field '${field}' in element {${run.describeElement(type, nameStart, valueStart)}}`,
  );
}

/** @throws ElmoError PathNotViable: a path does not go on inside what is there */
export function refuseTraversal(
  run: Run,
  field: string,
  path: string,
  type: number,
  nameStart: number,
  valueStart: number,
): never {
  throw new ElmoError(
    'PathNotViable',
    `Cannot use the part (${field}) of (${path}) to traverse the element ({${run.describeElement(type, nameStart, valueStart)}})`,
  );
}
