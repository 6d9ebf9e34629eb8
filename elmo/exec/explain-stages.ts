/** Plans as the tree of stages that `explain` shows, with what each has done when the plan was run. Source: the reference. */
import { createHash } from 'node:crypto';
import type { IndexSpec } from '../catalog/collection-spec.js';
import { rawArray, rawDocument, type NamedValue } from '../catalog/raw-document.js';
import { ARRAY, OBJECT } from '../bson/types.js';
import { boolValue, documentValue, int32Value, int64OfNumber, stringValue, Value } from '../bson/value.js';
import { collationDocument } from '../collation/collation.js';
import { namespaceText } from '../catalog/namespace.js';
import { intervalTexts } from '../plan/bounds-text.js';
import { isPoint, type Intervals } from '../plan/interval.js';
import type { AccessPlan, IndexScanPlan, MergePlan, QueryPlan } from '../plan/query-plan.js';
import type { FilterNode } from '../query/filter.js';
import { filterToBson } from '../query/to-bson.js';
import { clusteredScan } from '../plan/clustered.js';
import { recordStretch } from './explain-clustered.js';
import type { RunningPlan, RowsRequest } from './planned-rows.js';
import type { StageStats } from './plan-stats.js';
import { isExpress } from './plan-summary.js';

/** One stage of a tree. */
export interface StageTree {
  readonly stage: string;
  readonly filter?: FilterNode | undefined;
  /** Shown always. */
  readonly fields: readonly NamedValue[];
  /** Shown when it was run. */
  readonly counts?: readonly NamedValue[];
  readonly ran?: { readonly returned: number; readonly works: number; readonly isAtEnd: boolean } | undefined;
  readonly inputs: readonly StageTree[];
  /** Whether the inputs are shown as a list. */
  readonly isJunction?: boolean;
  /** Whether it has none of the counts that all others have. */
  readonly isExpress?: boolean;
}

export const array = (values: readonly Value[]): Value => new Value(ARRAY, rawArray(values), 0);
export const object = (fields: readonly NamedValue[]): Value => documentValue(rawDocument(fields));
export const texts = (items: readonly string[]): Value => array(items.map(stringValue));
export const count = (value: number): Value =>
  value === (value | 0) ? int32Value(value) : int64OfNumber(Math.round(value));

/** A stage with those below it. @param isRoot  the first of a plan */
export function stageDocument(tree: StageTree, isRoot = false): Value {
  const { ran } = tree;
  const needTime = ran === undefined ? 0 : Math.max(ran.works - ran.returned - (ran.isAtEnd ? 1 : 0), 0);
  const counted: NamedValue[] =
    ran === undefined
      ? []
      : tree.isExpress === true
        ? [
            ['nReturned', count(ran.returned)],
            ['executionTimeMillisEstimate', count(0)],
          ]
        : [
            ['nReturned', count(ran.returned)],
            ['executionTimeMillisEstimate', count(0)],
            ['works', count(ran.works)],
            ['advanced', count(ran.returned)],
            ['needTime', count(needTime)],
            ['needYield', count(0)],
            ['saveState', count(0)],
            ['restoreState', count(0)],
            ['isEOF', count(ran.isAtEnd ? 1 : 0)],
          ];
  const inputs = tree.inputs.map((input) => stageDocument(input));
  return object([
    ...(isRoot ? [['isCached', boolValue(false)] as const] : []),
    ['stage', stringValue(tree.stage)],
    ['filter', tree.filter === undefined ? undefined : documentValue(filterToBson(tree.filter))],
    ...counted,
    ...tree.fields,
    ...(ran === undefined ? [] : (tree.counts ?? [])),
    ...(tree.isJunction === true
      ? [['inputStages', array(inputs)] as const]
      : inputs.map((input) => ['inputStage', input] as const)),
  ]);
}

function ranOf(stats: StageStats | undefined, looked: number): StageTree['ran'] {
  if (stats === undefined) return undefined;
  const { returned, isAtEnd } = stats;
  return { returned, isAtEnd, works: Math.max(looked, returned) + (isAtEnd ? 1 : 0) };
}

/** How a plan finds its rows. */
export function accessTree(plan: QueryPlan, request: RowsRequest, running?: RunningPlan): StageTree {
  const { access } = plan;
  const nss: NamedValue = ['nss', stringValue(namespaceText(request.entry.spec.namespace))];
  const rows = running?.access.rows.stats;
  switch (access.kind) {
    case 'eof':
      return eofTree('predicateEvalsToFalse', running !== undefined);
    case 'collscan':
      return {
        stage: 'COLLSCAN',
        filter: access.filter,
        fields: [nss, ['direction', stringValue(access.direction)]],
        counts: [
          ['docsExamined', count(rows?.documents ?? 0)],
          ['seeks', count(0)],
        ],
        ran: ranOf(rows, rows?.documents ?? 0),
        inputs: [],
      };
    case 'ixscan': {
      const express = expressTree(plan, request, running);
      if (express !== undefined) return express;
      const records = clusteredScan(plan, request.entry.spec);
      if (records !== undefined) return recordsTree(records, request, nss, running);
      const scan = indexTree(access, nss, access.fieldIntervals, running?.access.scans[0]);
      return plan.isCovered ? scan : fetchTree(access.filter, nss, rows, [scan]);
    }
    default:
      return fetchTree(access.filter, nss, rows, [combinedTree(access, request, nss, running)]);
  }
}

