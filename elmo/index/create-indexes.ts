/** `createIndexes` and `dropIndexes`: over the catalog, the builder and the transactions that are open. */
import { documentText } from '../bson/text.js';
import { ARRAY, OBJECT, STRING, TYPE_NAMES } from '../bson/types.js';
import type { Value } from '../bson/value.js';
import { deleteIndex, type CatalogEntry } from '../catalog/catalog.js';
import { ChangedRecords } from '../catalog/changed-records.js';
import type { CollectionSpec, IndexSpec } from '../catalog/collection-spec.js';
import { addCollection, viewRefusal } from '../catalog/define.js';
import { indexesBeside } from '../catalog/listing.js';
import { checkNamespace, checkNewNamespace, namespaceText, SYSTEM_VIEWS } from '../catalog/namespace.js';
import { isIdKey, newIndexSpec, sameKey } from '../catalog/record.js';
import { ElmoError } from '../errors.js';
import type { Committer } from '../operation/committer.js';
import type { Operation } from '../operation/operation.js';
import type { Namespace } from '../operation/requests.js';
import type { TransactionUnit } from '../operation/transaction-unit.js';
import type { WriteUnit } from '../operation/write-unit.js';
import { elementsOf } from '../query/elements.js';
import { IndexBuild, markBuild } from './build.js';
import { checkTogether, isThere } from './conflicts.js';
import { parseIndexDefinitions, type IndexDefinition } from './index-definition.js';
import type { OpenCollections } from './open-collection.js';

const MOST_INDEXES = 64;

/** What changes of indexes work with. */
export interface IndexContext {
  readonly committer: Committer;
  readonly collections: OpenCollections;
  readonly operation: Operation;
  readonly isDurable: boolean;
  /** The session's transaction, if the request is part of one. */
  readonly transaction: TransactionUnit | undefined;
}

export interface CreateIndexesResult {
  readonly indexesBefore: number;
  readonly indexesAfter: number;
  readonly madeCollection: boolean;
  /** 'all indexes already exist' */
  readonly note: string | undefined;
}

interface Registered {
  readonly result: CreateIndexesResult;
  /** Indexes that are still to be built. */
  readonly unbuilt: readonly number[];
  /** What changes until they are loaded; undefined: they are built without a load. */
  readonly changed?: ChangedRecords | undefined;
}

/**
 * @param definitions  raw, as the client gave them
 * @throws ElmoError CannotCreateIndex, IndexOptionsConflict, DuplicateKey …: none of the indexes is then there
 */
export async function createIndexes(
  namespace: Namespace,
  definitions: readonly Uint8Array[],
  context: IndexContext,
): Promise<CreateIndexesResult> {
  const { committer, collections, operation, isDurable, transaction } = context;
  if (definitions.length === 0) throw new ElmoError('BadValue', 'Must specify at least one index to create');
  checkNewNamespace(namespace);
  if (transaction !== undefined) {
    const mark = transaction.mark();
    try {
      const { result } = register(namespace, definitions, collections, transaction);
      transaction.release(mark);
      return result;
    } catch (error) {
      transaction.rollbackTo(mark);
      throw error;
    }
  }
  const { result, unbuilt, changed } = await committer.run(
    operation,
    (unit) => register(namespace, definitions, collections, unit),
    isDurable,
  );
  if (unbuilt.length > 0)
    await new IndexBuild(committer, collections, namespace, unbuilt, operation, changed).run(isDurable);
  return result;
}

function register(
  namespace: Namespace,
  definitions: readonly Uint8Array[],
  collections: OpenCollections,
  unit: WriteUnit,
): Registered {
  const { catalog } = collections;
  const existing = catalog.get(namespace, unit);
  if (existing?.spec.kind === 'view') throw viewRefusal(namespace);
  if (namespace.collection === SYSTEM_VIEWS)
    throw new ElmoError(
      'CannotCreateIndex',
      `Cannot create indexes on system collection ${namespaceText(namespace)}`,
    );
  const parsed = parseIndexDefinitions(definitions, existing?.spec);
  const entry = existing ?? addCollection(catalog, unit, namespace);
  const { spec } = entry;
  const added = parsed.filter((definition) => !isThere(spec, definition));
  checkAmong(added);
  const before = indexesBeside(spec).length;
  const madeCollection = existing === undefined;
  if (added.length === 0) {
    const note = madeCollection ? undefined : 'all indexes already exist';
    return {
      result: { indexesBefore: before, indexesAfter: before, madeCollection, note },
      unbuilt: [],
    };
  }
  if (before + added.length > MOST_INDEXES)
    throw new ElmoError(
      'CannotCreateIndex',
      `add index fails, too many indexes for ${namespaceText(namespace)} key:${documentText(added[0]!.key)}`,
    );
  const isReady = isEmpty(entry, unit);
  if (unit.isTransaction && !isReady)
    throw new ElmoError(
      'OperationNotSupportedInTransaction',
      `Cannot create new indexes on existing collection ${namespaceText(namespace)} in a multi-document transaction.`,
    );
  const specs = added.map(({ definition }) => newIndexSpec(definition, catalog.takeKeyspace(), isReady));
  catalog.change(unit, { ...spec, indexes: [...spec.indexes, ...specs] });
  if (!isReady) for (const { keyspace } of specs) markBuild(unit, namespace, keyspace);
  const changed = isReady ? undefined : loadFrom(entry, specs, collections.leastLoaded, unit);
  return {
    result: { indexesBefore: before, indexesAfter: before + added.length, madeCollection, note: undefined },
    unbuilt: isReady ? [] : specs.map(({ keyspace }) => keyspace),
    changed,
  };
}

