import { expect } from 'chai';
import { runFuzz } from './runner.js';

describe('damaged bytes give data or a typed refusal', function () {
  this.timeout(60_000);

  for (const target of ['blocks', 'manifests', 'logs', 'files', 'messages']) {
    it(`in ${target}`, async function () {
      const { done, wrong } = await runFuzz({ target, seed: 1, count: 1_000_000, budgetMs: 2000 });
      expect(wrong).to.equal(undefined);
      expect(done).to.be.greaterThan(5); // few on a machine that has other work
    });
  }
});