/** Records from one `_id` to another. */
function recordsTree(
  scan: IndexScanPlan,
  request: RowsRequest,
  nss: NamedValue,
  running: RunningPlan | undefined,
): StageTree {
  const { stage, filter, ends } = recordStretch(scan, request.filter);
  const stats = running?.access.rows.stats;
  const documents = running?.access.scans[0]?.keys ?? stats?.documents ?? 0;
  return {
    stage,
    filter,
    fields: [nss, ['direction', stringValue(scan.direction)], ...ends],
    counts: [
      ['docsExamined', count(documents)],
      ['seeks', count(0)],
    ],
    ran: ranOf(stats, documents),
    inputs: [],
  };
}

export function eofTree(type: string, hasRun: boolean): StageTree {
  return {
    stage: 'EOF',
    fields: [['type', stringValue(type)]],
    ran: hasRun ? { returned: 0, works: 1, isAtEnd: true } : undefined,
    inputs: [],
  };
}

function fetchTree(
  filter: FilterNode | undefined,
  nss: NamedValue,
  stats: StageStats | undefined,
  inputs: readonly StageTree[],
): StageTree {
  const documents = stats?.documents ?? 0;
  return {
    stage: 'FETCH',
    filter,
    fields: [nss],
    counts: [
      ['docsExamined', count(documents)],
      ['alreadyHasObj', count(0)],
    ],
    ran: ranOf(stats, documents),
    inputs,
  };
}

/** One value of one index, and one document at most: the shortest way. */
function expressTree(
  plan: QueryPlan,
  request: RowsRequest,
  running: RunningPlan | undefined,
): StageTree | undefined {
  const { access } = plan;
  if (access.kind !== 'ixscan' || !isExpress(plan, request)) return undefined;
  const { index } = access;
  const isOfRecords = clusteredScan(plan, request.entry.spec) !== undefined;
  const keys = running?.access.scans[0]?.keys ?? 0;
  const documents = running?.access.rows.stats.documents ?? 0;
  return {
    stage: isOfRecords ? 'EXPRESS_CLUSTERED_IXSCAN' : 'EXPRESS_IXSCAN',
    fields: isOfRecords
      ? []
      : [
          ['keyPattern', new Value(OBJECT, index.key, 0)],
          ['indexName', stringValue(index.name)],
        ],
    counts: [
      ['keysExamined', count(isOfRecords ? 0 : Math.max(keys, documents))],
      ['docsExamined', count(documents)],
    ],
    ran: ranOf(running?.access.rows.stats, documents),
    inputs: [],
    isExpress: true,
  };
}

/** What is said of an index wherever it is used. */
export function indexFields(index: IndexSpec): NamedValue[] {
  const { collation } = index;
  return [
    ['keyPattern', new Value(OBJECT, index.key, 0)],
    ['indexName', stringValue(index.name)],
    ['collation', collation === undefined ? undefined : documentValue(collationDocument(collation))],
    ['isMultiKey', boolValue(index.isMultikey)],
    ['multiKeyPaths', object(index.fields.map(({ path }, i) => [path, arrayPaths(index, i)] as const))],
    ['isUnique', boolValue(index.isUnique)],
    ['isSparse', boolValue(index.isSparse)],
    ['isPartial', boolValue(index.partialFilter !== undefined)],
  ];
}

/** The beginnings of a field's path that lead to arrays. */
function arrayPaths({ fields, multikeyComponents }: IndexSpec, field: number): Value {
  const components = fields[field]!.path.split('.');
  const ends = [...multikeyComponents[field]!].sort((a, b) => a - b);
  return texts(ends.map((end) => components.slice(0, end + 1).join('.')));
}

export function boundsFields(
  { index, direction, given }: IndexScanPlan,
  intervals: readonly Intervals[],
): NamedValue[] {
  const shown = index.fields.map(({ path, direction: way }, i) => {
    const isReversed = way < 0 !== (direction === 'backward');
    return [path, texts(intervalTexts(intervals[i]!, isReversed))] as const;
  });
  return [
    ['indexVersion', int32Value(2)],
    ['direction', stringValue(direction)],
    ['indexBounds', object(given === undefined ? shown : [])],
  ];
}

