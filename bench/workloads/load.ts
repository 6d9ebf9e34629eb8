/** Questions about putting many entries: how fast do batches of 1,000 go in, in key order, in random order, over old ones? */
import { peakMemoryBytes, MIB, writtenBytes } from '../measure.js';
import { ENTRY_BYTES } from '../data.js';
import { sizeOnDisk } from '../peers.js';
import {
  ascending,
  BIG_ENTRIES,
  fill,
  randomOrder,
  verifySample,
  type Measured,
  type Order,
  type Workload,
  type WorkloadContext,
} from './workload.js';

async function load(context: WorkloadContext, order: Order, generation: number): Promise<Measured> {
  const peer = await context.open();
  const writtenBefore = writtenBytes() ?? 0;
  const watch = await fill(peer, context.entries, order, generation, context.seed);
  const before = performance.now();
  await peer.settle();
  const settleMs = performance.now() - before;
  const written = (writtenBytes() ?? 0) - writtenBefore;
  verifySample(peer, context.entries, generation, context.seed);
  await peer.close();
  return {
    value: watch.perSecond(context.entries),
    cpuMicros: watch.cpuMicrosEach(context.entries),
    details: {
      'settle ms': settleMs,
      'written × raw': written / (context.entries * ENTRY_BYTES),
      'peak MiB': peakMemoryBytes() / MIB,
    },
  };
}

export const fillseq: Workload = {
  name: 'fillseq',
  question: 'How fast do entries go in, in key order?',
  unit: 'entries/s',
  better: 'more',
  needs: 'nothing',
  writes: true,
  run: (context) => load(context, ascending, 0),
};

export const fillrandom: Workload = {
  name: 'fillrandom',
  question: 'How fast do entries go in, in random order?',
  unit: 'entries/s',
  better: 'more',
  needs: 'nothing',
  writes: true,
  run: (context) => load(context, randomOrder(context.entries, context.seed), 0),
};

export const overwrite: Workload = {
  name: 'overwrite',
  question: 'How fast are all entries of a settled store replaced, in random order?',
  unit: 'entries/s',
  better: 'more',
  needs: 'random',
  writes: true,
  run: (context) => load(context, randomOrder(context.entries, context.seed + 7), 1),
};

/** Fills a store that read workloads share, and tells its size. */
async function prepare(context: WorkloadContext, order: Order, entries: number): Promise<Measured> {
  const peer = await context.open();
  await fill(peer, entries, order, 0, context.seed);
  await peer.settleMerged();
  await peer.close();
  return { value: sizeOnDisk(context.folder) / (entries * ENTRY_BYTES), details: {} };
}

const preparation = { unit: '× raw', better: 'less', needs: 'nothing', writes: true } as const;

export const prepareRandom: Workload = {
  ...preparation,
  name: 'prepare-random',
  question: 'A store filled in random order, merged and closed',
  run: (context) => prepare(context, randomOrder(context.entries, context.seed), context.entries),
};

export const prepareSequential: Workload = {
  ...preparation,
  name: 'prepare-sequential',
  question: 'A store filled in key order, merged and closed',
  run: (context) => prepare(context, ascending, context.entries),
};

export const prepareBig: Workload = {
  ...preparation,
  name: 'prepare-random-big',
  question: 'A store of 1 GB filled in random order, merged and closed',
  run: (context) => prepare(context, randomOrder(BIG_ENTRIES, context.seed), BIG_ENTRIES),
};

export const size: Workload = {
  name: 'size',
  question: 'How much disk do entries take that were put in random order, once all background work is done?',
  unit: '× raw',
  better: 'less',
  needs: 'random',
  writes: false,
  run: (context) => {
    const bytes = sizeOnDisk(context.folder);
    return Promise.resolve({
      value: bytes / (context.entries * ENTRY_BYTES),
      details: { 'file MiB': bytes / MIB },
    });
  },
};
