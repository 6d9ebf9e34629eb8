/**
 * The logs of a store, oldest first; the last one is written to, and made when something is. What must stay true: a record
 * is durable only when everything committed before it is, so a sync covers blobs first, then each older log, then the
 * newest. Callers that wait for a sync share it.
 *
 * The file of a log that is not needed any more becomes the next log: what it takes on disk and in the system's memory is
 * there already, so that records are written in less time, and nothing has to be freed. Until it has its new name it is
 * obsolete by the manifest, and what was in it never passes for a record of the new log (see wal/format.ts).
 */
import type { Bytes } from '../base/bytes.js';
import type { Cipher } from '../env/cipher.js';
import type { Env } from '../env/env.js';
import type { File } from '../env/file-system.js';
import type { LsmError } from '../errors.js';
import { walPath } from '../wal/format.js';
import { SyncChoice } from '../wal/sync-choice.js';
import { WalWriter } from '../wal/wal-writer.js';

interface OpenLog {
  readonly number: number;
  readonly writer: WalWriter;
  /** Its entries are in synced tables: it is closed, once no sync of it is under way. */
  isRetired: boolean;
  syncs: number;
}

export class LogSet {
  private readonly older: OpenLog[] = [];
  /** Numbers of logs of an earlier run, ascending. */
  private readonly recovered: number[];
  /** Numbers of logs that are not needed any more, and still there. */
  private readonly obsolete: number[] = [];
  /** Undefined: nothing was written since the store was opened. */
  private active: OpenLog | undefined = undefined;
  private lastNumber: number;
  /** The number of a log whose file the next one takes. */
  private spare: number | undefined = undefined;
  private hasNewBlobs = false;
  /** The sync of the data file under way: no later record is durable before the blobs of an earlier one are. */
  private blobSync: Promise<void> | undefined = undefined;
  private lastBlobSync = 0;
  private lastDirectorySync = 0;
  private hasNewFile = false;
  /** The sync of the directory under way: no record of a new log is durable before the log's name is. */
  private directorySync: Promise<void> | undefined = undefined;
  private cancelTimer: (() => void) | undefined = undefined;
  private background: Promise<void> = Promise.resolve();
  private failure: LsmError | undefined = undefined;
  private readonly choice: SyncChoice;

  /**
   * @param recovered  logs of an earlier run: durable, sealed, and kept until their memtables are flushed
   * @param dataFile  the store's file, where blobs lie
   * @param onFailure  told once, of the first sync that failed
   */
  constructor(
    private readonly env: Env,
    private readonly path: string,
    private readonly dataFile: File,
    private readonly storeId: Bytes,
    private readonly cipher: Cipher | undefined,
    recovered: { readonly logs: readonly { readonly number: number }[]; readonly nextLog: number },
    private readonly syncIntervalMs: number,
    private readonly onFailure: (cause: LsmError) => void,
  ) {
    this.choice = new SyncChoice(env.clock);
    this.recovered = recovered.logs.map(({ number }) => number);
    this.lastNumber = recovered.nextLog;
  }

  /** The number of the log that is written to, be it made or not. */
  get activeNumber(): number {
    return this.lastNumber;
  }

  /** Bytes of the log that is written to. */
  get byteLength(): number {
    return this.active === undefined ? 0 : this.active.writer.byteLength;
  }

  /** Number of logs that exist. */
  get count(): number {
    return this.recovered.length + this.opened().length;
  }

  /** Appends one record. When it throws, the log is as before. */
  append(seq: number, count: number, ops: Bytes, offset: number, length: number): void {
    (this.active ??= this.create(this.lastNumber)).writer.append(seq, count, ops, offset, length);
    if (this.cancelTimer === undefined) this.scheduleSync();
  }

  /** Tells that a record to come refers to blobs written since the last sync. */
  noteBlobs(): void {
    this.hasNewBlobs = true;
  }

  /** Seals the active log and begins the next. When it throws, the old one stays active. */
  rotate(): void {
    const ended = (this.active ??= this.create(this.lastNumber));
    const next = this.create(ended.number + 1);
    try {
      ended.writer.appendSeal();
    } catch (error) {
      next.writer.close();
      this.env.files.remove(walPath(this.path, next.number));
      throw error;
    }
    this.older.push(ended);
    this.active = next;
    this.lastNumber = next.number;
  }

