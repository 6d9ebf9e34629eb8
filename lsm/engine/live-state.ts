/**
 * What is current: the version on disk, the memtables in front of it, and the layers that a reader of this moment sees.
 * Changes to the version go through `publish`, one at a time: the edit is made durable first, then the layers change in
 * one synchronous step, then space is retired. Readers that pinned an older state go on reading it.
 */
import { invariant } from '../base/invariant.js';
import type { ManifestLog } from '../manifest/manifest-log.js';
import type { TableMeta } from '../manifest/table-meta.js';
import type { VersionChange } from '../manifest/manifest-state.js';
import { tablesOf, type Run, type Version } from '../manifest/version.js';
import { Memtable } from '../memtable/memtable.js';
import { Layer, ReadState } from '../read/layer.js';
import { RunReader } from '../read/run-reader.js';
import type { Extent } from '../base/extent.js';
import type { TableReader } from '../table/table-reader.js';

/** Beside the active memtable there are so many at most. */
const KEPT_SPARES = 2;

/** A memtable layer with what its flush must know. */
export interface MemtableLayer {
  readonly layer: Layer;
  readonly memtable: Memtable;
  /** Number of the log that holds the same entries. */
  readonly logNumber: number;
}

export interface LiveStateParts {
  readonly manifest: ManifestLog;
  readonly memtableBytes: number;
  readonly isShared: boolean;
  openTable(meta: TableMeta): TableReader;
  closeTable(table: TableReader): void;
  onBlobDropped(id: number): void;
  /** Whether a snapshot, cursor, value reader or transaction is open. */
  hasReaders(): boolean;
  /** Called after each publication: space may be free now. */
  onPublished(): void;
}

export class LiveState {
  active: MemtableLayer;
  state: ReadState;
  private frozen: MemtableLayer[] = [];
  /**
   * Memtables that were flushed, to be filled again: garbage of their size would pile up faster than it is collected, and
   * whoever allocates it again gets it where it is not given back to the system. So many as there may be frozen ones.
   */
  private readonly spares: Memtable[] = [];
  private readonly tables = new Map<number, TableReader>();
  private readonly layerOfRun = new Map<Run, Layer>();
  /** Extents of blobs that no version tells of yet, by the memtable layer that refers to them. */
  private readonly newBlobs = new Map<Layer, Map<number, readonly Extent[]>>();
  private tail: Promise<unknown> = Promise.resolve();
  nextTableId: number;
  nextBlobId: number;

  constructor(
    private readonly parts: LiveStateParts,
    firstOrder: number,
    logNumber: number,
    nextBlobId: number,
  ) {
    this.nextTableId = parts.manifest.state.nextTableId;
    this.nextBlobId = nextBlobId;
    this.active = this.newMemtable(firstOrder, logNumber);
    this.state = new ReadState(0, []);
    this.install();
  }

  get version(): Version {
    return this.parts.manifest.state.version;
  }

  get frozenCount(): number {
    return this.frozen.length;
  }

  get oldestFrozen(): MemtableLayer | undefined {
    return this.frozen[this.frozen.length - 1];
  }

  get levelZeroRuns(): number {
    const { runs } = this.version;
    let count = 0;
    while (count < runs.length && runs[count]!.level === 0) count++;
    return count;
  }

  /** Entries of all memtables. */
  get memtableEntries(): number {
    return this.frozen.reduce(
      (sum, { memtable }) => sum + memtable.entryCount,
      this.active.memtable.entryCount,
    );
  }

  /** Bytes of all memtables' arrays. */
  get memtableMemory(): number {
    let bytes = this.active.memtable.memoryBytes;
    for (const { memtable } of this.frozen) bytes += memtable.memoryBytes;
    return bytes;
  }

  /**
   * Puts a new empty memtable in front; the one before waits for its flush.
   * @param order  the next sequence number
   */
  freeze(order: number, logNumber: number): void {
    this.active.memtable.freeze();
    this.frozen.unshift(this.active);
    this.active = this.newMemtable(order, logNumber);
    this.install();
  }

  /** Runs newer than anything before came in below the active memtable, which is empty: its order moves above them. */
  raiseActiveOrder(order: number): void {
    const { memtable, logNumber } = this.active;
    invariant(memtable.isEmpty, 'the order of a memtable with entries changes');
    this.active = { layer: new Layer(order, memtable, undefined), memtable, logNumber };
  }

  /** A memtable that a recovery rebuilt from its log, to be flushed; oldest first. */
  addRecovered(memtable: Memtable, order: number, logNumber: number): Layer {
    const layer = new Layer(order, memtable, undefined);
    memtable.freeze();
    this.frozen.unshift({ layer, memtable, logNumber });
    this.install();
    return layer;
  }

  addBlob(layer: Layer, id: number, extents: readonly Extent[]): void {
    let blobs = this.newBlobs.get(layer);
    if (blobs === undefined) this.newBlobs.set(layer, (blobs = new Map()));
    blobs.set(id, extents);
  }

  /** Whether a memtable or the version refers to a blob. */
  knowsBlob(id: number): boolean {
    for (const blobs of this.newBlobs.values()) if (blobs.has(id)) return true;
    return this.parts.manifest.state.blobs.has(id);
  }

  /** The blobs that only a memtable layer refers to. */
  blobsOf(layer: Layer): ReadonlyMap<number, readonly Extent[]> {
    return this.newBlobs.get(layer) ?? new Map<number, readonly Extent[]>();
  }

