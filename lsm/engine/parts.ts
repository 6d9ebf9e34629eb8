/** Puts the rooms of an open file together: everything a store consists of, with who tells whom. */
import { BlockCache } from '../cache/block-cache.js';
import type { Env } from '../env/env.js';
import { LsmError } from '../errors.js';
import { MergeScheduler } from '../merge/schedule.js';
import type { JobOwner, JobRunner } from '../merge/job-runner.js';
import { JobThread } from '../merge/job-thread.js';
import { SlicedRunner } from '../merge/sliced-runner.js';
import { SmallFlushesHere } from '../merge/small-flushes.js';
import type { ResolvedOptions } from '../options.js';
import { HoldList } from '../read/snapshot.js';
import { ReadContext } from '../read/view.js';
import { recoverLogs, type Recovery } from '../recovery/recover.js';
import { Pins } from '../space/pins.js';
import { TableReader } from '../table/table-reader.js';
import { LogSet } from '../transaction/group-commit.js';
import { BlobStore } from './blob-store.js';
import { Flusher } from './flusher.js';
import { LiveState } from './live-state.js';
import { Merges, PinningRunner } from './merges.js';
import type { OpenFile } from './open-file.js';
import { RangeDrops } from './range-drops.js';
import { relocateTail, type RelocateParts } from './relocate.js';
import { QuietTrim } from './quiet-trim.js';
import { SpaceKeeper } from './space-keeper.js';
import { StoreTransactions } from './transaction-host.js';
import { WritePath } from './write-path.js';

export interface StoreParts {
  readonly env: Env;
  readonly options: ResolvedOptions;
  readonly path: string;
  readonly open: OpenFile;
  readonly cache: BlockCache;
  readonly pins: Pins;
  readonly holds: HoldList;
  readonly context: ReadContext;
  readonly live: LiveState;
  readonly blobs: BlobStore;
  readonly space: SpaceKeeper;
  /** undefined when the store is open for reading only. */
  readonly logs: LogSet | undefined;
  readonly writes: WritePath;
  readonly runner: JobRunner;
  readonly flusher: Flusher;
  readonly merges: Merges;
  readonly scheduler: MergeScheduler;
  readonly quietTrim: QuietTrim;
  readonly transactions: StoreTransactions;
  readonly drops: RangeDrops;
  readonly relocation: RelocateParts;
  /** Sums for statistics. */
  readonly written: { flushedBytes: number; adoptedBytes: number; mergedBytes: number };
  /** The last error of work in the background. */
  readonly background: { error: LsmError | undefined };
  /** A sync of the file failed: from now on nothing is written. */
  fatal(cause: LsmError): void;
}

/** While writes go on, free space is of use to them: tables move only when this share of the file is free. */
const TIDY_SHARE = 0.5;

