/**
 * A collection open for writing: its indexes with their extractors, compiled once per state of the catalog. All writes of
 * single documents are here: record and entries together, each index checked before anything is put.
 */
import { ElmoError } from '../errors.js';
import { documentLength } from '../bson/walk.js';
import type { Catalog, CatalogEntry } from '../catalog/catalog.js';
import type { CollectionSpec } from '../catalog/collection-spec.js';
import { appendRecordKey } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { WriteUnit } from '../operation/write-unit.js';
import { EntrySet, OpenIndex } from './open-index.js';
import type { DirectUnit } from '../operation/write-unit.js';

const openIndexes = new WeakMap<CollectionSpec, readonly OpenIndex[]>();

function indexesOf(spec: CollectionSpec): readonly OpenIndex[] {
  let open = openIndexes.get(spec);
  if (open === undefined) {
    open = spec.indexes.map((index) => new OpenIndex(spec, index));
    openIndexes.set(spec, open);
  }
  return open;
}

export class OpenCollection {
  readonly spec: CollectionSpec;
  private readonly indexes: readonly OpenIndex[];
  private readonly key = new KeyWriter();
  private before: EntrySet[] = [];
  private after: EntrySet[] = [];

  constructor(
    private readonly catalog: Catalog,
    readonly entry: CatalogEntry,
  ) {
    this.spec = entry.spec;
    this.indexes = indexesOf(entry.spec);
    for (let i = 0; i < this.indexes.length; i++) {
      this.before.push(new EntrySet());
      this.after.push(new EntrySet());
    }
  }

  /** The key of a record, valid until the next call. */
  recordKey(recordId: number): Uint8Array {
    const { key } = this;
    key.clear();
    appendRecordKey(key, this.spec.keyspace, recordId);
    return key.bytes.subarray(0, key.length);
  }

  /**
   * Puts a new document.
   * @param document  from byte 0, with `_id`
   * @throws ElmoError DuplicateKey, CannotIndexParallelArrays …; nothing was put then
   */
  insert(unit: WriteUnit, document: Uint8Array, remembers: DirectUnit | undefined): number {
    const { indexes, after, entry } = this;
    const recordId = entry.state.takeRecordId();
    for (let i = 0; i < indexes.length; i++) {
      indexes[i]!.collect(document, 0, recordId, after[i]!);
      indexes[i]!.checkNew(unit, after[i]!);
    }
    this.noteArrays(unit);
    for (let i = 0; i < indexes.length; i++) indexes[i]!.put(unit, after[i]!, remembers);
    this.putRecord(unit, recordId, document);
    this.count(unit, 1, document.length);
    return recordId;
  }

  /**
   * Replaces a document, and of its entries those that are others now.
   * @param old  the stored document, at `oldAt`
   * @throws ElmoError; nothing was put then
   */
  replace(
    unit: WriteUnit,
    recordId: number,
    old: Uint8Array,
    oldAt: number,
    document: Uint8Array,
    touchedPaths: readonly string[] | undefined,
  ): void {
    const { indexes, before, after } = this;
    const touched: number[] = [];
    for (let i = 0; i < indexes.length; i++) {
      const index = indexes[i]!;
      if (touchedPaths !== undefined && !index.dependsOn(touchedPaths)) continue;
      touched.push(i);
      index.collect(old, oldAt, recordId, before[i]!);
      index.collect(document, 0, recordId, after[i]!);
      index.checkChanged(unit, before[i]!, after[i]!);
    }
    this.noteArrays(unit);
    for (const i of touched) indexes[i]!.replace(unit, before[i]!, after[i]!);
    this.putRecord(unit, recordId, document);
    this.count(unit, 0, document.length - documentLength(old, oldAt));
  }

  remove(unit: WriteUnit, recordId: number, old: Uint8Array, oldAt: number): void {
    const { indexes, before } = this;
    for (let i = 0; i < indexes.length; i++) {
      indexes[i]!.collect(old, oldAt, recordId, before[i]!);
      indexes[i]!.remove(unit, before[i]!);
    }
    unit.delete(this.recordKey(recordId));
    this.count(unit, -1, -documentLength(old, oldAt));
  }

  private putRecord(unit: WriteUnit, recordId: number, document: Uint8Array): void {
    unit.put(this.recordKey(recordId), document);
  }

  private count(unit: WriteUnit, documents: number, bytes: number): void {
    const { state } = this.entry;
    const stale = state.staleCountsKey();
    if (stale !== undefined) unit.delete(stale);
    unit.afterCommit(() => state.add(documents, bytes));
  }

  /**
   * Tells the catalog when a field has met its first array: before the entries are there, so that no plan trusts an index
   * wrongly. To say too much is harmless, so it is not undone with the unit.
   */
  private noteArrays(unit: WriteUnit): void {
    const { indexes, catalog } = this;
    if (!indexes.some((index) => index.hasNewArrays)) return;
    const current = catalog.get(this.spec.namespace, unit)?.spec;
    if (current === undefined) throw new ElmoError('NamespaceNotFound', 'the collection is gone');
    const changed = current.indexes.map((spec) => {
      const open = indexes.find((index) => index.spec.keyspace === spec.keyspace);
      if (open?.hasNewArrays !== true) return spec;
      const components = open.multikeyComponents();
      const multikeyComponents = spec.multikeyComponents.map(
        (known, i) => new Set([...known, ...components[i]!]),
      );
      return { ...spec, multikeyComponents, isMultikey: true };
    });
    catalog.note(unit, { ...current, indexes: changed });
  }
}
