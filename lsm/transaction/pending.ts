/**
 * A pending transaction: its writes in an ordered map (the overlay) in front of a snapshot; when the overlay grows past
 * its limit it is flushed to a pending table, several pending tables are merged, and its reads put all of them in front.
 *
 * Inside, operations carry numbers of their own (`step`): each savepoint and each cursor begins a new one, so that a
 * rollback to a savepoint removes the numbers above it, and a cursor does not see what came after it was opened.
 */
import { NO_BYTES, copyOf, type Bytes } from '../base/bytes.js';
import { invariant } from '../base/invariant.js';
import type { FinishedBlob } from '../blob/blob-writer.js';
import { LsmError } from '../errors.js';
import { KIND_BLOB, KIND_RANGE_DELETE, KIND_RAW } from '../key/entry-kind.js';
import { checkKey, checkRange, checkValue } from '../key/validate.js';
import type { Memtable } from '../memtable/memtable.js';
import { OpsReader } from '../memtable/ops-reader.js';
import type {
  Cursor,
  Direction,
  KeyRange,
  Transaction,
  TransactionOptions,
  ValueSource,
  WriteOptions,
} from '../ordered-kv.js';
import { Layer } from '../read/layer.js';
import type { Hold } from '../read/snapshot.js';
import { LayeredView } from '../read/view.js';
import { isKeyNewer } from './conflicts.js';
import { encodeOverlay } from './overlay.js';
import { PendingRuns } from './pending-runs.js';
import { TransactionReads } from './transaction-reads.js';
import type { OpsBuffer } from './write-batch.js';
import { forEachSegment, isEmptyRange } from './write-batch.js';
import { readSource } from './value-source.js';
import type { NewBlob, PreparedRuns, TransactionHost } from './host.js';

/** Encoded operations are applied in pieces of about this many bytes. */
const PIECE_BYTES = 1024 * 1024;

interface OpenCursor {
  cursor: Cursor | undefined;
  /** It sees the operations up to this one. */
  readonly step: number;
}

export class PendingTransaction extends LayeredView implements Transaction {
  readonly label: string;
  private readonly held: Hold;
  private overlay: Memtable | undefined = undefined;
  /** Overlay first, then pending tables, then the snapshot; undefined after a change. */
  private layers: readonly Layer[] | undefined = undefined;
  private readonly runs: PendingRuns;
  private readonly reads = new TransactionReads();
  private readonly blobs = new Map<number, NewBlob>();
  private readonly cursors = new Set<OpenCursor>();
  private opening: OpenCursor | undefined = undefined;
  private readonly savepoints: number[] = [];
  /** A cursor was opened: its caller may still hold bytes of the overlay. */
  private hadCursors = false;
  private step = 1;
  private open = true;
  private readonly isLarge: boolean;

  constructor(
    private readonly host: TransactionHost,
    options: TransactionOptions,
    /** It is the writes' turn of this one already, and nothing can conflict: a batch too large for a memtable. */
    private readonly isInTurn = false,
  ) {
    super(host.context);
    this.label = options.label ?? '';
    this.isLarge = options.isLarge === true;
    this.held = host.takeHold(this.label === '' ? 'transaction' : this.label);
    this.runs = new PendingRuns(host, () => {
      this.layers = undefined;
    });
  }

  get seq(): number {
    return this.held.seq;
  }

  get since(): number {
    return this.held.since;
  }

  get isOpen(): boolean {
    return this.open;
  }

  /** Bytes of its own entries in memory. */
  get memoryBytes(): number {
    return this.runs.memoryBytes + (this.overlay === undefined ? 0 : this.overlay.memoryBytes);
  }

  get pendingTables(): number {
    return this.runs.tableCount;
  }

  put(key: Bytes, value: Bytes): void {
    this.checkWritable();
    checkKey(key);
    checkValue(value);
    const ops = this.host.scratchOps;
    ops.clear();
    if (value.length >= this.host.options.blobBytes) {
      const writer = this.host.newBlobWriter();
      try {
        writer.write(value);
        this.putBlob(key, writer.finish());
      } catch (error) {
        writer.abandon();
        throw error;
      }
      return;
    }
    ops.put(KIND_RAW, key, 0, key.length, value, 0, value.length);
    this.apply(ops);
  }

