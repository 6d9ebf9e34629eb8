/** Where a collection lies in the order of its `_id`, a scan of the index on it is one of the records themselves. */
import type { CollectionSpec } from '../catalog/collection-spec.js';
import type { IndexScanPlan, QueryPlan } from './query-plan.js';

/** Whether the plan goes over the records in the order in which they lie. */
export function isInRecordOrder({ access }: QueryPlan, { isClustered, indexes }: CollectionSpec): boolean {
  return access.kind === 'ixscan' && isClustered && access.index === indexes[0];
}

/** The scan of such a plan, unless its bounds are given by `min` and `max`. */
export function clusteredScan(plan: QueryPlan, spec: CollectionSpec): IndexScanPlan | undefined {
  const { access } = plan;
  if (access.kind !== 'ixscan' || !isInRecordOrder(plan, spec)) return undefined;
  return access.given === undefined ? access : undefined;
}
