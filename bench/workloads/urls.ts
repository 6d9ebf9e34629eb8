/**
 * Questions about long keys with long shared beginnings: how fast do 500,000 addresses go in, how fast is one found, and
 * how much disk do they take?
 */
import { MAX_URL_BYTES, Shuffle, Tally, UrlKeys, writeDecimalKey } from '../data.js';
import { Stopwatch } from '../measure.js';
import { sizeOnDisk, type KvPeer } from '../peers.js';
import { BATCH_ENTRIES, type Workload } from './workload.js';

const MOST_URLS = 500_000;

/** Puts `count` addresses in random order, each with `valueBytes` (0 or 8) bytes of value. @returns raw bytes */
export async function loadUrls(
  peer: KvPeer,
  urls: UrlKeys,
  shuffle: Shuffle,
  valueBytes: number,
  watch: Stopwatch,
  onBatch?: (done: number, lapMs: number) => Promise<void>,
): Promise<number> {
  const scratch = new Uint8Array(MAX_URL_BYTES);
  const number = new Uint8Array(16);
  let raw = 0;
  for (let done = 0; done < shuffle.count;) {
    const keys: Uint8Array[] = [];
    const values: Uint8Array[] = [];
    while (keys.length < BATCH_ENTRIES && done + keys.length < shuffle.count) {
      const n = shuffle.at(done + keys.length);
      const key = peer.allocate(urls.write(scratch, n));
      key.set(scratch.subarray(0, key.length));
      const value = peer.allocate(valueBytes);
      writeDecimalKey(number, n);
      value.set(number.subarray(16 - valueBytes));
      keys.push(key);
      values.push(value);
      raw += key.length + valueBytes;
    }
    watch.start();
    await peer.batch(keys, values, keys.length);
    const lapMs = watch.stop();
    done += keys.length;
    if (onBatch) await onBatch(done, lapMs);
  }
  return raw;
}

export const urls: Workload = {
  name: 'urls',
  question:
    'How fast do 500,000 addresses go in, in random order; how fast is one found; how much disk do they take?',
  unit: 'entries/s',
  better: 'more',
  needs: 'nothing',
  writes: true,
  run: async (context) => {
    const keys = new UrlKeys(context.urlFile, context.seed);
    const count = Math.min(context.entries, MOST_URLS);
    const shuffle = new Shuffle(count, context.seed);
    const peer = await context.open();
    const watch = new Stopwatch();
    const raw = await loadUrls(peer, keys, shuffle, 8, watch);
    await peer.settleMerged();
    const gets = readUrls(peer, keys, new Shuffle(count, context.seed + 1), context.seed);
    await peer.close();
    return {
      value: watch.perSecond(count),
      cpuMicros: watch.cpuMicrosEach(count),
      details: {
        'gets/s': gets,
        'size × raw': sizeOnDisk(context.folder) / raw,
        'raw bytes an entry': raw / count,
      },
    };
  },
};

function readUrls(peer: KvPeer, keys: UrlKeys, order: Shuffle, seed: number): number {
  const scratch = new Uint8Array(MAX_URL_BYTES);
  const number = new Uint8Array(16);
  const watch = new Stopwatch();
  const tally = new Tally();
  const expected = new Tally();
  const page: Uint8Array[] = [];
  for (let i = 0; i < order.count; i++) {
    const n = order.at(i);
    const key = peer.allocate(keys.write(scratch, n));
    key.set(scratch.subarray(0, key.length));
    writeDecimalKey(number, n);
    expected.add(key, 0, key.length, number, 8, 8);
    page.push(key);
    if (page.length < BATCH_ENTRIES && i + 1 < order.count) continue;
    watch.start();
    for (const k of page) {
      const value = peer.get(k);
      if (value !== undefined) tally.add(k, 0, k.length, value, 0, value.length);
    }
    watch.stop();
    page.length = 0;
  }
  tally.mustEqual(expected, `urls of seed ${seed}`);
  return watch.perSecond(order.count);
}
