/** `$lookup`: which values meet, and that each way of joining gives the same. */
import { expect } from 'chai';
import { EngineRunner } from '../engine-runner.js';
import { run, type MemoryDatabase } from '../memory-collections.js';

const foreign = [
  { _id: 1, k: 1 },
  { _id: 2, k: [1] },
  { _id: 3, k: [[1]] },
  { _id: 4, k: null },
  { _id: 5 },
  { _id: 6, k: [] },
  { _id: 7, k: [null] },
  { _id: 8, k: { a: 1 } },
  { _id: 9, k: [{ a: 1 }] },
  { _id: 10, k: /x/ },
  { _id: 11, k: 'x' },
  { _id: 12, k: [[]] },
  { _id: 13, k: NaN },
  { _id: 14, k: [1, 2] },
];

function joined(document: object, localField = 'a', foreignField = 'k', extra: object = {}): unknown {
  const [row] = run(
    [
      { $lookup: { from: 'f', localField, foreignField, as: 'z', ...extra } },
      { $project: { _id: 0, z: { $map: { input: '$z', in: '$$this._id' } } } },
    ],
    { t: [document], f: foreign },
  );
  return (row as { z: unknown }).z;
}

describe('$lookup', () => {
  for (const [why, document, localField, expected] of [
    ['a value meets itself and arrays with it', { a: 1 }, 'a', [1, 2, 14]],
    ['an array: each element', { a: [1, 2] }, 'a', [1, 2, 14]],
    ['an array in an array is a value', { a: [[1]] }, 'a', [2, 3]],
    ['null meets null and nothing', { a: null }, 'a', [4, 5, 7]],
    ['nothing is null', {}, 'a', [4, 5, 7]],
    ['an empty array is null', { a: [] }, 'a', [4, 5, 7]],
    ['a document', { a: { a: 1 } }, 'a', [8, 9]],
    ['a regular expression is a value', { a: /x/ }, 'a', [10]],
    ['NaN', { a: NaN }, 'a', [13]],
    ['through documents', { a: { b: 1 } }, 'a.b', [1, 2, 14]],
    ['through arrays; what is missing in some does not count', { a: [{ b: 1 }, {}] }, 'a.b', [1, 2, 14]],
    ['through arrays; missing in all', { a: [{}, {}] }, 'a.b', [4, 5, 7]],
    ['by index', { a: [1, 5] }, 'a.0', [1, 2, 14]],
  ] as const)
    it(why, () => expect(joined(document, localField)).to.deep.equal(expected));

  it('fields and a pipeline together', () => {
    const pipeline = [{ $match: { $expr: { $gt: ['$_id', '$$least'] } } }];
    expect(joined({ a: 1, m: 1 }, 'a', 'k', { let: { least: '$m' }, pipeline })).to.deep.equal([2, 14]);
  });

  it('a variable of an inner one hides that of the outer one with the same name', () => {
    const inner = {
      $lookup: {
        from: 'f',
        let: { x: '$k', y: '$$x' },
        pipeline: [{ $match: { _id: 5 } }, { $project: { _id: 0, x: '$$x', y: '$$y' } }],
        as: 'z',
      },
    };
    const pipeline = [{ $match: { _id: 1 } }, inner, { $project: { _id: 0, z: 1 } }];
    expect(
      run([{ $lookup: { from: 'f', let: { x: '$a' }, pipeline, as: 'z' } }], {
        t: [{ _id: 0, a: 'outer' }],
        f: foreign,
      }),
    ).to.deep.equal([{ _id: 0, a: 'outer', z: [{ z: [{ x: 1, y: 'outer' }] }] }]);
  });

  const database: MemoryDatabase = {
    t: Array.from({ length: 12 }, (_, i) => ({ _id: i, a: i % 4 })),
    f: Array.from({ length: 20 }, (_, i) => ({ _id: i, x: i % 5, y: i })),
  };
  const byFields = [{ $lookup: { from: 'f', localField: 'a', foreignField: 'x', as: 'z' } }];
  const byPipeline = [
    {
      $lookup: {
        from: 'f',
        let: { a: '$a' },
        pipeline: [{ $match: { $expr: { $eq: ['$x', '$$a'] } } }],
        as: 'z',
      },
    },
  ];

  it('by fields = by pipeline', () => {
    expect(run(byPipeline, database)).to.deep.equal(run(byFields, database));
  });

  it('an $unwind after it gives the same as one apart from it', () => {
    const unwind = { $unwind: { path: '$z', includeArrayIndex: 'i', preserveNullAndEmptyArrays: true } };
    const apart = { $addFields: { q: 1 } };
    const remove = { $unset: 'q' };
    const together = run([...byFields, unwind], database);
    expect(together).to.have.length(48);
    expect(together).to.deep.equal(run([...byFields, apart, unwind, remove], database));
  });

  it('what does not depend on the row is read once, what does for each', () => {
    const pipeline = [
      {
        $lookup: {
          from: 'f',
          let: { a: '$a' },
          pipeline: [
            { $match: { y: { $lt: 10 } } },
            { $match: { $expr: { $eq: ['$x', '$$a'] } } },
            { $count: 'n' },
          ],
          as: 'z',
        },
      },
      { $match: { _id: { $lt: 4 } } },
    ];
    expect(run(pipeline, database)).to.deep.equal([0, 1, 2, 3].map((a) => ({ _id: a, a, z: [{ n: 2 }] })));
  });

  it('pauses in the middle lose nothing', () => {
    for (const pipeline of [byFields, byPipeline])
      expect(run(pipeline, database, 't', { sliceMs: 0 })).to.deep.equal(run(pipeline, database));
  });

  it('with an index and without one, rows are the same', async () => {
    const runner = new EngineRunner();
    const numbers = Array.from({ length: 40 }, (_, i) => i % 13);
    await runner.insert(
      't',
      numbers.map((a, _id) => ({ _id, a: _id % 5 === 0 ? [a, a + 1] : a })),
    );
    await runner.insert(
      'f',
      Array.from({ length: 12 }, (_, _id) => ({ _id, x: _id })),
    );
    const by = (foreignField: string): Promise<unknown[]> =>
      runner.aggregate([
        { $lookup: { from: 'f', localField: 'a', foreignField, as: 'z' } },
        { $set: { z: { $sortArray: { input: '$z', sortBy: { _id: 1 } } } } },
      ]);
    expect(await by('_id')).to.deep.equal(await by('x'));
  });
});
