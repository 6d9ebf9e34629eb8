/** Differences of commands that read, by theme; see `former.test.ts`. */
import { Decimal128, Double, Long, type Document } from '../../elmo/bson/package.js';
import { aggregate, testFormer, type Former } from './former.js';

const SHIFTED = { locale: 'en', alternate: 'shifted' };
const EMPTY_NAMES = [
  { _id: 1, a: [1, 2] },
  { _id: 2, a: { '': 5 } },
  { _id: 3, a: [{ '': 6 }] },
  { _id: 4, a: 7 },
  { _id: 5, a: [[8]] },
  { _id: 6, a: { '': [3] } },
];

const distinct = (
  why: string,
  documents: readonly Document[],
  command: Document,
  values: readonly unknown[],
): Former => ({
  why,
  documents,
  command: { distinct: 'c', ...command },
  reply: { values },
});

const DISTINCT: readonly Former[] = [
  distinct('a path that ends in a dot leads to fields without a name', EMPTY_NAMES, { key: 'a.' }, [3, 5, 6]),
  distinct(
    'a number in an array is an index, and no name of its elements',
    [
      { _id: 1, b: [{ '1': 'x' }, 5] },
      { _id: 2, b: { '1': [9] } },
      { _id: 3, b: [{ '1': 6 }] },
    ],
    { key: 'b.1' },
    [5, 9],
  ),
  {
    ...distinct(
      'documents without the field have no value, whatever index is hinted at',
      [{ _id: 1 }],
      {
        key: 'n',
        hint: 'i',
      },
      [],
    ),
    before: [{ createIndexes: 'c', indexes: [{ key: { c: 1, n: 1 }, name: 'i' }] }],
  },
  {
    ...distinct(
      'a filter that every document meets is no reason to ask an index, which has null for what is not there',
      [{ _id: 1 }, { _id: 2, n: 1 }],
      { key: 'n', query: { $or: [{}] } },
      [1],
    ),
    before: [{ createIndexes: 'c', indexes: [{ key: { n: 1 }, name: 'i' }] }],
  },
  distinct(
    'documents whose texts a collation calls equal are one value',
    [
      { _id: 1, q: { k: 'a b', v: new Double(3) } },
      { _id: 2, q: { k: 'a.b', v: 3 } },
      { _id: 3, q: ['a.b', ['a-b'], ['ab']] },
    ],
    { key: 'q', collation: SHIFTED },
    ['a.b', { k: 'a b', v: 3 }, ['a-b']],
  ),
];

const PROJECTIONS: readonly Former[] = [
  {
    why: 'a constant inside an array needs the array, though an index has all that is named',
    documents: [{ _id: 1, a: [] }, { _id: 2, a: [1] }, { _id: 3 }],
    command: { find: 'c', filter: { _id: { $gt: 0 } }, projection: { 'a.b': 'x' } },
    rows: [
      { _id: 1, a: [] },
      { _id: 2, a: [{ b: 'x' }] },
      { _id: 3, a: { b: 'x' } },
    ],
  },
];

const ORDERS: readonly Former[] = [
  {
    why: 'what a row sorts by is an array',
    documents: [{ _id: 1, a: 1, b: 'x' }],
    command: { find: 'c', sort: { a: 1, b: -1 }, projection: { k: { $meta: 'sortKey' }, a: 1 } },
    exact: [{ _id: 1, a: 1, k: [1, 'x'] }],
  },
];

const GROUPS: readonly Former[] = [
  {
    why: 'a dollar is no path to count by',
    documents: [{ _id: 1 }],
    command: aggregate({ $sortByCount: '$' }),
    code: 40148,
  },
  {
    why: 'the zeros stay in their order for a median',
    documents: [
      { _id: 1, n: new Double(0) },
      { _id: 2, n: new Double(-0) },
    ],
    command: aggregate(
      { $sort: { _id: 1 } },
      { $group: { _id: null, m: { $percentile: { input: '$n', p: [0.5, 0.9], method: 'approximate' } } } },
    ),
    exact: [{ _id: null, m: [new Double(0), new Double(-0)] }],
  },
];

const window = (field: Document): Document => ({
  $setWindowFields: { sortBy: { _id: 1 }, output: { w: field } },
});

