/**
 * Does a long load keep its pace, leave the event loop free, and rewrite little? Five million addresses in random order,
 * in batches of 1,000 with a turn of the event loop after each, as a server would.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Shuffle, UrlKeys } from '../data.js';
import { Laps, mainThreadMs, MIB, Stopwatch, turn, writtenBytes } from '../measure.js';
import { sizeOnDisk } from '../peers.js';
import type { Workload } from './workload.js';
import { loadUrls } from './urls.js';

const ADDRESSES = 5_000_000;

export const load5m: Workload = {
  name: 'load5m',
  question:
    'Does a load of 5,000,000 addresses keep its pace, leave the event loop free, and rewrite little?',
  unit: 'entries/s',
  better: 'more',
  needs: 'nothing',
  writes: true,
  long: true,
  run: async (context) => {
    const count = Math.min(ADDRESSES, 5 * context.entries);
    const keys = new UrlKeys(context.urlFile, context.seed);
    const memoryBefore = process.memoryUsage.rss();
    let memoryPeak = memoryBefore;
    const peer = await context.open();
    const writtenBefore = writtenBytes() ?? 0;
    const watch = new Stopwatch();
    const partMs = [0, 0, 0, 0, 0];
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const turns = new Laps();
    let threadMs = mainThreadMs() ?? 0;
    const raw = await loadUrls(
      peer,
      keys,
      new Shuffle(count, context.seed),
      0,
      watch,
      async (done, lapMs) => {
        partMs[Math.min(4, Math.floor(((done - 1) / count) * 5))]! += lapMs;
        if (done % 16_000 === 0) memoryPeak = Math.max(memoryPeak, process.memoryUsage.rss());
        await turn();
        const now = mainThreadMs() ?? 0;
        turns.add(now - threadMs);
        threadMs = now;
      },
    );
    delay.disable();
    const settling = performance.now();
    await peer.settle();
    const settleMs = performance.now() - settling;
    const written = (writtenBytes() ?? 0) - writtenBefore;
    await peer.close();
    return {
      value: watch.perSecond(count),
      cpuMicros: watch.cpuMicrosEach(count),
      details: {
        'last fifth ÷ second': partMs[1]! / partMs[4]!,
        'loop delay p99 ms': delay.percentile(99) / 1e6,
        'loop delay max ms': delay.max / 1e6,
        'processor time of a turn p99 ms': turns.percentile(0.99),
        'of the longest turn ms': turns.percentile(1),
        'written × raw': written / raw,
        'size × raw': sizeOnDisk(context.folder) / raw,
        'settle ms': settleMs,
        'more memory MiB': (memoryPeak - memoryBefore) / MIB,
      },
    };
  },
};
