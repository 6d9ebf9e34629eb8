/** Questions about reading a settled store: one key at a time, absent keys, from end to end, a hundred from anywhere. */
import { Tally, writeKey, writeMissingKey } from '../data.js';
import { MIB, peakMemoryBytes, Stopwatch } from '../measure.js';
import type { KvPeer, ScanOptions } from '../peers.js';
import {
  ascending,
  expectedTally,
  randomOrder,
  verifySample,
  type Measured,
  type Workload,
  type WorkloadContext,
} from './workload.js';

const KEYS_AT_ONCE = 1000;
const reading = { unit: 'entries/s', better: 'more', needs: 'random', writes: false } as const;

function memory(): Record<string, number> {
  return { 'peak MiB': peakMemoryBytes() / MIB };
}

/** Random gets of `count` entries, keys made outside of the measured time. */
function readEntries(peer: KvPeer, entries: number, count: number, seed: number, what: string): Stopwatch {
  const order = randomOrder(entries, seed + 3);
  const keys = Array.from({ length: KEYS_AT_ONCE }, () => peer.allocate(16));
  const tally = new Tally();
  const watch = new Stopwatch();
  for (let done = 0; done < count; done += KEYS_AT_ONCE) {
    const now = Math.min(KEYS_AT_ONCE, count - done);
    for (let i = 0; i < now; i++) writeKey(keys[i]!, order(done + i));
    watch.start();
    for (let i = 0; i < now; i++) {
      const key = keys[i]!;
      const value = peer.get(key);
      if (value !== undefined) tally.add(key, 0, key.length, value, 0, value.length);
    }
    watch.stop();
  }
  tally.mustEqual(expectedTally(peer, count, order, 0, seed), what);
  return watch;
}

export const readrandom: Workload = {
  ...reading,
  name: 'readrandom',
  question: 'How fast is a get of a random key that is there?',
  run: async (context) => {
    const peer = await context.open();
    verifySample(peer, context.entries, 0, context.seed, 20_000);
    const count = Math.min(context.entries, 1_000_000);
    const watch = readEntries(peer, context.entries, count, context.seed, 'readrandom');
    await peer.close();
    return { value: watch.perSecond(count), cpuMicros: watch.cpuMicrosEach(count), details: memory() };
  },
};

export const readmissing: Workload = {
  ...reading,
  name: 'readmissing',
  question: 'How fast is a get of a key that is absent, among keys that are there?',
  run: async (context) => {
    const peer = await context.open();
    verifySample(peer, context.entries, 0, context.seed, 20_000);
    const count = Math.min(context.entries, 1_000_000);
    const order = randomOrder(context.entries, context.seed + 4);
    const keys = Array.from({ length: KEYS_AT_ONCE }, () => peer.allocate(16));
    const watch = new Stopwatch();
    let found = 0;
    for (let done = 0; done < count; done += KEYS_AT_ONCE) {
      const now = Math.min(KEYS_AT_ONCE, count - done);
      for (let i = 0; i < now; i++) writeMissingKey(keys[i]!, order(done + i));
      watch.start();
      for (let i = 0; i < now; i++) if (peer.get(keys[i]!) !== undefined) found++;
      watch.stop();
    }
    if (found !== 0) throw new Error(`readmissing: ${found} absent keys were found`);
    await peer.close();
    return { value: watch.perSecond(count), cpuMicros: watch.cpuMicrosEach(count), details: memory() };
  },
};

async function scanAll(context: WorkloadContext, options: ScanOptions): Promise<Measured> {
  const peer = await context.open();
  const expected = expectedTally(peer, context.entries, ascending, 0, context.seed);
  let best = 0;
  let cpuMicros = Infinity;
  for (let pass = 0; pass < 3; pass++) {
    const tally = new Tally();
    const watch = new Stopwatch();
    watch.start();
    await peer.scan(tally, options);
    watch.stop();
    tally.mustEqual(expected, 'scan');
    best = Math.max(best, watch.perSecond(tally.count));
    cpuMicros = Math.min(cpuMicros, watch.cpuMicrosEach(tally.count));
  }
  await peer.close();
  return { value: best, cpuMicros, details: memory() };
}

export const readseq: Workload = {
  ...reading,
  name: 'readseq',
  question: 'How fast is a scan of everything that looks at each key and value? (best of three passes)',
  run: (context) => scanAll(context, { reverse: false, copies: false }),
};

export const readseqcopy: Workload = {
  ...reading,
  name: 'readseqcopy',
  question: 'How fast is a scan that hands out each key and value to keep? (best of three passes)',
  run: (context) => scanAll(context, { reverse: false, copies: true }),
};

export const readreverse: Workload = {
  ...reading,
  name: 'readreverse',
  question: 'How fast is a scan of everything from the end to the start? (best of three passes)',
  run: (context) => scanAll(context, { reverse: true, copies: false }),
};

export const range100: Workload = {
  ...reading,
  name: 'range100',
  unit: 'ranges/s',
  question: 'How many times a second can 100 entries be read from a random key on?',
  run: async (context) => {
    const peer = await context.open();
    const starts = Math.max(1, context.entries - 100);
    const order = randomOrder(starts, context.seed + 5);
    const count = Math.min(starts, 20_000);
    const key = peer.allocate(16);
    const tally = new Tally();
    const watch = new Stopwatch();
    for (let i = -200; i < count; i++) {
      writeKey(key, order(Math.abs(i) % starts));
      const into = i < 0 ? new Tally() : tally;
      if (i >= 0) watch.start();
      const pending = peer.range(key, 100, into);
      if (pending instanceof Promise) await pending;
      if (i >= 0) watch.stop();
    }
    const expected = new Tally();
    const perRange = Math.min(100, context.entries);
    for (let i = 0; i < Math.min(count, 200); i++) {
      const start = order(i);
      const part = expectedTally(peer, perRange, (n) => start + n, 0, context.seed);
      const got = new Tally();
      writeKey(key, start);
      await peer.range(key, 100, got);
      got.mustEqual(part, `range from entry ${start}`);
      expected.count += part.count;
    }
    if (tally.count !== count * perRange) throw new Error(`range100: ${tally.count} entries were read`);
    await peer.close();
    return { value: watch.perSecond(count), cpuMicros: watch.cpuMicrosEach(count), details: memory() };
  },
};
