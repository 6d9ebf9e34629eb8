/** A plan in a line. */
import { documentText } from '../bson/text.js';
import type { IndexSpec } from '../catalog/collection-spec.js';
import type { QueryPlan } from '../plan/query-plan.js';
import { clusteredScan } from '../plan/clustered.js';
import { recordStretch } from './explain-clustered.js';
import type { RowsRequest } from './planned-rows.js';

export function keyText({ key }: Pick<IndexSpec, 'key'>): string {
  return documentText(key);
}

/** Whether it is one value of one index, and one document at most: the shortest way. */
export function isExpress({ access, isCovered }: QueryPlan, request: RowsRequest): boolean {
  if (access.kind !== 'ixscan' || isCovered) return false;
  const { index, filter, keyFilter, given } = access;
  const isOne = index.isUnique || request.limit === 1;
  if (request.filter.kind !== 'eq' || !isOne || request.skip > 0 || request.sort !== undefined) return false;
  if (filter !== undefined || keyFilter !== undefined || given !== undefined || index.fields.length > 1)
    return false;
  return index.kind === 'ordered' && request.hint === undefined;
}

/** The plan in a line: 'COLLSCAN', 'IXSCAN { a: 1 }, IXSCAN { b: 1 }'. */
export function planSummary(plan: QueryPlan, request: RowsRequest): string {
  const { access } = plan;
  const scan = ({ index }: { readonly index: IndexSpec }): string => `IXSCAN ${keyText(index)}`;
  switch (access.kind) {
    case 'eof':
      return 'EOF';
    case 'collscan':
      return 'COLLSCAN';
    case 'ixscan':
      if (clusteredScan(plan, request.entry.spec) !== undefined)
        return isExpress(plan, request)
          ? 'EXPRESS_CLUSTERED_IXSCAN'
          : recordStretch(access, request.filter).stage;
      return isExpress(plan, request) ? `EXPRESS_${scan(access)}` : scan(access);
    case 'merge':
      return access.scan.ranges.map(() => scan(access.scan)).join(', ');
    default:
      return access.scans.map(scan).join(', ');
  }
}
