/** What `{$meta: …}` says in pipelines: each with the reference's answer. */
import type { Document } from '../../elmo/bson/package.js';
import { aggregate, testFormer, type Former } from './former.js';

const RECORD = { $meta: 'recordId' };
const KEY = { $meta: 'indexKey' };
const SORT = { $meta: 'sortKey' };

const DOCUMENTS = [
  { _id: 'x', a: 2, b: [1, 2], t: { u: 1 } },
  { _id: 'y', a: 1, b: [3], t: { u: 2 } },
  { _id: 'z', a: 3, b: [], t: { u: 3 } },
];
const INDEXES = {
  createIndexes: 'c',
  indexes: [
    { key: { a: 1 }, name: 'a' },
    { key: { b: 1, a: -1 }, name: 'ba' },
  ],
};
const IS_POSITIVE = { $match: { a: { $gt: 0 } } };
const onlyNew = (fields: Document): Document => ({ $replaceWith: fields });
const TYPES = onlyNew({ q: { $type: RECORD }, i: { $type: KEY }, s: { $type: SORT } });
const KEPT = { q: 'long', i: 'object', s: 'array' };
const MADE_ANEW = { ...KEPT, q: 'missing' };

type Row = readonly [why: string, pipeline: readonly Document[], answer: readonly Document[] | number];

const formerOf =
  (before: readonly Document[]) =>
  ([why, pipeline, answer]: Row): Former => ({
    why,
    documents: DOCUMENTS,
    before,
    command: aggregate(...pipeline),
    ...(typeof answer === 'number' ? { code: answer } : { rows: answer }),
  });

const ids = (...values: unknown[]): Document[] =>
  values.map((q, i) => ({ _id: ['x', 'y', 'z'][i], ...(q === undefined ? {} : { q }) }));

