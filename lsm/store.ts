/**
 * The store: one file, opened by one process. This class is the door of the rooms below; the work is theirs.
 */
import { copyOf, type Bytes } from './base/bytes.js';
import type { Problem } from './check/report.js';
import { checkStore } from './engine/check-store.js';
import { LentMemory } from './cache/work-memory.js';
import { planImage, readImage } from './engine/image.js';
import { assemble, type StoreParts } from './engine/parts.js';
import { openFile } from './engine/open-file.js';
import { relocateAll, relocateTail } from './engine/relocate.js';
import { gatherStats, type LsmStats } from './engine/stats.js';
import type { Env } from './env/env.js';
import { acquireLock, checkUnlocked, resolvePath, type Lock } from './env/lock.js';
import { memoryEnv, systemEnv } from './env/system-env.js';
import { LsmError } from './errors.js';
import { KIND_BLOB } from './key/entry-kind.js';
import { checkKey } from './key/validate.js';
import { resolveOptions, type LsmOptions } from './options.js';
import type {
  KeyRange,
  Load,
  LoadOptions,
  OrderedKv,
  Snapshot,
  Transaction,
  TransactionOptions,
  ValueSource,
  WorkMemory,
  WriteBatch,
  WriteOptions,
} from './ordered-kv.js';
import type { Layer } from './read/layer.js';
import { Hold, KvSnapshot } from './read/snapshot.js';
import { LayeredView } from './read/view.js';
import { writeBlobs } from './transaction/batch-blobs.js';
import type { NewBlob } from './transaction/host.js';
import { PendingTransaction } from './transaction/pending.js';
import { TableLoad } from './transaction/table-load.js';
import { KvBatch, OpsBuffer } from './transaction/write-batch.js';
import { readSource } from './transaction/value-source.js';

/** A settled store has no more than this share of its file free, as far as readers let it move tables. */
const SETTLED_FREE_SHARE = 0.08;

/** The path of a store that lies in memory and ends with its `close`. */
export const MEMORY_PATH = ':memory:';

export type OpenOptions = LsmOptions & {
  /** Files, time and randomness; those of the system by default. */
  env?: Env;
};

/**
 * Opens a store, or creates it.
 * @param path  of the file, or ':memory:'
 * @throws LsmError BadOptions, Locked, NotFound, NotAStore, NewerFormat, WrongKey, Corrupt, ReadOnly, DiskFull, Io
 */
export async function openLsm(path: string, options: OpenOptions = {}): Promise<LsmStore> {
  if (typeof path !== 'string' || path.length === 0) {
    throw new LsmError(`a path is a non-empty string, got ${typeof path}`, 'BadOptions');
  }
  const { env: given, ...rest } = options;
  const resolved = resolveOptions(rest);
  const env = given ?? (path === MEMORY_PATH ? memoryEnv() : systemEnv());
  const realPath = env.files.isShared ? resolvePath(path) : path;
  let lock: Lock | undefined;
  let parts: StoreParts | undefined;
  const onLost = (why: LsmError): void => parts?.writes.refuse(why);
  if (resolved.readOnly) checkUnlocked(env, realPath);
  else lock = await acquireLock(env, realPath, onLost);
  try {
    const open = await openFile(realPath, env, resolved);
    try {
      parts = assemble(realPath, env, resolved, open);
    } catch (error) {
      open.file.close();
      throw error;
    }
  } catch (error) {
    lock?.release();
    throw error;
  }
  return new LsmStore(parts, lock);
}

export class LsmStore extends LayeredView implements OrderedKv {
  private isOpen = true;
  private closing: Promise<void> | undefined = undefined;
  private lastAlone: Promise<void> = Promise.resolve();
  private readonly scratch: KvBatch;

  /** Use `openLsm`. */
  constructor(
    private readonly parts: StoreParts,
    private readonly lock: Lock | undefined,
  ) {
    super(parts.context);
    this.scratch = new KvBatch(parts.options.blobBytes);
    if (!parts.options.readOnly) {
      parts.flusher.poke();
      parts.scheduler.poke();
    }
  }

