import { expect } from 'chai';
import { BlockCache } from '../../../lsm/cache/block-cache.js';
import { LentMemory } from '../../../lsm/cache/work-memory.js';

describe('LentMemory', () => {
  it('is lent by the cache, as much as each piece of work takes at a time', () => {
    const cache = new BlockCache(1 << 20, 256);
    const one = new LentMemory(cache);
    const other = new LentMemory(cache);
    expect(one.isTaken).to.equal(false);
    one.set(1000);
    other.set(300);
    one.set(1200);
    expect([one.isTaken, cache.stats().lentBytes]).to.deep.equal([true, 1500]);
    one.set(0);
    one.set(0);
    expect([one.isTaken, cache.stats().lentBytes]).to.deep.equal([false, 300]);
    other.set(0);
    expect(cache.stats().lentBytes).to.equal(0);
  });
});
