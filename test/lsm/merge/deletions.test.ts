import { expect } from 'chai';
import * as fc from 'fast-check';
import { compareBytes } from '../../../lsm/base/bytes.js';
import {
  deletionFragments,
  isSpanDeleted,
  meetsSpan,
  type RangeDeletion,
} from '../../../lsm/merge/deletions.js';

const key = (n: number): Uint8Array => (n === 0 ? new Uint8Array(0) : new Uint8Array([n]));
const deletion = (low: number, high: number | undefined, seq: number): RangeDeletion => ({
  low: key(low),
  high: high === undefined ? undefined : key(high),
  seq,
});
const covers = (d: { low: Uint8Array; high: Uint8Array | undefined }, k: Uint8Array): boolean =>
  compareBytes(d.low, k) <= 0 && (d.high === undefined || compareBytes(k, d.high) < 0);

const deletions = fc.array(
  fc
    .tuple(
      fc.nat({ max: 30 }),
      fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
      fc.integer({ min: 1, max: 50 }),
    )
    .map(([low, length, seq]) => deletion(low, length === undefined ? undefined : low + length, seq)),
  { maxLength: 8 },
);

describe('deletionFragments', () => {
  it('of nothing is nothing', () => expect(deletionFragments([[], []], [])).to.deep.equal([]));

  it('joins what touches and says the same', () => {
    const fragments = deletionFragments([[deletion(1, 5, 3), deletion(5, 9, 3)]], []);
    expect(fragments).to.deep.equal(
      [{ ...deletion(1, 9, 3), rank: 0, seq: undefined, seqs: [3] }].map(({ seq: _, ...f }) => f),
    );
  });

  it('property: at each key tells the newest source, and of it the newest tombstone for each set of snapshots', () => {
    fc.assert(
      fc.property(
        fc.array(deletions, { minLength: 1, maxLength: 3 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 50 }), { maxLength: 3 }),
        (bySource, snapshotSet) => {
          const snapshots = snapshotSet.sort((a, b) => a - b);
          const fragments = deletionFragments(bySource, snapshots);
          for (let i = 1; i < fragments.length; i++) {
            expect(compareBytes(fragments[i - 1]!.high!, fragments[i]!.low)).to.be.at.most(0);
          }
          for (let n = 0; n <= 45; n++) {
            const rank = bySource.findIndex((source) => source.some((d) => covers(d, key(n))));
            const fragment = fragments.find((f) => covers(f, key(n)));
            expect(fragment?.rank ?? -1).to.equal(rank);
            if (fragment === undefined) continue;
            const seqs = bySource[rank]!.filter((d) => covers(d, key(n))).map((d) => d.seq);
            const newest = [...snapshots, Infinity].map((limit, b) =>
              Math.max(...seqs.filter((seq) => seq <= limit && (b === 0 || seq > snapshots[b - 1]!)), -1),
            );
            expect(fragment.seqs).to.deep.equal(newest.filter((seq) => seq >= 0));
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('property: a span counts as deleted only when each of its keys is, by a newer source', () => {
    fc.assert(
      fc.property(
        fc.array(deletions, { minLength: 1, maxLength: 3 }),
        fc.nat({ max: 40 }),
        fc.nat({ max: 5 }),
        (bySource, low, length) => {
          const fragments = deletionFragments(bySource, []);
          const span = { low: key(low), high: key(low + length) };
          let all = true;
          let any = false;
          for (let n = low; n <= low + length; n++) {
            const rank = fragments.find((f) => covers(f, key(n)))?.rank ?? Infinity;
            if (rank >= 2) all = false;
            if (rank < Infinity) any = true;
          }
          if (isSpanDeleted(fragments, span, 2)) expect(all).to.equal(true);
          if (any) expect(meetsSpan(fragments, span)).to.equal(true);
        },
      ),
    );
  });

  it('covers a span with fragments that touch', () => {
    const fragments = deletionFragments([[deletion(0, 5, 9)], [deletion(3, undefined, 4)]], []);
    expect(isSpanDeleted(fragments, { low: key(0), high: undefined }, 2)).to.equal(true);
    expect(isSpanDeleted(fragments, { low: key(0), high: undefined }, 1)).to.equal(false);
    expect(isSpanDeleted(fragments, { low: key(1), high: key(4) }, 1)).to.equal(true);
  });

  it('stays fast with thousands of nested tombstones', () => {
    const nested = Array.from({ length: 5000 }, (_, i) => ({
      low: new Uint8Array([0, i >> 8, i & 255]),
      high: new Uint8Array([1, (9000 - i) >> 8, (9000 - i) & 255]),
      seq: i + 1,
    }));
    expect(deletionFragments([nested], []).length).to.be.at.least(5000);
  }).timeout(2000);
});