const WINDOWS: readonly Former[] = [
  {
    why: 'a frame that moves over a long keeps no more of it than a sum in two doubles does',
    documents: [
      { _id: 1, n: Long.fromString('9007199254740992') },
      { _id: 2, n: 3.875 },
      { _id: 3, n: 1 },
    ],
    command: aggregate(
      window({ $avg: '$n', window: { documents: [-1, 0] } }),
      { $set: { n: { $sum: ['$n', 0.5] } } },
      { $match: { _id: 3 } },
    ),
    exact: [{ _id: 3, n: 1.5, w: 2.5 }],
  },
  {
    why: 'an average over a frame that moves is that of its sum',
    documents: [
      { _id: 1, n: 0.1 },
      { _id: 2, n: new Double(3) },
      { _id: 3, n: Decimal128.fromString('1.5') },
    ],
    command: aggregate(window({ $avg: '$n', window: { documents: [-1, 0] } }), { $match: { _id: 3 } }),
    exact: [{ _id: 3, n: Decimal128.fromString('1.5'), w: Decimal128.fromString('2.25') }],
  },
  {
    why: 'of two faults of a row that of the first function is told',
    documents: [{ _id: 1, k: 'x', n: 1 }],
    command: aggregate({
      $setWindowFields: {
        sortBy: { k: 1 },
        output: {
          x: { $sum: { $first: '$n' }, window: { documents: [-1, 0] } },
          w: { $count: {}, window: { range: [0, 1] } },
        },
      },
    }),
    code: 28689,
  },
  {
    why: 'what follows a partition is met when the first function reads so far, before a later one looks at its rows',
    documents: [
      { _id: 1, n: 1 },
      { _id: 2, n: 2, p: [1] },
    ],
    command: aggregate({
      $setWindowFields: {
        partitionBy: '$p',
        sortBy: { _id: 1 },
        output: {
          x: { $sum: '$n', window: { documents: [0, 'unbounded'] } },
          w: { $push: { $first: '$n' } },
        },
      },
    }),
    code: 14,
  },
  {
    why: 'a line towards what is no number fails where it begins',
    documents: [{ _id: 1, n: 1 }, { _id: 2 }, { _id: 3 }, { _id: 4, n: 'x' }],
    command: { ...aggregate(window({ $linearFill: '$n' })), cursor: { batchSize: 1 } },
    exact: [{ _id: 1, n: 1, w: 1 }],
    late: 14,
  },
];

function pushedId(why: string, update: Document, code: number): Former {
  return {
    why,
    documents: [],
    command: { findAndModify: 'c', query: { q: 1 }, update, upsert: true },
    code,
  };
}

const UPSERTS: readonly Former[] = [
  {
    why: 'a filter that contradicts itself still says what is inserted',
    documents: [],
    before: [
      {
        update: 'c',
        updates: [
          { q: { _id: 1, a: 1, $nor: [{ a: 1 }] }, u: { $set: { z: 1 } }, upsert: true },
          { q: { _id: 2, $or: [{ a: 17, b: 18 }, { a: 17 }] }, u: { $set: { z: 1 } }, upsert: true },
        ],
      },
    ],
    command: { find: 'c', sort: { _id: 1 } },
    rows: [
      { _id: 1, a: 1, z: 1 },
      { _id: 2, z: 1 },
    ],
  },
  ...[{ $push: { _id: { $each: [1], $slice: 0 } } }, { $addToSet: { _id: { $a: 1 } }, $set: { z: 1 } }].map(
    (update) => pushedId('elements are not added to an _id that is not there', update, 54),
  ),
  pushedId('what is no field is told before that', { $push: { _id: 1 }, $inc: { 'q.z': 1 } }, 28),
  pushedId('an empty array is no _id either', { $push: { _id: { $each: [] } } }, 53),
];

