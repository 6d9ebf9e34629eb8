/** Which condition is asked first, as the reference has it: the one that fails is an error, unless another says no before. */
import type { Document } from '../../elmo/bson/package.js';
import { aggregate, testFormer, type Former } from './former.js';

/** An expression that fails on whatever has no array `q`. */
const FAILS = { $expr: { $first: '$q' } };
const FAILED = 28689;
const documents = [{ _id: 1, q: 'x', a: 1 }];

/** @param key  of an index that is hinted at */
const asked = (why: string, filter: Document, fails: boolean, key?: Document): Former => ({
  why,
  documents,
  before: key === undefined ? [] : [{ createIndexes: 'c', indexes: [{ key, name: 'i' }] }],
  command: { find: 'c', filter, ...(key === undefined ? {} : { hint: 'i' }) },
  ...(fails ? { code: FAILED } : { rows: [] }),
});

const IN_A_SCAN_OF_ALL: readonly Former[] = [
  asked('a field before an expression', { $and: [FAILS, { z: 1 }] }, false),
  asked(
    'a comparison of a field behind another expression',
    { $and: [{ $expr: { $gt: ['$a', 5] } }, FAILS] },
    true,
  ),
  asked(
    'but not behind one of an inner $and',
    { $and: [{ $and: [{ a: 1 }, { $expr: { $eq: ['$a', '$b'] } }] }, FAILS] },
    true,
  ),
  asked(
    'one with what is not there in its place',
    { $and: [{ $expr: { $gt: ['$$REMOVE', '$b'] } }, FAILS] },
    false,
  ),
  asked(
    'also behind another',
    { $and: [FAILS, { $and: [{ $expr: { $eq: ['$a', '$$REMOVE'] } }, { a: 1 }] }] },
    true,
  ),
  asked('one with an array in its place', { $and: [{ $expr: { $eq: ['$a', [5]] } }, FAILS] }, false),
  asked(
    'an equality behind all of them',
    {
      $and: [
        { $and: [{ $expr: { $eq: ['$a', 5] } }, { z: { $ne: 1 } }] },
        { $and: [FAILS, { z: { $ne: 2 } }] },
      ],
    },
    true,
  ),
  asked(
    'what stands in the $and itself before what stands in one inside',
    { $and: [{ $and: [{ z: { $ne: 1 } }, FAILS] }, { $expr: { $eq: ['$a', '$b'] } }] },
    false,
  ),
  asked(
    'what is left of alternatives where what stands beside them holds',
    { z: { $exists: true }, $or: [{ z: { $exists: false }, a: 3 }, FAILS] },
    false,
  ),
];

const IN_AN_INDEX: readonly Former[] = [
  asked('an expression before the fields', { $and: [FAILS, { z: 1 }, { a: 1 }] }, true, { a: 1 }),
  asked('but behind the fields of the index', { $and: [FAILS, { z: { $type: 'int' } }, { a: 1 }] }, false, {
    a: 1,
    z: 1,
    y: 1,
  }),
  asked('as are those that say no', { $and: [FAILS, { a: { $ne: 1 } }, { b: null }] }, false, { b: 1 }),
  asked(
    'an alternative that is an expression first',
    { $and: [{ $or: [{ a: 1 }, FAILS] }, { b: null }] },
    true,
    { b: 1 },
  ),
];

const within = (why: string, max: number, fails: boolean): Former => ({
  why,
  documents,
  before: [
    { createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 'i', collation: { locale: 'en', strength: 2 } }] },
  ],
  command: {
    find: 'c',
    filter: FAILS,
    hint: 'i',
    max: { a: max },
    collation: { locale: 'en', strength: 2 },
  },
  ...(fails ? { code: FAILED } : { rows: [] }),
});
const BETWEEN_MIN_AND_MAX: readonly Former[] = [
  within('documents beyond are not asked', 1, false),
  within('those between them are', 2, true),
];

