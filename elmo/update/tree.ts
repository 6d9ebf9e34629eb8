/**
 * The inner nodes of an update's tree: fields of documents and elements of arrays. Changes are made in the order of
 * the fields' names, which is the order new fields get, whatever the order in the update.
 */
import { endOfCString, readInt32 } from '../bson/read.js';
import { ARRAY, NULL, OBJECT } from '../bson/types.js';
import { ElementWalker, endOfValue, FieldFinder, FieldName } from '../bson/walk.js';
import { ElmoError } from '../errors.js';
import type { ElementFilter } from './array-filters.js';
import { MAX_ARRAY_INDEX, MAX_BACKFILL } from './limits.js';
import { UpdateNode } from './node.js';
import type { Run } from './run.js';
import { arrayIndexOf, compareParts } from './update-path.js';

const finder = new FieldFinder();
const walker = new ElementWalker();

/** Fields of a document in the order they are changed. */
class Fields {
  readonly names: readonly FieldName[];
  readonly nodes: readonly UpdateNode[];
  /** What the names mean in an array; -1: nothing. */
  readonly indexes: readonly number[];

  constructor(children: ReadonlyMap<string, UpdateNode>) {
    const names = [...children.keys()];
    // to sort one or two is most of what a small update would do
    if (names.length === 2 && compareParts(names[0]!, names[1]!) > 0) names.reverse();
    if (names.length > 2) names.sort(compareParts);
    this.names = names.map((name) => new FieldName(name));
    this.nodes = names.map((name) => children.get(name)!);
    this.indexes = names.map((name) => arrayIndexOf(name, MAX_ARRAY_INDEX));
  }
}

/** Is shown what changed at the top of a document. */
export type RootWatcher = (name: string, isNew: boolean, node: UpdateNode) => void;

/** A document some of whose fields change, or an array some of whose elements do. */
export class ObjectNode extends UpdateNode {
  readonly children = new Map<string, UpdateNode>();
  /** At the element that the positional `$` stands for. */
  positional: UpdateNode | undefined;
  private fields: Fields | undefined;
  private fieldsIndex: string | undefined;

  /** @param path  of the update, for messages */
  constructor(readonly path: string) {
    super();
  }

  override apply(run: Run, type: number, nameStart: number, valueStart: number): void {
    if (type === OBJECT) this.applyInDocument(run, valueStart);
    else if (type === ARRAY) this.applyInArray(run, nameStart, valueStart);
    else {
      const { names, nodes } = this.fieldsFor(run);
      for (let i = 0; i < names.length; i++)
        nodes[i]!.refuse(run, names[i]!.text, type, nameStart, valueStart);
    }
  }

  override create(run: Run, name: Uint8Array): boolean {
    const { scratch } = run.edits;
    const { names, nodes } = this.fieldsFor(run);
    scratch.writeName(OBJECT, name);
    const start = scratch.beginDocument();
    let hasAny = false;
    for (let i = 0; i < names.length; i++) {
      const mark = scratch.length;
      if (nodes[i]!.create(run, names[i]!.bytes)) hasAny = true;
      else scratch.length = mark;
    }
    if (hasAny) scratch.endDocument(start);
    return hasAny;
  }

  override refuse(run: Run, field: string, type: number, nameStart: number, valueStart: number): void {
    for (const node of this.fieldsFor(run).nodes) node.refuse(run, field, type, nameStart, valueStart);
  }

  /** @param watch  if this is the root */
  applyInDocument(run: Run, at: number, watch?: RootWatcher): void {
    const { bytes, edits } = run;
    const { scratch } = edits;
    const { names, nodes } = this.fieldsFor(run);
    const delta = edits.delta;
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      const { count } = edits;
      if (finder.find(bytes, at, name)) {
        const { type, nameStart, valueStart } = finder;
        nodes[i]!.apply(run, type, nameStart, valueStart, false);
        if (edits.count > count) watch?.(name.text, false, nodes[i]!);
        continue;
      }
      const mark = scratch.length;
      if (nodes[i]!.create(run, name.bytes)) {
        const limit = at + readInt32(bytes, at) - 1;
        edits.replace(limit, limit, mark);
        watch?.(name.text, true, nodes[i]!);
      } else scratch.length = mark;
    }
    fixLength(run, at, delta);
  }

  private applyInArray(run: Run, nameStart: number, at: number): void {
    const { bytes, edits } = run;
    const { scratch } = edits;
    const { names, nodes, indexes } = this.fieldsFor(run);
    const delta = edits.delta;
    let last = -1;
    let length = -1;
    for (let i = 0; i < names.length; i++) {
      const index = indexes[i]!;
      if (index < 0) {
        nodes[i]!.refuse(run, names[i]!.text, ARRAY, nameStart, at);
        continue;
      }
      if (index === last) throw conflict(`${this.path}.${names[i]!.text}`);
      last = index;
      if (findElement(bytes, at, index)) {
        nodes[i]!.apply(run, walker.type, walker.nameStart, walker.valueStart, true);
        continue;
      }
      if (length < 0) length = elementCount;
      const mark = scratch.length;
      if (!nodes[i]!.create(run, Buffer.from(String(index)))) {
        scratch.length = mark;
        continue;
      }
      const end = scratch.length;
      const limit = at + readInt32(bytes, at) - 1;
      if (index > length) {
        if (index - length > MAX_BACKFILL)
          throw new ElmoError('CannotBackfillArray', `can't backfill more than ${MAX_BACKFILL} elements`);
        for (; length < index; length++) scratch.writeIndex(NULL, length);
        edits.replaceBy(limit, limit, end, scratch.length);
      }
      edits.replaceBy(limit, limit, mark, end);
      length = index + 1;
    }
    fixLength(run, at, delta);
  }

  private fieldsFor(run: Run): Fields {
    if (this.positional === undefined) return (this.fields ??= new Fields(this.children));
    const index = run.matchedIndex;
    if (index === undefined)
      throw new ElmoError(
        'BadValue',
        'The positional operator did not find the match needed from the query.',
      );
    if (this.fields === undefined || this.fieldsIndex !== index) {
      const children = new Map(this.children);
      const other = children.get(index);
      const path = `${this.path}.${index}`;
      children.set(index, other === undefined ? this.positional : mergeNodes(other, this.positional, path));
      this.fields = new Fields(children);
      this.fieldsIndex = index;
    }
    return this.fields;
  }
}

