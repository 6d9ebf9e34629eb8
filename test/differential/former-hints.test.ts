/** Which hints at wildcard indexes are good for which filters, as the reference has it. */
import { MaxKey, MinKey, type Document } from '../../elmo/bson/package.js';
import { aggregate, testFormer, type Former } from './former.js';

const documents = [
  { _id: 1 },
  { _id: 2, a: 1, n: 1 },
  { _id: 3, a: 'x', n: 'x' },
  { _id: 4, a: null, n: null },
  { _id: 5, a: { b: 1 }, n: 5 },
];
const WHOLE = { '$**': 1 };
const BEHIND = { n: 1, 'a.$**': 1 };
const VIEW = { create: 'v', viewOn: 'c', pipeline: [{ $project: { a: 1, n: 1 } }] };

const ofView = (why: string, $jsonSchema: Document, code?: number): Former => ({
  why,
  documents,
  before: [VIEW, { createIndexes: 'c', indexes: [{ key: { 'a.$**': 1 }, name: 'i' }] }],
  command: { find: 'v', filter: { $jsonSchema }, hint: 'i' },
  ...(code === undefined ? { rows: [] } : { code }),
});
const SCHEMAS_OF_VIEWS: readonly Former[] = [
  ofView('one that no document satisfies needs no index', { enum: [1, 'ab'] }),
  ofView('one of types, too', { bsonType: 'int' }),
  ofView('and the only one that may hold', { oneOf: [{ bsonType: 'int' }] }),
  ofView('not one of several', { oneOf: [{ bsonType: 'int' }, { bsonType: 'int' }] }, 291),
  ofView('one that a document may satisfy needs one', { enum: [{ a: 1 }] }, 291),
];

/** `found`: the _ids, or 291. */
const hinted = (
  why: string,
  key: Document,
  filter: Document,
  found: readonly number[] | 291,
  options: Document = {},
): Former => ({
  why,
  documents,
  before: [{ createIndexes: 'c', indexes: [{ key, name: 'i', ...options }] }],
  command: { find: 'c', filter, hint: 'i', projection: { _id: 1 } },
  ...(found === 291 ? { code: 291 } : { rows: found.map((_id) => ({ _id })) }),
});

const CONDITIONS: readonly Former[] = [
  hinted('a value', WHOLE, { a: 1 }, [2]),
  hinted('a type', WHOLE, { a: { $type: 'object' } }, [5]),
  hinted('that something is there', WHOLE, { a: { $ne: null } }, [2, 3, 5]),
  hinted('that it is not null or less', WHOLE, { a: { $not: { $lte: null } } }, [2, 3, 5]),
  hinted('an expression', WHOLE, { $expr: { $eq: ['$a', 1] } }, [2]),
  hinted('what is MaxKey or above', WHOLE, { a: { $gte: new MaxKey() } }, []),
  hinted('what is MinKey or below', WHOLE, { a: { $lte: new MinKey() } }, []),
  hinted('not what is null', WHOLE, { a: null }, 291),
  hinted('not what is none of some values', WHOLE, { a: { $ne: 1 } }, 291),
  hinted('not a document', WHOLE, { a: { b: 1 } }, 291),
  hinted('not an element at a position', WHOLE, { 'a.0': { $elemMatch: { $gt: 1 } } }, 291),
  hinted('but an element of what is there', WHOLE, { 'a.0.b': { $elemMatch: { $gt: 1 } } }, []),
  hinted('alternatives at positions', WHOLE, { $or: [{ 'a.0.b': 1 }, { 'a.b': 1 }] }, [5]),
  hinted('not if one of them has no entry', WHOLE, { $or: [{ 'a.0.b': 1 }, { n: null }] }, 291),
];

const OTHER_FIELDS: readonly Former[] = [
  hinted('the first field of an index is asked', BEHIND, { n: 1 }, [2]),
  hinted('though the wildcard is not of use', BEHIND, { n: 1, a: { $ne: 2 } }, [2]),
  hinted('or cannot be', BEHIND, { n: 1, z: 1 }, []),
  hinted('by an expression, too', BEHIND, { $expr: { $gt: ['$n', 'a'] } }, [3]),
  hinted('not by what may be missing', BEHIND, { n: null }, 291),
  hinted('nor beside a condition on the wildcard', BEHIND, { n: { $ne: 1 }, a: 1 }, 291),
  hinted('a later field alone is of no use', { 'a.$**': 1, n: 1 }, { n: 1 }, 291),
];

