/** What names of fields once made otherwise than the reference: empty ones, with dots, with dollars, with NUL. */
import type { Document } from '../../elmo/bson/package.js';
import { aggregate, testFormer, type Former } from './former.js';

const VIEW = { create: 'v', viewOn: 'c', pipeline: [] };
const NAMELESS = [{ _id: 1, a: 1, '': 2 }];

const distinct = (key: string, query?: Document, more: Document = {}): Document => ({
  distinct: 'c',
  key,
  ...(query === undefined ? {} : { query }),
  ...more,
});

const DISTINCT: readonly Former[] = [
  {
    why: 'an empty name has values',
    documents: NAMELESS,
    command: distinct(''),
    reply: { values: [2] },
  },
  {
    why: 'also by an _id',
    documents: NAMELESS,
    command: distinct('', { _id: 1 }),
    reply: { values: [2] },
  },
  {
    why: 'and by an _id no text is in, under any collation',
    documents: NAMELESS,
    command: distinct('', { _id: 1 }, { collation: { locale: 'en' } }),
    reply: { values: [2] },
  },
  {
    why: 'where there is something to plan the path must be one of a projection',
    documents: NAMELESS,
    command: distinct('', { a: 1 }),
    code: 40352,
  },
  {
    why: 'so by an _id with a hint',
    documents: NAMELESS,
    command: distinct('', { _id: 1 }, { hint: { _id: 1 } }),
    code: 40352,
  },
  {
    why: 'by an _id that a collation has a say in',
    documents: NAMELESS,
    command: distinct('', { _id: 'a' }, { collation: { locale: 'en' } }),
    code: 40352,
  },
  {
    why: 'by an _id that is null',
    documents: NAMELESS,
    command: distinct('', { _id: null }),
    code: 40352,
  },
  {
    why: 'by a filter that says nothing, but is not empty',
    documents: NAMELESS,
    command: distinct('', { $comment: 'x' }),
    code: 40352,
  },
  {
    why: 'not if nothing can match',
    documents: NAMELESS,
    command: distinct('', { a: { $in: [] } }),
    reply: { values: [] },
  },
  { why: 'an inner empty name', documents: NAMELESS, command: distinct('a..b', { a: 1 }), code: 15998 },
  { why: 'a last one', documents: NAMELESS, command: distinct('a.', { a: 1 }), code: 40353 },
  { why: 'a name with a dollar', documents: NAMELESS, command: distinct('a.$b', { a: 1 }), code: 16410 },
  {
    why: 'a position that is asked for',
    documents: NAMELESS,
    command: distinct('a.$', { a: 1 }),
    code: 51050,
  },
  { why: 'one inside of a path', documents: NAMELESS, command: distinct('a.$.b', { a: 1 }), code: 31394 },
  {
    why: 'the hint is looked at first',
    documents: NAMELESS,
    command: distinct('', { a: 1 }, { hint: 'none' }),
    code: 2,
  },
  {
    why: 'a view always asks by stages',
    documents: NAMELESS,
    before: [VIEW],
    command: { distinct: 'v', key: '' },
    code: 40352,
  },
  { why: 'no name has a NUL', documents: NAMELESS, command: distinct('a\0b'), code: 31032 },
  {
    why: 'not even of a collection that is not there, and before a hint is looked at',
    documents: [],
    command: { distinct: 'none', key: 'a\0b', hint: 'none' },
    code: 31032,
  },
];

const EXCLUDING = { create: 'v', viewOn: 'c', pipeline: [{ $project: { s: 0, 'o.a': 0 } }] };
const RENAMING = { create: 'v', viewOn: 'c', pipeline: [{ $set: { a: '$n' } }] };
const WILDCARD = { createIndexes: 'c', indexes: [{ key: { 'q.$**': 1 }, name: 'q' }] };
/** Stays behind the stages of the view, which change one of its paths. */
const NAMELESS_BESIDE = { $or: [{ 'o.a': 1 }, { '': 1 }] };

