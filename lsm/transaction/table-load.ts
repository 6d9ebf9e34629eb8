/**
 * A load: entries are gathered in the order in which they come; when there are many they become a pending run, sorted by
 * the job that writes it, while the next ones are gathered. Runs are merged like the digits of a counter: as many of one
 * generation as make a merge due become one of the next.
 */
import type { Bytes } from '../base/bytes.js';
import { LsmError } from '../errors.js';
import { SMALL_LOAD_BYTES } from '../merge/small-flushes.js';
import { EntryList } from '../memtable/entry-list.js';
import { MAX_KEY_BYTES } from '../options.js';
import type { Load, LoadOptions } from '../ordered-kv.js';
import type { RunReader } from '../read/run-reader.js';
import type { TransactionHost } from './host.js';

interface LoadedRun {
  readonly run: RunReader;
  /** How often its entries were merged. */
  readonly generation: number;
}

export class TableLoad implements Load {
  readonly label: string;
  readonly since: number;
  private readonly isDistinct: boolean;
  private filling: EntryList;
  private spare: EntryList | undefined = undefined;
  /** What is being written. */
  private leaving: EntryList | undefined = undefined;
  /** The flush under way, with the merges that follow. Never rejects. */
  private flushing: Promise<void> = Promise.resolve();
  private isFlushing = false;
  private failure: unknown = undefined;
  /** Newest first; generations ascend. */
  private runs: LoadedRun[] = [];
  private entriesIn = 0;
  private isOpen = true;
  private isEnded = false;
  private expectsRuns = false;

  constructor(
    private readonly host: TransactionHost,
    options: LoadOptions = {},
  ) {
    host.checkWritable();
    this.label = options.label ?? 'load';
    this.isDistinct = options.isDistinct === true;
    this.since = host.nowMs();
    this.filling = this.newList();
  }

  get memoryBytes(): number {
    const { filling, spare, leaving } = this;
    return filling.memoryBytes + (spare?.memoryBytes ?? 0) + (leaving?.memoryBytes ?? 0);
  }

  get pendingTables(): number {
    return this.runs.reduce((count, { run }) => count + run.tables.length, 0);
  }

  put(key: Bytes, keyLength: number, value: Bytes, valueLength: number): void {
    this.checkOpen();
    if (keyLength < 1 || keyLength > MAX_KEY_BYTES)
      throw new LsmError(`a key is 1 to ${MAX_KEY_BYTES} bytes, got ${keyLength}`, 'BadKey');
    this.filling.put(key, keyLength, value, valueLength);
  }

  async settle(): Promise<void> {
    this.checkOpen();
    if (!this.expectsRuns && this.filling.byteLength > SMALL_LOAD_BYTES / 2) {
      this.expectsRuns = true;
      this.host.expectRuns();
    }
    if (this.filling.byteLength < this.host.options.transactionBytes) return;
    await this.flushed();
    this.checkOpen();
    if (!this.isFlushing) this.flush();
  }

  async commit(): Promise<boolean> {
    this.checkOpen();
    this.host.checkWritable();
    this.isOpen = false;
    try {
      await this.flushed();
      if (this.filling.count > 0) this.flush();
      await this.flushed();
      return await this.adopt();
    } finally {
      this.end();
    }
  }

  rollback(): void {
    if (this.isOpen) this.end();
  }

  private checkOpen(): void {
    if (!this.isOpen) throw new LsmError('the load is over: it was committed or rolled back', 'Closed');
  }

  /** @throws what made a flush or a merge fail */
  private async flushed(): Promise<void> {
    await this.flushing;
    if (this.failure === undefined) return;
    this.end();
    throw this.failure;
  }

  private newList(): EntryList {
    const { isShared, options } = this.host;
    // what comes between two calls of `settle` comes on top
    return new EntryList(isShared, options.transactionBytes + (options.transactionBytes >>> 2));
  }

  private flush(): void {
    const list = this.filling;
    this.filling = this.spare ?? this.newList();
    this.spare = undefined;
    this.leaving = list;
    // What is written in one go takes its memory for a moment: blocks that were read again and again would leave for it.
    if (this.runs.length > 0) this.host.memoryChanged();
    this.isFlushing = true;
    this.flushing = this.flushList(list)
      .catch((error: unknown) => {
        this.failure = error;
      })
      .finally(() => {
        this.isFlushing = false;
      });
  }

  private async flushList(list: EntryList): Promise<void> {
    this.entriesIn += list.count;
    const run = await this.host.buildRun(list.entries(), true);
    list.clear();
    this.leaving = undefined;
    this.spare = list;
    if (this.isEnded) {
      this.host.dropRun(run);
      return;
    }
    this.runs.unshift({ run, generation: 0 });
    for (;;) {
      const { generation } = this.runs[0]!;
      const group = this.runs.filter((other) => other.generation === generation);
      if (group.length <= this.host.options.transactionRuns) return;
      await this.merge(group.length);
      if (this.isEnded) return;
    }
  }

  /** Makes one run of the newest `count`. */
  private async merge(count: number): Promise<void> {
    const inputs = this.runs.splice(0, count);
    try {
      const { run } = await this.host.mergeRuns(inputs.map((input) => input.run));
      if (this.isEnded) this.host.dropRun(run);
      else this.runs.unshift({ run, generation: inputs[count - 1]!.generation + 1 });
    } finally {
      for (const input of inputs) this.host.dropRun(input.run);
    }
  }

  /** @returns whether the runs belong to the store now: not if keys had to be distinct and are not */
  private async adopt(): Promise<boolean> {
    const { host } = this;
    if (this.runs.length > 1 && (this.isDistinct || this.runs.length > host.options.transactionRuns))
      await this.merge(this.runs.length);
    if (this.isDistinct && this.entriesOut() < this.entriesIn) return false;
    if (this.runs.length === 0) return true;
    const letGo = (): void => {
      this.runs = [];
    };
    const runs = this.runs.map(({ run }) => run).reverse();
    await host.commitRuns(async () => ({ runs, blobs: [], letGo }), false);
    return true;
  }

  private entriesOut(): number {
    let count = 0;
    for (const { run } of this.runs) for (const { meta } of run.tables) count += meta.entryCount;
    return count;
  }

  private end(): void {
    this.isOpen = false;
    if (this.isEnded) return;
    this.isEnded = true;
    const isUsed = this.entriesIn > 0;
    for (const { run } of this.runs) this.host.dropRun(run);
    this.runs = [];
    this.filling.clear();
    this.host.ended(this, isUsed);
  }
}
