/** A laboratory that finds nothing must be known to find something. */
import { expect } from 'chai';
import { repairToyLog, ToyStore } from '../support/toy-store.js';
import { runCrashCampaign } from './campaign.js';
import type { OpenCrashStore } from './crash-store.js';
import { exploreFaults, showFaultFailure } from './faults.js';
import { showFailure } from './laboratory.js';
import { plantedFaults } from './planted-faults.js';
import { crashProgram } from './programs.js';

describe('crash laboratory, on a toy store', function () {
  this.timeout(30_000);
  const openToy: OpenCrashStore = (path, options) => ToyStore.open(path, options);

  it('finds nothing on a disk that keeps its word', async () => {
    const { cuts, found } = await runCrashCampaign({ openStore: openToy, cuts: 600, seed: 1, shrinkMs: 0 });
    if (found !== undefined) expect.fail(showFailure(found));
    expect(cuts).to.equal(600);
  });

  for (const planted of plantedFaults(repairToyLog)) {
    it(`soon finds that ${planted.name}`, async () => {
      const { cuts, found } = await runCrashCampaign({
        openStore: openToy,
        planted,
        cuts: planted.findableWithin,
        cutPoints: 12,
        images: 3,
        seed: 1,
        shrinkMs: 0,
      });
      expect(found, `nothing was found in ${cuts} cuts`).not.to.equal(undefined);
    });
  }

  it('cuts a failing program down to the steps that matter', async () => {
    const [planted] = plantedFaults(repairToyLog);
    const { shortest } = await runCrashCampaign({
      openStore: openToy,
      planted,
      cuts: 100,
      cutPoints: 12,
      seed: 1,
    });
    expect(shortest!.program.steps).to.have.lengthOf(1);
  });

  it('finds a store that loses what it acknowledged when calls fail', async () => {
    const found = await exploreFaults(crashProgram(3), openForgetful, 10, () => true);
    expect(found, 'nothing was found').not.to.equal(undefined);
  });

  it('finds nothing in the toy store when calls fail', async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const found = await exploreFaults(crashProgram(seed), openToy, 8, () => true);
      if (found !== undefined) expect.fail(showFaultFailure(found));
    }
  });
});

/** A toy store that acknowledges a write although the log refused it. */
async function openForgetful(...[path, options]: Parameters<OpenCrashStore>): Promise<ToyStore> {
  const store = await ToyStore.open(path, options);
  const write = store.write.bind(store);
  store.write = (...args) => write(...args).catch(() => undefined);
  return store;
}