const OF_VIEWS: readonly Former[] = [
  {
    why: 'an empty name is none where rows are counted',
    documents: NAMELESS,
    before: [EXCLUDING],
    command: { count: 'v', query: NAMELESS_BESIDE },
    code: 40352,
  },
  {
    why: 'or some of their values wanted',
    documents: NAMELESS,
    before: [EXCLUDING],
    command: { distinct: 'v', key: 'n', query: NAMELESS_BESIDE },
    code: 40352,
  },
  {
    why: 'but not where all of them is',
    documents: NAMELESS,
    before: [EXCLUDING],
    command: { find: 'v', filter: NAMELESS_BESIDE },
    rows: [],
  },
  {
    why: 'a field with another name is asked of a wildcard index by its own',
    documents: NAMELESS,
    before: [RENAMING, WILDCARD],
    command: { find: 'v', filter: { 'a.': 1 } },
    code: 40353,
  },
];

const merge = (options: Document = {}): Document => aggregate({ $merge: { into: 'd', ...options } });
/** A row that meets a document. */
const met = (row: Document, document: Document): Pick<Former, 'documents' | 'before'> => ({
  documents: [row],
  before: [{ insert: 'd', documents: [document] }],
});
/** What is there after it. */
const merged = (row: Document, document: Document): Pick<Former, 'documents' | 'before' | 'command'> => ({
  documents: [row],
  before: [{ insert: 'd', documents: [document] }, merge()],
  command: { find: 'd' },
});

const MERGE: readonly Former[] = [
  {
    why: 'a dotted name is a path of the document that is met',
    ...merged({ _id: 1, 'a.b': 1, z: 2 }, { _id: 1, a: { c: 1 } }),
    rows: [{ _id: 1, a: { c: 1, b: 1 }, z: 2 }],
  },
  {
    why: 'or a position',
    ...merged({ _id: 1, 'a.0': 1 }, { _id: 1, a: [4] }),
    rows: [{ _id: 1, a: [1] }],
  },
  {
    why: 'or all of them',
    ...merged({ _id: 1, 'a.$[]': 1 }, { _id: 1, a: [4, 5] }),
    rows: [{ _id: 1, a: [1, 1] }],
  },
  {
    why: 'none is known to have matched',
    ...met({ _id: 1, 'a.$': 1 }, { _id: 1, a: [4] }),
    command: merge(),
    code: 2,
  },
  {
    why: 'a name and a path below it are in conflict',
    ...met({ _id: 1, 'a.b': 1, a: 2 }, { _id: 1 }),
    command: merge(),
    code: 40,
  },
  {
    why: 'a path that no value can be at',
    ...met({ _id: 1, 'a.b': 1 }, { _id: 1, a: 5 }),
    command: merge(),
    code: 28,
  },
  { why: 'an empty name', ...met({ _id: 1, '': 1 }, { _id: 1 }), command: merge(), code: 56 },
  { why: 'a part of one', ...met({ _id: 1, 'a.': 1 }, { _id: 1 }), command: merge(), code: 56 },
  { why: 'a dollar', ...met({ _id: 1, $a: 1 }, { _id: 1 }), command: merge(), code: 52 },
  {
    why: 'what is inserted may have such names',
    documents: [{ _id: 1, 'a.b': 1, '': 1 }],
    before: [merge()],
    command: { find: 'd' },
    rows: [{ _id: 1, 'a.b': 1, '': 1 }],
  },
  {
    why: 'what may not be inserted is an update, whether it meets a document or not',
    documents: [{ _id: 1, '': 1 }],
    command: merge({ whenNotMatched: 'discard' }),
    code: 56,
  },
];

const upsert = (query: Document, update: unknown): Document => ({
  findAndModify: 'c',
  query,
  update,
  upsert: true,
  new: true,
});

