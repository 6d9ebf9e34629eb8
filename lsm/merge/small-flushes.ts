/**
 * Flushes small memtables in this thread while the other one is not there: starting it takes some 50 ms, a small flush one
 * or two. So a store that is opened for a few writes closes without it.
 */
import type { FlushSpec, JobOutcome, JobRunner, MergeSpec } from './job-runner.js';

/** Operations of so many bytes are flushed within one slice of time. */
export const SMALL_BYTES = 128 * 1024;

/** A runner that has to be started. */
export interface StartedRunner extends JobRunner {
  readonly isStarted: boolean;
}

export class SmallFlushesHere implements JobRunner {
  /**
   * @param there  runs all else
   * @param here   in this thread
   */
  constructor(
    private readonly there: StartedRunner,
    private readonly here: JobRunner,
  ) {}

  flush(spec: FlushSpec): Promise<JobOutcome> {
    if (this.there.isStarted || spec.entries.arena.length > SMALL_BYTES) return this.there.flush(spec);
    return this.here.flush(spec).finally(() => this.here.letGo());
  }

  merge(spec: MergeSpec): Promise<JobOutcome> {
    return this.there.merge(spec);
  }

  cancelMerges(): void {
    this.there.cancelMerges();
  }

  prepare(): void {
    this.there.prepare();
  }

  async letGo(): Promise<void> {
    await this.here.letGo();
    await this.there.letGo();
  }

  async close(): Promise<void> {
    await this.here.close();
    await this.there.close();
  }
}
