/** Questions about one put per call: how many a second, when only a crash of the process matters, and when a power cut does? */
import { writeKey, writeValue } from '../data.js';
import { Laps, Stopwatch } from '../measure.js';
import type { KvPeer } from '../peers.js';
import { randomOrder, verifySample, type Measured, type Workload, type WorkloadContext } from './workload.js';

const single = { unit: 'puts/s', better: 'more', needs: 'nothing', writes: true } as const;

function delays(laps: Laps): Record<string, number> {
  return { 'p50 ms': laps.percentile(0.5), 'p99 ms': laps.percentile(0.99) };
}

export const put1: Workload = {
  ...single,
  name: 'put1',
  question: 'How many puts a second, each awaited, that survive the death of the process?',
  run: async (context) => {
    const peer = await context.open();
    const count = Math.min(context.entries, 100_000);
    const order = randomOrder(count, context.seed);
    const key = peer.allocate(16);
    const value = peer.allocate(100);
    const watch = new Stopwatch();
    const laps = new Laps();
    for (let i = 0; i < count; i++) {
      writeKey(key, order(i));
      writeValue(value, order(i), 0, context.seed);
      watch.start();
      const pending = peer.put(key, value);
      if (pending instanceof Promise) await pending;
      laps.add(watch.stop());
    }
    verifySample(peer, count, 0, context.seed);
    await peer.close();
    return { value: watch.perSecond(count), cpuMicros: watch.cpuMicrosEach(count), details: delays(laps) };
  },
};

/** `writers` loops that each await their own put: the wall clock counts, the making of data is a small part of it. */
async function syncedPuts(context: WorkloadContext, writers: number, each: number): Promise<Measured> {
  const peer = await context.open(true);
  const laps = new Laps();
  await Promise.all(Array.from({ length: writers }, (_, w) => writeLoop(peer, context, w, 20, laps)));
  const measured = new Laps();
  const started = performance.now();
  await Promise.all(Array.from({ length: writers }, (_, w) => writeLoop(peer, context, w, each, measured)));
  const ms = performance.now() - started;
  verifySample(peer, writers * each, 0, context.seed);
  await peer.close();
  return { value: ((writers * each) / ms) * 1000, details: delays(measured) };
}

async function writeLoop(
  peer: KvPeer,
  context: WorkloadContext,
  writer: number,
  count: number,
  laps: Laps,
): Promise<void> {
  const key = peer.allocate(16);
  const value = peer.allocate(100);
  for (let i = 0; i < count; i++) {
    const n = writer * count + i;
    writeKey(key, n);
    writeValue(value, n, 0, context.seed);
    const started = performance.now();
    await peer.putSync(key, value);
    laps.add(performance.now() - started);
  }
}

export const fillsync1: Workload = {
  ...single,
  name: 'fillsync1',
  question: 'How many puts a second that survive a power cut, one after the other?',
  run: (context) => syncedPuts(context, 1, Math.min(5000, context.entries)),
};

export const fillsync32: Workload = {
  ...single,
  name: 'fillsync32',
  question: 'How many puts a second that survive a power cut, with 32 waiting at a time?',
  run: (context) =>
    syncedPuts(context, 32, Math.min(context.peerName === 'sqlite' ? 200 : 1000, context.entries)),
};
