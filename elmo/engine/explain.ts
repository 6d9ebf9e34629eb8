/** What `explain` shows of a query: the plan that is chosen, those that are not, and what running it took. Source: the reference. */
import { lookedBy } from '../exec/traced-plan.js';
import { boolValue, doubleValue, documentValue, int32Value, stringValue, type Value } from '../bson/value.js';
import { namespaceText } from '../catalog/namespace.js';
import type { NamedValue } from '../catalog/raw-document.js';
import { collationDocument } from '../collation/collation.js';
import { countingPlan, countRunning, isKeyWalk } from '../exec/count-rows.js';
import { drive } from '../exec/cursor.js';
import { DistinctScan } from '../exec/distinct-scan.js';
import {
  accessTree,
  array,
  count,
  eofTree,
  object,
  shapeHash,
  sortedTree,
  stageDocument,
  type StageTree,
} from '../exec/explain-stages.js';
import {
  countScanTree,
  countTree,
  coveredTree,
  distinctTree,
  writeTree,
  type WriteStage,
} from '../exec/explain-trees.js';
import { choose, planFilterOf, runPlan, type RowsRequest, type RunningPlan } from '../exec/planned-rows.js';
import type { AggregateRequest, FindRequest } from '../operation/requests.js';
import { PAUSE, ROW } from '../operation/row-source.js';
import type { QueryPlan } from '../plan/query-plan.js';
import { planKeyOf } from '../exec/profiled-stages.js';
import { queryShape } from '../plan/query-shape.js';
import { filterToBson } from '../query/to-bson.js';
import { checkKey, planDistinct, shownBy } from './distinct.js';
import {
  countRequest,
  isWholeCount,
  prepareFind,
  rowsRequest,
  shapedRows,
  type FindContext,
  type PreparedFind,
} from './find.js';
import { shapedTree } from './find-stages.js';

export type Verbosity = 'queryPlanner' | 'executionStats' | 'allPlansExecution';

/** A query in terms of a find, and what is done with its rows. */
export interface QueryTarget {
  readonly kind: 'find' | 'count' | 'distinct' | 'update' | 'delete';
  readonly request: FindRequest;
  /** Of a distinct. */
  readonly key?: string;
  /** Of a write: whether it is about all matches, and whether one document is given back. */
  readonly isMulti?: boolean;
  readonly returnsDocument?: boolean;
}

export type ExplainTarget = QueryTarget | { readonly kind: 'aggregate'; readonly request: AggregateRequest };

/** Rows of a plan that is not chosen, as far as it is tried. */
const TRIAL_ROWS = 101;

/** What a query shows: its plans as trees, and how they are run. */
interface Explained {
  readonly winner: (running?: RunningPlan) => StageTree;
  readonly losers: readonly QueryPlan[];
  readonly loserTree: (plan: QueryPlan, running?: RunningPlan) => StageTree;
  /** Runs the plan. */
  readonly run: () => Promise<Outcome>;
  readonly request: RowsRequest | undefined;
}

interface Outcome {
  readonly running: RunningPlan | undefined;
  readonly tree: StageTree;
  readonly returned: number;
  readonly keys: number;
  readonly documents: number;
}

/** The fields of the reply, without those that are about the command. */
export async function explainQuery(
  target: QueryTarget,
  context: FindContext,
  verbosity: Verbosity,
  more: readonly NamedValue[] = [],
): Promise<NamedValue[]> {
  const prepared = prepareFind(target.request, context);
  if (target.key !== undefined) checkKey(target.key);
  const startedMs = context.clock.nowMs();
  const explained = explainedQuery(target, context, prepared);
  const tookMs = context.clock.nowMs() - startedMs;
  const planner = plannerFields(target, context, prepared, explained, tookMs, more);
  const fields: NamedValue[] = [
    ['explainVersion', stringValue('1')],
    ['queryPlanner', object(planner)],
  ];
  if (verbosity !== 'queryPlanner')
    fields.push(['executionStats', object(await executionFields(explained, context, verbosity))]);
  return fields;
}

