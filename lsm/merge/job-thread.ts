/**
 * Runs jobs in a worker thread that opens the same file. The thread starts at the first job and ends when there was none for
 * a while, for its heap and its buffers take tens of megabytes; it keeps the process alive only while a job runs. If it dies,
 * its jobs are rejected, what they were lent is given back. The next job starts another.
 */
import { Worker } from 'node:worker_threads';
import type { Extent } from '../base/extent.js';
import type { Clock } from '../env/env.js';
import { LsmError } from '../errors.js';
import type { FlushSpec, JobOutcome, JobOwner, MergeSpec } from './job-runner.js';
import type { StartedRunner } from './small-flushes.js';
import {
  fromErrorMessage,
  IDS_AHEAD,
  toErrorMessage,
  type FromWorker,
  type ToWorker,
  type WorkerSettings,
} from './thread-messages.js';

interface PendingJob {
  readonly lent: Extent[];
  resolve(outcome: JobOutcome): void;
  reject(error: LsmError): void;
}

/** Beside its heap a worker holds two tables that are being built for each job, and read-ahead for each input run. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 6 };

/** A thread that had no job for so long ends. Starting another takes some 50 ms, beside everything else. */
export const IDLE_MS = 3000;

/** Starts a worker thread. */
export function startWorker(settings: WorkerSettings): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), {
    workerData: settings,
    resourceLimits: RESOURCE_LIMITS,
    name: 'elmo-merge',
  });
}

export class JobThread implements StartedRunner {
  private worker: Worker | undefined = undefined;
  private readonly jobs = new Map<number, PendingJob>();
  private lastJob = 0;
  private isClosed = false;
  private ended: Promise<void> = Promise.resolve();
  private forgetIdle: (() => void) | undefined = undefined;

  /** @param start  how a worker is started */
  constructor(
    private readonly settings: WorkerSettings,
    private readonly owner: JobOwner,
    private readonly clock: Clock,
    private readonly start: (settings: WorkerSettings) => Worker = startWorker,
  ) {}

  get isStarted(): boolean {
    return this.worker !== undefined;
  }

  flush(spec: FlushSpec): Promise<JobOutcome> {
    return this.run((job, tableIds) => ({ kind: 'flush', job, spec, tableIds }));
  }

  merge(spec: MergeSpec): Promise<JobOutcome> {
    return this.run((job, tableIds) => ({ kind: 'merge', job, spec, tableIds }));
  }

  cancelMerges(): void {
    if (this.jobs.size > 0) this.send({ kind: 'cancel-merges' });
  }

  prepare(): void {
    if (this.jobs.size > 0 || this.isClosed) return;
    try {
      this.waitForJobs(this.worker ?? this.startWorker());
    } catch {
      // the job will tell
    }
  }

  async letGo(): Promise<void> {
    if (this.jobs.size > 0 || this.worker === undefined || this.isClosed) return;
    this.forgetIdle?.();
    // Whoever waits for its end has nothing else that keeps the process alive.
    this.worker.ref();
    this.endIdle();
    await this.ended;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.forgetIdle?.();
    if (this.worker !== undefined) {
      this.worker.ref();
      this.send({ kind: 'close' });
    }
    await this.ended;
  }

  private run(request: (job: number, tableIds: number[]) => ToWorker): Promise<JobOutcome> {
    if (this.isClosed) return Promise.reject(new LsmError('the store is closed', 'Closed'));
    return new Promise((resolve, reject) => {
      this.forgetIdle?.();
      const job = ++this.lastJob;
      const tableIds = Array.from({ length: IDS_AHEAD }, () => this.owner.nextTableId());
      this.jobs.set(job, { lent: [], resolve, reject });
      try {
        const worker = this.worker ?? this.startWorker();
        worker.ref();
        worker.postMessage(request(job, tableIds));
      } catch (error) {
        this.jobs.delete(job);
        reject(fromErrorMessage(toErrorMessage(error)));
      }
    });
  }

  private startWorker(): Worker {
    const worker = this.start(this.settings);
    let failure: unknown;
    worker.on('message', (message: FromWorker) => this.receive(worker, message));
    worker.on('error', (error) => (failure = error));
    const ended = new Promise<void>((resolve) => {
      worker.once('exit', (exitCode) => {
        // One that ended for want of jobs has none; those there are belong to the next one.
        if (this.worker === worker) {
          this.worker = undefined;
          this.abandonJobs(exitCode, failure);
        }
        resolve();
      });
    });
    const before = this.ended;
    this.ended = ended.then(() => before);
    this.worker = worker;
    return worker;
  }

  private endIdle(): void {
    this.send({ kind: 'close' });
    this.worker = undefined;
  }

  private send(message: ToWorker): void {
    this.worker?.postMessage(message);
  }

  private receive(worker: Worker, message: FromWorker): void {
    switch (message.kind) {
      case 'allocate':
        return this.lend(message.job, message.bytes);
      case 'done': {
        const job = this.take(worker, message.job);
        return job?.resolve(message.outcome);
      }
      case 'failed': {
        const job = this.take(worker, message.job);
        if (job !== undefined) this.fail(job, fromErrorMessage(message.error));
        return;
      }
      case 'closed':
        void worker.terminate();
    }
  }

  private lend(id: number, bytes: number): void {
    const job = this.jobs.get(id);
    if (job === undefined) return;
    try {
      const extent = this.owner.allocate(bytes);
      job.lent.push(extent);
      this.send({ kind: 'extent', job: id, extent, tableId: this.owner.nextTableId() });
    } catch (error) {
      this.send({ kind: 'refusal', job: id, error: toErrorMessage(error) });
    }
  }

  private take(worker: Worker, id: number): PendingJob | undefined {
    const job = this.jobs.get(id);
    this.jobs.delete(id);
    if (this.jobs.size === 0 && !this.isClosed) this.waitForJobs(worker);
    return job;
  }

  private waitForJobs(worker: Worker): void {
    this.forgetIdle?.();
    worker.unref();
    this.forgetIdle = this.clock.after(IDLE_MS, () => this.endIdle());
  }

  private fail(job: PendingJob, error: LsmError): void {
    for (const extent of job.lent) this.owner.giveBack(extent);
    job.reject(error);
  }

  /** The worker is gone: nothing writes any more to what its jobs were lent. */
  private abandonJobs(exitCode: number, failure: unknown): void {
    const jobs = [...this.jobs.values()];
    this.jobs.clear();
    for (const job of jobs) {
      const error =
        failure instanceof LsmError || failure === undefined
          ? new LsmError(`the worker thread ended (exit code ${exitCode})`, 'Io', undefined, failure)
          : new LsmError(`the worker thread failed: ${describe(failure)}`, 'Io', undefined, failure);
      this.fail(job, error);
    }
  }
}

function describe(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
