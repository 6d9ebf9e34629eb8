/**
 * Which collections there are. What is stored of them is one document each (record.ts); collections in use are kept open
 * in an LRU, so that steady work reads nothing of the catalog. Changes go through write units like all writes; what a
 * transaction changes is seen by itself alone until it commits.
 */
import type { OrderedKv } from '../../lsm/index.js';
import { readText } from '../bson/read.js';
import { afterKeyspace, keyspaceBounds, type KeyBounds } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import { TRANSIENT, type WriteUnit } from '../operation/write-unit.js';
import { arrayKnowledge, arrayPathBounds } from './array-paths.js';
import type { CollectionSpec, IndexSpec, Namespace } from './collection-spec.js';
import { CollectionState } from './collection-state.js';
import {
  ARRAYS_LAYOUT,
  FIRST_KEYSPACE,
  FIRST_LAYOUT,
  KEYSPACE_CATALOG,
  KEYSPACE_META,
  LAYOUT_FORMAT,
} from './keyspaces.js';
import { namespaceText, parseNamespace } from './namespace.js';
import { OpenNames } from './open-names.js';
import { decodeCollection, encodeCollection, hasArrays } from './record.js';
import { ColumnMemory } from '../columns/column-memory.js';
import { ElmoError } from '../errors.js';

/** A collection of the catalog, with what changes while it is open. */
export interface CatalogEntry {
  readonly spec: CollectionSpec;
  readonly state: CollectionState;
  /** `state.version` when it was stored; Infinity: it is not committed yet. Smaller: another one has taken its place. */
  version: number;
}

export interface CatalogOptions {
  /** How many collections are kept open. */
  readonly openCollections: number;
  /** 16 bytes of a fresh UUID. */
  newUuid(): Uint8Array;
}

function metaKey(name: string): Uint8Array {
  const writer = new KeyWriter();
  writer.appendVarint(KEYSPACE_META);
  const bytes = Buffer.from(name);
  writer.appendBytes(bytes, 0, bytes.length);
  return writer.toBytes();
}

/** More than any name that can be made, and less than a key may have. */
const LONGEST_NAMESPACE = 10_000;

const FORMAT_KEY = metaKey('format');
const NEXT_KEY = metaKey('next');
/** Numbers are reserved this many at a time, so that few batches carry the counter. */
const RESERVED_AT_ONCE = 64;

function numberBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}

function numberOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0);
}

export function catalogKey({ db, collection }: Namespace): Uint8Array {
  const writer = new KeyWriter();
  writer.appendVarint(KEYSPACE_CATALOG);
  const bytes = Buffer.from(`${db}\0${collection}`);
  writer.appendBytes(bytes, 0, bytes.length);
  return writer.toBytes();
}

function namespaceOfKey(key: Uint8Array, length: number): Namespace {
  const start = afterKeyspace(key);
  const nul = key.indexOf(0, start);
  return { db: readText(key, start, nul), collection: readText(key, nul + 1, length) };
}

/** All catalog keys of a database. */
function databaseBounds(db: string): KeyBounds {
  const low = catalogKey({ db, collection: '' });
  const high = low.slice();
  high[high.length - 1] = 1;
  return { low, high };
}

const EXPIRE_WORD = 'expireAfterSeconds';

function withArrays(index: IndexSpec, found: readonly ReadonlySet<number>[]): IndexSpec {
  const multikeyComponents = index.multikeyComponents.map(
    (known, field) => new Set([...known, ...(found[field] ?? [])]),
  );
  return { ...index, multikeyComponents, isMultikey: hasArrays(index.fields, multikeyComponents) };
}

/** Deletes what an index holds, in O(1). */
export function deleteIndex(unit: WriteUnit, { kind, keyspace }: IndexSpec): void {
  unit.deleteRange(keyspaceBounds(keyspace));
  if (kind === 'wildcard') unit.deleteRange(arrayPathBounds(keyspace));
}

/** Stands for a name that is known to be free. */
const ABSENT = Symbol('absent');

/** Changes of the catalog inside one unit: null for what it dropped. */
type Overrides = Map<string, CatalogEntry | null>;

export class Catalog {
  private readonly open: OpenNames<CatalogEntry | typeof ABSENT>;
  private readonly states = new Map<number, CollectionState>();
  private readonly columnMemory: ColumnMemory;
  /** The name last asked for outside of transactions, as that very object, and what it meant. */
  private lastNamespace: Namespace | undefined;
  private lastEntry: CatalogEntry | undefined;
  private readonly overrides = new WeakMap<WriteUnit, Overrides>();
  private expiring: Map<string, Namespace> | undefined;
  private nextKeyspace = 0;
  private reservedKeyspace = 0;
  /** Reads of stored entries so far; steady work does not add to it. */
  reads = 0;