const COLLATION = { collation: { locale: 'en', strength: 2 } };
const PARTIAL = { partialFilterExpression: { n: { $gt: 0 } } };

const KINDS: readonly Former[] = [
  hinted('numbers by an index of another collation', WHOLE, { a: 1 }, [2], COLLATION),
  hinted('not texts', WHOLE, { a: 'x' }, 291, COLLATION),
  hinted('nor what holds texts', WHOLE, { a: { $in: [1, {}] } }, 291, COLLATION),
  hinted('but patterns', WHOLE, { a: /x/ }, [3], COLLATION),
  hinted('texts beside others', WHOLE, { $or: [{ a: 'x' }, { n: 1 }] }, 291, COLLATION),
  hinted('a partial index by what implies its filter', WHOLE, { a: 1, n: { $gt: 0 } }, [2], PARTIAL),
  hinted('by nothing else', WHOLE, { a: 1 }, 291, PARTIAL),
];

const PATHS: readonly Former[] = [
  {
    why: 'no path that ends in a dot is asked where there is a wildcard index',
    documents,
    before: [{ createIndexes: 'c', indexes: [{ key: { 'n.$**': 1 }, name: 'i', hidden: true }] }],
    command: { find: 'c', filter: { $or: [{ 'a.': 1 }, { b: 1 }] }, hint: 'none' },
    code: 40353,
  },
  {
    why: 'not even below an element',
    documents,
    before: [{ createIndexes: 'c', indexes: [{ key: WHOLE, name: 'i' }] }],
    command: { count: 'c', query: { b: { $elemMatch: { 'a.': 1 } } } },
    code: 40353,
  },
  {
    why: 'unless nothing can match',
    documents,
    before: [{ createIndexes: 'c', indexes: [{ key: WHOLE, name: 'i' }] }],
    command: { count: 'c', query: { 'a.': { $in: [] } } },
    reply: { n: 0 },
  },
  {
    why: 'conditions on what an inclusion keeps go before it, and so to the index',
    documents,
    before: [VIEW, { createIndexes: 'c', indexes: [{ key: WHOLE, name: 'i' }] }],
    command: { find: 'v', filter: { a: 1 }, hint: 'i' },
    rows: [{ _id: 2, a: 1, n: 1 }],
  },
  {
    why: 'also on what is below it',
    documents,
    before: [{ createIndexes: 'c', indexes: [{ key: WHOLE, name: 'i' }] }],
    command: { ...aggregate({ $project: { a: 1 } }, { $match: { 'a.b': 1 } }), hint: 'i' },
    rows: [{ _id: 5, a: { b: 1 } }],
  },
  {
    why: 'not on what is above it',
    documents,
    before: [{ createIndexes: 'c', indexes: [{ key: WHOLE, name: 'i' }] }],
    command: { ...aggregate({ $project: { 'a.b': 1 } }, { $match: { a: 1 } }), hint: 'i' },
    code: 291,
  },
  {
    why: 'nor on what it leaves out',
    documents,
    command: aggregate({ $project: { a: 1 } }, { $match: { n: 1 } }),
    rows: [],
  },
  {
    why: 'nor on a name that may be a position',
    documents: [{ _id: 1, a: [7] }],
    command: aggregate({ $project: { 'a.0': 1 } }, { $match: { 'a.0': 7 } }),
    rows: [],
  },
];

const KEYS = [
  { _id: 1, a: new MaxKey() },
  { _id: 2, a: 1 },
  { _id: 3, a: new MinKey() },
];
const ranged = (key: Document, bounds: Document): Pick<Former, 'documents' | 'before' | 'command'> => ({
  documents: KEYS,
  before: [{ createIndexes: 'c', indexes: [{ key, name: 'i' }] }],
  command: { find: 'c', hint: key, projection: { _id: 1 }, ...bounds },
});

