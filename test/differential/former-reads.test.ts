/** Differences of commands that read, by theme; see `former.test.ts`. */
import { Double, type Document } from '../../elmo/bson/package.js';
import { testFormer, type Former } from './former.js';

const SHIFTED = { locale: 'en', alternate: 'shifted' };
const EMPTY_NAMES = [
  { _id: 1, a: [1, 2] },
  { _id: 2, a: { '': 5 } },
  { _id: 3, a: [{ '': 6 }] },
  { _id: 4, a: 7 },
  { _id: 5, a: [[8]] },
  { _id: 6, a: { '': [3] } },
];

const distinct = (
  why: string,
  documents: readonly Document[],
  command: Document,
  values: readonly unknown[],
): Former => ({
  why,
  documents,
  command: { distinct: 'c', ...command },
  reply: { values },
});

const DISTINCT: readonly Former[] = [
  distinct('a path that ends in a dot leads to fields without a name', EMPTY_NAMES, { key: 'a.' }, [3, 5, 6]),
  distinct(
    'documents whose texts a collation calls equal are one value',
    [
      { _id: 1, q: { k: 'a b', v: new Double(3) } },
      { _id: 2, q: { k: 'a.b', v: 3 } },
      { _id: 3, q: ['a.b', ['a-b'], ['ab']] },
    ],
    { key: 'q', collation: SHIFTED },
    ['a.b', { k: 'a b', v: 3 }, ['a-b']],
  ),
];

describe('what once differed', () => {
  describe('in distinct', () => testFormer(DISTINCT));
});