  constructor(
    private readonly kv: OrderedKv,
    private readonly options: CatalogOptions,
  ) {
    this.columnMemory = new ColumnMemory(kv);
    this.open = new OpenNames(options.openCollections);
    const format = kv.get(FORMAT_KEY);
    if (format !== undefined && numberOf(format) > LAYOUT_FORMAT)
      throw new ElmoError(
        'UnsupportedFormat',
        `the file holds layout ${numberOf(format)} of a newer version; this one reads up to ${LAYOUT_FORMAT}`,
      );
    const next = kv.get(NEXT_KEY);
    this.nextKeyspace = this.reservedKeyspace = next === undefined ? FIRST_KEYSPACE : numberOf(next);
  }

  /** A number for a new collection or index. Never given twice, whatever becomes of the unit. */
  takeKeyspace(): number {
    if (this.nextKeyspace >= this.reservedKeyspace) {
      this.reservedKeyspace = this.nextKeyspace + RESERVED_AT_ONCE;
      const batch = this.kv.batch();
      if (this.nextKeyspace === FIRST_KEYSPACE) batch.put(FORMAT_KEY, numberBytes(FIRST_LAYOUT));
      batch.put(NEXT_KEY, numberBytes(this.reservedKeyspace));
      this.kv.write(batch).catch(() => undefined); // the write that uses the number meets the same error
    }
    return this.nextKeyspace++;
  }

  /** 16 bytes of a fresh UUID. */
  newUuid(): Uint8Array {
    return this.options.newUuid();
  }

  /**
   * The collection of that name, or undefined.
   * @param unit  whose own changes count. For a transaction the collection is then in use.
   * @throws ElmoError SnapshotUnavailable if the collection was changed after the transaction began
   */
  get(namespace: Namespace, unit?: WriteUnit): CatalogEntry | undefined {
    if (unit === undefined && namespace === this.lastNamespace) return this.lastEntry;
    const text = namespaceText(namespace);
    if (text.length > LONGEST_NAMESPACE) return undefined; // views may stand on what cannot be
    if (unit === undefined) {
      this.lastEntry = this.committed(text, namespace);
      this.lastNamespace = namespace;
      return this.lastEntry;
    }
    const own = this.overrides.get(unit)?.get(text);
    if (own !== undefined) return own ?? undefined;
    const entry = this.committed(text, namespace);
    if (unit.isTransaction) this.checkSeenBy(unit, namespace, entry);
    return entry;
  }

  /** The collection of that name. @throws ElmoError NamespaceNotFound */
  expect(namespace: Namespace, unit?: WriteUnit): CatalogEntry {
    const entry = this.get(namespace, unit);
    if (entry === undefined)
      throw new ElmoError('NamespaceNotFound', `ns does not exist: ${namespaceText(namespace)}`);
    return entry;
  }

  private committed(text: string, namespace: Namespace): CatalogEntry | undefined {
    const known = this.open.get(text);
    if (known !== undefined) return known === ABSENT ? undefined : known;
    this.reads++;
    const raw = this.kv.get(catalogKey(namespace));
    const entry = raw === undefined ? ABSENT : this.entryOf(decodeCollection(namespace, raw));
    if (entry !== ABSENT) entry.version = entry.state.version;
    this.keepOpen(text, entry);
    return entry === ABSENT ? undefined : entry;
  }

  private checkSeenBy(unit: WriteUnit, namespace: Namespace, entry: CatalogEntry | undefined): void {
    if (entry !== undefined) unit.useKeyspace(entry.spec.keyspace);
    const isNewer =
      entry === undefined ? unit.view.has(catalogKey(namespace)) : entry.state.changedSeq > unit.snapshotSeq;
    if (isNewer)
      throw new ElmoError(
        'SnapshotUnavailable',
        `Unable to read from a snapshot due to pending collection catalog changes to collection '${namespaceText(namespace)}'; please retry the operation.`,
        { errorLabels: [TRANSIENT] },
      );
  }

  private entryOf(spec: CollectionSpec): CatalogEntry {
    return { spec, state: this.stateOf(spec, false), version: Infinity };
  }

  private stateOf({ keyspace }: CollectionSpec, isNew: boolean): CollectionState {
    let state = this.states.get(keyspace);
    if (state === undefined)
      this.states.set(keyspace, (state = new CollectionState(this.kv, keyspace, isNew, this.columnMemory)));
    return state;
  }

