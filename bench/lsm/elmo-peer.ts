/** elmo's storage engine as a peer: defaults, but for the cache size that all peers share. */
import { join } from 'node:path';
import { openLsm, type LsmStore, type WriteBatch } from '../../lsm/index.js';
import type { Tally } from '../data.js';
import { CACHE_BYTES, type KvPeer, type PeerOptions, type ScanOptions } from '../peers.js';

export async function openElmoPeer(folder: string, options: PeerOptions): Promise<KvPeer> {
  const durability = options.syncEveryCommit ? 'full' : 'interval';
  return new ElmoPeer(await openLsm(join(folder, 'bench.elmo'), { cacheBytes: CACHE_BYTES, durability }));
}

class ElmoPeer implements KvPeer {
  readonly name = 'elmo';
  readonly durability =
    'log written before the answer, synced every 100 ms; sync: log synced before the answer';
  private readonly writes: WriteBatch;

  constructor(private readonly store: LsmStore) {
    this.writes = store.batch();
  }

  allocate(bytes: number): Uint8Array {
    return new Uint8Array(bytes);
  }

  batch(keys: readonly Uint8Array[], values: readonly Uint8Array[], count: number): Promise<void> {
    this.writes.clear();
    for (let i = 0; i < count; i++) this.writes.put(keys[i]!, values[i]!);
    return this.store.write(this.writes);
  }

  put(key: Uint8Array, value: Uint8Array): Promise<void> {
    return this.store.put(key, value);
  }

  putSync(key: Uint8Array, value: Uint8Array): Promise<void> {
    return this.store.put(key, value, { sync: true });
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.store.get(key);
  }

  scan(tally: Tally, { reverse, copies }: ScanOptions): void {
    const cursor = this.store.scan(undefined, reverse ? 'backward' : 'forward');
    while (cursor.next()) {
      if (copies) {
        const key = cursor.key();
        const value = cursor.value();
        tally.add(key, 0, key.length, value, 0, value.length);
        continue;
      }
      cursor.loadValue();
      tally.add(
        cursor.keyBytes,
        0,
        cursor.keyLength,
        cursor.valueBytes,
        cursor.valueOffset,
        cursor.valueLength,
      );
    }
    cursor.close();
  }

  range(from: Uint8Array, count: number, tally: Tally): void {
    const cursor = this.store.scan({ low: from });
    for (let left = count; left > 0 && cursor.next(); left--) {
      cursor.loadValue();
      tally.add(
        cursor.keyBytes,
        0,
        cursor.keyLength,
        cursor.valueBytes,
        cursor.valueOffset,
        cursor.valueLength,
      );
    }
    cursor.close();
  }

  deleteRange(low: Uint8Array, high: Uint8Array): Promise<void> {
    return this.store.deleteRange({ low, high });
  }

  putStream(key: Uint8Array, chunks: Iterable<Uint8Array>): Promise<void> {
    return this.store.putStream(key, chunks);
  }

  async readStream(key: Uint8Array, visit: (chunk: Uint8Array) => void): Promise<void> {
    const reader = this.store.openValue(key);
    if (reader === undefined) throw new Error('the value is absent');
    for await (const chunk of reader.stream()) visit(chunk);
  }

  readAt(key: Uint8Array, position: number, into: Uint8Array): number {
    const reader = this.store.openValue(key);
    if (reader === undefined) throw new Error('the value is absent');
    const count = reader.read(into, 0, into.length, position);
    reader.close();
    return count;
  }

  settle(): Promise<void> {
    return this.store.settle();
  }

  async settleMerged(): Promise<void> {
    await this.store.mergeAll();
    await this.store.settle();
  }

  close(): Promise<void> {
    return this.store.close();
  }
}
