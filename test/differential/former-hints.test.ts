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

describe('hints at wildcard indexes, told once otherwise than by the reference', () => {
  describe('conditions', () => testFormer(CONDITIONS));
  describe('compound indexes', () => testFormer(OTHER_FIELDS));
  describe('collations and partial indexes', () => testFormer(KINDS));
  describe('paths', () => testFormer(PATHS));
  describe('min and max', () => testFormer(BOUNDS));
  describe('conditions beside others', () => testFormer(ELEMENTS));
});