  /** Stores a new collection in `unit`. */
  add(unit: WriteUnit, spec: CollectionSpec): CatalogEntry {
    const entry = { spec, state: this.stateOf(spec, true), version: Infinity };
    unit.useKeyspace(spec.keyspace);
    unit.afterRollback(() => this.states.delete(spec.keyspace));
    this.store(unit, spec.namespace, entry, true);
    return entry;
  }

  /**
   * Stores a changed definition of a collection in `unit`.
   * @throws MustWait, ElmoError WriteConflict if an open transaction uses the collection
   */
  change(unit: WriteUnit, spec: CollectionSpec): CatalogEntry {
    unit.claimKeyspace(spec.keyspace);
    const before = this.get(spec.namespace, unit);
    const entry = this.entryOf(spec);
    this.store(unit, spec.namespace, entry, true);
    // uses are counted anew when an index is hidden or shown again
    const restarted = before?.spec.indexes.filter(
      ({ name, isHidden }) => spec.indexes.find((index) => index.name === name)?.isHidden !== isHidden,
    );
    if (restarted !== undefined && restarted.length > 0)
      unit.afterCommit(() => restarted.forEach(({ name }) => entry.state.indexUses.delete(name)));
    return entry;
  }

  /** Stores a definition without indexes that nobody could use yet: open transactions need not be waited for. */
  replaceUnfinished(unit: WriteUnit, spec: CollectionSpec): void {
    this.store(unit, spec.namespace, this.entryOf(spec), true);
  }

  /**
   * Stores which components of indexes' paths have met arrays, besides what is known. It stays true if the write is given
   * up, so a transaction does not carry it, unless the collection is its own.
   * @param found  of each index, by its keyspace
   */
  noteArrays(
    unit: WriteUnit,
    namespace: Namespace,
    found: ReadonlyMap<number, readonly ReadonlySet<number>[]>,
  ): void {
    const current = this.get(namespace, unit);
    if (current === undefined) return;
    const indexes = current.spec.indexes.map((index) => {
      const components = found.get(index.keyspace);
      return components === undefined ? index : withArrays(index, components);
    });
    const spec = { ...current.spec, indexes };
    const entry = this.entryOf(spec);
    if (indexes.some((index) => found.has(index.keyspace) && arrayKnowledge(index) === 'paths'))
      this.raiseLayout(unit);
    if (!unit.isTransaction || this.isOverridden(unit, namespace)) {
      this.store(unit, namespace, entry, false);
      return;
    }
    this.kv.put(catalogKey(namespace), encodeCollection(spec)).catch(() => undefined); // as in takeKeyspace
    this.publish(namespaceText(namespace), entry);
  }

  /** An older version would not note at which paths a wildcard index meets arrays: it may not write any more. */
  private raiseLayout(unit: WriteUnit): void {
    const stored = this.kv.get(FORMAT_KEY);
    if (stored !== undefined && numberOf(stored) >= ARRAYS_LAYOUT) return;
    const layout = numberBytes(ARRAYS_LAYOUT);
    if (!unit.isTransaction) unit.putEntry(FORMAT_KEY, layout);
    else this.kv.put(FORMAT_KEY, layout).catch(() => undefined); // as in takeKeyspace
  }

  /** What everybody sees from now on. */
  private publish(text: string, entry: CatalogEntry | null): void {
    if (entry !== null) entry.version = ++entry.state.version;
    this.keepOpen(text, entry ?? ABSENT);
  }

  private keepOpen(text: string, entry: CatalogEntry | typeof ABSENT): void {
    this.lastNamespace = undefined;
    this.open.set(text, entry);
  }

  private store(unit: WriteUnit, namespace: Namespace, entry: CatalogEntry, isChange: boolean): void {
    unit.put(catalogKey(namespace), encodeCollection(entry.spec));
    this.override(unit, namespace, entry, isChange);
  }

  /**
   * Deletes a collection with all it holds in `unit`, in O(1).
   * @throws MustWait, ElmoError WriteConflict if an open transaction uses the collection
   */
  drop(unit: WriteUnit, { spec, state }: CatalogEntry): void {
    this.forget(unit, spec);
    unit.deleteRange(keyspaceBounds(spec.keyspace));
    for (const index of spec.indexes) deleteIndex(unit, index);
    const countsKey = state.dropCounts();
    if (countsKey !== undefined) unit.deleteEntry(countsKey);
    unit.afterCommit(() => {
      state.end();
      this.states.delete(spec.keyspace);
    });
  }

