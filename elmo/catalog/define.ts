/**
 * Making, dropping and renaming collections and views. Each function puts all it does into one unit, so it happens as a
 * whole or not at all. They throw `MustWait` while an open transaction uses what they change.
 */
import { compareDocuments } from '../bson/compare.js';
import { documentText } from '../bson/text.js';
import { boolValue, documentValue, int32Value, stringValue } from '../bson/value.js';
import { collationDocument, isSameCollation } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import type { Namespace } from '../operation/requests.js';
import type { WriteUnit } from '../operation/write-unit.js';
import type { Catalog, CatalogEntry } from './catalog.js';
import type { CollectionSpec, IndexSpec } from './collection-spec.js';
import { DEFAULT_ID_INDEX_NAME, ID_KEY, parseCreateOptions, type CreateOptions } from './create-options.js';
import {
  BUCKETS_PREFIX,
  checkNamespace,
  checkNewNamespace,
  namespaceText,
  SYSTEM_PROFILE,
  SYSTEM_VIEWS,
} from './namespace.js';
import { documentOf, fieldOf, fieldsOf, rawDocument } from './raw-document.js';
import { newIndexSpec, specOf, uuidValue } from './record.js';
import { parseValidator, type ValidatorContext } from './validator.js';
import { checkView, type ViewReader } from './views.js';

/** What definitions are checked with: where validators stand, and what is known of the pipelines of views. */
export interface DefinitionContext extends ValidatorContext, ViewReader {}

const NO_OPTIONS = rawDocument([]);

/**
 * Makes a collection or a view. One that is there already, and the same, is left as it is.
 * @param raw  the options of the command `create`
 * @throws ElmoError NamespaceExists, InvalidOptions …
 */
export function createCollection(
  catalog: Catalog,
  unit: WriteUnit,
  namespace: Namespace,
  raw: Uint8Array,
  context: DefinitionContext,
): CatalogEntry {
  const options = parseCreateOptions(raw);
  checkNewNamespace(namespace);
  const validator = documentOf(options.options, 'validator');
  if (validator !== undefined) parseValidator(validator, options.collation, context);
  const existing = catalog.get(namespace, unit);
  if (existing !== undefined) {
    checkSame(existing.spec, options);
    return existing;
  }
  const entry = addCollection(catalog, unit, namespace, options);
  if (options.kind === 'view') {
    checkView(catalog, unit, entry.spec, context);
    makeSystemViews(catalog, unit, namespace.db);
  }
  return entry;
}

/** The collection of that name, made with no options if there is none: for the first insert. */
export function collectionForInsert(catalog: Catalog, unit: WriteUnit, namespace: Namespace): CatalogEntry {
  const existing = catalog.get(namespace, unit);
  if (existing !== undefined) {
    if (existing.spec.kind === 'view') throw viewRefusal(namespace);
    return existing;
  }
  return addCollection(catalog, unit, namespace);
}

/** What is said of a view to commands that want a collection. */
export function viewRefusal(namespace: Namespace): ElmoError {
  return new ElmoError(
    'CommandNotSupportedOnView',
    `Namespace ${namespaceText(namespace)} is a view, not a collection`,
  );
}

/** Makes a collection whose name is free. @throws ElmoError InvalidNamespace, DatabaseDifferCase */
export function addCollection(
  catalog: Catalog,
  unit: WriteUnit,
  namespace: Namespace,
  { kind, options, clusteredIndex }: CreateOptions = parseCreateOptions(NO_OPTIONS),
): CatalogEntry {
  checkNewNamespace(namespace);
  if (namespace.collection.startsWith(BUCKETS_PREFIX) && kind !== 'timeseries')
    throw new ElmoError(
      'IllegalOperation',
      `buckets without options of a time-series collection: ${namespaceText(namespace)}`,
    );
  checkCase(catalog, unit, namespace.db);
  const spec = specOf(namespace, {
    kind,
    uuid: catalog.newUuid(),
    keyspace: catalog.takeKeyspace(),
    options,
    indexes: [],
  });
  const definitions =
    kind === 'view' ? [] : [idIndexDefinition(spec, clusteredIndex), ...measurementIndexes(spec)];
  const indexes: IndexSpec[] = definitions.map((definition) =>
    newIndexSpec(definition, catalog.takeKeyspace(), true),
  );
  return catalog.add(unit, { ...spec, indexes });
}