  delete(key: Bytes): void {
    this.checkWritable();
    checkKey(key);
    const ops = this.host.scratchOps;
    ops.clear();
    ops.delete(key, 0, key.length);
    this.apply(ops);
  }

  deleteRange(range: KeyRange): void {
    this.checkWritable();
    checkRange(range);
    if (isEmptyRange(range)) return;
    const ops = this.host.scratchOps;
    ops.clear();
    const low = range.low ?? NO_BYTES;
    const high = range.high ?? NO_BYTES;
    ops.put(KIND_RANGE_DELETE, low, 0, low.length, high, 0, high.length);
    this.step++; // hides what came before, not what comes after under the same number
    this.apply(ops);
  }

  async putStream(key: Bytes, source: ValueSource): Promise<void> {
    this.checkWritable();
    checkKey(key);
    const ownKey = copyOf(key);
    const value = await readSource(source, this.host.options.blobBytes, () => this.host.newBlobWriter());
    if (!this.open) {
      if (value.writer !== undefined) value.writer.abandon();
      this.checkOpen();
    }
    if (value.writer === undefined) this.put(ownKey, value.bytes);
    else this.putBlob(ownKey, value.writer.finish());
    await this.settle();
  }

  /**
   * Applies encoded operations whose blobs are written; they may be more than fit a memtable.
   * @param blobs  the transaction's from here on
   */
  async putOps(ops: Bytes, length: number, segments: number, blobs: readonly NewBlob[]): Promise<void> {
    for (const blob of blobs) this.blobs.set(blob.id, blob);
    const pieces: [offset: number, length: number, isFirst: boolean][] = [];
    const reader = new OpsReader();
    forEachSegment(ops, 0, length, segments, (offset, bytes) => {
      let start = offset;
      for (let at = offset; at < offset + bytes; at = reader.end) {
        invariant(reader.read(ops, at, offset + bytes), 'a batch holds whole operations');
        if (reader.end - start < PIECE_BYTES && reader.end < offset + bytes) continue;
        pieces.push([start, reader.end - start, start === offset]);
        start = reader.end;
      }
    });
    for (const [offset, bytes, isFirst] of pieces) {
      if (isFirst) this.step++;
      if (this.overlay === undefined || !this.overlay.hasRoom(bytes)) this.makeRoom(bytes);
      this.overlay!.apply(ops, offset, bytes, this.step, this.protectedStep(), true);
      await this.settle();
    }
  }

  declareRead(key: Bytes): void {
    this.checkOpen();
    checkKey(key);
    this.reads.addKey(key);
  }

  declareReadRange(range: KeyRange): void {
    this.checkOpen();
    checkRange(range);
    if (!isEmptyRange(range)) this.reads.addRange(range);
  }

  hasConflict(key: Bytes): boolean {
    this.checkOpen();
    checkKey(key);
    const own = copyOf(key);
    return isKeyNewer(this.host.currentLayers(), own, 0, own.length, this.held.seq, this.context.registers);
  }

  savepoint(): number {
    this.checkOpen();
    const mark = this.step++;
    this.savepoints.push(mark);
    return mark;
  }

  rollbackTo(savepoint: number): void {
    this.dropSavepoints(savepoint, true);
    for (const { cursor, step } of [...this.cursors]) if (step > savepoint) cursor?.close();
    this.overlay?.rollbackAbove(savepoint);
    this.runs.rollbackAbove(savepoint);
    this.layers = undefined;
    this.step++;
  }

  releaseSavepoint(savepoint: number): void {
    this.dropSavepoints(savepoint, false);
  }

  async settle(): Promise<void> {
    this.checkOpen();
    while (this.open && this.isOverfull(1)) {
      this.spill();
      await this.runs.settled();
    }
  }