const RECORDS: readonly Row[] = [
  ['a projection of nothing else shows nothing else', [{ $project: { q: RECORD } }], ids(1, 2, 3)],
  ['without the _id', [{ $project: { q: RECORD, _id: 0 } }], [{ q: 1 }, { q: 2 }, { q: 3 }]],
  ['as the _id', [{ $project: { _id: RECORD } }], [{ _id: 1 }, { _id: 2 }, { _id: 3 }]],
  ['beside what is left out', [{ $project: { q: RECORD, b: 0, t: 0, a: 0 } }], ids(1, 2, 3)],
  ['in expressions', [{ $project: { q: { $add: [RECORD, 1] } } }], ids(2, 3, 4)],
  ['a missing value is none', [{ $project: { q: KEY } }], ids(undefined, undefined, undefined)],
  ['filters know of none', [{ $match: { $expr: { $gt: [RECORD, 0] } } }], []],
  ['nor behind a stage', [{ $unwind: '$b' }, { $match: { $expr: { $gt: [RECORD, 0] } } }], []],
  ['groups', [{ $group: { _id: null, q: { $push: RECORD } } }], [{ _id: null, q: [1, 2, 3] }]],
  ['groups have none themselves', [{ $group: { _id: 0 } }, { $project: { q: RECORD } }], [{ _id: 0 }]],
  [
    'rows of an array',
    [{ $unwind: '$b' }, onlyNew({ b: '$b', q: RECORD })],
    [
      { b: 1, q: 1 },
      { b: 2, q: 1 },
      { b: 3, q: 2 },
    ],
  ],
  [
    'behind a projection of the query: null',
    [{ $project: { a: 1 } }, { $project: { q: RECORD } }],
    ids(null, null, null),
  ],
  [
    'behind an exclusion of the query: null',
    [{ $unset: 'a' }, { $project: { q: RECORD } }],
    ids(null, null, null),
  ],
  ['added fields keep it', [{ $set: { z: 1 } }, { $project: { q: RECORD } }], ids(1, 2, 3)],
  [
    'sorts and limits keep it',
    [{ $sort: { a: 1 } }, { $limit: 2 }, onlyNew({ q: RECORD })],
    [{ q: 2 }, { q: 1 }],
  ],
  ['the whole root keeps it', [{ $replaceWith: '$$ROOT' }, { $project: { q: RECORD } }], ids(1, 2, 3)],
  [
    'a part of it does not',
    [{ $replaceWith: '$t' }, onlyNew({ q: { $type: RECORD } })],
    Array<Document>(3).fill({ q: 'missing' }),
  ],
  [
    '$redact does not',
    [{ $redact: '$$KEEP' }, { $project: { q: RECORD } }],
    ids(undefined, undefined, undefined),
  ],
  ['in $redact there is none', [{ $redact: { $cond: [{ $eq: [RECORD, 1] }, '$$KEEP', '$$PRUNE'] } }], []],
  [
    'facets have it, and their document does not',
    [{ $facet: { x: [{ $project: { q: RECORD } }] } }, { $set: { q: RECORD } }],
    [{ x: ids(1, 2, 3) }],
  ],
  [
    'both sides of a $lookup',
    [
      { $lookup: { from: 'c', as: 'l', pipeline: [onlyNew({ q: RECORD })] } },
      { $project: { q: RECORD, l: 1 } },
    ],
    ids(1, 2, 3).map((row) => ({ ...row, l: [{ q: 1 }, { q: 2 }, { q: 3 }] })),
  ],
  [
    'variables of a $lookup',
    [
      {
        $lookup: { from: 'c', as: 'l', let: { r: RECORD }, pipeline: [{ $limit: 1 }, onlyNew({ r: '$$r' })] },
      },
      onlyNew({ l: '$l' }),
    ],
    [{ l: [{ r: 1 }] }, { l: [{ r: 2 }] }, { l: [{ r: 3 }] }],
  ],
  [
    '$graphLookup starts with it',
    [
      { $graphLookup: { from: 'c', startWith: RECORD, connectFromField: 'n', connectToField: 'a', as: 'g' } },
      onlyNew({ g: '$g._id', q: RECORD }),
    ],
    [
      { g: ['y'], q: 1 },
      { g: ['x'], q: 2 },
      { g: ['z'], q: 3 },
    ],
  ],
  [
    'what follows a $unionWith is done on both sides',
    [{ $unionWith: 'c' }, onlyNew({ q: RECORD })],
    [1, 2, 3, 1, 2, 3].map((q) => ({ q })),
  ],
  [
    'unless it cannot',
    [{ $unionWith: 'c' }, { $limit: 4 }, onlyNew({ q: { $type: RECORD } })],
    [{ q: 'long' }, { q: 'long' }, { q: 'long' }, { q: 'missing' }],
  ],
  [
    '$bucketAuto sees rows as they came',
    [{ $bucketAuto: { groupBy: '$a', buckets: 2, output: { q: { $push: RECORD }, a: { $push: '$a' } } } }],
    [
      { _id: { min: 1, max: 3 }, q: [1, 2], a: [2, 1] },
      { _id: { min: 3, max: 3 }, q: [3], a: [3] },
    ],
  ],
  [
    'partitions and frames',
    [
      {
        $setWindowFields: {
          sortBy: { a: 1 },
          output: { n: { $push: RECORD, window: { documents: [-1, 0] } } },
        },
      },
      onlyNew({ n: '$n', q: RECORD }),
    ],
    [
      { n: [2], q: 2 },
      { n: [2, 1], q: 1 },
      { n: [1, 3], q: 3 },
    ],
  ],
  [
    '$densify: what is filled in has none',
    [{ $densify: { field: 'a', range: { step: 0.5, bounds: 'full' } } }, { $project: { q: RECORD } }],
    [{ _id: 'y', q: 2 }, {}, { _id: 'x', q: 1 }, {}, { _id: 'z', q: 3 }],
  ],
  ['$count', [{ $count: 'n' }, { $project: { q: RECORD } }], [{}]],
  [
    '$sample tells its random number',
    [{ $sample: { size: 9 } }, { $group: { _id: { $type: { $meta: 'randVal' } }, n: { $sum: 1 } } }],
    [{ _id: 'double', n: 3 }],
  ],
];

