/** `$unionWith`: after its own rows, those of another collection, through a pipeline. */
import { ARRAY, OBJECT, STRING, TYPE_NAMES } from '../../bson/types.js';
import { EMPTY_ARRAY, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { END, PAUSE, type Pulled, type RowMetadata, type RowSource } from '../../operation/row-source.js';
import { argumentsOf, elementsOf } from '../arguments.js';
import { openPipeline } from '../open-pipeline.js';
import { StageRows } from '../rows.js';
import type { LookContext, Pipeline, PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';

class UnionStage implements Stage {
  readonly name = '$unionWith';
  readonly changedPaths = undefined;
  readonly isOneToOne = false;

  constructor(
    readonly argument: Value,
    private readonly pipeline: Pipeline,
  ) {}

  open(input: RowSource, run: PipelineRun): RowSource {
    return new UnionRows(input, () => openPipeline(this.pipeline, run));
  }

  addDependencies(): boolean {
    return false;
  }

  through(stage: Stage): UnionStage {
    const { pipeline } = this;
    return new UnionStage(this.argument, { ...pipeline, stages: [...pipeline.stages, stage] });
  }
}

class UnionRows extends StageRows {
  private second: RowSource | undefined;

  constructor(
    input: RowSource,
    private readonly openSecond: () => RowSource,
  ) {
    super(input);
  }

  override get metadata(): RowMetadata | undefined {
    return (this.second ?? this.input).metadata;
  }

  pull(): Pulled {
    if (this.second === undefined) {
      const pulled = this.input.pull();
      if (pulled === PAUSE) return PAUSE;
      if (pulled !== END) return this.pass();
      this.input.close();
      this.second = this.openSecond();
    }
    const pulled = this.second.pull();
    this.bytes = this.second.bytes;
    this.at = this.second.at;
    return pulled;
  }

  override close(): void {
    super.close();
    this.second?.close();
  }
}

interface UnionArguments {
  readonly collection: string | undefined;
  readonly stages: Value | undefined;
}

function readArguments(argument: Value): UnionArguments {
  if (argument.type === STRING) return { collection: argument.text, stages: undefined };
  if (argument.type !== OBJECT)
    throw new ElmoError(
      'FailedToParse',
      `the $unionWith stage specification must be an object or string, but found ${TYPE_NAMES.get(argument.type)}`,
    );
  let collection: string | undefined;
  let stages: Value | undefined;
  for (const [name, value] of argumentsOf(argument)) {
    if (name === 'coll') {
      if (value.isNullish) continue;
      if (value.type !== STRING)
        throw new ElmoError(
          'TypeMismatch',
          `BSON field '$unionWith.coll' is the wrong type '${TYPE_NAMES.get(value.type)}', expected type 'string'`,
        );
      collection = value.text;
    } else if (name === 'pipeline') {
      if (value.type !== ARRAY) throw new ElmoError('TypeMismatch', 'A pipeline must be an array of objects');
      if (elementsOf(value).some(({ type }) => type !== OBJECT))
        throw new ElmoError('TypeMismatch', "Each element of the 'pipeline' array must be an object");
      stages = value;
    } else throw new ElmoError('IDLUnknownField', `BSON field '$unionWith.${name}' is an unknown field.`);
  }
  if (collection === undefined) requireDocuments(stages, '$unionWith');
  return { collection, stages };
}

function innerOf<Context extends LookContext>({ collection }: UnionArguments, context: Context): Context {
  const namespace = { db: context.namespace.db, collection: collection ?? '' };
  return { ...context, namespace, kind: '$unionWith', depth: context.depth + 1 };
}

function lookAtUnion(argument: Value, context: LookContext): void {
  const read = readArguments(argument);
  const inner = innerOf(read, context);
  context.joins?.(inner.namespace);
  if (read.stages !== undefined) context.lookAtPipeline(read.stages, inner);
}

function parseUnion(argument: Value, context: StageContext): Stage {
  const kept = argument.keep();
  const read = readArguments(kept);
  return new UnionStage(kept, context.parsePipeline(read.stages ?? EMPTY_ARRAY, innerOf(read, context)));
}

/** Without a collection a pipeline must bring its own rows. */
export function requireDocuments(stages: Value | undefined, name: string): void {
  const first = stages === undefined ? undefined : argumentsOf(stages).get('0');
  if (first?.type === OBJECT && argumentsOf(first).has('$documents')) return;
  throw new ElmoError(
    'FailedToParse',
    `${name} stage without explicit collection must have a pipeline with $documents as first stage`,
  );
}

export const unionStages: StageOperators = {
  $unionWith: { look: lookAtUnion, parse: (argument, context) => [parseUnion(argument, context)] },
};