const BOUNDS: readonly Former[] = [
  {
    why: 'without a max MaxKey is not reached',
    ...ranged({ a: 1 }, { min: { a: 0 } }),
    rows: [{ _id: 2 }],
  },
  {
    why: 'without a min MinKey is',
    ...ranged({ a: 1 }, { max: { a: 2 } }),
    rows: [{ _id: 3 }, { _id: 2 }],
  },
  {
    why: 'the other way round in a descending index',
    ...ranged({ a: -1 }, { min: { a: 2 } }),
    rows: [{ _id: 2 }],
  },
  { why: 'nothing is above MaxKey', ...ranged({ a: 1 }, { min: { a: new MaxKey() } }), code: 51175 },
  { why: 'nor below MinKey', ...ranged({ a: 1 }, { max: { a: new MinKey() } }), code: 51175 },
];

const ELEMENTS: readonly Former[] = [
  {
    why: 'that the name of an index is taken is told before that there is one of its key',
    documents: [],
    before: [
      {
        createIndexes: 'c',
        indexes: [
          { key: { a: 1 }, name: 'i1' },
          { key: { b: 1 }, name: 'i2' },
        ],
      },
    ],
    command: { createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 'i2' }] },
    code: 86,
  },
  {
    why: 'a position may lead into an array in another, of which a wildcard index has no names',
    documents: [{ _id: 1, a: [[{ b: 'x' }]] }],
    before: [{ createIndexes: 'c', indexes: [{ key: WHOLE, name: 'i' }] }],
    command: { find: 'c', filter: { 'a.0.b': /x/ } },
    rows: [{ _id: 1, a: [[{ b: 'x' }]] }],
  },
  {
    why: 'a condition on documents does not narrow what a wildcard index is asked for',
    documents: [{ _id: 1, c: ['ab', { c: null }] }],
    before: [{ createIndexes: 'c', indexes: [{ key: WHOLE, name: 'i' }] }],
    command: { find: 'c', filter: { c: { $regex: '.', $all: [{ $elemMatch: { $lt: { c: 'a' } } }] } } },
    rows: [{ _id: 1, c: ['ab', { c: null }] }],
  },
  {
    why: 'a schema that no document satisfies needs no index',
    documents,
    before: [{ createIndexes: 'c', indexes: [{ key: WHOLE, name: 'i' }] }],
    command: { find: 'c', filter: { $jsonSchema: { type: 'number' } }, hint: 'i' },
    rows: [],
  },
  {
    why: 'and does not keep an alternative from being an only one',
    documents: [{ _id: 1 }],
    command: {
      find: 'c',
      filter: { l: 1, $or: [{ $expr: { $anyElementTrue: ['$l'] } }, { $jsonSchema: { enum: [1, 'a'] } }] },
    },
    rows: [],
  },
  {
    why: 'alternatives that compare fields are asked first',
    documents: [{ _id: 1, s: 1 }],
    command: {
      find: 'c',
      filter: {
        $or: [{ $expr: { $regexMatch: { input: '$s', regex: 'b' } } }, { $expr: { $eq: ['$_id', 1] } }],
      },
    },
    rows: [{ _id: 1, s: 1 }],
  },
  {
    why: 'a stage that is not the first asks in the order it is written',
    documents: [{ _id: 1, s: 1 }],
    command: aggregate(
      { $limit: 1 },
      { $match: { $expr: { $regexMatch: { input: '$s', regex: 'b' } }, c: 1 } },
    ),
    code: 51104,
  },
];

/** By an index over these documents. */
const met = (
  why: string,
  others: readonly Document[],
  filter: Document,
  found: readonly number[] | 291,
  key: Document = WHOLE,
  options: Document = {},
): Former => ({
  ...hinted(why, key, filter, found, options),
  documents: others.map((document, i) => ({ _id: i + 1, ...document })),
});
const NOT_NULL = { $ne: null };
const equals = (path: string): Document => ({ $expr: { $eq: [`$${path}`, 1] } });
const OF_SCALARS = [{ a: [1, 2] }];
const OF_DOCUMENTS = [{ a: [{ b: 1 }] }];
const BELOW = [{ a: { b: [1] } }];
const BOTH = [{ a: [{ b: [1] }] }];

