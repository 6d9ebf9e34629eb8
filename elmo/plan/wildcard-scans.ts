/**
 * How a wildcard index serves a filter: for one of its paths it is as an index with that path, and the path's name before
 * it. It has no entries of documents without the path, nor of objects that are not empty, nor of arrays as a whole; so
 * only conditions on scalars say where to look, and those that ask for the path to be there.
 */
import { int32Value, stringValue } from '../bson/value.js';
import { DOTS_MET } from '../catalog/array-paths.js';
import type { IndexSpec } from '../catalog/collection-spec.js';
import { fieldsOf, rawDocument, type NamedValue } from '../catalog/raw-document.js';
import { wildcardPathsOf } from '../index/open-index.js';
import type { WildcardPaths } from '../index/wildcard.js';
import {
  before,
  encodeValue,
  EVERYTHING,
  pointInterval,
  union,
  type Interval,
  type Intervals,
} from './interval.js';
import type { PlanRequest } from './plan-request.js';
import type { Predicate, Predicates } from './predicates.js';
import { isComparable, isTellable } from './text-predicates.js';
import { arrayComponents } from './wildcard-arrays.js';
import { hasPosition } from './wildcard-names.js';
import { demandsPath, isAboutScalars } from './wildcard-predicates.js';

export interface WildcardScan {
  readonly index: IndexSpec;
  /** The conditions that say where to look: what the others match may have no entry at all. */
  readonly bounding: Predicates;
  /** Intervals that do not come from conditions on the fields, by field: those of the path's name. */
  readonly fixed: ReadonlyMap<number, Intervals>;
  /** Whether a document may have several entries in them, arrays aside, or one that is of another path. */
  readonly hasDuplicates: boolean;
}

/** The name under which the path stands among an index's fields. */
export const PATH_FIELD = '$_path';

export function wildcardScans(
  index: IndexSpec,
  predicates: Predicates,
  request: PlanRequest,
): WildcardScan[] {
  const field = index.fields.findIndex(({ kind }) => kind === 'wildcard');
  const taken = wildcardPathsOf(index);
  const scans: WildcardScan[] = [];
  for (const [path, list] of predicates.byPath) {
    // such a path may end at an array that has no such name, or lead through one in another, which has no entries below it
    if (path === '' || path.endsWith('.') || hasPosition(path)) continue;
    const mayTell = request.hint === undefined ? isTellable : isComparable;
    const names = namesOf(
      path,
      list.filter(({ node }) => mayTell(node, index.collation, request.collation)),
      taken,
    );
    if (names === undefined) continue;
    const fixed = new Map([[field, names.intervals]]);
    if (!names.isOfValues) fixed.set(field + 1, EVERYTHING);
    scans.push({
      index: indexOfPath(index, field, path, arrayComponents(index, path, request)),
      bounding: {
        ...predicates,
        byPath: new Map(predicates.byPath).set(
          path,
          list.filter(({ node }) => isAboutScalars(node)),
        ),
      },
      fixed,
      hasDuplicates: names.intervals.length > 1 || index.multikeyComponents[field]!.has(DOTS_MET),
    });
  }
  return scans;
}

/** The names under which the values of a path are found; undefined if the conditions say nothing of use. */
function namesOf(
  path: string,
  list: readonly Predicate[],
  taken: WildcardPaths,
): { intervals: Intervals; isOfValues: boolean } | undefined {
  const point = pointOf(path);
  if (list.some(({ node }) => isAboutScalars(node)) && taken.takes(path))
    return { intervals: [point], isOfValues: true };
  if (list.some(({ node }) => demandsPath(node)) && taken.takesAll(path))
    return { intervals: union([point, belowOf(path)]), isOfValues: false };
  return undefined;
}

function pointOf(name: string): Interval {
  const value = stringValue(name);
  return pointInterval(encodeValue(value), value);
}

/** The names of all paths below. */
function belowOf(name: string): Interval {
  const [low, high] = [stringValue(`${name}.`), stringValue(`${name}/`)];
  return { low: before(encodeValue(low), low), high: before(encodeValue(high), high) };
}

/** @param arrays  at which components the path meets arrays; undefined: at any */
function indexOfPath(
  index: IndexSpec,
  field: number,
  path: string,
  arrays: ReadonlySet<number> = new Set(path.split('.').keys()),
): IndexSpec {
  const { fields, multikeyComponents } = index;
  const key = fieldsOf(index.key).flatMap(({ name, value }, i): NamedValue[] =>
    i === field
      ? [
          [PATH_FIELD, int32Value(1)],
          [path, value],
        ]
      : [[name, value]],
  );
  return {
    ...index,
    key: rawDocument(key),
    fields: [
      ...fields.slice(0, field),
      { path: PATH_FIELD, direction: 1, kind: 'ordered' },
      { path, direction: fields[field]!.direction, kind: 'ordered' },
      ...fields.slice(field + 1),
    ],
    multikeyComponents: [
      ...multikeyComponents.slice(0, field),
      new Set(),
      arrays,
      ...multikeyComponents.slice(field + 1),
    ],
    isMultikey: arrays.size > 0,
  };
}
