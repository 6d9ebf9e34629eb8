/** What stages once made otherwise than the reference, types of numbers included. */
import { Decimal128, Double, Int32, Long, type Document } from '../../elmo/bson/package.js';
import { aggregate, testFormer, type Former } from './former.js';

const day = (month: number, date: number): Date => new Date(Date.UTC(2024, month - 1, date));
const decimal = (text: string): Decimal128 => Decimal128.fromString(text);

/** What $densify makes of values of `n`, with their partitions `p` if these are given. */
const densified = (range: Document, partitionByFields: string[] = []): Document =>
  aggregate({ $densify: { field: 'n', partitionByFields, range } }, { $unset: '_id' });

const DENSIFY: readonly Former[] = [
  {
    why: 'a partition that has come no further than some days before the least begins again with that',
    documents: [
      { _id: 1, n: day(3, 31), p: 0 },
      { _id: 2, n: day(4, 1), p: 1 },
      { _id: 3, n: day(4, 2), p: 1 },
    ],
    command: densified({ step: 1, unit: 'month', bounds: 'full' }, ['p']),
    exact: [
      { n: day(3, 31), p: 0 },
      { n: day(4, 1), p: 1 },
      { p: 1, n: day(3, 29) },
      { n: day(4, 2), p: 1 },
      { p: 1, n: day(3, 31) },
    ],
  },
  {
    why: 'a grid goes on from the row that stands on it, in its type',
    documents: [{ _id: 1, n: new Double(0) }],
    command: densified({ step: 2, bounds: [0, 5] }),
    exact: [{ n: new Double(0) }, { n: new Double(2) }, { n: new Double(4) }],
  },
  {
    why: 'what stands before a row has its partition as it is written there, what stands behind all that of the first',
    documents: [
      { _id: 1, n: 1, p: 1 },
      { _id: 2, n: 3, p: new Double(1) },
    ],
    command: densified({ step: 1, bounds: [1, 5] }, ['p']),
    exact: [
      { n: 1, p: 1 },
      { p: new Double(1), n: 2 },
      { n: 3, p: new Double(1) },
      { p: 1, n: 4 },
    ],
  },
  {
    why: 'a long too',
    documents: [{ _id: 1, n: Long.fromNumber(0) }],
    command: densified({ step: 2, bounds: [0, 4] }),
    exact: [{ n: Long.fromNumber(0) }, { n: Long.fromNumber(2) }],
  },
  {
    why: 'before a row the first decimal has the digits of the step',
    documents: [{ _id: 1, n: 1 }],
    command: densified({ step: decimal('0.50'), bounds: [decimal('0'), decimal('1')] }),
    exact: [{ n: decimal('0.00') }, { n: decimal('0.50') }, { n: 1 }],
  },
  {
    why: 'without rows it has its own',
    documents: [],
    command: densified({ step: decimal('0.50'), bounds: [decimal('0'), decimal('1')] }),
    exact: [{ n: decimal('0') }, { n: decimal('0.50') }],
  },
  {
    why: 'a further partition starts a month after what is a month before the least',
    documents: [
      { _id: 1, n: day(3, 31), p: 0 },
      { _id: 2, n: day(5, 30), p: 1 },
    ],
    command: densified({ step: 1, unit: 'month', bounds: 'full' }, ['p']),
    exact: [
      { n: day(3, 31), p: 0 },
      { p: 1, n: day(3, 29) },
      { p: 1, n: day(4, 29) },
      { p: 1, n: day(5, 29) },
      { n: day(5, 30), p: 1 },
      { p: 0, n: day(4, 30) },
      { p: 0, n: day(5, 30) },
    ],
  },
  {
    why: 'what is before its first row comes behind it, if that is within a step of the least',
    documents: [
      { _id: 1, n: 0, p: 0 },
      { _id: 2, n: 2, p: 1 },
      { _id: 3, n: 5, p: 1 },
    ],
    command: densified({ step: 2, bounds: 'full' }, ['p']),
    exact: [
      { n: 0, p: 0 },
      { n: 2, p: 1 },
      { p: 1, n: 0 },
      { p: 1, n: 2 },
      { p: 1, n: 4 },
      { n: 5, p: 1 },
      { p: 0, n: 2 },
      { p: 0, n: 4 },
    ],
  },
];

const NUMBERS = [0, 1, 2, 3, 4].map((_id) => ({ _id, a: 1 }));
/** One row per reply: those before a fault are seen. */
const window = (sortBy: Document, x: Document, partitionBy?: unknown): Document => ({
  aggregate: 'c',
  pipeline: [
    { $setWindowFields: { ...(partitionBy === undefined ? {} : { partitionBy }), sortBy, output: { x } } },
    { $project: { _id: 1 } },
  ],
  cursor: { batchSize: 1 },
});
const wrongDate = { $dateFromString: { dateString: '$a', format: '%G' } };

