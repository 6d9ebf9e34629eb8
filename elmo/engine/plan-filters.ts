/** What `planCacheSetFilter` says: which indexes the planner keeps to for queries of a shape. */
import { compareDocuments } from '../bson/compare.js';
import { STRING } from '../bson/types.js';
import type { Value } from '../bson/value.js';
import type { CatalogEntry } from '../catalog/catalog.js';
import type { IndexSpec } from '../catalog/collection-spec.js';
import { openScope } from '../expression/scope.js';
import { parseSort } from '../exec/sort-pattern.js';
import type { RawDocument } from '../operation/requests.js';
import { queryShape } from '../plan/query-shape.js';
import { effectiveCollation, parseRequestFilter } from './reading.js';

/** A shape as commands give it; what is absent is empty. */
export interface GivenShape {
  readonly query: RawDocument;
  readonly sort: RawDocument | undefined;
  readonly projection: RawDocument | undefined;
  readonly collation: RawDocument | undefined;
}

/** @throws ElmoError if the query is none */
export function givenQueryShape(entry: CatalogEntry, given: GivenShape): string {
  const collation = effectiveCollation(given.collation, entry);
  const scope = openScope({ collation, nowMs: 0, random: () => 0 });
  const { sort, projection } = given;
  return queryShape({
    filter: parseRequestFilter(given.query, collation, scope),
    sort: sort === undefined || sort.length <= 5 ? undefined : parseSort(sort),
    projection,
    collation,
  });
}

/** Whether one of the texts and documents names the index, or is its key. */
export function isAmong(index: IndexSpec, named: readonly Value[]): boolean {
  return named.some((value) =>
    value.type === STRING
      ? value.text === index.name
      : compareDocuments(index.key, 0, value.bytes, value.at) === 0,
  );
}
