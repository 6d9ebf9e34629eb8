/** Is memory bounded by the cache, and does speed hold, when the data is 4 GB and the cache 64 MiB? */
import { ENTRY_BYTES, Tally, writeKey } from '../data.js';
import { MIB, peakMemoryBytes, Stopwatch } from '../measure.js';
import { sizeOnDisk } from '../peers.js';
import { expectedTally, fill, randomOrder, verifySample, type Workload } from './workload.js';

const RAW_BYTES = 4e9;
const READS = 200_000;

export const memory4g: Workload = {
  name: 'memory4g',
  question:
    'With 4 GB of data and a cache of 64 MiB: how fast are writes and random reads, how much memory is used?',
  unit: 'entries/s',
  better: 'more',
  needs: 'nothing',
  writes: true,
  big: true,
  run: async (context) => {
    const count = Math.min(Math.round(RAW_BYTES / ENTRY_BYTES), 35 * context.entries);
    const peer = await context.open();
    const watch = await fill(peer, count, randomOrder(count, context.seed), 0, context.seed);
    const loadPeak = peakMemoryBytes();
    await peer.settle();
    verifySample(peer, count, 0, context.seed);
    const order = randomOrder(count, context.seed + 2);
    const reads = new Stopwatch();
    const tally = new Tally();
    const key = peer.allocate(16);
    const most = Math.min(READS, count);
    for (let i = 0; i < most; i++) {
      writeKey(key, order(i));
      reads.start();
      const value = peer.get(key);
      reads.stop();
      if (value !== undefined) tally.add(key, 0, key.length, value, 0, value.length);
    }
    tally.mustEqual(expectedTally(peer, most, order, 0, context.seed), 'memory4g');
    await peer.close();
    return {
      value: watch.perSecond(count),
      details: {
        'gets/s': reads.perSecond(most),
        'load peak MiB': loadPeak / MIB,
        'peak MiB': peakMemoryBytes() / MIB,
        'file MiB': sizeOnDisk(context.folder) / MIB,
      },
    };
  },
};
