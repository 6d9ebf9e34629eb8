/**
 * A collection, open for reading and writing: its records, and what each write does to its indexes. All indexes are asked
 * whether they accept a document before any of them is changed, so a document that is refused leaves no trace.
 */
import type { ReadView } from '../../lsm/index.js';
import { documentLength } from '../bson/walk.js';
import type { Catalog, CatalogEntry } from '../catalog/catalog.js';
import type { CollectionSpec, Namespace } from '../catalog/collection-spec.js';
import type { CollectionState } from '../catalog/collection-state.js';
import { namespaceText } from '../catalog/namespace.js';
import { ElmoError } from '../errors.js';
import { afterKeyspace, appendRecordKey, RecordIdReader } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { WriteUnit } from '../operation/write-unit.js';
import { OpenIndex } from './open-index.js';
import { isTouched } from './touched-paths.js';

const keyWriter = new KeyWriter();
/** Fewer documents are indexed sooner through the memtables. */
const LEAST_LOADED = 4096;

export class OpenCollection {
  readonly spec: CollectionSpec;
  readonly state: CollectionState;
  /** In the order of the spec: that on `_id` first. */
  readonly indexes: readonly OpenIndex[];
  private successor: OpenCollection | undefined;
  private lastTouched: readonly string[] | undefined;
  private lastAffected: readonly OpenIndex[] = [];

  constructor(
    private readonly catalog: Catalog,
    readonly entry: CatalogEntry,
  ) {
    this.spec = entry.spec;
    this.state = entry.state;
    this.indexes = entry.spec.indexes.map((index) => new OpenIndex(entry.spec, index, entry.state));
  }

  /** A copy. */
  recordKey(recordId: number): Uint8Array {
    keyWriter.clear();
    appendRecordKey(keyWriter, this.spec.keyspace, recordId);
    return keyWriter.toBytes();
  }

  private putRecord(unit: WriteUnit, recordId: number, document: Uint8Array): void {
    keyWriter.clear();
    appendRecordKey(keyWriter, this.spec.keyspace, recordId);
    unit.putRecord(keyWriter.bytes, keyWriter.length, document);
  }

  /** A copy of a document, or undefined. */
  read(view: ReadView, recordId: number): Uint8Array | undefined {
    return view.get(this.recordKey(recordId));
  }

  /** The index of that name, or undefined. */
  indexNamed(name: string): OpenIndex | undefined {
    return this.indexes.find(({ spec }) => spec.name === name);
  }

  /**
   * Puts a new document. In a capped collection the oldest ones make room; the unit is then committed before the next
   * document is put.
   * @param document  with an `_id`
   * @returns its record id
   * @throws ElmoError DuplicateKey, CannotIndexParallelArrays …: nothing is then put. MustWait, WriteConflict: the unit
   *   has to be rolled back
   */
  insert(unit: WriteUnit, document: Uint8Array): number {
    return this.present(unit).insertHere(unit, document);
  }

  private insertHere(unit: WriteUnit, document: Uint8Array): number {
    const { state, indexes } = this;
    const recordId = state.takeRecordId();
    for (const index of indexes) {
      index.collect(document, 0, recordId, index.after);
      index.compare(undefined, index.after);
      index.check(unit);
    }
    if (this.spec.isCapped) {
      this.makeRoom(unit, document.length);
      for (const index of indexes) index.compare(undefined, index.after);
    }
    state.beforeWrite();
    state.noteChange(unit, recordId);
    unit.useKeyspace(this.spec.keyspace);
    this.putRecord(unit, recordId, document);
    for (const index of indexes) index.write(unit);
    unit.count(state, 1, document.length);
    this.noteArrays(unit, indexes);
    return recordId;
  }

  /**
   * Puts a document in the place of another.
   * @param old  holds the document that is there, from `oldAt`
   * @param touched  paths in which they may differ; undefined: any
   * @throws as `insert`
   */
  replace(
    unit: WriteUnit,
    recordId: number,
    old: Uint8Array,
    oldAt: number,
    document: Uint8Array,
    touched?: readonly string[],
  ): void {
    this.present(unit).replaceHere(unit, recordId, old, oldAt, document, touched);
  }

  private replaceHere(
    unit: WriteUnit,
    recordId: number,
    old: Uint8Array,
    oldAt: number,
    document: Uint8Array,
    touched: readonly string[] | undefined,
  ): void {
    const indexes = this.affectedBy(touched);
    for (const index of indexes) {
      index.collect(old, oldAt, recordId, index.before);
      index.collect(document, 0, recordId, index.after);
      index.compare(index.before, index.after);
      index.check(unit);
    }
    this.state.beforeWrite();
    this.state.noteChange(unit, recordId);
    unit.useKeyspace(this.spec.keyspace);
    this.putRecord(unit, recordId, document);
    for (const index of indexes) index.write(unit);
    unit.count(this.state, 0, document.length - documentLength(old, oldAt));
    this.noteArrays(unit, indexes);
  }

  /** @param old  holds the document that is there, from `oldAt` */
  remove(unit: WriteUnit, recordId: number, old: Uint8Array, oldAt: number): void {
    this.present(unit).removeHere(unit, recordId, old, oldAt);
  }