const NOT_BY_THE_INDEX: readonly Former[] = [
  asked('a hint at an index that the filter does not ask', { $and: [FAILS, { z: 1 }] }, false, { b: 1 }),
  {
    why: 'an index for the order alone',
    documents,
    command: aggregate({ $sort: { _id: 1 } }, { $match: { $and: [FAILS, { z: 1 }] } }),
    rows: [],
  },
];

const CLUSTERED: readonly Former[] = [
  {
    why: 'a field before an expression',
    documents,
    before: [
      { create: 'r', clusteredIndex: { key: { _id: 1 }, unique: true } },
      { insert: 'r', documents },
    ],
    command: { find: 'r', filter: { $and: [{ _id: { $gte: 1 } }, { z: 1 }, FAILS] } },
    rows: [],
  },
];

/** @param filter  behind a stage that keeps `a` and `q` */
const behind = (why: string, filter: Document, fails: boolean): Former => ({
  why,
  documents,
  command: aggregate({ $project: { a: 1, q: 1 } }, { $match: filter }),
  ...(fails ? { code: 17044 } : { rows: [] }),
});

/** It asks what the stage may have made, so it cannot be asked before. */
const FAILS_BESIDE = { $expr: { $setEquals: ['$a', '$x'] } };

const BEHIND_A_STAGE: readonly Former[] = [
  behind('an inner $and behind what stands beside it', { $and: [{ t: 3, z: 1 }, FAILS_BESIDE] }, true),
  behind('but not where all but one of it is asked before', { $and: [{ a: 1, t: 3 }, FAILS_BESIDE] }, false),
  behind('an $or of one $and alike', { $and: [{ $or: [{ t: 3, z: 1 }] }, FAILS_BESIDE] }, true),
  behind(
    'what is asked before may be one of a $nor',
    { $and: [{ $nor: [{ a: 1 }, { z: 1 }] }, FAILS_BESIDE] },
    false,
  ),
  behind('none if one of a $nor holds anyway', { $nor: [FAILS_BESIDE, {}] }, false),
  behind('none if it cannot hold anyway', { $and: [FAILS_BESIDE, { t: { $in: [] } }] }, false),
  {
    why: 'nor if it holds anyway',
    documents,
    command: aggregate(
      { $project: { a: 1 } },
      { $match: { $or: [FAILS_BESIDE, { $nor: [{ t: { $in: [] } }] }] } },
    ),
    rows: [{ _id: 1, a: 1 }],
  },
  behind('an alternative of one value behind the others', { $or: [{ t: null }, FAILS_BESIDE] }, true),
];

const ANOTHER_FAILED = 17044;
const IN_AN_AND = { a: 1, $and: [{ q: 'x' }, FAILS] };
const RENAMING = { $set: { b: '$a' } };
const joined = (why: string, code: number, ...pipeline: Document[]): Former => ({
  why,
  documents,
  command: aggregate(...pipeline),
  code,
});
const GROUPED = { $group: { _id: '$a' } };
const OF_SEVERAL_STAGES: readonly Former[] = [
  {
    why: 'several of a field that have passed a stage are as many conditions',
    documents,
    command: aggregate(GROUPED, RENAMING, {
      $match: { t: { $gt: 3, $lt: 5 }, $or: [FAILS_BESIDE, { z: 3 }] },
    }),
    rows: [],
  },
  joined('one after the other', FAILED, { $match: IN_AN_AND }, { $match: FAILS_BESIDE }),
  joined('also with a stage between them', FAILED, { $match: IN_AN_AND }, RENAMING, { $match: FAILS_BESIDE }),
  joined(
    'an $and that has passed a stage is one condition among others',
    ANOTHER_FAILED,
    RENAMING,
    { $match: IN_AN_AND },
    { $match: FAILS_BESIDE },
  ),
  joined(
    'one by another name too',
    ANOTHER_FAILED,
    { $project: { a: 1, q: 1, x: '$a' } },
    { $match: { $and: [{ $expr: { $setEquals: ['$x', '$x'] } }, FAILS] } },
  ),
];

