/** What plans have done, as the trees that the profiler writes: those of `explain`, of what ran. */
import type { Value } from '../bson/value.js';
import { documentValue, stringValue } from '../bson/value.js';
import type { IndexSpec } from '../catalog/collection-spec.js';
import { namespaceText } from '../catalog/namespace.js';
import type { NamedValue } from '../catalog/raw-document.js';
import type { QueryShape } from '../operation/plan-trace.js';
import type { WriteFigures } from '../operation/profile-notes.js';
import type { IndexScanPlan, QueryPlan } from '../plan/query-plan.js';
import { queryShape } from '../plan/query-shape.js';
import type { DistinctScan } from './distinct-scan.js';
import {
  accessTree,
  count,
  eofTree,
  shapeHash,
  sortedTree,
  stageDocument,
  type StageTree,
} from './explain-stages.js';
import { countScanTree, countTree, distinctTree, expressCounts, writeTree } from './explain-trees.js';
import type { RowsRequest, RunningPlan } from './planned-rows.js';
import type { Shaping } from './traced-plan.js';

/** @param shaping  what stands above the plan */
export function planStages(
  running: RunningPlan,
  request: RowsRequest,
  shaping: Shaping | undefined,
  write: WriteFigures | undefined,
): Value {
  const tree = sortedTree(running.plan, request, running);
  if (write !== undefined) return stageDocument(writeTree(write, tree, write), true);
  return stageDocument(shaping === undefined ? tree : shaping(tree), true);
}

export function pointStages(
  stage: string,
  index: Pick<IndexSpec, 'name' | 'key'>,
  isFound: boolean,
  write: WriteFigures | undefined,
): Value {
  const found = isFound ? 1 : 0;
  const counts: NamedValue[] = [
    ['keysExamined', count(found)],
    ['docsExamined', count(found)],
  ];
  if (write !== undefined) counts.push(...expressCounts(write));
  const tree: StageTree = {
    stage,
    fields: [
      ['keyPattern', documentValue(index.key)],
      ['indexName', stringValue(index.name)],
    ],
    counts,
    ran: {
      returned: write === undefined || write.returnsDocument === true ? found : 0,
      works: 1,
      isAtEnd: true,
    },
    inputs: [],
    isExpress: true,
  };
  return stageDocument(tree, true);
}

export const eofStages = (): Value => stageDocument(eofTree('nonExistentNamespace', true), true);

export const fastCountStages = (documents: number): Value =>
  stageDocument(countTree('RECORD_STORE_FAST_COUNT', documents, []), true);

/** Of a count that reads keys alone. @param walked  how many */
export function keyWalkStages(plan: QueryPlan, request: RowsRequest, walked: number): Value {
  const access = accessTree(plan, request);
  const scan: StageTree = {
    ...(countScanTree(plan, access) ?? access),
    counts: [
      ['keysExamined', count(walked)],
      ['peakTrackedMemBytes', count(0)],
    ],
    ran: { returned: walked, works: walked + 1, isAtEnd: true },
  };
  return stageDocument(countedTree(scan, walked), true);
}

export const countedTree = (input: StageTree, counted: number): StageTree =>
  countTree('COUNT', counted, [input]);

export const distinctStages = (access: IndexScanPlan, path: string, scan: DistinctScan): Value =>
  stageDocument(distinctTree(access, path, scan), true);

export function queryShapeOf({ entry, filter, sort, projection, collation }: RowsRequest): QueryShape {
  const { spec } = entry;
  const shape = queryShape({ filter, sort, projection, collation });
  const hash = shapeHash(`${namespaceText(spec.namespace)} ${shape}`);
  return { shapeHash: hash, planKey: planKeyOf(hash, spec.indexes) };
}

/** It changes with the indexes there are. */
export const planKeyOf = (shape: string, indexes: readonly IndexSpec[]): string =>
  shapeHash(`${shape}${indexes.map(({ name }) => name).join()}`);
