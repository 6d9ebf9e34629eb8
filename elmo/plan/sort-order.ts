/** Whether a scan of an index gives rows in the order that is asked for. */
import type { IndexSpec } from '../catalog/collection-spec.js';
import { sharesArray } from './index-bounds.js';
import { isEverything, isPoint, type Intervals } from './interval.js';
import type { ScanDirection } from './query-plan.js';

export interface PlanSortField {
  readonly path: string;
  readonly direction: 1 | -1;
}

/** One value only. */
export function isFixed(intervals: Intervals): boolean {
  return intervals.length === 1 && isPoint(intervals[0]!);
}

/**
 * @param fields  bounds of the index's fields
 * @param fixedFields  how many of the first fields count as fixed though they have several values: their scans are merged
 * @returns the direction of the scan that gives the order; undefined: none does
 */
export function sortedDirection(
  index: IndexSpec,
  fields: readonly Intervals[],
  sort: readonly PlanSortField[],
  fixedFields = 0,
): ScanDirection | undefined {
  let sign = 0;
  let next = 0;
  const fixedPaths = new Set<string>();
  for (let field = 0; field < index.fields.length; field++) {
    const { path } = index.fields[field]!;
    if (isFixed(fields[field]!) && index.multikeyComponents[field]!.size === 0) fixedPaths.add(path);
  }
  for (let field = 0; field < index.fields.length; field++) {
    while (next < sort.length && fixedPaths.has(sort[next]!.path)) next++;
    if (next === sort.length) break;
    const { path, direction, kind } = index.fields[field]!;
    const wanted = sort[next]!;
    if (wanted.path !== path || field < fixedFields) {
      if (field < fixedFields ? wanted.path === path : !isFixed(fields[field]!)) return undefined;
      continue;
    }
    if (kind !== 'ordered' || hidesElements(index, fields, field)) return undefined;
    const way = direction * wanted.direction;
    if (sign !== 0 && way !== sign) return undefined;
    sign = way;
    next++;
  }
  while (next < sort.length && fixedPaths.has(sort[next]!.path)) next++;
  if (next < sort.length) return undefined;
  return sign < 0 ? 'backward' : 'forward';
}

/** A document sorts by its least (or greatest) element: bounds may hide that one. */
function hidesElements(index: IndexSpec, fields: readonly Intervals[], field: number): boolean {
  if (index.multikeyComponents[field]!.size === 0) return false;
  return fields.some((intervals, other) => !isEverything(intervals) && sharesArray(index, field, other));
}