/** The index that a time-series collection with a field of its metadata has from the start. */
function measurementIndexes({ options, collation }: CollectionSpec): Uint8Array[] {
  const timeseries = documentOf(options, 'timeseries');
  const meta = timeseries === undefined ? undefined : fieldOf(timeseries, 'metaField')?.text;
  if (timeseries === undefined || meta === undefined) return [];
  const time = fieldOf(timeseries, 'timeField')!.text;
  return [
    rawDocument([
      ['v', int32Value(2)],
      [
        'key',
        documentValue(
          rawDocument([
            [meta, int32Value(1)],
            [time, int32Value(1)],
          ]),
        ),
      ],
      ['name', stringValue(`${meta}_1_${time}_1`)],
      ['collation', collation === undefined ? undefined : documentValue(collationDocument(collation))],
    ]),
  ];
}

/** What listIndexes shows of the index on `_id`. */
function idIndexDefinition(spec: CollectionSpec, clusteredIndex: Uint8Array | undefined): Uint8Array {
  const { collation } = spec;
  const shown = collation === undefined ? undefined : documentValue(collationDocument(collation));
  if (clusteredIndex === undefined)
    return rawDocument([
      ['v', int32Value(2)],
      ['key', documentValue(ID_KEY)],
      ['name', stringValue(DEFAULT_ID_INDEX_NAME)],
      ['collation', shown],
    ]);
  return rawDocument([
    ['v', int32Value(2)],
    ['key', fieldOf(clusteredIndex, 'key')],
    ['name', fieldOf(clusteredIndex, 'name')],
    ['unique', boolValue(true)],
    ['expireAfterSeconds', fieldOf(spec.options, 'expireAfterSeconds')],
    ['collation', shown],
    ['clustered', boolValue(true)],
  ]);
}

/** Names of databases may not differ by case alone. */
function checkCase(catalog: Catalog, unit: WriteUnit, db: string): void {
  if (catalog.hasDatabase(db, unit)) return;
  const folded = db.toLowerCase();
  const other = catalog.databaseNames().find((name) => name !== db && name.toLowerCase() === folded);
  if (other !== undefined)
    throw new ElmoError(
      'DatabaseDifferCase',
      `db name conflicts case-insensitively (Unicode case folding) with existing database: [${other}] trying to create [${db}]`,
    );
}

function checkSame(
  { namespace, kind, uuid, options, collation }: CollectionSpec,
  wanted: CreateOptions,
): void {
  const text = namespaceText(namespace);
  const isSame =
    kind === wanted.kind &&
    isSameCollation(collation, wanted.collation) &&
    compareDocuments(options, 0, wanted.options, 0) === 0;
  if (isSame) return;
  if (kind === 'view' && wanted.kind !== 'view')
    throw new ElmoError('NamespaceExists', `namespace '${text}' already exists, but is a view`);
  const shown = documentText(
    rawDocument([
      ['uuid', uuidValue(uuid)],
      ...fieldsOf(options).map(({ name, value }) => [name, value] as const),
    ]),
  );
  throw new ElmoError(
    'NamespaceExists',
    `namespace '${text}' already exists, but with different options: ${shown}, requested: ${documentText(wanted.options)}`,
  );
}

/** A database with views shows the collection that the reference keeps them in. */
function makeSystemViews(catalog: Catalog, unit: WriteUnit, db: string): void {
  const namespace = { db, collection: SYSTEM_VIEWS };
  if (catalog.get(namespace, unit) === undefined) addCollection(catalog, unit, namespace);
}

export interface DropResult {
  /** undefined: there was none, or it was a view. */
  readonly indexCount: number | undefined;
  readonly existed: boolean;
}

