/** What a wildcard index may ask for. Source: MongoDB manual, "Wildcard Indexes"; the reference's own codes. */
import { BOOL, OBJECT } from '../bson/types.js';
import type { IndexField } from '../catalog/collection-spec.js';
import { fieldsOf } from '../catalog/raw-document.js';
import { ElmoError } from '../errors.js';
import { isNumber, isTruthy } from '../query/elements.js';

export const WILDCARD = '$**';

/** @throws ElmoError of the codes of projections */
export function checkWildcardProjection(raw: Uint8Array): void {
  let isInclusion: boolean | undefined;
  const paths = projectedPaths(raw);
  refuseCollisions(paths.map(({ path }) => path));
  for (const { path, isIncluded } of paths) {
    if (path === '_id') continue;
    if (isInclusion === undefined) isInclusion = isIncluded;
    else if (isInclusion !== isIncluded) throw mixed(path, isInclusion);
  }
}

/** No path may lie within another. */
function refuseCollisions(paths: readonly string[]): void {
  const failed = 'Failed to parse projection: wildcardProjection :: caused by :: ';
  paths.forEach((path, i) => {
    for (const before of paths.slice(0, i)) {
      if (path.startsWith(`${before}.`))
        throw new ElmoError(
          31249,
          `${failed}Path collision at ${path} remaining portion ${path.slice(before.length + 1)}`,
        );
      if (before.startsWith(`${path}.`) || before === path)
        throw new ElmoError(31250, `${failed}Path collision at ${path}`);
    }
  });
}

function mixed(path: string, isInclusion: boolean): ElmoError {
  const message = isInclusion
    ? `Cannot do exclusion on field ${path} in inclusion projection`
    : `Cannot do inclusion on field ${path} in exclusion projection`;
  return new ElmoError(
    isInclusion ? 31254 : 31253,
    `Failed to parse projection: wildcardProjection :: caused by :: ${message}`,
  );
}

export interface ProjectedPath {
  readonly path: string;
  readonly isIncluded: boolean;
}

/**
 * The paths a wildcardProjection names, embedded documents taken apart.
 * @param takesAny  a value that is no flag includes its path
 * @throws ElmoError
 */
export function projectedPaths(raw: Uint8Array, prefix = '', takesAny = false): ProjectedPath[] {
  return fieldsOf(raw).flatMap(({ name, value }) => {
    if (name === '') throw new ElmoError(40352, 'FieldPath cannot be constructed with empty string');
    const path = prefix === '' ? name : `${prefix}.${name}`;
    if (name.startsWith('$'))
      throw new ElmoError(
        prefix === '' ? 16410 : 51271,
        `Failed to parse projection: wildcardProjection :: caused by :: FieldPath field names may not start with '$', given '${name}'`,
      );
    if (value.type === OBJECT) {
      if (value.document.length <= 5)
        throw new ElmoError(
          51270,
          `Failed to parse projection: wildcardProjection :: caused by :: An empty sub-projection is not a valid value: ${path}`,
        );
      return projectedPaths(value.keep().document, path, takesAny);
    }
    const isFlag = value.type === BOOL || isNumber(value);
    if (!isFlag && !takesAny)
      throw new ElmoError(
        51271,
        'Failed to parse projection: wildcardProjection :: caused by :: Bad projection specification, cannot use computed fields',
      );
    return [{ path, isIncluded: !isFlag || isTruthy(value) }];
  });
}

const overlaps = (a: string, b: string): boolean => a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);

/**
 * A wildcard beside other fields. Over all fields it needs a projection, which is looked at where it stands.
 * @throws ElmoError CannotCreateIndex, 7246201, 7246204
 */
export function checkWildcardKey(fields: readonly IndexField[], hasProjection: boolean): void {
  const wildcards = fields.filter(({ kind }) => kind === 'wildcard');
  if (wildcards.length > 1)
    throw new ElmoError(7246201, 'Index Key can contain only one wildcard index field');
  const { path } = wildcards[0]!;
  if (path === '') {
    if (hasProjection) return;
    throw new ElmoError(
      'CannotCreateIndex',
      "Compound wildcard indexes on all fields must also specify 'wildcardProjection' option",
    );
  }
  const other = othersOf(fields).find((field) => overlaps(field, path));
  if (other !== undefined)
    throw new ElmoError(
      7246204,
      `A wildcard index field should not overlap with and index key fields if wildcard projection is empty, however '${other}' is overlapping with the wildcard index field`,
    );
}

function othersOf(fields: readonly IndexField[]): string[] {
  return fields.filter(({ kind }) => kind !== 'wildcard').map(({ path }) => path);
}

/**
 * Beside a wildcard over all fields the other fields of the key must be left out of it.
 * @throws ElmoError 7246208 … 7246211, and those of paths
 */
export function checkProjected(fields: readonly IndexField[], projection: Uint8Array): void {
  const others = othersOf(fields);
  if (others.length === 0) return;
  const paths = projectedPaths(projection, '', true);
  const named = paths.filter(({ path }) => path !== '_id');
  const isExclusion = !(named[0] ?? paths[0]!).isIncluded;
  if (named.some(({ isIncluded }) => isIncluded === isExclusion))
    throw new ElmoError(
      7246211,
      'The wildcardProjection includes fields and excludes others; only _id may be the other way round',
    );
  if (isExclusion) checkExcluded(others, paths, named.length === 0);
  else checkNotIncluded(others, paths);
}

const isWithin = (field: string, path: string): boolean => field === path || field.startsWith(`${path}.`);

function checkExcluded(others: readonly string[], paths: readonly ProjectedPath[], isIdAlone: boolean): void {
  const excluded = paths.filter(({ isIncluded }) => !isIncluded);
  const left = [...others].sort().find((field) => !excluded.some(({ path }) => isWithin(field, path)));
  if (left !== undefined)
    throw new ElmoError(
      isIdAlone ? 7246210 : 7246209,
      `wildcardProjection paths must exclude all regular index fields, however '${left}' is not excluded`,
    );
}

function checkNotIncluded(others: readonly string[], paths: readonly ProjectedPath[]): void {
  const included = paths.filter(({ isIncluded }) => isIncluded);
  for (const field of others) {
    const clash = included.find(({ path }) => isWithin(field, path));
    if (clash !== undefined)
      throw new ElmoError(
        7246208,
        `Index Key and Wildcard Projection cannot contain overlapping fields, however '${field}' index field is overlapping with '${clash.path}' wildcardProjection path`,
      );
  }
}