const SORTS: readonly Row[] = [
  ['a projection of the query needs a sort', [{ $project: { q: SORT } }], 2],
  ['also in an expression', [IS_POSITIVE, { $project: { q: { $type: SORT } } }], 2],
  ['and with the sort behind it', [{ $project: { q: SORT } }, { $sort: { a: 1 } }], 2],
  ['also in a $lookup', [{ $lookup: { from: 'c', as: 'l', pipeline: [{ $project: { q: SORT } }] } }], 2],
  [
    'both sides of a $unionWith need one',
    [{ $sort: { a: 1 } }, { $unionWith: 'c' }, { $project: { q: SORT } }],
    2,
  ],
  [
    'any other stage shows that there is none',
    [{ $set: { z: 1 } }, { $project: { q: SORT } }],
    ids([], [], []),
  ],
  ['so do those behind a $skip', [{ $skip: 1 }, onlyNew({ q: SORT })], [{ q: [] }, { q: [] }]],
  ['groups', [{ $group: { _id: SORT } }], [{ _id: [] }]],
  ['one field', [{ $sort: { a: 1 } }, onlyNew({ q: SORT })], [{ q: [1] }, { q: [2] }, { q: [3] }]],
  [
    'several',
    [{ $sort: { 't.u': -1, a: 1 } }, onlyNew({ q: SORT })],
    [{ q: [3, 3] }, { q: [2, 1] }, { q: [1, 2] }],
  ],
  [
    'arrays by what decides',
    [{ $sort: { b: -1 } }, onlyNew({ q: SORT })],
    [{ q: [3] }, { q: [2] }, { q: [undefined] }],
  ],
  [
    'random numbers that are not there',
    [{ $sort: { q: { $meta: 'randVal' } } }, onlyNew({ q: SORT })],
    [{ q: [null] }, { q: [null] }, { q: [null] }],
  ],
  [
    'the last of two sorts',
    [{ $sort: { a: 1 } }, { $sort: { n: 1 } }, onlyNew({ q: SORT, _id: '$_id' })],
    [
      { q: [null], _id: 'x' },
      { q: [null], _id: 'y' },
      { q: [null], _id: 'z' },
    ],
  ],
  [
    'a sort behind another stage changes nothing',
    [{ $sort: { a: 1 } }, { $set: { z: 1 } }, { $sort: { _id: -1 } }, onlyNew({ q: SORT })],
    [{ q: [3] }, { q: [1] }, { q: [2] }],
  ],
  [
    'nor does the only one',
    [{ $unwind: '$b' }, { $sort: { b: -1 } }, onlyNew({ q: SORT })],
    [{ q: [] }, { q: [] }, { q: [] }],
  ],
  [
    'documents made anew keep it',
    [{ $sort: { a: 1 } }, { $replaceWith: '$t' }, onlyNew({ q: SORT })],
    [{ q: [1] }, { q: [2] }, { q: [3] }],
  ],
  [
    'groups drop it',
    [{ $sort: { a: 1 } }, { $group: { _id: 0 } }, { $sort: { _id: 1 } }, { $project: { q: SORT } }],
    [{ _id: 0 }],
  ],
  [
    '$setWindowFields tells its own order, with the partition',
    [
      { $unwind: '$b' },
      { $setWindowFields: { partitionBy: '$a', sortBy: { b: -1 }, output: {} } },
      onlyNew({ q: SORT }),
    ],
    [{ q: [1, 3] }, { q: [2, 2] }, { q: [2, 1] }],
  ],
  [
    'and none without an order',
    [{ $setWindowFields: { output: {} } }, { $project: { q: SORT } }],
    ids([], [], []),
  ],
  [
    '$fill',
    [{ $fill: { sortBy: { a: 1 }, output: { n: { method: 'locf' } } } }, onlyNew({ q: SORT })],
    [{ q: [1] }, { q: [2] }, { q: [3] }],
  ],
  [
    '$densify',
    [{ $densify: { field: 'a', range: { step: 1, bounds: 'full' } } }, onlyNew({ q: SORT })],
    [{ q: [1] }, { q: [2] }, { q: [3] }],
  ],
];