  tableReader(meta: TableMeta): TableReader {
    let reader = this.tables.get(meta.id);
    if (reader === undefined || reader.meta !== meta) {
      // the same table in another place: its blocks are those that lie in the cache
      reader?.dropMemory();
      reader = this.parts.openTable(meta);
      this.tables.set(meta.id, reader);
    }
    return reader;
  }

  /**
   * Makes an edit durable, then current.
   * @param draft    decides from the version of that moment; undefined: nothing to do after all
   * @param install  runs in the same synchronous step as the change of layers, before it
   * @returns whether there was an edit
   * @throws what the manifest's append throws; then nothing has changed
   */
  publish(draft: (version: Version) => VersionChange | undefined, install?: () => void): Promise<boolean> {
    return this.inOrder(async () => {
      const { manifest } = this.parts;
      const change = draft(manifest.state.version);
      if (change === undefined) return false;
      for (const id of change.removeBlobs ?? []) this.parts.onBlobDropped(id);
      await manifest.append({ ...change, nextTableId: this.nextTableId, nextBlobId: this.nextBlobId });
      install?.();
      this.install();
      this.parts.onPublished();
      return true;
    });
  }

  /** Moves the manifest to the lowest place it fits in, as short as can be. */
  rewriteManifest(): Promise<void> {
    return this.inOrder(async () => {
      await this.parts.manifest.rewrite();
      this.install();
      this.parts.onPublished();
    });
  }

  /** A flush is published: its memtable layer turns into the run it wrote, in every state that holds it. */
  finishFlush(flushed: MemtableLayer): void {
    const at = this.frozen.indexOf(flushed);
    invariant(at >= 0, 'a flush of a memtable that is not frozen');
    this.frozen.splice(at, 1);
    this.newBlobs.delete(flushed.layer);
    const { order } = flushed.layer;
    const run = this.version.runs.find((candidate) => candidate.level === 0 && candidate.order === order);
    flushed.layer.becomeRun(this.runReader(run?.tables ?? []));
    if (run !== undefined) this.layerOfRun.set(run, flushed.layer);
    // Without a reader no cursor stands in it; what a lookup pointed to expires with the write that fills it again.
    const { memtable } = flushed;
    const isUsual = memtable.capacityBytes === this.parts.memtableBytes;
    if (isUsual && this.spares.length < KEPT_SPARES && !this.parts.hasReaders()) this.spares.push(memtable);
  }

  /** Resolves when the publications begun so far are over. */
  async quiet(): Promise<void> {
    await this.tail;
  }

  closeTables(): void {
    for (const table of this.tables.values()) this.parts.closeTable(table);
    this.tables.clear();
  }

  /** One publication after another. */
  private inOrder<T>(run: () => Promise<T>): Promise<T> {
    const result = this.tail.then(run, run);
    this.tail = result.catch(() => undefined);
    return result;
  }

  /** Nothing is due: lets go of what only a burst of writes needs, or who writes at all. */
  letSparesGo(): void {
    const needed = this.active.memtable.isEmpty ? 0 : 1;
    if (this.frozen.length === 0 && this.spares.length > needed) this.spares.length = needed;
  }

  private newMemtable(order: number, logNumber: number): MemtableLayer {
    const spare = this.spares.pop();
    if (spare !== undefined) {
      spare.recycle(order - 1);
      return { layer: new Layer(order, spare, undefined), memtable: spare, logNumber };
    }
    const memtable = new Memtable({
      capacityBytes: this.parts.memtableBytes,
      shared: this.parts.isShared,
      growable: false,
      baseSeq: order - 1,
    });
    return { layer: new Layer(order, memtable, undefined), memtable, logNumber };
  }

  private runReader(tables: readonly TableMeta[]): RunReader {
    return new RunReader(tables.map((meta) => this.tableReader(meta)));
  }

  private layerFor(run: Run): Layer {
    let layer = this.layerOfRun.get(run);
    if (layer === undefined) {
      layer = new Layer(run.order, undefined, this.runReader(run.tables));
      this.layerOfRun.set(run, layer);
    }
    return layer;
  }

  /** Builds the layers of this moment. */
  private install(): void {
    const { version } = this;
    const upper: Layer[] = this.frozen.map(({ layer }) => layer);
    const levels: Layer[] = [];
    for (const run of version.runs) (run.level === 0 ? upper : levels).push(this.layerFor(run));
    upper.sort((a, b) => b.order - a.order);
    this.forgetOldRuns(version);
    this.state = new ReadState(version.number, [this.active.layer, ...upper, ...levels]);
  }

  /** What the version no longer holds leaves the cache; readers that pinned it load it again when they need it. */
  private forgetOldRuns(version: Version): void {
    const runs = new Set(version.runs);
    const gone: number[] = [];
    for (const [run] of this.layerOfRun) {
      if (runs.has(run)) continue;
      this.layerOfRun.delete(run);
      for (const { id } of run.tables) gone.push(id);
    }
    if (gone.length === 0) return;
    const live = new Set<number>();
    for (const { id } of tablesOf(version)) live.add(id);
    for (const id of gone) {
      const table = live.has(id) ? undefined : this.tables.get(id);
      if (table === undefined) continue;
      this.tables.delete(id);
      this.parts.closeTable(table);
    }
  }
}