/** All elements of an array, or those that filters accept. */
export class ArrayNode extends UpdateNode {
  /** By the name inside `$[name]`. */
  readonly children = new Map<
    string,
    { readonly node: UpdateNode; readonly filter: ElementFilter | undefined }
  >();
  private readonly merged = new Map<string, UpdateNode>();

  /** @param path  of the update, for messages */
  constructor(readonly path: string) {
    super();
  }

  override apply(run: Run, type: number, nameStart: number, valueStart: number): void {
    if (type !== ARRAY)
      throw new ElmoError(
        'BadValue',
        `Cannot apply array updates to non-array element ${run.describeElement(type, nameStart, valueStart)}`,
      );
    const { bytes, edits } = run;
    const delta = edits.delta;
    const limit = valueStart + readInt32(bytes, valueStart) - 1;
    for (let at = valueStart + 4; at < limit;) {
      const elementType = bytes[at]!;
      const name = at + 1;
      const value = endOfCString(bytes, name) + 1;
      this.nodeFor(run, elementType, value)?.apply(run, elementType, name, value, true);
      at = endOfValue(bytes, elementType, value);
    }
    fixLength(run, valueStart, delta);
  }

  override create(): boolean {
    throw this.mustExist();
  }

  override refuse(): void {
    throw this.mustExist();
  }

  private mustExist(): ElmoError {
    return new ElmoError(
      'BadValue',
      `The path '${this.path}' must exist in the document in order to apply array updates.`,
    );
  }

  /** What is to be done with an element; undefined: nothing. */
  private nodeFor(run: Run, type: number, valueStart: number): UpdateNode | undefined {
    let found: UpdateNode | undefined;
    let key = '';
    for (const [name, { node, filter }] of this.children) {
      if (filter?.matches(run.bytes, type, valueStart) === false) continue;
      key += `${name}.`;
      if (found === undefined) {
        found = node;
        continue;
      }
      let merged = this.merged.get(key);
      if (merged === undefined) this.merged.set(key, (merged = mergeNodes(found, node, this.path)));
      found = merged;
    }
    return found;
  }
}

function conflict(path: string): ElmoError {
  return new ElmoError('ConflictingUpdateOperators', `Update created a conflict at '${path}'`);
}

/** A node that does what both do. @throws ElmoError ConflictingUpdateOperators */
function mergeNodes(a: UpdateNode, b: UpdateNode, path: string): UpdateNode {
  if (a instanceof ObjectNode && b instanceof ObjectNode) {
    const merged = new ObjectNode(path);
    for (const [name, node] of a.children) merged.children.set(name, node);
    for (const [name, node] of b.children) {
      const other = merged.children.get(name);
      merged.children.set(name, other === undefined ? node : mergeNodes(other, node, `${path}.${name}`));
    }
    merged.positional =
      a.positional === undefined || b.positional === undefined
        ? (a.positional ?? b.positional)
        : mergeNodes(a.positional, b.positional, `${path}.$`);
    return merged;
  }
  if (a instanceof ArrayNode && b instanceof ArrayNode) {
    const merged = new ArrayNode(path);
    for (const [name, child] of a.children) merged.children.set(name, child);
    for (const [name, child] of b.children) {
      const other = merged.children.get(name);
      merged.children.set(
        name,
        other === undefined
          ? child
          : { node: mergeNodes(other.node, child.node, `${path}.$[${name}]`), filter: child.filter },
      );
    }
    return merged;
  }
  throw conflict(path);
}

/** How many elements the array has in which `findElement` found none of the index. */
let elementCount = 0;

/** Whether an array has so many elements; `walker` is then at it. */
function findElement(bytes: Uint8Array, at: number, index: number): boolean {
  walker.open(bytes, at);
  for (elementCount = 0; walker.next(); elementCount++) if (elementCount === index) return true;
  return false;
}

/** The length of the document at `at`, whose insides have changed since `delta`. */
function fixLength({ bytes, edits }: Run, at: number, delta: number): void {
  if (edits.delta === delta) return;
  const from = edits.scratch.length;
  edits.scratch.writeInt32(readInt32(bytes, at) + edits.delta - delta);
  edits.replace(at, at + 4, from);
}