  async rest(): Promise<void> {
    await this.settle();
    await this.runs.settled();
    if (this.open && this.runs.isUsed) this.spill();
    await this.runs.settled();
    await this.host.rest();
  }

  async commit(options: WriteOptions = {}): Promise<number> {
    this.checkOpen();
    // Over for everybody else: what came now would not be part of it.
    this.open = false;
    this.layers = undefined;
    try {
      const seq = await this.commitAll(options.sync === true);
      this.end(true);
      return seq;
    } catch (error) {
      this.end(false);
      throw error;
    }
  }

  rollback(): void {
    if (this.open) this.end(false);
  }

  [Symbol.dispose](): void {
    this.rollback();
  }

  override scan(range?: KeyRange, direction?: Direction): Cursor {
    this.checkOpen();
    const open: OpenCursor = { cursor: undefined, step: this.step };
    this.opening = open;
    try {
      open.cursor = super.scan(range, direction);
    } finally {
      this.opening = undefined;
    }
    this.cursors.add(open);
    this.hadCursors = true;
    this.step++;
    return open.cursor;
  }

  protected readLayers(): readonly Layer[] {
    if (this.layers !== undefined) return this.layers;
    this.checkOpen();
    const own = this.overlay === undefined ? [] : [new Layer(0, this.overlay, undefined)];
    this.layers = [...own, ...this.runs.layers(), ...this.held.state.layers];
    return this.layers;
  }

  protected ownLayerCount(): number {
    return (this.overlay === undefined ? 0 : 1) + this.runs.layerCount;
  }

  protected readSeq(): number {
    return this.held.seq;
  }

  protected override ownCursorSeq(): number {
    return this.step;
  }

  protected hold(): () => void {
    const hold = this.host.holdAgain(this.held);
    const releaseRuns = this.runs.hold();
    const { opening } = this;
    return () => {
      if (opening !== undefined) this.cursors.delete(opening);
      releaseRuns();
      this.host.releaseHold(hold);
    };
  }

  private checkOpen(): void {
    if (!this.open) throw new LsmError('the transaction is over: it was committed or rolled back', 'Closed');
  }

  private checkWritable(): void {
    this.checkOpen();
    this.host.checkWritable();
  }

  private putBlob(key: Bytes, blob: FinishedBlob): void {
    const ops = this.host.scratchOps;
    ops.clear();
    ops.put(KIND_BLOB, key, 0, key.length, blob.descriptor, 0, blob.descriptor.length);
    this.blobs.set(blob.id, blob);
    this.apply(ops);
  }

  private apply(ops: OpsBuffer): void {
    if (this.overlay === undefined || !this.overlay.hasRoom(ops.length)) this.makeRoom(ops.length);
    this.overlay!.apply(ops.bytes, 0, ops.length, this.step, this.protectedStep(), true);
    if (this.isOverfull(1)) this.spill();
  }

  /** Entries up to this step must not be replaced in place: a savepoint or an open cursor may want them. */
  private protectedStep(): number {
    const last = this.savepoints.length === 0 ? 0 : this.savepoints[this.savepoints.length - 1]!;
    return this.cursors.size === 0 ? last : this.step - 1;
  }

  private makeRoom(bytes: number): void {
    if (this.overlay !== undefined && !this.overlay.isEmpty) {
      this.runs.addNow(this.overlay, this.savepoints, this.step);
      this.overlay = undefined;
      this.step++;
    }
    const { spares } = this.host;
    this.layers = undefined;
    if (this.isLarge || this.runs.isUsed) {
      this.overlay = spares.takeLargeOverlay(bytes);
      this.host.memoryChanged();
    } else this.overlay = spares.takeOverlay(bytes);
  }

  private isOverfull(times: number): boolean {
    return this.overlay !== undefined && this.overlay.byteLength > times * this.host.options.transactionBytes;
  }

  /** Begins the flush of the overlay, unless one is under way: then the overlay grows on, up to its capacity. */
  private spill(): void {
    if (this.overlay === undefined || this.runs.isBusy) return;
    this.runs.add(this.overlay, this.savepoints, this.step);
    this.overlay = undefined;
    this.layers = undefined;
    this.step++;
  }