const REFUSALS: readonly Former[] = [
  {
    why: 'a hash is no constant, so that what it is wrong in fails for a document only',
    documents: [],
    command: {
      find: 'c',
      projection: { z: { $concat: [{ $toHashedIndexKey: 1 }, 'a'] } },
    },
    rows: [],
  },
  {
    why: 'a hint that is none before a constant that fails in the projection',
    documents: [{ _id: 1 }],
    command: {
      findAndModify: 'c',
      query: { _id: 1 },
      update: { $set: { z: 1 } },
      fields: { x: { $toInt: 'q' } },
      hint: 'none',
    },
    code: 2,
  },
  {
    why: 'what is new at a position, too',
    documents: [{ _id: 1 }],
    command: {
      findAndModify: 'c',
      query: { _id: 1 },
      update: { $set: { z: 1 } },
      fields: { x: { $toInt: 'q' }, 'a.$': 1 },
      new: true,
    },
    code: 2,
  },
  {
    why: 'of a collection in the order of its _id a sort is followed, if fields are chosen',
    documents: [],
    before: [
      { create: 'o', clusteredIndex: { key: { _id: 1 }, unique: true } },
      { insert: 'o', documents: [{ _id: 1, a: [1], b: [1] }] },
    ],
    command: { findAndModify: 'o', query: { _id: 1 }, sort: { a: 1, b: 1 }, remove: true, fields: { a: 1 } },
    code: 2,
  },
  {
    why: 'a filter before the key of a distinct, on a view',
    documents: [{ _id: 1 }],
    before: [{ create: 'v', viewOn: 'c', pipeline: [] }],
    command: { distinct: 'v', key: '.a', query: { a: { $bad: 1 } } },
    code: 2,
  },
];

const COLLATED_VIEWS: readonly Former[] = (
  [
    ['before a row fails', { $set: { z: { $first: '$_id' } } }, 167],
    ['before a constant does', { $set: { z: { $add: ['a', 1] } } }, 167],
    ['where there are no rows', { $match: { _id: 'none' } }, 167],
    ['but not before an operator is unknown', { $set: { z: { $none: 1 } } }, 168],
  ] as const
).map(([why, stage, code]) => ({
  why: `a view of another collation that is joined is refused ${why}`,
  documents: [{ _id: 1 }],
  before: [{ create: 'v', viewOn: 'c', pipeline: [] }],
  command: { ...aggregate(stage, { $unionWith: 'v' }), collation: SHIFTED },
  code,
}));

const CASELESS = { locale: 'en', strength: 2 };
/** @param documents  of which the first is asked */
const ofSets = (
  why: string,
  documents: readonly Document[],
  x: Document,
  answer: unknown,
  collation?: Document,
): Former => ({
  why,
  documents,
  command: {
    ...aggregate({ $project: { _id: 0, x } }, { $limit: 1 }),
    ...(collation === undefined ? {} : { collation }),
  },
  ...(typeof answer === 'number' ? { code: answer } : { rows: answer as Document[] }),
});
const HAS_SET = [{ _id: 1, l: ['a', 'B'] }];
const SETS: readonly Former[] = [
  ofSets('constants of a $setUnion are joined', [], { $setUnion: [[1], '$l', { $literal: 0 }] }, 17043),
  ofSets(
    'but not where a collation tells which of them is first',
    [],
    { $setUnion: [[1], '$l', { $literal: 0 }] },
    [],
    CASELESS,
  ),
  ofSets(
    'of elements that are equal the first of the $setUnion is told',
    HAS_SET,
    { $setUnion: ['$l', ['A', 'c']] },
    [{ x: ['a', 'B', 'c'] }],
    CASELESS,
  ),
  ofSets(
    'those of the smaller set of the $setIntersection',
    HAS_SET,
    { $setIntersection: ['$l', ['A']] },
    [{ x: ['A'] }],
    CASELESS,
  ),
  ofSets(
    'a $setEquals compares with its first constant',
    [{ _id: 1 }],
    { $setEquals: ['$l', [1], [2]] },
    17044,
  ),
];

describe('what once differed', () => {
  describe('in sets', () => testFormer(SETS));
  describe('in views', () => testFormer(COLLATED_VIEWS));
  describe('in projections', () => testFormer(PROJECTIONS));
  describe('in upserts', () => testFormer(UPSERTS));
  describe('in what is refused first', () => testFormer(REFUSALS));
  describe('in groups', () => testFormer(GROUPS));
  describe('in orders', () => testFormer(ORDERS));
  describe('in windows', () => testFormer(WINDOWS));
  describe('in distinct', () => testFormer(DISTINCT));
});
