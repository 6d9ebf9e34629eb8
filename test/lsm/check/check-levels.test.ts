import { expect } from 'chai';
import { checkLevels } from '../../../lsm/check/check-levels.js';
import type { Run } from '../../../lsm/manifest/version.js';
import { table, text } from '../manifest/sample-edits.js';

const run = (level: number, order: number, ...tables: Run['tables']): Run => ({ level, order, tables });

describe('checkLevels', () => {
  for (const [why, runs, codes] of [
    ['no run', [], []],
    [
      'all is well',
      [
        run(0, 3, table(1, 'a', 'z')),
        run(0, 2, table(2, 'a', 'b'), table(3, 'c', 'd')),
        run(1, 0, table(4, 'a', 'c', { rangeTombstoneCount: 1 }), table(5, 'c', 'z')),
        run(3, 0, table(6, '', 'z', { highKey: undefined, rangeTombstoneCount: 1 })),
      ],
      [],
    ],
    ['an older run first', [run(0, 2, table(1, 'a', 'b')), run(0, 3, table(2, 'a', 'b'))], ['RunOrder']],
    ['two runs in a level', [run(1, 0, table(1, 'a', 'b')), run(1, 0, table(2, 'x', 'y'))], ['RunOrder']],
    ['a deeper level first', [run(2, 0, table(1, 'a', 'b')), run(1, 0, table(2, 'x', 'y'))], ['RunOrder']],
    ['an empty run', [run(1, 0)], ['RunEmpty']],
    ['a table twice', [run(1, 0, table(1, 'a', 'b')), run(2, 0, table(1, 'a', 'b'))], ['TableTwice']],
    ['tables that overlap', [run(1, 0, table(1, 'a', 'c'), table(2, 'b', 'd'))], ['TableOrder']],
    ['tables in the wrong order', [run(1, 0, table(1, 'x', 'y'), table(2, 'b', 'd'))], ['TableOrder']],
    ['bounds reversed', [run(1, 0, table(1, 'b', 'a'))], ['TableBounds']],
    ['no entry', [run(1, 0, table(1, 'a', 'b', { entryCount: 0, tombstoneCount: 0 }))], ['TableCounts']],
    [
      'more tombstones than entries',
      [run(1, 0, table(1, 'a', 'b', { tombstoneCount: 11 }))],
      ['TableCounts'],
    ],
    ['longer than its extent', [run(1, 0, table(1, 'a', 'b', { dataBytes: 5000 }))], ['TableCounts']],
    ['entries without a bound', [run(1, 0, table(1, '', 'b'))], ['TableCounts']],
    [
      'several at once',
      [run(1, 0, table(1, 'b', 'a')), run(0, 0, table(1, 'a', 'b', { tombstoneCount: 11 }))],
      ['TableBounds', 'RunOrder', 'TableCounts', 'TableTwice'],
    ],
  ] as const) {
    it(`${why}: ${codes.join(', ') || 'no problem'}`, () => {
      const problems = checkLevels({ number: 1, runs });
      expect(problems.map((problem) => problem.code)).to.deep.equal(codes);
    });
  }

  it('takes the order of keys that it is given', () => {
    const runs = [run(1, 0, table(1, 'b', 'a'))];
    expect(checkLevels({ number: 1, runs }, (a, b) => b[0]! - a[0]!)).to.deep.equal([]);
    expect(text('b')[0]).to.equal(98);
  });
});
