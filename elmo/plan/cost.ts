/** What plans cost, in index entries looked at: to compare them, no more. */
import type { PlanRequest } from './plan-request.js';
import type { QueryPlan } from './query-plan.js';

/** A document by way of an index. */
const FETCH_COST = 3;
const SORT_COST = 6;
const SEEK_COST = 1;
/** When later fields are checked: the part of a scan's entries that is probably looked at, and the part that is left. */
const CHECKED_SHARE = 0.5;
const LEFT_SHARE = 0.1;
/** Of two that find the same, the one that is sure without a look at the document, then that of fewer fields. */
const FILTER_COST = 0.5;
const FIELD_COST = 0.1;

export function costOf(plan: QueryPlan, request: PlanRequest): number {
  return costOfRows(plan, plan.access.estimate.count, request);
}

/** What it costs at most, whatever the bounds hold: nothing is asked of the view. */
export function mostCostOf(plan: QueryPlan, request: PlanRequest): number {
  return costOfRows(plan, request.documentCount, request);
}

function costOfRows({ access, isSorted, isCovered }: QueryPlan, count: number, request: PlanRequest): number {
  const { sort, wanted, documentCount } = request;
  let rows = count;
  const stopsEarly = wanted > 0 && (isSorted || sort === undefined);
  // with a condition left, more rows than wanted are looked at
  if (stopsEarly)
    rows = Math.min(rows, access.filter === undefined ? wanted : Math.max(wanted * 10, rows / 20));
  const isChecked = access.kind === 'ixscan' && access.checked !== undefined;
  const looked = isChecked ? rows * CHECKED_SHARE : rows;
  const fetched = isCovered ? looked : looked + rows * FETCH_COST * (isChecked ? LEFT_SHARE : 1);
  const filtering = access.filter === undefined ? 0 : FILTER_COST;
  let cost: number;
  switch (access.kind) {
    case 'eof':
      return 0;
    case 'collscan':
      cost = stopsEarly && access.filter === undefined ? rows : documentCount;
      break;
    case 'ixscan':
      cost =
        fetched +
        access.ranges.length * SEEK_COST +
        filtering +
        FIELD_COST * access.index.fields.length +
        (access.keyFilter === undefined ? 0 : FILTER_COST / 2);
      break;
    case 'merge':
      cost = fetched + access.scan.ranges.length * (1 + SEEK_COST) + filtering;
      break;
    case 'and':
      cost = Math.min(...access.scans.map(({ estimate }) => estimate.count)) + fetched + filtering;
      break;
    case 'or':
      cost = fetched + rows + access.scans.length * SEEK_COST + filtering;
  }
  return isSorted || sort === undefined ? cost : cost + count * SORT_COST;
}