/** Begins to note what changes, if new indexes are to be loaded. */
function loadFrom(
  { state }: CatalogEntry,
  specs: readonly IndexSpec[],
  leastLoaded: number,
  unit: WriteUnit,
): ChangedRecords | undefined {
  if (specs.some(({ isPreparingUnique }) => isPreparingUnique)) return undefined;
  if (unit.view.estimate(state.bounds).count < leastLoaded) return undefined;
  const changed = new ChangedRecords();
  unit.afterCommit(() =>
    state.beginLoad(
      specs.map(({ keyspace }) => keyspace),
      changed,
    ),
  );
  return changed;
}

function checkAmong(definitions: readonly IndexDefinition[]): void {
  definitions.forEach((second, i) => {
    for (const first of definitions.slice(0, i)) checkTogether(first, second);
  });
}

function isEmpty({ state }: CatalogEntry, unit: WriteUnit): boolean {
  const cursor = unit.view.scan(state.bounds);
  const found = cursor.next();
  cursor.close();
  return !found;
}

export interface DropIndexesResult {
  readonly indexesBefore: number;
  /** What is said when all are dropped. */
  readonly message: string | undefined;
}

/**
 * @param which  a name, '*', an array of names, or a key pattern
 * @throws ElmoError IndexNotFound, InvalidOptions, AmbiguousIndexKeyPattern …: none is then dropped
 */
export async function dropIndexes(
  namespace: Namespace,
  which: Value,
  context: IndexContext,
): Promise<DropIndexesResult> {
  const { committer, collections, operation, isDurable } = context;
  return committer.run(operation, (unit) => dropFrom(namespace, which, collections, unit), isDurable);
}

function dropFrom(
  namespace: Namespace,
  which: Value,
  { catalog }: OpenCollections,
  unit: WriteUnit,
): DropIndexesResult {
  checkNamespace(namespace);
  const entry = catalog.get(namespace, unit);
  if (entry === undefined)
    throw new ElmoError('NamespaceNotFound', `ns not found ${namespaceText(namespace)}`);
  const { spec } = entry;
  if (spec.kind === 'view') throw viewRefusal(namespace);
  const dropped = new Set(indexesToDrop(spec, which));
  if (dropped.size > 0) {
    catalog.change(unit, { ...spec, indexes: spec.indexes.filter((index) => !dropped.has(index)) });
    for (const index of dropped) deleteIndex(unit, index);
  }
  const shownBefore = indexesBeside(spec).length;
  return {
    indexesBefore: shownBefore,
    message: isAll(which) ? 'non-_id indexes dropped for collection' : undefined,
  };
}

function isAll(which: Value): boolean {
  if (which.type === STRING) return which.text === '*';
  return (
    which.type === ARRAY && elementsOf(which).some(({ value }) => value.type === STRING && value.text === '*')
  );
}

function indexesToDrop(spec: CollectionSpec, which: Value): readonly IndexSpec[] {
  if (isAll(which)) return spec.indexes.filter(({ fields }) => !isIdKey(fields));
  if (which.type === STRING) return [droppable(spec, byName(spec, which.text))];
  if (which.type === OBJECT) return [droppable(spec, byKey(spec, which.document))];
  if (which.type !== ARRAY)
    throw new ElmoError(
      'TypeMismatch',
      `BSON field 'dropIndexes.index' is the wrong type '${TYPE_NAMES.get(which.type)}', expected types '[string, object]'`,
    );
  const found = elementsOf(which).map(({ value }) => {
    if (value.type !== STRING)
      throw new ElmoError(
        'TypeMismatch',
        "BSON field 'dropIndexes.index' is the wrong type 'array', expected types '[string]'",
      );
    return droppable(spec, byName(spec, value.text));
  });
  const twice = found.find((index, i) => found.indexOf(index) < i);
  if (twice !== undefined) throw notFound(twice.name);
  return found;
}

function notFound(name: string): ElmoError {
  return new ElmoError('IndexNotFound', `index not found with name [${name}]`);
}

function byName(spec: CollectionSpec, name: string): IndexSpec {
  const index = spec.indexes.find((each) => each.name === name);
  if (index === undefined) throw notFound(name);
  return index;
}

/** The only index with a key pattern. @throws ElmoError IndexNotFound, AmbiguousIndexKeyPattern */
export function byKey(spec: CollectionSpec, key: Uint8Array): IndexSpec {
  const found = spec.indexes.filter((each) => sameKey(each.key, key));
  if (found.length > 1) {
    const texts = found.map(({ definition }) => documentText(definition)).join(', ');
    throw new ElmoError(
      'AmbiguousIndexKeyPattern',
      `${found.length} indexes found for key: ${documentText(key)}, identify by name instead. Conflicting indexes: ${texts}`,
    );
  }
  if (found.length === 0)
    throw new ElmoError('IndexNotFound', `can't find index with key: ${documentText(key)}`);
  return found[0]!;
}

function droppable(spec: CollectionSpec, index: IndexSpec): IndexSpec {
  if (!isIdKey(index.fields)) return index;
  if (spec.isClustered) throw new ElmoError(5979800, 'It is illegal to drop the clusteredIndex');
  throw new ElmoError('InvalidOptions', 'cannot drop _id index');
}
