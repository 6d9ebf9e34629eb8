/**
 * Runs fuzz cases in a thread of its own and counts them where the other side sees it: a case that hangs stops the count.
 */
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { SeededRandom } from '../support/seeded-random.js';
import { BlocksTarget } from './blocks.js';
import { FilesTarget } from './files.js';
import { LogsTarget } from './logs.js';
import { ManifestsTarget } from './manifests.js';
import { MessagesTarget } from './messages.js';
import type { FuzzTarget } from './target.js';

export const TARGETS: Readonly<Record<string, new () => FuzzTarget>> = {
  blocks: BlocksTarget,
  manifests: ManifestsTarget,
  logs: LogsTarget,
  files: FilesTarget,
  messages: MessagesTarget,
};

/** What a thread is told to do. */
export interface FuzzWork {
  readonly target: string;
  /** Seed of the first case; the next has the next. */
  readonly seed: number;
  readonly count: number;
  readonly budgetMs: number;
  /** Two counters: cases begun, and cases done. */
  readonly counters: SharedArrayBuffer;
}

/** Cases that share one set of undamaged bytes. */
const CASES_OF_A_SET = 20_000;
/** Bytes one case may leave allocated outside the heap: far above any input. */
const MOST_BYTES = 96 << 20;

export async function runCases(work: FuzzWork): Promise<string | undefined> {
  const counters = new Int32Array(work.counters);
  const end = performance.now() + work.budgetMs;
  const target = new TARGETS[work.target]!();
  let set = -1;
  for (let n = 0; n < work.count && performance.now() < end; n++) {
    const seed = work.seed + n;
    // The set a case belongs to depends on its seed alone, so that a case can be run by itself.
    if (Math.floor(seed / CASES_OF_A_SET) !== set) {
      set = Math.floor(seed / CASES_OF_A_SET);
      await target.prepare(new SeededRandom(set));
    }
    counters[0] = n + 1;
    const wrong = await runCase(target, seed);
    if (wrong !== undefined) return `case ${seed}: ${wrong}`;
    counters[1] = n + 1;
  }
  return undefined;
}

async function runCase(target: FuzzTarget, seed: number): Promise<string | undefined> {
  const before = getHeapStatistics().external_memory;
  let wrong: string | undefined;
  try {
    wrong = await target.run(new SeededRandom(seed));
  } catch (error) {
    wrong = `another throw: ${error instanceof Error ? error.stack : String(error)}`;
  }
  const grown = getHeapStatistics().external_memory - before;
  return grown > MOST_BYTES ? `it allocated ${grown} bytes` : wrong;
}

if (parentPort !== null && workerData !== null) {
  parentPort.postMessage(await runCases(workerData as FuzzWork));
}
