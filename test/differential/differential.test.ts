/** A short run of the differential laboratory; skipped when no reference engine is listening. */
import { expect } from 'chai';
import { WireClient } from '../support/wire-client.js';
import { runRound } from './campaign.js';
import { messageOf } from './sides.js';

const REFERENCE_PORT = 27_117;
const ROUNDS = 20;

describe('random commands, beside the reference engine', () => {
  let reference: WireClient | undefined;

  before(async function () {
    reference = await WireClient.open(REFERENCE_PORT).catch(() => undefined);
    if (reference === undefined) this.skip(); // none is listening
  });
  after(async () => {
    await reference?.sendMessage(messageOf({ command: { dropDatabase: 1 } }));
    reference?.close();
  });

  it('are answered alike', async () => {
    for (let seed = 1; seed <= ROUNDS; seed++)
      expect((await runRound(seed, reference!)).difference, `round ${seed}`).to.equal(undefined);
  }).timeout(60_000);
});
