/** Conditions on elements of arrays that are elements of arrays. */
import type { Document } from '../../elmo/bson/package.js';
import { aggregate, testFormer, type Former } from './former.js';

const NESTED = [
  { _id: 1, a: [['x', 5], { b: 1 }] },
  { _id: 2, a: ['x', 5] },
  { _id: 3, a: { b: [['x', 5]] } },
];
/** @param $elemMatch  of elements of arrays in an array */
const nested = (why: string, path: string, $elemMatch: Document, found: readonly number[]): Former => ({
  why,
  documents: NESTED,
  before: [
    {
      createIndexes: 'c',
      indexes: [
        { key: { a: 1 }, name: 'i' },
        { key: { 'a.b': 1 }, name: 'j' },
        { key: { '$**': 1 }, name: 'w' },
      ],
    },
  ],
  command: { find: 'c', filter: { [path]: { $elemMatch } }, projection: { _id: 1 } },
  rows: found.map((_id) => ({ _id })),
});
const OF_ARRAYS_IN_ARRAYS: readonly Former[] = [
  nested('a value', 'a', { $elemMatch: { $eq: 5 } }, [1]),
  nested('a range', 'a', { $elemMatch: { $gt: 1 } }, [1]),
  nested('a pattern', 'a', { $elemMatch: { $regex: 'x' } }, [1]),
  nested('a type', 'a', { $elemMatch: { $type: 'string' } }, [1]),
  nested('by a longer path', 'a.b', { $elemMatch: { $in: [5, 6] } }, [3]),
  nested('beside another condition', 'a', { $exists: true, $elemMatch: { $eq: 5 } }, [1]),
];

describe('elements of arrays in arrays are found whatever indexes there are', () =>
  testFormer(OF_ARRAYS_IN_ARRAYS));

const counted = (why: string, stage: Document): Former => ({
  why,
  documents: NESTED,
  command: aggregate(stage, { $match: { 'a..b': 1 } }, { $count: 'n' }),
  rows: [],
});
const BESIDE_CHANGED: readonly Former[] = [
  counted('what is left out', { $unset: ['a.a', 'z'] }),
  counted('what is set', { $set: { 'a.c': 1 } }),
];

describe('a path with an empty name is asked beside', () => testFormer(BESIDE_CHANGED));
