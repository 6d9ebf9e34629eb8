/**
 * Does one transaction of gigabytes fit in little memory, and how fast is it? Puts entries in random order in one
 * transaction, reads its own writes on the way, commits, and checks what is there afterwards.
 *
 *   node dist/bench/transaction.js [--megabytes N] [--memory MIB] [--seed S] [--dir FOLDER] [--json]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openLsm } from '../lsm/index.js';
import { KEY_BYTES, Shuffle, writeKey, writeValue } from './data.js';
import { MIB, peakMemoryBytes, turn } from './measure.js';

const VALUE_BYTES = 1000;
const SETTLE_EVERY = 256;
const CHECK_EVERY = 100_003;

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '5000' },
    memory: { type: 'string', default: '48' },
    seed: { type: 'string', default: '1' },
    dir: { type: 'string', default: tmpdir() },
    json: { type: 'boolean', default: false },
  },
});

const entries = Math.floor((Number(values.megabytes) * 1e6) / (KEY_BYTES + VALUE_BYTES));
const seed = Number(values.seed);
const memory = Number(values.memory) * MIB;
const folder = mkdtempSync(join(values.dir, 'elmo-transaction-'));
const key = new Uint8Array(KEY_BYTES);
const value = new Uint8Array(VALUE_BYTES);

function entry(n: number): void {
  writeKey(key, n);
  writeValue(value, n, 0, seed);
}

try {
  // A quarter each for the cache, the memtables (there may be three), the overlay, and what is being flushed; tables are
  // small, since some are being built. The rest of 64 MiB is for the heaps of two threads.
  const store = await openLsm(join(folder, 'transaction.elmo'), {
    cacheBytes: memory / 4,
    memtableBytes: memory / 16,
    transactionBytes: memory / 16,
    tableBytes: memory / 32,
  });
  // So that the worker thread, which every store that writes has, counts as what there was before.
  entry(0);
  await store.put(key, value);
  await store.flush();
  await store.delete(key);
  const before = process.memoryUsage.rss();
  const order = new Shuffle(entries, seed);
  const transaction = store.begin({ label: 'large' });
  const started = performance.now();
  for (let i = 0; i < entries; i++) {
    entry(order.at(i));
    transaction.put(key, value);
    if (i % SETTLE_EVERY === 0) {
      await transaction.settle();
      await turn();
    }
    if (i % CHECK_EVERY === 0) {
      entry(order.at(i >> 1));
      if (Buffer.compare(transaction.get(key)!, value) !== 0) throw new Error(`own write ${i >> 1} is lost`);
      if (store.has(key)) throw new Error('others see what is not committed');
    }
  }
  const written = performance.now();
  const pending = store.stats().transactions[0]!.pendingTables;
  await transaction.commit();
  const committed = performance.now();
  const peak = peakMemoryBytes();
  for (let i = 0; i < Math.min(entries, 10_000); i++) {
    const n = order.at(i * Math.max(1, Math.floor(entries / 10_000)));
    entry(n);
    if (Buffer.compare(store.get(key) ?? new Uint8Array(0), value) !== 0)
      throw new Error(`entry ${n} is lost`);
  }
  let count = 0;
  const cursor = store.scan();
  while (cursor.next()) count++;
  cursor.close();
  if (count !== entries) throw new Error(`${count} entries, ${entries} expected`);
  const result = {
    entries,
    'raw MB': Math.round((entries * (KEY_BYTES + VALUE_BYTES)) / 1e6),
    'MB/s while writing': Math.round((entries * (KEY_BYTES + VALUE_BYTES)) / 1e3 / (written - started)),
    'pending tables': pending,
    'commit ms': Math.round(committed - written),
    'memory before MiB': Math.round(before / MIB),
    'peak MiB': Math.round(peak / MIB),
    'more MiB': Math.round((peak - before) / MIB),
    'file MiB': Math.round(store.stats().fileBytes / MIB),
  };
  await store.close();
  console.log(values.json ? JSON.stringify(result) : result);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
