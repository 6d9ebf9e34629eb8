/** Expressions by `$in` of a field and a list: a filter asks the field first, and indexes know where it is. */
import type { Document } from '../../elmo/bson/package.js';
import { aggregate, testFormer, type Former } from './former.js';

const documents = [
  { _id: 1, s: 1 },
  { _id: 2, s: 'b' },
];
/** What fails for numbers. */
const MATCHES = { $regexMatch: { input: '$s', regex: 'b' } };
const ONE_OF_TWO = { $in: ['$s', [2]] };

const asked = (why: string, filter: Document, found: readonly number[] | 51104): Former => ({
  why,
  documents,
  command: { find: 'c', filter, projection: { _id: 1 } },
  ...(found === 51104 ? { code: 51104 } : { rows: found.map((_id) => ({ _id })) }),
});

const ORDER: readonly Former[] = [
  asked('before an expression beside it', { $and: [{ $expr: MATCHES }, { $expr: ONE_OF_TWO }] }, []),
  asked('before the expression it is part of', { $expr: { $and: [MATCHES, ONE_OF_TWO] } }, []),
  asked('at any depth', { $expr: { $and: [MATCHES, { $and: [ONE_OF_TWO] }] } }, []),
  asked(
    'as alternatives, too',
    { $expr: { $and: [MATCHES, { $or: [ONE_OF_TWO, { $in: ['$_id', [7]] }] }] } },
    [],
  ),
  asked('if all of them are of that kind', { $expr: { $or: [MATCHES, { $in: ['$s', [1]] }] } }, 51104),
  asked(
    'as an alternative before others',
    { $or: [{ $expr: MATCHES }, { $expr: { $in: ['$s', [1, 'b']] } }] },
    [1, 2],
  ),
  asked(
    'as one of none before others',
    { $nor: [{ $expr: MATCHES }, { $expr: { $in: ['$s', [1, 'b']] } }] },
    [],
  ),
  asked('unless null is in the list', { $expr: { $and: [MATCHES, { $in: ['$s', [2, null]] }] } }, 51104),
  asked('or an array', { $expr: { $and: [MATCHES, { $in: ['$s', [2, [2]]] }] } }, 51104),
  asked('or a pattern', { $expr: { $and: [MATCHES, { $in: ['$s', { $literal: [2, /x/] }] }] } }, 51104),
  asked('a document may be', { $expr: { $and: [MATCHES, { $in: ['$s', [2, { x: 1 }]] }] } }, []),
  asked('nothing is in an empty list', { $and: [{ $expr: MATCHES }, { $expr: { $in: ['$s', []] } }] }, []),
  {
    why: 'in the first stage of a pipeline, too',
    documents,
    command: aggregate({ $match: { $expr: { $and: [MATCHES, ONE_OF_TWO] } } }),
    rows: [],
  },
];

const hinted = (why: string, list: unknown, found: readonly Document[] | 291, path = 'a'): Former => ({
  why,
  documents: [
    { _id: 1, a: 1 },
    { _id: 2, a: [1] },
  ],
  before: [{ createIndexes: 'c', indexes: [{ key: { '$**': 1 }, name: 'i' }] }],
  command: { find: 'c', filter: { $expr: { $in: [`$${path}`, list] } }, hint: 'i' },
  ...(found === 291 ? { code: 291 } : { rows: found }),
});

const HINTS: readonly Former[] = [
  hinted('is good for it, whether there are arrays or not', [1, 2], [{ _id: 1, a: 1 }]),
  hinted('is good for what no document has', [2], [], 'b'),
  hinted('is needed for no empty list', [], []),
  hinted('is not good for null', [1, null], 291),
  hinted('nor for documents', [{ b: 1 }], 291),
];

const VALUES: readonly Former[] = [
  ['a scalar is not an array that holds it', 'a', [1], [1]],
  ['nor what several elements have', 'a.b', [1], [5]],
  ['nor the element at a place', 'a.0', [1], [6]],
  ['documents are equal as a whole', 'a', [{ b: 1 }], [5]],
].map(([why, path, list, found]) => ({
  why: why as string,
  documents: [
    { _id: 1, a: 1 },
    { _id: 2, a: [1] },
    { _id: 3 },
    { _id: 4, a: [{ b: 1 }] },
    { _id: 5, a: { b: 1 } },
    { _id: 6, a: { 0: 1 } },
  ],
  before: [{ createIndexes: 'c', indexes: [{ key: { [path as string]: 1 }, name: 'i' }] }],
  command: { find: 'c', filter: { $expr: { $in: [`$${path as string}`, list] } }, projection: { _id: 1 } },
  rows: (found as number[]).map((_id) => ({ _id })),
}));

describe('expressions by $in, told once otherwise than by the reference', () => {
  describe('are asked of the field', () => testFormer(ORDER));
  describe('a hint at a wildcard index', () => testFormer(HINTS));
  describe('find by an index what they find without', () => testFormer(VALUES));
});
