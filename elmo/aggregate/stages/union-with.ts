/** `$unionWith`: after its own rows, those of another collection, through a pipeline. */
import { ARRAY, OBJECT, STRING, TYPE_NAMES } from '../../bson/types.js';
import { EMPTY_ARRAY, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { END, PAUSE, type Pulled, type RowMetadata, type RowSource } from '../../operation/row-source.js';
import { argumentsOf } from '../arguments.js';
import { openPipeline } from '../open-pipeline.js';
import { StageRows } from '../rows.js';
import type { Pipeline, PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';

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

function parseUnion(argument: Value, context: StageContext): Stage {
  let collection: string | undefined;
  let stages: Value | undefined;
  if (argument.type === STRING) collection = argument.text;
  else if (argument.type !== OBJECT)
    throw new ElmoError(
      'FailedToParse',
      `the $unionWith stage specification must be an object or string, but found ${TYPE_NAMES.get(argument.type)}`,
    );
  else
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
        if (value.type !== ARRAY)
          throw new ElmoError('TypeMismatch', 'A pipeline must be an array of objects');
        stages = value;
      } else throw new ElmoError('IDLUnknownField', `BSON field '$unionWith.${name}' is an unknown field.`);
    }
  const namespace = { db: context.namespace.db, collection: collection ?? '' };
  if (collection === undefined) requireDocuments(stages, '$unionWith');
  const inner: StageContext = { ...context, namespace, kind: '$unionWith', depth: context.depth + 1 };
  return new UnionStage(argument.keep(), context.parsePipeline(stages ?? EMPTY_ARRAY, inner));
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
  $unionWith: { parse: (argument, context) => [parseUnion(argument, context)] },
};
