import { expect } from 'chai';
import { engine } from '../../support/subject.js';
import { runDocumentCampaign } from './laboratory.js';

describe('documents after a disaster', () => {
  it('are those that were acknowledged, with indexes and counts that agree, transactions whole', async () => {
    const openStore = await engine();
    const { cuts, found } = await runDocumentCampaign({
      openStore,
      cuts: 300,
      points: 12,
      seed: 1,
      budgetMs: 8000,
    });
    expect(found).to.equal(undefined);
    expect(cuts).to.be.greaterThan(20); // few on a machine that has other work
  }).timeout(60_000);
});