/** How many rows come before a fault. */
const upTo = (
  count: number,
  why: string,
  documents: readonly Document[],
  command: Document,
  code: number,
): Former => ({
  why,
  documents,
  command,
  ...(count === 0 ? { code } : { exact: NUMBERS.slice(0, count).map(({ _id }) => ({ _id })), late: code }),
});

const behind = (row: Document): Document[] => [...NUMBERS, { _id: 5, ...row }];
const toInt = { $toInt: '$a' };

const WINDOWS: readonly Former[] = [
  upTo(
    1,
    'rows whose part is an array stand where a sort by its path puts them',
    [
      { _id: 0, a: { 0: 1 } },
      { _id: 1, a: { 0: 2 } },
      { _id: 2, a: [9] },
    ],
    window({ _id: 1 }, { $documentNumber: {} }, '$a.0'),
    14,
  ),
  upTo(
    4,
    'a row is given out when the next is read: an array among the parts is told then',
    behind({ a: [2] }),
    window({ _id: 1 }, { $documentNumber: {} }, '$a'),
    14,
  ),
  upTo(
    3,
    'a row further ahead, if the window needs it',
    behind({ a: [2] }),
    window({ _id: 1 }, { $sum: 1, window: { documents: [0, 2] } }, '$a'),
    14,
  ),
  upTo(
    3,
    'in a range the first row behind it',
    behind({ a: [2] }),
    window({ _id: 1 }, { $sum: 1, window: { range: [0, 1] } }, '$a'),
    14,
  ),
  upTo(0, 'or all of them', behind({ a: [2] }), window({ _id: 1 }, { $sum: 1 }, '$a'), 14),
  upTo(
    4,
    'an expression fails when its row comes into a window',
    behind({ a: 'x' }),
    window({ _id: 1 }, { $sum: toInt, window: { documents: [-1, 1] } }),
    241,
  ),
  upTo(
    5,
    'or is the current one',
    behind({ a: 'x' }),
    window({ _id: 1 }, { $sum: toInt, window: { documents: [-2, -1] } }),
    241,
  ),
  upTo(
    5,
    'a row without a place in a range fails in its own turn',
    behind({ _id: 'x' }).map((row) => ({ ...row, k: row['_id'] as unknown })),
    window({ k: 1 }, { $sum: 1, window: { range: [0, 'unbounded'] } }),
    5429414,
  ),
  upTo(
    5,
    'null is scaled in its own turn',
    behind({ a: null }),
    window({ _id: 1 }, { $minMaxScaler: { input: '$a' }, window: { documents: [-1, 1] } }),
    10487000,
  ),
  upTo(
    4,
    'what is no number when it comes into the window',
    behind({ a: 'x' }),
    window({ _id: 1 }, { $minMaxScaler: { input: '$a' }, window: { documents: [-1, 1] } }),
    9522903,
  ),
];

const LET: readonly Former[] = [
  {
    why: 'a variable that nobody reads is not computed',
    documents: [{ _id: 1, a: 1 }],
    command: aggregate({ $set: { x: { $let: { vars: { v: wrongDate }, in: 5 } } } }),
    exact: [{ _id: 1, a: 1, x: 5 }],
  },
  {
    why: 'but in an update',
    documents: [{ _id: 1, a: 1 }],
    command: {
      findAndModify: 'c',
      query: {},
      update: [{ $set: { x: { $let: { vars: { v: wrongDate }, in: 5 } } } }],
    },
    code: 241,
  },
  {
    why: 'a schema among the conditions of an element is one of the whole document to a positional projection',
    documents: [{ _id: 1, b: [{}] }],
    command: {
      find: 'c',
      filter: { b: { $elemMatch: { $or: [{ $jsonSchema: {} }, { c: 1 }] } } },
      projection: { 'b.$': 1 },
    },
    code: 224,
  },
  {
    why: 'the order of the one document of an _id is looked at for its projection',
    documents: [{ _id: 1 }],
    command: { findAndModify: 'c', query: { _id: 1 }, sort: { 'a.': 1 }, fields: { c: 1 }, remove: true },
    code: 40353,
  },
  {
    why: 'not for variables',
    documents: [{ _id: 1 }],
    command: { findAndModify: 'c', query: { _id: 1 }, sort: { 'a.': 1 }, let: { x: 1 }, remove: true },
    reply: { value: { _id: 1 } },
  },
  {
    why: 'nor if it is said by an operator',
    documents: [{ _id: 1 }],
    command: { findAndModify: 'c', query: { _id: { $eq: 1 } }, sort: { 'a.': 1 }, remove: true },
    reply: { value: { _id: 1 } },
  },
  {
    why: 'but for an element that the filter is to find',
    documents: [{ _id: 1, a: [1] }],
    command: { findAndModify: 'c', query: { _id: 1 }, sort: { 'a.': 1 }, update: { $set: { 'a.$': 1 } } },
    code: 40353,
  },
  {
    why: 'but not followed',
    documents: [{ _id: 1, a: [1], b: [1] }],
    command: { findAndModify: 'c', query: { _id: 1 }, sort: { a: 1, b: 1 }, fields: { c: 1 }, remove: true },
    reply: { value: { _id: 1 } },
  },
  {
    why: 'and for nothing else',
    documents: [{ _id: 1 }],
    command: { findAndModify: 'c', query: { _id: 1 }, sort: { 'a.': 1 }, remove: true },
    reply: { value: { _id: 1 } },
  },
];

