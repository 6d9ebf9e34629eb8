import { expect } from 'chai';
import type { LsmError } from '../../../lsm/errors.js';
import type { File } from '../../../lsm/env/file-system.js';
import { MemoryFileSystem } from '../../../lsm/env/memory-files.js';
import { SystemError } from '../../../lsm/env/system-error.js';
import { SerialSyncFile } from '../../../lsm/env/serial-sync-file.js';

interface Call {
  end(): void;
  fail(error: Error): void;
}

/** A file in memory whose syncs end when they are told to. */
function slowFile(): { file: SerialSyncFile; calls: Call[] } {
  const calls: Call[] = [];
  const inner = new MemoryFileSystem().open('/a', 'create');
  const slow = Object.create(inner) as File;
  slow.sync = () => new Promise((end, fail) => calls.push({ end, fail }));
  slow.syncNow = () => expect.fail('not expected');
  return { file: new SerialSyncFile(slow), calls };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('a file whose syncs never overlap', () => {
  it('begins a sync when the one before has ended; who came meanwhile shares it', async () => {
    const { file, calls } = slowFile();
    const ended: string[] = [];
    void file.sync().then(() => ended.push('first'));
    void file.sync().then(() => ended.push('second'));
    void file.sync().then(() => ended.push('third'));
    await turn();
    expect(calls).to.have.lengthOf(1);
    calls[0]!.end();
    await turn();
    expect(ended).to.deep.equal(['first']);
    expect(calls).to.have.lengthOf(2);
    calls[1]!.end();
    await turn();
    expect(ended).to.deep.equal(['first', 'second', 'third']);
    void file.sync();
    expect(calls).to.have.lengthOf(3);
  });

  it('fails for good with the first sync that fails, for those who waited too, and tells its owner once', async () => {
    const { file, calls } = slowFile();
    const told: LsmError[] = [];
    file.onFailure = (cause) => told.push(cause);
    const errors: unknown[] = [];
    const note = (error: unknown): unknown => errors.push(error);
    file.sync().catch(note);
    file.sync().catch(note);
    calls[0]!.fail(new SystemError('EIO'));
    await turn();
    expect(told).to.have.lengthOf(1);
    expect(told[0]!.code).to.equal('Io');
    await file.sync().catch(note);
    expect(errors).to.deep.equal([told[0], told[0], told[0]]);
    expect(calls, 'the system is not asked again').to.have.lengthOf(1);
    expect(() => file.syncNow()).to.throw(told[0]!.message);
    expect(told).to.have.lengthOf(1);
  });
});
