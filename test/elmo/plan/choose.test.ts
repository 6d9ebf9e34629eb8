import { expect } from 'chai';
import { PlannedCollection, type IndexDefinition, type Query } from '../exec/planned-collection.js';
import type { IndexScanPlan, QueryPlan } from '../../../elmo/plan/query-plan.js';

/** Sixty documents as the plans below suppose them. */
const DOCUMENTS = Array.from({ length: 60 }, (_, i) => ({
  _id: i,
  a: i % 10,
  b: (i * 7) % 13,
  c: i % 3,
  s: `s${i % 5}`,
  arr: [i % 4, i % 6],
  o: { x: i % 5, y: i % 7 },
  m: [{ p: i % 3, q: i % 4 }],
  ...(i % 2 === 0 ? {} : { e: { k: 1 } }),
}));

function scanText({ index, direction, keyFilter }: IndexScanPlan): string {
  return `${index.name}${direction === 'backward' ? ' backward' : ''}${keyFilter === undefined ? '' : ' filter'}`;
}

/** What a plan does, from its end to its beginning: `filter` stands behind the stage that has one. */
function textOf({ access, isSorted, isCovered }: QueryPlan): string {
  const sort = isSorted ? '' : 'sort, ';
  const fetch = isCovered ? '' : access.filter === undefined ? 'fetch, ' : 'fetch filter, ';
  switch (access.kind) {
    case 'eof':
      return 'nothing';
    case 'collscan':
      return `${sort}collection${access.filter === undefined ? '' : ' filter'}`;
    case 'ixscan':
      return `${sort}${fetch}${scanText(access)}`;
    case 'merge':
      return `${sort}${fetch}merge ${scanText(access.scan)}`;
    case 'or':
    case 'and':
      return `${sort}${fetch}${access.kind} ${access.scans.map(scanText).join(' ')}`;
  }
}

