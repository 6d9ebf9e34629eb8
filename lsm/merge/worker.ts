/**
 * The worker thread: flushes and merges, over its own handle of the store's file. It asks the store for space and for
 * table ids, writes tables, and tells what it wrote; it never touches the manifest.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { Extent } from '../base/extent.js';
import { invariant } from '../base/invariant.js';
import { Aes256GcmCipher } from '../env/cipher.js';
import { systemEnv } from '../env/system-env.js';
import type { JobOutcome } from './job-runner.js';
import { SlicedRunner, type JobSupplies } from './sliced-runner.js';
import {
  fromErrorMessage,
  toErrorMessage,
  type FromWorker,
  type ToWorker,
  type WorkerSettings,
} from './thread-messages.js';

/** Between slices a flush or a cancellation may begin. */
const SLICE_MS = 2;

/** Supplies that come by message, in the order in which they were asked for. */
class MessagedSupplies implements JobSupplies {
  private readonly waiting: { resolve(extent: Extent): void; reject(error: unknown): void }[] = [];

  constructor(
    private readonly job: number,
    private readonly tableIds: number[],
    private readonly send: (message: FromWorker) => void,
  ) {}

  allocate(bytes: number): Promise<Extent> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.send({ kind: 'allocate', job: this.job, bytes });
    });
  }

  /** The store takes back what a failed job was lent by itself. */
  giveBack(): void {}

  nextTableId(): number {
    const id = this.tableIds.shift();
    invariant(id !== undefined, 'the store gives ids ahead');
    return id;
  }

  receive(extent: Extent, tableId: number): void {
    this.tableIds.push(tableId);
    this.waiting.shift()!.resolve(extent);
  }

  refuse(error: unknown): void {
    this.waiting.shift()!.reject(error);
  }
}

class Worker {
  private readonly runner: SlicedRunner;
  private readonly jobs = new Map<number, MessagedSupplies>();

  constructor(
    settings: WorkerSettings,
    private readonly send: (message: FromWorker) => void,
  ) {
    const env = systemEnv();
    const { cipherKey } = settings;
    const file = env.files.open(settings.path, 'write');
    this.runner = new SlicedRunner(
      {
        file,
        cipher: cipherKey === undefined ? undefined : new Aes256GcmCipher(cipherKey, env.random),
        form: settings.form,
        clock: env.clock,
        sliceMs: SLICE_MS,
        isSyncing: true,
      },
      new MessagedSupplies(0, [], send),
    );
    this.close = async () => {
      await this.runner.close();
      file.close();
      send({ kind: 'closed' });
    };
  }

  private readonly close: () => Promise<void>;

  receive(message: ToWorker): void {
    switch (message.kind) {
      case 'flush':
        return this.start(message, (supplies) => this.runner.flush(message.spec, supplies));
      case 'merge':
        return this.start(message, (supplies) => this.runner.merge(message.spec, supplies));
      case 'extent':
        this.jobs.get(message.job)?.receive(message.extent, message.tableId);
        return;
      case 'refusal':
        this.jobs.get(message.job)?.refuse(fromErrorMessage(message.error));
        return;
      case 'cancel-merges':
        return this.runner.cancelMerges();
      case 'close':
        void this.close();
    }
  }

  private start(
    { job, tableIds }: { readonly job: number; readonly tableIds: readonly number[] },
    run: (supplies: JobSupplies) => Promise<JobOutcome>,
  ): void {
    const supplies = new MessagedSupplies(job, [...tableIds], this.send);
    this.jobs.set(job, supplies);
    run(supplies).then(
      (outcome) => {
        this.jobs.delete(job);
        this.send({ kind: 'done', job, outcome });
      },
      (error: unknown) => {
        this.jobs.delete(job);
        this.send({ kind: 'failed', job, error: toErrorMessage(error) });
      },
    );
  }
}

const port = parentPort;
invariant(port !== null, 'worker.ts runs as a worker thread');
const worker = new Worker(workerData as WorkerSettings, (message) => port.postMessage(message));
port.on('message', (message: ToWorker) => worker.receive(message));
