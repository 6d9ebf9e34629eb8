/** From the array of a client to stages, with the rules of where each may stand. */
import { ARRAY, OBJECT } from '../bson/types.js';
import { readText } from '../bson/read.js';
import { Value } from '../bson/value.js';
import { ElementWalker } from '../bson/walk.js';
import { ElmoError } from '../errors.js';
import { refuseUnavailable } from '../expression/metadata-names.js';
import { metaNamesIn } from '../projection/build.js';
import { elementsOf } from './arguments.js';
import { lateStages } from './late-stages.js';
import { MAX_NESTED_PIPELINES, MAX_PIPELINE_STAGES } from './limits.js';
import type { Namespace } from '../catalog/collection-spec.js';
import type { LookContext, Pipeline, PipelineKind, Stage, StageContext, StageOperator } from './stage.js';

const MAX_SUB_PIPELINE_DEPTH_EXCEEDED = 232;

/** What a stage parses its own pipeline by. @throws ElmoError of the reference's code */
function parsePipeline(array: Value, context: StageContext): Pipeline {
  return parseLookedAt(stagesOf(array), context);
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
  lookAtEach(specs, context);
  return parseLookedAt(specs, context);
}

/** The pipeline of a command, before it is known what it is asked with. @throws ElmoError of the reference's code */
export function lookAtStages(specs: readonly Value[], namespace: Namespace): void {
  lookAtEach(specs, { namespace, kind: 'command', depth: 0, lookAtPipeline });
}

function lookAtEach(specs: readonly Value[], context: LookContext): void {
  for (const spec of specs) {
    const { name, argument } = stageOf(spec, context.kind);
    operatorOf(name).look?.(argument, context);
  }
}

function operatorOf(name: string): StageOperator {
  const { stageOperators } = lateStages();
  const operator = Object.hasOwn(stageOperators, name) ? stageOperators[name] : undefined;
  if (operator === undefined) throw new ElmoError(40324, `Unrecognized pipeline stage name: '${name}'`);
  return operator;
}

/** A pipeline that `lookAtStages` has seen. @param specs  one document each */
export function parseLookedAt(specs: readonly Value[], context: StageContext): Pipeline {
  if (context.depth > MAX_NESTED_PIPELINES)
    throw new ElmoError(
      MAX_SUB_PIPELINE_DEPTH_EXCEEDED,
      `Maximum number of nested sub-pipelines exceeded. Limit is ${MAX_NESTED_PIPELINES}`,
    );
  if (specs.length > MAX_PIPELINE_STAGES)
    throw new ElmoError(7749501, `Pipeline length must be no longer than ${MAX_PIPELINE_STAGES} stages`);
  const stages: Stage[] = [];
  const parsed: { name: string; operator: StageOperator }[] = [];
  let isText = false;
  for (const spec of specs) {
    const { name, argument } = stageOf(spec, context.kind);
    const operator = operatorOf(name);
    refuseInKind(name, operator, context.kind);
    stages.push(...operator.parse(argument, context, name));
    const looks = !WITH_RULES_OF_THEIR_OWN.has(name) && !isText && context.kind !== 'view';
    if (looks) refuseUnavailable(metaNamesIn(argument));
    if (parsed.length === 0 && name === '$match') isText = namesText(argument);
    parsed.push({ name, operator });
  }
  checkPositions(parsed, context);
  return { stages, context };
}

function stageOf(spec: Value, kind: PipelineKind): { name: string; argument: Value } {
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
    if (!walker.next()) return { name, argument };
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

/** Whether a condition is one that is refused for want of an index. */
function namesText({ bytes, at, end }: Value): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).includes(TEXT);
}

function checkPositions(
  parsed: readonly { name: string; operator: StageOperator }[],
  { namespace, kind }: StageContext,
): void {
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
