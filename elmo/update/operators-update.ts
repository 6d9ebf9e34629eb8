/** Updates by operators: `{$set: {'a.b': 1}, $inc: {n: 1}}`. */
import { ARRAY, OBJECT } from '../bson/types.js';
import { documentLength } from '../bson/walk.js';
import type { Value } from '../bson/value.js';
import { collatorOf } from '../collation/collator.js';
import { ElmoError } from '../errors.js';
import { typeNameOf } from '../expression/numbers.js';
import { describe, elementsOf } from '../query/elements.js';
import { ArrayFilters } from './array-filters.js';
import { arrayAsId } from './document-id.js';
import { dollarRefusal } from './dollar-fields.js';
import { checkUpdatedSize, MAX_NESTING } from './limits.js';
import { checkNesting, nestingOf } from './nesting.js';
import { LeafNode, type UpdateNode } from './node.js';
import { UnsetNode } from './operators/fields.js';
import type { OperatorContext } from './operators/operator.js';
import { lateOperators } from './late-operators.js';
import type { UpdateOptions } from './parse.js';
import { immutable, Run } from './run.js';
import { ArrayNode, ObjectNode } from './tree.js';
import type { Update, UpdateContext } from './update.js';
import { arrayFilterName, parseUpdatePath, POSITIONAL } from './update-path.js';

const run = new Run();

/** Refuses changes at the top of a document that no operator may make. */
function watchRoot(name: string, isNew: boolean, node: UpdateNode): void {
  if (name === '_id' && !isNew) throw immutable('_id');
  if (!name.startsWith('$') || node instanceof UnsetNode || run.context.isInsert) return;
  if (name === '$ref' || name === '$id' || name === '$db')
    throw new ElmoError('InvalidDBRef', `The field ${name} cannot be changed without the rest of its DBRef`);
  throw dollarRefusal(name);
}

class OperatorsUpdate implements Update {
  readonly kind = 'operators';

  constructor(
    private readonly root: ObjectNode,
    readonly touchedPaths: readonly string[],
    readonly needsMatchedIndex: boolean,
    /** Whether a document may nest too deep afterwards. */
    private readonly mayNestDeep: boolean,
    /** Whether elements are added to an `_id`: one that is there refuses them, so it is then one just made. */
    private readonly addsToId: boolean,
  ) {}

  apply(bytes: Uint8Array, at: number, context: UpdateContext): Uint8Array | undefined {
    run.open(bytes, at, context);
    this.root.applyInDocument(run, at, watchRoot);
    const { edits } = run;
    if (edits.count === 0) return undefined;
    if (this.addsToId) throw arrayAsId();
    const length = documentLength(bytes, at);
    checkUpdatedSize(length + edits.delta);
    const updated = edits.build(bytes, at, at + length);
    if (this.mayNestDeep) checkNesting(updated);
    return updated;
  }
}

/**
 * @param document  in bytes that are kept
 * @throws ElmoError FailedToParse, ConflictingUpdateOperators, and those of the operators
 */
export function parseOperatorsUpdate(document: Value, options: UpdateOptions): Update {
  return new TreeBuilder(options).build(document);
}

const DIGITS = /^[0-9]+$/;

/**
 * Where a change at a path can be seen. An index may make an element of an array, with nulls before it, so all of the
 * array may be others; `$` stands for an index. `$[]` and `$[name]` only change elements that are there.
 */
function touchedPath(parts: readonly string[]): string {
  if (parts.length === 1) return parts[0]!;
  const firstIndex = parts.findIndex((part, i) => i > 0 && (part === POSITIONAL || DIGITS.test(part)));
  const fixed = firstIndex < 0 ? parts : parts.slice(0, firstIndex);
  return fixed.filter((part) => arrayFilterName(part) === undefined).join('.');
}

const NO_FILTERS = new ArrayFilters([], undefined, undefined);

/**
 * A class because of its getter: one in an object literal makes a shape of its own for each object, and what it can reach
 * then lives until the next collection of everything.
 */
class ParseContext implements OperatorContext {
  readonly collation: UpdateOptions['collation'];
  readonly compareTexts: OperatorContext['compareTexts'];

  constructor(private readonly options: UpdateOptions) {
    this.collation = options.collation;
    this.compareTexts = options.collation === undefined ? undefined : collatorOf(options.collation);
  }

