import { expect } from 'chai';
import * as fc from 'fast-check';
import { BlockCache } from '../../../lsm/cache/block-cache.js';
import { MetaShare } from '../../../lsm/cache/meta-account.js';

function fill(cache: BlockCache, table: number, block: number, length = 100, isCold = false): void {
  cache.reserve(length);
  cache.bytes.fill(table * 16 + block, cache.base, cache.base + length);
  cache.commit(table, block, isCold);
}

function holds(cache: BlockCache, table: number, block: number): boolean {
  if (!cache.find(table, block)) return false;
  for (let i = 0; i < cache.length; i++) {
    expect(cache.bytes[cache.base + i]).to.equal((table * 16 + block) & 255);
  }
  return true;
}

describe('BlockCache', () => {
  it('finds what was committed, with its length', () => {
    const cache = new BlockCache(1 << 20, 256);
    fill(cache, 1, 0, 77);
    fill(cache, 1, 1, 256);
    fill(cache, 2 ** 47, 1, 3);
    expect(holds(cache, 1, 0)).to.equal(true);
    expect(cache.length).to.equal(77);
    expect(holds(cache, 1, 1)).to.equal(true);
    expect(cache.find(2 ** 47, 1)).to.equal(true);
    expect(cache.find(2, 0)).to.equal(false);
    expect(cache.stats()).to.include({ hits: 3, misses: 1, blocks: 3 });
  });

  it('does not know a block that was reserved only, and uses its place again', () => {
    const cache = new BlockCache(1 << 20, 256);
    cache.reserve(100);
    const { base, frame } = cache;
    cache.reserve(100);
    expect([cache.base, cache.frame]).to.deep.equal([base, frame]);
    expect(cache.stats().blocks).to.equal(0);
  });

  describe('when it lends memory', () => {
    const BUDGET = 64 * 1024;

    function filled(): BlockCache {
      const cache = new BlockCache(BUDGET, 256, true);
      for (let block = 0; block < 300; block++) fill(cache, 1, block, 256);
      return cache;
    }

    it('makes do with the rest of its budget, and takes it again', () => {
      const cache = filled();
      expect(cache.stats().bytes).to.equal(BUDGET);
      cache.lend(BUDGET / 2);
      expect(cache.stats()).to.include({ bytes: BUDGET / 2, lentBytes: BUDGET / 2 });
      for (let block = 0; block < 300; block++) if (!holds(cache, 1, block)) fill(cache, 1, block, 256);
      expect(cache.stats().bytes).to.equal(BUDGET / 2);
      cache.lend(-BUDGET / 2);
      for (let block = 0; block < 300; block++) if (!holds(cache, 1, block)) fill(cache, 1, block, 256);
      expect(cache.stats()).to.include({ bytes: BUDGET, lentBytes: 0 });
    });

    it('keeps an eighth, however much it lends', () => {
      const cache = filled();
      cache.lend(10 * BUDGET);
      expect(cache.stats()).to.include({ bytes: BUDGET / 8, lentBytes: 10 * BUDGET });
      expect(cache.metaLimit).to.equal(BUDGET);
      cache.lend(-9 * BUDGET);
      expect(cache.stats().bytes).to.equal(BUDGET / 8);
    });

    it('tells who held a block of what it gave away that it is gone', () => {
      const cache = filled();
      const held: [frame: number, generation: number, block: number][] = [];
      for (let block = 0; block < 300; block++)
        if (cache.find(1, block)) held.push([cache.frame, cache.generation, block]);
      const { expiries } = cache;
      cache.lend(BUDGET / 2);
      expect(cache.expiries).to.be.above(expiries);
      const there = held.filter(([frame, generation]) => cache.isCurrent(frame, generation));
      expect(there.length).to.equal(held.length / 2);
      for (const [, , block] of there) expect(holds(cache, 1, block)).to.equal(true);
    });

    it('lends nothing of what is not there', () => {
      const cache = new BlockCache(0, 256, true);
      cache.lend(1000);
      fill(cache, 1, 0);
      expect(cache.find(1, 0)).to.equal(false);
      expect(() => cache.lend(-1001)).to.throw('the cache takes back what it lent');
    });
  });

  it('stays within its budget and agrees with itself', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1000, 4096, 20_000, 60_000),
        fc.array(
          fc.tuple(
            fc.integer({ min: 1, max: 4 }),
            fc.nat(15),
            fc.constantFrom(64, 100, 150, 192, 200, 256, 300, 2000),
            fc.boolean(),
          ),
          { maxLength: 500 },
        ),
        (budget, steps) => {
          const cache = new BlockCache(budget, 256, true);
          for (const [table, block, length, isCold] of steps) {
            if (!holds(cache, table, block)) {
              fill(cache, table, block, length, isCold);
              if (budget >= 4096) expect(holds(cache, table, block)).to.equal(true);
            }
            expect(cache.stats().bytes).to.be.at.most(Math.max(budget, 4 * 256 + budget / 2));
            if (length === 2000 && block === 15) {
              cache.dropTable(table);
              for (let n = 0; n < 16; n++) expect(cache.find(table, n)).to.equal(false);
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('holds more of blocks that are all as short, and gives their room to others when these are read', () => {
    const cache = new BlockCache(1 << 20, 8192, true);
    /** How many of 1,000 blocks are held, after each of them was read three times. */
    const held = (table: number, length: number): number => {
      for (let n = 0; n < 3000; n++) if (!holds(cache, table, n % 1000)) fill(cache, table, n % 1000, length);
      let count = 0;
      for (let block = 0; block < 1000; block++) if (cache.find(table, block)) count++;
      expect(cache.stats().bytes).to.be.at.most(1 << 20);
      return count;
    };
    const whole = held(1, 8192);
    expect(whole).to.equal(128);
    expect(held(2, 7100)).to.be.within(1.08 * whole, 1.15 * whole);
    expect(held(3, 5000)).to.be.within(1.45 * whole, 1.6 * whole);
    expect(held(4, 100)).to.be.within(1.8 * whole, 2 * whole);
    expect(held(5, 8000)).to.be.within(0.85 * whole, whole);
  });

  it('keeps a few blocks of another length in larger frames', () => {
    const cache = new BlockCache(1 << 20, 8192, true);
    for (let block = 0; block < 120; block++) fill(cache, 1, block, 8192);
    for (let block = 0; block < 5; block++) fill(cache, 2, block, 4000);
    for (let block = 0; block < 120; block++) expect(holds(cache, 1, block)).to.equal(true);
    for (let block = 0; block < 5; block++) expect(holds(cache, 2, block)).to.equal(true);
  });

  it('lets a cold block go first, and a used one last', () => {
    const cache = new BlockCache(16 * 256, 256);
    for (let block = 0; block < 16; block++) fill(cache, 1, block, 256, block === 9);
    fill(cache, 2, 0, 256);
    expect(cache.find(1, 9)).to.equal(false);
    for (let round = 0; round < 40; round++) {
      expect(cache.find(1, 3)).to.equal(true);
      fill(cache, 3, round, 256);
    }
  });

  it('tells by the generation that a block left, and scribbles over it', () => {
    const cache = new BlockCache(4 * 256, 256, true);
    fill(cache, 1, 0);
    expect(cache.find(1, 0)).to.equal(true);
    const { frame, generation, bytes, base } = cache;
    expect(cache.isCurrent(frame, generation)).to.equal(true);
    for (let block = 1; block < 20; block++) fill(cache, 2, block & 15);
    expect(cache.find(1, 0)).to.equal(false);
    expect(cache.isCurrent(frame, generation)).to.equal(false);
    expect([16, 16]).to.not.deep.equal([...bytes.subarray(base, base + 2)]);
    const scribbled = new BlockCache(1 << 16, 256, true);
    fill(scribbled, 1, 0);
    scribbled.find(1, 0);
    const view = scribbled.bytes;
    scribbled.dropTable(1);
    expect(view[scribbled.base]).to.equal(0xdb);
  });

  it('keeps nothing with a budget of 0', () => {
    const cache = new BlockCache(0, 256);
    for (let block = 0; block < 10; block++) {
      fill(cache, 1, block);
      expect(cache.find(1, block)).to.equal(false);
    }
    fill(cache, 1, 0, 5000);
    expect(cache.find(1, 0)).to.equal(false);
    expect(cache.stats().bytes).to.equal(4 * 256);
  });

  it('keeps long blocks in at most half of the budget, the least recently used go first', () => {
    const cache = new BlockCache(64_000, 256);
    for (let block = 0; block < 10; block++) {
      fill(cache, 1, block, 10_000);
      cache.find(1, 0);
    }
    expect(cache.stats().oversizeBytes).to.be.at.most(32_000);
    expect([0, 1, 8, 9].map((block) => cache.find(1, block))).to.deep.equal([true, false, true, true]);
    fill(cache, 1, 99, 40_000);
    expect(cache.find(1, 99)).to.equal(false);
  });

  describe('memory of tables', () => {
    const share = (): MetaShare & { drops: number } => {
      const made: MetaShare & { drops: number } = Object.assign(new MetaShare(() => made.drops++), {
        drops: 0,
      });
      return made;
    };

    it('is given to half of the budget, at the expense of what is idle', () => {
      const cache = new BlockCache(1 << 20, 256);
      const idle = share();
      const busy = share();
      expect(cache.claimMeta(idle, 300_000, true)).to.equal(true);
      expect(cache.claimMeta(busy, 200_000, true)).to.equal(true);
      idle.wasUsed = false;
      const next = share();
      expect(cache.claimMeta(next, 250_000, false)).to.equal(true);
      expect([idle.drops, busy.drops, idle.bytes]).to.deep.equal([1, 0, 0]);
      expect(cache.stats().metaBytes).to.equal(450_000);
    });

    it('is refused when all else is in use, unless it is needed', () => {
      const cache = new BlockCache(1 << 20, 256);
      const busy = share();
      cache.claimMeta(busy, 400_000, true);
      const filter = share();
      expect(cache.claimMeta(filter, 300_000, false)).to.equal(false);
      expect(busy.drops).to.equal(0);
      expect(cache.claimMeta(filter, 300_000, true)).to.equal(true);
      expect(busy.drops).to.equal(1);
      cache.returnMeta(filter);
      cache.returnMeta(filter);
      expect(cache.stats().metaBytes).to.equal(0);
    });

    it('takes room from the blocks', () => {
      const cache = new BlockCache(1 << 18, 256);
      for (let block = 0; block < 2000; block++) fill(cache, 5, block, 256);
      cache.claimMeta(share(), 1 << 17, true);
      expect(cache.stats().bytes).to.be.at.most(1 << 18);
      for (let block = 0; block < 2000; block++) holds(cache, 5, block);
      fill(cache, 6, 1, 256);
      expect(holds(cache, 6, 1)).to.equal(true);
    });
  });
});
