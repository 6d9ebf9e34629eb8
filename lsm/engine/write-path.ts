/**
 * The life of a write: a number, a record in the log, entries in the memtable, all in one synchronous stretch that
 * nothing interleaves; then its durability is awaited together with everybody else's. Writes apply in the order of their
 * calls. When the memtable is full it is frozen; when flushes or merges fall behind, writers wait, each a little.
 */
import { copyOf, type Bytes } from '../base/bytes.js';
import type { Clock } from '../env/env.js';
import type { LsmError } from '../errors.js';
import { KIND_RANGE_DELETE } from '../key/entry-kind.js';
import { OpsReader } from '../memtable/ops-reader.js';
import type { ResolvedOptions } from '../options.js';
import { writeDelayMs } from '../merge/schedule.js';
import type { HoldList } from '../read/snapshot.js';
import type { LogSet } from '../transaction/group-commit.js';
import type { NewBlob } from '../transaction/host.js';
import { forEachSegment } from '../transaction/write-batch.js';
import type { Flusher } from './flusher.js';
import type { LiveState } from './live-state.js';

/** Frozen memtables beside the active one. */
const MAX_FROZEN = 2;
/** Blob bytes that one memtable may refer to: what a recovery may have to read again. */
const MAX_BLOB_BYTES = 256 * 1024 * 1024;
/** A memtable of which this share is filled within so many milliseconds is going to be flushed soon. */
const BURST_SHARE = 1 / 4;
const BURST_MS = 1000;
/** Between two looks at the clock, in bytes written. */
const LOOK_BYTES = 65_536;
/** A delay shorter than this is saved up: timers are no finer. */
const MIN_DELAY_MS = 1;

interface Waiting {
  readonly bytes: number;
  readonly isBig: boolean;
  /** Flushes that had failed when it was called. */
  readonly failuresBefore: number;
  /** Applies the write. */
  run(): void | Promise<void>;
  readonly sync: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

export interface WritePathParts {
  readonly options: ResolvedOptions;
  readonly clock: Clock;
  readonly live: LiveState;
  /** undefined when the store is open for reading only. */
  readonly logs: LogSet | undefined;
  readonly holds: HoldList;
  /** Called after a memtable was frozen. */
  onFrozen(): void;
  /** Called once for a memtable that is filling fast. */
  onBurst(): void;
  /** The flushes: what failed, and how often. */
  flushes(): Pick<Flusher, 'error' | 'failureCount' | 'retry'>;
  /** Called after each range deletion. The bounds are valid during the call. */
  onRangeDeleted(low: Bytes | undefined, high: Bytes | undefined): void;
}

export class WritePath {
  lastSeq: number;
  /** Set once: a failed sync, or the closing of the store. */
  private refusal: LsmError | undefined = undefined;
  private readonly queue: Waiting[] = [];
  private isPumping = false;
  private pumping: Promise<void> = Promise.resolve();
  private wake: (() => void) | undefined = undefined;
  private blobBytes = 0;
  private delayDebtMs = 0;
  private lastTurnMs: number;
  private sinceTurn = 0;
  /** When the active memtable was first looked at; undefined: not yet. */
  private burstFromMs: number | undefined = undefined;
  private isBurstTold = false;
  private readonly settled: Promise<void> = Promise.resolve();
  private readonly isFull: boolean;
  bytesWritten = 0;

  constructor(
    private readonly parts: WritePathParts,
    lastSeq: number,
  ) {
    this.lastSeq = lastSeq;
    this.isFull = parts.options.durability === 'full';
    this.lastTurnMs = parts.clock.nowMs();
  }

  /**
   * Writes encoded operations, all or nothing. The bytes are copied before the call returns.
   * @param segments  how many sequence numbers they take (see write-batch.ts)
   */
  write(
    ops: Bytes,
    offset: number,
    length: number,
    count: number,
    segments: number,
    blobs: readonly NewBlob[],
    sync: boolean,
  ): Promise<void> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    if (count === 0) return this.writeNothing(sync);
    try {
      if (this.queue.length === 0 && this.isReady(length)) {
        this.apply(ops, offset, length, count, segments, blobs);
        return this.acknowledge(length, sync);
      }
    } catch (error) {
      return Promise.reject(error as LsmError);
    }
    const copy = copyOf(ops, offset, length);
    return this.enqueue(length, sync, false, () => this.apply(copy, 0, length, count, segments, blobs));
  }