  private dropSavepoints(savepoint: number, isKept: boolean): void {
    this.checkOpen();
    const at = this.savepoints.indexOf(savepoint);
    if (at < 0) throw new LsmError(`there is no savepoint ${savepoint} in this transaction`, 'NotFound');
    this.savepoints.length = isKept ? at + 1 : at;
  }

  /** Takes its place among the writes before it first waits for anything. */
  private async commitAll(sync: boolean): Promise<number> {
    const { host, overlay } = this;
    this.savepoints.length = 0;
    const hasEntries = overlay !== undefined && !overlay.isEmpty;
    if (!hasEntries && this.runs.layerCount === 0) {
      this.checkConflicts();
      return this.held.seq;
    }
    host.checkWritable();
    if (this.runs.layerCount === 0 && !this.isInTurn) {
      const ops = host.spares.takeOps();
      try {
        const blobIds = new Set<number>();
        encodeOverlay(overlay!, ops, blobIds);
        if (host.fits(ops.length)) {
          const blobs = this.keepBlobs(blobIds);
          await host.commitOps(ops, blobs, sync, () => this.checkConflicts());
          for (const { id } of blobs) this.blobs.delete(id);
          return host.currentSeq();
        }
      } finally {
        host.spares.giveOps(ops);
      }
    }
    await host.commitRuns(() => this.prepareRuns(), this.isInTurn);
    return host.currentSeq();
  }

  /** In its turn: everything into pending tables, and the check for conflicts. */
  private async prepareRuns(): Promise<PreparedRuns> {
    const { overlay } = this;
    if (overlay !== undefined && !overlay.isEmpty) {
      this.runs.add(overlay, this.savepoints, this.step);
      this.overlay = undefined;
    }
    await this.runs.flushAll();
    if (!this.isInTurn) await this.checkRunConflicts();
    const runs = this.runs.oldestFirst();
    const blobIds = new Set<number>();
    for (const run of runs) for (const table of run.tables) for (const id of table.blobIds()) blobIds.add(id);
    const blobs = this.keepBlobs(blobIds);
    const letGo = (): void => {
      this.runs.adopted();
      for (const { id } of blobs) this.blobs.delete(id);
    };
    return { runs, blobs, letGo };
  }

  private keepBlobs(ids: ReadonlySet<number>): NewBlob[] {
    return [...this.blobs.values()].filter((blob) => ids.has(blob.id));
  }

  /** @throws LsmError WriteConflict */
  private checkConflicts(): void {
    const { host, held } = this;
    if (host.currentSeq() === held.seq) return;
    const layers = host.currentLayers();
    this.reads.check(layers, held.seq, this.context.registers);
    if (this.overlay !== undefined)
      this.reads.checkWrites(this.overlay, layers, held.seq, this.context.registers);
  }

  private async checkRunConflicts(): Promise<void> {
    const { host, held } = this;
    if (host.currentSeq() === held.seq) return;
    const layers = host.currentLayers();
    this.reads.check(layers, held.seq, this.context.registers);
    await this.reads.checkRuns(this.runs.oldestFirst(), layers, held.seq, this.context.registers, () =>
      host.yieldSlice(),
    );
  }

  private end(isCommitted: boolean): void {
    this.open = false;
    if (this.cursors.size > 0) {
      for (const { cursor } of [...this.cursors]) cursor?.close();
      this.cursors.clear();
    }
    this.layers = undefined;
    if (this.overlay !== undefined && !this.hadCursors) this.host.spares.giveOverlay(this.overlay);
    this.overlay = undefined;
    const usedSpace = this.runs.isUsed || this.blobs.size > 0;
    this.runs.end(isCommitted);
    if (this.blobs.size > 0) {
      const blobs = [...this.blobs.values()];
      this.blobs.clear();
      // Who reads one in pieces may do so to its end.
      this.runs.onceUnheld(() => blobs.forEach((blob) => this.host.dropBlob(blob)));
    }
    this.host.releaseHold(this.held);
    this.host.ended(this, usedSpace);
  }
}
