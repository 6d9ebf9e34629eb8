/** `$densify`: which rows are filled in, and what it refuses. */
import { expect } from 'chai';
import { run } from '../memory-collections.js';
import { EngineRunner } from '../engine-runner.js';

const rows = [
  { _id: 1, x: 1, p: 'a' },
  { _id: 2, x: 4, p: 'a' },
  { _id: 3, x: 2.5, p: 'b' },
  { _id: 4, x: 6, p: 'b' },
  { _id: 5, p: 'c' },
];

/** Each row as what it is known by: its `_id`, or what was filled in. */
function densified(argument: object, documents: readonly object[] = rows): unknown[] {
  return run([{ $densify: argument }], { t: documents }).map((row) =>
    '_id' in (row as object) ? (row as { _id: number })._id : row,
  );
}

describe('$densify', () => {
  for (const [why, range, expected] of [
    [
      'from the least to the greatest',
      { step: 1, bounds: 'full' },
      [5, 1, { x: 2 }, 3, { x: 3 }, 2, { x: 5 }, 4],
    ],
    ['in bounds, the upper one left out', { step: 1, bounds: [0, 3] }, [5, { x: 0 }, 1, { x: 2 }, 3, 2, 4]],
    ['after all rows', { step: 2, bounds: [8, 12] }, [5, 1, 3, 2, 4, { x: 8 }, { x: 10 }]],
    ['before all rows', { step: 2, bounds: [-6, -1] }, [5, { x: -6 }, { x: -4 }, { x: -2 }, 1, 3, 2, 4]],
    ['in no bounds', { step: 1, bounds: [1, 1] }, [5, 1, 3, 2, 4]],
  ] as const)
    it(why, () => expect(densified({ field: 'x', range })).to.deep.equal(expected));

  const partitionByFields = ['p'];
  for (const [why, range, expected] of [
    [
      'each partition from its least to its greatest',
      { step: 1, bounds: 'partition' },
      [
        1,
        { p: 'a', x: 2 },
        { p: 'a', x: 3 },
        2,
        3,
        { p: 'b', x: 3.5 },
        { p: 'b', x: 4.5 },
        { p: 'b', x: 5.5 },
        4,
        5,
      ],
    ],
    [
      'each partition over the values of all',
      { step: 2, bounds: 'full' },
      [
        5,
        1,
        3,
        { p: 'a', x: 3 },
        2,
        { p: 'b', x: 1 },
        { p: 'b', x: 3 },
        { p: 'b', x: 5 },
        4,
        { p: 'a', x: 5 },
      ],
    ],
    [
      'each partition in bounds',
      { step: 3, bounds: [0, 8] },
      [
        { p: 'a', x: 0 },
        1,
        { p: 'a', x: 3 },
        2,
        { p: 'b', x: 0 },
        3,
        { p: 'b', x: 3 },
        4,
        5,
        { p: 'a', x: 6 },
      ],
    ],
  ] as const)
    it(why, () => expect(densified({ field: 'x', partitionByFields, range })).to.deep.equal(expected));

  it('by months, of which each is counted from the one before', () => {
    const days = [
      { _id: 1, t: new Date('2024-01-31') },
      { _id: 2, t: new Date('2024-04-01') },
    ];
    const range = { step: 1, unit: 'month', bounds: 'full' };
    expect(densified({ field: 't', range }, days)).to.deep.equal([
      1,
      { t: new Date('2024-02-29') },
      { t: new Date('2024-03-29') },
      2,
    ]);
  });

  it('fields in documents', () => {
    const nested = [
      { _id: 1, a: { x: 1, k: 1 } },
      { _id: 2, a: { x: 3, k: 1 } },
    ];
    const argument = { field: 'a.x', partitionByFields: ['a.k'], range: { step: 1, bounds: 'partition' } };
    expect(densified(argument, nested)).to.deep.equal([1, { a: { k: 1, x: 2 } }, 2]);
  });

  it('a partition without the field is another than that of null', () => {
    const some = [
      { _id: 1, x: 1, p: null },
      { _id: 2, x: 4 },
      { _id: 3, x: 3, p: null },
    ];
    const range = { step: 1, bounds: 'partition' };
    expect(densified({ field: 'x', partitionByFields, range }, some)).to.have.deep.members([
      1,
      { p: null, x: 2 },
      3,
      2,
    ]);
  });

  const range = { step: 1, bounds: 'full' };
  for (const [argument, code] of [
    [5, 9],
    [{}, 40414],
    [{ field: 'x', range: { bounds: 'full' } }, 40414],
    [{ field: 5, range }, 14],
    [{ field: '', range }, 40352],
    [{ field: '$x', range }, 16410],
    [{ field: 'x', range, z: 1 }, 40415],
    [{ field: 'x', range: { ...range, step: 0 } }, 5733401],
    [{ field: 'x', range: { ...range, step: 'a' } }, 14],
    [{ field: 'x', range: { ...range, bounds: 'other' } }, 5946802],
    [{ field: 'x', range: { ...range, bounds: null } }, 5733404],
    [{ field: 'x', range: { ...range, bounds: [1] } }, 5733403],
    [{ field: 'x', range: { ...range, bounds: [2, 1] } }, 5733402],
    [{ field: 'x', range: { ...range, bounds: [new Date(0), new Date(1)] } }, 5733410],
    [{ field: 'x', range: { ...range, bounds: [1, 2], unit: 'hour' } }, 5733409],
    [{ field: 'x', range: { ...range, bounds: [1.5, 2] } }, 5876900],
    [{ field: 'x', range: { ...range, step: 1.5, unit: 'hour' } }, 6586400],
    [{ field: 'x', range: { ...range, unit: 'eon' } }, 9],
    [{ field: 'x', range: { ...range, bounds: 'partition' } }, 5733408],
    [{ field: 'x', range, partitionByFields: ['x.y'] }, 8993000],
    [{ field: 'x.y', range, partitionByFields: ['x'] }, 9554500],
    [{ field: 's', range }, 5733201],
    [{ field: 'd', range }, 6053600],
    [{ field: 'x', range: { ...range, unit: 'day' } }, 6053600],
    [{ field: 'x', range: { step: 1, bounds: [0, 500_002] } }, 5897900],
  ] as const)
    it(`refuses ${JSON.stringify(argument)}`, async () => {
      const runner = new EngineRunner();
      await runner.insert('t', [{ x: 1, s: 'text', d: new Date(0) }]);
      expect(await runner.codeOf([{ $densify: argument }])).to.equal(code);
    });
});
