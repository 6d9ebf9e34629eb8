/** `$sort`. */
import { OBJECT } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { SortKeys, type SortField } from '../../exec/sort-key.js';
import { SortRows } from '../../exec/sort.js';
import type { RowSource } from '../../operation/row-source.js';
import { parseSortFields } from '../../exec/sort-pattern.js';
import type { PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';
import { LimitStage } from './limit.js';

export class SortStage implements Stage {
  readonly name = '$sort';
  readonly changedPaths = [];
  readonly isOneToOne = false;

  constructor(
    readonly argument: Value,
    readonly pattern: readonly SortField[],
    private readonly context: StageContext,
    /** Only so many first rows are wanted; 0: all. */
    readonly limit: number,
  ) {}

  open(input: RowSource, run: PipelineRun): RowSource {
    return new SortRows(input, new SortKeys(this.pattern, this.context.scope.collation), {
      kv: run.kv,
      operation: run.operation,
      limit: this.limit,
      allowsDisk: run.allowDiskUse,
      keepsMetadata: run.metadata.size > 0,
    });
  }

  /** Of several paths two may lead to arrays. */
  get mayFail(): boolean {
    return this.pattern.length > 1;
  }

  addDependencies(into: Set<string>): boolean {
    for (const { path, meta } of this.pattern) if (meta === undefined) into.add(path);
    return false;
  }

  absorb(next: Stage): Stage | undefined {
    if (next instanceof SortStage) return this.limit === 0 ? next : undefined;
    if (!(next instanceof LimitStage)) return undefined;
    const limit = this.limit === 0 ? next.limit : Math.min(this.limit, next.limit);
    return new SortStage(this.argument, this.pattern, this.context, limit);
  }
}

export function sortStage(argument: Value, context: StageContext): SortStage {
  if (argument.type !== OBJECT) throw new ElmoError(15973, 'the $sort key specification must be an object');
  const pattern = parseSortFields(argument);
  if (pattern.length === 0) throw new ElmoError(15976, '$sort stage must have at least one sort key');
  return new SortStage(argument.keep(), pattern, context, 0);
}

export const sortStages: StageOperators = {
  $sort: { parse: (argument, context) => [sortStage(argument, context)] },
};
