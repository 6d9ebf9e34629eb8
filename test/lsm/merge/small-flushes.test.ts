import { expect } from 'chai';
import type { FlushSpec, JobOutcome, JobRunner, MergeSpec } from '../../../lsm/merge/job-runner.js';
import { SMALL_BYTES, SMALL_LOAD_BYTES, SmallFlushesHere } from '../../../lsm/merge/small-flushes.js';
import { sortedOf } from './history.js';

/** A runner that only notes what it is asked. */
class Noting implements JobRunner {
  isStarted = false;

  constructor(
    private readonly name: string,
    private readonly asked: string[],
  ) {}

  private note(what: string): Promise<JobOutcome> {
    this.asked.push(`${this.name}: ${what}`);
    return Promise.resolve({} as JobOutcome);
  }
  flush(): Promise<JobOutcome> {
    return this.note('flush');
  }
  merge(): Promise<JobOutcome> {
    return this.note('merge');
  }
  cancelMerges(): void {
    void this.note('cancel');
  }
  prepare(): void {
    void this.note('prepare');
  }
  async letGo(): Promise<void> {
    await this.note('let go');
  }
  async close(): Promise<void> {
    await this.note('close');
  }
}

describe('small flushes', () => {
  let asked: string[];
  let there: Noting;
  let runner: SmallFlushesHere;

  const flushOf = (bytes: number): FlushSpec => ({
    entries: sortedOf([{ kind: 'put', key: 1, bytes }], 1),
    snapshots: [],
    tableBytes: 4096,
    keepSeqsAbove: 0,
    deeperSpans: undefined,
  });

  beforeEach(() => {
    asked = [];
    there = new Noting('there', asked);
    runner = new SmallFlushesHere(there, new Noting('here', asked));
  });

  it('are run here, and leave nothing behind', async () => {
    await runner.flush(flushOf(100));
    expect(asked).to.deep.equal(['here: flush', 'here: let go']);
  });

  it('are run by the other thread when it is there anyway', async () => {
    there.isStarted = true;
    await runner.flush(flushOf(100));
    expect(asked).to.deep.equal(['there: flush']);
  });

  it('are not large ones, nor merges: those start it', async () => {
    await runner.flush(flushOf(SMALL_BYTES));
    await runner.merge({} as MergeSpec);
    runner.prepare();
    runner.cancelMerges();
    expect(asked).to.deep.equal(['there: flush', 'there: merge', 'there: prepare', 'there: cancel']);
  });

  it('include what a load has gathered, up to some megabytes, whether the other thread is there or not', async () => {
    const loadOf = (bytes: number): FlushSpec => {
      const spec = flushOf(100);
      return { ...spec, isUnsorted: true, entries: { ...spec.entries, arena: new Uint8Array(bytes) } };
    };
    for (const isStarted of [false, true]) {
      there.isStarted = isStarted;
      await runner.flush(loadOf(SMALL_LOAD_BYTES));
      await runner.flush(loadOf(SMALL_LOAD_BYTES + 1));
    }
    const each = ['here: flush', 'here: let go', 'there: flush'];
    expect(asked).to.deep.equal([...each, ...each]);
  });

  it('end with the others', async () => {
    await runner.letGo();
    await runner.close();
    expect(asked).to.deep.equal(['here: let go', 'there: let go', 'here: close', 'there: close']);
  });
});
