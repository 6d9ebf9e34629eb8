/** What a write statement asks for, from its text to the rows of its candidates. */
import type { Clock } from '../../lsm/index.js';
import type { CatalogEntry } from '../catalog/catalog.js';
import { isSameCollation, type CollationSpec } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import { type SortField } from '../exec/sort-key.js';
import { parseSort } from '../exec/sort-pattern.js';
import type { ParseScope } from '../expression/expression.js';
import type { OpenCollection } from '../index/open-collection.js';
import type { CommonRequest, RawDocument } from '../operation/requests.js';
import type { Value } from '../bson/value.js';
import { compileFilter } from '../query/compile.js';
import type { FilterNode, Matcher } from '../query/filter.js';
import { foldFilter, normalizeFilter } from '../query/normalize.js';
import { parseFilter } from '../query/parse.js';
import type { Candidates } from '../write/mutate.js';
import type { WriteContext } from '../write/write-context.js';
import { planRows } from '../exec/planned-rows.js';
import { asksIdAlone } from './by-id.js';
import { effectiveCollation, releaseOnce, requestScope } from './reading.js';

export interface WritingContext extends WriteContext {
  readonly clock: Clock;
  readonly random: () => number;
}

/** What one statement asks for. */
export interface StatementQuery {
  readonly filter: RawDocument;
  readonly sort?: RawDocument | undefined;
  readonly collation?: RawDocument;
  readonly hint?: Value;
  readonly let?: RawDocument;
}

/** What an upsert cannot be filtered by, since it says nothing of the new document. */
const UPSERT_FORBIDDEN: ReadonlySet<string> = new Set(['$expr']);

/** A statement's filter, ready to be asked. */
export interface PreparedQuery {
  /** As it was written: an upsert takes fields from it. */
  readonly parsed: FilterNode;
  readonly node: FilterNode;
  readonly matcher: Matcher;
  readonly collation: CollationSpec | undefined;
  readonly scope: ParseScope;
  readonly sort: readonly SortField[] | undefined;
  readonly hint: Value | undefined;
}

/** What a statement does with what its filter finds. */
export interface QueryUse {
  /** Whether it asks which element of an array matched. */
  readonly isPositional?: boolean;
  /** Whether it inserts a document if it finds none. */
  readonly isUpsert?: boolean;
}

export function prepareQuery(
  query: StatementQuery,
  entry: CatalogEntry | undefined,
  context: WritingContext,
  { isPositional = false, isUpsert = false }: QueryUse = {},
): PreparedQuery {
  const collation = effectiveCollation(query.collation, entry);
  const scope = requestScope(context.operation, collation, query.let, context.random);
  const parsed = parseFilter(query.filter, {
    collation,
    scope,
    ...(isUpsert ? { forbidden: UPSERT_FORBIDDEN } : {}),
  });
  const node = normalizeFilter(parsed, collation);
  return {
    parsed,
    node,
    collation,
    scope,
    matcher: compileFilter(node, { collation, positional: isPositional }),
    sort: sortOf(query, collation, entry, isPositional, isUpsert),
    hint: query.hint,
  };
}

/** What an upsert takes fields from: nothing is said by what one condition says cannot be. */
export function saidBy({ node, parsed, collation }: PreparedQuery): FilterNode {
  if (node.kind !== 'false') return parsed;
  const folded = foldFilter(parsed, collation);
  return folded.kind === 'false' ? folded : parsed;
}

/** The one document of an `_id` needs no order; a wrong one is told only where there is more to plan than that. */
function sortOf(
  { filter, sort, hint }: StatementQuery,
  collation: CollationSpec | undefined,
  entry: CatalogEntry | undefined,
  isPositional: boolean,
  isUpsert: boolean,
): readonly SortField[] | undefined {
  if (sort === undefined || sort.length <= 5) return undefined;
  const isOfId =
    hint === undefined && isSameCollation(collation, entry?.spec.collation) && asksIdAlone(filter);
  const isClustered = entry?.spec.isClustered === true;
  if (isOfId && !isPositional && !(isClustered && isUpsert)) return undefined;
  const fields = parseSort(sort);
  return isOfId && !isClustered ? undefined : fields;
}

/** Waits until what the store holds back is applied: the statements before this one may be among it. */
export async function untilUpToDate({ transaction, kv, operation }: WritingContext): Promise<void> {
  while (transaction === undefined && !kv.isUpToDate) await operation.waitFor(kv.upToDate());
}

/** Rows of the records a statement is about. @param limit  0: all */
export function candidatesOf(
  collection: OpenCollection,
  prepared: PreparedQuery,
  context: WritingContext,
  limit: number,
): Candidates & { release: () => void } {
  const { transaction, kv, operation } = context;
  const view = transaction?.view ?? kv.snapshot();
  const release = transaction === undefined ? releaseOnce(view) : () => undefined;
  const { sort } = prepared;
  try {
    const { rows } = planRows({
      entry: collection.entry,
      view,
      kv,
      operation,
      filter: prepared.node,
      collation: prepared.collation,
      sort,
      skip: 0,
      // without a sort the next match is as good if one has gone meanwhile
      limit: sort === undefined ? 0 : limit,
      hint: prepared.hint,
      allowDiskUse: true,
    });
    return { rows, matcher: prepared.matcher, hasLost: false, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** What may come again is about one document. @throws ElmoError InvalidOptions */
export function refuseMulti({ retries }: WritingContext, isMulti: boolean): void {
  if (retries !== undefined && isMulti)
    throw new ElmoError('InvalidOptions', 'Cannot use retryable writes with multi=true');
}

export function withLet<T extends StatementQuery>(statement: T, request: CommonRequest): T {
  return request.let === undefined ? statement : { ...statement, let: request.let };
}
