/**
 * The part of a store that the crash laboratory uses: all that writes, all that moves bytes to disk, and one scan. The
 * engine offers it, and so does the toy store on which the laboratory itself is tested.
 */
import type { Bytes } from '../../lsm/base/bytes.js';
import type { Env } from '../../lsm/env/env.js';
import type { LsmOptions } from '../../lsm/options.js';
import type { KeyRange, Load, LoadOptions, ValueSource, WriteOptions } from '../../lsm/ordered-kv.js';
import type { Finding } from '../support/subject.js';

/** What batches and transactions have in common. */
export interface Writable {
  put(key: Bytes, value: Bytes): unknown;
  delete(key: Bytes): unknown;
  deleteRange(range: KeyRange): unknown;
}

export interface CrashTransaction extends Writable {
  putStream(key: Bytes, source: ValueSource): Promise<void>;
  savepoint(): number;
  rollbackTo(savepoint: number): void;
  settle(): Promise<void>;
  commit(options?: WriteOptions): Promise<number>;
  rollback(): void;
}

export interface CrashStore<Batch extends Writable = Writable> {
  batch(): Batch;
  put(key: Bytes, value: Bytes, options?: WriteOptions): Promise<void>;
  delete(key: Bytes, options?: WriteOptions): Promise<void>;
  deleteRange(range: KeyRange, options?: WriteOptions): Promise<void>;
  putStream(key: Bytes, source: ValueSource, options?: WriteOptions): Promise<void>;
  write(batch: Batch, options?: WriteOptions): Promise<void>;
  begin(): CrashTransaction;
  load(options?: LoadOptions): Load;
  snapshot(): { release(): void };
  scan(): { next(): boolean; key(): Bytes; value(): Bytes; close(): void };
  flush(): Promise<void>;
  settle(): Promise<void>;
  mergeAll(): Promise<void>;
  compact(): Promise<void>;
  check(options?: { deep?: boolean }): Promise<readonly Finding[]>;
  close(): Promise<void>;
}

export type OpenCrashStore = (path: string, options: LsmOptions & { env?: Env }) => Promise<CrashStore>;
