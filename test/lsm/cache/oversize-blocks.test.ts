import { expect } from 'chai';
import * as fc from 'fast-check';
import { BlockCache, NO_FRAME } from '../../../lsm/cache/block-cache.js';
import { OversizeBlocks } from '../../../lsm/cache/oversize-blocks.js';

function insert(blocks: OversizeBlocks, tableId: number, block: number, length: number): number {
  return blocks.insert(tableId, block, blocks.take(length).fill(block), length);
}

describe('OversizeBlocks', () => {
  it('uses the array of the block that left for the next one, and tells that it left', () => {
    const blocks = new OversizeBlocks(2000, 100, false);
    const slot = insert(blocks, 1, 0, 950);
    insert(blocks, 1, 1, 950);
    const { bytes } = blocks.find(1, 0)!;
    const left = blocks.find(1, 1)!;
    const generation = blocks.generations[left.slot];
    expect(blocks.find(1, 0)!.slot).to.equal(slot);
    expect(blocks.take(990)).to.equal(left.bytes);
    expect(blocks.find(1, 1)).to.equal(undefined);
    expect(blocks.generations[left.slot]).not.to.equal(generation);
    expect(blocks.find(1, 0)!.bytes).to.equal(bytes);
  });

  it('keeps what was used last, within its limit, whatever the lengths', () => {
    const step = fc.tuple(fc.nat(3), fc.nat(20), fc.integer({ min: 1, max: 3000 }), fc.nat(9));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const blocks = new OversizeBlocks(8000, 64, true);
        const lengths = new Map<string, number>();
        for (const [table, block, length, what] of steps) {
          if (what === 0) blocks.dropTable(table);
          else if (what === 1) blocks.giveBack(blocks.take(length));
          else {
            insert(blocks, table, block, length);
            lengths.set(`${table}/${block}`, length);
            const found = blocks.find(table, block)!;
            expect(found.length).to.equal(length);
            expect(found.bytes.subarray(0, length).every((byte) => byte === block)).to.equal(true);
          }
          expect(blocks.heldBytes).to.be.within(0, 8000);
        }
        for (let table = 0; table < 4; table++) {
          for (let block = 0; block <= 20; block++) {
            const found = blocks.find(table, block);
            if (found === undefined) continue;
            expect(found.length).to.equal(lengths.get(`${table}/${block}`));
            expect(found.bytes[found.length - 1]).to.equal(block);
          }
        }
      }),
    );
  });
});

describe('BlockCache, of blocks longer than a frame', () => {
  it('tells whether one is still there', () => {
    const cache = new BlockCache(8000, 256);
    const fill = (block: number): void => {
      cache.reserve(1500);
      cache.commit(1, block, false);
    };
    fill(0);
    const { frame, generation } = cache;
    expect(cache.isCurrent(frame, generation)).to.equal(true);
    fill(1);
    expect(cache.isCurrent(frame, generation)).to.equal(true);
    fill(2);
    expect(cache.isCurrent(frame, generation)).to.equal(false);
    expect(cache.find(1, 0)).to.equal(false);
    expect(cache.find(1, 2)).to.equal(true);
    expect(cache.isCurrent(cache.frame, cache.generation)).to.equal(true);
  });

  it('gives one that is too long to be kept an array of its own, which stays', () => {
    const cache = new BlockCache(8000, 256);
    cache.reserve(5000);
    const { bytes } = cache;
    cache.commit(1, 0, false);
    expect(cache.frame).to.equal(NO_FRAME);
    expect(cache.find(1, 0)).to.equal(false);
    cache.reserve(5000);
    expect(cache.bytes).not.to.equal(bytes);
  });

  it('uses the place of one that was reserved and never committed', () => {
    const cache = new BlockCache(8000, 256);
    cache.reserve(1500);
    const { bytes } = cache;
    cache.reserve(1500);
    expect(cache.bytes).to.equal(bytes);
  });
});
