/** `$fill`: fields that are null or missing, from the row or from the rows around. */
import { expect } from 'chai';
import { EngineRunner } from '../engine-runner.js';
import { run } from '../memory-collections.js';

const rows = [
  { _id: 1, x: 1, p: 'a', v: 1 },
  { _id: 2, x: 2, p: 'a' },
  { _id: 3, x: 3, p: 'a', v: null },
  { _id: 4, x: 4, p: 'a', v: 4 },
  { _id: 5, x: 1, p: 'b' },
  { _id: 6, x: 2, p: 'b', v: 6 },
];

function filled(argument: object): unknown[] {
  return run([{ $fill: argument }, { $sort: { _id: 1 } }], { t: rows }).map(
    (row) => (row as { v: unknown }).v,
  );
}

describe('$fill', () => {
  for (const [why, argument, expected] of [
    ['by a value of the row', { output: { v: { value: { $add: ['$x', 10] } } } }, [1, 12, 13, 4, 11, 6]],
    [
      'by the last value',
      { sortBy: { x: 1 }, partitionBy: '$p', output: { v: { method: 'locf' } } },
      [1, 1, 1, 4, null, 6],
    ],
    [
      'along a line',
      { sortBy: { x: 1 }, partitionByFields: ['p'], output: { v: { method: 'linear' } } },
      [1, 2, 3, 4, null, 6],
    ],
    [
      'along a line, over all rows of a partition of expressions',
      { sortBy: { _id: 1 }, partitionBy: { q: { $gt: ['$x', 5] } }, output: { v: { method: 'linear' } } },
      [1, 2, 3, 4, 5, 6],
    ],
    ['with nothing', { output: { v: {} } }, [1, undefined, null, 4, undefined, 6]],
  ] as const)
    it(why, () => expect(filled(argument)).to.deep.equal(expected));

  it('values see what methods have filled', () => {
    const output = { w: { value: '$v' }, v: { method: 'locf' } };
    const [, second] = run([{ $fill: { sortBy: { _id: 1 }, output } }], { t: rows });
    expect(second).to.deep.equal({ _id: 2, x: 2, p: 'a', v: 1, w: 1 });
  });

  const output = { a: { value: 1 } };
  for (const [argument, code] of [
    [5, 9],
    [{}, 40414],
    [{ output: 5 }, 14],
    [{ output: {} }, 6050203],
    [{ output: { a: 5 } }, 6050200],
    [{ output: { a: { value: 1, method: 'locf' } } }, 6050201],
    [{ output: { a: { method: 'x' } } }, 6050202],
    [{ output: { a: { method: 5 } } }, 14],
    [{ output: { a: { method: 'linear' } } }, 605001],
    [{ output: { a: { value: 1, z: 1 } } }, 40415],
    [{ output, z: 1 }, 40415],
    [{ output, partitionBy: 5 }, 14],
    [{ output, partitionBy: 'p' }, 16873],
    [{ output, partitionByFields: ['$p'] }, 16410],
    [{ output, partitionByFields: [5] }, 14],
    [{ output, partitionBy: '$p', partitionByFields: ['p'] }, 6050204],
    [{ output, sortBy: 5 }, 14],
    [{ output: { '': { value: 1 } } }, 40352],
    [{ output: { $a: { value: 1 } } }, 16410],
  ] as const)
    it(`refuses ${JSON.stringify(argument)}`, async () => {
      const runner = new EngineRunner();
      await runner.insert('t', [{ x: 1 }]);
      expect(await runner.codeOf([{ $fill: argument }])).to.equal(code);
    });
});
