/** Updates by a pipeline of stages that reshape the document. Source: MongoDB manual, "Updates with Aggregation Pipeline". */
import { OBJECT } from '../bson/types.js';
import { Value } from '../bson/value.js';
import { BsonWriter } from '../bson/writer.js';
import { ElmoError } from '../errors.js';
import type { ParseScope } from '../expression/expression.js';
import { parseUnfolded } from '../expression/operator-kinds.js';
import { checkVariableRead } from '../expression/field-names.js';
import type { Reshape } from '../projection/projection.js';
import {
  parseAddFieldsStage,
  parseProjectStage,
  parseReplaceRootStage,
  parseReplaceWithStage,
  parseUnsetStage,
} from '../projection/stages.js';
import { elementsOf } from '../query/elements.js';
import { isUnchanged, withOldId } from './document-id.js';
import { checkUpdatedSize } from './limits.js';
import { checkNesting } from './nesting.js';
import type { Update, UpdateContext } from './update.js';

type StageParser = (argument: Value, scope: ParseScope, name: string) => Reshape;

/** The stages an update may have. */
const STAGES: Readonly<Record<string, StageParser>> = {
  $addFields: parseAddFieldsStage,
  $set: parseAddFieldsStage,
  $project: parseProjectStage,
  $unset: parseUnsetStage,
  $replaceRoot: parseReplaceRootStage,
  $replaceWith: parseReplaceWithStage,
};

/** Stages that no pipeline of this engine has, but that are known by name. */
const OTHER_STAGES: ReadonlySet<string> = new Set(['$geoNear', '$changeStream', '$currentOp', '$queryStats']);

class PipelineUpdate implements Update {
  readonly kind = 'pipeline';
  readonly needsMatchedIndex = false;
  readonly touchedPaths: readonly string[] | undefined;
  private readonly writers = [new BsonWriter(), new BsonWriter()] as const;

  constructor(private readonly stages: readonly Reshape[]) {
    this.touchedPaths = touchedBy(stages);
  }

  apply(bytes: Uint8Array, at: number, context: UpdateContext): Uint8Array | undefined {
    const { stages, writers } = this;
    if (stages.length === 0) return undefined;
    let from = bytes;
    let fromAt = at;
    let writer: BsonWriter = writers[0];
    for (let i = 0; i < stages.length; i++) {
      writer = writers[i & 1]!;
      writer.clear();
      stages[i]!.apply(from, fromAt, writer);
      from = writer.bytes;
      fromAt = 0;
    }
    const document = writer.toBytes();
    if (isUnchanged(document, bytes, at)) return undefined;
    const updated = withOldId(document, bytes, at, context.isInsert);
    checkUpdatedSize(updated.length);
    checkNesting(updated);
    return updated;
  }
}

function touchedBy(stages: readonly Reshape[]): readonly string[] | undefined {
  const paths: string[] = [];
  for (const { changedPaths } of stages) {
    if (changedPaths === undefined) return undefined;
    paths.push(...changedPaths);
  }
  return paths;
}

/** The name and the argument of a stage. @throws ElmoError TypeMismatch, 40323 */
function stageOf(stage: Value): { name: string; argument: Value } {
  if (stage.type !== OBJECT)
    throw new ElmoError('TypeMismatch', "Each element of the 'pipeline' array must be an object");
  const [first, second] = elementsOf(stage);
  if (first === undefined || second !== undefined)
    throw new ElmoError(40323, 'A pipeline stage specification object must contain exactly one field.');
  return { name: first.name, argument: first.value };
}

/**
 * @param array  in bytes that are kept
 * @param constants  of the statement, a document
 * @param isStageName  whether there is a stage of that name at all
 * @throws ElmoError of the reference's code
 */
export function parsePipelineUpdate(
  array: Value,
  scope: ParseScope,
  constants: Uint8Array | undefined,
  isStageName: (name: string) => boolean,
): Update {
  const inner = constants === undefined ? scope : withConstants(scope, constants);
  const stages = elementsOf(array).map(({ value }) => stageOf(value));
  for (const { name } of stages)
    if (!Object.hasOwn(STAGES, name) && !OTHER_STAGES.has(name) && !isStageName(name))
      throw new ElmoError(40324, `Unrecognized pipeline stage name: '${name}'`);
  let foreign: string | undefined;
  const reshapes: Reshape[] = [];
  for (const { name, argument } of stages) {
    const parse = Object.hasOwn(STAGES, name) ? STAGES[name] : undefined;
    if (parse === undefined) foreign ??= name;
    else reshapes.push(parseUnfolded(() => parse(argument, inner, name)));
  }
  // what is wrong with the stages themselves is told first
  if (foreign !== undefined)
    throw new ElmoError('InvalidOptions', `${foreign} is not allowed to be used within an update`);
  return new PipelineUpdate(reshapes);
}

function withConstants(scope: ParseScope, constants: Uint8Array): ParseScope {
  const elements = elementsOf(new Value(OBJECT, constants.slice(), 0));
  for (const { name } of elements) checkVariableRead(name);
  return scope.withVariables(
    elements.map(({ name }) => name),
    elements.map(({ value }) => value),
  ).scope;
}