  get path(): string {
    return this.parts.path;
  }

  get seq(): number {
    return this.parts.writes.lastSeq;
  }

  get isUpToDate(): boolean {
    return this.parts.writes.queued === 0;
  }

  upToDate(): Promise<void> {
    return this.parts.writes.drained();
  }

  snapshot(): Snapshot {
    this.checkOpen();
    return new KvSnapshot(this.context, this.parts.holds, this.newHold('snapshot'), () => this.isOpen);
  }

  begin(options: TransactionOptions = {}): Transaction {
    // What is begun once the closing has rolled back the others could be acknowledged and lost.
    if (this.closing !== undefined) throw closed();
    const { transactions } = this.parts;
    return transactions.add(new PendingTransaction(transactions, options));
  }

  load(options: LoadOptions = {}): Load {
    if (this.closing !== undefined) throw closed();
    const { transactions } = this.parts;
    return transactions.add(new TableLoad(transactions, options));
  }

  workMemory(): WorkMemory {
    return new LentMemory(this.parts.cache);
  }

  batch(): WriteBatch {
    return new KvBatch(this.parts.options.blobBytes);
  }

  put(key: Bytes, value: Bytes, options?: WriteOptions): Promise<void> {
    return this.writeOne((batch) => batch.put(key, value), options);
  }

  delete(key: Bytes, options?: WriteOptions): Promise<void> {
    return this.writeOne((batch) => batch.delete(key), options);
  }

  deleteRange(range: KeyRange, options?: WriteOptions): Promise<void> {
    return this.writeOne((batch) => batch.deleteRange(range), options);
  }

  async putStream(key: Bytes, source: ValueSource, options?: WriteOptions): Promise<void> {
    this.checkWritable();
    checkKey(key);
    const ownKey = copyOf(key);
    const { blobs, options: own } = this.parts;
    const value = await readSource(source, own.blobBytes, () => blobs.newWriter());
    const { writer } = value;
    if (writer === undefined) return this.put(ownKey, value.bytes, options);
    try {
      this.checkWritable();
      const blob = writer.finish();
      const ops = new OpsBuffer();
      ops.put(KIND_BLOB, ownKey, 0, ownKey.length, blob.descriptor, 0, blob.descriptor.length);
      await this.writeWithBlobs(ops, [blob], options);
    } catch (error) {
      writer.abandon();
      throw error;
    }
  }

  write(batch: WriteBatch, options?: WriteOptions): Promise<void> {
    if (!(batch instanceof KvBatch)) {
      return Promise.reject(new LsmError('a batch to write comes from batch() of a store', 'BadValue'));
    }
    try {
      this.checkWritable();
      if (batch.large.length === 0) return this.writeOps(batch.ops, NO_BLOBS, options);
      const { blobs: store, transactions } = this.parts;
      const { ops, blobs } = writeBlobs(
        batch,
        () => store.newWriter(),
        (blob) => transactions.dropBlob(blob),
      );
      return this.writeWithBlobs(ops, blobs, options);
    } catch (error) {
      return Promise.reject(error as LsmError);
    }
  }

  /** Resolves when everything written before is in tables, durable. */
  async flush(): Promise<void> {
    this.checkWritable();
    const { writes, flusher, live } = this.parts;
    let order = 0;
    await writes.exclusive(async () => {
      await writes.freezeWhenPossible();
      order = live.active.layer.order;
    });
    await flusher.drained(order);
  }

  /** Resolves when flushes, merges and drops that are due are done. */
  async settle(): Promise<void> {
    this.checkWritable();
    const { scheduler, drops, flusher, live } = this.parts;
    // First, so that what is flushed finds the place they leave.
    await drops.idle();
    await this.flush();
    do {
      await drops.idle();
      await flusher.drained();
      await scheduler.idle();
      await live.quiet();
    } while (scheduler.isBusy || flusher.isBusy);
    await this.alone(async () => {
      while (await relocateTail(this.parts.relocation, SETTLED_FREE_SHARE));
    });
    this.parts.quietTrim.flush();
    await this.parts.runner.letGo();
  }

