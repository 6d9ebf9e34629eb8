/** Projections of `find` and `findAndModify`: they know `$slice`, `$elemMatch` and the positional `$` besides. */
import { ARRAY, BOOL, OBJECT, TYPE_NAMES } from '../bson/types.js';
import { documentValue, MISSING_VALUE, Value } from '../bson/value.js';
import { FieldFinder, FieldName } from '../bson/walk.js';
import { BsonWriter } from '../bson/writer.js';
import { ElmoError } from '../errors.js';
import { Expression, type Frame, type ParseScope } from '../expression/expression.js';
import { compileFilter } from '../query/compile.js';
import { elementsOf, isNumber, isTruthy, truncated } from '../query/elements.js';
import { wholeDocumentOperator, type FilterContext, type FilterNode } from '../query/filter.js';
import { parseFilter } from '../query/parse.js';
import { TreeProjection } from './apply.js';
import { inclusionPaths, metaNamesIn } from './build.js';
import { ProjectionParser } from './parse.js';
import type { Projection } from './projection.js';
import type { ArraySlice } from './tree.js';

/** A projection stands in a filter's context, and always has a scope. */
export interface ProjectionContext extends FilterContext {
  readonly scope: ParseScope;
  /** The filter whose matches a positional `$` shows. */
  readonly filter?: FilterNode | undefined;
}

/**
 * @param raw  a whole document; an empty one shows everything
 * @throws ElmoError of the reference's codes
 */
export function parseProjection(raw: Uint8Array, context: ProjectionContext): Projection {
  const value = documentValue(raw).keep();
  const parser = new FindParser(context);
  parser.parse(value);
  return parser.finish(value);
}

/** Not allowed in the filter of a projection's `$elemMatch`. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  '$where',
  '$text',
  '$near',
  '$nearSphere',
  '$geoNear',
  '$jsonSchema',
]);

class FindParser extends ProjectionParser {
  private positionalPath: string | undefined = undefined;
  private hasElementMatch = false;
  private hasSlice = false;

  constructor(private readonly context: ProjectionContext) {
    super(context.scope);
  }

  finish(value: Value): Projection {
    const { tree } = this;
    const isInclusion = this.isInclusion();
    if (isInclusion && !tree.has('_id') && !tree.isEmpty) tree.add(['_id'], { kind: 'include' });
    return new TreeProjection(tree.build(!isInclusion, !isInclusion), {
      requiredPaths: isInclusion ? inclusionPaths(tree.leaves()) : undefined,
      changedPaths: undefined,
      metaNames: metaNamesIn(value),
      keepsRecord: !isInclusion,
      needsMatchedIndex: this.positionalPath !== undefined,
    });
  }

  private isInclusion(): boolean {
    if (this.kind !== undefined) return this.kind === 'inclusion';
    if (this.idRule === 'include') return true;
    return this.hasElementMatch && !this.hasSlice;
  }

  protected override checkName(name: string, value: Value): void {
    super.checkName(name, value);
    if (!name.endsWith('.$')) return;
    if (value.type === OBJECT)
      throw new ElmoError(31271, 'positional projection cannot be used with an expression or sub object');
    if (value.type !== BOOL && !isNumber(value))
      throw new ElmoError(31308, 'positional projection cannot be used with a literal');
    if (!isTruthy(value)) throw new ElmoError(31395, 'positional projection cannot be used with exclusion');
    if (this.positionalPath !== undefined)
      throw new ElmoError(31276, 'Cannot specify more than one positional projection per query.');
    if (this.hasElementMatch)
      throw new ElmoError(31256, 'Cannot specify positional operator and $elemMatch.');
    this.refuseWholeDocumentFilter();
  }

  private refuseWholeDocumentFilter(): void {
    const { filter } = this.context;
    const refused = filter === undefined ? undefined : wholeDocumentOperator(filter);
    if (refused !== undefined) throw new ElmoError(224, `${refused} is not allowed in this context`);
  }

  protected override pathOf(outer: readonly string[], name: string): readonly string[] {
    if (name.endsWith('.$')) {
      const path = super.pathOf(outer, name.slice(0, -2));
      this.positionalPath = path.join('.');
      this.tree.setPositional(this.positionalPath);
      return path;
    }
    return super.pathOf(outer, name);
  }

  protected override parseOperator(
    path: readonly string[],
    value: Value,
    name: string,
    argument: Value,
  ): void {
    if (name === '$elemMatch') this.addElementMatch(path, argument);
    else if (name !== '$slice' || !this.addSlice(path, argument))
      super.parseOperator(path, value, name, argument);
  }

  private addElementMatch(path: readonly string[], argument: Value): void {
    if (argument.type !== OBJECT)
      throw new ElmoError(
        31274,
        `elemMatch: Invalid argument, object required, but got ${TYPE_NAMES.get(argument.type)}`,
      );
    if (this.positionalPath !== undefined)
      throw new ElmoError(31255, 'Cannot specify positional operator and $elemMatch.');
    if (path.length > 1) throw new ElmoError(31275, 'Cannot use $elemMatch projection on a nested field.');
    const filter = elementFilter(path[0]!, argument, { ...this.context, forbidden: FORBIDDEN });
    this.hasElementMatch = true;
    this.tree.add(path, {
      kind: 'computed',
      expression: new FirstMatch(path[0]!, filter, this.context),
    });
  }

  /** @returns false if it is not the slice of `find`; it may be the expression */
  private addSlice(path: readonly string[], argument: Value): boolean {
    const slice = sliceOf(argument);
    if (slice === undefined) return false;
    try {
      this.tree.add(path, { kind: 'slice', slice });
    } catch (error) {
      // a path that collides: the expression of the same name is asked, which may complain of something else
      if (argument.type === ARRAY && this.kind !== 'exclusion') throw error;
      return false;
    }
    this.hasSlice = true;
    return true;
  }
}

