/** The commands behind the methods of a collection. `explain()` asks about the same ones. */
import type { Document } from '../../elmo/values.js';
import { invalid } from './errors.js';
import {
  hasOperators,
  isDocument,
  needDocument,
  pick,
  READ_FIELDS,
  sortDocument,
  WRITE_FIELDS,
} from './options.js';

const FIND_FIELDS = [
  ...READ_FIELDS,
  'limit',
  'skip',
  'batchSize',
  'singleBatch',
  'min',
  'max',
  'returnKey',
  'showRecordId',
  'tailable',
  'awaitData',
  'noCursorTimeout',
  'allowDiskUse',
] as const;

export function findStatement(
  collection: string,
  filter: unknown,
  projection: unknown,
  options?: Document,
): Document {
  if (filter !== undefined && !isDocument(filter)) throw invalid('find() needs a document to compare with');
  const shown: unknown = projection ?? options?.['projection'];
  const sort: unknown = options?.['sort'];
  return {
    find: collection,
    filter: filter ?? {},
    ...(shown === undefined ? {} : { projection: shown }),
    ...(sort === undefined ? {} : { sort: sortDocument(sort) }),
    ...pick(options, FIND_FIELDS),
  };
}

/** @param target  a collection, or 1: the database itself */
export function aggregateStatement(target: string | 1, stages: readonly unknown[]): Document {
  const [first, second] = stages;
  const [pipeline, options] = Array.isArray(first)
    ? [first as unknown[], second as Document | undefined]
    : [stages, undefined];
  const batchSize: unknown = options?.['batchSize'];
  return {
    aggregate: target,
    pipeline,
    cursor: batchSize === undefined ? {} : { batchSize },
    ...pick(options, [...READ_FIELDS, 'allowDiskUse', 'bypassDocumentValidation', 'writeConcern']),
  };
}

export function countStatement(collection: string, filter: unknown, options?: Document): Document {
  return {
    count: collection,
    query: filter ?? {},
    ...pick(options, ['limit', 'skip', 'hint', 'collation', 'maxTimeMS', 'comment', 'readConcern']),
  };
}

/** Counting as the drivers do it: in a pipeline, which is exact in transactions too. */
export function countDocumentsStatement(collection: string, filter: unknown, options?: Document): Document {
  const { skip, limit } = (options ?? {}) as { skip?: number; limit?: number };
  return {
    aggregate: collection,
    pipeline: [
      { $match: filter ?? {} },
      ...(skip === undefined ? [] : [{ $skip: skip }]),
      ...(limit === undefined ? [] : [{ $limit: limit }]),
      { $group: { _id: 1, n: { $sum: 1 } } },
    ],
    cursor: {},
    ...pick(options, READ_FIELDS),
  };
}

export function distinctStatement(
  collection: string,
  field: unknown,
  filter: unknown,
  options?: Document,
): Document {
  if (typeof field !== 'string') throw invalid('distinct() needs the name of a field');
  return {
    distinct: collection,
    key: field,
    query: filter ?? {},
    ...pick(options, ['collation', 'maxTimeMS', 'comment', 'readConcern', 'hint']),
  };
}

const UPDATE_FIELDS = ['upsert', 'collation', 'arrayFilters', 'hint', 'sort'] as const;

/** One element of `updates`. */
export function updateElement(
  method: string,
  filter: unknown,
  update: unknown,
  options: Document | undefined,
  isMulti: boolean,
): Document {
  const isReplacement = method === 'replaceOne';
  needDocument(filter, 'filter', method);
  if (typeof update !== 'object' || update === null)
    throw invalid(`${method}() needs ${isReplacement ? 'a document' : 'what to change: {$set: {…}}'}`);
  if (isReplacement && hasOperators(update))
    throw invalid('Replacement document must not contain atomic operators');
  if (!isReplacement && !hasOperators(update)) throw invalid('Update document requires atomic operators');
  return {
    q: filter,
    u: update,
    ...(isMulti ? { multi: true } : {}),
    ...pick(options, UPDATE_FIELDS),
  };
}

export function updateStatement(collection: string, element: Document, options?: Document): Document {
  return {
    update: collection,
    updates: [element],
    ...pick(options, [...WRITE_FIELDS, 'bypassDocumentValidation']),
  };
}

/** One element of `deletes`. */
export function deleteElement(
  method: string,
  filter: unknown,
  options: Document | undefined,
  isMulti: boolean,
): Document {
  return {
    q: needDocument(filter, 'filter', method),
    limit: isMulti ? 0 : 1,
    ...pick(options, ['collation', 'hint']),
  };
}

export function deleteStatement(collection: string, element: Document, options?: Document): Document {
  return { delete: collection, deletes: [element], ...pick(options, WRITE_FIELDS) };
}

/** @param change  {update} or {remove: true} */
export function findAndModifyStatement(
  collection: string,
  filter: unknown,
  change: Document,
  options: Document | undefined,
): Document {
  const sort: unknown = options?.['sort'];
  const fields: unknown = options?.['projection'] ?? options?.['fields'];
  const returnsNew =
    options?.['returnDocument'] === 'after' ||
    options?.['returnNewDocument'] === true ||
    options?.['new'] === true;
  return {
    findAndModify: collection,
    query: filter,
    ...change,
    ...(sort === undefined ? {} : { sort: sortDocument(sort) }),
    ...(fields === undefined ? {} : { fields }),
    ...(returnsNew ? { new: true } : {}),
    ...pick(options, [
      ...WRITE_FIELDS,
      'upsert',
      'arrayFilters',
      'collation',
      'hint',
      'bypassDocumentValidation',
    ]),
  };
}
