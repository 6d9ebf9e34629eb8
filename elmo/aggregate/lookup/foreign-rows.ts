/**
 * The rows of the other side of a `$lookup`, for one row of this side: by key, through a pipeline, or both. Variables of
 * `let` are constants of the pipeline, which is parsed anew for each set of them, so that the planner can use indexes on
 * what they are compared with. What does not depend on them is read once.
 */
import { OBJECT, REGEX } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { copyDocument } from '../../bson/writer.js';
import type { Namespace } from '../../catalog/collection-spec.js';
import { ElmoError } from '../../errors.js';
import type { Expression, Frame } from '../../expression/expression.js';
import type { ReadDocument, RowSource } from '../../operation/row-source.js';
import { arrayValue, elementsOf, objectValue } from '../arguments.js';
import type { LeadingQuery } from '../collections.js';
import { MAX_STAGE_BYTES } from '../limits.js';
import { openPipeline, openStages, resolveViews, type RunOptions } from '../open-pipeline.js';
import { optimized } from '../optimize.js';
import { metaNamesOf } from '../row-metadata.js';
import { ListRows } from '../rows.js';
import type { Pipeline, Stage, StageContext } from '../stage.js';
import { ForeignTable } from './foreign-table.js';
import { KeptRows } from './kept-rows.js';
import { LocalValues } from './local-values.js';

export interface JoinFields {
  readonly local: string;
  readonly foreign: string;
}

export interface JoinVariable {
  readonly name: string;
  readonly expression: Expression;
}

/** A parsed `$lookup`, as far as it says which rows are joined. */
export interface JoinSpec {
  readonly fields: JoinFields | undefined;
  /** The stages as given. */
  readonly stages: Value;
  readonly variables: readonly JoinVariable[];
  /** Of the stages, without the variables; its namespace is the other collection. */
  readonly context: StageContext;
}

/** How much of what does not change from row to row is kept. */
const MOST_KEPT_BYTES = 16 * 1024 * 1024;
const EVERYTHING: LeadingQuery = {
  filter: undefined,
  sort: undefined,
  skip: 0,
  limit: 0,
  needs: undefined,
  hint: undefined,
};
/** An error of an expression that names a variable there is not. */
const UNDEFINED_VARIABLE = 17276;

export class ForeignRows {
  private readonly localValues: LocalValues | undefined;
  private readonly kept: KeptRows | undefined;
  private table: ForeignTable | undefined;
  /** How many stages do not depend on variables. */
  private readonly prefixLength: number;
  /** The collection that is asked by key alone, without views or stages. */
  private readonly plainTarget: Namespace | undefined;
  /** The whole pipeline if it has no variables. */
  private readonly pipeline: Pipeline | undefined;

  constructor(
    private readonly spec: JoinSpec,
    private readonly options: RunOptions,
  ) {
    const { fields, context, variables } = spec;
    const stages = elementsOf(spec.stages);
    this.localValues = fields === undefined ? undefined : new LocalValues(fields.local);
    this.pipeline = variables.length > 0 ? undefined : context.parsePipeline(spec.stages, context);
    this.prefixLength = this.pipeline === undefined ? countIndependent(spec) : stages.length;
    const resolved = resolveViews({ stages: [], context });
    if (stages.length === 0 && resolved.pipeline.stages.length === 0) this.plainTarget = resolved.namespace;
    // rows that are kept say nothing but their fields
    if (metaNamesOf([spec.stages]).size > 0) this.prefixLength = 0;
    else if (fields !== undefined) {
      if (!hasIndex(context, resolved.namespace, fields.foreign))
        this.kept = new KeptRows(() => openPipeline({ stages: [], context }, options), MAX_STAGE_BYTES);
    } else if (this.pipeline !== undefined || this.prefixLength > 0) {
      const prefix = arrayValue(stages.slice(0, this.prefixLength));
      this.kept = new KeptRows(
        () => openPipeline(context.parsePipeline(prefix, context), options),
        MOST_KEPT_BYTES,
      );
    }
  }

  /**
   * Reads what is read once.
   * @returns false to pause, and to be called again
   */
  prepare(): boolean {
    return this.kept?.fill() ?? true;
  }

  /** Opens the rows that go with the document of the frame, whose bytes stay valid meanwhile. After `prepare`. */
  open(frame: Frame): RowSource {
    const pipeline = this.pipelineFor(frame);
    const values = this.localValues?.of(frame.bytes, frame.at);
    if (values !== undefined) return this.openByKey(pipeline, values);
    const { kept } = this;
    if (kept === undefined || kept.isTooLarge) return openPipeline(pipeline, this.options);
    return openStages(pipeline.stages.slice(this.prefixLength), new ListRows(kept.rows), this.options);
  }

  /**
   * Shows the only row that goes with a document, if an index tells which that is. Before `open`.
   * @returns what `read` makes of it; null: there is none; undefined: `open` tells
   */
  findOnly<T>(bytes: Uint8Array, at: number, read: ReadDocument<T>): T | null | undefined {
    if (this.localValues === undefined || this.kept !== undefined || this.plainTarget === undefined)
      return undefined;
    return this.findUnique(this.localValues.of(bytes, at), read);
  }