  /** Made only if it is asked for. */
  get scope(): UpdateOptions['scope'] {
    return this.options.scope;
  }
}

class TreeBuilder {
  private readonly root = new ObjectNode('');
  private readonly filters: ArrayFilters;
  private readonly context: OperatorContext;
  private readonly touched: string[] = [];
  private isPositional = false;
  private deepest = 0;

  constructor(options: UpdateOptions) {
    const { arrayFilters, collation } = options;
    this.filters =
      arrayFilters === undefined || arrayFilters.length === 0
        ? NO_FILTERS
        : new ArrayFilters(arrayFilters, collation, options.scope);
    this.context = new ParseContext(options);
  }

  build(document: Value): Update {
    for (const { name, value } of elementsOf(document)) this.addOperator(name, value);
    this.filters.refuseUnused();
    const idNode = this.root.children.get('_id');
    return new OperatorsUpdate(
      this.root,
      this.touched,
      this.isPositional,
      this.deepest > MAX_NESTING,
      idNode instanceof LeafNode && idNode.addsElements,
    );
  }

  private addOperator(name: string, argument: Value): void {
    const { updateOperators } = lateOperators();
    const operator = Object.hasOwn(updateOperators, name) ? updateOperators[name] : undefined;
    if (operator === undefined)
      throw new ElmoError(
        'FailedToParse',
        name === '$v'
          ? 'The $v update field is only recognized internally'
          : `Unknown modifier: ${name}. Expected a valid update modifier or pipeline-style update specified as an array`,
      );
    if (argument.type !== OBJECT)
      throw new ElmoError(
        'FailedToParse',
        `Modifiers operate on fields but we found type ${typeNameOf(argument)} instead. For example: {$mod: {<field>: ...}} not {${describe(name, argument)}}`,
      );
    for (const { name: path, value } of elementsOf(argument)) {
      parseUpdatePath(path);
      for (const leaf of operator.parse(path, value, this.context)) this.place(leaf, value);
    }
  }

  private place(leaf: LeafNode, argument: Value): void {
    const { path } = leaf;
    const parts = path.split('.');
    // a value lies one level deeper than its path is long, and two if it is pushed
    const ownLevels =
      argument.type === OBJECT || argument.type === ARRAY ? nestingOf(argument.bytes, argument.at) : 0;
    this.deepest = Math.max(this.deepest, parts.length + 1 + ownLevels);
    this.touched.push(touchedPath(parts));
    let parent: UpdateNode = this.root;
    for (let i = 0; i < parts.length - 1; i++) {
      const prefix = parts.slice(0, i + 1).join('.');
      const isArray = arrayFilterName(parts[i + 1]!) !== undefined;
      parent = this.child(parent, parts[i]!, path, prefix, () =>
        isArray ? new ArrayNode(prefix) : new ObjectNode(prefix),
      );
      if (
        isArray !== parent instanceof ArrayNode ||
        !(parent instanceof ArrayNode || parent instanceof ObjectNode)
      )
        throw conflict(path, prefix);
    }
    const placed = this.child(parent, parts.at(-1)!, path, path, () => leaf);
    if (placed !== leaf) throw conflict(path, path);
  }

  /** The child at a part of a path, made if there is none. */
  private child(
    parent: UpdateNode,
    part: string,
    path: string,
    prefix: string,
    make: () => UpdateNode,
  ): UpdateNode {
    const filterName = arrayFilterName(part);
    if (parent instanceof ArrayNode) {
      if (filterName === undefined) throw conflict(path, prefix);
      let child = parent.children.get(filterName);
      if (child === undefined) {
        const filter = filterName === '' ? undefined : this.filters.use(filterName, path);
        parent.children.set(filterName, (child = { node: make(), filter }));
      }
      return child.node;
    }
    if (!(parent instanceof ObjectNode)) throw conflict(path, prefix);
    if (part === POSITIONAL) {
      this.isPositional = true;
      return (parent.positional ??= make());
    }
    let child = parent.children.get(part);
    if (child === undefined) parent.children.set(part, (child = make()));
    return child;
  }
}

function conflict(path: string, prefix: string): ElmoError {
  return new ElmoError(
    'ConflictingUpdateOperators',
    `Updating the path '${path}' would create a conflict at '${prefix}'`,
  );
}
