import { expectOutcome, outcome, SAME, type UpdateCase } from './updates.js';

type Row = readonly [
  why: string,
  document: object,
  update: object,
  given: UpdateCase,
  expected: object | string | number,
];

function rows(title: string, list: readonly Row[]): void {
  describe(title, () => {
    for (const [why, document, update, given, expected] of list)
      it(why, () => expectOutcome(outcome(document, update, given), expected));
  });
}

const set = (path: string, value: unknown = 9): object => ({ $set: { [path]: value } });

describe('elements of arrays in updates', () => {
  rows('the positional $', [
    ['is the element that matched', { a: [1, 2] }, set('a.$'), { filter: { a: 2 } }, { a: [1, 9] }],
    [
      'and its fields',
      { a: [{ b: 1 }, { b: 2 }] },
      set('a.$.c'),
      { filter: { 'a.b': 2 } },
      { a: [{ b: 1 }, { b: 2, c: 9 }] },
    ],
    [
      'goes with the same element by its index',
      { a: [{ b: 1 }, { b: 2 }] },
      { $set: { 'a.$.c': 1, 'a.1.d': 2, 'a.0.d': 3 } },
      { filter: { 'a.b': 2 } },
      {
        a: [
          { b: 1, d: 3 },
          { b: 2, c: 1, d: 2 },
        ],
      },
    ],
    [
      'but not with the same field',
      { a: [1, 2] },
      { $set: { 'a.$': 1, 'a.1': 2 } },
      { filter: { a: 2 } },
      40,
    ],
    [
      'is for any array',
      { a: [1, 2], b: [1, 2] },
      set('b.$'),
      { filter: { a: 2 } },
      { a: [1, 2], b: [1, 9] },
    ],
    [
      'makes a field of a document',
      { a: [1, 2] },
      set('b.$'),
      { filter: { a: 2 } },
      { a: [1, 2], b: { '1': 9 } },
    ],
    ['needs a match', { a: [1, 2] }, set('a.$'), {}, 2],
    [
      'is not for a scalar that has no such field',
      { a: [5, { c: 1 }] },
      set('a.$'),
      { filter: { 'a.b': null } },
      2,
    ],
    ['may stand once', { a: [] }, set('a.$.b.$'), {}, 2],
    ['and not in front', {}, set('$'), {}, 2],
  ]);

  rows('$[]', [
    ['is every element', { a: [1, 2] }, { $inc: { 'a.$[]': 1 } }, {}, { a: [2, 3] }],
    ['of every element', { a: [[1], [2, 3]] }, { $mul: { 'a.$[].$[]': 2 } }, {}, { a: [[2], [4, 6]] }],
    ['and its fields', { a: [{ b: 1 }, {}] }, { $unset: { 'a.$[].b': 1 } }, {}, { a: [{}, {}] }],
    ['of none', { a: [] }, set('a.$[]'), {}, SAME],
    ['of no array', { a: 1 }, set('a.$[]'), {}, 2],
    ['of nothing', {}, set('a.$[]'), {}, 2],
    ['of nothing, for $unset as well', { a: 1 }, { $unset: { 'a.b.$[]': 1 } }, {}, 2],
    ['with elements that have no fields', { a: [1] }, set('a.$[].b'), {}, 28],
    ['beside an index', { a: [1] }, { $set: { 'a.$[]': 1, 'a.0': 1 } }, {}, 40],
    ['in front', {}, set('$[]'), {}, 2],
  ]);

  rows('array filters', [
    [
      'say which elements',
      { a: [1, 2, 3] },
      set('a.$[x]'),
      { arrayFilters: [{ x: { $gt: 1 } }] },
      { a: [1, 9, 9] },
    ],
    [
      'by their fields',
      { a: [{ b: 1 }, { b: 2 }] },
      set('a.$[x].b'),
      { arrayFilters: [{ 'x.b': 2 }] },
      { a: [{ b: 1 }, { b: 9 }] },
    ],
    [
      'by several conditions',
      { a: [1, 2, 3] },
      set('a.$[x]'),
      { arrayFilters: [{ $or: [{ x: 1 }, { x: 3 }] }] },
      { a: [9, 2, 9] },
    ],
    [
      'in one another',
      { a: [{ b: [1, 2] }] },
      set('a.$[x].b.$[y]'),
      { arrayFilters: [{ 'x.b': 1 }, { y: 2 }] },
      { a: [{ b: [1, 9] }] },
    ],
    [
      'may meet in an element',
      { a: [{ b: 1 }, { b: 2 }] },
      { $set: { 'a.$[].c': 1, 'a.$[x].d': 2 } },
      { arrayFilters: [{ 'x.b': 2 }] },
      {
        a: [
          { b: 1, c: 1 },
          { b: 2, c: 1, d: 2 },
        ],
      },
    ],
    [
      'but not in a field',
      { a: [{ b: 2 }] },
      { $set: { 'a.$[].c': 1, 'a.$[x].c': 2 } },
      { arrayFilters: [{ 'x.b': 2 }] },
      40,
    ],
    [
      'which only counts if they do',
      { a: [{ b: 1 }] },
      { $set: { 'a.$[].c': 1, 'a.$[x].c': 2 } },
      { arrayFilters: [{ 'x.b': 2 }] },
      { a: [{ b: 1, c: 1 }] },
    ],
    ['that are missing', { a: [1] }, set('a.$[x]'), {}, 2],
    ['that are not used', { a: [1] }, set('a'), { arrayFilters: [{ x: 1 }] }, 9],
    ['twice the same name', { a: [1] }, set('a.$[x]'), { arrayFilters: [{ x: 1 }, { 'x.b': 1 }] }, 9],
    ['two names in one', { a: [1] }, set('a.$[x]'), { arrayFilters: [{ x: 1, y: 1 }] }, 9],
    ['no name', { a: [1] }, set('a.$[x]'), { arrayFilters: [{}] }, 9],
    ['a name with a capital', { a: [1] }, set('a.$[X]'), { arrayFilters: [{ X: 1 }] }, 2],
    ['a name with a line', { a: [1] }, set('a.$[x_]'), { arrayFilters: [{ x_: 1 }] }, 2],
    ['an expression', { a: [1] }, set('a.$[x]'), { arrayFilters: [{ $expr: true }] }, 224],
    ['a schema', { a: [1] }, set('a.$[x]'), { arrayFilters: [{ $jsonSchema: {} }] }, 224],
    ['with a document given whole are checked', {}, { a: 1 }, { arrayFilters: [{ X: 1 }] }, 2],
    ['and else of no use', {}, { a: 1 }, { arrayFilters: [{ x: 1 }] }, { a: 1 }],
    ['with a pipeline', {}, [], { arrayFilters: [{ x: 1 }] }, 9],
  ]);
});
