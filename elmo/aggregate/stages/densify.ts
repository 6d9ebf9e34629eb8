/** `$densify`: rows in order, and new ones where a step between two of them has none. */
import { OBJECT } from '../../bson/types.js';
import { int32Value, type Value } from '../../bson/value.js';
import type { RowSource } from '../../operation/row-source.js';
import { objectValue } from '../arguments.js';
import { CanonicalKeys } from '../canonical-keys.js';
import { DensifyRows } from '../densify/densify-rows.js';
import { parseDensify, type DensifySpec } from '../densify/spec.js';
import type { PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';
import { sortStage } from './sort.js';

class DensifyStage implements Stage {
  readonly name = '$_internalDensify';
  readonly changedPaths = undefined;
  readonly isOneToOne = false;

  constructor(
    readonly argument: Value,
    private readonly spec: DensifySpec,
    private readonly context: StageContext,
  ) {}

  open(input: RowSource, run: PipelineRun): RowSource {
    return new DensifyRows(input, this.spec, new CanonicalKeys(this.context.scope.collation), run);
  }

  addDependencies(into: Set<string>): boolean {
    into.add(this.spec.field);
    for (const path of this.spec.partitionBy) into.add(path);
    return false;
  }
}

function parse(argument: Value, context: StageContext): readonly Stage[] {
  const kept = argument.keep();
  const spec = parseDensify(kept);
  // over all rows the field alone decides; else partitions come one after the other
  const paths = spec.bounds.kind === 'full' ? [spec.field] : [...spec.partitionBy, spec.field];
  const order = objectValue(
    paths.map((path) => [path, int32Value(1)] as const),
    OBJECT,
  );
  return [sortStage(order, context), new DensifyStage(kept, spec, context)];
}

export const densifyStages: StageOperators = {
  $densify: { parse },
};
