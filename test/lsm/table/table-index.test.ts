import { expect } from 'chai';
import * as fc from 'fast-check';
import { compareBytes, sharedPrefixLength, type Bytes } from '../../../lsm/base/bytes.js';
import { readTableIndex, TableIndexBuilder, type TableIndex } from '../../../lsm/table/table-index.js';

/** Short keys of few different bytes, zeros among them: what is filled up with zeros looks like them. */
const keyArbitrary = fc
  .array(fc.constantFrom(0, 1, 0x61, 0xff), { maxLength: 7 })
  .map((key) => Uint8Array.from(key));

/** Blocks of ascending keys after a common beginning. */
const blocksArbitrary = fc
  .tuple(
    fc.uint8Array({ maxLength: 5 }),
    fc.uniqueArray(keyArbitrary, { minLength: 1, maxLength: 40, selector: (key) => key.join() }),
    fc.integer({ min: 1, max: 5 }),
  )
  .map(([beginning, keys, size]) => {
    const sorted = keys.map((key) => Uint8Array.of(...beginning, ...key)).sort(compareBytes);
    const blocks: Bytes[][] = [];
    for (let i = 0; i < sorted.length; i += size) blocks.push(sorted.slice(i, i + size));
    return { beginning, blocks };
  });

function indexOf(blocks: readonly Bytes[][]): TableIndex {
  const builder = new TableIndexBuilder();
  blocks.forEach((keys, n) => {
    builder.addBlock(100, keys.length);
    const next = blocks[n + 1]?.[0];
    const last = keys.at(-1)!;
    if (next !== undefined) builder.addSeparator(last, last.length, next, 0, next.length);
  });
  const bytes = new Uint8Array(builder.roomNeeded);
  const length = builder.write(bytes, 0);
  const count = blocks.reduce((sum, keys) => sum + keys.length, 0);
  return readTableIndex(bytes.slice(0, length), blocks.length * 100, blocks.length, count)!;
}

describe('the index of a table', () => {
  it('locates the block of every key, and what all keys of the block share with it', () => {
    fc.assert(
      fc.property(blocksArbitrary, fc.array(keyArbitrary), ({ beginning, blocks }, others) => {
        const index = indexOf(blocks);
        const absent = others.flatMap((key) => [key, Uint8Array.of(...beginning, ...key)]);
        for (const key of [...blocks.flat(), ...absent]) {
          const block = index.locate(key, 0, key.length);
          const { known } = index;
          const expected = blocks.findIndex((keys) => compareBytes(keys.at(-1)!, key) >= 0);
          // the first key >= the target is in the block, or else at the start of the next
          if (expected >= 0) {
            expect(block).to.be.oneOf([expected, expected - 1]);
            if (block < expected) expect(compareBytes(blocks[expected]![0]!, key)).to.be.at.least(0);
          }
          expect(known).to.be.at.most(key.length);
          const keys = blocks[block]!;
          const first = keys[0]!;
          const last = keys.at(-1)!;
          const prefix = sharedPrefixLength(first, 0, first.length, last, 0, last.length);
          const shared = sharedPrefixLength(first, 0, prefix, key, 0, key.length);
          expect(shared).to.be.at.least(Math.min(known, prefix));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('tells of each separator whether it is below a key', () => {
    fc.assert(
      fc.property(blocksArbitrary, fc.array(keyArbitrary), ({ beginning, blocks }, others) => {
        const index = indexOf(blocks);
        const keys = [
          ...blocks.flat(),
          ...others,
          ...others.map((key) => Uint8Array.of(...beginning, ...key)),
        ];
        for (let block = 0; block + 1 < blocks.length; block++) {
          const separator = index.separator(block);
          for (const key of [...keys, separator, separator.subarray(0, separator.length - 1)])
            expect(index.isSeparatorBelow(block, key)).to.equal(compareBytes(separator, key) < 0);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