describe('the plan of a query', () => {
  const rows: readonly (readonly [
    why: string,
    indexes: readonly object[],
    query: Query,
    expected: string,
  ])[] = [
    ['looks at all documents without an index', [], { filter: { a: 3 } }, 'collection filter'],
    ['looks at all documents without a condition', [{ a: 1 }], {}, 'collection'],
    ['uses the index of an equality', [{ a: 1 }], { filter: { a: 3 } }, 'fetch, a_1'],
    ['uses the index of a range', [{ a: 1 }], { filter: { a: { $gt: 3 } } }, 'fetch, a_1'],
    ['asks the rest of the documents', [{ a: 1 }], { filter: { a: 3, b: 2 } }, 'fetch filter, a_1'],
    [
      'asks the rest of the entries',
      [{ a: 1, b: 1 }],
      { filter: { a: { $gt: 3 }, b: { $mod: [2, 0] } } },
      'fetch, a_1_b_1 filter',
    ],
    [
      'checks later fields against their bounds',
      [{ a: 1, b: 1 }],
      { filter: { a: { $gt: 3 }, b: 2 } },
      'fetch, a_1_b_1',
    ],
    [
      'does not use an index whose first field is free',
      [{ a: 1, b: 1 }],
      { filter: { b: 2 } },
      'collection filter',
    ],
    [
      'prefers the index that finds less',
      [{ c: 1 }, { a: 1 }],
      { filter: { a: 3, c: 1 } },
      'fetch filter, a_1',
    ],
    [
      'prefers the index with more of the conditions',
      [{ a: 1 }, { a: 1, b: 1 }],
      { filter: { a: 3, b: 2 } },
      'fetch, a_1_b_1',
    ],
    ['takes the key of an _id', [{ a: 1 }], { filter: { _id: 3, a: 3 } }, 'fetch filter, _id_'],
    ['knows that nothing matches', [{ a: 1 }], { filter: { a: { $in: [] } } }, 'nothing'],

    ['takes the order of an index', [{ a: 1 }], { sort: { a: 1 } }, 'fetch, a_1'],
    ['takes it backwards', [{ a: 1 }], { sort: { a: -1 } }, 'fetch, a_1 backward'],
    ['takes it of several fields', [{ a: 1, b: -1 }], { sort: { a: -1, b: 1 } }, 'fetch, a_1_b_-1 backward'],
    [
      'sorts when directions do not go together',
      [{ a: 1, b: 1 }],
      { sort: { a: 1, b: -1 } },
      'sort, collection',
    ],
    ['passes over fixed fields', [{ a: 1, b: 1 }], { filter: { a: 3 }, sort: { b: 1 } }, 'fetch, a_1_b_1'],
    [
      'passes over fixed fields in the sort',
      [{ a: 1, b: 1 }],
      { filter: { a: 3 }, sort: { b: 1, a: 1 } },
      'fetch, a_1_b_1',
    ],
    [
      'merges the scans of several values',
      [{ a: 1, b: 1 }],
      { filter: { a: { $in: [1, 2] } }, sort: { b: -1 }, limit: 5 },
      'fetch, merge a_1_b_1 backward',
    ],
    [
      'sorts what a range gives',
      [{ a: 1, b: 1 }],
      { filter: { a: { $gt: 8 } }, sort: { c: 1 } },
      'sort, fetch, a_1_b_1',
    ],
    ['takes the order of a field with arrays', [{ arr: 1 }], { sort: { arr: 1 } }, 'fetch, arr_1'],
    [
      'but not between bounds, which hide elements',
      [{ arr: 1 }],
      { filter: { arr: 2 }, sort: { arr: 1 } },
      'sort, fetch, arr_1',
    ],

    [
      'takes one condition on elements',
      [{ arr: 1 }],
      { filter: { arr: { $gt: 1, $lt: 3 } } },
      'fetch filter, arr_1',
    ],
    [
      'takes one path into the same array',
      [{ 'm.p': 1, 'm.q': 1 }],
      { filter: { 'm.p': 1, 'm.q': 2 } },
      'fetch filter, m.p_1_m.q_1',
    ],
    [
      'takes all conditions on one element',
      [{ 'm.p': 1, 'm.q': 1 }],
      { filter: { m: { $elemMatch: { p: 1, q: 2 } } } },
      'fetch filter, m.p_1_m.q_1',
    ],

    ['is covered', [{ a: 1 }], { filter: { a: 3 }, requiredPaths: ['a'] }, 'a_1'],
    [
      'is covered by dotted fields',
      [{ 'o.x': 1, 'o.y': 1 }],
      { filter: { 'o.x': 1 }, requiredPaths: ['o.y'] },
      'o.x_1_o.y_1',
    ],
    [
      'is not covered when more is wanted',
      [{ a: 1 }],
      { filter: { a: 3 }, requiredPaths: ['a', 'b'] },
      'fetch, a_1',
    ],
    [
      'is not covered by arrays',
      [{ arr: 1 }],
      { filter: { arr: 3 }, requiredPaths: ['arr'] },
      'fetch, arr_1',
    ],
    ['is covered beside arrays', [{ a: 1, arr: 1 }], { filter: { a: 3 }, requiredPaths: ['a'] }, 'a_1_arr_1'],
    [
      'is not covered for null, which may be nothing',
      [{ a: 1 }],
      { filter: { a: null }, requiredPaths: ['a'] },
      'fetch filter, a_1',
    ],

    [
      'joins the indexes of alternatives',
      [{ a: 1 }, { b: 1 }],
      { filter: { $or: [{ a: 1 }, { b: 2 }] } },
      'fetch, or a_1 b_1',
    ],
    [
      'needs one for each alternative',
      [{ a: 1 }, { b: 1 }],
      { filter: { $or: [{ a: 1 }, { c: 2 }] } },
      'collection filter',
    ],
    [
      'takes alternatives of one field as one condition',
      [{ a: 1 }],
      { filter: { $or: [{ a: 1 }, { a: { $gt: 7 } }] } },
      'fetch, a_1',
    ],

    [
      'looks for what is missing among the nulls',
      [{ a: 1 }],
      { filter: { e: { $exists: false } } },
      'collection filter',
    ],
    [
      'looks for what is missing in its index',
      [{ e: 1 }],
      { filter: { e: { $exists: false } } },
      'fetch filter, e_1',
    ],
    [
      'looks for what is there in its index',
      [{ e: 1 }],
      { filter: { e: { $exists: true } } },
      'fetch filter, e_1',
    ],
    ['is sure of a whole class of types', [{ a: 1 }], { filter: { a: { $type: 'number' } } }, 'fetch, a_1'],
    ['finds a path in a wildcard index', [{ '$**': 1 }], { filter: { 'o.x': 3 } }, 'fetch, $**_1'],
    [
      'does not look for null in a wildcard index',
      [{ '$**': 1 }],
      { filter: { 'o.x': null } },
      'collection filter',
    ],
    ['finds an equality by its hash', [{ s: 'hashed' }], { filter: { s: 's1' } }, 'fetch filter, s_hashed'],
    [
      'does not find a range by hashes',
      [{ s: 'hashed' }],
      { filter: { s: { $gt: 's1' } } },
      'collection filter',
    ],
  ];
  for (const [why, indexes, query, expected] of rows)
    it(why, () => {
      const collection = new PlannedCollection(indexes.map((key) => ({ key })));
      collection.insert(DOCUMENTS);
      expect(textOf(collection.plan(query))).to.equal(expected);
    });
});

