import { expect } from 'chai';
import { LsmError } from '../../../lsm/errors.js';
import type { Version } from '../../../lsm/manifest/version.js';
import type { FlushSpec, JobOutcome, JobRunner, MergeSpec } from '../../../lsm/merge/job-runner.js';
import { MergeScheduler, writeDelayMs, type MergeChange } from '../../../lsm/merge/schedule.js';
import { resolveOptions } from '../../../lsm/options.js';
import { FakeClock } from '../../support/fake-clock.js';
import { Simulation } from './simulation.js';

const NOTHING: JobOutcome = {
  tables: [],
  moved: [],
  droppedBlobs: [],
  stats: { entriesIn: 1, entriesOut: 0, bytesIn: 5, bytesOut: 0, tombstonesDropped: 0, ms: 1 },
};

/** Merges end when the test says so. */
class HeldRunner implements JobRunner {
  readonly merges: { spec: MergeSpec; resolve(outcome: JobOutcome): void; reject(error: unknown): void }[] =
    [];

  flush(_spec: FlushSpec): Promise<JobOutcome> {
    return Promise.reject(new Error('no flush is asked for'));
  }
  merge(spec: MergeSpec): Promise<JobOutcome> {
    return new Promise((resolve, reject) => this.merges.push({ spec, resolve, reject }));
  }
  cancelMerges(): void {
    for (const merge of this.merges) merge.reject(new LsmError('cancelled', 'Aborted'));
  }
  prepare(): void {}
  async letGo(): Promise<void> {}
  async close(): Promise<void> {}
}

class Stage {
  readonly clock = new FakeClock();
  readonly runner = new HeldRunner();
  readonly changes: MergeChange[] = [];
  readonly errors: LsmError[] = [];
  readonly simulation = new Simulation({
    levelZeroRuns: 2,
    levelFactor: 8,
    levelOneBytes: 1e6,
    tableBytes: 1e5,
  });
  version: Version;
  /** What a change makes of the version. */
  nextVersion: Version = { number: 2, runs: [] };
  readonly scheduler: MergeScheduler;

  constructor(autoMerge = true) {
    this.simulation.flush(0, 1, 1e5);
    this.simulation.flush(0, 1, 1e5);
    this.version = this.simulation.version;
    this.scheduler = new MergeScheduler({
      clock: this.clock,
      options: { ...this.simulation.options, autoMerge },
      runner: this.runner,
      version: () => this.version,
      pickState: () => ({ levelPointers: new Map(), busyTables: new Set(), keepSeqsAbove: 9 }),
      publish: async (change) => {
        this.changes.push(change);
        this.version = this.nextVersion;
      },
      tidy: () => Promise.resolve(false),
      onError: (error) => this.errors.push(error),
    });
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 5; i++) await this.clock.turn();
  }
}

describe('MergeScheduler', () => {
  it('runs what is due when poked, and publishes it', async () => {
    const stage = new Stage();
    stage.scheduler.poke();
    await stage.settle();
    expect(stage.runner.merges.length).to.equal(1);
    expect(stage.runner.merges[0]!.spec.keepSeqsAbove).to.equal(9);
    const inputs = stage.version.runs.flatMap((run) => run.tables.map((table) => table.id));
    stage.runner.merges[0]!.resolve(NOTHING);
    await stage.scheduler.idle();
    expect(stage.changes.length).to.equal(1);
    expect(stage.changes[0]!.removeTables).to.have.members(inputs);
    expect(stage.scheduler.log.map((record) => record.reason)).to.deep.equal(['level-zero']);
    expect(stage.scheduler.log[0]!.bytesPromoted).to.equal(2e5);
  });

  it('does nothing by itself without autoMerge', async () => {
    const stage = new Stage(false);
    stage.scheduler.poke();
    await stage.settle();
    expect(stage.runner.merges.length).to.equal(0);
  });

  it('reports an error and tries again, later each time', async () => {
    const stage = new Stage();
    stage.scheduler.poke();
    for (const [i, delayMs] of [100, 200, 400].entries()) {
      await stage.settle();
      expect(stage.runner.merges.length).to.equal(i + 1);
      stage.runner.merges[i]!.reject(new LsmError('no room', 'DiskFull'));
      await stage.scheduler.idle();
      expect(stage.errors.length).to.equal(i + 1);
      stage.scheduler.poke();
      stage.clock.advance(delayMs - 1);
      await stage.settle();
      expect(stage.runner.merges.length, 'not before its time').to.equal(i + 1);
      stage.clock.advance(1);
    }
    await stage.settle();
    expect(stage.scheduler.error!.code).to.equal('DiskFull');
    stage.runner.merges[3]!.resolve(NOTHING);
    await stage.scheduler.idle();
    expect(stage.scheduler.error).to.equal(undefined);
  });

  it('pauses: begins nothing until resumed', async () => {
    const stage = new Stage();
    await stage.scheduler.pause();
    stage.scheduler.poke();
    await stage.settle();
    expect(stage.runner.merges.length).to.equal(0);
    stage.scheduler.resume();
    await stage.settle();
    expect(stage.runner.merges.length).to.equal(1);
    await stage.scheduler.close();
  });

  it('close cancels the running merge, reports nothing, and begins nothing more', async () => {
    const stage = new Stage();
    stage.scheduler.poke();
    await stage.settle();
    await stage.scheduler.close();
    stage.scheduler.poke();
    await stage.settle();
    expect([stage.errors, stage.runner.merges.length, stage.clock.timerCount]).to.deep.equal([[], 1, 0]);
    const late = await stage.scheduler.mergeAll().catch((error: unknown) => (error as LsmError).code);
    expect(late).to.equal('Closed');
  });

  it('mergeAll waits for the running merge, and passes its own error on', async () => {
    const stage = new Stage(false);
    stage.nextVersion = stage.version;
    const first = stage.scheduler.mergeAll();
    const second = stage.scheduler.mergeAll().catch((error: unknown) => (error as LsmError).code);
    await stage.settle();
    expect(stage.runner.merges.length, 'one at a time').to.equal(1);
    stage.runner.merges[0]!.resolve(NOTHING);
    await first;
    await stage.settle();
    stage.runner.merges[1]!.reject(new LsmError('no room', 'DiskFull'));
    expect(await second).to.equal('DiskFull');
    expect(stage.errors).to.deep.equal([]);
  });

  it('remembers the last hundred merges', async () => {
    const stage = new Stage(false);
    stage.nextVersion = stage.version;
    for (let i = 0; i < 103; i++) {
      const done = stage.scheduler.mergeAll();
      stage.runner.merges[i]!.resolve(NOTHING);
      await done;
    }
    expect(stage.scheduler.log.length).to.equal(100);
  });
});

describe('writeDelayMs', () => {
  const options = resolveOptions({ slowdownRuns: 10 });
  for (const [why, runs, frozen, expected] of [
    ['nothing below the limit', 9, 1, 0],
    ['nothing at the limit', 10, 1, 0],
    ['little above it', 12, 1, 0.08],
    ['more in the middle', 20, 0, 2],
    ['all at three times as many', 30, 1, 8],
    ['never more', 300, 2, 8],
    ['a second frozen memtable counts as a run', 11, 2, 0.08],
  ] as const) {
    it(why, () => expect(writeDelayMs(runs, frozen, options)).to.be.closeTo(expected, 1e-9));
  }
});
