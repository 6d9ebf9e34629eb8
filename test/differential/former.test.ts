/**
 * Differences that were found once, each with the reference's answer: the command on `c` as it was, cut down. `rows` are
 * the documents of a reply's cursor, `code` an error's, otherwise the named fields of the reply.
 */
import { Long, MaxKey } from '../../elmo/bson/package.js';
import { aggregate, testFormer, type Former } from './former.js';
import { DbPointer, Undefined } from './message.js';

const VIEW = { create: 'v', viewOn: 'c', pipeline: [] };
const NESTED = [
  { _id: 1, a: [{ b: 1 }, {}] },
  { _id: 2, a: { b: 0 } },
  { _id: 3 },
  { _id: 4, a: [{ b: 2 }] },
  { _id: 5, a: [] },
  { _id: 6, a: [[{ b: -1 }]] },
  { _id: 7, a: [{ b: [4, -2] }] },
];
const ARRAY_IDS = [
  { _id: 1, k: null },
  { _id: 2, k: [] },
  { _id: 3, k: [3] },
  { _id: 4, k: [0, 9] },
  { _id: 5, k: 2 },
];
const byK = { $group: { _id: '$k', x: { $sum: 1 } } };

const FORMER: readonly Former[] = [
  {
    why: 'what is missing is below MaxKey, though a wildcard index has no entry of it',
    documents: [{ _id: 1 }, { _id: 2, a: 1 }],
    before: [{ createIndexes: 'c', indexes: [{ key: { '$**': 1 }, name: 'w' }] }],
    command: { find: 'c', filter: { a: { $lt: new MaxKey() } } },
    rows: [{ _id: 1 }, { _id: 2, a: 1 }],
  },
  {
    why: 'a schema tells a wildcard index which fields are there',
    documents: [{ _id: 1 }, { _id: 2, a: 1 }],
    before: [{ createIndexes: 'c', indexes: [{ key: { '$**': 1 }, name: 'w' }] }],
    command: { find: 'c', filter: { $jsonSchema: { required: ['a'] } }, hint: 'w' },
    rows: [{ _id: 2, a: 1 }],
  },
  {
    why: 'a condition on an element of an array stays behind what changes its fields',
    documents: [{ _id: 1, a: [1, 2] }],
    command: aggregate({ $addFields: { 'a.b.c': 7 } }, { $match: { 'a.0': 1 } }),
    rows: [],
  },
  {
    why: '$merge adds new fields by name',
    documents: [{ _id: 1, s: 1, b: 1, a: 1 }],
    before: [{ insert: 'd', documents: [{ _id: 1, t: 1 }] }, aggregate({ $merge: { into: 'd' } })],
    command: { find: 'd' },
    rows: [{ _id: 1, t: 1, a: 1, b: 1, s: 1 }],
  },
  {
    why: '$merge wants the index of its collation',
    documents: [{ _id: 1 }],
    before: [{ insert: 'd', documents: [{ _id: 1 }] }],
    command: { ...aggregate({ $merge: { into: 'd' } }), collation: { locale: 'en' } },
    code: 51183,
  },
  {
    why: 'a view keeps its collation',
    documents: [{ _id: 1 }],
    before: [VIEW],
    command: { find: 'v', collation: { locale: 'en' } },
    code: 167,
  },
  {
    why: 'also when it is aggregated',
    documents: [{ _id: 1 }],
    before: [VIEW],
    command: { aggregate: 'v', pipeline: [], cursor: {}, collation: { locale: 'en' } },
    code: 167,
  },
  {
    why: 'and may be asked for it',
    documents: [{ _id: 1 }],
    before: [VIEW],
    command: { count: 'v', collation: { locale: 'simple' } },
    reply: { n: 1 },
  },
  {
    why: 'a projection of a view is judged as that of a find first',
    documents: [{ _id: 1 }],
    before: [VIEW],
    command: { find: 'v', projection: { 'a.b': 0, 'l.$': 1 } },
    code: 31253,
  },
  {
    why: 'a positional projection needs a filter about paths',
    documents: [{ _id: 1 }],
    command: { find: 'c', filter: { $jsonSchema: { required: ['a'] } }, projection: { 'l.$': 1 } },
    code: 224,
  },
  {
    why: 'arrays sort by an element among other fields, also as _id',
    documents: ARRAY_IDS,
    command: aggregate(byK, { $sort: { x: 1, _id: 1 } }, { $project: { x: 0 } }),
    rows: [{ _id: [] }, { _id: null }, { _id: [0, 9] }, { _id: 2 }, { _id: [3] }],
  },
  {
    why: 'and as a whole as _id alone',
    documents: ARRAY_IDS,
    command: aggregate(byK, { $sort: { _id: 1 } }, { $project: { x: 0 } }),
    rows: [{ _id: null }, { _id: 2 }, { _id: [] }, { _id: [0, 9] }, { _id: [3] }],
  },
  {
    why: '$topN goes through arrays as expressions do',
    documents: NESTED,
    command: aggregate({
      $group: { _id: null, x: { $topN: { n: 9, sortBy: { 'a.b': 1, _id: 1 }, output: '$_id' } } },
    }),
    rows: [{ _id: null, x: [5, 6, 3, 2, 1, 4, 7] }],
  },
  {
    why: 'in both directions',
    documents: NESTED,
    command: aggregate({
      $group: { _id: null, x: { $topN: { n: 9, sortBy: { 'a.0.b': -1, _id: 1 }, output: '$_id' } } },
    }),
    rows: [{ _id: null, x: [2, 3, 1, 4, 5, 6, 7] }],
  },
  {
    why: 'constants of an update by pipeline are wrong only where it is applied',
    documents: [{ _id: 1 }],
    command: { update: 'c', updates: [{ q: { _id: 9 }, u: [{ $set: { z: { $toInt: 'x' } } }] }] },
    reply: { n: 0, nModified: 0, writeErrors: undefined },
  },
  {
    why: 'the first that is applied',
    documents: [{ _id: 1, s: 'x' }],
    command: {
      findAndModify: 'c',
      query: { _id: 1 },
      update: [{ $set: { z: { $add: ['$s', 1] } } }, { $set: { z: { $toInt: 'x' } } }],
    },
    code: 14,
  },
  {
    why: 'regular expressions of constants are looked at row by row',
    documents: [{ _id: 1 }],
    command: aggregate(
      { $match: { _id: 9 } },
      { $project: { z: { $regexMatch: { input: [1], regex: 'x' } } } },
    ),
    rows: [],
  },
  {
    why: 'min and max of another collation hold no texts',
    documents: [{ _id: 1 }],
    before: [
      {
        createIndexes: 'c',
        indexes: [{ key: { a: 1 }, name: 'x', collation: { locale: 'en', strength: 2 } }],
      },
    ],
    command: { find: 'c', hint: 'x', max: { a: 'x' } },
    code: 51174,
  },
  {
    why: 'a condition on elements that cannot be is one that cannot be',
    documents: [{ _id: 0 }],
    command: {
      findAndModify: 'c',
      query: { _id: 3, a: { $elemMatch: { $in: [] } } },
      update: {},
      upsert: true,
      new: true,
      fields: { _id: 0 },
    },
    reply: { value: {} },
  },
  {
    why: 'an upsert takes nothing from a filter that cannot be',
    documents: [{ _id: 3 }],
    command: {
      update: 'c',
      updates: [{ q: { _id: 3, a: { $in: [] } }, u: { $set: { b: 1 } }, upsert: true }],
    },
    reply: { n: 1, writeErrors: undefined },
  },
  {
    why: 'of two operands that fail the second is told by $subtract',
    documents: [{ _id: 1, s: 'x', n: 1 }],
    command: aggregate({ $project: { z: { $subtract: [{ $toInt: '$s' }, { $strLenCP: '$n' }] } } }),
    code: 34471,
  },
  {
    why: 'and the first by $add',
    documents: [{ _id: 1, s: 'x', n: 1 }],
    command: aggregate({ $project: { z: { $add: [{ $toInt: '$s' }, { $strLenCP: '$n' }] } } }),
    code: 241,
  },
  {
    why: 'wrong constants are told after what is wrong with the request',
    documents: [{ _id: 1 }],
    command: { find: 'c', projection: { 'a.b': 1, z: { $toInt: 'x' }, a: 1 } },
    code: 31250,
  },
  {
    why: 'distinct values come without an index that cannot tell them',
    documents: [{ _id: 1, q: 5 }],
    before: [
      {
        createIndexes: 'c',
        indexes: [
          { key: { q: 1, a: 'hashed' }, name: 'x', sparse: true },
          { key: { q: 'hashed', b: 1 }, name: 'y' },
        ],
      },
    ],
    command: { distinct: 'c', key: 'q' },
    reply: { values: [5] },
  },
  {
    why: 'undefined meets nothing in $lookup',
    documents: [{ _id: 1 }],
    before: [{ insert: 'd', documents: [{ _id: 1, u: new Undefined() }] }],
    command: aggregate({ $lookup: { from: 'd', localField: 'a', foreignField: 'u', as: 'j' } }),
    rows: [{ _id: 1, j: [] }],
  },
  {
    why: 'and is nothing to look for',
    documents: [{ _id: 1, a: new Undefined() }],
    command: aggregate({ $lookup: { from: 'd', localField: 'a', foreignField: 'u', as: 'j' } }),
    code: 2,
  },
  {
    why: 'undefined in a document is null as text',
    documents: [{ _id: 1, a: { b: new Undefined() } }],
    command: aggregate({ $project: { z: { $convert: { input: '$a', to: 'string' } } } }),
    rows: [{ _id: 1, z: '{"b":null}' }],
  },
  {
    why: 'a date that no calendar has is told as such',
    documents: [{ _id: 1 }],
    command: aggregate({
      $project: {
        z: { $reduce: { input: { $add: [new Date(0), Long.MAX_VALUE] }, initialValue: 1, in: 1 } },
      },
    }),
    code: 40080,
  },
  {
    why: 'one document by its _id needs no order, not even of parallel arrays',
    documents: [{ _id: 1, a: [1, 2], b: [1, 2] }],
    command: { find: 'c', filter: { _id: 1 }, sort: { a: 1, b: 1 } },
    rows: [{ _id: 1, a: [1, 2], b: [1, 2] }],
  },
  {
    why: 'but beside anything else it does',
    documents: [{ _id: 1, a: [1, 2], b: [1, 2] }],
    command: { find: 'c', filter: { _id: 1, a: 1 }, sort: { a: 1, b: 1 } },
    code: 2,
  },
  {
    why: 'and where some of the documents are left out',
    documents: [{ _id: 1, a: [1, 2], b: [1, 2] }],
    command: { find: 'c', filter: { _id: 1 }, sort: { a: 1, b: 1 }, skip: 1 },
    code: 2,
  },
  ...[
    { $zip: { inputs: [[1], 'a'] } },
    { $toDate: { $filter: { input: [1], cond: true } } },
    { $reverseArray: { $firstN: { input: { $literal: 2 }, n: 3 } } },
    { $arrayElemAt: [{ $getField: { field: 'a', input: { $literal: { a: 'B' } } } }, 0] },
    { $setField: { field: 'z', input: { $last: { $literal: ['a'] } }, value: 1 } },
    { $replaceAll: { input: { $literal: 1 }, find: 'a', replacement: 'b' } },
    { $size: { $median: { input: [1], method: 'approximate' } } },
    { $size: { $map: { input: { $literal: 1 }, in: 1 } } },
    { $size: { $reduce: { input: [1], initialValue: 0, in: 1 } } },
    { $size: { $sortArray: { input: { $literal: 1 }, sortBy: 1 } } },
  ].map((z) => ({
    why: `constants of ${JSON.stringify(z)} are looked at row by row`,
    documents: [{ _id: 1 }],
    command: aggregate({ $match: { _id: 9 } }, { $project: { z } }),
    rows: [],
  })),
  {
    why: 'an operand of $bitAnd that is null ends it before a wrong one',
    documents: [{ _id: 1, a: [1] }],
    command: aggregate({
      $project: { z: { $bitAnd: [{ $median: { input: [], method: 'approximate' } }, { $trunc: '$a' }] } },
    }),
    rows: [{ _id: 1, z: null }],
  },
  {
    why: 'constants of an update by pipeline are not looked at first by $and',
    documents: [{ _id: 1, a: 'x' }],
    command: {
      findAndModify: 'c',
      query: { _id: 1 },
      update: [{ $set: { z: { $and: [{ $setIsSubset: ['$a', [1]] }, false] } } }],
    },
    code: 17046,
  },
  {
    why: 'nor by $setIsSubset',
    documents: [{ _id: 1, a: [1] }],
    command: {
      update: 'c',
      updates: [{ q: { _id: 9 }, u: [{ $set: { z: { $setIsSubset: ['$a', null] } } }] }],
    },
    reply: { n: 0, writeErrors: undefined },
  },
  {
    why: '$setField of null does not ask for the value',
    documents: [{ _id: 1, a: 'ab' }],
    command: aggregate({
      $project: { z: { $setField: { field: 'a', input: '$n', value: { $arrayToObject: '$a' } } } },
    }),
    rows: [{ _id: 1, z: null }],
  },
  {
    why: 'parts of a date that no long can hold are not whole',
    documents: [{ _id: 1 }],
    command: aggregate({ $project: { z: { $dateFromParts: { year: 1989, hour: 2 ** 63 } } } }),
    code: 40515,
  },
  {
    why: 'a positional projection beside $elemMatch is told before what the filter is about',
    documents: [{ _id: 1 }],
    command: {
      find: 'c',
      filter: { $expr: '$a' },
      projection: { q: { $elemMatch: { v: 1 } }, 'q.$': 1 },
    },
    code: 31256,
  },
  {
    why: 'wrong constants are told last by findAndModify as well',
    documents: [{ _id: 1 }],
    command: {
      findAndModify: 'c',
      query: {},
      update: { $set: { x: 1 } },
      fields: { 'a.b': 1, a: { $toInt: 'x' } },
    },
    code: 31250,
  },
  {
    why: 'a pointer is text with double quotes',
    documents: [{ _id: 1, p: new DbPointer('d.c', 1) }],
    command: aggregate({ $project: { z: { $convert: { input: '$p', to: 'string' } } } }),
    rows: [{ _id: 1, z: 'DBRef("d.c", 000000000000000000000001)' }],
  },
  {
    why: 'a $switch that has no case is told after what is wrong with the request',
    documents: [{ _id: 1 }],
    command: {
      find: 'c',
      projection: { 'a.b': 1, a: { $switch: { branches: [{ case: false, then: 1 }] } } },
    },
    code: 31250,
  },
  {
    why: 'and row by row where constants are',
    documents: [{ _id: 1 }],
    command: aggregate({
      $project: {
        z: { $firstN: { n: 1, input: { $switch: { branches: [{ case: false, then: 1 }] } } } },
      },
    }),
    code: 40066,
  },
  {
    why: '$atan2 does not ask for its second operand when the first decides',
    documents: [{ _id: 1, a: [1] }],
    command: aggregate({ $project: { z: { $atan2: ['$none', { $toInt: '$a' }] } } }),
    rows: [{ _id: 1, z: null }],
  },
  {
    why: 'but numbers',
    documents: [{ _id: 1, a: 0 }],
    before: [
      {
        createIndexes: 'c',
        indexes: [{ key: { a: 1 }, name: 'x', collation: { locale: 'en', strength: 2 } }],
      },
    ],
    command: { find: 'c', hint: 'x', max: { a: Long.fromNumber(1) } },
    rows: [{ _id: 1, a: 0 }],
  },
  {
    why: '$setWindowFields sets what is in the elements of arrays',
    documents: [
      { _id: 1, a: [{ y: 1 }, 5, [{}]] },
      { _id: 2, a: [] },
    ],
    command: aggregate({ $setWindowFields: { sortBy: { _id: 1 }, output: { 'a.w': { $sum: 1 } } } }),
    rows: [
      { _id: 1, a: [{ y: 1, w: 2 }, { w: 2 }, [{ w: 2 }]] },
      { _id: 2, a: [] },
    ],
  },
  {
    why: 'the order inside a partition goes by elements of arrays, _id too',
    documents: [
      { _id: 1, k: null },
      { _id: 2, k: [] },
      { _id: 3, k: 2 },
    ],
    command: aggregate(
      { $project: { _id: '$k' } },
      { $setWindowFields: { partitionBy: '$z', sortBy: { _id: 1 }, output: { w: { $count: {} } } } },
    ),
    rows: [
      { _id: [], w: 3 },
      { _id: null, w: 3 },
      { _id: 2, w: 3 },
    ],
  },
  {
    why: 'an array as a partition is told after an order that two arrays refuse',
    documents: [{ _id: 1, k: [1], l: [2] }],
    command: aggregate({
      $setWindowFields: { partitionBy: '$k', sortBy: { l: 1 }, output: { w: { $sum: 1 } } },
    }),
    code: 2,
  },
  {
    why: '$documentNumber wants one field to sort by',
    documents: [{ _id: 1 }],
    command: aggregate({
      $setWindowFields: { sortBy: { a: 1, b: 1 }, output: { w: { $documentNumber: {} } } },
    }),
    code: 5371602,
  },
  {
    why: '$shift takes its default for a row that has no value, too',
    documents: [{ _id: 1 }, { _id: 2 }, { _id: 3, a: null }],
    command: aggregate(
      {
        $setWindowFields: {
          sortBy: { _id: 1 },
          output: { w: { $shift: { output: '$a', by: 1, default: 0 } } },
        },
      },
      { $project: { w: 1 } },
    ),
    rows: [
      { _id: 1, w: 0 },
      { _id: 2, w: null },
      { _id: 3, w: 0 },
    ],
  },
  {
    why: '$graphLookup starts nowhere without a value',
    documents: [{ _id: 1, k: null }],
    command: aggregate({
      $graphLookup: { from: 'c', startWith: '$none', connectFromField: '_id', connectToField: 'k', as: 'g' },
    }),
    rows: [{ _id: 1, k: null, g: [] }],
  },
  {
    why: 'of values of one document that a collation calls equal the first in order is distinct',
    documents: [
      { _id: 1, q: ['b', 'B'] },
      { _id: 2, q: ['c'] },
      { _id: 3, q: ['C'] },
    ],
    command: { distinct: 'c', key: 'q', collation: { locale: 'en', strength: 1 } },
    reply: { values: ['B', 'c'] },
  },
  {
    why: 'what is wrong with a projection is told before what is wrong with a sort',
    documents: [{ _id: 1 }],
    command: { find: 'c', projection: { a: 1, 'a.b': 1 }, sort: { 'a.': 1 } },
    code: 31249,
  },
  {
    why: 'dates that have no text have none as operands of strings either',
    documents: [{ _id: 1, t: new Date(253_402_300_800_000) }],
    command: aggregate({ $project: { z: { $toUpper: '$t' } } }),
    code: 18537,
  },
  {
    why: 'alternatives are asked before other conditions, so that an expression in them may fail',
    documents: [{ _id: 1 }],
    command: { find: 'c', filter: { b: 1, $or: [{ $expr: { $in: [1, '$none'] } }, { q: 1 }] } },
    code: 40081,
  },
  {
    why: 'an expression of its own is asked last',
    documents: [{ _id: 1 }],
    command: { find: 'c', filter: { $expr: { $in: [1, '$none'] }, $jsonSchema: { required: ['b'] } } },
    rows: [],
  },
  {
    why: 'alternatives are found by a hinted wildcard index',
    documents: [{ _id: 1, a: 1 }, { _id: 2 }],
    before: [{ createIndexes: 'c', indexes: [{ key: { '$**': 1 }, name: 'w' }] }],
    command: { find: 'c', filter: { $or: [{ a: 1 }, { b: 1 }] }, hint: 'w' },
    rows: [{ _id: 1, a: 1 }],
  },
  {
    why: '$densify makes the documents on the way to a field of its parts',
    documents: [
      { _id: 1, n: 0 },
      { _id: 2, n: 2 },
    ],
    command: aggregate({
      $densify: { field: 'n', partitionByFields: ['o.b'], range: { step: 1, bounds: 'full' } },
    }),
    rows: [
      { _id: 1, n: 0 },
      { o: {}, n: 1 },
      { _id: 2, n: 2 },
    ],
  },
  {
    why: 'parts of the rows come in the order of their values under a collation, too',
    documents: [{ _id: 1, k: { a: 1 } }, { _id: 2 }, { _id: 3, k: 'é' }, { _id: 4, k: 'F' }],
    command: {
      ...aggregate(
        { $setWindowFields: { partitionBy: '$k', sortBy: { _id: 1 }, output: { w: { $sum: 1 } } } },
        { $project: { _id: 1 } },
      ),
      collation: { locale: 'en', strength: 2 },
    },
    rows: [{ _id: 2 }, { _id: 3 }, { _id: 4 }, { _id: 1 }],
  },
  {
    why: 'a validator whose expression fails refuses the document',
    documents: [{ _id: 1 }],
    before: [{ create: 'e', validator: { b: 1, $expr: { $in: [1, '$a'] } } }],
    command: { insert: 'e', documents: [{ _id: 4 }] },
    reply: {
      n: 0,
      writeErrors: [
        {
          index: 0,
          code: 121,
          errmsg: 'Document failed validation',
          errInfo: {
            failingDocumentId: 4,
            details: {
              operatorName: '$and',
              clausesNotSatisfied: [
                {
                  index: 0,
                  details: { operatorName: '$eq', specifiedAs: { b: 1 }, reason: 'field was missing' },
                },
                {
                  index: 1,
                  details: {
                    operatorName: '$expr',
                    specifiedAs: { $expr: { $in: [1, '$a'] } },
                    reason: 'failed to evaluate aggregation expression',
                    details: {
                      code: 40081,
                      codeName: 'Location40081',
                      errmsg: '$in requires an array as a second argument, found: missing',
                    },
                  },
                },
              ],
            },
          },
        },
      ],
    },
  },
];

describe('differences from the reference that were found once', () => testFormer(FORMER));
