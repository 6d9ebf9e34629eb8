/** A laboratory that finds nothing must be known to find something. */
import { expect } from 'chai';
import { repairToyLog, ToyStore } from '../support/toy-store.js';
import { runCrashCampaign } from './campaign.js';
import type { OpenCrashStore } from './crash-store.js';
import { showFailure } from './laboratory.js';
import { plantedFaults } from './planted-faults.js';

describe('crash laboratory, on a toy store', function () {
  this.timeout(30_000);
  const openToy: OpenCrashStore = (path, options) => ToyStore.open(path, options);

  it('finds nothing on a disk that keeps its word', async () => {
    const { cuts, found } = await runCrashCampaign({ openStore: openToy, cuts: 600, seed: 1, shrinkMs: 0 });
    if (found !== undefined) expect.fail(showFailure(found));
    expect(cuts).to.equal(600);
  });

  for (const planted of plantedFaults(repairToyLog)) {
    it(`within 100 cuts finds that ${planted.name}`, async () => {
      const { found } = await runCrashCampaign({
        openStore: openToy,
        planted,
        cuts: 100,
        cutPoints: 12,
        images: 3,
        seed: 1,
        shrinkMs: 0,
      });
      expect(found, 'nothing was found').not.to.equal(undefined);
    });
  }
});
