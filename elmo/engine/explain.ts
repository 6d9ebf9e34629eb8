/** What `explain` shows of a query: the plan that is chosen, those that are not, and what running it took. Source: the reference. */
import { lookedBy } from '../exec/traced-plan.js';
import { BOOL, DECIMAL128, DOUBLE, INT32, INT64 } from '../bson/types.js';
import { boolValue, doubleValue, documentValue, int32Value, stringValue, type Value } from '../bson/value.js';
import { namespaceText } from '../catalog/namespace.js';
import { fieldsOf, type NamedValue } from '../catalog/raw-document.js';
import { collationDocument } from '../collation/collation.js';
import { countingPlan, countRunning, isKeyWalk } from '../exec/count-rows.js';
import { drive } from '../exec/cursor.js';
import { DistinctScan } from '../exec/distinct-scan.js';
import {
  accessTree,
  array,
  boundsFields,
  count,
  eofTree,
  indexFields,
  object,
  shapeHash,
  sortedTree,
  stageDocument,
  type StageTree,
} from '../exec/explain-stages.js';
import { choose, planFilterOf, runPlan, type RowsRequest, type RunningPlan } from '../exec/planned-rows.js';
import type { AggregateRequest, FindRequest } from '../operation/requests.js';
import { PAUSE, ROW } from '../operation/row-source.js';
import type { QueryPlan } from '../plan/query-plan.js';
import { queryShape } from '../plan/query-shape.js';
import { filterToBson } from '../query/to-bson.js';
import { checkKey, planDistinct } from './distinct.js';
import {
  countRequest,
  isWholeCount,
  prepareFind,
  rowsRequest,
  shapedRows,
  type FindContext,
  type PreparedFind,
} from './find.js';

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
const SIMPLE_TYPES: readonly number[] = [BOOL, DOUBLE, INT32, INT64, DECIMAL128];

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
  const indexes = entry?.spec.indexes.map(({ name }) => name).join() ?? '';
  const hashes: NamedValue[] =
    entry === undefined
      ? []
      : [
          ['queryHash', stringValue(shape)],
          ['planCacheShapeHash', stringValue(shape)],
          ['planCacheKey', stringValue(shapeHash(`${shape}${indexes}`))],
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
      ? shapedTree(plan, wanted, request, prepared, running)
      : writeTree(target, sortedTree(plan, wanted, running));
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

function countTree(stage: string, counted: number | undefined, inputs: readonly StageTree[]): StageTree {
  return {
    stage,
    fields: [],
    counts: [
      ['nCounted', count(counted ?? 0)],
      ['nSkipped', count(0)],
    ],
    ran:
      counted === undefined
        ? undefined
        : { returned: 0, works: Math.max(inputs[0]?.ran?.works ?? 1, 1), isAtEnd: true },
    inputs,
  };
}

function explainedCount(request: RowsRequest): Explained {
  const unlimited = { ...request, skip: 0, limit: 0 };
  const { best, others } = choose(request);
  const plan = countingPlan(best);
  const tree = (each: QueryPlan, running?: RunningPlan, counted?: number): StageTree => {
    const access = accessTree(each, unlimited, running);
    return countTree('COUNT', counted, [countScan(each, access) ?? access]);
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

/** A walk through the keys of one range. */
function countScan({ access, ...plan }: QueryPlan, scan: StageTree): StageTree | undefined {
  if (access.kind !== 'ixscan' || access.ranges.length !== 1 || !isKeyWalk({ access, ...plan }))
    return undefined;
  return {
    ...scan,
    stage: 'COUNT_SCAN',
    fields: [scan.fields[0]!, ...indexFields(access.index), ...boundsFields(access, access.fieldIntervals)],
    counts: (scan.counts ?? []).filter(([name]) => name === 'keysExamined' || name === 'peakTrackedMemBytes'),
  };
}

function explainedDistinct(target: QueryTarget, context: FindContext, request: RowsRequest): Explained {
  const key = target.key ?? '';
  const planned = planDistinct(request, { ...target.request, key });
  const { plan, field, others } = planned;
  const { access } = plan;
  if (field === undefined || access.kind !== 'ixscan') {
    const inner = explainedFind(plan, others, { ...request, requiredPaths: [key] }, context);
    return plan.isCovered ? projected(inner, key) : inner;
  }
  const tree = (scan?: DistinctScan): StageTree => ({
    stage: 'PROJECTION_COVERED',
    fields: [['transformBy', transformOf(key)]],
    ran: ranDistinct(scan),
    inputs: [
      {
        stage: 'DISTINCT_SCAN',
        fields: [
          ...indexFields(access.index),
          ['isShardFiltering', boolValue(false)],
          ['isFetching', boolValue(false)],
          ...boundsFields(access, access.fieldIntervals),
        ],
        counts: [
          ['keysExamined', count(scan?.stats.keys ?? 0)],
          ['docsExamined', count(0)],
          ['chunkSkips', count(0)],
          ['orphanChunkSkips', count(0)],
        ],
        ran: ranDistinct(scan),
        inputs: [],
      },
    ],
  });
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

const transformOf = (key: string): Value =>
  object([
    ['_id', int32Value(0)],
    [key, int32Value(1)],
  ]);

function ranDistinct(scan: DistinctScan | undefined): StageTree['ran'] {
  if (scan === undefined) return undefined;
  const { returned, isAtEnd } = scan.stats;
  return { returned, works: returned + 1, isAtEnd };
}

function projected(inner: Explained, key: string): Explained {
  const wrap = (tree: StageTree): StageTree => ({
    stage: 'PROJECTION_COVERED',
    fields: [['transformBy', transformOf(key)]],
    ran: tree.ran,
    inputs: [tree],
  });
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

/** The rows of a find, as the request wants them. */
function shapedTree(
  plan: QueryPlan,
  request: RowsRequest,
  find: FindRequest,
  { projection }: PreparedFind,
  running: RunningPlan | undefined,
): StageTree {
  let tree = sortedTree(plan, request, running);
  const isExpress = tree.isExpress === true;
  if (find.returnKey === true)
    tree = passing(
      'RETURN_KEY',
      [],
      tree.stage === 'FETCH' && tree.filter === undefined ? tree.inputs[0]! : tree,
    );
  else if (projection !== undefined && isExpress)
    tree = {
      ...tree,
      fields: [
        ...tree.fields,
        ['projection', documentValue(find.projection!)],
        ['projectionCovered', boolValue(false)],
      ],
    };
  else if (projection !== undefined || find.showRecordId === true) {
    const transform = transformFields(find);
    tree = passing(projectionStage(plan, find, transform), [['transformBy', object(transform)]], tree);
  }
  const isSorting = request.sort !== undefined && request.sort.length > 0 && !plan.isSorted;
  if (request.limit > 0 && !isSorting && !isExpress)
    tree = passing('LIMIT', [['limitAmount', count(request.limit)]], tree);
  return request.filter.kind === 'or' && plan.access.kind === 'or' ? passing('SUBPLAN', [], tree) : tree;
}

function passing(stage: string, fields: readonly NamedValue[], input: StageTree): StageTree {
  return { stage, fields, ran: input.ran, inputs: [input] };
}

function transformFields({ projection, showRecordId }: FindRequest): NamedValue[] {
  const given: NamedValue[] =
    projection === undefined ? [] : fieldsOf(projection).map(({ name, value }) => [name, value] as const);
  return showRecordId === true
    ? [...given, ['$recordId', object([['$meta', stringValue('recordId')]])]]
    : given;
}

function projectionStage(
  { isCovered }: QueryPlan,
  { showRecordId }: FindRequest,
  transform: readonly NamedValue[],
): string {
  if (isCovered) return 'PROJECTION_COVERED';
  const isSimple = transform.every(
    ([name, value]) => !name.includes('.') && value !== undefined && SIMPLE_TYPES.includes(value.type),
  );
  return isSimple && showRecordId !== true ? 'PROJECTION_SIMPLE' : 'PROJECTION_DEFAULT';
}

function writeTree({ kind, isMulti, returnsDocument, request }: QueryTarget, input: StageTree): StageTree {
  const found = input.ran?.returned ?? 0;
  const isUpdate = kind === 'update';
  const isExpress = input.isExpress === true;
  const stage = isUpdate ? 'UPDATE' : isMulti === true ? 'BATCHED_DELETE' : 'DELETE';
  const tree: StageTree = {
    stage: isExpress ? `EXPRESS_${isUpdate ? 'UPDATE' : 'DELETE'}` : stage,
    fields: isExpress ? input.fields.slice(0, 1) : [],
    counts: isUpdate
      ? [
          ['nMatched', count(found)],
          ['nWouldModify', count(found)],
          ['nWouldUpsert', count(0)],
        ]
      : [['nWouldDelete', count(found)]],
    ran:
      input.ran === undefined ? undefined : { ...input.ran, returned: returnsDocument === true ? found : 0 },
    inputs: isExpress ? [] : [input],
  };
  const { projection } = request;
  return projection === undefined || projection.length <= 5
    ? tree
    : passing('PROJECTION_DEFAULT', [['transformBy', documentValue(projection)]], tree);
}