function plannerFields(
  { request }: QueryTarget,
  { collation, entry }: FindContext,
  { filter, sort }: PreparedFind,
  { winner, losers, loserTree, request: wanted }: Explained,
  tookMs: number,
  more: readonly NamedValue[],
): NamedValue[] {
  const namespace = namespaceText(request.namespace);
  const { projection } = request;
  const shape = shapeHash(`${namespace} ${queryShape({ filter, sort, projection, collation })}`);
  const hashes: NamedValue[] =
    entry === undefined
      ? []
      : [
          ['queryHash', stringValue(shape)],
          ['planCacheShapeHash', stringValue(shape)],
          ['planCacheKey', stringValue(planKeyOf(shape, entry.spec.indexes))],
        ];
  return [
    ['namespace', stringValue(namespace)],
    ['parsedQuery', documentValue(filterToBson(filter))],
    ['collation', collation === undefined ? undefined : documentValue(collationDocument(collation))],
    ['indexFilterSet', boolValue(wanted !== undefined && planFilterOf(wanted) !== undefined)],
    ...hashes,
    ['optimizationTimeMillis', int32Value(Math.floor(tookMs))],
    ...more,
    ['maxIndexedOrSolutionsReached', boolValue(false)],
    ['maxIndexedAndSolutionsReached', boolValue(false)],
    ['maxScansToExplodeReached', boolValue(false)],
    ['prunedSimilarIndexes', boolValue(false)],
    ['winningPlan', stageDocument(winner(), true)],
    ['rejectedPlans', array(losers.map((plan) => stageDocument(loserTree(plan), true)))],
  ];
}

async function executionFields(
  explained: Explained,
  { clock }: FindContext,
  verbosity: Verbosity,
): Promise<NamedValue[]> {
  const startedMs = clock.nowMs();
  const { tree, returned, keys, documents } = await explained.run();
  const tookMs = clock.nowMs() - startedMs;
  const trials = verbosity === 'allPlansExecution' ? await trialsOf(explained) : undefined;
  return [
    ['executionSuccess', boolValue(true)],
    ['nReturned', count(returned)],
    ['executionTimeMillis', count(Math.floor(tookMs))],
    ['totalKeysExamined', count(keys)],
    ['totalDocsExamined', count(documents)],
    ['executionStages', stageDocument(tree, true)],
    ['allPlansExecution', trials === undefined ? undefined : array(trials)],
  ];
}

/** The plans beside the winner, each run for its first rows. */
async function trialsOf({ losers, loserTree, request }: Explained): Promise<Value[]> {
  const trials: Value[] = [];
  for (const plan of request === undefined ? [] : losers) {
    const running = runPlan(plan, request!);
    let returned = 0;
    try {
      while (returned < TRIAL_ROWS) {
        const pulled = running.rows.pull();
        if (pulled === ROW) returned++;
        else if (pulled === PAUSE) await request!.operation.turn();
        else break;
      }
    } finally {
      running.rows.close();
    }
    const { keys, documents } = lookedBy(running);
    trials.push(
      object([
        ['nReturned', count(returned)],
        ['executionTimeMillisEstimate', count(0)],
        ['totalKeysExamined', count(keys)],
        ['totalDocsExamined', count(documents)],
        ['score', doubleValue(1 + returned / Math.max(keys + documents, 1))],
        ['executionStages', stageDocument(loserTree(plan, running), true)],
      ]),
    );
  }
  return trials;
}

const writeStageOf = (
  { isMulti, returnsDocument, request: { projection } }: QueryTarget,
  kind: WriteStage['kind'],
): WriteStage => ({ kind, isMulti: isMulti === true, returnsDocument, projection });

