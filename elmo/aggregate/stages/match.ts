/** `$match`. */
import { ARRAY, OBJECT } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { END, PAUSE, ROW, type Pulled, type RowSource } from '../../operation/row-source.js';
import { compileFilter } from '../../query/compile.js';
import { elementsOf as fieldsOf } from '../../query/elements.js';
import { mayFail, type FilterNode, type Matcher } from '../../query/filter.js';
import { parseFilter } from '../../query/parse.js';
import { argumentsOf, arrayValue, elementsOf, mentions, objectValue } from '../arguments.js';
import { addFilterPaths } from '../filter-paths.js';
import { renamedExpression } from '../renamed-expression.js';
import { StageRows } from '../rows.js';
import type { Stage, StageContext, StageOperators } from '../stage.js';

/** Predicates that need rows in an order of their own. */
const SORTING: ReadonlySet<string> = new Set(['$near', '$nearSphere', '$geoNear']);

export class MatchStage implements Stage {
  readonly name = '$match';
  readonly changedPaths = [];
  readonly isOneToOne = false;
  readonly filter: FilterNode;

  constructor(
    /** The filter as a document of its own. */
    readonly argument: Value,
    private readonly context: StageContext,
  ) {
    const { scope } = context;
    refuseWhere(argument);
    this.filter = parseFilter(argument.bytes, { collation: scope.collation, scope });
    refuseSorting(this.filter);
  }

  open(input: RowSource): RowSource {
    if (this.filter.kind === 'true') return input;
    const { collation } = this.context.scope;
    return new MatchRows(input, compileFilter(this.filter, { collation, order: 'written' }));
  }

  addDependencies(into: Set<string>): boolean {
    addFilterPaths(this.filter, into);
    return false;
  }

  /** Whether it lets every row pass. */
  get isEmpty(): boolean {
    return this.filter.kind === 'true';
  }

  get mayFail(): boolean {
    return mayFail(this.filter);
  }

  absorb(next: Stage): Stage | undefined {
    if (!(next instanceof MatchStage)) return undefined;
    if (this.isEmpty || next.isEmpty) return this.isEmpty ? next : this;
    const conditions = [...conditionsOf(this.argument), ...conditionsOf(next.argument)];
    return new MatchStage(objectValue([['$and', arrayValue(conditions)]], OBJECT), this.context);
  }

  /**
   * Its conditions in two parts, either of them undefined if there is none.
   * @param pathBefore  the path that conditions of the first part ask instead; undefined if they stay in the second
   */
  split(pathBefore: PathBefore): [Stage | undefined, Stage | undefined] {
    const [moved, left] = this.partsOf(this.argument, pathBefore);
    if (moved.length === 0) return [undefined, this];
    return [this.ofParts(moved), left.length === 0 ? undefined : this.ofParts(left)];
  }

  /** What is parted is told condition by condition: an `$and` among them stays one of them, several of a field do not. */
  private ofParts(parts: readonly [string, Value][]): MatchStage {
    const names = new Set(parts.map(([name]) => name));
    const argument =
      parts.length === 1 || (names.size === parts.length && !names.has('$and'))
        ? objectValue(parts, OBJECT)
        : objectValue([['$and', arrayValue(parts.map((part) => objectValue([part], OBJECT)))]], OBJECT);
    return new MatchStage(argument, this.context);
  }

  /** Conditions that all have to hold are parted one by one, at every depth. */
  private partsOf(filter: Value, pathBefore: PathBefore): Parts {
    const parts: Parts = [[], []];
    for (const { name, value: condition } of fieldsOf(filter)) {
      if (!isConjunction(name, condition)) {
        const moved = this.moved(name, condition, pathBefore);
        if (moved === undefined) parts[1].push([name, condition]);
        else parts[0].push(moved);
        continue;
      }
      const inner: [Value[], Value[]] = [[], []];
      for (const each of elementsOf(condition))
        if (name === '$nor') {
          const moved = this.moved(name, arrayValue([each]), pathBefore);
          if (moved === undefined) inner[1].push(each);
          else inner[0].push(...elementsOf(moved[1]));
        } else
          this.partsOf(each, pathBefore).forEach((part, i) => {
            if (part.length > 0) inner[i]!.push(objectValue(part, OBJECT));
          });
      inner.forEach((conditions, i) => {
        if (conditions.length > 0) parts[i]!.push([name, arrayValue(conditions)]);
      });
    }
    return parts;
  }

