/** What only shows in the keys of an index: which index is asked, and what its entries say of documents. */
import type { Document } from '../../elmo/bson/package.js';
import { aggregate, testFormer, type Former } from './former.js';

const FOLDED = { locale: 'en', strength: 2 };
const keysOf = (why: string, index: Document, command: Document, rows: readonly Document[]): Former => ({
  why,
  documents: [{ _id: 1, q: 'B' }],
  before: [{ createIndexes: 'c', indexes: [{ name: 'i', ...index }] }],
  command: { find: 'c', returnKey: true, ...command },
  rows,
});

const ASKED: readonly Former[] = [
  keysOf(
    'a pattern is asked of plain texts, whatever the collation of the query',
    { key: { q: 1 } },
    { filter: { q: /b/i }, collation: FOLDED },
    [{ q: 'B' }],
  ),
  keysOf('not of those of a collation', { key: { q: 1 }, collation: FOLDED }, { filter: { q: /b/i } }, [{}]),
  keysOf(
    'a text is not asked of a wildcard index of another collation',
    { key: { '$**': 1 }, collation: FOLDED },
    { filter: { q: { $gt: 'A' } } },
    [{}],
  ),
  keysOf(
    'unless it is hinted at',
    { key: { '$**': 1 }, collation: FOLDED },
    { filter: { q: /b/i }, hint: 'i', returnKey: false },
    [{ _id: 1, q: 'B' }],
  ),
];

const POSITIONS = [{ _id: 1 }, { _id: 2, a: [1] }, { _id: 3, a: { 0: 2 } }];
const OF_POSITIONS = { createIndexes: 'c', indexes: [{ key: { 'a.0': 1 }, name: 'i' }] };
const shown = (why: string, command: Document, rows: readonly Document[]): Former => ({
  why,
  documents: POSITIONS,
  before: [OF_POSITIONS],
  command,
  rows,
});
const COVERED: readonly Former[] = [
  shown(
    'it is shown as of a document, and null where there is none',
    { find: 'c', hint: 'i', projection: { _id: 0, 'a.0': 1 } },
    [{ a: { 0: null } }, { a: { 0: 1 } }, { a: { 0: 2 } }],
  ),
  shown('groups see it so', { ...aggregate({ $group: { _id: '$a.0' } }, { $sort: { _id: 1 } }), hint: 'i' }, [
    { _id: null },
    { _id: 1 },
    { _id: 2 },
  ]),
  {
    ...shown('distinct values are those of documents', { distinct: 'c', key: 'a.0' }, []),
    rows: undefined,
    reply: { values: [1, 2] },
  },
];

describe('keys of indexes', () => {
  describe('which index is asked', () => testFormer(ASKED));
  describe('a path with a position', () => testFormer(COVERED));
});
