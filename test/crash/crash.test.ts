import { expect } from 'chai';
import type { Bytes } from '../../lsm/base/bytes.js';
import { STORE_ID_BYTES, WAL_HEADER_BYTES } from '../../lsm/wal/format.js';
import { repairLog } from '../fuzz/logs.js';
import { engine, type OpenStore } from '../support/subject.js';
import { runCrashCampaign } from './campaign.js';
import { exploreFaults, showFaultFailure } from './faults.js';
import { killRounds } from './kill.js';
import { showFailure } from './laboratory.js';
import { plantedFaults } from './planted-faults.js';
import { crashProgram } from './programs.js';

/** Gives every record of a log of the engine the checksum of the bytes it has. */
function repairEngineLog(log: Bytes, logNumber: number): void {
  if (log.length >= WAL_HEADER_BYTES) {
    repairLog(log, logNumber, log.slice(STORE_ID_AT, STORE_ID_AT + STORE_ID_BYTES));
  }
}

/** Where the header of a log tells whose it is. */
const STORE_ID_AT = 18;

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
      const { cuts, found } = await runCrashCampaign({
        openStore,
        planted,
        cuts: planted.findableWithin,
        cutPoints: 16,
        images: 3,
        seed: 2,
        budgetMs: 15_000,
        shrinkMs: 0,
      });
      expect(found, `nothing was found in ${cuts} cuts`).not.to.equal(undefined);
    });
  }

  it('holds what it acknowledged when its process is killed', async () => {
    const { wrong } = await killRounds(openStore, 1, 4);
    expect(wrong).to.equal(undefined);
  });
});
