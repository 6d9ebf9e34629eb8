/** Logs for the tests: written to a file in memory, read back as plain data. */
import { NO_BYTES } from '../../../lsm/base/bytes.js';
import { Aes256GcmCipher, type Cipher } from '../../../lsm/env/cipher.js';
import type { File } from '../../../lsm/env/file-system.js';
import { MemoryFileSystem } from '../../../lsm/env/memory-files.js';
import { readWal, type WalSummary } from '../../../lsm/wal/wal-reader.js';
import { WalWriter } from '../../../lsm/wal/wal-writer.js';
import { SeededRandom } from '../../support/seeded-random.js';

export const STORE_ID = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
export const LOG_NUMBER = 1;

export interface Batch {
  readonly seq: number;
  readonly count: number;
  readonly ops: Uint8Array;
}

export interface ReadBack extends WalSummary {
  readonly batches: Batch[];
}

export function newCipher(seed = 1): Cipher {
  return new Aes256GcmCipher(new SeededRandom(seed).bytes(32), new SeededRandom(seed + 1));
}

export function newFile(bytes: Uint8Array = NO_BYTES): File {
  const file = new MemoryFileSystem().open('/db-log-000000000001', 'create');
  file.write(bytes, 0, bytes.length, 0);
  return file;
}

export function newWriter(file: File, cipher?: Cipher, logNumber = LOG_NUMBER, isReused = false): WalWriter {
  return new WalWriter(file, logNumber, STORE_ID, { cipher, isReused });
}

export function append(writer: WalWriter, batch: Batch): void {
  writer.append(batch.seq, batch.count, batch.ops, 0, batch.ops.length);
}

export function read(file: File, cipher?: Cipher, logNumber = LOG_NUMBER, storeId = STORE_ID): ReadBack {
  const batches: Batch[] = [];
  const summary = readWal(file, { logNumber, storeId, cipher }, (seq, count, ops, offset, length) =>
    batches.push({ seq, count, ops: ops.slice(offset, offset + length) }),
  );
  return { ...summary, batches };
}

export function contentsOf(file: File): Uint8Array {
  const bytes = new Uint8Array(file.size());
  file.read(bytes, 0, bytes.length, 0);
  return bytes;
}

export function batchOf(seq: number, length: number, count = 1): Batch {
  return { seq, count, ops: new SeededRandom(seq).bytes(length) };
}

/** A file whose syncs end when the test says so. */
export class ManualSyncFile implements File {
  readonly path: string;
  writes = 0;
  syncsAtOnce = 0;
  private readonly waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  private syncCount = 0;

  constructor(private readonly file: File) {
    this.path = file.path;
  }

  get syncs(): number {
    return this.syncCount;
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    return this.file.read(into, offset, length, position);
  }

  write(from: Uint8Array, offset: number, length: number, position: number): void {
    this.writes++;
    this.file.write(from, offset, length, position);
  }

  sync(): Promise<void> {
    this.syncCount++;
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /** Ends the oldest sync under way, and lets those who wait for it run. */
  async endSync(error?: unknown): Promise<void> {
    await new Promise((started) => setImmediate(started));
    const { resolve, reject } = this.waiting.shift()!;
    if (error === undefined) resolve();
    else reject(error);
    await new Promise((done) => setImmediate(done));
  }

  syncNow(): void {
    this.syncsAtOnce++;
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
}
