/**
 * Files as the engine sees them. Reads and writes are synchronous and positional (a read of an OS-cached page costs
 * 1-2 us, 7-9 times less than an asynchronous one); only syncs and removals can be awaited. Errors are `LsmError`s.
 */
import type { Bytes } from '../base/bytes.js';

export interface File {
  readonly path: string;
  /**
   * Reads up to `length` bytes at `position`.
   * @returns how many bytes were read: fewer than `length` only at the end of the file
   */
  read(into: Bytes, offset: number, length: number, position: number): number;
  /** Writes all of the bytes, or throws; after a throw any part of them may have been written. */
  write(from: Bytes, offset: number, length: number, position: number): void;
  /** Resolves when all that was written before the call is on stable storage. Rejects at most with `Io`/`DiskFull`. */
  sync(): Promise<void>;
  /** The same, blocking: for worker threads and for closing. */
  syncNow(): void;
  /** Length in bytes. */
  size(): number;
  truncate(length: number): void;
  /** Safe to call twice. */
  close(): void;
}

/** `create` fails when the file exists; `write` fails when it does not; `read` never writes. */
export type OpenMode = 'create' | 'write' | 'read';

export interface FileSystem {
  open(path: string, mode: OpenMode): File;
  exists(path: string): boolean;
  /** Absence is not an error. */
  remove(path: string): void;
  /** The same, without holding up the thread: freeing what a large file takes costs milliseconds. */
  removeLater(path: string): Promise<void>;
  /** Atomic; replaces `to`. */
  rename(from: string, to: string): void;
  /** Names (not paths) in the directory of `path` that start with the last part of `path`. */
  siblings(path: string): string[];
  /** Makes creations, renames and removals in the directory of `path` durable. */
  syncDirectory(path: string): void;
  /** The same for all that was done in it before the call, without holding up the thread. */
  syncDirectoryLater(path: string): Promise<void>;
  /** Whether another thread can open the same paths (true for real files). */
  readonly isShared: boolean;
  /** Whether files are in memory alone: what is not needed is better given back than kept for later. */
  readonly isVolatile: boolean;
}