describe('an index is passed over', () => {
  const rows: readonly (readonly [why: string, index: IndexDefinition, filter: object, isUsed: boolean])[] = [
    ['that is hidden', { key: { a: 1 }, hidden: true }, { a: 1 }, false],
    ['that is sparse, for what may be missing', { key: { e: 1 }, sparse: true }, { e: null }, false],
    ['not a sparse one for what is there', { key: { e: 1 }, sparse: true }, { e: { $exists: true } }, true],
    [
      'that is partial, for more than it holds',
      { key: { a: 1 }, partialFilterExpression: { b: { $gt: 5 } } },
      { a: 1 },
      false,
    ],
    [
      'not a partial one for less',
      { key: { a: 1 }, partialFilterExpression: { b: { $gt: 5 } } },
      { a: 1, b: 7 },
      true,
    ],
    [
      'of another collation, for texts',
      { key: { s: 1 }, collation: { locale: 'en', strength: 2 } },
      { s: 's1' },
      false,
    ],
    [
      'not one of another collation for numbers',
      { key: { a: 1 }, collation: { locale: 'en', strength: 2 } },
      { a: 1 },
      true,
    ],
  ];
  for (const [why, index, filter, isUsed] of rows)
    it(why, () => {
      const collection = new PlannedCollection([index]);
      collection.insert(DOCUMENTS);
      expect(collection.plan({ filter }).access.kind === 'ixscan').to.equal(isUsed);
    });
});

describe('bounds of a compound index', () => {
  it('are reached by seeks, not by looking at what lies between', () => {
    const collection = new PlannedCollection([{ key: { a: 1, b: 1 } }]);
    collection.insert(Array.from({ length: 500 }, (_, i) => ({ _id: i, a: i % 5, b: Math.floor(i / 5) })));
    const { documents, running } = collection.run({ filter: { a: { $gte: 0 }, b: 42 }, hint: 'a_1_b_1' });
    expect(documents.map(({ a }) => a)).to.deep.equal([0, 1, 2, 3, 4]);
    expect(running.access.scans[0]!.keys).to.be.below(20);
  });

  it('of two lists of records meet in what both have', () => {
    const collection = new PlannedCollection([{ key: { a: 1 } }, { key: { b: 1 } }]);
    collection.insert(Array.from({ length: 6000 }, (_, i) => ({ _id: i, a: i % 10, b: i % 11 })));
    const { documents, running } = collection.run({ filter: { a: 3, b: 4 } });
    expect(running.plan.access.kind).to.equal('and');
    expect(documents.every(({ a, b }) => a === 3 && b === 4)).to.equal(true);
    expect(documents.length).to.equal(54);
    expect(running.access.rows.stats.documents).to.equal(54);
  });
});
