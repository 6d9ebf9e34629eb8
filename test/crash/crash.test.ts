import { expect } from 'chai';
import { engine, type OpenStore } from '../support/subject.js';
import { runCrashCampaign } from './campaign.js';
import { exploreFaults, showFaultFailure } from './faults.js';
import { killRounds } from './kill.js';
import { showFailure } from './laboratory.js';
import { plantedFaults } from './planted-faults.js';
import { repairEngineLog, searchPlanted } from './planted-search.js';
import { crashProgram } from './programs.js';

describe('the engine after a disaster', function () {
  this.timeout(60_000);
  let openStore: OpenStore;
  before(async function () {
    openStore = await engine();
  });

  it('holds what it acknowledged after power cuts and crashes', async () => {
    const { cuts, found, shortest } = await runCrashCampaign({
      openStore,
      cuts: 1000,
      cutPoints: 30,
      seed: 1,
      budgetMs: 8000,
    });
    if (found !== undefined) expect.fail(`seed ${found.program.seed}, ${showFailure(shortest ?? found)}`);
    expect(cuts).to.be.greaterThan(100);
  });

  it('loses nothing when calls fail, and works again or says why not', async () => {
    const end = performance.now() + 5000;
    for (let seed = 1; seed <= 8; seed++) {
      const found = await exploreFaults(crashProgram(seed), openStore, 6, () => performance.now() < end);
      if (found !== undefined) expect.fail(`seed ${seed}, ${showFaultFailure(found)}`);
    }
  });

  for (const planted of plantedFaults(repairEngineLog)) {
    it(`is not trusted when ${planted.name}`, async () => {
      const { cuts, found } = await searchPlanted(openStore, planted, 2);
      expect(found, `nothing was found in ${cuts} cuts`).not.to.equal(undefined);
    });
  }

  it('holds what it acknowledged when its process is killed', async () => {
    const { wrong } = await killRounds(openStore, 1, 4);
    expect(wrong).to.equal(undefined);
  });
});