function indexTree(
  plan: IndexScanPlan,
  nss: NamedValue,
  intervals: readonly Intervals[],
  stats: StageStats | undefined,
): StageTree {
  return {
    stage: 'IXSCAN',
    filter: plan.keyFilter,
    fields: [nss, ...indexFields(plan.index), ...boundsFields(plan, intervals)],
    counts: [
      ['keysExamined', count(stats?.keys ?? 0)],
      ['seeks', count(stats?.seeks ?? 0)],
      ['dupsTested', count(stats?.tested ?? 0)],
      ['dupsDropped', count(stats?.duplicates ?? 0)],
      ['peakTrackedMemBytes', count(0)],
    ],
    ran: ranOf(stats, stats?.keys ?? 0),
    inputs: [],
  };
}

const COMBINED_STAGES = { or: 'OR', and: 'AND_SORTED', merge: 'SORT_MERGE' } as const;

function combinedTree(
  access: Extract<AccessPlan, { kind: 'or' | 'and' | 'merge' }>,
  { sort }: RowsRequest,
  nss: NamedValue,
  running: RunningPlan | undefined,
): StageTree {
  const scans = running?.access.scans;
  const parts =
    access.kind === 'merge'
      ? mergedParts(access)
      : access.scans.map((scan) => ({
          scan,
          intervals: scan.fieldIntervals,
        }));
  const stats = running?.access.combined;
  return {
    stage: COMBINED_STAGES[access.kind],
    fields: access.kind === 'merge' ? [['sortPattern', sortPattern(sort)]] : [],
    counts: [
      ['dupsTested', count(stats?.tested ?? 0)],
      ['dupsDropped', count(stats?.duplicates ?? 0)],
    ],
    ran: ranOf(
      stats,
      (scans ?? []).reduce((sum, { keys }) => sum + keys, 0),
    ),
    inputs: parts.map(({ scan, intervals }, i) => indexTree(scan, nss, intervals, scans?.[i])),
    isJunction: true,
  };
}

/** The scans of a merge: one for each combination of values in its first fields. */
function mergedParts({ scan }: MergePlan): { scan: IndexScanPlan; intervals: readonly Intervals[] }[] {
  let parts: (readonly Intervals[])[] = [scan.fieldIntervals];
  scan.fieldIntervals.forEach((intervals, field) => {
    if (parts.length >= scan.ranges.length || intervals.length < 2 || !intervals.every(isPoint)) return;
    const ordered = scan.index.fields[field]!.direction < 0 ? [...intervals].reverse() : intervals;
    parts = parts.flatMap((part) => ordered.map((interval) => part.with(field, [interval])));
  });
  return parts.map((intervals) => ({ scan, intervals }));
}

export function sortPattern(sort: RowsRequest['sort']): Value {
  return object(
    (sort ?? []).map(({ path, direction, meta }) => [
      path,
      meta === undefined ? int32Value(direction) : object([['$meta', stringValue(meta)]]),
    ]),
  );
}

/** Skip and sort, as they stand over the access. What limits and projects comes on top. */
export function sortedTree(plan: QueryPlan, request: RowsRequest, running?: RunningPlan): StageTree {
  let tree = accessTree(plan, request, running);
  const { sort, skip, limit } = request;
  const isSorting = sort !== undefined && sort.length > 0 && !plan.isSorted;
  if (isSorting) {
    const stats = running?.sort?.stats;
    const bytes = stats?.memoryBytes ?? 0;
    tree = {
      stage: 'SORT',
      fields: [
        ['sortPattern', sortPattern(sort)],
        ['memLimit', int32Value(request.operation.settings.sortBytes)],
        ['limitAmount', limit === 0 ? undefined : count(skip + limit)],
        ['type', stringValue(request.needsEntries === true ? 'default' : 'simple')],
      ],
      counts: [
        ['totalDataSizeSorted', count(bytes)],
        ['usedDisk', boolValue(stats?.usedDisk ?? false)],
        ['spills', count(stats?.usedDisk === true ? 1 : 0)],
        ['spilledRecords', count(0)],
        ['spilledBytes', count(0)],
        ['spilledDataStorageSize', count(0)],
        ['peakTrackedMemBytes', count(bytes)],
      ],
      ran: ranOf(stats, (stats?.returned ?? 0) + (tree.ran?.works ?? 0)),
      inputs: [tree],
    };
  }
  return skip > 0 ? skipTree(tree, skip) : tree;
}

function skipTree(input: StageTree, skip: number): StageTree {
  const { ran } = input;
  return {
    stage: 'SKIP',
    fields: [['skipAmount', count(skip)]],
    ran: ran === undefined ? undefined : { ...ran, returned: Math.max(ran.returned - skip, 0) },
    inputs: [input],
  };
}

/** Hexadecimal digits that are the same for the same text. */
export function shapeHash(text: string): string {
  return createHash('md5').update(text).digest('hex').slice(0, 8).toUpperCase();
}
