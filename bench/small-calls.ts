/**
 * What does one call of the storage engine cost, as the layers above use it? Points, short ranges, small batches, small
 * transactions, estimates, opening: the median over rounds of microseconds by the clock and of processor time.
 *
 *   node dist/bench/small-calls.js [--rounds R] [--dir FOLDER] [name…]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openLsm, type LsmStore } from '../lsm/index.js';
import { Shuffle, writeKey, writeMissingKey, writeValue } from './data.js';
import { Stopwatch } from './measure.js';
import { median } from './report.js';

const ENTRIES = 200_000;
/** Memtables that hold all that a round writes: flushes are another question. */
const ROOMY = { memtableBytes: 256 * 1024 * 1024 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '9' }, dir: { type: 'string', default: tmpdir() } },
});
const folder = mkdtempSync(join(values.dir, 'elmo-calls-'));
const key = new Uint8Array(16);
const other = new Uint8Array(16);
const value = new Uint8Array(100);
const order = new Shuffle(ENTRIES, 1);
let files = 0;

const newPath = (): string => join(folder, `${files++}.elmo`);

function entry(n: number): void {
  writeKey(key, n);
  writeValue(value, n, 0, 1);
}

async function fillStore(store: LsmStore): Promise<LsmStore> {
  const batch = store.batch();
  for (let i = 0; i < ENTRIES;) {
    batch.clear();
    for (let n = 0; n < 1000; n++) {
      entry(order.at(i++));
      batch.put(key, value);
    }
    await store.write(batch);
  }
  return store;
}

interface Stores {
  readonly tables: LsmStore;
  readonly memory: LsmStore;
}

interface Call {
  readonly count: number;
  /** Runs `count` calls; what is not to be measured goes before `watch.start`. */
  readonly run: (stores: Stores, watch: Stopwatch, round: number) => Promise<void> | void;
}

/** Reads the `i`th random key of a filled store. */
function reading(of: keyof Stores, read: (store: LsmStore, n: number) => void, isAbsent = false): Call {
  return {
    count: 20_000,
    run: (stores, watch, round) => {
      const store = stores[of];
      watch.start();
      for (let i = 0; i < 20_000; i++) {
        const n = order.at((round * 20_000 + i) % ENTRIES);
        if (isAbsent) writeMissingKey(key, n);
        else writeKey(key, n);
        read(store, n);
      }
      watch.stop();
    },
  };
}

function scanOf(store: LsmStore, most: number): void {
  const cursor = store.scan({ low: key });
  for (let left = most; left > 0 && cursor.next(); left--) cursor.loadValue();
  cursor.close();
}

/** Writes to a new store, in random order. */
function writing(write: (store: LsmStore, i: number) => Promise<unknown>): Call {
  return {
    count: 10_000,
    run: async (_, watch) => {
      const store = await openLsm(newPath(), ROOMY);
      watch.start();
      for (let i = 0; i < 10_000; i++) await write(store, i);
      watch.stop();
      await store.close();
    },
  };
}

function batchOf(entries: number): Call {
  return writing((store, i) => {
    const batch = store.batch();
    for (let n = 0; n < entries; n++) {
      entry(order.at((i * entries + n) % ENTRIES));
      batch.put(key, value);
    }
    return store.write(batch);
  });
}

function transactionOf(entries: number): Call {
  return writing((store, i) => {
    const transaction = store.begin();
    for (let n = 0; n < entries; n++) {
      entry(order.at((i * entries + n) % ENTRIES));
      transaction.lookup(key);
      transaction.put(key, value);
    }
    return transaction.commit();
  });
}

function opening(path: () => string): Call {
  return {
    count: 20,
    run: async (_, watch) => {
      for (let i = 0; i < 20; i++) {
        watch.start();
        const store = await openLsm(path());
        watch.stop();
        await store.close();
      }
    },
  };
}

const range = (store: LsmStore, n: number): void => {
  writeKey(other, n + 1000);
  store.estimate({ low: key, high: other });
};

const CALLS: Readonly<Record<string, Call>> = {
  'make a key (in all below)': reading('tables', () => undefined),
  'lookup in tables': reading('tables', (store) => void store.lookup(key)),
  'get in tables': reading('tables', (store) => void store.get(key)),
  'has of an absent key': reading('tables', (store) => void store.has(key), true),
  'scan of 10 in tables': reading('tables', (store) => scanOf(store, 10)),
  'scan of 100 in tables': reading('tables', (store) => scanOf(store, 100)),
  'estimate of 1,000 in tables': reading('tables', range),
  'lookup in a memtable': reading('memory', (store) => void store.lookup(key)),
  'scan of 10 in a memtable': reading('memory', (store) => scanOf(store, 10)),
  'estimate of 1,000 in a memtable': reading('memory', range),
  'snapshot, lookup, release': reading('memory', (store) => {
    const snapshot = store.snapshot();
    snapshot.lookup(key);
    snapshot.release();
  }),
  'put, awaited': writing((store, i) => {
    entry(order.at(i));
    return store.put(key, value);
  }),
  'write of a batch of 1': batchOf(1),
  'write of a batch of 4': batchOf(4),
  'write of a batch of 6': batchOf(6),
  'transaction of 1 put': transactionOf(1),
  'transaction of 4 lookups and puts': transactionOf(4),
  'open in memory': opening(() => ':memory:'),
  'open a new file': opening(newPath),
  'open a file that is there': opening(() => join(folder, '0.elmo')),
};

const names = Object.keys(CALLS).filter(
  (name) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
);
try {
  const closed = await fillStore(await openLsm(newPath()));
  await closed.mergeAll();
  await closed.close();
  const tablesPath = newPath();
  const tables = await fillStore(await openLsm(tablesPath));
  await tables.mergeAll();
  const memory = await fillStore(await openLsm(newPath(), ROOMY));
  const rows = new Map<string, { micros: number[]; cpu: number[] }>();
  // The first two rounds warm up.
  for (let round = -2; round < Number(values.rounds); round++) {
    for (const name of names) {
      const { count, run } = CALLS[name]!;
      const watch = new Stopwatch();
      await run({ tables, memory }, watch, round + 2);
      if (round < 0) continue;
      const row = rows.get(name) ?? { micros: [], cpu: [] };
      row.micros.push((watch.ms * 1000) / count);
      row.cpu.push(watch.cpuMicrosEach(count));
      rows.set(name, row);
    }
  }
  console.log('| call | µs | processor µs |\n|---|--:|--:|');
  for (const [name, { micros, cpu }] of rows) {
    console.log(`| ${name} | ${median(micros).toFixed(2)} | ${median(cpu).toFixed(2)} |`);
  }
  await memory.close();
  await tables.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