function explainedQuery(target: QueryTarget, context: FindContext, prepared: PreparedFind): Explained {
  const { entry } = context;
  const { request, kind } = target;
  if (entry === undefined) return fixedPlan((hasRun) => eofTree('nonExistentNamespace', hasRun), 0);
  const wanted = rowsRequest(request, context, entry, prepared);
  if (kind === 'count') {
    if (!isWholeCount(request)) return explainedCount(countRequest(wanted));
    const counted = entry.state.documentCount;
    return fixedPlan((hasRun) => countTree('RECORD_STORE_FAST_COUNT', hasRun ? counted : undefined, []), 0);
  }
  if (kind === 'distinct') return explainedDistinct(target, context, wanted);
  const { best, others } = choose(wanted);
  const tree = (plan: QueryPlan, running?: RunningPlan): StageTree =>
    kind === 'find'
      ? shapedTree(sortedTree(plan, wanted, running), plan, wanted, request, prepared)
      : writeTree(writeStageOf(target, kind), sortedTree(plan, wanted, running));
  return {
    winner: (running) => tree(best, running),
    losers: others,
    loserTree: tree,
    request: wanted,
    run: async () => {
      const running = runPlan(best, wanted);
      const rows = kind === 'find' ? shapedRows(running.rows, request, prepared, context) : running.rows;
      let found = 0;
      try {
        await drive(rows, wanted.operation, () => found++);
      } finally {
        rows.close();
      }
      const returned = kind === 'find' || target.returnsDocument === true ? found : 0;
      return { running, tree: tree(best, running), returned, ...lookedBy(running) };
    },
  };
}

/** A plan there is no choice about. */
function fixedPlan(tree: (hasRun: boolean) => StageTree, returned: number): Explained {
  return {
    winner: () => tree(false),
    losers: [],
    loserTree: () => tree(false),
    request: undefined,
    run: () => Promise.resolve({ running: undefined, tree: tree(true), returned, keys: 0, documents: 0 }),
  };
}

function explainedCount(request: RowsRequest): Explained {
  const unlimited = { ...request, skip: 0, limit: 0 };
  const { best, others } = choose(request);
  const plan = countingPlan(best);
  const tree = (each: QueryPlan, running?: RunningPlan, counted?: number): StageTree => {
    const access = accessTree(each, unlimited, running);
    const scan = isKeyWalk(each) ? countScanTree(each, access) : undefined;
    return countTree('COUNT', counted, [scan ?? access]);
  };
  return {
    winner: (running) => tree(plan, running),
    losers: others.map(countingPlan),
    loserTree: tree,
    request: unlimited,
    run: async () => {
      const { skip, limit, operation } = request;
      const running = runPlan(plan, unlimited);
      const most = limit === 0 ? Infinity : skip + limit;
      const counted = await countRunning(running, operation, skip, most);
      return { running, tree: tree(plan, running, counted), returned: 0, ...lookedBy(running) };
    },
  };
}

function explainedDistinct(target: QueryTarget, context: FindContext, request: RowsRequest): Explained {
  const key = target.key ?? '';
  const planned = planDistinct(request, { ...target.request, key });
  const { plan, field, others } = planned;
  const { access } = plan;
  if (field === undefined || access.kind !== 'ixscan') {
    const inner = explainedFind(plan, others, { ...request, requiredPaths: shownBy(key) }, context);
    return plan.isCovered ? projected(inner, key) : inner;
  }
  const tree = (scan?: DistinctScan): StageTree => distinctTree(access, key, scan);
  return {
    winner: () => tree(),
    losers: others,
    loserTree: (each, running) => sortedTree(each, request, running),
    request,
    run: async () => {
      const scan = new DistinctScan(access, field, request);
      await drive(scan, request.operation, () => undefined);
      const { returned, keys } = scan.stats;
      return { running: undefined, tree: tree(scan), returned, keys, documents: 0 };
    },
  };
}

function projected(inner: Explained, key: string): Explained {
  const wrap = (tree: StageTree): StageTree => coveredTree(tree, key);
  return {
    ...inner,
    winner: (running) => wrap(inner.winner(running)),
    run: async () => {
      const outcome = await inner.run();
      return { ...outcome, tree: wrap(outcome.tree) };
    },
  };
}

function explainedFind(
  plan: QueryPlan,
  others: readonly QueryPlan[],
  request: RowsRequest,
  { operation }: FindContext,
): Explained {
  const tree = (each: QueryPlan, running?: RunningPlan): StageTree => sortedTree(each, request, running);
  return {
    winner: (running) => tree(plan, running),
    losers: others,
    loserTree: tree,
    request,
    run: async () => {
      const running = runPlan(plan, request);
      let returned = 0;
      await drive(running.rows, operation, () => returned++);
      running.rows.close();
      return { running, tree: tree(plan, running), returned, ...lookedBy(running) };
    },
  };
}
