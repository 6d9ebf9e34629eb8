/**
 * LevelDB (classic-level): buffers in and out, `getSync`, `nextv` in pages of 1,000, Snappy as by default, a write buffer
 * as large as elmo's memtable (16 MiB; its own default is 4 MiB and slower).
 */
import type { Tally } from '../data.js';
import { CACHE_BYTES, loadPackage, type KvPeer, type ScanOptions } from '../peers.js';
import { gather, visitWhole } from './whole-values.js';

type Entry = [key: Uint8Array, value: Uint8Array];

interface LevelIterator {
  nextv(size: number): Promise<Entry[]>;
  all(): Promise<Entry[]>;
  close(): Promise<void>;
}

interface Level {
  open(): Promise<void>;
  put(key: Uint8Array, value: Uint8Array, options?: { sync: boolean }): Promise<void>;
  batch(operations: { type: 'put'; key: Uint8Array; value: Uint8Array }[]): Promise<void>;
  getSync(key: Uint8Array): Uint8Array | undefined;
  iterator(options: Record<string, unknown>): LevelIterator;
  clear(options: { gte: Uint8Array; lt: Uint8Array }): Promise<void>;
  compactRange(low: Uint8Array, high: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

const PAGE = 1000;
const HIGH_WATER_BYTES = 256 * 1024;

export async function openLeveldbPeer(folder: string): Promise<KvPeer> {
  const { ClassicLevel } = loadPackage('classic-level') as {
    ClassicLevel: new (path: string, options: Record<string, unknown>) => Level;
  };
  const level = new ClassicLevel(folder, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    cacheSize: CACHE_BYTES,
    writeBufferSize: 16 * 1024 * 1024,
  });
  await level.open();
  return new LeveldbPeer(level);
}

class LeveldbPeer implements KvPeer {
  readonly name = 'leveldb';
  readonly durability =
    'log written before the answer, synced when the system likes; sync: log synced before the answer';

  constructor(private readonly level: Level) {}

  allocate(bytes: number): Uint8Array {
    return Buffer.alloc(bytes);
  }

  batch(keys: readonly Uint8Array[], values: readonly Uint8Array[], count: number): Promise<void> {
    const operations: { type: 'put'; key: Uint8Array; value: Uint8Array }[] = [];
    for (let i = 0; i < count; i++) operations.push({ type: 'put', key: keys[i]!, value: values[i]! });
    return this.level.batch(operations);
  }

  put(key: Uint8Array, value: Uint8Array): Promise<void> {
    return this.level.put(key, value);
  }

  putSync(key: Uint8Array, value: Uint8Array): Promise<void> {
    return this.level.put(key, value, { sync: true });
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.level.getSync(key);
  }

  async scan(tally: Tally, { reverse }: ScanOptions): Promise<void> {
    const iterator = this.level.iterator({ reverse, highWaterMarkBytes: HIGH_WATER_BYTES, fillCache: true });
    for (;;) {
      const entries = await iterator.nextv(PAGE);
      if (entries.length === 0) break;
      for (const [key, value] of entries) tally.add(key, 0, key.length, value, 0, value.length);
    }
    await iterator.close();
  }

  async range(from: Uint8Array, count: number, tally: Tally): Promise<void> {
    const iterator = this.level.iterator({ gte: from, limit: count, fillCache: true });
    for (const [key, value] of await iterator.all()) tally.add(key, 0, key.length, value, 0, value.length);
  }

  deleteRange(low: Uint8Array, high: Uint8Array): Promise<void> {
    return this.level.clear({ gte: low, lt: high });
  }

  putStream(key: Uint8Array, chunks: Iterable<Uint8Array>, byteLength: number): Promise<void> {
    return this.level.put(key, gather(chunks, Buffer.allocUnsafe(byteLength)));
  }

  readStream(key: Uint8Array, visit: (chunk: Uint8Array) => void): void {
    visitWhole(this.get(key), visit);
  }

  readAt(key: Uint8Array, position: number, into: Uint8Array): number {
    into.set(this.get(key)!.subarray(position, position + into.length));
    return into.length;
  }

  settle(): Promise<void> {
    return this.level.compactRange(Buffer.from([0]), Buffer.alloc(16, 0xff));
  }

  settleMerged(): Promise<void> {
    return this.settle();
  }

  close(): Promise<void> {
    return this.level.close();
  }
}