  /**
   * Resolves when everything appended before the call is durable.
   * @param isUrgent  a writer awaits it
   */
  sync(isUrgent = false): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const { active, hasNewBlobs, blobSync, hasNewFile, directorySync } = this;
    const isPlain = this.older.length === 0 && !hasNewBlobs && !hasNewFile;
    const isAlone = blobSync === undefined && directorySync === undefined;
    return isPlain && isAlone && active !== undefined ? this.syncLog(active, isUrgent) : this.syncAll();
  }

  /**
   * Closes the logs below `number`: what they hold is in tables. Resolves when they are removed, but for one that is kept
   * for the next.
   * @throws LsmError of a removal: the logs do not count any more all the same, and their removal is tried again next time
   */
  async retireBelow(number: number): Promise<void> {
    while (this.recovered.length > 0 && this.recovered[0]! < number) {
      this.obsolete.push(this.recovered.shift()!);
    }
    while (this.older.length > 0 && this.older[0]!.number < number) {
      const log = this.older.shift()!;
      log.isRetired = true;
      if (log.syncs === 0) log.writer.close();
      if (log.syncs === 0 && this.spare === undefined && !this.env.files.isVolatile) this.spare = log.number;
      else this.obsolete.push(log.number);
    }
    await this.removeObsolete();
  }

  private async removeObsolete(): Promise<void> {
    const { obsolete } = this;
    if (obsolete.length === 0) return;
    const { files } = this.env;
    while (obsolete.length > 0) {
      const number = obsolete.shift()!;
      try {
        await files.removeLater(walPath(this.path, number));
      } catch (error) {
        obsolete.unshift(number);
        throw error;
      }
    }
    await files.syncDirectoryLater(this.path);
  }

  /** Ends the timer and closes the files. `remove`: the logs are not needed any more. */
  async close(remove: boolean): Promise<void> {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    await this.background;
    for (const log of this.opened()) {
      log.writer.close();
      if (remove) this.obsolete.push(log.number);
    }
    if (remove && this.spare !== undefined) this.obsolete.push(this.spare);
    this.spare = undefined;
    if (remove) await this.removeObsolete();
  }

  private opened(): OpenLog[] {
    return this.active === undefined ? [...this.older] : [...this.older, this.active];
  }

  private async syncAll(): Promise<void> {
    const logs = this.opened();
    try {
      if (this.hasNewFile) {
        this.hasNewFile = false;
        this.directorySync = this.syncDirectory(this.directorySync);
      }
      if (this.hasNewBlobs) {
        this.hasNewBlobs = false;
        this.blobSync = this.syncBlobs(this.blobSync);
      }
      await Promise.all([this.directorySync, this.blobSync]);
    } catch (error) {
      this.fail(error as LsmError);
      throw error;
    }
    for (const log of logs) if (!log.isRetired) await this.syncLog(log);
  }

  private async syncBlobs(before: Promise<void> | undefined): Promise<void> {
    const number = ++this.lastBlobSync;
    await Promise.all([before, this.dataFile.sync()]);
    if (number === this.lastBlobSync) this.blobSync = undefined;
  }

  private async syncDirectory(before: Promise<void> | undefined): Promise<void> {
    const synced = this.env.files.syncDirectoryLater(this.path);
    const number = ++this.lastDirectorySync;
    await Promise.all([before, synced]);
    if (number === this.lastDirectorySync) this.directorySync = undefined;
  }

  private async syncLog(log: OpenLog, isUrgent = false): Promise<void> {
    log.syncs++;
    try {
      await log.writer.sync(isUrgent);
    } catch (error) {
      this.fail(error as LsmError);
      throw error;
    } finally {
      log.syncs--;
      if (log.isRetired && log.syncs === 0) log.writer.close();
    }
  }

  private create(number: number): OpenLog {
    const path = walPath(this.path, number);
    const { files } = this.env;
    files.remove(path);
    const reused = this.spareAs(path);
    const file = reused ?? files.open(path, 'create');
    try {
      const options = { cipher: this.cipher, choice: this.choice, isReused: reused !== undefined };
      const writer = new WalWriter(file, number, this.storeId, options);
      this.hasNewFile = true;
      return { number, writer, isRetired: false, syncs: 0 };
    } catch (error) {
      file.close();
      files.remove(path);
      throw error;
    }
  }

  /** The file of a log that is not needed any more, under its new name. */
  private spareAs(path: string): File | undefined {
    const { spare } = this;
    if (spare === undefined) return undefined;
    const { files } = this.env;
    this.spare = undefined;
    try {
      files.rename(walPath(this.path, spare), path);
      return files.open(path, 'write');
    } catch {
      // A new file does as well; whichever name this one has now is free then.
      this.obsolete.push(spare);
      files.remove(path);
      return undefined;
    }
  }

  private scheduleSync(): void {
    this.cancelTimer = this.env.clock.after(this.syncIntervalMs, () => {
      this.cancelTimer = undefined;
      this.background = this.sync().catch((error: LsmError) => this.fail(error));
    });
  }

  private fail(cause: LsmError): void {
    if (this.failure !== undefined) return;
    this.failure = cause;
    this.onFailure(cause);
  }
}
