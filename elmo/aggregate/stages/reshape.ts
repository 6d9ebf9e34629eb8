/** `$project`, `$addFields`, `$set`, `$unset`, `$replaceRoot`, `$replaceWith`: each row becomes one document made of it. */
import { OBJECT } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { BsonWriter } from '../../bson/writer.js';
import {
  END,
  PAUSE,
  ROW,
  type Pulled,
  type RowMetadata,
  type RowSource,
} from '../../operation/row-source.js';
import type { Reshape } from '../../projection/projection.js';
import {
  parseAddFieldsStage,
  parseProjectStage,
  parseReplaceRootStage,
  parseReplaceWithStage,
  parseUnsetStage,
} from '../../projection/stages.js';
import { objectValue } from '../arguments.js';
import { StageRows } from '../rows.js';
import type { PipelineRun, Stage, StageOperator, StageOperators } from '../stage.js';
import type { ParseScope } from '../../expression/expression.js';

export class ReshapeStage implements Stage {
  readonly changedPaths: readonly string[] | undefined;
  readonly keptPaths: readonly string[] | undefined;
  readonly renames: ReadonlyMap<string, string> | undefined;
  readonly isOneToOne = true;

  constructor(
    readonly name: string,
    readonly argument: Value,
    private readonly reshape: Reshape,
    private readonly isLeading = false,
  ) {
    this.changedPaths = reshape.changedPaths;
    this.keptPaths = reshape.keptPaths;
    this.renames = reshape.renames;
  }

  get mayFail(): boolean {
    return this.reshape.mayFail;
  }

  /** The stage where the query before it takes it over. */
  leading(): ReshapeStage {
    return new ReshapeStage(this.name, this.argument, this.reshape, true);
  }

  open(input: RowSource, { metadata }: PipelineRun): RowSource {
    const { reshape } = this;
    return metadata.size === 0
      ? new ReshapeRows(input, reshape)
      : new ToldReshapeRows(input, reshape, this.isLeading);
  }

  addDependencies(into: Set<string>): boolean {
    const { requiredPaths, readPaths } = this.reshape;
    for (const path of requiredPaths ?? readPaths ?? ['']) into.add(path);
    return requiredPaths !== undefined;
  }
}

class ReshapeRows extends StageRows {
  private readonly writer = new BsonWriter();

  constructor(
    input: RowSource,
    protected readonly reshape: Reshape,
  ) {
    super(input);
  }

  pull(): Pulled {
    const { input, writer } = this;
    const pulled = input.pull();
    if (pulled === END || pulled === PAUSE) return pulled;
    writer.clear();
    this.reshape.apply(input.bytes, input.at, writer, input.metadata);
    this.bytes = writer.bytes;
    return ROW;
  }
}

/** The same where later stages ask for what `{$meta: …}` says: documents made anew do not tell their record. */
class ToldReshapeRows extends ReshapeRows {
  private told: RowMetadata | undefined;

  /** @param isLeading  whether a query has made them, and tells no record of any */
  constructor(
    input: RowSource,
    reshape: Reshape,
    private readonly isLeading: boolean,
  ) {
    super(input, reshape);
  }

  override get metadata(): RowMetadata | undefined {
    return this.told;
  }

  override pull(): Pulled {
    const pulled = super.pull();
    if (pulled !== ROW) return pulled;
    const { reshape, isLeading } = this;
    const { metadata } = this.input;
    if (metadata === undefined || (!isLeading && reshape.keepsRecord)) this.told = metadata;
    else this.told = { ...metadata, recordId: isLeading ? null : undefined };
    return ROW;
  }
}

/** @param shownAs  the stage's name and argument in `explain`, if they are others than those given */
function reshapeStage(
  parse: (argument: Value, scope: ParseScope, name: string) => Reshape,
  shownAs?: (argument: Value) => [string, Value],
): StageOperator {
  return {
    parse: (argument, { scope }, name) => {
      const kept = argument.keep();
      const [shownName, shown] = shownAs?.(kept) ?? [name, kept];
      return [new ReshapeStage(shownName, shown, parse(kept, scope, name))];
    },
  };
}

export const reshapeStages: StageOperators = {
  $project: reshapeStage(parseProjectStage),
  $addFields: reshapeStage(parseAddFieldsStage),
  $set: reshapeStage(parseAddFieldsStage),
  $unset: reshapeStage(parseUnsetStage),
  $replaceRoot: reshapeStage(parseReplaceRootStage),
  $replaceWith: reshapeStage(parseReplaceWithStage, (argument) => [
    '$replaceRoot',
    objectValue([['newRoot', argument]], OBJECT),
  ]),
};