  /**
   * Runs a commit in its turn among the writes: `run` applies through `apply`, or throws.
   * @param bytes  how many bytes of operations it will apply
   */
  commit(bytes: number, sync: boolean, run: () => void): Promise<void> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    try {
      if (this.queue.length === 0 && this.isReady(bytes)) {
        run();
        return this.acknowledge(bytes, sync);
      }
    } catch (error) {
      return Promise.reject(error as LsmError);
    }
    return this.enqueue(bytes, sync, false, run);
  }

  /** Runs work that no write may interleave, in its turn: the commit of a transaction that has tables. */
  exclusive(run: () => Promise<void>): Promise<void> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    return this.enqueue(0, false, true, run);
  }

  /** Whether operations of this size fit a memtable at all. */
  fits(bytes: number): boolean {
    return bytes <= this.parts.options.memtableBytes - (this.parts.options.memtableBytes >>> 3);
  }

  /** Log, then memtable. Only from a turn of the queue. When it throws nothing happened. */
  apply(
    ops: Bytes,
    offset: number,
    length: number,
    count: number,
    segments: number,
    blobs: readonly NewBlob[],
  ): void {
    const { logs, live, holds } = this.parts;
    if (blobs.length > 0) logs!.noteBlobs();
    const seq = this.lastSeq + 1;
    logs!.append(seq, count, ops, offset, length);
    const { memtable, layer } = live.active;
    const protectedSeq = holds.newestSeq;
    if (segments === 1) memtable.apply(ops, offset, length, seq, protectedSeq, true);
    else {
      forEachSegment(ops, offset, length, segments, (from, bytes, index) => {
        memtable.apply(ops, from, bytes, seq + index, protectedSeq, true);
      });
    }
    this.lastSeq = seq + segments - 1;
    for (const blob of blobs) {
      live.addBlob(layer, blob.id, blob.extents);
      this.blobBytes += blob.length;
    }
    this.bytesWritten += length;
    if (segments > 1 || ops[offset] === KIND_RANGE_DELETE) this.tellOfRanges(ops, offset, length);
  }

  /** Freezes the active memtable, unless it is empty. @returns whether it was frozen */
  freeze(): boolean {
    const { live, logs } = this.parts;
    if (live.active.memtable.isEmpty) return false;
    logs!.rotate();
    live.freeze(this.lastSeq + 1, logs!.activeNumber);
    this.blobBytes = 0;
    this.burstFromMs = undefined;
    this.isBurstTold = false;
    this.parts.onFrozen();
    return true;
  }

  /** The same, waiting for a flush where too many memtables are frozen. Only from a turn of the queue. */
  async freezeWhenPossible(): Promise<void> {
    const { live } = this.parts;
    if (live.active.memtable.isEmpty) return;
    const failuresBefore = this.parts.flushes().failureCount;
    while (live.frozenCount >= MAX_FROZEN) await this.waitForFlush(failuresBefore);
    this.freeze();
  }

  /** Tells that flushes or merges made progress, or failed: who waits looks again. */
  poke(): void {
    this.wake?.();
  }

  /** From now on every write is refused. */
  refuse(why: LsmError): void {
    this.refusal ??= why;
    this.poke();
  }

  get refusedWith(): LsmError | undefined {
    return this.refusal;
  }

  get queued(): number {
    return this.queue.length;
  }

  /** Resolves when every write called before has been applied or refused. */
  async drained(): Promise<void> {
    while (this.isPumping) await this.pumping;
  }

  /** An empty write has its place all the same: when it is durable, so are those before it. */
  private writeNothing(sync: boolean): Promise<void> {
    if (this.queue.length > 0) return this.enqueue(0, sync, false, () => undefined);
    return sync || this.isFull ? this.parts.logs!.sync() : this.settled;
  }

  private tellOfRanges(ops: Bytes, offset: number, length: number): void {
    const reader = new OpsReader();
    const end = offset + length;
    for (let at = offset; at < end && reader.read(ops, at, end); at = reader.end) {
      if (reader.kind !== KIND_RANGE_DELETE) continue;
      const { keyOffset, keyLength, valueOffset, valueLength } = reader;
      this.parts.onRangeDeleted(
        keyLength === 0 ? undefined : ops.subarray(keyOffset, keyOffset + keyLength),
        valueLength === 0 ? undefined : ops.subarray(valueOffset, valueOffset + valueLength),
      );
    }
  }

  private isReady(bytes: number): boolean {
    if (this.delayDebtMs >= MIN_DELAY_MS) return false;
    return this.hasRoom(bytes);
  }

  private hasRoom(bytes: number): boolean {
    const { live } = this.parts;
    if (live.active.memtable.hasRoom(bytes) && this.blobBytes < MAX_BLOB_BYTES) return true;
    if (live.frozenCount >= MAX_FROZEN) return false;
    this.freeze();
    return true;
  }

  private enqueue(
    bytes: number,
    sync: boolean,
    isBig: boolean,
    run: () => void | Promise<void>,
  ): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const failuresBefore = this.parts.flushes().failureCount;
      this.queue.push({ bytes, sync, isBig, failuresBefore, run, resolve, reject });
      if (!this.isPumping) {
        this.isPumping = true;
        this.pumping = this.pump();
      }
    });
  }

  private async pump(): Promise<void> {
    while (this.queue.length > 0) {
      const job = this.queue[0]!;
      try {
        await this.waitForRoom(job);
        if (this.refusal !== undefined) throw this.refusal;
        const running = job.run();
        if (running !== undefined) await running;
        if (job.isBig) job.resolve();
        else this.acknowledge(job.bytes, job.sync).then(() => job.resolve(), job.reject);
      } catch (error) {
        job.reject(error);
      }
      this.queue.shift();
    }
    this.isPumping = false;
  }

  private async waitForRoom(job: Waiting): Promise<void> {
    const { clock } = this.parts;
    if (this.delayDebtMs >= MIN_DELAY_MS) {
      const debt = this.delayDebtMs;
      this.delayDebtMs = 0;
      await clock.sleep(debt);
    }
    if (job.isBig) return;
    while (this.refusal === undefined && !this.hasRoom(job.bytes)) {
      await this.waitForFlush(job.failuresBefore);
    }
  }

  /**
   * @param failuresBefore  flushes that had failed when the write was called: one that failed since decides
   * @throws what makes flushes fail, if they do
   */
  private async waitForFlush(failuresBefore: number): Promise<void> {
    if (this.refusal !== undefined) throw this.refusal;
    const flushes = this.parts.flushes();
    if (flushes.error !== undefined) {
      if (flushes.failureCount > failuresBefore) throw flushes.error;
      // It may be long ago, and its cause gone.
      return flushes.retry();
    }
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    this.wake = undefined;
  }

  /** What the caller awaits. Now and then a turn of the event loop, so that a loop of writes starves nobody. */
  private acknowledge(bytes: number, sync: boolean): Promise<void> {
    const { options, live, clock, logs } = this.parts;
    const runs = live.levelZeroRuns;
    if (runs >= options.slowdownRuns || live.frozenCount >= MAX_FROZEN) {
      this.delayDebtMs += (writeDelayMs(runs, live.frozenCount, options) * bytes) / 1_048_576;
    }
    if (sync || this.isFull) return logs!.sync(true);
    this.sinceTurn += bytes + 512;
    if (this.sinceTurn < LOOK_BYTES) return this.settled;
    this.sinceTurn = 0;
    const now = clock.nowMs();
    if (!this.isBurstTold) this.lookForBurst(now);
    if (now - this.lastTurnMs < options.sliceMs) return this.settled;
    return clock.turn().then(() => {
      this.lastTurnMs = clock.nowMs();
    });
  }

  private lookForBurst(nowMs: number): void {
    this.burstFromMs ??= nowMs;
    if (this.parts.live.active.memtable.byteLength < this.parts.options.memtableBytes * BURST_SHARE) return;
    this.isBurstTold = true;
    if (nowMs - this.burstFromMs < BURST_MS) this.parts.onBurst();
  }
}
