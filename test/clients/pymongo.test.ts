/** pymongo works on a served file. ELMO_PYTHON names a Python that has it; without one these tests skip. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { projectFolder } from '../support/source-tree.js';
import { serveInMemory, type Served } from './fixture.js';

const execute = promisify(execFile);

async function findPython(): Promise<string | undefined> {
  for (const python of [process.env['ELMO_PYTHON'], 'python3', 'python']) {
    if (python === undefined) continue;
    const found = await execute(python, ['-c', 'import pymongo, gridfs']).then(
      () => true,
      () => false,
    );
    if (found) return python;
  }
  return undefined;
}

describe('pymongo', function () {
  this.timeout(60_000);
  let served: Served;
  afterEach(() => served?.close());

  it('documents, cursors, transactions, files, errors', async function () {
    const python = await findPython();
    if (python === undefined) {
      console.log('    skipped: there is no Python with pymongo');
      return this.skip();
    }
    served = await serveInMemory();
    const program = join(projectFolder(), 'test', 'clients', 'pymongo_program.py');
    const { stdout } = await execute(python, [program, served.uri]);
    expect(stdout.trim()).to.equal('all as expected');
  });
});