  /** Merges everything into one sorted run, without anything that is dead. */
  mergeAll(): Promise<void> {
    return this.alone(() => this.mergeWhole());
  }

  /** Makes the file as short as it can be, in place. */
  compact(): Promise<void> {
    return this.alone(async () => {
      await this.mergeWhole();
      await relocateAll(this.parts.relocation);
    });
  }

  /**
   * A copy of the store as it is now, as the bytes of a new store file, while writes go on. The copy is a store that was
   * closed in order, with the same encryption key.
   * @throws LsmError ReadOnly when the store was opened for reading only and some of it lies in logs
   */
  async *backup(): AsyncGenerator<Bytes> {
    const { open, env, holds, transactions, live, merges, options } = this.parts;
    // A transaction's tables may be ahead of a memtable: then the memtable first.
    if (!options.readOnly)
      do await this.flush();
      while (merges.hasRunsAboveMemtables);
    this.checkOpen();
    if (options.readOnly && live.frozenCount > 0) {
      const message = `${this.path} was not closed in order: what its logs hold can be copied once it was opened for writing`;
      throw new LsmError(message, 'ReadOnly', { file: this.path });
    }
    const hold = this.newHold('backup');
    try {
      const plan = planImage(open.manifest.state, open.manifest.meta, open.cipher, env.random);
      for (const chunk of readImage(open.file, plan)) {
        this.checkOpen();
        yield chunk;
        await transactions.yieldSlice();
      }
    } finally {
      holds.remove(hold);
    }
  }

  /**
   * Writes a copy without free space and without anything dead to a new file, while writes go on.
   * @throws LsmError BadOptions when there is a file already
   */
  async compactTo(path: string): Promise<void> {
    const { files } = this.parts.env;
    const checkFree = (): void => {
      if (files.exists(path)) throw new LsmError(`${path} exists already`, 'BadOptions', { file: path });
    };
    checkFree();
    await this.mergeAll();
    const partial = `${path}-partial`;
    files.remove(partial);
    const file = files.open(partial, 'create');
    try {
      let at = 0;
      for await (const chunk of this.backup()) {
        file.write(chunk, 0, chunk.length, at);
        at += chunk.length;
      }
      await file.sync();
      checkFree();
    } catch (error) {
      file.close();
      files.remove(partial);
      throw error;
    }
    file.close();
    files.rename(partial, path);
    files.syncDirectory(path);
  }

  stats(): LsmStats {
    this.checkOpen();
    return gatherStats(this.parts);
  }

  /**
   * Verifies the store: levels, space; `deep`: every table and blob.
   * @returns what is wrong; [] when all is well
   */
  async check(options: { deep?: boolean } = {}): Promise<Problem[]> {
    this.checkOpen();
    const hold = this.newHold('check');
    try {
      return await checkStore(this.parts, options.deep === true, () => this.checkOpen());
    } finally {
      this.parts.holds.remove(hold);
    }
  }

  /** Ends the store: flushes, and leaves one file. Open readers and transactions end with it. Safe to call twice. */
  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected readLayers(): readonly Layer[] {
    if (!this.isOpen) this.checkOpen();
    return this.parts.live.state.layers;
  }

  protected ownLayerCount(): number {
    return 0;
  }

  protected readSeq(): number {
    return this.parts.writes.lastSeq;
  }

  protected hold(): () => void {
    const hold = this.newHold('cursor');
    return () => this.parts.holds.remove(hold);
  }

  /** Work on all of the tables, one after another and without the merges that come by themselves. */
  private async alone(work: () => Promise<void>): Promise<void> {
    this.checkWritable();
    const { scheduler } = this.parts;
    const before = this.lastAlone;
    const run = async (): Promise<void> => {
      await before;
      await scheduler.pause();
      try {
        await work();
      } finally {
        scheduler.resume();
      }
    };
    const done = run();
    this.lastAlone = done.catch(() => undefined);
    return done;
  }

  private async mergeWhole(): Promise<void> {
    await this.parts.drops.idle();
    await this.flush();
    await this.parts.scheduler.mergeAll();
  }

