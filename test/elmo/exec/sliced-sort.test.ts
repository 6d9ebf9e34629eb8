import { expect } from 'chai';
import fc from 'fast-check';
import { SlicedSort } from '../../../elmo/exec/sliced-sort.js';

interface Row {
  readonly key: number;
  readonly place: number;
}

const byKey = (a: Row, b: Row): number => a.key - b.key;

describe('a sort in slices', () => {
  it('gives what the sort of the runtime gives, ties in the order they came, wherever it stops', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9000 }),
        fc.integer({ min: 1, max: 500 }),
        fc.infiniteStream(fc.boolean()),
        (count, keys, stops) => {
          let state = count + keys;
          const rows = Array.from({ length: count }, (_, place) => {
            state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
            return { key: state % keys, place };
          });
          const expected = [...rows].sort(byKey);
          const sort = new SlicedSort(rows, byKey);
          let sorted: Row[] | undefined;
          while (sorted === undefined) sorted = sort.run(() => stops.next().value);
          expect(sorted).to.deep.equal(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('comes to its end though it stops whenever it can', () => {
    const rows = Array.from({ length: 5000 }, (_, i) => ({ key: (i * 7919) % 5003, place: i }));
    const expected = [...rows].sort(byKey);
    const sort = new SlicedSort(rows, byKey);
    let sorted: Row[] | undefined;
    let stops = 0;
    while ((sorted = sort.run(() => true)) === undefined) stops++;
    expect(sorted).to.deep.equal(expected);
    expect(stops).to.be.within(5, 100);
  });

  it('asks whether to stop at least once for every thousand rows', () => {
    const rows = Array.from({ length: 50_000 }, (_, i) => ({ key: (i * 7919) % 50_021, place: i }));
    const sort = new SlicedSort(rows, byKey);
    let compared = 0;
    let most = 0;
    const counting = new SlicedSort([...rows], (a, b) => (compared++, byKey(a, b)));
    counting.run(() => {
      most = Math.max(most, compared);
      compared = 0;
      return false;
    });
    expect(most).to.be.below(1024 * 11);
    expect(sort.run(() => false)![0]!.key).to.equal(0);
  });
});