const covariance = (y: unknown): Document =>
  aggregate(
    {
      $setWindowFields: {
        sortBy: { _id: 1 },
        output: { x: { $covarianceSamp: ['$n', y], window: { documents: [-1, 0] } } },
      },
    },
    { $project: { _id: 0, x: 1 } },
  );

const OTHERS: readonly Former[] = [
  {
    why: 'of a constant and a field that are equal the field is the greatest',
    documents: [{ _id: 1, n: 1 }],
    command: aggregate({ $project: { _id: 0, x: { $max: [{ $literal: decimal('1') }, '$n'] } } }),
    exact: [{ x: new Int32(1) }],
  },
  {
    why: 'no line is drawn between dates',
    documents: [{ _id: 1, n: new Date(0) }],
    command: aggregate({ $setWindowFields: { sortBy: { _id: 1 }, output: { x: { $linearFill: '$n' } } } }),
    code: 14,
  },
  {
    why: 'a function is looked at before its window',
    documents: [{ _id: 1 }],
    command: aggregate({
      $setWindowFields: { output: { x: { $push: '$a.', window: { range: [2, 1] } } } },
    }),
    code: 40353,
  },
  {
    why: 'constant parts of $setField are wrong only where there is a document',
    documents: [],
    command: aggregate({ $set: { z: { $setField: { field: 'a', input: '$o', value: { $toInt: 'x' } } } } }),
    exact: [],
  },
  {
    why: 'those of what a graph starts with, too',
    documents: [],
    command: aggregate({
      $graphLookup: {
        from: 'd',
        startWith: { $toInt: 'x' },
        connectFromField: 'a',
        connectToField: 'b',
        as: 'g',
      },
    }),
    exact: [],
  },
  {
    why: 'the format of a date is looked at where a text is read by it',
    documents: [],
    command: aggregate({ $set: { z: { $dateFromString: { dateString: '$a', format: '%U' } } } }),
    exact: [],
  },
  {
    why: 'what a row did not meet is told behind what is wrong with another',
    documents: [{ _id: 1 }, { _id: 2, '': 1 }],
    command: aggregate({ $merge: { into: 'd', whenNotMatched: 'fail' } }),
    code: 56,
  },
  {
    why: 'conditions of an inner $and are asked behind the others, if the stage is not the first',
    documents: [{ _id: 1 }],
    command: aggregate(
      { $limit: 1 },
      { $match: { $and: [{ a: { $gt: 1, $lt: 3 } }, { $expr: { $setIsSubset: ['$a', '$b'] } }] } },
    ),
    code: 17046,
  },
  {
    why: 'the moment of a covariance is a double again when as many decimals have left it as have come',
    documents: [
      { _id: 1, n: 2 },
      { _id: 2, n: 2 },
      { _id: 3, n: decimal('3') },
    ],
    command: covariance('$_id'),
    exact: [{ x: null }, { x: new Double(0) }, { x: new Double(0.5) }],
  },
  {
    why: 'one infinity deviates by NaN',
    documents: [{ _id: 1, a: Infinity }],
    command: aggregate({ $group: { _id: 1, x: { $stdDevPop: '$a' } } }),
    exact: [{ _id: 1, x: new Double(NaN) }],
  },
  {
    why: 'in a window that rows leave again by null',
    documents: [{ _id: 1, a: Infinity }],
    command: aggregate(
      {
        $setWindowFields: {
          sortBy: { _id: 1 },
          output: { x: { $stdDevPop: '$a', window: { documents: [-1, 0] } } },
        },
      },
      { $project: { _id: 0, x: 1 } },
    ),
    exact: [{ x: null }],
  },
  {
    why: 'beside a pipeline an empty name is a wrong path',
    documents: [{ _id: 1 }],
    command: aggregate({
      $lookup: { from: 'd', localField: 'a', foreignField: '', pipeline: [], as: 'x' },
    }),
    code: 40352,
  },
  {
    why: 'without one it is none',
    documents: [{ _id: 1 }],
    command: aggregate({ $lookup: { from: 'd', localField: 'a', foreignField: '', as: 'x' } }),
    code: 9,
  },
  {
    why: 'elements of an array make a part of $densify',
    documents: [{ _id: 1, n: 0, o: [{ b: 1 }] }],
    command: densified({ step: 1, bounds: [0, 2] }, ['o.b']),
    exact: [
      { n: 0, o: [{ b: 1 }] },
      { o: { b: [1] }, n: 1 },
    ],
  },
];

describe('differences from the reference in what stages make', () => {
  describe('$densify', () => testFormer(DENSIFY));
  describe('$setWindowFields', () => testFormer(WINDOWS));
  describe('updates and projections', () => testFormer(LET));
  describe('numbers and joins', () => testFormer(OTHERS));
});