const ARRAYS: readonly Former[] = [
  met('whether it is not null is asked of no path that met an array', OF_SCALARS, { a: NOT_NULL }, 291),
  met('nor of one below', OF_SCALARS, { 'a.b': NOT_NULL }, 291),
  met('nor of a place in it', OF_SCALARS, { 'a.0': NOT_NULL }, 291),
  met('an empty array is one', [{ a: [] }], { a: NOT_NULL }, 291),
  met('but of a path above', BELOW, { a: NOT_NULL }, [1]),
  met('and of one beside', BELOW, { 'a.c': NOT_NULL }, []),
  met('whether it is none of null', OF_SCALARS, { a: { $nin: [null] } }, 291),
  met('whether it is not up to null', OF_SCALARS, { a: { $not: { $lte: null } } }, 291),
  met('by the negation of a condition', OF_SCALARS, { $nor: [{ a: null }] }, 291),
  met('that it is there is', OF_SCALARS, { a: { $exists: true } }, [1]),
  met('a value is', OF_SCALARS, { a: 1 }, [1]),
  met('expressions are asked of no path that met an array', OF_SCALARS, equals('a'), 291),
  met('nor of one below', OF_DOCUMENTS, equals('a.b'), 291),
  met('but of others', BELOW, equals('a'), []),
  met('a name of digits is another than a place', [{ a: { 0: [1] } }], { 'a.0': NOT_NULL }, 291),
  met('what is above it met none', [{ a: { 0: [1] } }], { 'a.b': NOT_NULL }, []),
  met('what is met below a place', BOTH, { 'a.0.b': NOT_NULL }, 291),
  met('a place that is none is a name', BELOW, { 'a.0.b': NOT_NULL }, []),
  met('places in an array in another have no entries', OF_SCALARS, { 'a.0.1': 1 }, 291),
  met('but where there is no array they are names', BELOW, { 'a.0.1': 1 }, []),
];

const PARTIAL_N = { partialFilterExpression: { n: 1 } };
const AB = { wildcardProjection: { 'a.b': 1 } };
const NO_AB = { wildcardProjection: { 'a.b': 0 } };

const ARRAYS_OF_INDEXES: readonly Former[] = [
  met('arrays above its root count', OF_SCALARS, { 'a.b': NOT_NULL }, 291, { 'a.b.$**': 1 }),
  met('arrays beside it do not', [{ a: [1], b: 1 }], { b: NOT_NULL }, [1], { 'b.$**': 1 }),
  met('arrays on the way to what it takes count', OF_SCALARS, { 'a.b': NOT_NULL }, 291, WHOLE, AB),
  met('arrays in what it leaves out do not', BELOW, { a: NOT_NULL }, [1], WHOLE, NO_AB),
  met(
    'nor those of documents it does not take',
    OF_SCALARS,
    { a: NOT_NULL, n: 1 },
    [],
    { 'a.$**': 1 },
    PARTIAL_N,
  ),
  met('a field before it serves all the same', [{ n: 1, a: [1] }], { n: 1, a: NOT_NULL }, [1], BEHIND),
  met('a field behind it does not', [{ n: 1, a: [1] }], { n: 1, a: NOT_NULL }, 291, { 'a.$**': 1, n: 1 }),
  met('each of several alternatives', OF_SCALARS, { $or: [{ a: NOT_NULL }, { x: 1 }] }, 291),
  met('beside a condition that serves', OF_SCALARS, { a: NOT_NULL, x: 1 }, []),
];

const ARRAYS_OF_ELEMENTS: readonly Former[] = [
  met('of an element it may be asked', OF_DOCUMENTS, { a: { $elemMatch: { b: NOT_NULL } } }, [1]),
  met('unless the path goes on to another array', BOTH, { a: { $elemMatch: { b: NOT_NULL } } }, 291),
  met('of an element that is a value, too', OF_SCALARS, { a: { $elemMatch: NOT_NULL } }, [1]),
  met('and whether it is null', [{ a: [null] }], { a: { $elemMatch: { $eq: null } } }, [1]),
  met('all its conditions have to serve', OF_SCALARS, { a: { $elemMatch: { $gt: 0, $ne: 1 } } }, 291),
  met(
    'which arrays in arrays do not',
    [{ a: [[1]] }],
    { a: { $elemMatch: { $elemMatch: { $gt: 0 } } } },
    291,
  ),
];

const OF_TEXTS = [{ a: ['x'], b: [{ c: 'x' }] }];
const COLLATED = { collation: { locale: 'en', strength: 1 } };
const FOUND_X = { $regex: 'x' };

