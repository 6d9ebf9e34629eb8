/** Constants that an operator cannot take: when they are told of, and where they are not until a document is looked at. */
import type { Document } from '../../elmo/bson/package.js';
import { aggregate, testFormer, type Former } from './former.js';

/** It looks for something in what is no array, whatever the document. */
const WRONG = { $indexOfArray: [{ $literal: { b: 1 } }, '$a'] };
const documents = [{ _id: 1, a: 1 }];
const update = (...u: Document[]): Document => ({ update: 'c', updates: [{ q: { a: 7 }, u }] });

const CONSTANTS: readonly Former[] = [
  { why: 'once all is parsed', documents, command: aggregate({ $set: { z: WRONG } }), code: 50809 },
  {
    why: 'so what cannot be parsed is told before',
    documents,
    command: aggregate({ $set: { z: WRONG } }, { $set: { y: { $none: 1 } } }),
    code: 168,
  },
  {
    why: 'a path that is none too',
    documents,
    command: aggregate({ $set: { z: WRONG } }, { $group: { _id: '$a.' } }),
    code: 40353,
  },
  {
    why: 'of an update with its first document',
    documents,
    command: update({ $set: { z: WRONG } }),
    reply: { n: 0 },
  },
  {
    why: 'nor do variables of a $lookup tell what is not evaluated',
    documents,
    command: aggregate({
      $lookup: { from: 'c', let: { v: { $cond: ['$a', 1, WRONG] } }, pipeline: [], as: 'j' },
    }),
    rows: [{ _id: 1, a: 1, j: [{ _id: 1, a: 1 }] }],
  },
];

/** Elements that no condition has found, beside an expression. */
const positional = (why: string, projection: Document, code: number): Former => ({
  why,
  documents: [{ _id: 1, a: 1, l: [1] }],
  command: { find: 'c', filter: { a: 1 }, projection },
  code,
});
const POSITIONAL: readonly Former[] = [
  positional('an expression that fails is told first', { 'l.$': 1, z: { $strLenBytes: '$a' } }, 34473),
  positional('then that none was found', { 'l.$': 1, z: '$a' }, 51246),
];

const OF_VIEWS = [{ $expr: { $setIsSubset: [[1], null] } }, { $expr: { $nope: 1 } }, { a: 1 }];
/** What is told of a view that is read under another collation: of each filter. */
const ofViews = (what: string, command: (filter: Document) => Document, codes: readonly number[]): Former[] =>
  OF_VIEWS.map((filter, i) => ({
    why: `${what} of a view by ${JSON.stringify(filter)} under another collation`,
    documents,
    before: [{ create: 'v', viewOn: 'c', pipeline: [] }],
    command: command(filter),
    code: codes[i]!,
  }));
const collation = { locale: 'en', strength: 1 };
const VIEWS: readonly Former[] = [
  ...ofViews('finds', (filter) => ({ find: 'v', filter, collation }), [17042, 168, 167]),
  ...ofViews('counts', (query) => ({ count: 'v', query, collation }), [167, 168, 167]),
  ...ofViews(
    'distinct values',
    (query) => ({ distinct: 'v', key: 'a', query, collation }),
    [17042, 168, 167],
  ),
  ...ofViews('explained counts', (query) => ({ explain: { count: 'v', query, collation } }), [167, 167, 167]),
];

describe('constants that are wrong', () => {
  describe('are told', () => testFormer(CONSTANTS));
  describe('and the collation of a view', () => testFormer(VIEWS));
});
describe('projections of what was found', () => testFormer(POSITIONAL));