  /** A condition as it is asked before a stage; undefined if it asks what the stage makes. */
  private moved(name: string, condition: Value, pathBefore: PathBefore): [string, Value] | undefined {
    const match = new MatchStage(objectValue([[name, condition]], OBJECT), this.context);
    const paths = match.paths;
    if (paths.some((path) => pathBefore(path) === undefined)) return undefined;
    if (paths.includes('') && match.mayFail) return undefined; // what asks the whole document keeps its place
    return paths.every((path) => pathBefore(path) === path)
      ? [name, condition]
      : this.renamed(name, condition, pathBefore);
  }

  /** @returns undefined if something of it cannot be asked by another name */
  private renamed(name: string, condition: Value, pathBefore: PathBefore): [string, Value] | undefined {
    if (!name.startsWith('$')) return [pathBefore(name) ?? name, condition];
    if (!LOGICAL.has(name)) {
      const paths = this.pathsOf(name, condition);
      if (paths.every((path) => pathBefore(path) === path)) return [name, condition];
      if (name !== '$expr') return undefined;
      const renamed = renamedExpression(condition, pathBefore);
      const asked = this.pathsOf(name, renamed);
      const wanted = new Set(paths.map(pathBefore));
      return asked.length === wanted.size && asked.every((path) => wanted.has(path))
        ? [name, renamed]
        : undefined;
    }
    const renamed: Value[] = [];
    for (const each of elementsOf(condition)) {
      const fields = fieldsOf(each).map((field) => this.renamed(field.name, field.value, pathBefore));
      if (!fields.every((field) => field !== undefined)) return undefined;
      renamed.push(objectValue(fields, OBJECT));
    }
    return [name, arrayValue(renamed)];
  }

  private pathsOf(name: string, condition: Value): string[] {
    return new MatchStage(objectValue([[name, condition]], OBJECT), this.context).paths;
  }

  private get paths(): string[] {
    const paths = new Set<string>();
    this.addDependencies(paths);
    return [...paths];
  }
}

/** The conditions of a filter that all have to hold; those of its own `$and` are among them. */
function conditionsOf(filter: Value): Value[] {
  return fieldsOf(filter).flatMap(({ name, value: condition }) =>
    name === '$and' ? [...elementsOf(condition)] : [objectValue([[name, condition]], OBJECT)],
  );
}

/** What a path is called before a stage; undefined if its value is another there. */
type PathBefore = (path: string) => string | undefined;

/** Named conditions: those that go to one part of a filter, and to the other. */
type Parts = [moved: [string, Value][], left: [string, Value][]];

/** Whether each of several conditions has to hold; {} among them asks nothing, and stays where it is. */
function isConjunction(name: string, condition: Value): boolean {
  if (condition.type !== ARRAY || !LOGICAL.has(name)) return false;
  const conditions = [...elementsOf(condition)];
  if (name === '$or' && conditions.length > 1) return false;
  return conditions.every((each) => each.type === OBJECT && [...argumentsOf(each)].length > 0);
}

const WHERE = Buffer.from('$where\0');

/** @throws ElmoError if there is a `$where` among the conditions */
function refuseWhere(filter: Value): void {
  if (!mentions(filter, WHERE)) return;
  for (const [name, value] of argumentsOf(filter)) {
    if (name === '$where') throw new ElmoError('BadValue', '$where is not allowed in this context');
    if (LOGICAL.has(name) && value.type === ARRAY)
      for (const part of elementsOf(value)) if (part.type === OBJECT) refuseWhere(part);
  }
}

const LOGICAL: ReadonlySet<string> = new Set(['$and', '$or', '$nor']);

function refuseSorting(node: FilterNode): void {
  if (node.kind === 'special' && SORTING.has(node.name))
    throw new ElmoError(
      5626500,
      '$geoNear, $near, and $nearSphere are not allowed in this context, as these operators require sorting geospatial data.',
    );
  if (node.kind === 'and' || node.kind === 'or' || node.kind === 'nor')
    for (const child of node.children) refuseSorting(child);
  else if (node.kind === 'not') refuseSorting(node.child);
}

class MatchRows extends StageRows {
  constructor(
    input: RowSource,
    private readonly matcher: Matcher,
  ) {
    super(input);
  }

  pull(): Pulled {
    const { input, matcher } = this;
    for (;;) {
      const pulled = input.pull();
      if (pulled === END || pulled === PAUSE) return pulled;
      if (matcher.matches(input.bytes, input.at)) {
        this.bytes = input.bytes;
        this.at = input.at;
        return ROW;
      }
    }
  }
}

export const matchStages: StageOperators = {
  $match: {
    parse: (argument, context) => {
      if (argument.type !== OBJECT)
        throw new ElmoError(15959, 'the match filter must be an expression in an object');
      return [new MatchStage(argument.keep(), context)];
    },
  },
};
