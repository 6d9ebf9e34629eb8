/** A sort larger than what it may hold, in a process of its own, so that its memory is measured. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { projectFolder } from '../../support/source-tree.js';

describe('a sort of 150 MB without an index', () => {
  it('takes little more than the cache of 64 MiB beside the process: its rows, its thread and its caller included', async () => {
    const script = join(projectFolder(), 'dist/bench/large-sort.js');
    const { stdout } = await promisify(execFile)(process.execPath, [script, '--megabytes', '150', '--json']);
    const result = JSON.parse(stdout) as Record<string, number>;
    expect(result['rows']).to.equal(150_000);
    // It was 168 when rows, overlays, tables being built and the heap of the thread came on top of the cache; now 101.
    expect(result['peak MB']! - result['memory before MB']!).to.be.below(150);
  }).timeout(120_000);
});