/** @param filter  behind a `$skip`, before what reads some fields */
const readsPath = (why: string, filter: Document, stage: Document, code: number | undefined): Former => ({
  why,
  documents: [],
  command: aggregate({ $skip: 1 }, { $match: filter }, stage),
  ...(code === undefined ? { rows: [] } : { code }),
});
const READS: readonly Former[] = [
  readsPath('one that is empty is none', { '': 1 }, { $group: { _id: '$a' } }, 40352),
  readsPath('nor one with an end that is empty', { 'a.': 1 }, { $project: { b: 1 } }, 40353),
  readsPath('unless what is before that is read as well', { 'a.': 1 }, { $project: { a: 1 } }, undefined),
  readsPath('or all of the document', { '': 1 }, { $group: { _id: '$$ROOT' } }, undefined),
  readsPath('or it cannot hold anyway', { '': { $in: [] } }, { $group: { _id: '$a' } }, undefined),
  readsPath('by a query it may be', { '': 1 }, { $unset: 'a' }, undefined),
  readsPath(
    'a position is read with its array',
    { 'a..b': 1, 'a.0.c': 1 },
    { $project: { b: 1 } },
    undefined,
  ),
  readsPath('which is none if its name is empty', { 'a..0': 1 }, { $project: { b: 1 } }, 40353),
  readsPath('a number like 01 is no position', { 'a..b': 1, 'a.01': 1 }, { $project: { b: 1 } }, 15998),
  {
    why: 'a field beside what is unwound is asked for before',
    documents: [{ _id: 1, a: { b: [1] } }],
    command: aggregate(
      { $unwind: '$a.b' },
      { $match: { $or: [{ 'a..c': 1 }, { z: 1 }] } },
      { $project: { b: 1 } },
    ),
    rows: [],
  },
  {
    why: 'behind windows too',
    documents: [],
    command: aggregate(
      { $setWindowFields: { sortBy: { _id: 1 }, output: { x: { $sum: '$a' } } } },
      { $match: { '': 1 } },
      { $count: 'n' },
    ),
    code: 40352,
  },
];

const CHANGES: readonly Former[] = [
  {
    why: 'a path that a wildcard index cannot be asked for is told before a hint at a hidden one',
    documents: [{ _id: 1 }],
    before: [{ createIndexes: 'c', indexes: [{ key: { 'q.$**': 1 }, name: 'i', hidden: true }] }],
    command: {
      findAndModify: 'c',
      query: { 'a.': 1 },
      update: { $set: { a: 5 } },
      fields: { l: 0 },
      hint: 'i',
    },
    code: 40353,
  },
  {
    why: 'an order that is none does not count for one document',
    documents: [{ _id: 1 }],
    command: { findAndModify: 'c', query: { _id: 2 }, sort: { 'a.': 1 }, update: {}, upsert: true },
    reply: { value: null },
  },
  {
    why: 'but where it may be inserted into a clustered collection',
    documents: [],
    before: [{ create: 'r', clusteredIndex: { key: { _id: 1 }, unique: true } }],
    command: { findAndModify: 'r', query: { _id: 2 }, sort: { 'a.': 1 }, update: {}, upsert: true },
    code: 40353,
  },
];

const UPSERT: readonly Former[] = [
  {
    why: 'no field of an empty name is made of a filter',
    documents: [],
    command: upsert({ _id: 1, '': 1 }, { $set: { a: 1 } }),
    code: 20,
  },
  {
    why: 'not even for a pipeline, or among the conditions of an $and',
    documents: [],
    command: upsert({ _id: 1, $and: [{ '': { $eq: 1 } }] }, [{ $set: { a: 1 } }]),
    code: 20,
  },
  {
    why: 'conflicts are told first',
    documents: [],
    command: upsert({ '': 1, a: 1, 'a.b': 1 }, { $set: { z: 1 } }),
    code: 54,
  },
  {
    why: 'a document that is given whole has no use for it',
    documents: [],
    command: upsert({ _id: 1, '': 1 }, { a: 1 }),
    reply: { value: { _id: 1, a: 1 } },
  },
  {
    why: 'a range says nothing',
    documents: [],
    command: upsert({ _id: 1, '': { $gt: 1 } }, { $set: { a: 1 } }),
    reply: { value: { _id: 1, a: 1 } },
  },
  {
    why: 'a variable of the command is looked at before the paths of an update',
    documents: [{ _id: 1 }],
    command: { ...upsert({ _id: 1 }, { $set: { 'a.': 1 } }), let: { x: '$a' } },
    code: 4890500,
  },
];

describe('names of fields, told once otherwise than by the reference', () => {
  describe('distinct', () => testFormer(DISTINCT));
  describe('$merge', () => testFormer(MERGE));
  describe('updates', () => testFormer(UPSERT));
  describe('changes of one document', () => testFormer(CHANGES));
  describe('paths that stages read', () => testFormer(READS));
  describe('paths asked of views', () => testFormer(OF_VIEWS));
});
