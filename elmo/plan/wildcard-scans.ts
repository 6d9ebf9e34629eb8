/**
 * How a wildcard index serves a filter: for one of its paths it is as an index with that path, and the path's name before
 * it. It has no entries of documents without the path, nor of objects as such, so only conditions on scalars count.
 */
import { ARRAY, MAX_KEY, MIN_KEY, NULL, OBJECT, UNDEFINED } from '../bson/types.js';
import { stringValue } from '../bson/value.js';
import type { IndexSpec } from '../catalog/collection-spec.js';
import { wildcardPathsOf } from '../index/open-index.js';
import type { FilterNode } from '../query/filter.js';
import { encodeValue, pointInterval, type Intervals } from './interval.js';
import type { Predicates } from './predicates.js';

export interface WildcardScan {
  readonly index: IndexSpec;
  /** The interval of the path's name, by field. */
  readonly fixed: ReadonlyMap<number, Intervals>;
  /** Which field has the path's values. */
  readonly valueField: number;
}

/** The name under which the path stands among an index's fields. */
export const PATH_FIELD = '$_path';
const NUMERIC_COMPONENT = /(^|\.)\d+(\.|$)/;
const NOT_SCALAR: ReadonlySet<number> = new Set([NULL, UNDEFINED, OBJECT, ARRAY, MIN_KEY, MAX_KEY]);

export function wildcardScans(index: IndexSpec, predicates: Predicates): WildcardScan[] {
  const field = index.fields.findIndex(({ kind }) => kind === 'wildcard');
  const taken = wildcardPathsOf(index);
  const scans: WildcardScan[] = [];
  for (const [path, list] of predicates.byPath) {
    if (path === '' || NUMERIC_COMPONENT.test(path) || !taken.takes(path)) continue;
    if (!list.some(({ node }) => isAboutScalars(node))) continue;
    const name = stringValue(path);
    scans.push({
      index: {
        ...index,
        fields: [
          ...index.fields.slice(0, field),
          { path: PATH_FIELD, direction: 1, kind: 'ordered' },
          { path, direction: index.fields[field]!.direction, kind: 'ordered' },
          ...index.fields.slice(field + 1),
        ],
        multikeyComponents: [
          ...index.multikeyComponents.slice(0, field),
          new Set(),
          // which of its paths meet arrays is not kept
          index.multikeyComponents[field]!.size > 0 ? new Set(path.split('.').keys()) : new Set(),
          ...index.multikeyComponents.slice(field + 1),
        ],
      },
      fixed: new Map([[field, [pointInterval(encodeValue(name), name)]]]),
      valueField: field + 1,
    });
  }
  return scans;
}

/** Whether all that matches the condition has an entry of its own. */
export function isAboutScalars(node: FilterNode): boolean {
  switch (node.kind) {
    case 'eq':
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return !NOT_SCALAR.has(node.value.type);
    case 'in':
      return node.values.every(({ type }) => !NOT_SCALAR.has(type));
    case 'regex':
    case 'mod':
    case 'bits':
      return true;
    case 'type':
      return [...node.types].every((type) => !NOT_SCALAR.has(type));
    default:
      return false;
  }
}
