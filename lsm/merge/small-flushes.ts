/**
 * Flushes small memtables in this thread while the other one is not there: starting it takes some 50 ms, a small flush one
 * or two. So a store that is opened for a few writes closes without it.
 *
 * Small loads are written in this thread as well, whose user waits for them: they take a thread that has just started, and
 * has all to compile, three to four times as long.
 */
import type { FlushSpec, JobOutcome, JobRunner, MergeSpec } from './job-runner.js';

/** Operations of so many bytes are flushed within one slice of time. */
export const SMALL_BYTES = 128 * 1024;

/** Entries of a load of so many bytes are sorted and written here: some 160,000 of an index, sorted in 13 ms. */
export const SMALL_LOAD_BYTES = 4 * 1024 * 1024;

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
    const bytes = spec.entries.arena.length;
    const isHere =
      spec.isUnsorted === true ? bytes <= SMALL_LOAD_BYTES : !this.there.isStarted && bytes <= SMALL_BYTES;
    if (!isHere) return this.there.flush(spec);
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