  private findUnique<T>(values: readonly Value[], read: ReadDocument<T>): T | null | undefined {
    const { fields, context } = this.spec;
    if (this.plainTarget === undefined || values.length !== 1 || context.scope.collation !== undefined)
      return undefined;
    return context.collections.findUnique?.(this.plainTarget, fields!.foreign, values[0]!, read);
  }

  private openByKey(pipeline: Pipeline, values: readonly Value[]): RowSource {
    const { fields, context } = this.spec;
    const path = fields!.foreign;
    if (this.kept !== undefined && !this.kept.isTooLarge) {
      this.table ??= new ForeignTable(this.kept.rows, path, context.scope.collation);
      return openStages(pipeline.stages, new ListRows(this.table.having(values)), this.options);
    }
    const found = this.findUnique(values, copyDocument);
    if (found !== undefined) return new ListRows(found === null ? [] : [found]);
    const filter = equalsAny(path, values);
    if (this.plainTarget !== undefined) {
      const query = { ...EVERYTHING, filter: filter.bytes };
      return context.collections.open(this.plainTarget, query, context.scope, this.options);
    }
    const match = objectValue([['$match', filter]], OBJECT);
    const { stages } = context.parsePipeline(arrayValue([match]), context);
    return openPipeline({ ...pipeline, stages: [...stages, ...pipeline.stages] }, this.options);
  }

  private pipelineFor(frame: Frame): Pipeline {
    if (this.pipeline !== undefined) return this.pipeline;
    const { context, variables, stages } = this.spec;
    const { scope } = context.scope.withVariables(
      variables.map(({ name }) => name),
      variables.map(({ expression }) => expression.evaluate(frame).keep()),
    );
    return context.parsePipeline(stages, { ...context, scope });
  }

  close(): void {
    this.kept?.close();
  }
}

/**
 * How many of the first stages name none of the variables. None if a condition on these is to be asked before them, where
 * it shows which condition is asked first.
 */
function countIndependent(spec: JoinSpec): number {
  const { stages, context, variables } = spec;
  const names = variables.map(({ name }) => name);
  // a name that stands for something outside, too, would be taken for that
  if (names.some((name) => context.scope.variable(name) !== undefined)) return 0;
  const all = elementsOf(stages);
  const count = countNaming(all, context);
  if (count === 0 || count === all.length) return count;
  const parsed = context.parsePipeline(stages, {
    ...context,
    scope: context.scope.withVariables(names).scope,
  });
  const isSafe = parsed.stages
    .slice(0, parsed.stages.findLastIndex(({ name }) => name === '$match') + 1)
    .every((stage) => stage.mayFail === false);
  if (isSafe) return count;
  const whole = optimized(parsed).stages;
  const prefix = optimized({ context, stages: parsed.stages.slice(0, count) }).stages;
  return prefix.every((stage, i) => isAlike(stage, whole[i]!)) ? count : 0;
}

function isAlike(a: Stage, b: Stage): boolean {
  const [x, y] = [a.argument, b.argument];
  return (
    a.name === b.name && Buffer.compare(x.bytes.subarray(x.at, x.end), y.bytes.subarray(y.at, y.end)) === 0
  );
}

/** How many of the first stages name none of the variables that come. */
function countNaming(all: readonly Value[], context: StageContext): number {
  for (let i = 0; i < all.length; i++)
    try {
      context.parsePipeline(arrayValue(all.slice(0, i + 1)), context);
    } catch (error) {
      if (error instanceof ElmoError && error.code === UNDEFINED_VARIABLE) return i;
      throw error;
    }
  return all.length;
}

/** Whether an index can find the documents by this field. */
function hasIndex(context: StageContext, namespace: Namespace, path: string): boolean {
  const spec = context.collections.describe(namespace);
  if (spec === undefined) return true; // nothing is there to be kept
  if (path === '_id' && spec.isClustered) return true;
  return spec.indexes.some(
    ({ fields, isReady, isHidden, partialFilter, isSparse }) =>
      fields[0]?.path === path &&
      (fields[0].kind === 'ordered' || fields[0].kind === 'hashed') &&
      isReady &&
      !isHidden &&
      !isSparse &&
      partialFilter === undefined,
  );
}

/** `{path: {$in: values}}`; a regular expression among them is a value like others. */
export function equalsAny(path: string, values: readonly Value[]): Value {
  const equals = (value: Value): Value =>
    objectValue([[path, objectValue([['$eq', value]], OBJECT)]], OBJECT);
  if (values.length === 1) return equals(values[0]!);
  if (values.every(({ type }) => type !== REGEX))
    return objectValue([[path, objectValue([['$in', arrayValue(values)]], OBJECT)]], OBJECT);
  return objectValue([['$or', arrayValue(values.map(equals))]], OBJECT);
}
