/** Runs a fuzz target in a thread and watches it: an answer that never comes is a failure too. */
import { Worker } from 'node:worker_threads';
import type { FuzzWork } from './thread.js';

export interface FuzzRun {
  readonly target: string;
  readonly seed: number;
  readonly count: number;
  readonly budgetMs?: number;
  readonly onProgress?: (done: number) => void;
}

export interface FuzzResult {
  readonly done: number;
  /** What is wrong with which case. */
  readonly wrong?: string;
}

/** Milliseconds after which a case hangs. */
const CASE_LIMIT_MS = 10_000;
const LOOK_EVERY_MS = 250;

export function runFuzz(run: FuzzRun): Promise<FuzzResult> {
  const counters = new Int32Array(new SharedArrayBuffer(8));
  const work: FuzzWork = {
    target: run.target,
    seed: run.seed,
    count: run.count,
    budgetMs: run.budgetMs ?? Infinity,
    counters: counters.buffer as SharedArrayBuffer,
  };
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./thread.js', import.meta.url), { workerData: work });
    let begun = 0;
    let since = performance.now();
    const end = (wrong: string | undefined): void => {
      clearInterval(watch);
      void worker.terminate();
      resolve({ done: counters[1]!, ...(wrong === undefined ? {} : { wrong }) });
    };
    const watch = setInterval(() => {
      run.onProgress?.(counters[1]!);
      if (counters[0] !== begun) {
        begun = counters[0]!;
        since = performance.now();
      } else if (begun > 0 && performance.now() - since > CASE_LIMIT_MS) {
        end(`case ${run.seed + begun - 1}: no answer in ${CASE_LIMIT_MS} ms`);
      }
    }, LOOK_EVERY_MS);
    worker.on('message', (wrong: string | undefined) => end(wrong));
    worker.on('error', (error) =>
      end(`the thread died after case ${run.seed + counters[0]! - 1}: ${error.stack}`),
    );
  });
}