const WHOLE_FAILS = { $expr: { $in: ['$$ROOT', '$q'] } };
const OF_WHOLE_DOCUMENTS: readonly Former[] = [
  {
    why: 'they are not asked before a sort, others are',
    documents,
    command: aggregate(
      { $project: { a: 1 } },
      { $sort: { _id: 1 } },
      {
        $match: { $or: [WHOLE_FAILS, { $expr: '$a' }], z: 1 },
      },
    ),
    rows: [],
  },
];

const JOINED: readonly Former[] = [
  {
    why: 'all that may come before a stage are asked together',
    documents,
    command: aggregate({
      $lookup: {
        from: 'c',
        let: { v: '$a' },
        pipeline: [
          { $sort: { _id: 1 } },
          { $match: { $expr: { $in: ['$$v', '$a'] } } },
          { $match: { z: 1 } },
        ],
        as: 'j',
      },
    }),
    rows: [{ _id: 1, q: 'x', a: 1, j: [] }],
  },
  {
    why: 'one that is not there is no constant that a field is compared with',
    documents,
    command: aggregate({
      $lookup: {
        from: 'c',
        let: { v: '$z' },
        pipeline: [
          { $match: { $expr: { $in: ['$$v', '$q'] } } },
          { $match: { $expr: { $eq: ['$_id', '$$v'] } } },
        ],
        as: 'j',
      },
    }),
    code: 40081,
  },
];

const ofSchema = (why: string, $jsonSchema: Document, fails: boolean): Former => ({
  why,
  documents,
  command: { find: 'c', filter: { $or: [FAILS, { $jsonSchema }] } },
  ...(fails ? { code: FAILED } : { rows: documents }),
});
const SCHEMAS: readonly Former[] = [
  ofSchema('what filters can say is asked before expressions', { required: ['a'] }, false),
  ofSchema('so are several conditions', { required: ['a'], maxProperties: 3 }, false),
  ofSchema('a count of properties is asked behind', { maxProperties: 3 }, true),
  ofSchema('any other properties are one that is asked', { additionalProperties: true }, true),
  ofSchema('patterns of properties are, too', { patternProperties: { '^a': { bsonType: 'int' } } }, true),
];

const besideSchema = (why: string, $jsonSchema: Document, fails: boolean): Former => ({
  why,
  documents,
  command: { find: 'c', filter: { $and: [{ $jsonSchema }, FAILS] } },
  ...(fails ? { code: FAILED } : { rows: [] }),
});
const BESIDE_SCHEMAS: readonly Former[] = [
  besideSchema(
    'several that only schemas have are asked behind',
    { maxProperties: 1, minProperties: 9 },
    true,
  ),
  besideSchema('of both kinds some before', { required: ['z'], maxProperties: 9 }, false),
  besideSchema('and some behind', { required: ['a'], maxProperties: 1 }, true),
  besideSchema('alternatives before', { anyOf: [{ maxProperties: 1 }, { minProperties: 9 }] }, false),
];

describe('conditions, one of which fails', () => {
  describe('are asked in the order of the reference', () => testFormer(IN_A_SCAN_OF_ALL));
  describe('and still are with', () => testFormer(NOT_BY_THE_INDEX));
  describe('by an index, by path', () => testFormer(IN_AN_INDEX));
  describe('by an index with a collation, between min and max', () => testFormer(BETWEEN_MIN_AND_MAX));
  describe('by the index that the records lie in', () => testFormer(CLUSTERED));
  describe('behind a stage', () => testFormer(BEHIND_A_STAGE));
  describe('of several stages', () => testFormer(OF_SEVERAL_STAGES));
  describe('on whole documents', () => testFormer(OF_WHOLE_DOCUMENTS));
  describe('on variables of a $lookup', () => testFormer(JOINED));
  describe('of a schema among alternatives', () => testFormer(SCHEMAS));
  describe('of a schema beside others', () => testFormer(BESIDE_SCHEMAS));
});
