/** From the array of a client to stages, with the rules of where each may stand. */
import { ARRAY, OBJECT } from '../bson/types.js';
import { readText } from '../bson/read.js';
import { Value } from '../bson/value.js';
import { ElementWalker } from '../bson/walk.js';
import { ElmoError } from '../errors.js';
import { refuseUnavailable } from '../expression/metadata-names.js';
import { elementsOf, mentions } from './arguments.js';
import { lateStages } from './late-stages.js';
import { MAX_NESTED_PIPELINES, MAX_PIPELINE_STAGES } from './limits.js';
import { metaNamesOf } from './row-metadata.js';
import type { Namespace } from '../catalog/collection-spec.js';
import type { LookContext, Pipeline, PipelineKind, Stage, StageContext, StageOperator } from './stage.js';

const MAX_SUB_PIPELINE_DEPTH_EXCEEDED = 232;

/** What a stage parses its own pipeline by. @throws ElmoError of the reference's code */
function parsePipeline(array: Value, context: StageContext): Pipeline {
  return parseEach(stagesOf(array), (spec) => namedStage(spec, context.kind), context);
}

/** What a stage looks at its own pipeline by. @throws ElmoError of the reference's code */
function lookAtPipeline(array: Value, context: LookContext): void {
  lookAtEach(stagesOf(array), context);
}

/** What a `StageContext` has for stages with pipelines. */
export const ownPipelines: Pick<StageContext, 'parsePipeline' | 'lookAtPipeline'> = {
  parsePipeline,
  lookAtPipeline,
};

function stagesOf(array: Value): Value[] {
  if (array.type !== ARRAY) throw new ElmoError('TypeMismatch', 'A pipeline must be an array of objects');
  return elementsOf(array);
}

/** The pipeline of a view, looked at before any of it is parsed. @param specs  one document each */
export function parseStages(specs: readonly Value[], context: StageContext): Pipeline {
  return parseLookedAt(lookAtEach(specs, context), context);
}

/** A stage of which no more is known than what it is. */
export interface NamedStage {
  readonly name: string;
  readonly argument: Value;
  readonly operator: StageOperator;
}

/**
 * The pipeline of a command, before it is known what it is asked with.
 * @param specs  one document each
 * @param joins  told of each collection that is joined, at every depth
 * @throws ElmoError of the reference's code
 */
export function lookAtStages(
  specs: readonly Value[],
  namespace: Namespace,
  joins?: (namespace: Namespace) => void,
): NamedStage[] {
  return lookAtEach(specs, { namespace, kind: 'command', depth: 0, lookAtPipeline, joins });
}

function lookAtEach(specs: readonly Value[], context: LookContext): NamedStage[] {
  return specs.map((spec) => {
    const stage = namedStage(spec, context.kind);
    stage.operator.look?.(stage.argument, context);
    return stage;
  });
}

function operatorOf(name: string): StageOperator {
  const operator = lateStages().stageOperatorOf(name);
  if (operator === undefined) throw new ElmoError(40324, `Unrecognized pipeline stage name: '${name}'`);
  return operator;
}

/** A pipeline that `lookAtStages` has seen. */
export function parseLookedAt(stages: readonly NamedStage[], context: StageContext): Pipeline {
  return parseEach(stages, (stage) => stage, context);
}

/** @param nameOf  what a stage is, asked when those before it have been parsed */
function parseEach<Spec>(
  specs: readonly Spec[],
  nameOf: (spec: Spec) => NamedStage,
  context: StageContext,
): Pipeline {
  if (context.depth > MAX_NESTED_PIPELINES)
    throw new ElmoError(
      MAX_SUB_PIPELINE_DEPTH_EXCEEDED,
      `Maximum number of nested sub-pipelines exceeded. Limit is ${MAX_NESTED_PIPELINES}`,
    );
  if (specs.length > MAX_PIPELINE_STAGES)
    throw new ElmoError(7749501, `Pipeline length must be no longer than ${MAX_PIPELINE_STAGES} stages`);
  const stages: Stage[] = [];
  const parsed: NamedStage[] = [];
  let isText = false;
  for (const spec of specs) {
    const named = nameOf(spec);
    const { name, argument, operator } = named;
    refuseInKind(name, operator, context.kind);
    stages.push(...operator.parse(argument, context, name));
    const looks = !WITH_RULES_OF_THEIR_OWN.has(name) && !isText && context.kind !== 'view';
    if (looks) refuseUnavailable(metaNamesOf([argument]));
    // a condition that is refused for want of an index
    if (parsed.length === 0 && name === '$match') isText = mentions(argument, TEXT);
    parsed.push(named);
  }
  checkPositions(parsed, context);
  return { stages, context };
}

function namedStage(spec: Value, kind: PipelineKind): NamedStage {
  if (spec.type !== OBJECT) {
    if (kind === '$facet')
      throw new ElmoError(40171, 'elements of arrays in $facet spec must be non-empty objects');
    throw new ElmoError('TypeMismatch', "Each element of the 'pipeline' array must be an object");
  }
  const walker = new ElementWalker();
  walker.open(spec.bytes, spec.at);
  if (walker.next()) {
    const name = readText(spec.bytes, walker.nameStart, walker.nameEnd);
    const argument = new Value(walker.type, spec.bytes, walker.valueStart);
    if (!walker.next()) return { name, argument, operator: operatorOf(name) };
  }
  throw new ElmoError(40323, 'A pipeline stage specification object must contain exactly one field.');
}

function refuseInKind(name: string, operator: StageOperator, kind: PipelineKind): void {
  if (kind === '$facet' && (operator.position !== undefined || operator.forbiddenIn?.includes(kind) === true))
    throw new ElmoError(40600, `${name} is not allowed to be used within a $facet stage`);
  if (operator.position === 'last') {
    if (kind === '$lookup')
      throw new ElmoError(51047, `${name} is not allowed within a $lookup's sub-pipeline`);
    if (kind === '$unionWith')
      throw new ElmoError(31441, `${name} is not allowed within a $unionWith's sub-pipeline`);
    if (kind === 'view')
      throw new ElmoError(
        'OptionNotSupportedOnView',
        `The aggregation stage ${name} cannot be used in the definition of a view because it writes`,
      );
  }
}

/** Stages that look after the metadata they name themselves, or in their pipelines. */
const WITH_RULES_OF_THEIR_OWN: ReadonlySet<string> = new Set(['$lookup', '$unionWith', '$facet', '$sort']);

const TEXT = Buffer.from('$text\0');

function checkPositions(parsed: readonly NamedStage[], { namespace, kind }: StageContext): void {
  const [first] = parsed;
  if (kind !== '$facet') {
    if (namespace.collection === '') {
      if (first === undefined)
        throw new ElmoError('InvalidNamespace', '{aggregate: 1} is not valid for an empty pipeline.');
      if (first.operator.onDatabase === undefined)
        throw new ElmoError(
          'InvalidNamespace',
          `{aggregate: 1} is not valid for '${first.name}'; a collection is required.`,
        );
    } else if (first?.operator.onDatabase === 'only')
      throw new ElmoError(
        'InvalidNamespace',
        `'${first.name}' can only be run with database or cluster-level aggregation {aggregate: 1}`,
      );
  }
  for (const [i, { name, operator }] of parsed.entries()) {
    if (operator.position === 'first' && i > 0)
      throw new ElmoError(40602, `${name} is only valid as the first stage in a pipeline`);
    if (operator.position === 'last' && i < parsed.length - 1)
      throw new ElmoError(40601, `${name} can only be the final stage in the pipeline`);
  }
}