/** Drops a collection or view, if there is one; with the collection of views all views of its database. */
export function dropCollection(catalog: Catalog, unit: WriteUnit, namespace: Namespace): DropResult {
  checkNamespace(namespace);
  const entry = catalog.get(namespace, unit);
  if (entry === undefined) return { indexCount: undefined, existed: false };
  if (namespace.collection === SYSTEM_VIEWS)
    for (const collection of catalog.collectionNames(namespace.db, unit)) {
      const other = catalog.get({ db: namespace.db, collection }, unit);
      if (other?.spec.kind === 'view') catalog.drop(unit, other);
    }
  catalog.drop(unit, entry);
  return { indexCount: entry.spec.kind === 'view' ? undefined : entry.spec.indexes.length, existed: true };
}

/** @returns whether there was anything. @throws ElmoError IllegalOperation */
export function dropDatabase(catalog: Catalog, unit: WriteUnit, db: string): boolean {
  if (db === 'admin') throw new ElmoError('IllegalOperation', "Dropping the 'admin' database is prohibited.");
  const names = catalog.collectionNames(db, unit);
  for (const collection of names) catalog.drop(unit, catalog.expect({ db, collection }, unit));
  return names.length > 0;
}

/**
 * Gives a collection another name, in another database if wanted.
 * @throws ElmoError NamespaceNotFound, NamespaceExists, IllegalOperation …
 */
export function renameCollection(
  catalog: Catalog,
  unit: WriteUnit,
  from: Namespace,
  to: Namespace,
  dropsTarget: boolean,
): CatalogEntry {
  checkRenamed(from, 'source');
  checkRenamed(to, 'target');
  if (namespaceText(from) === namespaceText(to))
    throw new ElmoError('IllegalOperation', "Can't rename a collection to itself");
  if (from.collection === 'system.js' || to.collection === 'system.js')
    throw new ElmoError(
      'IllegalOperation',
      'renaming system.js collection or renaming to system.js is not allowed',
    );
  checkWritable(from, 'source', from.collection.startsWith('system.'));
  checkWritable(to, 'target', isReserved(to));
  const source = catalog.get(from, unit);
  if (source === undefined)
    throw new ElmoError('NamespaceNotFound', `Source collection ${namespaceText(from)} does not exist`);
  if (source.spec.kind !== 'collection')
    throw new ElmoError(
      'CommandNotSupportedOnView',
      `cannot rename ${source.spec.kind === 'view' ? 'view' : 'time-series collection'}: ${namespaceText(from)}`,
    );
  const target = catalog.get(to, unit);
  if (target?.spec.kind === 'view')
    throw new ElmoError('NamespaceExists', `a view already exists with that name: ${namespaceText(to)}`);
  if (target === undefined) checkCase(catalog, unit, to.db);
  else if (!dropsTarget) throw new ElmoError('NamespaceExists', 'target namespace exists');
  else catalog.drop(unit, target);
  return catalog.rename(unit, source.spec, to);
}

/** Collections that the reference keeps for itself: nothing is renamed to one of them. */
const RESERVED: ReadonlySet<string> = new Set(['system.users', SYSTEM_PROFILE, SYSTEM_VIEWS]);

function isReserved({ db, collection }: Namespace): boolean {
  return RESERVED.has(collection) || (db === 'local' && /^oplog\../.test(collection));
}

function checkWritable(namespace: Namespace, role: string, isOurs: boolean): void {
  try {
    checkNewNamespace(namespace);
    if (isOurs) throw new ElmoError('InvalidNamespace', `cannot write to ${namespaceText(namespace)}`);
  } catch (cause) {
    throw new ElmoError('IllegalOperation', `error with ${role} namespace: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function checkRenamed(namespace: Namespace, role: string): void {
  const { db, collection } = namespace;
  try {
    checkNamespace({ db: db.replaceAll('$', '_'), collection });
  } catch (cause) {
    throw new ElmoError('InvalidNamespace', `Invalid ${role} namespace: ${namespaceText(namespace)}`, {
      cause,
    });
  }
  if (db.includes('$') || collection.includes('$'))
    throw new ElmoError(
      'IllegalOperation',
      `error with ${role} namespace: Invalid namespace: ${namespaceText(namespace)}`,
    );
}