  private removeHere(unit: WriteUnit, recordId: number, old: Uint8Array, oldAt: number): void {
    for (const index of this.indexes) {
      index.collect(old, oldAt, recordId, index.before);
      index.compare(index.before, undefined);
    }
    this.state.beforeWrite();
    this.state.noteChange(unit, recordId);
    unit.useKeyspace(this.spec.keyspace);
    unit.delete(this.recordKey(recordId));
    for (const index of this.indexes) index.write(unit);
    unit.count(this.state, -1, -documentLength(old, oldAt));
  }

  /**
   * Puts the entries that a document has in indexes under construction.
   * @throws MustWait, CannotIndexParallelArrays …
   */
  addEntries(
    unit: WriteUnit,
    indexes: readonly OpenIndex[],
    recordId: number,
    bytes: Uint8Array,
    at: number,
  ): void {
    for (const index of indexes) {
      index.collect(bytes, at, recordId, index.after);
      index.compare(undefined, index.after);
      index.check(unit);
      index.write(unit);
    }
    this.noteArrays(unit, indexes);
  }

  private affectedBy(touched: readonly string[] | undefined): readonly OpenIndex[] {
    if (touched === undefined) return this.indexes;
    if (!areSame(touched, this.lastTouched)) {
      this.lastAffected = this.indexes.filter(({ spec }) => isTouched(spec, touched));
      this.lastTouched = touched;
    }
    return this.lastAffected;
  }

  /** Tells the catalog if fields have met arrays for the first time. */
  noteArrays(unit: WriteUnit, indexes: readonly OpenIndex[]): void {
    let hasNewArrays = false;
    for (const index of indexes) {
      hasNewArrays ||= index.hasNewArrays;
      if (index.met?.isEmpty === false) index.met.note(unit, this.notesAhead(unit));
    }
    if (!hasNewArrays) return;
    const found = indexes
      .filter((index) => index.hasNewArrays)
      .map((index) => [index.spec.keyspace, index.takeArrays(unit)] as const);
    this.catalog.noteArrays(unit, this.spec.namespace, new Map(found));
  }

  /** Whether what is noted stays when the unit is given up: unless nobody else knows the collection yet. */
  private notesAhead(unit: WriteUnit): boolean {
    return unit.isTransaction && !this.catalog.isOverridden(unit, this.spec.namespace);
  }

  /**
   * The collection by its present definition: writes that go on after others had their turn may hold an old one, whose
   * indexes are not all there are.
   */
  private present(unit: WriteUnit): OpenCollection {
    if (unit.isTransaction || this.entry.version >= this.state.version) return this;
    const entry = this.catalog.get(this.spec.namespace, unit);
    if (entry?.spec.keyspace !== this.spec.keyspace)
      throw new ElmoError('QueryPlanKilled', `collection dropped: ${namespaceText(this.spec.namespace)}`);
    if (this.successor?.entry !== entry) this.successor = new OpenCollection(this.catalog, entry);
    return this.successor;
  }

  /** Removes the oldest documents of a capped collection until one more of `bytes` fits in. */
  private makeRoom(unit: WriteUnit, bytes: number): void {
    const { spec, state } = this;
    if (unit.isTransaction)
      throw new ElmoError(
        'OperationNotSupportedInTransaction',
        'Cannot write to capped collections in multi-document transactions.',
      );
    let documents = state.documentCount + 1;
    let size = state.byteCount + bytes;
    const isFull = (): boolean =>
      size > spec.cappedBytes || (spec.cappedDocuments > 0 && documents > spec.cappedDocuments);
    if (!isFull()) return;
    const ids = new RecordIdReader();
    const oldest: { readonly recordId: number; readonly document: Uint8Array }[] = [];
    const cursor = unit.view.scan({ ...state.bounds, low: this.recordKey(state.oldestId) });
    try {
      while (isFull() && cursor.next()) {
        const recordId = ids.readAt(cursor.keyBytes, afterKeyspace(cursor.keyBytes), cursor.keyLength);
        const document = cursor.value();
        oldest.push({ recordId, document });
        documents--;
        size -= document.length;
      }
    } finally {
      cursor.close();
    }
    for (const { recordId, document } of oldest) this.remove(unit, recordId, document, 0);
    const last = oldest.at(-1);
    if (last !== undefined) unit.afterCommit(() => (state.oldestId = last.recordId + 1));
  }
}

/** Whether two updates touch the same paths, written in the same order. */
function areSame(a: readonly string[], b: readonly string[] | undefined): boolean {
  if (a === b) return true;
  if (b?.length !== a.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The collections of the catalog, opened: index definitions are compiled once for each state of a definition. */
export class OpenCollections {
  private readonly opened = new WeakMap<CollectionSpec, OpenCollection>();

  /** @param leastLoaded  documents, about, from which on an index over them is loaded from sorted runs: see load.ts */
  constructor(
    readonly catalog: Catalog,
    readonly leastLoaded: number = LEAST_LOADED,
  ) {}

  /**
   * The collection or view of that name, or undefined. Ask again after each `await`, and after each write of the unit: the
   * definition may have changed.
   * @throws ElmoError SnapshotUnavailable
   */
  get(namespace: Namespace, unit?: WriteUnit): OpenCollection | undefined {
    const entry = this.catalog.get(namespace, unit);
    return entry === undefined ? undefined : this.of(entry);
  }

  of(entry: CatalogEntry): OpenCollection {
    let collection = this.opened.get(entry.spec);
    if (collection === undefined)
      this.opened.set(entry.spec, (collection = new OpenCollection(this.catalog, entry)));
    return collection;
  }
}
