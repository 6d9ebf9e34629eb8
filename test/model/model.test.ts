import { expect } from 'chai';
import { OPTIONS_MATRIX } from '../support/options-matrix.js';
import { engine, type OpenStore } from '../support/subject.js';
import { runCampaign } from './campaign.js';
import { showDifference } from './laboratory.js';

describe('the engine answers like the model', function () {
  this.timeout(60_000);
  let openStore: OpenStore;
  before(async function () {
    openStore = await engine();
  });

  for (const [i, row] of OPTIONS_MATRIX.entries()) {
    it(`with ${row.name}`, async () => {
      const { played, found } = await runCampaign(openStore, {
        seed: 1000 * (i + 1),
        programs: 40,
        row: row.name,
        budgetMs: 1800,
      });
      if (found !== undefined) expect.fail(`seed ${found.seed}, ${showDifference(found.difference)}`);
      expect(played).to.be.greaterThan(0);
    });
  }
});
