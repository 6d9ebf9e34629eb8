/** A pipeline on what it reads: a collection through the planner, a view's own pipeline first, or rows of its own. */
import { ARRAY } from '../bson/types.js';
import { Value } from '../bson/value.js';
import type { Namespace } from '../catalog/collection-spec.js';
import { namespaceText } from '../catalog/namespace.js';
import { isSameCollation } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import { Frame } from '../expression/expression.js';
import { refuseUnavailable } from '../expression/metadata-names.js';
import type { RowSource } from '../operation/row-source.js';
import type { LeadingQuery } from './collections.js';
import { MAX_VIEW_DEPTH } from './limits.js';
import { optimized, splitLeading } from './optimize.js';
import { metaNamesOf } from './row-metadata.js';
import { noRows } from './rows.js';
import type { Pipeline, PipelineRun, Stage, StageContext } from './stage.js';

/** What a run is told from outside. */
export type RunOptions = Omit<PipelineRun, 'frame' | 'metadata'>;

/** A pipeline together with those of the views it runs on. */
export interface Resolved {
  /** A collection, or what does not exist. */
  readonly namespace: Namespace;
  readonly pipeline: Pipeline;
}

/**
 * Puts the pipelines of views before the one that reads them.
 * @throws ElmoError ViewDepthLimitExceeded, GraphContainsCycle; OptionNotSupportedOnView if it has another collation
 */
export function resolveViews(pipeline: Pipeline): Resolved {
  const { context } = pipeline;
  let { namespace } = context;
  let stages: readonly Stage[] = pipeline.stages;
  const seen = new Set<string>();
  for (;;) {
    const spec = namespace.collection === '' ? undefined : context.collections.describe(namespace);
    if (spec?.kind !== 'view') return { namespace, pipeline: { context, stages } };
    if (!isSameCollation(spec.collation, context.scope.collation))
      throw new ElmoError(
        'OptionNotSupportedOnView',
        `Cannot override a view's default collation: ${namespaceText(namespace)}`,
      );
    if (seen.has(namespace.collection))
      throw new ElmoError('GraphContainsCycle', `View cycle detected: ${[...seen].join(' => ')}`);
    seen.add(namespace.collection);
    if (seen.size > MAX_VIEW_DEPTH)
      throw new ElmoError(
        'ViewDepthLimitExceeded',
        `View depth too deep or view cycle detected; maximum depth is ${MAX_VIEW_DEPTH}`,
      );
    namespace = { db: namespace.db, collection: spec.viewOn! };
    const inner: StageContext = { ...context, namespace, kind: 'view' };
    const view = context.parsePipeline(new Value(ARRAY, spec.pipeline!, 0), inner);
    refuseUnavailable(metaNamesOf(argumentsOf(view.stages)));
    const [first] = stages;
    if (view.stages.length > 0 && first?.makesRows === true)
      throw new ElmoError(40602, `${first.name} is only valid as the first stage in a pipeline`);
    stages = [...view.stages, ...stages];
  }
}

/** A pipeline in two parts: what the planner takes over, and the stages behind. */
export interface SplitPipeline {
  readonly namespace: Namespace;
  readonly context: StageContext;
  /** Undefined: the first stage makes rows of its own. */
  readonly query: LeadingQuery | undefined;
  readonly rest: readonly Stage[];
}

export function splitPipeline(pipeline: Pipeline, hint: Value | undefined): SplitPipeline {
  const { namespace, pipeline: whole } =
    pipeline.stages[0]?.ignoresViews === true
      ? { namespace: pipeline.context.namespace, pipeline }
      : resolveViews(pipeline);
  const { context, stages } = optimized(whole);
  if (stages[0]?.makesRows === true) return { namespace, context, query: undefined, rest: stages };
  const { match, sort, skip, limit, needs, rest } = splitLeading(stages);
  const metadata = metaNamesOf(argumentsOf(rest));
  const query: LeadingQuery = {
    filter: match?.argument.bytes,
    parsedFilter: match?.filter,
    sort: sort?.argument.bytes,
    parsedSort: sort?.pattern,
    skip,
    limit,
    needs,
    coded:
      sort === undefined && skip === 0 && limit === 0 && metadata.size === 0
        ? rest[0]?.codedPaths
        : undefined,
    metadata,
    hint,
  };
  if (sort === undefined && skip === 0 && limit === 0) refuseSortKeys(rest[0]);
  return { namespace, context, query, rest };
}

function argumentsOf(stages: readonly Stage[]): Value[] {
  return stages.map(({ argument }) => argument);
}

/** @throws ElmoError BadValue if a projection that belongs to the query shows what rows sort by, which do not */
function refuseSortKeys(first: Stage | undefined): void {
  if (first?.name === '$project' && metaNamesOf([first.argument]).has('sortKey'))
    throw new ElmoError('BadValue', 'cannot use sortKey $meta projection without a sort');
}

/** Opens a pipeline. The rows are to be closed by the caller. */
export function openPipeline(pipeline: Pipeline, options: RunOptions, hint?: Value): RowSource {
  const { namespace, context, query, rest } = splitPipeline(pipeline, hint);
  if (query === undefined) return openStages(rest, noRows(), options);
  const input = context.collections.open(namespace, query, context.scope, options);
  return openStages(rest, input, options, query.metadata);
}

/**
 * Opens stages on rows that are there already; closes them if that fails.
 * @param metadata  what they ask of rows with `{$meta: …}`
 */
export function openStages(
  stages: readonly Stage[],
  input: RowSource,
  options: RunOptions,
  metadata: ReadonlySet<string> = metaNamesOf(argumentsOf(stages)),
): RowSource {
  // field by field: spreading the options takes as long as all the rest
  const run: PipelineRun = {
    operation: options.operation,
    frame: new Frame(),
    allowDiskUse: options.allowDiskUse,
    metadata,
    maxStageBytes: options.maxStageBytes,
    writing: options.writing,
    kv: options.kv,
    collections: options.collections,
  };
  let rows = input;
  try {
    for (const stage of stages) rows = stage.open(rows, run);
    return rows;
  } catch (error) {
    rows.close();
    throw error;
  }
}
