/**
 * LMDB (lmdb-js): binary keys and values, no compression, its default overlapping sync: a write is answered when it is
 * committed (it survives the death of the process); `flushed` tells when it is on stable storage. LMDB has no cache of its
 * own: it maps the file, so its resident memory holds pages of the file.
 */
import { join } from 'node:path';
import type { Tally } from '../data.js';
import { loadPackage, type KvPeer, type ScanOptions } from '../peers.js';
import { gather, visitWhole } from './whole-values.js';

interface Lmdb {
  batch(run: () => void): Promise<unknown>;
  transaction(run: () => void): Promise<unknown>;
  put(key: Uint8Array, value: Uint8Array): Promise<unknown>;
  putSync(key: Uint8Array, value: Uint8Array): unknown;
  removeSync(key: Uint8Array): unknown;
  transactionSync(run: () => void): unknown;
  get(key: Uint8Array): Uint8Array | undefined;
  getRange(options: Record<string, unknown>): Iterable<{ key: Uint8Array; value: Uint8Array }>;
  getKeys(options: Record<string, unknown>): Iterable<Uint8Array>;
  readonly flushed: Promise<unknown>;
  close(): Promise<void>;
}

export function openLmdbPeer(folder: string): KvPeer {
  const { open } = loadPackage('lmdb') as { open: (options: Record<string, unknown>) => Lmdb };
  const options = {
    path: join(folder, 'data.mdb'),
    noSubdir: true,
    keyEncoding: 'binary',
    encoding: 'binary',
    compression: false,
    mapSize: 16 * 1024 ** 3,
  };
  return new LmdbPeer(open(options));
}

class LmdbPeer implements KvPeer {
  readonly name = 'lmdb';
  readonly durability = 'committed before the answer, flushed right after; sync: flushed before the answer';

  constructor(private readonly db: Lmdb) {}

  allocate(bytes: number): Uint8Array {
    return Buffer.alloc(bytes);
  }

  batch(keys: readonly Uint8Array[], values: readonly Uint8Array[], count: number): Promise<unknown> {
    return this.db.batch(() => {
      for (let i = 0; i < count; i++) void this.db.put(keys[i]!, values[i]!);
    });
  }

  put(key: Uint8Array, value: Uint8Array): unknown {
    return this.db.putSync(key, value);
  }

  async putSync(key: Uint8Array, value: Uint8Array): Promise<void> {
    await this.db.put(key, value);
    await this.db.flushed;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.db.get(key);
  }

  scan(tally: Tally, { reverse }: ScanOptions): void {
    for (const { key, value } of this.db.getRange({ reverse }))
      tally.add(key, 0, key.length, value, 0, value.length);
  }

  range(from: Uint8Array, count: number, tally: Tally): void {
    for (const { key, value } of this.db.getRange({ start: from, limit: count }))
      tally.add(key, 0, key.length, value, 0, value.length);
  }

  deleteRange(low: Uint8Array, high: Uint8Array): unknown {
    return this.db.transactionSync(() => {
      for (const key of [...this.db.getKeys({ start: low, end: high })]) this.db.removeSync(key);
    });
  }

  putStream(key: Uint8Array, chunks: Iterable<Uint8Array>, byteLength: number): Promise<unknown> {
    return this.db.put(key, gather(chunks, Buffer.allocUnsafe(byteLength)));
  }

  readStream(key: Uint8Array, visit: (chunk: Uint8Array) => void): void {
    visitWhole(this.get(key), visit);
  }

  readAt(key: Uint8Array, position: number, into: Uint8Array): number {
    into.set(this.get(key)!.subarray(position, position + into.length));
    return into.length;
  }

  async settle(): Promise<void> {
    await this.db.flushed;
  }

  settleMerged(): Promise<void> {
    return this.settle();
  }

  close(): Promise<void> {
    return this.db.close();
  }
}