const PATTERNS_OF_ELEMENTS: readonly Former[] = [
  met('are asked of an index without a collation', OF_TEXTS, { a: { $elemMatch: FOUND_X } }, [1]),
  met('not of one with a collation', OF_TEXTS, { a: { $elemMatch: FOUND_X } }, 291, WHOLE, COLLATED),
  met('nor in documents', OF_TEXTS, { b: { $elemMatch: { c: FOUND_X } } }, 291, WHOLE, COLLATED),
  met('but in a list', OF_TEXTS, { a: { $elemMatch: { $in: [1, /x/] } } }, [1], WHOLE, COLLATED),
  met('and of values', OF_TEXTS, { a: FOUND_X }, [1], WHOLE, COLLATED),
  met('types of elements are', OF_TEXTS, { a: { $elemMatch: { $type: 'string' } } }, [1], WHOLE, COLLATED),
];

const anyOf = (...children: Document[]): Document => ({ a: { $elemMatch: { $or: children } } });
const ALTERNATIVES_OF_ELEMENTS: readonly Former[] = [
  met('are asked if all may be', OF_DOCUMENTS, anyOf({ b: { $exists: true } }, { b: 2 }), [1]),
  met('not beside one that may not', OF_DOCUMENTS, anyOf({ b: { $ne: 1 } }, { b: 2 }), 291),
];

const changed = (why: string, u: Document, filter: Document, rest: Partial<Former>): Former => ({
  why,
  documents: [{ _id: 1, a: [1] }],
  before: [
    { createIndexes: 'c', indexes: [{ key: WHOLE, name: 'i' }] },
    { update: 'c', updates: [{ q: { _id: 1 }, u }] },
  ],
  command: { find: 'c', filter, hint: 'i' },
  ...rest,
});

const BESIDE_A_WILDCARD: readonly Former[] = [
  { 'n.0': 1, 'q.$**': 1 },
  { s: 1, 'q.$**': 1, n: 1 },
].map((key) => ({
  why: Object.keys(key).join(', '),
  documents: [{ _id: 1, s: [1], n: [2] }],
  command: { createIndexes: 'c', indexes: [{ key, name: 'i' }] },
  code: 7246301,
}));

const ARRAYS_OVER_TIME: readonly Former[] = [
  changed('it stays so when the array is gone', { $set: { a: 1 } }, { a: NOT_NULL }, { code: 291 }),
  changed('and begins with the first', { $set: { b: [1] } }, { b: NOT_NULL }, { code: 291 }),
  changed('not before', { $set: { b: 1 } }, { b: NOT_NULL }, { rows: [{ _id: 1, a: [1], b: 1 }] }),
  {
    ...changed(
      'an index that is made anew knows no more than there is',
      { $set: { a: 1 } },
      { a: NOT_NULL },
      {},
    ),
    before: [
      { createIndexes: 'c', indexes: [{ key: WHOLE, name: 'i' }] },
      { update: 'c', updates: [{ q: { _id: 1 }, u: { $set: { a: 1 } } }] },
      { dropIndexes: 'c', index: 'i' },
      { createIndexes: 'c', indexes: [{ key: WHOLE, name: 'i' }] },
    ],
    rows: [{ _id: 1, a: 1 }],
  },
];

describe('hints at wildcard indexes, told once otherwise than by the reference', () => {
  describe('conditions', () => testFormer(CONDITIONS));
  describe('compound indexes', () => testFormer(OTHER_FIELDS));
  describe('collations and partial indexes', () => testFormer(KINDS));
  describe('paths', () => testFormer(PATHS));
  describe('min and max', () => testFormer(BOUNDS));
  describe('conditions beside others', () => testFormer(ELEMENTS));
  describe('paths that met arrays', () => testFormer(ARRAYS));
  describe('arrays, and what an index takes', () => testFormer(ARRAYS_OF_INDEXES));
  describe('elements of arrays', () => testFormer(ARRAYS_OF_ELEMENTS));
  describe('patterns of elements', () => testFormer(PATTERNS_OF_ELEMENTS));
  describe('alternatives of elements', () => testFormer(ALTERNATIVES_OF_ELEMENTS));
  describe('arrays beside a wildcard are refused, by position and several too', () =>
    testFormer(BESIDE_A_WILDCARD));
  describe('schemas of views', () => testFormer(SCHEMAS_OF_VIEWS));
  describe('arrays that come and go', () => testFormer(ARRAYS_OVER_TIME));
});
