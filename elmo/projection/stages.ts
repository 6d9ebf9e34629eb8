/**
 * What $project, $addFields ($set), $unset and $replaceRoot ($replaceWith) do with a document; as stages of pipelines, and as
 * steps of updates. Source: MongoDB manual, "Aggregation Stages"; codes are the reference engine's own.
 */
import { ARRAY, OBJECT, STRING, TYPE_NAMES } from '../bson/types.js';
import { EMPTY_DOCUMENT, type Value } from '../bson/value.js';
import type { BsonWriter } from '../bson/writer.js';
import { ElmoError } from '../errors.js';
import { valueText } from '../expression/elements.js';
import { Frame, type Expression, type ParseScope } from '../expression/expression.js';
import { parsePath } from '../expression/field-names.js';
import { ConstantExpression } from '../expression/nodes.js';
import { parseExpression } from '../expression/parse.js';
import type { RowMetadata } from '../operation/row-source.js';
import { elementsOf } from '../query/elements.js';
import { TreeProjection } from './apply.js';
import {
  computationPaths,
  includedPaths,
  inclusionPaths,
  mayFailAmong,
  metaNamesIn,
  renamesAmong,
  TreeBuilder,
  type Collisions,
} from './build.js';
import { ProjectionParser, refuseInnerPositional } from './parse.js';
import type { Reshape } from './projection.js';

/** Runs what parses a stage, so that its complaints name the stage. */
function forStage<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ElmoError)) throw error;
    throw new ElmoError(error.code, `Invalid ${name} :: caused by :: ${error.message}`, { cause: error });
  }
}

function typeNameOf(value: Value): string {
  return TYPE_NAMES.get(value.type) ?? 'missing';
}

class ProjectParser extends ProjectionParser {
  protected override checkName(name: string, value: Value): void {
    super.checkName(name, value);
    if (name.endsWith('.$'))
      throw new ElmoError(31324, 'Cannot use positional projection in aggregation projection');
  }

  protected override parseOperator(
    path: readonly string[],
    value: Value,
    name: string,
    argument: Value,
  ): void {
    if (name === '$elemMatch')
      throw new ElmoError('InvalidPipelineOperator', 'Cannot use $elemMatch in this context');
    super.parseOperator(path, value, name, argument);
  }

  /** Of a projection of nothing but `_id` and `{$meta: …}`. */
  private showsSome(): boolean {
    return this.idRule === 'include' || this.tree.leaves().some(({ rule }) => rule.kind === 'computed');
  }

  finish(specification: Value): Reshape {
    const { tree } = this;
    const isInclusion = this.kind === undefined ? this.showsSome() : this.kind === 'inclusion';
    if (isInclusion && !tree.has('_id')) tree.add(['_id'], { kind: 'include' });
    const leaves = tree.leaves();
    return new TreeProjection(tree.build(!isInclusion, !isInclusion), {
      requiredPaths: isInclusion ? inclusionPaths(leaves) : undefined,
      readPaths: isInclusion ? undefined : [],
      changedPaths: isInclusion ? undefined : leaves.map(({ path }) => path),
      keptPaths: isInclusion ? includedPaths(leaves) : undefined,
      renames: renamesAmong(leaves),
      metaNames: metaNamesIn(specification),
      mayFail: mayFailAmong(leaves),
      keepsRecord: !isInclusion,
    });
  }
}

/** `{$project: specification}` */
export function parseProjectStage(specification: Value, scope: ParseScope): Reshape {
  if (specification.type !== OBJECT) throw new ElmoError(15969, '$project specification must be an object');
  const kept = specification.keep();
  return forStage('$project', () => {
    if (elementsOf(kept).length === 0)
      throw new ElmoError(51272, 'projection specification must have at least one field');
    const parser = new ProjectParser(scope);
    parser.parse(kept);
    return parser.finish(kept);
  });
}

/** `{$unset: 'a'}`, `{$unset: ['a', 'b.c']}` */
export function parseUnsetStage(specification: Value): Reshape {
  if (specification.type !== STRING && specification.type !== ARRAY)
    throw new ElmoError(31002, '$unset specification must be a string or an array');
  const fields =
    specification.type === STRING ? [specification] : elementsOf(specification).map(({ value }) => value);
  if (fields.length === 0)
    throw new ElmoError(31119, '$unset specification must be a string or an array with at least one field');
  if (fields.some(({ type }) => type !== STRING))
    throw new ElmoError(
      31120,
      '$unset specification must be a string or an array containing only string values',
    );
  if (fields.some(({ text }) => text.includes('\0')))
    throw new ElmoError(9527900, 'illegal embedded NUL byte');
  return forStage('$unset', () => {
    const tree = new TreeBuilder();
    for (const { text } of fields) {
      refuseInnerPositional(text);
      if (text.endsWith('.$'))
        throw new ElmoError(31324, 'Cannot use positional projection in aggregation projection');
      tree.add(parsePath(text, 0), { kind: 'exclude' });
    }
    return new TreeProjection(tree.build(true, true), {
      requiredPaths: undefined,
      readPaths: [],
      changedPaths: tree.leaves().map(({ path }) => path),
      metaNames: [],
      mayFail: false,
      keepsRecord: true,
    });
  });
}

