import { expect } from 'chai';
import fc from 'fast-check';
import { compareBytes, type Bytes } from '../../../lsm/base/bytes.js';
import { TombstonePlace, TombstoneView, type TombstoneRecord } from '../../../lsm/read/tombstone-view.js';
import { TOP_SEQ, someKey, someSources } from './arbitraries.js';

function covers({ low, high }: TombstoneRecord, key: Bytes): boolean {
  return compareBytes(low, key) <= 0 && (high === undefined || compareBytes(key, high) < 0);
}

/** The newest source with a tombstone over the key, and the greatest number of one in it. */
function naive(
  lists: readonly (readonly TombstoneRecord[])[],
  maxSeqs: readonly number[],
  key: Bytes,
): string {
  for (let rank = 0; rank < lists.length; rank++) {
    const seqs = lists[rank]!.filter((t) => t.seq <= maxSeqs[rank]! && covers(t, key)).map(({ seq }) => seq);
    if (seqs.length > 0) return `${rank}:${Math.max(...seqs)}`;
  }
  return 'none';
}

const bytes = (text: string): Bytes => new TextEncoder().encode(text);

describe('TombstoneView', () => {
  it('says of any key what a walk over all tombstones says', () => {
    const limit = fc.integer({ min: 0, max: TOP_SEQ + 1 });
    fc.assert(
      fc.property(someSources(4), limit, fc.array(someKey, { maxLength: 40 }), (sources, maxSeq, keys) => {
        const lists = sources.map(({ tombstones }) => tombstones);
        const maxSeqs = sources.map((_, i) => (i === 0 ? TOP_SEQ : maxSeq));
        const view = TombstoneView.build(lists, maxSeqs);
        const place = view === undefined ? undefined : new TombstonePlace(view);
        for (const key of keys) {
          const padded = Uint8Array.from([1, ...key]);
          const fragment = place === undefined ? -1 : place.fragmentAt(padded, 1, key.length);
          const said = fragment < 0 ? 'none' : `${view!.rank(fragment)}:${view!.seq(fragment)}`;
          expect(said).to.equal(naive(lists, maxSeqs, key));
        }
        for (let i = 1; i < (view?.count ?? 0); i++) {
          expect(compareBytes(view!.high(i - 1)!, view!.low(i))).to.be.at.most(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is absent when there is nothing to see', () => {
    expect(TombstoneView.build([], [])).to.equal(undefined);
    const tombstone = { low: bytes('b'), high: bytes('d'), seq: 5 };
    expect(TombstoneView.build([[tombstone]], [4])).to.equal(undefined);
    expect(TombstoneView.build([[tombstone]], [9], bytes('d'), undefined)).to.equal(undefined);
    expect(TombstoneView.build([[tombstone]], [9], undefined, bytes('b'))).to.equal(undefined);
    expect(TombstoneView.build([[{ ...tombstone, high: bytes('b') }]], [9])).to.equal(undefined);
    expect(TombstoneView.build([[tombstone]], [9], bytes('c'), bytes('cc'))).to.have.property('count', 1);
  });

  it('hides older sources, and in its own source what is older and numbered', () => {
    const view = TombstoneView.build([[], [{ low: bytes(''), high: undefined, seq: 5 }], []], [9, 9, 9])!;
    for (const [rank, seq, isHidden] of [
      [0, 1, false],
      [1, 4, true],
      [1, 5, false],
      [1, 0, false],
      [2, 9, true],
      [2, 0, true],
    ] as const) {
      expect(view.hides(0, rank, seq), `rank ${rank}, seq ${seq}`).to.equal(isHidden);
    }
  });

  it('flattens 20,000 overlapping tombstones in well under a second', () => {
    const tombstones = Array.from({ length: 20_000 }, (_, i) => ({
      low: bytes(String((i * 7919) % 20_000).padStart(6, '0')),
      high: bytes(String(((i * 7919) % 20_000) + 50).padStart(6, '0')),
      seq: i + 1,
    }));
    const began = process.cpuUsage();
    const view = TombstoneView.build([tombstones], [1e9])!;
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1000, 'ms of processor time').to.be.lessThan(900);
    expect(view.count).to.be.greaterThan(100);
  });
});
