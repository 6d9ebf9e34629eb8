/** The demo is what a newcomer sees first: it runs to its end, and every step shows its code, its result and its time. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { projectFolder } from '../support/source-tree.js';

const execute = promisify(execFile);

describe('the demo', function () {
  this.timeout(60_000);
  let output = '';

  before(async () => {
    const program = join(projectFolder(), 'dist', 'examples', 'demo.js');
    ({ stdout: output } = await execute(process.execPath, [program]));
  });

  it('runs to its end', () => expect(output).to.match(/\nDone in [\d.]+ m?s;/));

  it('numbers its steps, each with code, result and time', () => {
    const steps = output.split(/\n\n(?=\d+\. )/).slice(1);
    expect(steps.length).to.be.at.least(13);
    steps.forEach((step, i) => {
      expect(step).to.match(new RegExp(`^${i + 1}\\. \\S`));
      expect(step, step).to.contain('\n   → ');
      expect(step, step).to.match(/\n {3}[\d.]+ m?s\n?/);
      expect(step, step).to.match(/await |return /);
    });
  });

  it('loses nothing', () => expect(output).to.contain('none is lost; the check finds no fault'));
});
