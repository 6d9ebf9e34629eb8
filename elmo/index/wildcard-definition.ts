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

/** The paths a wildcardProjection names, embedded documents taken apart. @throws ElmoError */
export function projectedPaths(raw: Uint8Array, prefix = ''): ProjectedPath[] {
  return fieldsOf(raw).flatMap(({ name, value }) => {
    if (name === '') throw new ElmoError(40352, 'FieldPath cannot be constructed with empty string');
    const path = prefix === '' ? name : `${prefix}.${name}`;
    if (name.startsWith('$'))
      throw new ElmoError(
        prefix === '' ? 16410 : 51271,
        `Failed to parse projection: wildcardProjection :: caused by :: FieldPath field names may not start with '$', given '${name}'`,
      );
    if (value.type === OBJECT) return projectedPaths(value.keep().document, path);
    if (value.type !== BOOL && !isNumber(value))
      throw new ElmoError(
        51271,
        'Failed to parse projection: wildcardProjection :: caused by :: Bad projection specification, cannot use computed fields',
      );
    return [{ path, isIncluded: isTruthy(value) }];
  });
}

const overlaps = (a: string, b: string): boolean => a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);

/** @throws ElmoError CannotCreateIndex, FailedToParse, 7246201 … */
export function checkWildcardKey(fields: readonly IndexField[], projection: Uint8Array | undefined): void {
  const wildcards = fields.filter(({ kind }) => kind === 'wildcard');
  if (wildcards.length > 1)
    throw new ElmoError(7246201, 'Index Key can contain only one wildcard index field');
  const [wildcard] = wildcards;
  const others = fields.filter(({ kind }) => kind !== 'wildcard').map(({ path }) => path);
  if (wildcard!.path !== '' && projection !== undefined)
    throw new ElmoError(
      'FailedToParse',
      "The field 'wildcardProjection' is only allowed when 'key' is {\"$**\": ±1}",
    );
  if (others.length === 0) return;
  if (wildcard!.path === '') checkProjected(others, projection);
  else {
    const other = others.find((path) => overlaps(path, wildcard!.path));
    if (other !== undefined)
      throw new ElmoError(
        7246204,
        `A wildcard index field should not overlap with and index key fields if wildcard projection is empty, however '${other}' is overlapping with the wildcard index field`,
      );
  }
}

/** Beside a wildcard over all fields the other fields of the key must be left out of it. */
function checkProjected(others: readonly string[], projection: Uint8Array | undefined): void {
  if (projection === undefined)
    throw new ElmoError(
      'CannotCreateIndex',
      "Compound wildcard indexes on all fields must also specify 'wildcardProjection' option",
    );
  const paths = projectedPaths(projection);
  const included = paths.filter(({ isIncluded }) => isIncluded).map(({ path }) => path);
  const excluded = paths.filter(({ isIncluded }) => !isIncluded).map(({ path }) => path);
  for (const other of others) {
    const isWithin = (path: string): boolean => other === path || other.startsWith(`${path}.`);
    if (included.length === 0 && other !== '_id' && !excluded.some(isWithin))
      throw new ElmoError(
        7246209,
        `wildcardProjection paths must exclude all regular index fields, however '${other}' is not excluded`,
      );
    const clash = included.find(isWithin);
    if (clash !== undefined)
      throw new ElmoError(
        7246208,
        `Index Key and Wildcard Projection cannot contain overlapping fields, however '${other}' index field is overlapping with '${clash}' wildcard project field`,
      );
  }
}
