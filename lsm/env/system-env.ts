/** The two worlds a store can live in: the operating system's files, or memory. */
import { SystemClock } from './clock.js';
import type { Env } from './env.js';
import { MemoryFileSystem } from './memory-files.js';
import { NodeFileSystem } from './node-files.js';
import { SystemRandom } from './random.js';

/** Files, time and randomness of the operating system. */
export function systemEnv(): Env {
  return { files: new NodeFileSystem(), clock: new SystemClock(), random: new SystemRandom() };
}

/** The same with files of its own in memory: each call gives an empty world. */
export function memoryEnv(): Env {
  return { files: new MemoryFileSystem(), clock: new SystemClock(), random: new SystemRandom() };
}
