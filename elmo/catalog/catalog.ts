/**
 * Which collections there are. What is stored of them is one document each (record.ts); collections in use are kept open
 * in an LRU, so that steady work reads nothing of the catalog. Changes go through write units like all writes; what a
 * transaction changes is seen by itself alone until it commits.
 */
import { LRUCache } from 'lru-cache';
import type { OrderedKv, ReadView } from '../../lsm/index.js';
import { readText } from '../bson/read.js';
import { keyspaceBounds, type KeyBounds } from '../keys/key-layout.js';
import { orderedVarintLengthOf } from '../keys/ordered-varint.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { WriteUnit } from '../operation/write-unit.js';
import type { CollectionSpec, Namespace } from './collection-spec.js';
import { CollectionState } from './collection-state.js';
import { FIRST_KEYSPACE, KEYSPACE_CATALOG, KEYSPACE_META, LAYOUT_FORMAT } from './keyspaces.js';
import { namespaceText } from './namespace.js';
import { decodeCollection, encodeCollection } from './record.js';
import { ElmoError } from '../errors.js';

/** A collection of the catalog, with what changes while it is open. */
export interface CatalogEntry {
  readonly spec: CollectionSpec;
  readonly state: CollectionState;
}

function metaKey(name: string): Uint8Array {
  const writer = new KeyWriter();
  writer.appendVarint(KEYSPACE_META);
  const bytes = Buffer.from(name);
  writer.appendBytes(bytes, 0, bytes.length);
  return writer.toBytes();
}

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

/** All catalog keys of a database. */
function databaseBounds(db: string): KeyBounds {
  const low = catalogKey({ db, collection: '' });
  const high = low.slice();
  high[high.length - 1] = 1;
  return { low, high };
}

/** Changes of the catalog inside one unit: null for what it dropped. */
type Overrides = Map<string, CatalogEntry | null>;

export class Catalog {
  private readonly open: LRUCache<string, CatalogEntry>;
  private readonly states = new Map<number, CollectionState>();
  private readonly overrides = new WeakMap<WriteUnit, Overrides>();
  private nextKeyspace = 0;
  private reservedKeyspace = 0;
  /** Reads of stored entries so far; steady work does not add to it. */
  reads = 0;

  /** @param openCollections  how many collections are kept open */
  constructor(
    private readonly kv: OrderedKv,
    openCollections: number,
  ) {
    this.open = new LRUCache({ max: openCollections });
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
      if (this.nextKeyspace === FIRST_KEYSPACE) batch.put(FORMAT_KEY, numberBytes(LAYOUT_FORMAT));
      batch.put(NEXT_KEY, numberBytes(this.reservedKeyspace));
      void this.kv.write(batch).catch(() => undefined); // later writes of the store get the same error
    }
    return this.nextKeyspace++;
  }

  /** The collection of that name, or undefined. @param unit  whose own changes count */
  get(namespace: Namespace, unit?: WriteUnit): CatalogEntry | undefined {
    const text = namespaceText(namespace);
    if (unit !== undefined) {
      const own = this.overrides.get(unit)?.get(text);
      if (own !== undefined) return own ?? undefined;
    }
    const known = this.open.get(text);
    if (known !== undefined) return known;
    this.reads++;
    const raw = this.kv.get(catalogKey(namespace));
    if (raw === undefined) return undefined;
    const entry = this.entryOf(decodeCollection(namespace, raw));
    this.open.set(text, entry);
    return entry;
  }

  private entryOf(spec: CollectionSpec): CatalogEntry {
    let state = this.states.get(spec.keyspace);
    if (state === undefined) {
      state = new CollectionState(this.kv, spec.keyspace, false);
      this.states.set(spec.keyspace, state);
    }
    return { spec, state };
  }

  /** Stores a new collection, or a changed one, in `unit`. */
  put(unit: WriteUnit, spec: CollectionSpec, isNew = false): CatalogEntry {
    let state = this.states.get(spec.keyspace);
    if (state === undefined) {
      state = new CollectionState(this.kv, spec.keyspace, isNew);
      this.states.set(spec.keyspace, state);
    }
    const entry: CatalogEntry = { spec, state };
    unit.put(catalogKey(spec.namespace), encodeCollection(spec));
    this.override(unit, spec.namespace, entry);
    return entry;
  }

  /**
   * Stores what is true whatever becomes of the unit (an index has met an array). What the unit itself made is stored with
   * it; anything else at once.
   */
  note(unit: WriteUnit, spec: CollectionSpec): void {
    if (this.isOverridden(unit, spec.namespace)) {
      this.put(unit, spec);
      return;
    }
    const batch = this.kv.batch();
    batch.put(catalogKey(spec.namespace), encodeCollection(spec));
    void this.kv.write(batch).catch(() => undefined); // the unit's own write gets the same error
    this.open.set(namespaceText(spec.namespace), this.entryOf(spec));
  }

  /** Forgets a name in `unit`. What the collection holds is deleted by the caller. */
  remove(unit: WriteUnit, namespace: Namespace): void {
    unit.delete(catalogKey(namespace));
    this.override(unit, namespace, null);
  }

  private override(unit: WriteUnit, namespace: Namespace, entry: CatalogEntry | null): void {
    const text = namespaceText(namespace);
    let own = this.overrides.get(unit);
    if (own === undefined) this.overrides.set(unit, (own = new Map()));
    const before = own.get(text);
    own.set(text, entry);
    unit.afterCommit(() => {
      if (entry === null) this.open.delete(text);
      else this.open.set(text, entry);
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
    this.scanNames(databaseBounds(db), (_db, collection) => names.add(collection));
    for (const [text, entry] of (unit === undefined ? undefined : this.overrides.get(unit)) ?? []) {
      if (!text.startsWith(`${db}.`)) continue;
      const name = text.slice(db.length + 1);
      if (entry === null) names.delete(name);
      else names.add(name);
    }
    return [...names].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  databaseNames(): string[] {
    const names = new Set<string>();
    this.scanNames(keyspaceBounds(KEYSPACE_CATALOG), (db) => names.add(db));
    return [...names];
  }

  private scanNames(bounds: KeyBounds, found: (db: string, collection: string) => void): void {
    const view: ReadView = this.kv;
    const cursor = view.scan(bounds);
    try {
      while (cursor.next()) {
        const { keyBytes, keyLength } = cursor;
        const start = orderedVarintLengthOf(keyBytes[0]!);
        const nul = keyBytes.indexOf(0, start);
        found(readText(keyBytes, start, nul), readText(keyBytes, nul + 1, keyLength));
      }
    } finally {
      cursor.close();
    }
  }

  /** Counts of collections that changed since the open, to be stored at a clean close. */
  storedCounts(): { key: Uint8Array; value: Uint8Array }[] {
    return [...this.states.values()].flatMap((state) => state.storedForm() ?? []);
  }

  /** The state of a dropped collection is needed no more. */
  dropState(keyspace: number): void {
    const state = this.states.get(keyspace);
    if (state === undefined) return;
    state.isDropped = true;
    state.wake();
    this.states.delete(keyspace);
  }
}