  /** Stores a collection under another name in `unit`. `spec` still has the old one. */
  rename(unit: WriteUnit, spec: CollectionSpec, to: Namespace): CatalogEntry {
    this.forget(unit, spec);
    const entry = this.entryOf({ ...spec, namespace: to });
    this.store(unit, to, entry, true);
    return entry;
  }

  private forget(unit: WriteUnit, { namespace, keyspace }: CollectionSpec): void {
    unit.claimKeyspace(keyspace);
    unit.delete(catalogKey(namespace));
    this.override(unit, namespace, null, true);
  }

  private override(
    unit: WriteUnit,
    namespace: Namespace,
    entry: CatalogEntry | null,
    isChange: boolean,
  ): void {
    const text = namespaceText(namespace);
    let own = this.overrides.get(unit);
    if (own === undefined) this.overrides.set(unit, (own = new Map()));
    const before = own.get(text);
    own.set(text, entry);
    unit.afterCommit(() => {
      this.publish(text, entry);
      if (entry === null) this.expiring?.delete(text);
      else if (isChange) {
        entry.state.changedSeq = this.kv.seq;
        this.noteExpiring(entry.spec);
      }
      this.overrides.get(unit)?.delete(text);
    });
    unit.afterRollback(() => {
      if (before === undefined) own.delete(text);
      else own.set(text, before);
    });
  }

  /** Whether `unit` has changed or made the collection, uncommitted. */
  isOverridden(unit: WriteUnit, namespace: Namespace): boolean {
    return this.overrides.get(unit)?.has(namespaceText(namespace)) === true;
  }

  /** Names of the collections and views of a database, in order. */
  collectionNames(db: string, unit?: WriteUnit): string[] {
    const names = new Set<string>();
    const cursor = this.kv.scan(databaseBounds(db));
    while (cursor.next()) names.add(namespaceOfKey(cursor.keyBytes, cursor.keyLength).collection);
    cursor.close();
    for (const [text, entry] of (unit === undefined ? undefined : this.overrides.get(unit)) ?? []) {
      const namespace = parseNamespace(text);
      if (namespace.db !== db) continue;
      if (entry === null) names.delete(namespace.collection);
      else names.add(namespace.collection);
    }
    return [...names].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  /** Names of the databases that hold something, in order. */
  databaseNames(): string[] {
    const names: string[] = [];
    const cursor = this.kv.scan(keyspaceBounds(KEYSPACE_CATALOG));
    let found = cursor.next();
    while (found) {
      const { db } = namespaceOfKey(cursor.keyBytes, cursor.keyLength);
      names.push(db);
      found = cursor.seek(databaseBounds(db).high, 'GE');
    }
    cursor.close();
    return names;
  }

  /** Collections of which documents expire. Reads the catalog the first time only. */
  expiringNamespaces(): Namespace[] {
    if (this.expiring === undefined) {
      this.expiring = new Map();
      const cursor = this.kv.scan(keyspaceBounds(KEYSPACE_CATALOG));
      while (cursor.next()) {
        const namespace = namespaceOfKey(cursor.keyBytes, cursor.keyLength);
        const raw = cursor.value();
        if (Buffer.from(raw.buffer, raw.byteOffset, raw.length).includes(EXPIRE_WORD))
          this.noteExpiring(decodeCollection(namespace, raw));
      }
      cursor.close();
    }
    return [...this.expiring.values()];
  }

  private noteExpiring(spec: CollectionSpec): void {
    const expires =
      spec.expireAfterSeconds ?? spec.indexes.find((index) => index.expireAfterSeconds !== undefined);
    if (expires === undefined) this.expiring?.delete(namespaceText(spec.namespace));
    else this.expiring?.set(namespaceText(spec.namespace), spec.namespace);
  }

  /** Whether a database holds something. */
  hasDatabase(db: string, unit?: WriteUnit): boolean {
    return this.collectionNames(db, unit).length > 0;
  }

  /** Counts of collections that changed since the open, to be stored at a clean close. */
  storedCounts(): { key: Uint8Array; value: Uint8Array }[] {
    return [...this.states.values()].flatMap((state) => state.storedForm() ?? []);
  }

  /** Puts the counts that changed into the store, which goes on: a later write takes them out again first. */
  storeCounts(): void {
    for (const state of this.states.values()) {
      const stored = state.storedForm();
      if (stored === undefined) continue;
      this.kv.put(stored.key, stored.value).catch(() => undefined); // without them they are counted
      state.noteStored();
    }
  }

  /** The store holds something else now: nothing that was open is valid. */
  reset(): void {
    this.lastNamespace = undefined;
    this.open.clear();
    this.expiring = undefined;
    const states = [...this.states.values()];
    this.states.clear();
    for (const state of states) state.end();
  }
}
