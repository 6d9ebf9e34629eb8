/** $rename: a field goes to another path. Source: MongoDB manual, "$rename". */
import { ARRAY, MISSING, OBJECT, STRING } from '../../bson/types.js';
import { Value, writeElement } from '../../bson/value.js';
import { ElementWalker, endOfValue, FieldFinder, FieldName } from '../../bson/walk.js';
import { ElmoError } from '../../errors.js';
import { describe } from '../../query/elements.js';
import { MAX_ARRAY_INDEX } from '../limits.js';
import { LeafNode } from '../node.js';
import { immutable, refuseCreation, type Run } from '../run.js';
import { arrayIndexOf, isDynamic, splitUpdatePath } from '../update-path.js';
import { UnsetNode } from './fields.js';
import type { UpdateOperators } from './operator.js';

const walker = new ElementWalker();

/** Follows the parts of a path, through arrays only by index. */
class PlainPath {
  type: number = MISSING;
  nameStart = 0;
  valueStart = 0;
  /** The part whose value `type` and `valueStart` tell of: less than the last if the path does not go on there. */
  part = 0;
  /** The first array on the way, its last part aside; undefined if there is none. */
  array: string | undefined;
  private readonly names: readonly FieldName[];
  private readonly finder = new FieldFinder();

  constructor(readonly path: string) {
    this.names = path.split('.').map((part) => new FieldName(part));
  }

  /** @returns whether there is a value at the end of the path */
  follow(bytes: Uint8Array, document: number): boolean {
    const { names, finder } = this;
    let type = OBJECT;
    let at = document;
    this.array = undefined;
    this.type = MISSING;
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      if (type === OBJECT) {
        if (!finder.find(bytes, at, name)) return this.miss();
        type = finder.type;
        this.nameStart = finder.nameStart;
        at = finder.valueStart;
      } else if (type === ARRAY) {
        this.array ??= names[i - 1]!.text;
        const index = arrayIndexOf(name.text, MAX_ARRAY_INDEX);
        if (index < 0) return false;
        if (!atElement(bytes, at, index)) return this.miss();
        type = walker.type;
        this.nameStart = walker.nameStart;
        at = walker.valueStart;
      } else return false;
      this.type = type;
      this.valueStart = at;
      this.part = i;
    }
    return true;
  }

  private miss(): boolean {
    this.type = MISSING;
    return false;
  }
}

function atElement(bytes: Uint8Array, at: number, index: number): boolean {
  walker.open(bytes, at);
  for (let i = 0; walker.next(); i++) if (i === index) return true;
  return false;
}

/** At the old path inside `_id`: that it cannot go is said where it would come to, by the `RenameNode`. */
class KeptNode extends UnsetNode {
  override apply(): void {
    // what is there stays
  }
}

/** At the new path. What stands at the old one is taken away by an `UnsetNode` there. */
class RenameNode extends LeafNode {
  private readonly from: PlainPath;
  private readonly to: PlainPath;

  constructor(
    from: string,
    to: string,
    private readonly isOfId: boolean,
  ) {
    super(to);
    this.from = new PlainPath(from);
    this.to = new PlainPath(to);
  }

  override apply(run: Run, type: number, nameStart: number, valueStart: number): void {
    const value = this.source(run);
    if (value === undefined) return;
    this.refuseId();
    run.replaceValue(type, nameStart, valueStart, endOfValue(run.bytes, type, valueStart), value);
  }

  override create(run: Run, name: Uint8Array): boolean {
    const value = this.source(run);
    if (value === undefined) return false;
    this.refuseId();
    writeElement(run.edits.scratch, name, value);
    return true;
  }

  override refuse(run: Run, field: string, type: number, nameStart: number, valueStart: number): void {
    if (this.source(run) !== undefined) refuseCreation(run, field, type, nameStart, valueStart);
  }

  private refuseId(): void {
    if (this.isOfId) throw immutable(this.from.path);
  }

  /** What is to be moved; undefined if there is nothing. */
  private source(run: Run): Value | undefined {
    const { bytes, at } = run;
    const { from, to } = this;
    if (!from.follow(bytes, at)) {
      if (from.type !== MISSING)
        throw new ElmoError(
          'PathNotViable',
          `cannot use the part (${from.path.split('.')[from.part]} of ${from.path}) to traverse the element ({${run.describeElement(from.type, from.nameStart, from.valueStart)}})`,
        );
      return undefined;
    }
    if (from.array !== undefined) throw inArray(run, 'source', from.path, from.array);
    const value = new Value(from.type, bytes, from.valueStart);
    to.follow(bytes, at);
    if (to.array !== undefined) throw inArray(run, 'destination', to.path, to.array);
    return value;
  }
}

function inArray(run: Run, which: string, path: string, array: string): ElmoError {
  return new ElmoError(
    'BadValue',
    `The ${which} field cannot be an array element, '${path}' in doc with ${run.idText} has an array field called '${array}'`,
  );
}

function* parseRename(path: string, argument: Value): Iterable<LeafNode> {
  const isOfId = path === '_id' || path.startsWith('_id.');
  yield isOfId ? new KeptNode(path) : new UnsetNode(path);
  if (argument.type !== STRING)
    throw new ElmoError(
      'BadValue',
      `The 'to' field for $rename must be a string: ${describe(path, argument)}`,
    );
  const to = argument.text;
  if (to.includes('\0')) throw new ElmoError(9867600, "Field name can't contain null bytes");
  const parts = splitUpdatePath(to);
  if (path === to)
    throw new ElmoError('BadValue', `The source and target field for $rename must differ: ${path}: "${to}"`);
  if (path.startsWith(`${to}.`) || to.startsWith(`${path}.`))
    throw new ElmoError(
      'BadValue',
      `The source and target field for $rename must not be on the same path: ${path}: "${to}"`,
    );
  if (path.split('.').some(isDynamic))
    throw new ElmoError('BadValue', `The source field for $rename may not be dynamic: ${path}`);
  if (parts.some(isDynamic))
    throw new ElmoError('BadValue', `The destination field for $rename may not be dynamic: ${to}`);
  yield new RenameNode(path, to, isOfId);
}

export const renameOperators: UpdateOperators = { $rename: { parse: parseRename } };
