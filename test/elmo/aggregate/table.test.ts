/** What stages answer, and what they refuse: as the reference engine does. */
import { expect } from 'chai';
import { stageOperators } from '../../../elmo/aggregate/table.js';
import { ElmoError } from '../../../elmo/errors.js';
import { refusal, run } from './memory-collections.js';

const documents = [
  { _id: 1, a: [1, 2], b: 2 },
  { _id: 2, a: [], b: 3 },
  { _id: 3, a: null },
  { _id: 4 },
  { _id: 5, a: 7 },
];
const foreign = [
  { _id: 1, x: 1, y: 'p' },
  { _id: 2, x: 2, y: 'q' },
  { _id: 3, x: null, y: 'r' },
  { _id: 4, y: 's' },
  { _id: 5, x: [1, 7], y: 't' },
];
const database = { t: documents, f: foreign };
const ids = (rows: readonly unknown[]): unknown[] => rows.map((row) => (row as { _id: unknown })._id);

const codeOf = (pipeline: readonly object[], on?: string): number => refusal(pipeline, database, on);

describe('stages', () => {
  for (const [why, pipeline, expected] of [
    ['$match', [{ $match: { b: { $gt: 2 } } }], [documents[1]]],
    ['$match with an expression', [{ $match: { $expr: { $eq: ['$b', 2] } } }], [documents[0]]],
    [
      '$sort and $limit',
      [{ $sort: { b: -1, _id: 1 } }, { $limit: 2 }, { $project: { b: 1 } }],
      [
        { _id: 2, b: 3 },
        { _id: 1, b: 2 },
      ],
    ],
    ['$skip', [{ $skip: 3 }, { $project: { _id: 1 } }], [{ _id: 4 }, { _id: 5 }]],
    ['$count', [{ $match: { a: null } }, { $count: 'n' }], [{ n: 2 }]],
    ['$count of nothing', [{ $match: { a: 99 } }, { $count: 'n' }], []],
    ['$unset', [{ $limit: 1 }, { $unset: ['a', '_id'] }], [{ b: 2 }]],
    ['$set, and a condition on it', [{ $set: { z: '$a' } }, { $match: { z: 7 } }], [{ _id: 5, a: 7, z: 7 }]],
    ['$replaceWith', [{ $match: { _id: 1 } }, { $replaceWith: { c: '$b' } }], [{ c: 2 }]],
    ['$replaceRoot', [{ $match: { _id: 1 } }, { $replaceRoot: { newRoot: { c: '$b' } } }], [{ c: 2 }]],
    ['$sample of more than there is', [{ $sample: { size: 100 } }, { $count: 'n' }], [{ n: 5 }]],
    [
      '$sortByCount',
      [{ $unwind: '$a' }, { $sortByCount: { $lt: ['$a', 5] } }],
      [
        { _id: true, count: 2 },
        { _id: false, count: 1 },
      ],
    ],
    [
      '$unwind',
      [{ $unwind: '$a' }, { $project: { a: 1 } }],
      [
        { _id: 1, a: 1 },
        { _id: 1, a: 2 },
        { _id: 5, a: 7 },
      ],
    ],
    [
      '$unwind that keeps what is empty, with positions',
      [
        { $unwind: { path: '$a', includeArrayIndex: 'i', preserveNullAndEmptyArrays: true } },
        { $unset: 'b' },
      ],
      [
        { _id: 1, a: 1, i: 0 },
        { _id: 1, a: 2, i: 1 },
        { _id: 2, i: null },
        { _id: 3, a: null, i: null },
        { _id: 4, i: null },
        { _id: 5, a: 7, i: null },
      ],
    ],
    [
      '$group by a document: missing is not null',
      [
        { $group: { _id: { a: '$a', b: '$b' }, n: { $sum: 1 } } },
        { $match: { '_id.b': { $exists: false } } },
        { $sort: { _id: 1 } },
      ],
      [
        { _id: {}, n: 1 },
        { _id: { a: null }, n: 1 },
        { _id: { a: 7 }, n: 1 },
      ],
    ],
    [
      '$group by one value: missing is null',
      [{ $group: { _id: '$a', n: { $sum: 1 } } }, { $match: { _id: null } }],
      [{ _id: null, n: 2 }],
    ],
    [
      '$bucket',
      [{ $bucket: { groupBy: '$_id', boundaries: [1, 3, 5], default: 'more' } }],
      [
        { _id: 1, count: 2 },
        { _id: 3, count: 2 },
        { _id: 'more', count: 1 },
      ],
    ],
    [
      '$bucketAuto',
      [{ $bucketAuto: { groupBy: '$_id', buckets: 2 } }],
      [
        { _id: { min: 1, max: 4 }, count: 3 },
        { _id: { min: 4, max: 5 }, count: 2 },
      ],
    ],
    [
      '$bucketAuto with preferred numbers',
      [{ $bucketAuto: { groupBy: '$_id', buckets: 2, granularity: 'R5' } }],
      [
        { _id: { min: 0.63, max: 4 }, count: 3 },
        { _id: { min: 4, max: 6.300000000000001 }, count: 2 },
      ],
    ],
    [
      '$facet',
      [
        {
          $facet: {
            n: [{ $count: 'n' }],
            first: [{ $limit: 1 }, { $project: { b: 1 } }],
            none: [{ $match: { a: 99 } }],
          },
        },
      ],
      [{ n: [{ n: 5 }], first: [{ _id: 1, b: 2 }], none: [] }],
    ],
    [
      '$redact looks into documents',
      [
        { $match: { _id: 1 } },
        {
          $replaceWith: {
            l: 1,
            in: [
              { l: 2, v: 1 },
              { l: 1, v: 2 },
            ],
            out: { l: 3 },
          },
        },
        { $redact: { $cond: [{ $gt: ['$l', 1] }, '$$PRUNE', '$$DESCEND'] } },
      ],
      [{ l: 1, in: [{ l: 1, v: 2 }] }],
    ],
    [
      '$unionWith',
      [
        { $limit: 1 },
        { $unionWith: { coll: 'f', pipeline: [{ $match: { x: 2 } }] } },
        { $project: { _id: 1 } },
      ],
      [{ _id: 1 }, { _id: 2 }],
    ],
    ['$unionWith what is not there', [{ $limit: 1 }, { $unionWith: 'nothing' }, { $count: 'n' }], [{ n: 1 }]],
    [
      '$graphLookup',
      [
        { $match: { _id: 1 } },
        {
          $graphLookup: {
            from: 'f',
            startWith: '$b',
            connectFromField: '_id',
            connectToField: 'x',
            as: 'r',
            depthField: 'd',
          },
        },
        { $project: { r: 1 } },
      ],
      [{ _id: 1, r: [{ _id: 2, x: 2, y: 'q', d: 0 }] }],
    ],
  ] as const)
    it(why, () => {
      expect(run(pipeline, database)).to.deep.equal(expected);
      expect(run(pipeline, database, 't', { sliceMs: 0 }), 'with pauses').to.deep.equal(expected);
    });

  it('$documents', () => {
    expect(run([{ $documents: [{ a: 1 }, { a: { $add: [1, 1] } }] }], database, '')).to.deep.equal([
      { a: 1 },
      { a: 2 },
    ]);
  });

  it('$lookup by fields', () => {
    const rows = run([{ $lookup: { from: 'f', localField: 'a', foreignField: 'x', as: 'z' } }], database);
    expect(rows.map((row) => ids((row as { z: unknown[] }).z))).to.deep.equal([
      [1, 2, 5],
      [3, 4],
      [3, 4],
      [3, 4],
      [5],
    ]);
  });

  it('views stand for their pipelines', () => {
    const views = {
      ...database,
      v: { viewOn: 't', pipeline: [{ $match: { b: { $exists: true } } }] },
      w: { viewOn: 'v', pipeline: [{ $project: { b: 1 } }] },
      x: { viewOn: 'y', pipeline: [] },
      y: { viewOn: 'x', pipeline: [] },
    };
    expect(run([{ $match: { b: 3 } }], views, 'w')).to.deep.equal([{ _id: 2, b: 3 }]);
    expect(() => run([], views, 'x'))
      .to.throw(ElmoError)
      .with.property('codeName', 'GraphContainsCycle');
  });

  for (const [pipeline, code] of [
    [[{ $foo: 1 }], 40324],
    [[{ $match: {}, $sort: { a: 1 } }], 40323],
    [[{}], 40323],
    [[{ $match: {} }, { $documents: [] }], 40602],
    [[{ $documents: [] }], 73],
    [[{ $match: 1 }], 15959],
    [[{ $match: { $where: '1' } }], 2],
    [[{ $group: 1 }], 15947],
    [[{ $group: { s: { $sum: 1 } } }], 15955],
    [[{ $group: { _id: { a: 1 } } }], 17390],
    [[{ $group: { _id: 1, 'a.b': { $sum: 1 } } }], 40235],
    [[{ $group: { _id: 1, $a: { $sum: 1 } } }], 40236],
    [[{ $limit: 0 }], 15958],
    [[{ $limit: -1 }], 5107201],
    [[{ $limit: 1.5 }], 5107201],
    [[{ $skip: 'a' }], 5107200],
    [[{ $sort: 1 }], 15973],
    [[{ $sort: {} }], 15976],
    [[{ $sort: { a: 2 } }], 15975],
    [[{ $sort: { a: 'x' } }], 15974],
    [[{ $sort: { 'a.': 1 } }], 40353],
    [[{ $sort: { a: { $meta: 'foo' } } }], 31138],
    [[{ $count: 1 }], 40156],
    [[{ $count: '_id' }], 9039800],
    [[{ $unwind: 1 }], 15981],
    [[{ $unwind: 'a' }], 28818],
    [[{ $unwind: { path: '$a', x: 1 } }], 28811],
    [[{ $unwind: { path: '$a', includeArrayIndex: '$i' } }], 28822],
    [[{ $sortByCount: { a: 1 } }], 40147],
    [[{ $replaceRoot: {} }], 40414],
    [[{ $replaceWith: 1 }], 40228],
    [[{ $sample: { size: 0 } }], 28747],
    [[{ $unset: [] }], 31119],
    [[{ $facet: {} }], 40169],
    [[{ $facet: { a: 1 } }], 40170],
    [[{ $facet: { a: [1] } }], 40171],
    [[{ $facet: { a: [{ $facet: { b: [] } }] } }], 40600],
    [[{ $lookup: 1 }], 9],
    [[{ $lookup: { from: 'f' } }], 40414],
    [[{ $lookup: { from: 'f', as: 'x' } }], 9],
    [[{ $lookup: { from: 'f', as: '$z', localField: 'a', foreignField: 'x' } }], 16410],
    [[{ $lookup: { from: 'f', as: 'z', pipeline: [{ $foo: 1 }] } }], 40324],
    [[{ $lookup: { from: 'f', as: 'z', let: { A: 1 }, pipeline: [] } }], 9],
    [[{ $unionWith: {} }], 9],
    [[{ $bucket: { groupBy: '$a', boundaries: [2, 1] } }], 40194],
    [[{ $bucket: { groupBy: '$a', boundaries: [1, 2] } }], 40066],
    [[{ $bucketAuto: { groupBy: '$a', buckets: 0 } }], 40243],
    [[{ $bucketAuto: { groupBy: '$a', buckets: 1, granularity: 'foo' } }], 40257],
    [[{ $graphLookup: {} }], 9],
    [[{ $redact: 1 }], 17053],
    [[{ $search: {} }], 31082],
    [[{ $project: { s: { $meta: 'textScore' } } }], 40218],
  ] as const)
    it(`${JSON.stringify(pipeline)} is refused`, () => expect(codeOf(pipeline)).to.equal(code));

  it('a database alone has no rows', () => {
    expect(codeOf([], '')).to.equal(73);
    expect(codeOf([{ $match: {} }], '')).to.equal(73);
  });

  it('each stage that makes rows may only stand first', () => {
    for (const [name, { position }] of Object.entries(stageOperators))
      if (position === 'first')
        expect(codeOf([{ $match: {} }, { [name]: name === '$documents' ? [] : {} }]), name).to.be.oneOf([
          40602, 73, 9621301, 31111,
        ]);
  });
});
