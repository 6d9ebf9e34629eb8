/** What listCollections, listIndexes and listDatabases say. Source: the reference's answers. */
import type { OrderedKv } from '../../lsm/index.js';
import { boolValue, documentValue, stringValue } from '../bson/value.js';
import { ElmoError } from '../errors.js';
import { keyspaceBounds } from '../keys/key-layout.js';
import type { Namespace } from '../operation/requests.js';
import type { WriteUnit } from '../operation/write-unit.js';
import type { Catalog, CatalogEntry } from './catalog.js';
import type { CollectionSpec, IndexSpec } from './collection-spec.js';
import { viewRefusal } from './define.js';
import { namespaceText } from './namespace.js';
import { rawDocument } from './raw-document.js';
import { uuidValue } from './record.js';

/** One document of listCollections. */
export function collectionInfo(spec: CollectionSpec, isNameOnly: boolean): Uint8Array {
  const name = ['name', stringValue(spec.namespace.collection)] as const;
  const type = ['type', stringValue(spec.kind)] as const;
  if (isNameOnly) return rawDocument([name, type]);
  const isView = spec.kind === 'view';
  const info = rawDocument([
    ['readOnly', boolValue(isView)],
    ['uuid', spec.kind === 'collection' ? uuidValue(spec.uuid) : undefined],
  ]);
  const idIndex = spec.kind === 'collection' && !spec.isClustered ? spec.indexes[0]?.definition : undefined;
  return rawDocument([
    name,
    type,
    ['options', documentValue(spec.options)],
    ['info', documentValue(info)],
    ['idIndex', idIndex === undefined ? undefined : documentValue(idIndex)],
  ]);
}

/** The definitions of the collections and views of a database, in the order of their names. */
export function collectionSpecs(catalog: Catalog, db: string, unit?: WriteUnit): CollectionSpec[] {
  return catalog.collectionNames(db, unit).map((collection) => catalog.expect({ db, collection }, unit).spec);
}

/**
 * The documents of listIndexes.
 * @throws ElmoError NamespaceNotFound, CommandNotSupportedOnView
 */
export function indexInfos(catalog: Catalog, namespace: Namespace, unit?: WriteUnit): Uint8Array[] {
  const spec = catalog.get(namespace, unit)?.spec;
  if (spec === undefined)
    throw new ElmoError('NamespaceNotFound', `ns does not exist: ${namespaceText(namespace)}`);
  if (spec.kind === 'view') throw viewRefusal(namespace);
  return listedIndexes(spec)
    .filter(({ isReady }) => isReady)
    .map(({ definition }) => definition);
}

/** The indexes that clients are told of: a time-series collection has none on `_id` for them. */
export function listedIndexes({ kind, indexes }: CollectionSpec): readonly IndexSpec[] {
  return kind === 'timeseries' ? indexes.slice(1) : indexes;
}

/** Those beside the documents: of a clustered collection, and of time series, the index on `_id` is the collection itself. */
export function indexesBeside({ isClustered, kind, indexes }: CollectionSpec): readonly IndexSpec[] {
  return isClustered || kind === 'timeseries' ? indexes.slice(1) : indexes;
}

/** Approximate bytes that a collection takes, indexes included. */
export function storedBytes(kv: OrderedKv, { spec }: CatalogEntry): number {
  return [spec.keyspace, ...spec.indexes.map(({ keyspace }) => keyspace)].reduce(
    (sum, keyspace) => sum + kv.estimate(keyspaceBounds(keyspace)).bytes,
    0,
  );
}

/** Approximate bytes that a database takes. */
export function databaseBytes(kv: OrderedKv, catalog: Catalog, db: string): number {
  return catalog
    .collectionNames(db)
    .reduce((sum, collection) => sum + storedBytes(kv, catalog.expect({ db, collection })), 0);
}
