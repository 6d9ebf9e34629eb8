/** `$project`, `$addFields`, `$set`, `$unset`, `$replaceRoot`, `$replaceWith`: each row becomes one document made of it. */
import { OBJECT } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { BsonWriter } from '../../bson/writer.js';
import { END, PAUSE, ROW, type Pulled, type RowSource } from '../../operation/row-source.js';
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
import type { Stage, StageOperator, StageOperators } from '../stage.js';
import type { ParseScope } from '../../expression/expression.js';

class ReshapeStage implements Stage {
  readonly changedPaths: readonly string[] | undefined;
  readonly keptPaths: readonly string[] | undefined;
  readonly isOneToOne = true;

  constructor(
    readonly name: string,
    readonly argument: Value,
    private readonly reshape: Reshape,
  ) {
    this.changedPaths = reshape.changedPaths;
    this.keptPaths = reshape.keptPaths;
  }

  open(input: RowSource): RowSource {
    return new ReshapeRows(input, this.reshape);
  }

  addDependencies(into: Set<string>): boolean {
    const { requiredPaths } = this.reshape;
    for (const path of requiredPaths ?? ['']) into.add(path);
    return requiredPaths !== undefined;
  }
}

class ReshapeRows extends StageRows {
  private readonly writer = new BsonWriter();

  constructor(
    input: RowSource,
    private readonly reshape: Reshape,
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
