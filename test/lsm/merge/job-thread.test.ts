import { expect } from 'chai';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { LsmError } from '../../../lsm/errors.js';
import { NodeFileSystem } from '../../../lsm/env/node-files.js';
import type { File } from '../../../lsm/env/file-system.js';
import type { FlushSpec, JobOutcome, MergeSpec } from '../../../lsm/merge/job-runner.js';
import { IDLE_MS, JobThread, startWorker } from '../../../lsm/merge/job-thread.js';
import type { MergePlan } from '../../../lsm/merge/pick.js';
import { changeOf } from '../../../lsm/merge/schedule.js';
import { FakeClock } from '../../support/fake-clock.js';
import { sortedOf, type Write } from './history.js';
import { CountingOwner, FORM, MergeBench, TABLE_BYTES } from './merge-bench.js';

const puts = (count: number, bytes: number): Write[] =>
  Array.from({ length: count }, (_, key) => ({ kind: 'put', key, bytes }));

describe('JobThread', function () {
  let directory: string;
  let file: File;
  let owner: CountingOwner;
  let thread: JobThread;
  let clock: FakeClock;
  let workers: Worker[];

  const flushSpec = (part: Write[], firstSeq: number): FlushSpec => ({
    entries: sortedOf(part, firstSeq, true),
    snapshots: [],
    tableBytes: TABLE_BYTES,
    keepSeqsAbove: 0,
    deeperSpans: undefined,
  });
  const mergeSpec = (runs: MergeSpec['runs']): MergeSpec => ({
    runs,
    nextLevel: [],
    passTombstoneShare: 0.2,
    tableBytes: TABLE_BYTES,
    keepSeqsAbove: Infinity,
    deeperSpans: [],
  });
  const makeThread = (path: string): JobThread =>
    new JobThread({ path, cipherKey: undefined, form: FORM }, owner, clock, (settings) => {
      const worker = startWorker(settings);
      workers.push(worker);
      return worker;
    });
  const failureOf = async (job: Promise<JobOutcome>): Promise<LsmError> => {
    const error = await job.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(LsmError);
    return error as LsmError;
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'elmo-merge-'));
    file = new NodeFileSystem().open(join(directory, 'store'), 'create');
    owner = new CountingOwner();
    workers = [];
    clock = new FakeClock();
    thread = makeThread(file.path);
  });

  afterEach(async () => {
    await thread.close();
    file.close();
    rmSync(directory, { recursive: true });
  });

  it('flushes and merges into the same file', async () => {
    const a = await thread.flush(flushSpec(puts(30, 700), 1));
    const b = await thread.flush(flushSpec(puts(30, 700), 100));
    expect(a.tables.length).to.be.at.least(3);
    const merged = await thread.merge(mergeSpec([b.tables, a.tables]));
    expect(merged.stats.ms).to.be.greaterThan(0);
    const { entries } = new MergeBench(file).contents(merged.tables);
    expect(entries.map((e) => e.value).sort()).to.deep.equal(Array.from({ length: 30 }, (_, i) => 100 + i));
    expect(workers.length, 'one worker for all jobs').to.equal(1);
    expect(owner.lent.size).to.equal(a.tables.length + b.tables.length + merged.tables.length);
  });

  it('lets a flush overtake a running merge', async () => {
    const runs: JobOutcome[] = [];
    for (let i = 0; i < 3; i++) runs.unshift(await thread.flush(flushSpec(puts(40, 4000), 1 + i * 100)));
    const order: string[] = [];
    const flush = flushSpec(puts(5, 10), 1000);
    const done: Promise<unknown>[] = [];
    let loans = 0;
    owner.beforeLoan = () => {
      if (++loans === 2) done.push(thread.flush(flush).then(() => order.push('flush')));
    };
    await thread.merge(mergeSpec(runs.map((run) => run.tables))).then(() => order.push('merge'));
    await Promise.all(done);
    expect(order).to.deep.equal(['flush', 'merge']);
  });

  it('cancels a merge and gives its space back', async () => {
    const a = await thread.flush(flushSpec(puts(40, 4000), 1));
    const b = await thread.flush(flushSpec(puts(40, 4000), 100));
    const lent = owner.lent.size;
    owner.beforeLoan = () => thread.cancelMerges();
    const error = await failureOf(thread.merge(mergeSpec([b.tables, a.tables])));
    expect(error.code).to.equal('Aborted');
    expect(owner.lent.size).to.equal(lent);
  });

  it('rejects the jobs of a worker that dies, gives their space back, and starts another', async () => {
    const a = await thread.flush(flushSpec(puts(40, 4000), 1));
    const b = await thread.flush(flushSpec(puts(40, 4000), 100));
    const lent = owner.lent.size;
    let loans = 0;
    owner.beforeLoan = () => {
      if (++loans === 2) void workers[0]!.terminate();
    };
    const error = await failureOf(thread.merge(mergeSpec([b.tables, a.tables])));
    expect(error.code).to.equal('Io');
    expect(error.message).to.match(/worker thread ended/);
    expect(owner.lent.size).to.equal(lent);
    await thread.merge(mergeSpec([b.tables, a.tables]));
    expect(workers.length).to.equal(2);
  });

  it('ends its worker when there was no job for a while, and starts another for the next', async () => {
    const a = await thread.flush(flushSpec(puts(3, 10), 1));
    clock.advance(IDLE_MS - 1);
    const b = await thread.flush(flushSpec(puts(3, 10), 100));
    clock.advance(IDLE_MS - 1);
    expect(workers.length).to.equal(1);
    const gone = once(workers[0]!, 'exit');
    clock.advance(1);
    const merged = await thread.merge(mergeSpec([b.tables, a.tables]));
    expect(workers.length).to.equal(2);
    expect(new MergeBench(file).contents(merged.tables).entries).to.have.lengthOf(3);
    await gone;
    clock.advance(IDLE_MS);
    await thread.close();
    expect(workers.map((worker) => worker.threadId)).to.deep.equal([-1, -1]);
  });

  it('ends its worker at once when it is told that nothing is due, but not under a job', async () => {
    await thread.letGo();
    const a = await thread.flush(flushSpec(puts(3, 10), 1));
    await thread.letGo();
    expect(workers.map((worker) => worker.threadId)).to.deep.equal([-1]);
    const running = thread.flush(flushSpec(puts(3, 10), 100));
    await thread.letGo();
    const b = await running;
    expect(workers.length).to.equal(2);
    const merged = await thread.merge(mergeSpec([b.tables, a.tables]));
    expect(new MergeBench(file).contents(merged.tables).entries).to.have.lengthOf(3);
    expect(workers.length).to.equal(2);
  });

  it('starts its worker before the first job when it is told of one, and ends it if none comes', async () => {
    thread.prepare();
    thread.prepare();
    expect(workers.length).to.equal(1);
    await thread.flush(flushSpec(puts(3, 10), 1));
    thread.prepare();
    expect(workers.length).to.equal(1);
    const gone = once(workers[0]!, 'exit');
    clock.advance(IDLE_MS);
    await gone;
    await thread.close();
    thread.prepare();
    expect(workers.length).to.equal(1);
  });

  it('carries an error of the owner there and back', async () => {
    owner.beforeLoan = () => {
      throw new LsmError('no space left', 'DiskFull', { file: 'store', offset: 5 });
    };
    const error = await failureOf(thread.flush(flushSpec(puts(3, 10), 1)));
    expect([error.code, error.message, error.at]).to.deep.equal([
      'DiskFull',
      'no space left',
      { file: 'store', offset: 5 },
    ]);
    expect(owner.lent.size).to.equal(0);
  });

  it('tells of a full disk, and gives the space back', async function () {
    if (!existsSync('/dev/full')) return this.skip();
    const full = makeThread('/dev/full');
    const error = await failureOf(full.flush(flushSpec(puts(30, 700), 1)));
    expect(error.code).to.equal('DiskFull');
    expect(error.at!.file).to.equal('/dev/full');
    expect(owner.lent.size).to.equal(0);
    await full.close();
  });

  it('tells of a damaged table', async () => {
    const a = await thread.flush(flushSpec(puts(10, 300), 1));
    const { offset } = a.tables[0]!;
    file.write(new Uint8Array(64).fill(0x5a), 0, 64, offset + 100);
    const b = await thread.flush(flushSpec(puts(10, 300), 100));
    const error = await failureOf(thread.merge(mergeSpec([b.tables, a.tables])));
    expect(error.code).to.equal('Corrupt');
    expect(error.at!.offset).to.be.at.least(offset);
  });

  it('rejects when the file cannot be opened', async () => {
    const lost = makeThread(join(directory, 'absent'));
    const error = await failureOf(lost.flush(flushSpec(puts(1, 1), 1)));
    expect(error.code).to.equal('Io');
    expect(error.message).to.match(/does not exist/);
    await lost.close();
  });

  it('refuses jobs after close, and closes twice', async () => {
    await thread.flush(flushSpec(puts(1, 1), 1));
    await thread.close();
    await thread.close();
    expect((await failureOf(thread.flush(flushSpec(puts(1, 1), 1)))).code).to.equal('Closed');
  });

  it('close ends a running merge', async () => {
    const a = await thread.flush(flushSpec(puts(40, 4000), 1));
    const b = await thread.flush(flushSpec(puts(40, 4000), 100));
    const merge = failureOf(thread.merge(mergeSpec([b.tables, a.tables])));
    await thread.close();
    expect((await merge).code).to.equal('Aborted');
    expect(owner.lent.size).to.equal(a.tables.length + b.tables.length);
  });
});

describe('changeOf', () => {
  it('leaves tables of the output level where they are, moves the others', async () => {
    const bench = new MergeBench();
    const lower = await bench.flush(puts(20, 900), 1);
    const upper = await bench.flush([{ kind: 'put', key: 30, bytes: 3500 }], 100);
    const plan: MergePlan = {
      reason: 'level-zero',
      score: 1,
      inputLevel: 0,
      outputLevel: 1,
      inputs: [upper.tables, lower.tables],
      includesOutputLevel: true,
      moves: [],
      isBottom: true,
      deeperSpans: [],
      nextLevel: [],
      pointer: undefined,
    };
    const outcome = await bench.merge(plan.inputs);
    expect(outcome.tables).to.deep.equal([]);
    const change = changeOf(plan, outcome);
    expect(change.removeTables).to.deep.equal(upper.tables.map((table) => table.id));
    expect(change.addTables).to.deep.equal(upper.tables);
  });
});