  private newHold(label: string): Hold {
    const { holds, live, writes, env } = this.parts;
    return holds.add(new Hold(writes.lastSeq, live.state, env.clock.nowMs(), label));
  }

  private checkOpen(): void {
    if (!this.isOpen) throw closed();
  }

  private checkWritable(): void {
    if (this.closing !== undefined) throw closed();
    const refusal = this.parts.writes.refusedWith;
    if (refusal !== undefined) throw refusal;
  }

  private writeOne(fill: (batch: KvBatch) => void, options: WriteOptions | undefined): Promise<void> {
    const batch = this.scratch;
    try {
      this.checkWritable();
      batch.clear();
      fill(batch);
    } catch (error) {
      return Promise.reject(error as LsmError);
    }
    return this.write(batch, options);
  }

  /** Frees the blobs when the write was refused. */
  private async writeWithBlobs(
    ops: OpsBuffer,
    blobs: readonly NewBlob[],
    options: WriteOptions | undefined,
  ): Promise<void> {
    const { live, transactions, writes } = this.parts;
    try {
      await this.writeOps(ops, blobs, options);
    } catch (error) {
      // A large batch frees its own; and where only the sync failed, the write itself is there.
      const isOwn = writes.fits(ops.length);
      for (const blob of blobs) if (isOwn && !live.knowsBlob(blob.id)) transactions.dropBlob(blob);
      throw error;
    }
  }

  private writeOps(
    ops: OpsBuffer,
    blobs: readonly NewBlob[],
    options: WriteOptions | undefined,
  ): Promise<void> {
    const { writes } = this.parts;
    const sync = options !== undefined && options.sync === true;
    if (writes.fits(ops.length)) {
      return writes.write(ops.bytes, 0, ops.length, ops.count, ops.segments, blobs, sync);
    }
    const bytes = copyOf(ops.bytes, 0, ops.length);
    const { length, segments } = ops;
    return writes.exclusive(() => this.writeMuch(bytes, length, segments, blobs));
  }

  /** A batch too large for a memtable becomes tables, as a transaction's writes do. */
  private async writeMuch(
    ops: Bytes,
    length: number,
    segments: number,
    blobs: readonly NewBlob[],
  ): Promise<void> {
    const { transactions } = this.parts;
    const transaction = new PendingTransaction(transactions, { label: 'large batch' }, true);
    transactions.add(transaction);
    try {
      await transaction.putOps(ops, length, segments, blobs);
      await transaction.commit();
    } finally {
      transaction.rollback();
    }
  }

  private async closeAll(): Promise<void> {
    const { parts } = this;
    const { writes, transactions, scheduler, flusher, drops, live, space, logs, open, runner, pins } = parts;
    const isFailed = writes.refusedWith !== undefined;
    let isClean = false;
    await writes.drained();
    transactions.rollbackAll();
    parts.quietTrim.close();
    await scheduler.close();
    if (!isFailed) {
      try {
        writes.freeze();
        await flusher.drained();
        await drops.idle();
        isClean = !flusher.isBusy;
      } catch {
        // What is not in tables is in the logs, which then stay: the next open finds it.
        isClean = false;
      }
    }
    writes.refuse(closed());
    this.isOpen = false;
    this.context.isOpen = false;
    await flusher.close();
    await live.quiet();
    await runner.close();
    for (const hold of [...parts.holds]) parts.holds.remove(hold);
    if (isClean && pins.count === 0) {
      try {
        space.release();
        const { manifest } = open;
        if (manifest.isWorthRewriting || space.isHeldUpBy(manifest.state.manifest, true))
          await live.rewriteManifest();
        await manifest.markClean(true);
        space.trim(true);
      } catch {
        isClean = false;
      }
    }
    try {
      await logs?.close(isClean);
    } finally {
      live.closeTables();
      open.file.close();
      this.lock?.release();
    }
  }
}

const NO_BLOBS: readonly NewBlob[] = [];

function closed(): LsmError {
  return new LsmError('the store is closed', 'Closed');
}
