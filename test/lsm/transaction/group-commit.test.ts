/** The logs of a store: when one is made, what becomes of those that are not needed, and what is left of them after a cut. */
import { expect } from 'chai';
import { MemoryFileSystem } from '../../../lsm/env/memory-files.js';
import type { Env } from '../../../lsm/env/env.js';
import type { FileSystem } from '../../../lsm/env/file-system.js';
import { LogSet } from '../../../lsm/transaction/group-commit.js';
import { walPath } from '../../../lsm/wal/format.js';
import { readWal } from '../../../lsm/wal/wal-reader.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FaultyFileSystem } from '../../support/faulty-files.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { batchOf, type Batch } from '../wal/log-fixture.js';

const PATH = '/db.elmo';
const STORE_ID = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

function logsOn<F extends FileSystem>(files: F): LogSet {
  const env: Env = { files, clock: new FakeClock(), random: new SeededRandom(1) };
  if (!files.exists(PATH)) files.open(PATH, 'create').close();
  const data = files.open(PATH, 'write');
  const recovered = { logs: [], nextLog: 1 };
  return new LogSet(env, PATH, data, STORE_ID, undefined, recovered, 100, (cause) => {
    throw cause;
  });
}

const append = (logs: LogSet, { seq, count, ops }: Batch): void =>
  logs.append(seq, count, ops, 0, ops.length);

const names = (files: FileSystem): string[] =>
  files.siblings(PATH).flatMap((name) => (name.includes('-log-') ? [name.slice(-2)] : []));

/** What the log of that number says of itself, and the numbers of its batches. */
function contents(files: FileSystem, logNumber: number): { sealed: boolean; seqs: number[] } {
  const file = files.open(walPath(PATH, logNumber), 'read');
  const seqs: number[] = [];
  const { sealed } = readWal(file, { logNumber, storeId: STORE_ID }, (seq) => void seqs.push(seq));
  file.close();
  return { sealed, seqs };
}

describe('logs of a store', () => {
  it('are made when something is written', async () => {
    const files = new FaultyFileSystem();
    const logs = logsOn(files);
    expect([names(files), logs.count, logs.byteLength, logs.activeNumber]).to.deep.equal([[], 0, 0, 1]);
    await logs.sync();
    expect(names(files)).to.deep.equal([]);
    append(logs, batchOf(1, 20));
    expect([names(files), logs.count, logs.activeNumber]).to.deep.equal([['01'], 1, 1]);
    await logs.sync();
    expect(contents(files.powerCut(new SeededRandom(1)), 1).seqs).to.deep.equal([1]);
    await logs.close(true);
    expect(names(files)).to.deep.equal([]);
  });

  it('leave nothing behind when nothing was written', async () => {
    const files = new FaultyFileSystem();
    const { calls } = files;
    const logs = logsOn(files);
    await logs.close(true);
    expect(files.calls - calls, 'the store itself was made').to.equal(1);
  });

  it('take the file of one that is not needed any more', async () => {
    const files = new FaultyFileSystem();
    const logs = logsOn(files);
    for (let seq = 1; seq <= 30; seq++) append(logs, batchOf(seq, 200));
    logs.rotate();
    append(logs, batchOf(31, 20));
    await logs.retireBelow(2);
    expect(names(files), 'kept under its old name').to.deep.equal(['01', '02']);
    logs.rotate();
    expect(names(files)).to.deep.equal(['02', '03']);
    append(logs, batchOf(32, 20));
    const file = files.open(walPath(PATH, 3), 'read');
    expect(file.size(), 'as long as it was').to.be.greaterThan(30 * 200);
    expect(contents(files, 2)).to.deep.equal({ sealed: true, seqs: [31] });
    expect(contents(files, 3)).to.deep.equal({ sealed: false, seqs: [32] });
    await logs.close(true);
    expect(names(files)).to.deep.equal([]);
  });

  it('keep one such file, not more', async () => {
    const files = new FaultyFileSystem();
    const logs = logsOn(files);
    for (let seq = 1; seq <= 4; seq++) {
      append(logs, batchOf(seq, 20));
      logs.rotate();
    }
    await logs.retireBelow(5);
    expect(names(files)).to.deep.equal(['01', '05']);
    await logs.close(true);
    expect(names(files)).to.deep.equal([]);
  });

  it('keep none where files are in memory', async () => {
    const files = new MemoryFileSystem();
    const logs = logsOn(files);
    append(logs, batchOf(1, 20));
    logs.rotate();
    await logs.retireBelow(2);
    expect(names(files)).to.deep.equal(['02']);
    await logs.close(true);
  });

  it('begin a new file when the old one cannot be renamed', async () => {
    const files = new FaultyFileSystem();
    const logs = logsOn(files);
    append(logs, batchOf(1, 200));
    logs.rotate();
    await logs.retireBelow(2);
    files.failAt('rename', 1, 'EIO');
    logs.rotate();
    append(logs, batchOf(2, 20));
    await logs.sync();
    expect(contents(files, 3)).to.deep.equal({ sealed: false, seqs: [2] });
    await logs.retireBelow(3);
    await logs.close(true);
    expect(names(files)).to.deep.equal([]);
  });

  it('lose nothing that was synced, whenever the power is cut: what the file held before is gone or its own', async () => {
    for (let round = 0; round < 40; round++) {
      const files = new FaultyFileSystem();
      const logs = logsOn(files);
      for (let seq = 1; seq <= 20; seq++) append(logs, batchOf(seq, 300));
      await logs.sync();
      logs.rotate();
      append(logs, batchOf(21, 20));
      await logs.sync();
      await logs.retireBelow(2);
      logs.rotate();
      append(logs, batchOf(22, 20));
      if (round % 2 === 0) await logs.sync();
      append(logs, batchOf(23, 20));
      const after = files.powerCut(new SeededRandom(round));
      const before = contents(after, 2);
      expect(before.seqs).to.deep.equal([21]);
      const { seqs } = after.exists(walPath(PATH, 3)) ? contents(after, 3) : { seqs: [] };
      expect(seqs).to.deep.equal([22, 23].slice(0, seqs.length));
      if (round % 2 === 0) expect([before.sealed, seqs.length > 0]).to.deep.equal([true, true]);
      await logs.close(false);
    }
  });
});
