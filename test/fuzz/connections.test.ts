import { expect } from 'chai';
import { storm } from './connections.js';

describe('many clients that misbehave', function () {
  this.timeout(60_000);

  it('do no harm to one that does not', async () => {
    const { wrong, pings } = await storm(600);
    expect(wrong).to.deep.equal([]);
    expect(pings).to.be.greaterThan(10);
  });
});
