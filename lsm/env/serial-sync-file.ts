/**
 * A file whose syncs never overlap, and which fails for good with the first that fails.
 *
 * Of two syncs of one file that are under way at once the system tells a failure to one alone; the other may claim a success
 * for bytes that never reached the disk. And after a failed sync the system takes them for written: a later sync proves
 * nothing.
 */
import type { Bytes } from '../base/bytes.js';
import { ioError, type LsmError } from '../errors.js';
import type { File } from './file-system.js';

export class SerialSyncFile implements File {
  /** Told once, of the first sync that failed. */
  onFailure: (cause: LsmError) => void = () => {};
  private failure: LsmError | undefined = undefined;
  private underWay: Promise<void> | undefined = undefined;
  private next: Promise<void> | undefined = undefined;

  /** @param file  owned from here on: closed with this one */
  constructor(private readonly file: File) {}

  get path(): string {
    return this.file.path;
  }

  read(into: Bytes, offset: number, length: number, position: number): number {
    return this.file.read(into, offset, length, position);
  }

  write(from: Bytes, offset: number, length: number, position: number): void {
    this.file.write(from, offset, length, position);
  }

  /** Callers that come while a sync is under way share the next one. */
  sync(): Promise<void> {
    if (this.underWay === undefined) return this.start();
    this.next ??= this.after(this.underWay);
    return this.next;
  }

  syncNow(): void {
    if (this.failure !== undefined) throw this.failure;
    try {
      this.file.syncNow();
    } catch (error) {
      throw this.fail(error);
    }
  }

  size(): number {
    return this.file.size();
  }

  truncate(length: number): void {
    this.file.truncate(length);
  }

  close(): void {
    this.file.close();
  }

  private async after(earlier: Promise<void>): Promise<void> {
    try {
      await earlier;
    } finally {
      this.next = undefined;
    }
    return this.start();
  }

  private start(): Promise<void> {
    const sync = this.run();
    const end = (): void => {
      if (this.underWay === sync) this.underWay = undefined;
    };
    this.underWay = sync;
    sync.then(end, end);
    return sync;
  }

  private async run(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    try {
      await this.file.sync();
    } catch (error) {
      throw this.fail(error);
    }
  }

  private fail(cause: unknown): LsmError {
    if (this.failure === undefined) {
      this.failure = ioError('sync', this.file.path, cause);
      this.onFailure(this.failure);
    }
    return this.failure;
  }
}
