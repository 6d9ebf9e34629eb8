import { expect } from 'chai';
import { serverKillRounds } from './server-kill.js';

describe('a server that is killed while 32 clients write', function () {
  this.timeout(60_000);

  it('has lost nothing that was acknowledged', async () => {
    const { wrong, acknowledged } = await serverKillRounds(1, 2);
    expect(wrong).to.equal(undefined);
    expect(acknowledged).to.be.greaterThan(32);
  });
});