const ADDITION_COLLISIONS: Collisions = {
  through: (path, rest) => {
    const outer = path.slice(0, path.length - rest.length - 1);
    return new ElmoError(
      40176,
      `specification contains two conflicting paths. Cannot specify both '${path}' and '${outer}'`,
    );
  },
  at: (path) =>
    new ElmoError(
      40176,
      `specification contains two conflicting paths. Cannot specify both '${path}' and '${path}'`,
    ),
};

/**
 * `{$addFields: specification}`
 * @param name  as it was written: '$addFields', '$set'
 */
export function parseAddFieldsStage(specification: Value, scope: ParseScope, name: string): Reshape {
  if (specification.type !== OBJECT)
    throw new ElmoError(
      40272,
      `${name} specification stage must be an object, got ${typeNameOf(specification)}`,
    );
  const kept = specification.keep();
  return forStage(name, () => {
    const tree = new TreeBuilder();
    const additions: Addition[] = [];
    // paths are checked before any expression is parsed
    const conflicts = new TreeBuilder(ADDITION_COLLISIONS);
    for (const field of elementsOf(kept))
      addField(additions, conflicts, parsePath(field.name, 0), field.value);
    for (const { path, value } of additions)
      tree.put(path, { kind: 'computed', expression: parseAddition(value, scope) });
    const leaves = tree.leaves();
    return new TreeProjection(tree.build(true, true), {
      requiredPaths: undefined,
      readPaths: computationPaths(leaves),
      changedPaths: leaves.map(({ path }) => path),
      renames: renamesAmong(leaves),
      metaNames: metaNamesIn(kept),
      mayFail: mayFailAmong(leaves),
      keepsRecord: true,
    });
  });
}

/** A field to be added, with what it is computed from. */
interface Addition {
  readonly path: readonly string[];
  readonly value: Value;
}

/** @param conflicts  the paths so far; empty documents conflict with nothing */
function addField(into: Addition[], conflicts: TreeBuilder, path: readonly string[], value: Value): void {
  const fields = value.type === OBJECT ? elementsOf(value) : [];
  if (fields.some((field) => field.name.startsWith('$')) && fields.length > 1)
    throw new ElmoError(
      40181,
      `an expression specification must contain exactly one field, the name of the expression. Found ${fields.length} fields`,
    );
  if (fields.length === 0 || fields[0]!.name.startsWith('$')) {
    if (value.type !== OBJECT || fields.length > 0) conflicts.add(path, { kind: 'include' });
    into.push({ path, value });
    return;
  }
  for (const field of fields) {
    if (field.name.includes('.'))
      throw new ElmoError(40183, `cannot use dotted field name '${field.name}' in a sub object`);
    addField(into, conflicts, [...path, ...parsePath(field.name, 0)], field.value);
  }
}

function parseAddition(value: Value, scope: ParseScope): Expression {
  const isEmpty = value.type === OBJECT && elementsOf(value).length === 0;
  return isEmpty ? new ConstantExpression(EMPTY_DOCUMENT) : parseExpression(value, scope);
}

/** `{$replaceRoot: {newRoot: expression}}` */
export function parseReplaceRootStage(specification: Value, scope: ParseScope): Reshape {
  if (specification.type !== OBJECT)
    throw new ElmoError(
      40229,
      `expected an object as specification for $replaceRoot stage, got ${typeNameOf(specification)}`,
    );
  const kept = specification.keep();
  const fields = elementsOf(kept);
  const unknown = fields.find(({ name }) => name !== 'newRoot');
  if (unknown !== undefined)
    throw new ElmoError('IDLUnknownField', `BSON field '$replaceRoot.${unknown.name}' is an unknown field.`);
  const newRoot = fields[0]?.value;
  if (newRoot === undefined)
    throw new ElmoError(
      'IDLFailedToParse',
      "BSON field '$replaceRoot.newRoot' is missing but a required field",
    );
  return new Replacement(parseExpression(newRoot, scope), "'newRoot' expression ", metaNamesIn(newRoot));
}

/** `{$replaceWith: expression}` */
export function parseReplaceWithStage(expression: Value, scope: ParseScope): Reshape {
  const kept = expression.keep();
  return new Replacement(parseExpression(kept, scope), "'replacement document' ", metaNamesIn(kept));
}

class Replacement implements Reshape {
  readonly requiredPaths: readonly string[] | undefined;
  readonly changedPaths = undefined;
  readonly mayFail = true;
  keepsRecord = false;
  private readonly frame = new Frame();

  constructor(
    private readonly expression: Expression,
    private readonly what: string,
    readonly metaNames: readonly string[],
  ) {
    const paths = new Set<string>();
    expression.addDependencies(paths);
    this.requiredPaths = paths.has('') ? undefined : [...paths];
  }

  apply(bytes: Uint8Array, at: number, into: BsonWriter, metadata?: RowMetadata): void {
    const { frame } = this;
    frame.setDocument(bytes, at);
    frame.setMetadata(metadata);
    const value = this.expression.evaluate(frame);
    if (value.type !== OBJECT)
      throw new ElmoError(
        40228,
        `${this.what} must evaluate to an object, but resulting value was: ${valueText(value)}. ` +
          `Type of resulting value: '${typeNameOf(value)}'.`,
      );
    this.keepsRecord = value.bytes === bytes && value.at === at; // $$ROOT itself
    into.writeRange(value.bytes, value.at, value.end);
  }
}