const KEYS: readonly Row[] = [
  [
    'an entry',
    [IS_POSITIVE, onlyNew({ i: KEY, q: RECORD })],
    [
      { i: { a: 1 }, q: 2 },
      { i: { a: 2 }, q: 1 },
      { i: { a: 3 }, q: 3 },
    ],
  ],
  [
    'of several fields',
    [{ $match: { b: { $gt: 0 } } }, onlyNew({ i: KEY })],
    [{ i: { b: 1, a: 2 } }, { i: { b: 3, a: 1 } }],
  ],
  [
    'that gives the order',
    [{ $sort: { a: 1 } }, { $limit: 2 }, onlyNew({ i: KEY, s: SORT })],
    [
      { i: { a: 1 }, s: [1] },
      { i: { a: 2 }, s: [2] },
    ],
  ],
  [
    'through a sort',
    [IS_POSITIVE, { $sort: { t: -1 } }, onlyNew({ i: KEY })],
    [{ i: { a: 3 } }, { i: { a: 1 } }, { i: { a: 2 } }],
  ],
  [
    'of alternatives',
    [{ $match: { $or: [{ a: 1 }, { _id: 'x' }] } }, { $project: { i: KEY } }],
    [
      { _id: 'x', i: { _id: 'x' } },
      { _id: 'y', i: { a: 1 } },
    ],
  ],
  ['one _id is found without', [{ $match: { _id: 'x' } }, { $project: { i: KEY } }], [{ _id: 'x' }]],
  [
    'a range of them with',
    [{ $match: { _id: { $gt: 'y' } } }, { $project: { i: KEY } }],
    [{ _id: 'z', i: { _id: 'z' } }],
  ],
  [
    'by the key of a $lookup',
    [
      {
        $lookup: { from: 'c', localField: 'a', foreignField: 'a', as: 'l', pipeline: [onlyNew({ i: KEY })] },
      },
      onlyNew({ l: '$l', i: KEY }),
    ],
    [{ l: [{ i: { a: 2 } }] }, { l: [{ i: { a: 1 } }] }, { l: [{ i: { a: 3 } }] }],
  ],
  [
    'what an index could give alone',
    [IS_POSITIVE, { $project: { a: 1, _id: 0 } }, { $set: { i: KEY, q: RECORD } }],
    [
      { a: 1, i: { a: 1 }, q: null },
      { a: 2, i: { a: 2 }, q: null },
      { a: 3, i: { a: 3 }, q: null },
    ],
  ],
  ['$unwind keeps all', [IS_POSITIVE, { $unwind: '$b' }, { $limit: 1 }, TYPES], [KEPT]],
  [
    'an exclusion behind it too',
    [IS_POSITIVE, { $unwind: '$b' }, { $unset: 'b' }, { $limit: 1 }, TYPES],
    [KEPT],
  ],
  [
    'an inclusion loses the record',
    [IS_POSITIVE, { $unwind: '$b' }, { $project: { a: 1 } }, { $limit: 1 }, TYPES],
    [MADE_ANEW],
  ],
  [
    'so do other documents',
    [IS_POSITIVE, { $unwind: '$b' }, { $replaceWith: '$t' }, { $limit: 1 }, TYPES],
    [MADE_ANEW],
  ],
  [
    'a $lookup with its $unwind keeps all',
    [
      IS_POSITIVE,
      { $lookup: { from: 'c', localField: 'a', foreignField: 'a', as: 'l' } },
      { $unwind: '$l' },
      { $limit: 1 },
      TYPES,
    ],
    [KEPT],
  ],
  [
    'an order of its own keeps all',
    [IS_POSITIVE, { $unwind: '$b' }, { $sort: { b: 1 } }, { $limit: 1 }, TYPES],
    [KEPT],
  ],
];

const NAMES = [
  'textScore',
  'searchScore',
  'vectorSearchScore',
  'score',
  'scoreDetails',
  'geoNearDistance',
  'geoNearPoint',
  'searchRootDocumentId',
];
const REFUSED: readonly Row[] = NAMES.flatMap((name): Row[] => [
  [`${name} needs who makes it`, [{ $set: { q: { $meta: name } } }], 40218],
  [`${name} behind a condition too`, [IS_POSITIVE, { $project: { q: { $meta: name } } }], 40218],
  [`${name} in a filter`, [{ $match: { $expr: { $eq: [{ $meta: name }, 1] } } }], 40218],
]);

