import { expect } from 'chai';
import { SyncChoice } from '../../../lsm/wal/sync-choice.js';

/** Where syncs run, one after another: 'p' in the pool, 'n' at once. */
class Syncs {
  private ms = 0;
  private readonly choice = new SyncChoice({ nowMs: () => this.ms });
  log = '';

  sync({ takes = 0.2, isAlone = true, wasJoined = false } = {}): void {
    this.log += this.choice.begin(isAlone) ? 'n' : 'p';
    this.ms += takes;
    this.choice.end(isAlone, wasJoined);
  }
}

describe('where a sync runs', () => {
  it('is at once for a writer who is alone on a fast disk, but for one in sixteen', () => {
    const syncs = new Syncs();
    for (let i = 0; i < 33; i++) syncs.sync();
    expect(syncs.log).to.equal(`p${'n'.repeat(15)}p${'n'.repeat(15)}p`);
  });

  it('is the pool when several wait, or come while it runs', () => {
    const syncs = new Syncs();
    for (let i = 0; i < 5; i++) syncs.sync({ isAlone: false });
    for (let i = 0; i < 5; i++) syncs.sync({ wasJoined: true });
    expect(syncs.log).to.equal('pppppppppp');
    syncs.sync();
    syncs.sync();
    syncs.sync({ isAlone: false });
    syncs.sync();
    expect(syncs.log).to.equal('ppppppppppp' + 'npp');
  });

  it('is the pool for long after a sync that took long', () => {
    const syncs = new Syncs();
    syncs.sync();
    syncs.sync({ takes: 12 });
    for (let i = 0; i < 64; i++) syncs.sync();
    expect(syncs.log).to.equal(`pn${'p'.repeat(64)}`);
    syncs.sync();
    expect(syncs.log.endsWith('n')).to.equal(true);
    const slow = new Syncs();
    for (let i = 0; i < 100; i++) slow.sync({ takes: 3 });
    expect(slow.log).to.equal('p'.repeat(100));
  });
});
