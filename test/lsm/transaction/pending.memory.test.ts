/** A transaction many times larger than the memory it may use, in a process of its own, so that its memory is measured. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { projectFolder } from '../../support/source-tree.js';

describe('a transaction of 100 MB in 16 MiB of memory', () => {
  it('reads its own writes, commits at once, and leaves memory alone', async () => {
    const script = join(projectFolder(), 'dist/bench/transaction.js');
    const argv = [script, '--megabytes', '100', '--memory', '16', '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, argv);
    const result = JSON.parse(stdout) as Record<string, number>;
    expect(result['entries']).to.equal(98_425);
    expect(result['pending tables']).to.be.greaterThan(4);
    // The arrays of the transaction and of the store, two threads' compiled code and garbage: not the 100 MB.
    expect(result['more MiB']).to.be.below(64);
  }).timeout(120_000);
});
