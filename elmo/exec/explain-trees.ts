/** Trees of stages of what stands above plans: counts, distinct values, writes. Source: the reference. */
import { boolValue, documentValue, int32Value, type Value } from '../bson/value.js';
import type { NamedValue } from '../catalog/raw-document.js';
import type { RawDocument } from '../operation/requests.js';
import type { WriteFigures } from '../operation/profile-notes.js';
import type { IndexScanPlan, QueryPlan } from '../plan/query-plan.js';
import type { DistinctScan } from './distinct-scan.js';
import { boundsFields, count, indexFields, object, type StageTree } from './explain-stages.js';

/** A stage that only passes rows on. */
export function passing(stage: string, fields: readonly NamedValue[], input: StageTree): StageTree {
  return { stage, fields, ran: input.ran, inputs: [input] };
}

export function countTree(
  stage: string,
  counted: number | undefined,
  inputs: readonly StageTree[],
): StageTree {
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

/** A walk through the keys of one range. */
export function countScanTree({ access }: QueryPlan, scan: StageTree): StageTree | undefined {
  if (access.kind !== 'ixscan' || access.ranges.length !== 1) return undefined;
  return {
    ...scan,
    stage: 'COUNT_SCAN',
    fields: [scan.fields[0]!, ...indexFields(access.index), ...boundsFields(access, access.fieldIntervals)],
    counts: (scan.counts ?? []).filter(([name]) => name === 'keysExamined' || name === 'peakTrackedMemBytes'),
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

/** The values of a path, from an index alone. */
export function coveredTree(input: StageTree, path: string): StageTree {
  return {
    stage: 'PROJECTION_COVERED',
    fields: [['transformBy', transformOf(path)]],
    ran: input.ran,
    inputs: [input],
  };
}

/** @param scan  undefined: it has not run */
export function distinctTree(access: IndexScanPlan, path: string, scan?: DistinctScan): StageTree {
  return coveredTree(
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
    path,
  );
}

/** A write, and what of its documents it gives back. */
export interface WriteStage {
  readonly kind: 'update' | 'delete';
  readonly isMulti: boolean;
  readonly returnsDocument?: boolean | undefined;
  readonly projection?: RawDocument | undefined;
}

/** @param figures  what came of it; undefined: it has not been done, all that were found would be changed */
export function writeTree(write: WriteStage, input: StageTree, figures?: WriteFigures): StageTree {
  const { kind, isMulti, returnsDocument, projection } = write;
  const found = input.ran?.returned ?? 0;
  const isUpdate = kind === 'update';
  const { matched, modified, upserted } = figures ?? { matched: found, modified: found, upserted: 0 };
  const ran =
    input.ran === undefined ? undefined : { ...input.ran, returned: returnsDocument === true ? found : 0 };
  const tree: StageTree =
    input.isExpress === true
      ? {
          ...input,
          stage: isUpdate ? 'EXPRESS_UPDATE' : 'EXPRESS_DELETE',
          counts: [...(input.counts ?? []), ...expressCounts({ kind, matched, modified, upserted })],
          ran,
        }
      : {
          stage: isUpdate ? 'UPDATE' : isMulti ? 'BATCHED_DELETE' : 'DELETE',
          fields: [],
          counts: isUpdate
            ? [
                ['nMatched', count(matched)],
                ['nWouldModify', count(modified)],
                ['nWouldUpsert', count(upserted)],
              ]
            : [['nWouldDelete', count(matched)]],
          ran,
          inputs: [input],
        };
  return projection === undefined || projection.length <= 5
    ? tree
    : passing('PROJECTION_DEFAULT', [['transformBy', documentValue(projection)]], tree);
}

export function expressCounts({
  kind,
  matched,
  modified,
  upserted,
}: Pick<WriteFigures, 'kind' | 'matched' | 'modified' | 'upserted'>): NamedValue[] {
  return [
    ['nWouldModify', count(kind === 'update' ? modified : 0)],
    ['nWouldUpsert', count(upserted)],
    ['nWouldDelete', count(kind === 'delete' ? matched : 0)],
  ];
}