/** `{field: {$elemMatch: argument}}`, parsed. */
function elementFilter(field: string, argument: Value, context: FilterContext): FilterNode {
  const writer = new BsonWriter();
  const outer = writer.beginDocument();
  writer.writeName(OBJECT, Buffer.from(field));
  const inner = writer.beginDocument();
  writer.writeName(OBJECT, Buffer.from('$elemMatch'));
  writer.writeRange(argument.bytes, argument.at, argument.end);
  writer.endDocument(inner);
  writer.endDocument(outer);
  return parseFilter(writer.toBytes(), context);
}

const MOST = 0x7fff_ffff;

/** A number for a count of elements: fractions are cut, what is too large is as large as can be. */
function countOf(value: Value): number {
  const whole = truncated(value);
  if (typeof whole === 'bigint') return Math.max(Math.min(Number(whole), MOST), -MOST);
  if (whole === 'nan') return 0;
  return isNegative(value) ? -MOST : MOST;
}

function isNegative(value: Value): boolean {
  // doubles and decimals have their sign in the last bit of all
  return (value.bytes[value.end - 1]! & 0x80) !== 0;
}

function sliceOf(argument: Value): ArraySlice | undefined {
  if (isNumber(argument)) {
    const count = countOf(argument);
    return count < 0 ? { skip: count, limit: MOST } : { skip: 0, limit: count };
  }
  if (argument.type !== ARRAY) return undefined;
  const [skip, limit, ...rest] = elementsOf(argument).map(({ value }) => value);
  if (skip === undefined || limit === undefined || rest.length > 0) return undefined;
  if (!isNumber(skip) || !isNumber(limit)) return undefined;
  const most = countOf(limit);
  return most <= 0 ? undefined : { skip: countOf(skip), limit: most };
}

/** `{a: {$elemMatch: …}}`: the array with the first element that matches, nothing if there is none. */
class FirstMatch extends Expression {
  private readonly name: FieldName;
  private readonly finder = new FieldFinder();
  private readonly writer = new BsonWriter();
  private readonly matcher;

  constructor(
    private readonly field: string,
    filter: FilterNode,
    context: FilterContext,
  ) {
    super();
    this.name = new FieldName(field);
    this.matcher = compileFilter(filter, { collation: context.collation, positional: true });
  }

  override evaluate({ bytes, at }: Frame): Value {
    const { finder, writer } = this;
    if (!this.matcher.matches(bytes, at)) return MISSING_VALUE;
    finder.find(bytes, at, this.name);
    const elements = elementsOf(new Value(ARRAY, bytes, finder.valueStart));
    const { value } = elements[this.matcher.matchedIndex]!;
    writer.clear();
    writer.beginDocument();
    writer.writeIndex(value.type, 0);
    writer.writeRange(bytes, value.at, value.end);
    writer.endDocument(0);
    return new Value(ARRAY, writer.bytes, 0);
  }

  override addDependencies(into: Set<string>): void {
    into.add(this.field);
  }
}
