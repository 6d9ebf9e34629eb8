/** Which of several faults of a pipeline is told: as the reference engine does. */
import { expect } from 'chai';
import { refusal } from './memory-collections.js';

const database = { t: [{ _id: 1, a: 1 }], f: [{ _id: 1, x: 1 }] };

const codeOf = (pipeline: readonly object[], on?: string): number => refusal(pipeline, database, on);

describe('a pipeline with two faults', () => {
  const bad = { $match: { $foo: 1 } };
  const join = { from: 'f', as: 'j', pipeline: [] };
  const graph = { from: 'f', startWith: '$a', connectFromField: 'a', connectToField: 'x', as: 'g' };
  for (const [why, pipeline, expected] of [
    ['tells a stage there is not, before what is in others', [bad, { $bar: 1 }], 40324],
    ['tells a stage of two names first', [bad, { $skip: 1, $limit: 1 }], 40323],
    ['tells what others are in their order', [bad, { $sort: 1 }], 2],
    ['looks at $lookup first', [bad, { $lookup: { ...join, foo: 1 } }], 40415],
    ['looks at the stages in $lookup', [bad, { $lookup: { ...join, pipeline: [{ $bar: 1 }] } }], 40324],
    ['leaves the names in $lookup', [bad, { $lookup: { ...join, as: '$j' } }], 2],
    ['looks at $graphLookup first', [bad, { $graphLookup: { ...graph, maxDepth: -1 } }], 12109308],
    ['leaves what $graphLookup lacks', [bad, { $graphLookup: { from: 'f' } }], 2],
    ['looks at $unionWith first', [bad, { $unionWith: { coll: 1 } }], 14],
    ['looks at $facet first', [bad, { $facet: { a: [{ $bar: 1 }] } }], 40324],
    ['looks at the names in $facet before its stages', [{ $facet: { a: [{ $bar: 1 }], $b: [] } }], 16410],
    ['looks at $merge first', [bad, { $merge: { into: 'f', whenMatched: 'foo' } }], 2],
    ['looks at the stages in $merge', [bad, { $merge: { into: 'f', whenMatched: [{ $bar: 1 }] } }], 40324],
    ['looks at $out first', [bad, { $out: { db: 1, coll: 'f' } }], 14],
  ] as const)
    it(why, () => expect(codeOf(pipeline)).to.equal(expected));
});

describe('a stage with two faults tells', () => {
  for (const [why, stage, expected] of [
    ['$graphLookup: what it has not', { $graphLookup: { from: 1, foo: 1 } }, 12109312],
    ['$graphLookup: no other collection', { $graphLookup: { from: '', as: 1 } }, 73],
    ['$graphLookup: a path before a depth', { $graphLookup: { from: 'f', as: '$x', maxDepth: 'x' } }, 16410],
    ['$lookup: types in their order', { $lookup: { as: 1, foo: 1 } }, 14],
    ['$lookup: a missing as', { $lookup: { from: 1 } }, 40414],
    ['$lookup: half a join', { $lookup: { from: 'f', as: '', pipeline: [], localField: '' } }, 9],
    ['$lookup: as before variables', { $lookup: { from: 'f', as: '', pipeline: [], let: { A: 1 } } }, 40352],
    [
      '$lookup: variables without a pipeline',
      { $lookup: { from: 'f', as: 'j', localField: 'a', foreignField: 'x', let: {} } },
      9,
    ],
    ['$bucket: what it has not', { $bucket: { output: { n: 1 } } }, 40198],
    ['$bucket: a default before its place', { $bucket: { default: '$a', output: { n: 1 } } }, 40195],
    [
      '$bucket: an expression at last',
      { $bucket: { groupBy: { $foo: 1 }, boundaries: [1, 2], output: { n: 1 } } },
      40234,
    ],
    ['$bucketAuto: a path before how many', { $bucketAuto: { buckets: 0, groupBy: 1 } }, 40239],
    ['$bucketAuto: options in their order', { $bucketAuto: { output: { n: 1 }, granularity: 1 } }, 40234],
    ['$group: no accumulator before a name', { $group: { _id: 1, 'a.b': 1 } }, 40234],
    ['$sortByCount: an expression of two names', { $sortByCount: { $add: [1], b: 1 } }, 15983],
    ['$merge: on is no text', { $merge: { on: 1 } }, 51186],
    ['$merge: what it has not', { $merge: { on: '$a' } }, 40414],
    ['$out: fields in their order', { $out: { db: 1, timeseries: {} } }, 14],
    ['$unwind: options before a path', { $unwind: { path: '$$x', foo: 1 } }, 28811],
    ['$sample: what there is not', { $sample: { size: 0, foo: 1 } }, 28748],
    [
      '$densify: a range before a field',
      { $densify: { field: '$a', range: { step: 0, bounds: 'full' } } },
      5733401,
    ],
    [
      '$densify: bounds of two kinds',
      { $densify: { field: 'a', range: { step: 1, bounds: [1, 'x'] } } },
      5733406,
    ],
    [
      '$fill: an output before its partition',
      { $fill: { output: { a: 1 }, partitionBy: { $foo: 1 } } },
      6050200,
    ],
    ['$fill: a sort that nothing uses', { $fill: { output: { a: { value: 1 } }, sortBy: { a: 2 } } }, 15975],
    ['$fill: a partition that is null', { $fill: { output: { a: { value: 1 } }, partitionBy: null } }, 14],
    [
      '$setWindowFields: a partition before a sort',
      { $setWindowFields: { output: {}, partitionBy: { $foo: 1 }, sortBy: { a: 2 } } },
      168,
    ],
    [
      '$setWindowFields: outputs within each other',
      { $setWindowFields: { output: { a: { $sum: 1 }, 'a.b': { $sum: 1 } } } },
      6307900,
    ],
    [
      '$setWindowFields: a rank with a window',
      { $setWindowFields: { output: { a: { $rank: {}, window: { documents: [0, 0] } } } } },
      5371601,
    ],
    [
      '$setWindowFields: no unit before bounds',
      {
        $setWindowFields: {
          sortBy: { a: 1 },
          output: { a: { $sum: 1, window: { range: [1, 0], unit: 1 } } },
        },
      },
      9,
    ],
  ] as const)
    it(why, () => expect(codeOf([stage])).to.equal(expected));

  for (const [argument, expected] of [
    [{}, 51270],
    [{ $foo: 1 }, 31325],
    [{ a: 1, b: 0 }, 31254],
    [{ 'a.b': 1 }, 5858203],
    [{ $add: [1, 2] }, 5858203],
    [[{ $foo: 1 }], 168],
  ] as const)
    it(`$documents: ${JSON.stringify(argument)}`, () =>
      expect(codeOf([{ $documents: argument }], '')).to.equal(expected));
});
