/** Documents that are connected by positions in arrays and by patterns; rows with dollars. Each with the reference's answer. */
import type { Document } from '../../elmo/bson/package.js';
import { aggregate, testFormer, type Former } from './former.js';

const NODES = [
  { _id: 10, k: 1, p: [{ q: [2, 3] }, { q: 9 }], n: null, w: [[7]] },
  { _id: 11, k: 2, p: { 0: { q: 9 } } },
  { _id: 12, k: 3, p: [{ 0: { q: 1 } }] },
  { _id: 13, k: 9 },
  { _id: 14, k: null },
  { _id: 15 },
  { _id: 16, k: 7 },
  { _id: 17, k: [7] },
];

const reached = (connectFromField: string, startWith: number, g: readonly number[]): Former => ({
  why: `${connectFromField} from ${startWith}`,
  documents: [{ _id: 1 }],
  before: [{ insert: 'd', documents: NODES }],
  command: aggregate(
    { $graphLookup: { from: 'd', startWith, connectFromField, connectToField: 'k', as: 'g' } },
    { $project: { _id: 0, g: { $sortArray: { input: '$g._id', sortBy: 1 } } } },
  ),
  rows: [{ g }],
});

const PATTERN = /x/;
const THREE_ROWS = [{ _id: 1 }, { _id: 2 }, { _id: 3 }];
const patterns = (
  why: string,
  nodes: Document[],
  startWith: unknown,
  rows: readonly (readonly number[])[],
): Former => ({
  why,
  documents: THREE_ROWS,
  before: [{ insert: 'd', documents: nodes }],
  command: aggregate(
    { $graphLookup: { from: 'd', startWith, connectFromField: 't', connectToField: 's', as: 'g' } },
    { $project: { _id: 0, g: { $sortArray: { input: '$g._id', sortBy: 1 } } } },
  ),
  rows: rows.map((g) => ({ g })),
});
const TEXTS = [
  { _id: 10, s: 'x' },
  { _id: 11, s: 'yx', t: PATTERN },
  { _id: 12, s: 'z', t: 'x' },
];
const WITH_PATTERN = [
  { _id: 10, s: 'x' },
  { _id: 11, s: [PATTERN, 'q'] },
];
const first = (value: unknown): Document => ({ $cond: [{ $eq: ['$_id', 1] }, value, PATTERN] });

const DOLLAR = { $replaceWith: { $setField: { field: { $literal: '$d' }, input: '$$ROOT', value: 1 } } };
const merged = (whenMatched: string, whenNotMatched: string, more: Partial<Former>): Former => ({
  why: `${whenMatched}, else ${whenNotMatched}: ${more.code === undefined ? 'is written' : 'is refused'}`,
  documents: [{ _id: 1, a: 1 }],
  command: aggregate(DOLLAR, { $merge: { into: 'e', whenMatched, whenNotMatched } }),
  ...more,
});
const THERE = [{ insert: 'e', documents: [{ _id: 1 }] }];

describe('$graphLookup', () => {
  describe('what a path leads to', () =>
    testFormer([
      reached('p.0.q', 1, [10, 11, 12, 13]),
      reached('p.0.q', 3, [12]),
      reached('p.q', 1, [10, 11, 12, 13]),
      reached('p.1.q', 1, [10, 13]),
      reached('p.0.q.1', 1, [10, 12]),
      reached('p.0.0.q', 3, [10, 12]),
      reached('p.5.q', 1, [10]),
      reached('n', 1, [10, 14]),
      reached('z', 1, [10]),
      reached('w', 1, [10, 17]),
      reached('w.0', 1, [10, 16, 17]),
    ]));
  testFormer([
    {
      why: 'documents whose first name has a dollar cannot be looked for',
      documents: [{ _id: 1 }],
      command: aggregate({
        $graphLookup: {
          from: 'c',
          startWith: { $literal: { $c: 0 } },
          connectFromField: 'a',
          connectToField: 'b',
          as: 'g',
        },
      }),
      code: 2,
    },
  ]);
  describe('patterns', () =>
    testFormer([
      patterns('stand for the texts that match', TEXTS, PATTERN, [
        [10, 11],
        [10, 11],
        [10, 11],
      ]),
      patterns('also on the way', TEXTS, 'yx', [
        [10, 11],
        [10, 11],
        [10, 11],
      ]),
      patterns('not in arrays', TEXTS, [[PATTERN]], [[], [], []]),
      patterns('until a document has the pattern', WITH_PATTERN, PATTERN, [[10, 11], [11], [11]]),
      patterns('which was looked for', WITH_PATTERN, first('q'), [[11], [10, 11], [11]]),
      patterns('by itself', WITH_PATTERN, first('x'), [[10], [10, 11], [11]]),
    ]));
});

describe('$merge of names with dollars', () =>
  testFormer([
    merged('replace', 'insert', { rows: [] }),
    merged('replace', 'insert', { before: THERE, code: 52 }),
    merged('replace', 'discard', { before: THERE, code: 52 }),
    merged('replace', 'fail', { before: THERE, code: 52 }),
    merged('replace', 'discard', { rows: [] }),
    merged('replace', 'fail', {
      why: 'the same document is no change',
      before: [{ insert: 'd', documents: [{ _id: 1, a: 1 }] }, aggregate(DOLLAR, { $merge: 'e' })],
      rows: [],
    }),
    merged('keepExisting', 'insert', { before: THERE, rows: [] }),
    merged('fail', 'insert', { rows: [] }),
  ]));
