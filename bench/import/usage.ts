/** Loaded before the command: leaves behind what its process took, when that ends. */
import { writeFileSync } from 'node:fs';
import { peakMemoryBytes } from '../measure.js';

/** Where to; told by the process that measures. */
export const USAGE_FILE = 'ELMO_BENCH_USAGE';

export interface Usage {
  readonly peakBytes: number;
  /** Of all threads, the start of the process included. */
  readonly cpuMicros: number;
}

const file = process.env[USAGE_FILE];
if (file !== undefined)
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    const usage: Usage = { peakBytes: peakMemoryBytes(), cpuMicros: user + system };
    writeFileSync(file, JSON.stringify(usage));
  });