/** @param open  owned by the parts from here on, even when this throws */
export function assemble(path: string, env: Env, options: ResolvedOptions, open: OpenFile): StoreParts {
  const { file, manifest, cipher } = open;
  const { extents } = manifest;
  const isShared = options.worker && env.files.isShared && !options.readOnly;
  const recovery: Recovery = recoverLogs({
    files: env.files,
    path,
    dataFile: file,
    storeId: manifest.meta.storeId,
    cipher,
    firstLog: manifest.state.firstLog,
    lastSeq: manifest.state.lastSeq,
    nextBlobId: manifest.state.nextBlobId,
    memtableBytes: options.memtableBytes,
    isShared,
    isReadOnly: options.readOnly,
    claim: (extent) => extents.claim(extent),
  });

  const pins = new Pins();
  const holds = new HoldList(pins);
  const cache = new BlockCache(options.cacheBytes, options.blockBytes);
  const space = new SpaceKeeper(file, extents, pins, () => live.state.versionNumber);
  const blobs = new BlobStore(file, cipher, extents, manifest.state.blobs, () => live.nextBlobId++);
  const context = new ReadContext(path, blobs);
  const written = { flushedBytes: 0, adoptedBytes: 0, mergedBytes: 0 };
  const background: { error: LsmError | undefined } = { error: undefined };
  const openTable = (meta: TableReader['meta']): TableReader => new TableReader(file, meta, cache, cipher);

  const live: LiveState = new LiveState(
    {
      manifest,
      memtableBytes: options.memtableBytes,
      isShared,
      openTable,
      closeTable: (table) => table.close(),
      onBlobDropped: (id) => blobs.drop(id),
      hasReaders: () => holds.count > 0,
      onPublished: () => {
        if (holds.count === 0) blobs.forgetDropped();
        quietTrim.ask();
        if (space.isHeldUpBy(manifest.state.manifest, false)) live.rewriteManifest().catch(onError);
        writes.poke();
        scheduler.poke();
      },
    },
    recovery.lastSeq + 1,
    recovery.nextLog,
    recovery.nextBlobId,
  );
  for (const { memtable, order, number, blobs: recovered } of recovery.logs) {
    const layer = live.addRecovered(memtable, order, number);
    for (const { id, extents: own } of recovered) live.addBlob(layer, id, own);
  }

  const onError = (error: LsmError): void => {
    background.error = error;
    writes.poke();
  };
  const onFatal = (cause: LsmError): void => {
    const message = `the store takes no more writes: a sync failed (${cause.message})`;
    writes.refuse(new LsmError(message, 'ReadOnly', { file: path }, cause));
  };
  file.onFailure = onFatal;
  const trimQuietly = (): void => {
    if (options.readOnly) return;
    try {
      space.trim(false);
    } catch (error) {
      onError(error as LsmError);
    }
  };

  const quietTrim = new QuietTrim({
    clock: env.clock,
    space,
    memtableBytes: options.memtableBytes,
    bytesWritten: () => writes.bytesWritten,
    trim: trimQuietly,
  });

  const owner: JobOwner = {
    allocate: (bytes) => space.allocate(bytes),
    giveBack: (extent) => space.giveBack(extent),
    nextTableId: () => live.nextTableId++,
  };
  const { blockBytes, codec, bloomBitsPerKey } = options;
  const form = { blockBytes, codec, bloomBitsPerKey };
  const inline = new SlicedRunner(
    { file, cipher, form, clock: env.clock, sliceMs: options.sliceMs, isSyncing: false },
    owner,
  );
  const runner: JobRunner = isShared
    ? new SmallFlushesHere(new JobThread({ path, cipherKey: open.cipherKey, form }, owner, env.clock), inline)
    : inline;

  const logs = options.readOnly
    ? undefined
    : new LogSet(env, path, file, manifest.meta.storeId, cipher, recovery, options.syncIntervalMs, onFatal);
  const writes: WritePath = new WritePath(
    {
      options,
      clock: env.clock,
      live,
      logs,
      holds,
      onFrozen: () => flusher.poke(),
      onBurst: () => runner.prepare(),
      flushes: () => flusher,
      onRangeDeleted: (low, high) => drops.note(low, high),
    },
    recovery.lastSeq,
  );
  if (options.readOnly) {
    writes.refuse(new LsmError(`${path} was opened for reading only`, 'ReadOnly', { file: path }));
  }

  const flusher: Flusher = new Flusher({
    clock: env.clock,
    live,
    logs,
    holds,
    runner,
    tableBytes: options.tableBytes,
    lastSeq: () => writes.lastSeq,
    giveBack: (own) => own.forEach((extent) => space.giveBack(extent)),
    retireUnpublished: (own) => space.retireUnpublished(own),
    onFlushed: (bytes) => {
      written.flushedBytes += bytes;
      background.error = undefined;
    },
    onError,
    onFatal,
  });
  const merges = new Merges({
    live,
    holds,
    levelPointers: manifest.state.levelPointers,
    lastSeq: () => writes.lastSeq,
    giveBack: (extent) => space.giveBack(extent),
    onMerged: (bytes) => {
      written.mergedBytes += bytes;
    },
    onFatal,
  });
  const relocation: RelocateParts = {
    file,
    live,
    manifest,
    extents,
    space,
    yieldSlice: () => transactions.yieldSlice(),
    onFatal,
  };
  const scheduler: MergeScheduler = new MergeScheduler({
    clock: env.clock,
    options: { ...options, autoMerge: options.autoMerge && !options.readOnly },
    runner: new PinningRunner(runner, pins, () => live.state.versionNumber, env.clock),
    version: () => live.version,
    pickState: () => merges.pickState(),
    publish: (change) => merges.publish(change),
    tidy: () => {
      live.letSparesGo();
      return relocateTail(relocation, TIDY_SHARE);
    },
    onError,
  });
  const drops: RangeDrops = new RangeDrops({ merges, sync: () => logs!.sync(), onError });
  const transactions = new StoreTransactions({
    context,
    options,
    cache,
    isShared,
    clock: env.clock,
    live,
    holds,
    writes,
    logs,
    runner,
    blobs,
    space,
    flushNow: (spec) => inline.flushNow(spec, owner),
    openTable,
    trim: () => quietTrim.ask(),
    onAdopted: (bytes) => {
      written.adoptedBytes += bytes;
      flusher.poke();
    },
    onFatal,
  });
  return {
    env,
    options,
    path,
    open,
    cache,
    pins,
    holds,
    context,
    live,
    blobs,
    space,
    quietTrim,
    logs,
    writes,
    runner,
    flusher,
    merges,
    scheduler,
    transactions,
    drops,
    relocation,
    written,
    background,
    fatal: onFatal,
  };
}
