/** How long until a store that was closed in order answers its first get, in a new process that has loaded the code? */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeKey, writeValue } from '../data.js';
import { MIB, Stopwatch } from '../measure.js';
import { sizeOnDisk } from '../peers.js';
import { BIG_ENTRIES, type Measured, type Workload, type WorkloadContext } from './workload.js';

async function openAndGet(context: WorkloadContext, entries: number): Promise<Measured> {
  const megabytes = sizeOnDisk(context.folder) / MIB;
  const n = entries >> 1;
  const key = new Uint8Array(16);
  const value = new Uint8Array(100);
  writeKey(key, n);
  writeValue(value, n, 0, context.seed);
  // The peer's code is loaded, and has run once.
  const warm = join(context.folder, 'warm');
  mkdirSync(warm);
  const other = await context.openIn(warm);
  await other.batch([Buffer.from(key)], [Buffer.from(value)], 1);
  other.get(Buffer.from(key));
  await other.close();
  const watch = new Stopwatch();
  watch.start();
  const started = performance.now();
  const peer = await context.open();
  const opened = performance.now();
  const got = peer.get(Buffer.from(key));
  const ms = watch.stop();
  if (got === undefined || Buffer.compare(got, value) !== 0) throw new Error('reopen: wrong answer');
  await peer.close();
  return {
    value: ms,
    cpuMicros: watch.cpuMicrosEach(1),
    details: { 'open ms': opened - started, 'file MiB': megabytes },
  };
}

const opening = { unit: 'ms', better: 'less', writes: true } as const;

export const reopen: Workload = {
  ...opening,
  name: 'reopen',
  question: 'How long until a closed store answers its first get, in a process that has not touched it?',
  needs: 'random',
  run: (context) => openAndGet(context, context.entries),
};

export const reopenbig: Workload = {
  ...opening,
  name: 'reopenbig',
  question: 'The same with 1 GB of entries: does opening depend on size?',
  needs: 'random-big',
  big: true,
  run: (context) => openAndGet(context, BIG_ENTRIES),
};
