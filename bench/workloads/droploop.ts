/** Does loading and dropping the same data again and again stay fast, and does the file stay small? */
import { writeDecimalKey, writeValue } from '../data.js';
import { Laps, MIB } from '../measure.js';
import { sizeOnDisk } from '../peers.js';
import { BATCH_ENTRIES, type Workload } from './workload.js';

const ROUNDS = 20;

export const droploop: Workload = {
  name: 'droploop',
  question:
    'How long does one of 20 rounds of load and drop take, is the last as fast as the first, how large is the file?',
  unit: 'ms a round',
  better: 'less',
  needs: 'nothing',
  writes: true,
  run: async (context) => {
    const peer = await context.open();
    const count = Math.min(100_000, context.entries);
    const keys = Array.from({ length: BATCH_ENTRIES }, () => peer.allocate(16));
    const values = Array.from({ length: BATCH_ENTRIES }, () => peer.allocate(100));
    const low = peer.allocate(1);
    const high = peer.allocate(1);
    low[0] = 48;
    high[0] = 58;
    const rounds = new Laps();
    const drops = new Laps();
    const each: number[] = [];
    let largest = 0;
    for (let round = 0; round < ROUNDS; round++) {
      let ms = 0;
      for (let done = 0; done < count; done += BATCH_ENTRIES) {
        const now = Math.min(BATCH_ENTRIES, count - done);
        for (let i = 0; i < now; i++) {
          writeDecimalKey(keys[i]!, done + i);
          writeValue(values[i]!, done + i, round, context.seed);
        }
        const started = performance.now();
        await peer.batch(keys, values, now);
        ms += performance.now() - started;
      }
      const dropping = performance.now();
      await peer.deleteRange(low, high);
      const dropMs = performance.now() - dropping;
      if (peer.get(keys[0]!) !== undefined) throw new Error('droploop: a dropped key is still there');
      drops.add(dropMs);
      rounds.add(ms + dropMs);
      each.push(ms + dropMs);
      largest = Math.max(largest, sizeOnDisk(context.folder));
    }
    await peer.settle();
    await peer.close();
    return {
      value: rounds.percentile(0.5),
      details: {
        'last ÷ first': each.at(-1)! / each[0]!,
        'drop ms': drops.percentile(0.5),
        'slowest round ms': rounds.percentile(1),
        'largest file MiB': largest / MIB,
        'file at end MiB': sizeOnDisk(context.folder) / MIB,
      },
    };
  },
};