const OTHERS: readonly Row[] = [
  ['names there are not', [{ $set: { q: { $meta: 'nope' } } }], 17308],
  ['numbers', [{ $set: { q: { $meta: 1 } } }], 17307],
  [
    'a literal is none',
    [{ $limit: 1 }, onlyNew({ q: { $literal: { $meta: 'textScore' } } })],
    [{ q: { $meta: 'textScore' } }],
  ],
  ['paths that collide are told before', [{ $set: { q: { $meta: 'textScore' }, 'q.r': 1 } }], 40176],
  ['a sort by a record', [{ $sort: { q: RECORD } }], 31138],
  ['a sort by its own key', [{ $sort: { q: SORT } }], 31138],
  ['a sort by a point', [{ $sort: { q: { $meta: 'geoNearPoint' } } }], 31138],
  ['a sort by a distance', [{ $sort: { q: { $meta: 'geoNearDistance' } } }], 40218],
];

const find = (more: Document): Document => ({ find: 'c', ...more });
const FINDS: readonly Former[] = [
  { why: 'a find needs a sort', command: find({ projection: { q: SORT } }), code: 2 },
  {
    why: 'an order of the records is none',
    command: find({ projection: { q: SORT }, sort: { $natural: 1 } }),
    code: 2,
  },
  {
    why: 'a find needs who makes scores',
    command: find({ projection: { q: { $meta: 'textScore' } } }),
    code: 40218,
  },
  {
    why: 'keys of alternatives',
    command: find({ filter: { $or: [{ a: 1 }, { b: 1 }] }, projection: { i: KEY, _id: 1 } }),
    rows: [
      { _id: 'y', i: { a: 1 } },
      { _id: 'x', i: { b: 1, a: 2 } },
    ],
  },
  {
    why: 'within min and max the first of the keys of a document that lies there, with a collation too',
    before: [
      { createIndexes: 'c', indexes: [{ key: { l: 1 }, name: 'l', collation: { locale: 'en' } }] },
      { insert: 'c', documents: [{ _id: 'w', l: [3, 1, 2] }] },
    ],
    command: find({ hint: 'l', min: { l: 2 }, max: { l: 9 }, collation: { locale: 'en' }, returnKey: true }),
    rows: [{ l: 2 }],
  },
  {
    why: 'one _id has no key',
    command: find({ filter: { _id: 'x' }, projection: { i: KEY, _id: 1 } }),
    rows: [{ _id: 'x' }],
  },
  { why: 'but shows it', command: find({ filter: { _id: 'x' }, returnKey: true }), rows: [{ _id: 'x' }] },
  {
    why: 'findAndModify does not sort',
    command: { findAndModify: 'c', query: {}, sort: { a: 1 }, update: {}, fields: { q: SORT } },
    code: 2,
  },
  {
    why: 'findAndModify shows no record',
    command: {
      findAndModify: 'c',
      query: { _id: 'x' },
      update: { $unset: { b: 1, t: 1 } },
      new: true,
      fields: { q: RECORD },
    },
    reply: { value: { _id: 'x', a: 2, q: null } },
  },
  {
    why: 'a view of scores can be made',
    command: { create: 'v', viewOn: 'c', pipeline: [{ $set: { q: { $meta: 'textScore' } } }] },
    reply: { ok: 1 },
  },
  {
    why: 'and not be read',
    before: [{ create: 'v', viewOn: 'c', pipeline: [{ $set: { q: { $meta: 'textScore' } } }] }],
    command: { find: 'v' },
    code: 40218,
  },
].map((each) => ({ documents: DOCUMENTS, ...each, before: [INDEXES, ...(each.before ?? [])] }));

describe('metadata of rows', () => {
  describe('records', () => testFormer(RECORDS.map(formerOf([]))));
  describe('what rows sort by', () => testFormer(SORTS.map(formerOf([]))));
  describe('keys of indexes', () => testFormer(KEYS.map(formerOf([INDEXES]))));
  describe('what is refused', () => testFormer([...REFUSED, ...OTHERS].map(formerOf([]))));
  describe('finds', () => testFormer(FINDS));
});
